"""What the core is made of: every kind of stream, and the handler of every command."""

from typing import Any

from crmcore.application import customers, feedback, marketing, service
from crmcore.application.customers.public import ContactNormaliser, Customers
from crmcore.application.marketing.public import Campaigns
from crmcore.application.policies import STANDARD_POLICIES, Policies
from crmcore.application.sales.lead_addresses import Pseudonym
from crmcore.application.sales.leads import LeadService
from crmcore.application.sales.opportunities import OpportunityService
from crmcore.application.sales.orders import OrderService
from crmcore.application.sales.public import Leads, Opportunities
from crmcore.application.work import Handler, derived_handlers
from crmcore.domain.kernel import Aggregate
from crmcore.domain.sales import lead_address
from crmcore.domain.sales.assignment import decisions as assignment_policy
from crmcore.domain.sales.lead import decisions as lead
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.order import decisions as order

__all__ = ["AGGREGATES", "EVENTS", "command_handlers"]

AGGREGATES: tuple[Aggregate[Any, Any], ...] = (
    *customers.AGGREGATES,
    order.AGGREGATE,
    opportunity.AGGREGATE,
    lead.AGGREGATE,
    lead_address.AGGREGATE,
    assignment_policy.AGGREGATE,
    *marketing.AGGREGATES,
    *service.AGGREGATES,
    *feedback.AGGREGATES,
)
EVENTS: tuple[type, ...] = tuple(kind for aggregate in AGGREGATES for kind in aggregate.events)


def command_handlers(
    normaliser: ContactNormaliser,
    pseudonym: Pseudonym,
    policies: Policies = STANDARD_POLICIES,
) -> dict[type, Handler]:
    """The handler of every command, each context's questions to the others answered."""
    people, campaigns, leads = Customers(), Campaigns(), Leads()
    deals = OpportunityService(people, campaigns, leads)
    return {
        **derived_handlers(AGGREGATES),
        **customers.CustomerService(
            normaliser=normaliser,
            case_exists=service.case_exists,
            lead_exists=leads.exists,
            opportunity_exists=Opportunities().exists,
        ).handlers,
        **OrderService(people, campaigns).handlers,
        **deals.handlers,
        **LeadService(normaliser, pseudonym, people, campaigns, deals).handlers,
        **marketing.MarketingService().handlers,
        **service.CaseService(policies.cases).handlers,
        **feedback.FeedbackService(policies.feedback).handlers,
    }
