"""Priorities of a case, its resolution target, and the verdicts of its cycles."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.working_time import ELAPSED
from crmcore.domain.service.case.decisions.decide import AGGREGATE
from crmcore.domain.service.case.messages.life_cycle import CloseCase, ReopenCase
from crmcore.domain.service.case.messages.opening import PrioritiseCase
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.state import State, Unopened
from crmcore.domain.service.levels.clock import Mode, Verdict
from crmcore.domain.service.levels.policy import ServiceLevelPolicy, ServiceTarget, TargetKind
from crmcore.domain.service.levels.version.state import ServiceLevelVersion
from crmcore.domain.service.priority import Impact, Priority, Urgency
from tests.domain.service.case_examples import (
    CASE_ID,
    CASES,
    attached,
    closed,
    merged,
    open_case,
    opened,
    prioritised,
    reopened,
    replaced,
    solved,
    spam,
    verdicts,
)
from tests.scenario import START, at

HOUR = at(hours=1)
CRITICAL, HIGH, MODERATE, LOW = Priority
MET, BREACHED, RUNNING, NONE = Verdict.MET, Verdict.BREACHED, Verdict.RUNNING, Verdict.NONE
BY_MATRIX: dict[str, Any] = {
    "impact": Impact.HIGH,
    "urgency": Urgency.MEDIUM,
    "matrix_version": "standard-1",
}


def prioritise(when: datetime, **particulars: Any) -> PrioritiseCase:
    return PrioritiseCase(case_id=CASE_ID, at=when, **particulars)


def state_of(*events: Any) -> State:
    return AGGREGATE.fold(events)


@pytest.mark.parametrize(
    ("particulars", "decisions"),
    [
        pytest.param({}, [], id="nothing-known"),
        pytest.param({"resolve_by": at(days=1)}, [], id="given"),
        pytest.param({"resolve_by": START}, [], id="due-at-once"),
        pytest.param(
            {"impact": Impact.HIGH, "urgency": Urgency.MEDIUM},
            [prioritised(HIGH, **BY_MATRIX), attached(HIGH)],
            id="by-the-matrix",
        ),
        pytest.param({"priority": LOW}, [prioritised(LOW), attached(LOW)], id="by-hand"),
        pytest.param(
            {"priority": LOW, "resolve_by": at(days=1)},
            [prioritised(LOW), attached(LOW)],
            id="given-beside",
        ),
        pytest.param(
            {
                "impact": Impact.HIGH,
                "urgency": Urgency.MEDIUM,
                "priority": LOW,
                "override_reason": "a drill",
            },
            [
                prioritised(
                    LOW,
                    impact=Impact.HIGH,
                    urgency=Urgency.MEDIUM,
                    override_reason="a drill",
                ),
                attached(LOW),
            ],
            id="overridden",
        ),
    ],
)
def test_a_case_opens_with_its_priority_and_target(
    particulars: dict[str, Any], decisions: list[Any]
) -> None:
    command = open_case(**particulars)
    CASES.given().when(command).then(opened(**particulars), *decisions).when(command).then()


@pytest.mark.parametrize(
    ("particulars", "words"),
    [
        pytest.param({"impact": Impact.LOW}, "urgency: expected impact and urgency", id="half"),
        pytest.param({"urgency": Urgency.LOW}, "impact: expected impact", id="other-half"),
        pytest.param(
            {"impact": Impact.LOW, "urgency": Urgency.LOW, "priority": HIGH},
            "why the priority is high where the matrix says low",
            id="override-without-reason",
        ),
        pytest.param({"resolve_by": at(hours=-1)}, "not before the opening", id="due-before"),
    ],
)
def test_a_contradictory_opening_is_refused(particulars: dict[str, Any], words: str) -> None:
    CASES.given().when(open_case(**particulars)).then_refused(InvalidValueError, words)


def test_no_policies_mean_that_nothing_is_owed() -> None:
    command = open_case(priority=LOW)
    nothing = CasePolicy(service_levels=ServiceLevelVersion(START, "none", (), ()))
    CASES.given().when(command, nothing).then(opened(priority=LOW), prioritised(LOW))


@pytest.mark.parametrize(
    ("particulars", "words"),
    [
        pytest.param({}, "impact and urgency, or a priority with a reason", id="nothing"),
        pytest.param({"priority": HIGH}, "why the priority is set by hand", id="no-reason"),
        pytest.param({"urgency": Urgency.LOW}, "impact and urgency", id="half"),
    ],
)
def test_a_priority_needs_an_assessment_or_a_reason(
    particulars: dict[str, Any], words: str
) -> None:
    CASES.given(opened()).when(prioritise(HOUR, **particulars)).then_refused(
        InvalidValueError, words
    )


def test_a_new_priority_counts_from_the_opening() -> None:
    command = prioritise(HOUR, impact=Impact.HIGH, urgency=Urgency.MEDIUM)
    CASES.given(opened()).when(command).then(
        prioritised(HIGH, HOUR, **BY_MATRIX), attached(HIGH, HOUR)
    ).when(command).then()


def test_an_override_keeps_the_assessment_and_a_new_assessment_ends_the_override() -> None:
    override = prioritise(HOUR, priority=CRITICAL, override_reason="the mayor's street")
    by_hand = prioritised(
        CRITICAL,
        HOUR,
        impact=Impact.HIGH,
        urgency=Urgency.MEDIUM,
        override_reason="the mayor's street",
    )
    again = prioritise(at(hours=2), impact=Impact.LOW, urgency=Urgency.LOW)
    assessed = prioritised(
        LOW,
        at(hours=2),
        impact=Impact.LOW,
        urgency=Urgency.LOW,
        matrix_version="standard-1",
    )
    (
        CASES.given(opened(), prioritised(HIGH, **BY_MATRIX), attached(HIGH))
        .when(override)
        .then(by_hand, replaced(HIGH, CRITICAL, HOUR))
        .when(override)
        .then()
        .when(again)
        .then(assessed, replaced(CRITICAL, LOW, at(hours=2)))
    )


def test_a_given_deadline_is_never_overridden_by_a_priority() -> None:
    command = prioritise(HOUR, priority=CRITICAL, override_reason="danger")
    after = (
        CASES.given(opened(resolve_by=at(days=9)))
        .when(command)
        .then(prioritised(CRITICAL, HOUR, override_reason="danger"), attached(CRITICAL, HOUR))
    )
    assert verdicts(state_of(*after.history), at(days=9)) == [(1, RUNNING)]
    assert verdicts(state_of(*after.history), at(days=10)) == [(1, BREACHED)]


@pytest.mark.parametrize(
    ("when", "rewritten"),
    [(at(hours=4), True), (at(hours=4, microseconds=1), False)],
    ids=["at-due", "overdue"],
)
def test_EC_S29_a_priority_changed_after_the_breach_rewrites_nothing(
    when: datetime, rewritten: bool
) -> None:
    """INV-S8: a verdict already reached is never rewritten."""
    command = prioritise(when, priority=LOW, override_reason="it can wait")
    lowered = prioritised(LOW, when, override_reason="it can wait")
    after = (
        CASES.given(opened(), prioritised(CRITICAL), attached(CRITICAL))
        .when(command)
        .then(lowered, replaced(CRITICAL, LOW, when))
    )
    expected = RUNNING if rewritten else BREACHED
    assert verdicts(state_of(*after.history), at(days=1)) == [(1, expected)]


def test_a_new_assessment_of_the_same_priority_keeps_the_target() -> None:
    command = prioritise(HOUR, impact=Impact.LOW, urgency=Urgency.LOW)
    assessed: dict[str, Any] = {
        "impact": Impact.LOW,
        "urgency": Urgency.LOW,
        "matrix_version": "standard-1",
    }
    CASES.given(opened(), prioritised(LOW), attached(LOW)).when(command).then(
        prioritised(LOW, HOUR, **assessed)
    )


def test_a_priority_changed_after_the_solution_rewrites_nothing() -> None:
    history = [opened(), prioritised(LOW), attached(LOW), solved(at(days=2))]
    command = prioritise(at(days=3), priority=CRITICAL, override_reason="in hindsight")
    after = CASES.given(*history).when(command)
    after.then(prioritised(CRITICAL, at(days=3), override_reason="in hindsight"))
    assert verdicts(state_of(*history, *after.events), at(days=4)) == [(1, MET)]


def test_another_version_of_the_policies_holds_from_its_next_use() -> None:
    slow = ServiceTarget(kind=TargetKind.RESOLUTION, within=timedelta(9), calendar=ELAPSED.name)
    doubled = ServiceLevelVersion(
        START, "slow-2", (ServiceLevelPolicy(name="slow", targets=(slow,)),), (ELAPSED,)
    )
    command = prioritise(HOUR, priority=CRITICAL, override_reason="danger")
    CASES.given(opened(), prioritised(LOW), attached(LOW)).when(
        command, CasePolicy(service_levels=doubled)
    ).then(
        prioritised(CRITICAL, HOUR, override_reason="danger"),
        replaced(LOW, CRITICAL, HOUR, version=doubled),
    )


def test_a_reopened_case_counts_from_its_reopening() -> None:
    reopen = ReopenCase(case_id=CASE_ID, reason="dark again", at=at(days=1))
    target = attached(HIGH, at(days=1), cycle=2)
    CASES.given(opened(), prioritised(HIGH), attached(HIGH), solved(HOUR)).when(reopen).then(
        reopened(at(days=1)), target
    )


def test_a_given_deadline_is_of_the_first_cycle_only() -> None:
    reopen = ReopenCase(case_id=CASE_ID, reason="dark again", at=at(days=1))
    given = [opened(resolve_by=at(days=2)), solved(HOUR)]
    CASES.given(*given).when(reopen).then(reopened(at(days=1)))
    CASES.given(*given, prioritised(HIGH)).when(reopen).then(
        reopened(at(days=1)), attached(HIGH, at(days=1), cycle=2)
    )


def test_INV_S11_EC_S8_closing_keeps_the_instant_of_the_solution() -> None:
    command = CloseCase(case_id=CASE_ID, at=at(days=9))
    history = [opened(resolve_by=at(hours=2)), solved(HOUR)]
    filed = CASES.given(*history).when(command).then(closed(at(days=9)))
    state = state_of(*filed.history)
    assert not isinstance(state, Unopened)
    assert (state.facts.cycle.solved_at, state.since) == (HOUR, at(days=9))
    assert verdicts(state, at(days=10)) == [(1, MET)]


def test_EC_S9_a_merged_case_owes_nothing_more() -> None:
    ended = [opened(resolve_by=at(hours=2)), merged(HOUR)]
    assert verdicts(state_of(*ended), at(days=1)) == [(1, NONE)]
    late = [opened(resolve_by=at(hours=2)), merged(at(hours=3))]
    assert verdicts(state_of(*late), at(days=1)) == [(1, BREACHED)]


def test_INV_S7_spam_owes_nobody_anything() -> None:
    marked = [opened(resolve_by=at(hours=2)), spam(at(hours=3))]
    assert verdicts(state_of(*marked), at(days=1)) == [(1, NONE)]


def test_EC_S13_no_miss_after_the_solution_and_a_reopening_keeps_the_verdict() -> None:
    first = [opened(resolve_by=at(hours=2)), solved(HOUR)]
    assert verdicts(state_of(*first), at(days=30)) == [(1, MET)]
    second = [
        *first,
        reopened(at(days=1)),
        attached(CRITICAL, at(days=1), cycle=2),
    ]
    assert verdicts(state_of(*second), at(days=1)) == [(1, MET), (2, RUNNING)]
    assert verdicts(state_of(*second), at(days=2)) == [(1, MET), (2, BREACHED)]
    again = [*second, solved(at(days=2), cycle=2)]
    assert verdicts(state_of(*again), at(days=3)) == [(1, MET), (2, BREACHED)]


def test_EC_S14_solved_late_is_a_breach_though_nobody_looked_in_between() -> None:
    late = [opened(resolve_by=HOUR), solved(at(hours=1, seconds=1))]
    assert verdicts(state_of(*late), at(days=1)) == [(1, BREACHED)]


def test_INV_S10_each_cycle_counts_once_and_overdue_by_the_mode() -> None:
    overdue = state_of(opened(resolve_by=HOUR))
    assert verdicts(overdue, at(days=1)) == [(1, BREACHED)]
    assert verdicts(overdue, at(days=1), Mode.COMPLETED) == [(1, RUNNING)]
    assert verdicts(overdue, at(hours=-1)) == []
    assert verdicts(Unopened(), at(days=1)) == []
    assert verdicts(state_of(opened()), at(days=1)) == [(1, NONE)]
