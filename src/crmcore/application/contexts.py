"""What the core is made of: every kind of stream, and the handler of every command."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from crmcore.application import (
    customers,
    leads,
    marketing,
    opportunities,
    orders,
)
from crmcore.application.customers import ContactNormaliser
from crmcore.application.policies import STANDARD_POLICIES, Policies
from crmcore.application.service.cases import CaseService
from crmcore.application.service.public import Cases
from crmcore.application.service.surveys import SurveyService
from crmcore.application.work import Handler, on_one_stream
from crmcore.domain.kernel import Aggregate
from crmcore.domain.sales.opportunity import OpenOpportunity
from crmcore.domain.service import case_number
from crmcore.domain.service.case.decisions import decide as case
from crmcore.domain.service.levels.version import decisions as versions
from crmcore.domain.service.survey import decisions as survey
from crmcore.domain.service.survey import throttle

__all__ = ["AGGREGATES", "EVENTS", "command_handlers"]

AGGREGATES: tuple[Aggregate[Any, Any], ...] = (
    *customers.AGGREGATES,
    *orders.AGGREGATES,
    *opportunities.AGGREGATES,
    *leads.AGGREGATES,
    *marketing.AGGREGATES,
    case.AGGREGATE,
    case_number.AGGREGATE,
    versions.AGGREGATE,
    survey.AGGREGATE,
    throttle.AGGREGATE,
)
EVENTS: tuple[type, ...] = tuple(kind for aggregate in AGGREGATES for kind in aggregate.events)


def _survey() -> Handler:
    one = survey.AGGREGATE
    assert one.decide is not None
    assert one.stream_id is not None
    return on_one_stream(one, one.decide, one.stream_id)


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
            case_exists=Cases().exists,
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
        **dict.fromkeys(survey.AGGREGATE.commands, _survey()),
        **CaseService(policies.cases).handlers,
        **SurveyService(policies.feedback).handlers,
    }
