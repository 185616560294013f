"""Another policy in the middle of things: what stays, what changes, what is gone.

Office hours are 09:00 to 17:00 UTC from Monday to Friday; 2026-01-05 is a Monday.
"""

from datetime import datetime
from typing import Any

import pytest

from crmcore.domain.service.levels.clock import BREACH, Mode, Pause, Verdict
from crmcore.domain.service.levels.policy import Anchor
from tests.domain.service.case_examples import (
    opened,
    pended,
    resumed,
    solved,
)
from tests.domain.service_levels.examples import (
    FIRST,
    NEXT,
    PENDING,
    SOLUTION,
    UPDATE,
    WAITING,
    answered,
    attach,
    clock_of,
    detach,
    hours,
    minutes,
    notifications,
    replace,
    status_of,
    target,
    target_clocks,
    warn,
)
from tests.scenario import START, at

MET, BREACHED, RUNNING = Verdict.MET, Verdict.BREACHED, Verdict.RUNNING
NONE = Verdict.NONE
BY_PENDING: dict[str, Any] = {"pauses": (PENDING,)}
FOUR_HOURS = [opened(), attach(START, target())]
PAUSABLE = [opened(), attach(START, target(pauses=WAITING))]
RESPONSES = [
    opened(),
    attach(START, target(FIRST, hours(4)), target(NEXT, hours(1)), target(UPDATE, hours(2))),
]


def test_EC_S5_the_targets_of_a_policy_that_was_replaced_are_gone() -> None:
    responded = [*RESPONSES, answered(at(hours=1), first=True)]
    history = [*responded, replace(at(hours=2), target(SOLUTION, hours(8)))]
    found = clock_of(history, UPDATE)
    assert (found.withdrawn_at, found.verdict(at(days=9))) == (at(hours=2), NONE)
    assert notifications(history, at(days=9)) == [(SOLUTION, BREACH, at(hours=8))]
    late = [*history, solved(at(hours=7))]
    assert clock_of(late, UPDATE).verdict(at(days=9)) is NONE  # done, but owed no more


def test_EC_S6_without_a_policy_nothing_stays_overdue() -> None:
    levels = (warn(50), warn(150, "call the head of service"))
    history = [opened(), attach(START, target(warnings=levels)), detach(at(hours=1))]
    assert clock_of(history).verdict(at(days=9)) is NONE
    assert status_of(history, at(days=9)).next_escalation is None
    assert notifications(history, at(days=9)) == []
    late = [*history[:2], detach(at(hours=5))]
    assert clock_of(late).verdict(at(days=9)) is BREACHED  # it was, before anybody ended it
    assert notifications(late, at(days=9)) == [(SOLUTION, BREACH, at(hours=4))]
    assert clock_of([*late, solved(at(hours=6))]).verdict(at(days=9), Mode.COMPLETED) is BREACHED


def test_INV_S8_another_policy_keeps_start_and_pauses_and_rewrites_no_verdict() -> None:
    """The first response was met, the update missed: only the solution follows the new policy."""
    first, update = target(FIRST, hours(1)), target(UPDATE, hours(1))
    history = [
        opened(),
        attach(START, first, update, target(SOLUTION, hours(6), **BY_PENDING)),
        answered(at(minutes=30), first=True),
        pended(at(hours=2)),
        resumed(at(hours=3)),
        replace(
            at(hours=4),
            target(FIRST, minutes(10)),
            target(UPDATE, hours(9)),
            target(SOLUTION, hours(4), **BY_PENDING),
        ),
    ]
    met, missed, changed = (clock_of(history, kind) for kind in (FIRST, UPDATE, SOLUTION))
    assert (met.policy, met.verdict(at(days=1))) == ("A", MET)
    assert (missed.policy, missed.verdict(at(days=1))) == ("A", BREACHED)
    assert (changed.policy, changed.started_at, changed.due_at) == ("B", START, at(hours=5))
    assert changed.pauses == (Pause(at(hours=2), at(hours=3)),)


def test_EC_S21_time_spent_waiting_survives_another_policy() -> None:
    """What was a pause stays one, and what was none becomes none."""
    waited = [*PAUSABLE, pended(at(hours=1)), resumed(at(hours=3))]
    stricter = [*waited, replace(at(hours=4), target())]
    assert clock_of(stricter).due_at == at(hours=6)
    assert clock_of([*stricter, pended(at(hours=5)), resumed(at(hours=9))]).due_at == at(hours=6)
    strict = [*FOUR_HOURS, pended(at(hours=1)), resumed(at(hours=2)), pended(at(hours=2.5))]
    milder = [*strict, replace(at(hours=3), target(pauses=WAITING)), resumed(at(hours=4))]
    assert clock_of(milder).pauses == (Pause(at(hours=3), at(hours=4)),)
    assert clock_of(milder).due_at == at(hours=5)


@pytest.mark.parametrize(
    ("anchor", "due", "verdict"),
    [
        pytest.param(Anchor.OPENED, at(hours=1), BREACHED, id="from-the-opening"),
        pytest.param(Anchor.ATTACHED, at(hours=4), MET, id="from-the-policy"),
    ],
)
def test_EC_S24_the_first_response_counts_from_the_opening_or_as_its_anchor_says(
    anchor: Anchor, due: datetime, verdict: Verdict
) -> None:
    history = [opened(), attach(at(hours=3), target(FIRST, hours(1), anchor=anchor))]
    responded = [*history, answered(at(hours=4), first=True)]
    assert clock_of(history, FIRST).due_at == due
    assert clock_of(responded, FIRST).verdict(at(days=1)) is verdict


def test_what_was_done_before_anybody_owed_it_is_not_judged_from_then_on() -> None:
    history = [opened(), answered(at(hours=1), first=True)]
    for anchor, promise in ((Anchor.ATTACHED, False), (Anchor.OPENED, True)):
        later = [*history, attach(at(hours=3), target(FIRST, hours(1), anchor=anchor))]
        assert bool(target_clocks(later)) == promise


def test_INV_S8_a_start_stays_whatever_the_anchor_of_the_next_policy() -> None:
    attached, at_opening = target(anchor=Anchor.ATTACHED), target(anchor=Anchor.OPENED)
    for first, then, since in ((attached, at_opening, at(hours=1)), (at_opening, attached, START)):
        history = [opened(), attach(at(hours=1), first), replace(at(hours=2), then)]
        assert clock_of(history).started_at == since


def test_a_target_owed_again_counts_by_its_anchor_again() -> None:
    for anchor, since in ((Anchor.ATTACHED, at(hours=3)), (Anchor.OPENED, START)):
        promise = target(anchor=anchor)
        history = [
            opened(),
            attach(at(hours=1), promise),
            detach(at(hours=2)),
            attach(at(hours=3), promise),
        ]
        found = clock_of(history)
        assert (found.started_at, found.withdrawn_at) == (since, None)


def test_EC_S29_a_priority_lowered_after_the_breach_saves_nothing() -> None:
    """INV-S8: nor does one raised before it make a deadline that had passed."""
    lowered = [*FOUR_HOURS, replace(at(hours=5), target(within=hours(40)))]
    assert clock_of(lowered).verdict(at(hours=6)) is BREACHED
    raised = [*FOUR_HOURS, replace(at(hours=3), target(within=hours(1)))]
    assert clock_of(raised).verdict(at(hours=3.5)) is BREACHED
    assert clock_of(raised, as_of=at(hours=2)).verdict(at(hours=2)) is RUNNING
