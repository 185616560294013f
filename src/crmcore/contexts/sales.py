"""Sales: leads, opportunities and orders."""

from crmcore.application import leads, marketing, opportunities, orders
from crmcore.application.customers import ContactNormaliser
from crmcore.application.lead_addresses import Pseudonym
from crmcore.contexts.context import Context
from crmcore.domain.sales.opportunity.messages import OpenOpportunity


def _orders() -> orders.OrderService:
    return orders.OrderService(campaign_exists=marketing.campaign_exists)


def _opportunities() -> opportunities.OpportunityService:
    return opportunities.OpportunityService(
        campaign_exists=marketing.campaign_exists, lead_exists=leads.lead_exists
    )


def _leads(normaliser: ContactNormaliser, pseudonym: Pseudonym) -> leads.LeadService:
    return leads.LeadService(
        normaliser=normaliser,
        pseudonym=pseudonym,
        campaign_exists=marketing.campaign_exists,
        open_opportunity=_opportunities().handlers[OpenOpportunity],
    )


SALES = Context(
    name="sales",
    aggregates=(*orders.AGGREGATES, *opportunities.AGGREGATES, *leads.AGGREGATES),
    services=(_orders, _opportunities, _leads),
)
