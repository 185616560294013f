"""The clock of service levels, example by example: due, used, left, verdict, what is told.

Office hours are 09:00 to 17:00 UTC from Monday to Friday; 2026-01-05 is a Monday.
"""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from crmcore.domain.kernel.working_time import (
    BusinessCalendar,
    DayHours,
    ShiftedDay,
    weekly,
)
from crmcore.domain.service.levels.clock import BREACH, Pause, Verdict
from crmcore.domain.service.levels.policy import WarningLevel
from tests.domain.kernel.working_time_rows import fixture
from tests.domain.service.case_examples import (
    closed,
    merged,
    opened,
    pended,
    reopened,
    resumed,
    solved,
    spam,
)
from tests.domain.service_levels.examples import (
    FIRST,
    NEXT,
    PENDING,
    SOLUTION,
    UPDATE,
    WAITING,
    a_clock,
    answered,
    attach,
    breach,
    but,
    clock_of,
    hours,
    minutes,
    notifications,
    on,
    status_of,
    target,
    target_clocks,
    warn,
)
from tests.scenario import START, at

MET, BREACHED, RUNNING = Verdict.MET, Verdict.BREACHED, Verdict.RUNNING
PAUSED, NONE = Verdict.PAUSED, Verdict.NONE
FOUR_HOURS = [opened(), attach(START, target())]
PAUSABLE = [opened(), attach(START, target(pauses=WAITING))]
RESPONSES = [
    opened(),
    attach(START, target(FIRST, hours(4)), target(NEXT, hours(1)), target(UPDATE, hours(2))),
]


# From the opening to the solution


def test_INV_S3_used_and_left_make_up_the_target_and_stand_still_in_a_pause() -> None:
    history = [*PAUSABLE, pended(at(hours=1)), resumed(at(hours=3))]
    for when, used in [(0, 0), (0.5, 0.5), (1, 1), (2, 1), (3, 1), (4, 2), (6, 4), (7, 5)]:
        found = status_of(history, at(hours=when))
        assert (found.elapsed, found.remaining) == (hours(used), hours(4 - used))


def test_a_paused_target_has_no_next_escalation_and_tells_when_it_would_be_due() -> None:
    history = [*PAUSABLE, pended(at(hours=1))]
    assert status_of(history, at(hours=0.5)).next_escalation == breach(at(hours=4))
    found = status_of(history, at(hours=2))
    assert (found.verdict, found.next_escalation) == (PAUSED, None)
    assert found.due_if_resumed == at(hours=5)
    assert clock_of(history).due_at is None
    assert notifications(history, at(days=30)) == []


@pytest.mark.parametrize("ends", [[], [resumed(at(hours=6))]], ids=["lasting", "over"])
def test_a_pause_that_begins_when_the_target_is_used_up_comes_too_late(ends: list[Any]) -> None:
    history = [*PAUSABLE, pended(at(hours=4)), *ends]
    assert clock_of(history).due_at == at(hours=4)
    assert clock_of(history).verdict(at(hours=5)) is BREACHED


def test_a_pause_outside_office_hours_costs_nothing() -> None:
    history = [*PAUSABLE, pended(at(hours=9)), resumed(at(hours=20))]
    late = [opened(at=at(hours=7)), attach(at(hours=7), target(pauses=WAITING))]
    assert clock_of([*late, *history[2:]]).due_at == clock_of(late).due_at == at(days=1, hours=3)


@pytest.mark.parametrize(
    ("within", "opens", "due"),
    [
        pytest.param(hours(0), START, START, id="at-once"),
        pytest.param(hours(0), at(hours=8), at(days=1), id="at-once-when-closed"),
        pytest.param(hours(8), START, at(hours=8), id="used-up-at-closing-time"),
    ],
)
def test_a_target_of_zero_is_due_at_the_first_working_instant(
    within: timedelta, opens: datetime, due: datetime
) -> None:
    history = [opened(at=opens), attach(opens, target(within=within))]
    assert clock_of(history).due_at == due


def test_a_target_of_zero_waits_for_the_end_of_a_pause() -> None:
    """Opened on Monday at 17:00, so due on Tuesday at 09:00, or when a pause over that ends."""
    for since, until, due in (
        (at(days=1, hours=1), at(days=1, hours=2), at(days=1)),
        (at(hours=15), at(days=1, hours=5), at(days=1, hours=5)),
        (at(days=1), at(days=1, hours=9), at(days=2)),
        (at(hours=9), at(hours=10), at(days=1)),
    ):
        found = a_clock(at(hours=8), hours(0), pauses=(Pause(since, until),))
        assert found.due_at == due


def test_a_target_that_its_calendar_never_reaches_is_never_due() -> None:
    once = BusinessCalendar(
        name="office",
        zone="UTC",
        weekly=(),
        shifted=(
            ShiftedDay(day=date(2026, 1, 5), hours=(DayHours(opens="09:00", closes="10:00"),)),
        ),
    )
    found = a_clock(START, hours(2), calendar=once)
    assert found.due_at is None
    assert found.verdict(at(days=9)) is RUNNING
    assert list(found.escalations()) == []
    assert found.status(at(days=9)).remaining == hours(1)
    assert but(found, completed_at=at(days=5)).verdict(at(days=9)) is MET


def test_a_given_deadline_and_a_policy_stand_side_by_side() -> None:
    history = [
        opened(resolve_by=at(hours=30)),
        attach(START, target(FIRST, hours(1)), target(SOLUTION, hours(4))),
    ]
    given, first = clock_of(history), clock_of(history, FIRST)
    assert (given.due_at, given.policy, given.calendar) == (at(hours=30), None, None)
    assert (first.due_at, first.policy) == (at(hours=1), "A")
    found = status_of(history, at(hours=20))
    assert (found.elapsed, found.remaining) == (hours(20), hours(10))
    again = [
        *history,
        solved(at(hours=2)),
        reopened(at(days=1)),
        attach(at(days=1), target(), cycle=2),
    ]
    assert clock_of(again, cycle=2).due_at == at(days=1, hours=4)


# The ends of a case


def test_EC_S8_the_solution_is_when_it_was_solved_not_when_it_was_closed() -> None:
    """INV-S11: closing changes nothing."""
    history = [*FOUR_HOURS, solved(at(hours=4))]
    filed = [*history, closed(at(days=9))]
    assert target_clocks(filed) == target_clocks(history)
    assert clock_of(filed).verdict(at(days=30)) is MET


@pytest.mark.parametrize("when", [at(hours=1), at(hours=4)], ids=["before-due", "at-due"])
def test_EC_S9_INV_S7_a_merged_case_is_not_escalated(when: datetime) -> None:
    history = [
        opened(),
        attach(START, target(warnings=(warn(150),)), target(FIRST, hours(9))),
        merged(when),
    ]
    assert {clock.verdict(at(days=9)) for clock in target_clocks(history).values()} == {NONE}
    assert notifications(history, at(days=9)) == []
    assert status_of(history, at(days=9)).next_escalation is None


def test_INV_S7_a_message_dated_after_the_merge_completes_nothing() -> None:
    history = [opened(), attach(START, target(FIRST, hours(1))), answered(at(hours=3), first=True)]
    found = clock_of([*history, merged(at(minutes=30))], FIRST)
    assert (found.withdrawn_at, found.verdict(at(days=1))) == (at(minutes=30), NONE)


def test_INV_S7_nothing_lives_on_in_a_closed_case_and_spam_never_owed_anything() -> None:
    filed = [
        *RESPONSES,
        answered(at(hours=1), first=True),
        solved(at(hours=2)),
        closed(at(hours=3)),
    ]
    assert {one.verdict(at(days=9)) for one in target_clocks(filed).values()} == {MET}
    assert notifications(filed, at(days=9)) == []
    assert target_clocks([*RESPONSES, spam(at(days=5))]) == {}
    assert notifications([*RESPONSES, spam(at(days=5))], at(days=9)) == []
    assert target_clocks([*RESPONSES, spam(at(days=5))], as_of=at(days=4))  # it was not known then


def test_EC_S13_no_miss_after_the_solution_and_a_verdict_survives_the_reopening() -> None:
    first = [*FOUR_HOURS, solved(at(hours=5))]
    again = [
        *first,
        reopened(at(days=1)),
        attach(at(days=1), target(), cycle=2),
        solved(at(days=1, hours=2), cycle=2),
    ]
    assert clock_of(again, cycle=1).verdict(at(days=9)) is BREACHED
    assert clock_of(again, cycle=2).verdict(at(days=9)) is MET
    assert notifications(again, at(days=9)) == [(SOLUTION, BREACH, at(hours=4))]


def test_EC_S14_solved_late_is_a_breach_though_nobody_looked() -> None:
    history = [*FOUR_HOURS, solved(at(hours=4, microseconds=1))]
    assert clock_of(history).verdict(at(days=9)) is BREACHED
    assert notifications(history, at(days=9)) == [(SOLUTION, BREACH, at(hours=4))]


# Warnings


LEVELS = (
    warn(50),
    WarningLevel(remaining=minutes(30), action="page"),
    warn(150, "head of service"),
)


def test_warnings_come_about_in_working_time() -> None:
    friday = on("2026-01-09 15:00")
    history = [opened(at=friday), attach(friday, target(warnings=LEVELS))]
    assert notifications(history, at(days=30)) == [
        (SOLUTION, "50 %", on("2026-01-09 17:00")),
        (SOLUTION, "0:30:00 left", on("2026-01-12 10:30")),
        (SOLUTION, BREACH, on("2026-01-12 11:00")),
        (SOLUTION, "150 %", on("2026-01-12 13:00")),
    ]


def test_the_next_escalation_goes_on_after_the_breach() -> None:
    history = [opened(), attach(START, target(warnings=LEVELS))]
    names = [
        None
        if (coming := status_of(history, at(hours=when)).next_escalation) is None
        else coming.name
        for when in (0, 2, 2.5, 3.5, 4, 5, 6, 7)
    ]
    assert names == ["50 %", "50 %", "0:30:00 left", "0:30:00 left", BREACH, "150 %", "150 %", None]
    assert status_of(history, at(hours=5)).remaining == -hours(1)


def test_what_is_told_is_over_before_the_instant_that_is_asked_for() -> None:
    history = [opened(), attach(START, target(warnings=(warn(50),)))]
    assert notifications(history, at(hours=2)) == []
    assert notifications(history, at(hours=2, microseconds=1)) == [(SOLUTION, "50 %", at(hours=2))]


def test_INV_S9_no_warning_after_the_target_was_met() -> None:
    history = [opened(), attach(START, target(warnings=LEVELS))]
    assert notifications(history, at(hours=2.5)) == [(SOLUTION, "50 %", at(hours=2))]
    assert notifications([*history, solved(at(hours=3))], at(days=9)) == []
    assert notifications([*history, solved(at(hours=9))], at(days=9)) == [
        (SOLUTION, BREACH, at(hours=4))
    ]


# Another's row: frappe/helpdesk, "pause 30 min"


def test_frappe_agreement_status_of_a_pause() -> None:
    """What their desk shows after each step, as our targets stand then."""
    told_by = fixture("frappe_sla")
    row = next(one for one in told_by["hold_time_cases"] if one["id"] == "pause 30 min")
    desk = BusinessCalendar(name="desk", zone="UTC", weekly=weekly("Mon-Fri 10:00-18:00"))
    created, steps = _utc(row["created_at"]), [_utc(when) for when, _ in row["history"]]
    promise = attach(
        created,
        target(FIRST, hours(1), calendar="desk"),
        target(SOLUTION, hours(4), calendar="desk", pauses=(PENDING,)),
        calendar=desk,
    )
    history = [
        opened(at=created),
        promise,
        answered(steps[0], first=True),
        pended(steps[0]),
        resumed(steps[1]),
        solved(steps[2]),
    ]
    shown = [_status(history, when) for when in (created, *steps)]
    assert shown == row["expected"]["agreement_status"]
    assert clock_of(history, FIRST).due_at == _utc(row["first_response_due"])
    assert clock_of(history, as_of=created).due_at == _utc(row["solution_due"])
    due = clock_of(history, as_of=steps[1]).due_at
    assert due == _utc(row["expected"]["solution_due_after_reopen"])
    used = status_of(history, at(days=9)) if steps[2] < START else status_of(history, steps[2])
    assert used.elapsed == timedelta(seconds=row["expected"]["resolution_seconds"])


def _utc(text: str) -> datetime:
    return on(text.replace("T", " "))


def _status(history: list[Any], as_of: datetime) -> str:
    first = status_of(history, as_of, FIRST).verdict
    solution = status_of(history, as_of, SOLUTION).verdict
    if first is RUNNING:
        return "First Response Due"
    names = {PAUSED: "Paused", RUNNING: "Resolution Due", MET: "Fulfilled", BREACHED: "Failed"}
    return names[solution]
