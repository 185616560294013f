"""Going on with one case in another."""

from typing import Any

import pytest

from crmcore.domain.kernel import DomainError, NotFoundError
from crmcore.domain.service.case import (
    AGGREGATE,
    CaseClosedError,
    CaseCustomerIdentified,
    CaseMergedError,
    CaseOutOfOrderError,
    CaseSpamError,
    Merge,
    MergeAcrossCustomersError,
    MergeCase,
    MergeCycleError,
    merge,
)
from tests.domain.case_examples import (
    CASE_ID,
    CUSTOMER,
    MINUTE,
    OTHER_ID,
    STRANGER,
    absorbed,
    closed,
    inherited,
    merged,
    opened,
    solved,
    spam,
)
from tests.domain.service_examples import answered
from tests.scenario import at, uid

HOUR = at(hours=1)
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
