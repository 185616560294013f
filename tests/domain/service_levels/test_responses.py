"""Who answers whom: first responses, questions of the customer, updates.

Office hours are 09:00 to 17:00 UTC from Monday to Friday; 2026-01-05 is a Monday.
"""

from datetime import datetime
from typing import Any

import pytest

from crmcore.domain.service.levels.clock import BREACH, Verdict
from crmcore.domain.service.terms import AuthorRole
from tests.domain.service.case_examples import (
    opened,
    solved,
)
from tests.domain.service_levels.examples import (
    CUSTOMER_WROTE,
    FIRST,
    NEXT,
    SOLUTION,
    UPDATE,
    answered,
    asked,
    attach,
    but,
    clock_of,
    hours,
    notifications,
    replace,
    status_of,
    target,
    target_clocks,
    wrote,
)
from tests.scenario import START, at

MET, BREACHED = Verdict.MET, Verdict.BREACHED
NONE = Verdict.NONE
RESPONSES = [
    opened(),
    attach(START, target(FIRST, hours(4)), target(NEXT, hours(1)), target(UPDATE, hours(2))),
]


def test_EC_S1_the_first_reply_ends_the_first_response() -> None:
    history = [
        *RESPONSES[:1],
        attach(START, target(FIRST, hours(1))),
        answered(at(minutes=30), first=True),
    ]
    found = status_of(history, at(hours=9), FIRST)
    assert (found.verdict, found.next_escalation) == (MET, None)
    assert notifications(history, at(days=30)) == []


def test_EC_S2_a_shorter_update_does_not_overrule_the_first_response() -> None:
    assert set(target_clocks(RESPONSES)) == {(1, FIRST, 1)}
    assert notifications(RESPONSES, at(days=30)) == [(FIRST, BREACH, at(hours=4))]


def test_EC_S3_no_update_is_missed_where_an_agent_answered() -> None:
    history = [
        *RESPONSES,
        answered(at(hours=1), first=True),
        asked(at(hours=2)),
        answered(at(hours=2.5), 101),
        answered(at(hours=4), 102),
        solved(at(hours=5)),
    ]
    assert notifications(history, at(days=30)) == []
    verdicts = {
        key[1:]: clock.verdict(at(days=30)) for key, clock in target_clocks(history).items()
    }
    updates = {(UPDATE, number): MET for number in (1, 2, 3)}
    assert verdicts == {(FIRST, 1): MET, (NEXT, 1): MET, **updates}


def test_EC_S4_whatever_a_customer_writes_starts_the_clock_and_a_machine_does_not() -> None:
    history = [*RESPONSES, answered(at(hours=1), first=True)]
    for number, channel in enumerate(("web", "email", "chat"), 300):
        found = [*history, wrote(CUSTOMER_WROTE, at(hours=2), number, channel=channel)]
        assert clock_of(found, NEXT).due_at == at(hours=3)
    automatic = wrote(AuthorRole.AUTOMATIC, at(hours=2))
    internal = answered(at(hours=2), 301)
    internal = but(internal, public=False)
    assert target_clocks([*history, automatic, internal]).keys() == target_clocks(history).keys()


def test_INV_S6_until_the_first_response_only_it_and_the_solution_are_owed() -> None:
    both = (target(FIRST, hours(4)), target(SOLUTION, hours(8)))
    history = [opened(), attach(START, *both, target(NEXT, hours(1)), target(UPDATE, hours(1)))]
    asking = [*history, asked(at(hours=1)), asked(at(hours=2), 201)]
    assert {kind for _, kind, _ in target_clocks(asking)} == {FIRST, SOLUTION}
    responded = [*asking, answered(at(hours=3), first=True)]
    assert {kind for _, kind, _ in target_clocks(responded)} == {FIRST, SOLUTION, UPDATE}
    again = [*responded, asked(at(hours=4), 202), asked(at(hours=4.5), 203)]
    assert clock_of(again, NEXT).started_at == at(hours=4)  # of the oldest unanswered message
    done = [*again, answered(at(hours=6), 101), asked(at(hours=7), 204)]
    assert clock_of(done, NEXT).verdict(at(days=1)) is BREACHED
    assert clock_of(done, NEXT, 2).started_at == at(hours=7)


@pytest.mark.parametrize(
    ("ends", "completed"),
    [
        pytest.param([answered(at(hours=1), first=True)], at(hours=1), id="answered"),
        pytest.param([solved(at(hours=1))], at(hours=1), id="solved"),
        pytest.param([], None, id="open"),
    ],
)
def test_INV_S6_an_update_counts_from_the_opening_where_a_target_says_so(
    ends: list[Any], completed: datetime | None
) -> None:
    """The switch that zammad#5177 asks for; such an update has the number 0."""
    early = target(UPDATE, hours(2), from_creation=True)
    history = [opened(), attach(START, target(FIRST, hours(4)), early), *ends]
    found = clock_of(history, UPDATE, 0)
    assert (found.started_at, found.due_at, found.completed_at) == (START, at(hours=2), completed)


def test_INV_S8_an_update_missed_before_the_first_response_stays_missed() -> None:
    early = target(UPDATE, hours(2), from_creation=True)
    history = [opened(), attach(START, early), replace(at(hours=3), target(UPDATE, hours(2)))]
    assert clock_of(history, UPDATE, 0).verdict(at(days=1)) is BREACHED
    history[2] = replace(at(hours=1), target(UPDATE, hours(2)))
    assert clock_of(history, UPDATE, 0).verdict(at(days=1)) is NONE


@pytest.mark.parametrize(
    ("solved_at", "verdict"),
    [(0.5, NONE), (1, NONE), (1.5, BREACHED)],
    ids=["early", "due", "late"],
)
def test_INV_S5_a_solution_is_no_first_response(solved_at: float, verdict: Verdict) -> None:
    """Nobody waits for one any more; what was overdue by then stays so, and a later reply is no miss."""
    history = [opened(), attach(START, target(FIRST, hours(1))), solved(at(hours=solved_at))]
    for found in (history, [*history, answered(at(hours=5), first=True)]):
        clock = clock_of(found, FIRST)
        assert (clock.completed_at, clock.withdrawn_at) == (None, at(hours=solved_at))
        assert clock.verdict(at(days=1)) is verdict
        assert [what for _, what, _ in notifications(found, at(days=1))] == [BREACH] * (
            verdict is BREACHED
        )


def test_EC_S11_the_clock_of_the_next_response_stops_at_the_solution() -> None:
    history = [
        *RESPONSES,
        answered(at(hours=1), first=True),
        asked(at(hours=2)),
        solved(at(hours=2.5)),
    ]
    for kind in (NEXT, UPDATE):
        found = clock_of(history, kind)
        assert (found.completed_at, found.verdict(at(days=9))) == (at(hours=2.5), MET)
    assert notifications(history, at(days=30)) == []


def test_what_is_written_at_the_instant_of_the_solution_is_part_of_it() -> None:
    """An answer that solves the case ends the question and the update, and begins no other."""
    history = [*RESPONSES, answered(at(hours=1), first=True), asked(at(hours=2))]
    end = [answered(at(hours=2.5), 101), asked(at(hours=2.5), 201), solved(at(hours=2.5))]
    found = target_clocks([*history, *end])
    assert {key[1:] for key in found} == {(FIRST, 1), (NEXT, 1), (UPDATE, 1)}
    assert found[1, NEXT, 1].completed_at == found[1, UPDATE, 1].completed_at == at(hours=2.5)


def test_a_message_that_comes_in_late_counts_from_when_it_was_written() -> None:
    history = [*RESPONSES, answered(at(hours=1), first=True), asked(at(hours=3))]
    earlier = [*history, asked(at(hours=2), 201)]
    assert clock_of(earlier, NEXT).started_at == at(hours=2)
    answer = [*earlier, answered(at(hours=2.5), 101)]
    assert clock_of(answer, NEXT, 1).completed_at == at(hours=2.5)
    assert clock_of(answer, NEXT, 2).started_at == at(hours=3)
    before = [*history, answered(at(minutes=30), 101)]
    assert clock_of(before, FIRST).completed_at == at(minutes=30)
    assert {*target_clocks(before)} == {*target_clocks(history), (1, UPDATE, 2)}  # one update more
