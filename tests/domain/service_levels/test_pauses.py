"""Pauses of a service target, and calendars whose clocks change.

Office hours are 09:00 to 17:00 UTC from Monday to Friday; 2026-01-05 is a Monday.
"""

from datetime import date, timedelta

import pytest

from crmcore.domain.kernel.working_time import (
    BusinessCalendar,
    Holiday,
)
from crmcore.domain.service.levels.clock import BREACH, Pause, Verdict
from crmcore.domain.service.levels.policy import Anchor, PauseCategory
from tests.domain.service.case_examples import (
    held,
    opened,
    pended,
    reopened,
    resumed,
    solved,
    started,
)
from tests.domain.service_levels.examples import (
    BERLIN,
    FIRST,
    NIGHT,
    OFFICE,
    SOLUTION,
    WAITING,
    a_clock,
    attach,
    but,
    clock_of,
    hours,
    notifications,
    on,
    replace,
    status_of,
    target,
)
from tests.scenario import START, at

MET, BREACHED = Verdict.MET, Verdict.BREACHED
PAUSED = Verdict.PAUSED
PAUSABLE = [opened(), attach(START, target(pauses=WAITING))]


# Pauses


def test_EC_S7_after_a_reopening_every_waiting_state_pauses() -> None:
    promise = target(pauses=WAITING)
    again = [
        *PAUSABLE,
        solved(at(hours=1)),
        reopened(at(days=1)),
        attach(at(days=1), promise, cycle=2),
    ]
    for waiting in (pended, held):
        history = [*again, waiting(at(days=1, hours=1)), resumed(at(days=1, hours=3))]
        assert clock_of(history, cycle=2).due_at == at(days=1, hours=6)
        assert clock_of(history, cycle=1).pauses == ()


def test_EC_S17_on_a_day_off_the_clock_waits_and_a_hold_is_added_to_it() -> None:
    """Saturday: four hours from Monday 09:00; an hour on hold moves that, not the opening."""
    saturday = on("2026-01-10 12:00")
    history = [
        opened(at=saturday),
        attach(saturday, target(FIRST, hours(4)), target(pauses=WAITING)),
    ]
    assert clock_of(history, FIRST).due_at == on("2026-01-12 13:00")
    weekend = [*history, held(on("2026-01-10 13:00")), resumed(on("2026-01-12 10:00"))]
    assert clock_of(weekend).due_at == on("2026-01-12 14:00")
    assert status_of(weekend, on("2026-01-12 11:00")).elapsed == hours(1)


def test_EC_S22_a_pause_lasts_to_the_microsecond_whoever_looked() -> None:
    history = [*PAUSABLE, pended(at(hours=1)), resumed(at(hours=1, microseconds=1))]
    assert clock_of(history).due_at == at(hours=4, microseconds=1)
    with_seconds = [*PAUSABLE, pended(at(seconds=36)), resumed(at(minutes=26, seconds=36.5))]
    assert clock_of(with_seconds).due_at == at(hours=4, minutes=26, seconds=0.5)


def test_EC_S25_a_breach_happened_when_the_target_was_first_exceeded() -> None:
    stretches = [
        pended(at(hours=5)),
        resumed(at(days=1)),
        held(at(days=1, hours=6)),
        resumed(at(days=3)),
    ]
    history = [*PAUSABLE, *stretches, solved(at(days=4))]
    assert clock_of(history).due_at == at(hours=4)
    assert notifications(history, at(days=9)) == [(SOLUTION, BREACH, at(hours=4))]


def test_EC_S26_two_pauses_in_one_minute_are_two_and_one_without_end_counts() -> None:
    twice = [
        *PAUSABLE,
        pended(at(minutes=10)),
        resumed(at(minutes=10, seconds=10)),
        pended(at(minutes=10, seconds=30)),
        resumed(at(minutes=10, seconds=50)),
    ]
    assert len(clock_of(twice).pauses) == 2
    assert clock_of(twice).due_at == at(hours=4, seconds=30)
    lasting = [*twice, pended(at(hours=1))]
    assert status_of(lasting, at(hours=8)).elapsed == hours(1) - timedelta(seconds=30)
    assert clock_of(lasting).due_at is None


def test_EC_S27_pauses_that_overlap_count_once() -> None:
    history = [*PAUSABLE, pended(at(hours=1)), held(at(hours=2)), resumed(at(hours=3))]
    assert clock_of(history).pauses == (Pause(at(hours=1), at(hours=3)),)
    overlapping = (
        Pause(at(hours=1), at(hours=2.5)),
        Pause(at(hours=1.5), at(hours=2)),
        Pause(at(hours=2), at(hours=3)),
    )
    found = a_clock(START, hours(4), pauses=overlapping)
    assert (found.due_at, found.used(at(hours=5))) == (at(hours=6), hours(3))


def test_EC_S28_a_pause_counts_only_between_start_and_completion() -> None:
    waiting = [
        opened(),
        pended(at(hours=1)),
        attach(at(hours=2), target(anchor=Anchor.ATTACHED, pauses=WAITING)),
    ]
    history = [*waiting, resumed(at(hours=3)), solved(at(hours=5))]
    found = clock_of(history)
    assert found.pauses == (Pause(at(hours=2), at(hours=3)),)
    assert found.status(at(days=9)).elapsed == hours(2)
    at_the_end = [*PAUSABLE, pended(at(hours=1)), solved(at(hours=5))]
    assert clock_of(at_the_end).pauses == (Pause(at(hours=1), at(hours=5)),)
    assert clock_of(at_the_end).verdict(at(days=9)) is MET
    before = a_clock(at(hours=2), hours(4), pauses=(Pause(START, at(hours=1)),))
    assert (before.due_at, before.used(at(hours=3))) == (at(hours=6), hours(1))


def test_a_new_case_may_pause_until_it_is_taken_up() -> None:
    promise = target(pauses=(PauseCategory.NEW,))
    history = [opened(), attach(START, promise)]
    assert status_of(history, at(hours=1)).verdict is PAUSED
    assert clock_of([*history, started(at(hours=2))]).due_at == at(hours=6)


# Calendars and clocks that change


def test_EC_S10_a_case_keeps_the_holidays_of_its_version() -> None:
    """EC-S32: also where the holiday is the day on which it is due; another version is told."""
    opens = on("2026-01-05 15:00")
    changed = but(OFFICE, version=2, holidays=(Holiday(day=date(2026, 1, 6)),))
    history = [opened(at=opens), attach(opens, target())]
    assert clock_of(history).due_at == on("2026-01-06 11:00")
    replaced = replace(on("2026-01-05 16:00"), target(), version="2", calendar=changed)
    assert clock_of([*history, replaced]).due_at == on("2026-01-07 11:00")
    too_late = replace(on("2026-01-06 12:00"), target(), version="2", calendar=changed)
    assert clock_of([*history, too_late]).verdict(on("2026-01-07 10:00")) is BREACHED


@pytest.mark.parametrize(
    ("calendar", "opens", "within", "due"),
    [
        pytest.param(OFFICE, "2026-01-09 16:30", 1, "2026-01-12 09:30", id="EC-S12-weekend"),
        pytest.param(BERLIN, "2026-01-05 10:30", 1, "2026-01-05 12:30", id="EC-S15-lunch"),
        pytest.param(BERLIN, "2026-03-27 15:00", 2, "2026-03-30 08:00", id="EC-S16-after-change"),
        pytest.param(BERLIN, "2025-12-15 15:00", 2, "2025-12-16 09:00", id="EC-S23-last-winter"),
        pytest.param(BERLIN, "2025-07-15 14:00", 2, "2025-07-16 08:00", id="EC-S23-last-summer"),
        pytest.param(OFFICE, "2026-01-05 17:00", 1, "2026-01-06 10:00", id="EC-S31-closing"),
        pytest.param(OFFICE, "2026-01-05 17:00", 0, "2026-01-06 09:00", id="EC-S31-at-once"),
    ],
)
def test_EC_S12_S15_S16_S23_S31_a_target_is_due_by_the_hours_of_its_calendar(
    calendar: BusinessCalendar, opens: str, within: int, due: str
) -> None:
    promise = attach(on(opens), target(within=hours(within), calendar=calendar.name))
    assert clock_of([opened(at=on(opens)), promise]).due_at == on(due)


def test_EC_S30_a_pause_on_the_night_of_a_clock_change_is_as_long_as_it_was() -> None:
    """Nights from 22:00 to 06:00 in Berlin: seven hours on 2026-03-28, nine on 10-24."""
    for evening, resumes, due in (
        ("2026-03-28 21:00", "2026-03-29 02:00", "2026-03-29 21:00"),  # 2 hours of 7 are left
        ("2026-10-24 20:00", "2026-10-25 02:00", "2026-10-25 05:00"),  # 3 hours of 9
    ):
        opens = on(evening)
        promise = attach(opens, target(within=hours(3), calendar=NIGHT.name, pauses=WAITING))
        history = [opened(at=opens), promise, pended(opens), resumed(on(resumes))]
        assert clock_of(history).due_at == on(due)
