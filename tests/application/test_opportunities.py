"""Opportunities through their service: whose they are, and what they come from."""

from typing import Any
from uuid import UUID

import pytest

from crmcore.application.customers.public import Customers
from crmcore.application.marketing.public import Campaigns
from crmcore.application.sales.opportunities import OpportunityService
from crmcore.application.sales.public import Leads, Opportunities
from crmcore.application.work import Work, derived_handlers
from crmcore.domain.customers.customer import decisions as customer
from crmcore.domain.customers.customer.decisions import CustomerDeactivatedError
from crmcore.domain.customers.customer.messages.registration import (
    CustomerKind,
    DeactivateCustomer,
    RegisterCustomer,
)
from crmcore.domain.kernel import NotFoundError
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.messages import (
    AdvanceOpportunity,
    LoseOpportunity,
    OpenOpportunity,
    ReopenOpportunity,
    WinOpportunity,
)
from crmcore.domain.sales.opportunity.pipeline import Pipeline, Stage, StageKind
from tests.memory_work import MemoryWork
from tests.scenario import at, uid

CUSTOMER, CAMPAIGN, LEAD, DEAL = uid(1), uid(2), uid(3), uid(4)
SHORT = Pipeline(
    key="short",
    name="Short",
    stages=(
        Stage(key="talk", name="Talk", probability=30),
        Stage(key="won", name="Won", probability=100, kind=StageKind.WON),
        Stage(key="lost", name="Lost", probability=0, kind=StageKind.LOST),
    ),
)


class OneCampaign(Campaigns):
    """There is one campaign."""

    def exists(self, work: Work, campaign_id: UUID) -> bool:  # noqa: ARG002  # named as in the class that it stands for
        return campaign_id == CAMPAIGN


class OneLead(Leads):
    """There is one lead."""

    def exists(self, work: Work, lead_id: UUID) -> bool:  # noqa: ARG002  # named as in the class that it stands for
        return lead_id == LEAD


def registered(**changes: Any) -> MemoryWork:
    """A log in which one customer is registered."""
    service = OpportunityService(Customers(), OneCampaign(), OneLead(), **changes)
    work = MemoryWork({**derived_handlers([opportunity.AGGREGATE]), **service.handlers})
    command = RegisterCustomer(
        customer_id=CUSTOMER, kind=CustomerKind.ORGANISATION, name="Initrode", at=at(days=-1)
    )
    work.streams[CUSTOMER] = list(customer.decide(command, customer.AGGREGATE.initial))
    return work


def open_deal(**changes: Any) -> OpenOpportunity:
    given: dict[str, Any] = {
        "opportunity_id": DEAL,
        "customer_id": CUSTOMER,
        "name": "200 seats",
        "at": at(),
    }
    return OpenOpportunity(**{**given, **changes})


def test_a_deal_from_opening_to_reopening() -> None:
    work = registered()
    assert not Opportunities().exists(work, DEAL)
    commands: list[Any] = [
        open_deal(campaign_id=CAMPAIGN, lead_id=LEAD),
        AdvanceOpportunity(opportunity_id=DEAL, stage="proposal", at=at(days=1)),
        LoseOpportunity(opportunity_id=DEAL, reason="price", at=at(days=2)),
        ReopenOpportunity(opportunity_id=DEAL, reason="cheaper now", at=at(days=3)),
        WinOpportunity(opportunity_id=DEAL, at=at(days=4)),
    ]
    assert [event.TOPIC for command in commands for event in work.execute(command)] == [
        "opportunity-opened",
        "opportunity-stage-entered",
        "opportunity-lost",
        "opportunity-reopened",
        "opportunity-won",
    ]
    assert Opportunities().exists(work, DEAL)
    assert opportunity.AGGREGATE.kind == "opportunity"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param(open_deal(customer_id=uid(9)), "customer", id="unknown customer"),
        pytest.param(open_deal(campaign_id=uid(9)), "campaign", id="unknown campaign"),
        pytest.param(open_deal(lead_id=uid(9)), "lead", id="unknown lead"),
        pytest.param(
            WinOpportunity(opportunity_id=DEAL, at=at()), "opportunity", id="unknown opportunity"
        ),
    ],
)
def test_what_a_deal_names_must_exist(command: Any, words: str) -> None:
    work = registered()
    with pytest.raises(NotFoundError, match=words):
        work.execute(command)
    assert DEAL not in work.streams


def test_no_new_deal_with_a_deactivated_customer() -> None:
    work = registered()
    work.execute(open_deal())
    state = customer.AGGREGATE.fold(work.streams[CUSTOMER])
    leave = DeactivateCustomer(customer_id=CUSTOMER, reason="closed down", at=at(days=1))
    work.streams[CUSTOMER] += customer.decide(leave, state)
    with pytest.raises(CustomerDeactivatedError):
        work.execute(open_deal(opportunity_id=uid(8)))
    assert work.execute(open_deal()) == []
    assert work.execute(LoseOpportunity(opportunity_id=DEAL, reason="closed down", at=at(days=2)))


def test_a_company_has_its_own_pipelines() -> None:
    work = registered(pipelines={"short": SHORT})
    with pytest.raises(NotFoundError, match="there are: short"):
        work.execute(open_deal())
    (event,) = work.execute(open_deal(pipeline="short"))
    assert (event.stage, event.probability) == ("talk", 30)
