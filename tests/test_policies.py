"""What an organisation decides for itself: each policy given to ``open`` holds for what it is about."""

import pickle
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

import crmcore
from crmcore.commands import OfferSurvey, RegisterCustomer, ReopenCase, SolveCase
from crmcore.domain.customers.customer.messages.registration import CustomerKind
from crmcore.domain.kernel import Channel, NotAllowedError
from crmcore.domain.service.case.messages.opening import CasePrioritised
from crmcore.domain.service.survey.messages import SurveyKind
from crmcore.domain.service.survey.throttle import CustomerThrottledError
from crmcore.policies import (
    STANDARD_POLICIES,
    CasePolicy,
    FeedbackPolicy,
    Impact,
    LoyaltyProgram,
    Policies,
    Priority,
    PriorityMatrix,
    Tier,
    Urgency,
)
from tests.domain.service.case_examples import CUSTOMER, open_case
from tests.histories import Clock
from tests.projections.examples import order
from tests.scenario import START, at, uid

A, B = uid(1), uid(2)
CALM = PriorityMatrix(version="calm-1", cells=dict.fromkeys(product(Impact, Urgency), Priority.LOW))
OURS = Policies(
    cases=CasePolicy(matrix=CALM, reopen_window=timedelta(days=1)),
    feedback=FeedbackPolicy(version="often-1", throttle=timedelta(0)),
    loyalty=LoyaltyProgram(
        version="friends-1", points_per_unit=Decimal(3), tiers=(Tier("friend", Decimal(0)),)
    ),
)


@pytest.fixture(params=[Policies(), OURS], ids=["standard", "ours"])
def policies(request: pytest.FixtureRequest) -> Policies:
    chosen: Policies = request.param
    return chosen


@pytest.fixture
def crm(database_url: str, policies: Policies) -> Iterator[crmcore.CRM]:
    with crmcore.open(database_url, clock=Clock(), policies=policies) as opened:
        opened.execute(
            RegisterCustomer(
                customer_id=CUSTOMER, kind=CustomerKind.PERSON, name="Ada", at=at(days=-9)
            ),
            by="ann",
        )
        yield opened


def solve(crm: crmcore.CRM, case_id: Any) -> None:
    crm.execute(open_case(case_id, customer_id=CUSTOMER), by="ann")
    crm.execute(SolveCase(case_id=case_id, resolution_code="done", at=at(hours=1)), by="ann")


def test_the_reopen_window_is_that_of_the_policy(crm: crmcore.CRM, policies: Policies) -> None:
    solve(crm, A)
    command = ReopenCase(case_id=A, reason="again", at=at(days=2))
    if policies is OURS:
        with pytest.raises(NotAllowedError):
            crm.execute(command, by="ann")
    else:
        assert crm.execute(command, by="ann").events


def test_the_priority_follows_from_the_matrix_of_the_policy(
    crm: crmcore.CRM, policies: Policies
) -> None:
    asked = open_case(A, impact=Impact.HIGH, urgency=Urgency.HIGH)
    events = crm.execute(asked, by="ann").events
    (told,) = [event for event in events if isinstance(event, CasePrioritised)]
    priority = Priority.LOW if policies is OURS else Priority.CRITICAL
    assert (told.priority, told.matrix_version) == (priority, policies.cases.matrix.version)


def test_how_often_a_customer_is_asked_is_that_of_the_policy(
    crm: crmcore.CRM, policies: Policies
) -> None:
    def offer(case_id: Any) -> Any:
        return crm.execute(
            OfferSurvey(
                case_id=case_id,
                cycle=1,
                kind=SurveyKind.CSAT,
                channel=Channel.EMAIL,
                at=at(hours=2),
            ),
            by="ann",
        )

    solve(crm, A)
    solve(crm, B)
    assert offer(A).events[0].policy == policies.feedback.version
    if policies is OURS:
        assert offer(B).events
    else:
        with pytest.raises(CustomerThrottledError):
            offer(B)


def test_what_purchases_earn_is_that_of_the_program(crm: crmcore.CRM, policies: Policies) -> None:
    crm.execute(order(1, "10", START, customer=CUSTOMER), by="ann")
    crm.catch_up()
    found = crm.read.loyalty.get(CUSTOMER)
    assert found is not None
    assert found.points == 10 * policies.loyalty.points_per_unit


@pytest.mark.parametrize("field", ["cases", "feedback", "loyalty"])
def test_a_policy_of_another_kind_is_refused(field: str) -> None:
    given: dict[str, Any] = {field: "standard"}
    with pytest.raises(TypeError, match=field):
        Policies(**given)


def test_policies_go_to_another_process_as_they_are() -> None:
    assert pickle.loads(pickle.dumps(STANDARD_POLICIES)) == STANDARD_POLICIES
