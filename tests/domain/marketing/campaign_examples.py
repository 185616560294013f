"""Campaigns, members and what the company knows of reaching them, for the tests of marketing."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import attrs

from crmcore.domain.kernel import Channel, Money
from crmcore.domain.marketing.campaign import decisions as campaign
from crmcore.domain.marketing.campaign import planning, running
from crmcore.domain.marketing.campaign import state as campaign_state
from crmcore.domain.marketing.campaign.messages.planning import (
    CampaignPlanned,
    PlanCampaign,
    PlanningCommand,
)
from crmcore.domain.marketing.campaign.state import Campaign, NotPlanned
from crmcore.domain.marketing.membership import addressing, results
from crmcore.domain.marketing.membership import decisions as membership
from crmcore.domain.marketing.membership import state as membership_state
from crmcore.domain.marketing.membership.messages.addressing import (
    AddressingCommand,
    SendMessage,
    TargetMember,
)
from crmcore.domain.marketing.membership.messages.results import ResultCommand
from crmcore.domain.marketing.membership.state import membership_id
from crmcore.domain.marketing.suppression import Reach
from tests.scenario import Scenario, at, uid

SPRING, ANN, BEN = uid(1), uid(21), uid(22)
CLEAR = Reach(active=True, consented=True)
WITHDRAWN = Reach(active=True, consented=False, reasons=("withdrawn",))


def euros(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def plan(**fields: Any) -> PlanCampaign:
    given = {
        "campaign_id": SPRING,
        "name": "Spring",
        "kind": "coupons",
        "channel": Channel.POST,
        "currency": "EUR",
        "starts_at": at(days=7),
        "ends_at": at(days=35),
        "at": at(),
    }
    return PlanCampaign(**{**given, **fields})


def decide_campaign(command: Any, state: campaign_state.State) -> Sequence[campaign_state.Event]:
    """As the service does: planning or running, whichever the command belongs to."""
    if isinstance(command, PlanningCommand):
        return planning.decide(command, state)
    return running.decide(command, state)


CAMPAIGNS = Scenario(campaign.AGGREGATE, decide_campaign)


def planned(**fields: Any) -> CampaignPlanned:
    (event,) = planning.decide(plan(**fields), NotPlanned())
    assert isinstance(event, CampaignPlanned)
    return event


def about(
    status: campaign_state.CampaignStatus = campaign_state.CampaignStatus.RUNNING, **fields: Any
) -> Campaign:
    """A campaign in *status*, running if nothing is said."""
    state = campaign.AGGREGATE.fold([planned(**fields)])
    assert isinstance(state, Campaign)
    return attrs.evolve(state, status=status)


def decide_membership(
    command: Any, state: membership_state.State, known: Campaign | None = None, reach: Reach = CLEAR
) -> Sequence[membership_state.Event]:
    """As the service does: addressing or results, whichever the command belongs to."""
    known = known or about()
    if isinstance(command, AddressingCommand):
        return addressing.decide(command, state, known, reach)
    assert isinstance(command, ResultCommand)
    return results.decide(command, state, known)


MEMBERS = Scenario(membership.AGGREGATE, decide_membership)


def of_ann(**fields: Any) -> dict[str, Any]:
    """What every event of Ann's membership carries."""
    return {
        "membership_id": membership_id(SPRING, ANN),
        "campaign_id": SPRING,
        "customer_id": ANN,
        **fields,
    }


def to_ann(**fields: Any) -> dict[str, Any]:
    """What every command on Ann's membership carries."""
    return {"campaign_id": SPRING, "customer_id": ANN, "at": at(days=8), **fields}


def target(**fields: Any) -> TargetMember:
    return TargetMember(**to_ann(**{"list_name": "regulars", "at": at(days=6), **fields}))


def send(number: int = 101, **fields: Any) -> SendMessage:
    return SendMessage(**to_ann(message_id=uid(number), **fields))
