"""What the core is made of: every kind of stream, and the handler of every command."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from crmcore.application import (
    customers,
    feedback,
    leads,
    marketing,
    opportunities,
    orders,
    service,
)
from crmcore.application.customers import ContactNormaliser
from crmcore.application.policies import STANDARD_POLICIES, Policies
from crmcore.application.work import Handler
from crmcore.domain.kernel import Aggregate
from crmcore.domain.sales.opportunity.messages import OpenOpportunity

__all__ = ["AGGREGATES", "EVENTS", "command_handlers"]

AGGREGATES: tuple[Aggregate[Any, Any], ...] = (
    *customers.AGGREGATES,
    *orders.AGGREGATES,
    *opportunities.AGGREGATES,
    *leads.AGGREGATES,
    *marketing.AGGREGATES,
    *service.AGGREGATES,
    *feedback.AGGREGATES,
)
EVENTS: tuple[type, ...] = tuple(kind for aggregate in AGGREGATES for kind in aggregate.events)


def command_handlers(
    normaliser: ContactNormaliser,
    pseudonym: Callable[[str, str], UUID],
    policies: Policies = STANDARD_POLICIES,
) -> dict[type, Handler]:
    """The handler of every command, each context's questions to the others answered."""
    opened = opportunities.OpportunityService(
        campaign_exists=marketing.campaign_exists, lead_exists=leads.lead_exists
    ).handlers
    return {
        **customers.CustomerService(
            normaliser=normaliser,
            case_exists=service.case_exists,
            lead_exists=leads.lead_exists,
            opportunity_exists=opportunities.opportunity_exists,
        ).handlers,
        **orders.OrderService(campaign_exists=marketing.campaign_exists).handlers,
        **opened,
        **leads.LeadService(
            normaliser=normaliser,
            pseudonym=pseudonym,
            campaign_exists=marketing.campaign_exists,
            open_opportunity=opened[OpenOpportunity],
        ).handlers,
        **marketing.MarketingService().handlers,
        **service.CaseService(policies.cases).handlers,
        **feedback.FeedbackService(policies.feedback).handlers,
    }
