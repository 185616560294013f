"""Customers: who they are, how they are reached, what they allow and what was said."""

from crmcore.application import customers, leads, opportunities
from crmcore.application.customers.public import ContactNormaliser, Customers
from crmcore.application.service.public import Cases
from crmcore.contexts.context import Context
from crmcore.infrastructure.contact_points import LibraryContactNormaliser
from crmcore.projections.customers import directory, history


def _service(normaliser: ContactNormaliser, cases: Cases) -> customers.CustomerService:
    return customers.CustomerService(
        normaliser=normaliser,
        case_exists=cases.exists,
        lead_exists=leads.lead_exists,
        opportunity_exists=opportunities.opportunity_exists,
    )


CUSTOMERS = Context(
    name="customers",
    aggregates=customers.AGGREGATES,
    services=(_service,),
    provides={ContactNormaliser: LibraryContactNormaliser, Customers: Customers},
    projections=(history.customer_history, directory.customer_directory),
)
