from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.domain.service.levels.clock import Mode, Verdict, verdict
from tests.scenario import at

MET, BREACHED, RUNNING, NONE = Verdict.MET, Verdict.BREACHED, Verdict.RUNNING, Verdict.NONE
DUE = at(hours=4)
instants = st.integers(0, 200).map(lambda minutes: at(minutes=minutes))


@pytest.mark.parametrize(
    ("completed_at", "as_of", "to_date", "completed"),
    [
        pytest.param(at(hours=3), at(days=1), MET, MET, id="in-time"),
        pytest.param(DUE, at(days=1), MET, MET, id="exactly-at-due-is-met"),
        pytest.param(DUE + timedelta.resolution, at(days=1), BREACHED, BREACHED, id="just-late"),
        pytest.param(None, DUE, RUNNING, RUNNING, id="open-at-due"),
        pytest.param(None, DUE + timedelta.resolution, BREACHED, RUNNING, id="open-and-overdue"),
        pytest.param(at(hours=3), at(hours=2), RUNNING, RUNNING, id="not-solved-yet-as-of"),
        pytest.param(at(hours=6), at(hours=5), BREACHED, RUNNING, id="overdue-as-of"),
    ],
)
def test_verdict(
    completed_at: datetime | None, as_of: datetime, to_date: Verdict, completed: Verdict
) -> None:
    assert verdict(DUE, completed_at, as_of) is to_date
    assert verdict(DUE, completed_at, as_of, mode=Mode.COMPLETED) is completed


@pytest.mark.parametrize(
    ("withdrawn_at", "as_of", "to_date", "completed"),
    [
        pytest.param(at(hours=3), at(days=1), NONE, NONE, id="before-due"),
        pytest.param(DUE, at(days=1), NONE, NONE, id="exactly-at-due"),
        pytest.param(at(hours=5), at(days=1), BREACHED, NONE, id="after-the-breach"),
        pytest.param(at(hours=3), at(hours=2), RUNNING, RUNNING, id="not-withdrawn-yet-as-of"),
    ],
)
def test_a_withdrawn_target_keeps_only_a_breach_that_had_happened(
    withdrawn_at: datetime, as_of: datetime, to_date: Verdict, completed: Verdict
) -> None:
    assert verdict(DUE, None, as_of, withdrawn_at=withdrawn_at) is to_date
    given_mode = verdict(DUE, None, as_of, withdrawn_at=withdrawn_at, mode=Mode.COMPLETED)
    assert given_mode is completed


def test_while_paused_no_time_is_up() -> None:
    assert verdict(None, None, at(days=9), paused=True) is Verdict.PAUSED
    assert verdict(DUE, None, at(days=9), paused=True) is BREACHED  # it was due before


@given(due=instants, completed_at=st.none() | instants, ticks=st.lists(instants))
def test_INV_S4_a_verdict_once_reached_stays_whoever_looks_when(
    due: datetime, completed_at: datetime | None, ticks: list[datetime]
) -> None:
    reached: Verdict | None = None
    for tick in sorted(ticks):
        seen = verdict(due, completed_at, tick)
        assert reached in (None, seen)
        reached = seen if seen is not RUNNING else reached


@given(due=instants, completed_at=st.none() | instants, as_of=instants)
def test_INV_S10_modes_differ_only_for_open_and_overdue(
    due: datetime, completed_at: datetime | None, as_of: datetime
) -> None:
    to_date = verdict(due, completed_at, as_of)
    completed = verdict(due, completed_at, as_of, mode=Mode.COMPLETED)
    still_open = completed_at is None or completed_at > as_of
    assert (to_date is not completed) == (still_open and as_of > due)


@given(due=instants, later=instants, completed_at=instants)
def test_a_later_due_never_makes_it_worse(
    due: datetime, later: datetime, completed_at: datetime
) -> None:
    if verdict(min(due, later), completed_at, at(days=9)) is MET:
        assert verdict(max(due, later), completed_at, at(days=9)) is MET
