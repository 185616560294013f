"""Going on with one case in another."""

from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest

from crmcore.domain.kernel import DomainError, NotFoundError
from crmcore.domain.kernel.working_time import ELAPSED
from crmcore.domain.service.case.decisions.decide import AGGREGATE
from crmcore.domain.service.case.decisions.merging import Merge, merge
from crmcore.domain.service.case.messages.merging import MergeCase
from crmcore.domain.service.case.messages.opening import CaseCustomerIdentified
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import (
    CaseClosedError,
    CaseMergedError,
    CaseOutOfOrderError,
    CaseSpamError,
    MergeAcrossCustomersError,
    MergeCycleError,
    ReopenWindowPassedError,
)
from crmcore.domain.service.levels.policy import Anchor, ServiceLevelPolicy
from crmcore.domain.service.levels.version.state import ServiceLevelVersion
from tests.domain.service.case_examples import (
    CASE_ID,
    CUSTOMER,
    MINUTE,
    OTHER_ID,
    STRANGER,
    absorbed,
    closed,
    held,
    inherited,
    merged,
    opened,
    pended,
    reopened,
    resumed,
    solved,
    spam,
    started,
)
from tests.domain.service_levels.examples import (
    FIRST,
    NEXT,
    SOLUTION,
    WAITING,
    answered,
    attach,
    but,
    clock_of,
    hours,
    target_clocks,
)
from tests.domain.service_levels.examples import target as goal
from tests.scenario import START, at, uid

HOUR, TICK = at(hours=1), timedelta(microseconds=1)
INTO = MergeCase(case_id=CASE_ID, into_case_id=OTHER_ID, at=HOUR)
TARGET = [opened(OTHER_ID)]


def merging(
    source: list[Any], target: list[Any], command: MergeCase = INTO, target_id: Any = OTHER_ID
) -> Merge:
    return merge(command, AGGREGATE.fold(source), target_id, AGGREGATE.fold(target))


@pytest.mark.parametrize(
    ("source", "carried"),
    [
        pytest.param([opened()], [inherited(HOUR)], id="new"),
        pytest.param([opened(), answered(MINUTE)], [], id="answered"),
        pytest.param([opened(), solved(MINUTE)], [], id="solved"),
    ],
)
def test_both_cases_record_the_merge(source: list[Any], carried: list[Any]) -> None:
    assert merging(source, TARGET) == Merge([merged(HOUR)], [*carried, absorbed(HOUR)])
    assert merging([*source, merged(HOUR)], [*TARGET, absorbed(HOUR)]) == Merge()


def test_a_case_of_nobody_takes_on_the_customer() -> None:
    identified = CaseCustomerIdentified(case_id=OTHER_ID, customer_id=CUSTOMER, at=HOUR)
    known = [opened(customer_id=CUSTOMER), solved(MINUTE)]
    assert merging(known, TARGET) == Merge([merged(HOUR)], [identified, absorbed(HOUR)])
    unknown = [opened(), solved(MINUTE)]
    target = [opened(OTHER_ID, customer_id=CUSTOMER)]
    assert merging(unknown, target).target == [absorbed(HOUR)]


def test_EC_C11_cases_of_different_customers_merge_only_by_force() -> None:
    source, target = [opened(customer_id=CUSTOMER)], [opened(OTHER_ID, customer_id=STRANGER)]
    with pytest.raises(MergeAcrossCustomersError, match="of different customers"):
        merging(source, target)
    forced = MergeCase(case_id=CASE_ID, into_case_id=OTHER_ID, forced=True, at=HOUR)
    done = merging(source, target, forced)
    assert done == Merge([merged(HOUR, forced=True)], [inherited(HOUR), absorbed(HOUR)])


@pytest.mark.parametrize(
    ("source", "target", "refusal", "words"),
    [
        pytest.param([], TARGET, NotFoundError, str(CASE_ID), id="unknown-source"),
        pytest.param([opened()], [], NotFoundError, str(OTHER_ID), id="unknown-target"),
        pytest.param(
            [opened(), solved(at(minutes=1)), closed(at(minutes=2))],
            TARGET,
            CaseClosedError,
            "closed for good",
            id="closed-source",
        ),
        pytest.param([opened(), spam(HOUR)], TARGET, CaseSpamError, "spam", id="spam-source"),
        pytest.param(
            [opened()], [*TARGET, spam(HOUR)], CaseSpamError, str(OTHER_ID), id="spam-target"
        ),
        pytest.param(
            [opened(), merged(HOUR, uid(3))], TARGET, CaseMergedError, str(uid(3)), id="elsewhere"
        ),
        pytest.param(
            [opened(), solved(at(hours=2))],
            TARGET,
            CaseOutOfOrderError,
            "is solved only since",
            id="before-its-solution",
        ),
        pytest.param(
            [opened()],
            [opened(OTHER_ID, at=at(hours=2))],
            CaseOutOfOrderError,
            "to go on in a case opened",
            id="before-the-target",
        ),
    ],
)
def test_what_cannot_be_merged(
    source: list[Any], target: list[Any], refusal: type[DomainError], words: str
) -> None:
    with pytest.raises(refusal, match=words):
        merging(source, target)


def test_INV_S7_a_case_is_not_merged_into_itself() -> None:
    itself = MergeCase(case_id=CASE_ID, into_case_id=CASE_ID, at=HOUR)
    with pytest.raises(MergeCycleError, match="into itself"):
        merging([opened()], [opened()], itself, CASE_ID)
    with pytest.raises(MergeCycleError, match="which was merged into it"):
        merging([opened()], [opened()], INTO, CASE_ID)


# What is open on the source is open on the target


def target(*events: Any) -> list[Any]:
    """The case that goes on: these events are about it."""
    return [attrs.evolve(event, case_id=OTHER_ID) for event in (opened(), *events)]


OPEN, PENDED, HELD = [opened(), answered(MINUTE)], pended(at(minutes=5)), held(at(minutes=5))
REOPENED = reopened(HOUR, "an open case was merged into it")


@pytest.mark.parametrize(
    ("source", "before", "moved"),
    [
        pytest.param(OPEN, [solved(MINUTE)], [REOPENED], id="solved-target"),
        pytest.param([*OPEN, PENDED], [solved(MINUTE)], [REOPENED], id="pending-into-solved"),
        pytest.param(OPEN, [PENDED], [resumed(HOUR)], id="pending-target"),
        pytest.param(OPEN, [HELD], [resumed(HOUR)], id="target-on-hold"),
        pytest.param([*OPEN, HELD], [PENDED], [], id="both-wait"),
        pytest.param([*OPEN, solved(MINUTE)], [PENDED], [], id="solved-into-pending"),
        pytest.param([*OPEN, solved(MINUTE)], [solved(MINUTE)], [], id="both-solved"),
        pytest.param(OPEN, [started(MINUTE)], [], id="open-target"),
        pytest.param(OPEN, [solved(at(hours=2))], [], id="merged-before-the-solution"),
    ],
)
def test_an_open_case_leaves_an_open_case(
    source: list[Any], before: list[Any], moved: list[Any]
) -> None:
    """osTicket#5194: joining an open concern to a finished one leaves an open concern."""
    done = merging(source, target(*before))
    expected = [attrs.evolve(one, case_id=OTHER_ID) for one in moved]
    assert done == Merge([merged(HOUR)], [*expected, absorbed(HOUR)])


def test_an_open_case_is_not_merged_into_one_that_can_no_longer_be_reopened() -> None:
    late = MergeCase(case_id=CASE_ID, into_case_id=OTHER_ID, at=at(days=30))
    with pytest.raises(ReopenWindowPassedError, match="could be reopened for"):
        merging(OPEN, target(solved(MINUTE)), late)
    over = merging([*OPEN, solved(MINUTE)], target(solved(MINUTE)), late)
    assert over.target == [absorbed(at(days=30))]


LEVELS = [
    goal(FIRST, hours(4), calendar=ELAPSED.name),
    goal(NEXT, hours(4), calendar=ELAPSED.name, pauses=WAITING),
    goal(SOLUTION, hours(9), calendar=ELAPSED.name),
]
FROM_OPENING = attach(START, *LEVELS)
FROM_ATTACHMENT = attach(START, but(LEVELS[1], anchor=Anchor.ATTACHED))


@pytest.mark.parametrize(
    ("promised", "before", "since"),
    [
        pytest.param(FROM_OPENING, [answered(at(minutes=30))], START, id="answered"),
        pytest.param(FROM_OPENING, [answered(at(minutes=30)), PENDED], START, id="waiting"),
        pytest.param(
            FROM_ATTACHMENT, [answered(at(minutes=30))], HOUR, id="counted-from-the-merge"
        ),
    ],
)
def test_the_question_of_the_source_is_owed_an_answer_by_the_target(
    promised: Any, before: list[Any], since: datetime
) -> None:
    """It has waited since it was asked; a wait of the target before the merge is none of its own."""
    into = target(promised, *before)
    joined = [*into, *merging([opened(), started(MINUTE)], into).target]
    assert (1, NEXT, 1) not in target_clocks(joined, as_of=HOUR - TICK)
    found = clock_of(joined, NEXT)
    assert (found.started_at, found.due_at) == (since, since + hours(4))
    joined += target(answered(at(hours=3), 101))[1:]
    assert clock_of(joined, NEXT).completed_at == at(hours=3)


def test_a_solved_target_owes_a_solution_and_an_answer_again() -> None:
    into = target(FROM_OPENING, answered(at(minutes=20)), solved(at(minutes=30)))
    policy = CasePolicy(
        service_levels=ServiceLevelVersion(
            START, "1", (ServiceLevelPolicy(name="A", targets=tuple(LEVELS)),), (ELAPSED,)
        )
    )
    source = AGGREGATE.fold([opened(), started(MINUTE)])
    done = merge(INTO, source, OTHER_ID, AGGREGATE.fold(into), policy)
    found = target_clocks([*into, *done.target])
    assert {key for key, clock in found.items() if clock.completed_at is None} == {
        (2, NEXT, 1),
        (2, SOLUTION, 1),
    }
    assert (found[2, NEXT, 1].started_at, found[2, SOLUTION, 1].started_at) == (START, HOUR)


def test_the_first_response_to_the_target_answers_the_source_too() -> None:
    into = target(FROM_OPENING)
    joined = [*into, *merging([opened()], into).target]
    answer = target(answered(at(hours=2)))[1:]
    assert {key[1] for key in target_clocks([*joined, *answer])} == {FIRST, SOLUTION}
