"""Customers: who they are, how they are reached, what they allow and what was said."""

from typing import TYPE_CHECKING

from crmcore.application.customers.public import ContactNormaliser, Customers
from crmcore.application.customers.service import CustomerService
from crmcore.application.sales.public import Leads, Opportunities
from crmcore.application.service.public import Cases
from crmcore.contexts.context import Context
from crmcore.domain.customers import external_identity, interaction, note
from crmcore.domain.customers.consent import decisions as consent
from crmcore.domain.customers.customer import decisions as customer
from crmcore.infrastructure.contact_points import LibraryContactNormaliser
from crmcore.projections.customers import directory, history

if TYPE_CHECKING:  # the names of crmcore.commands and crmcore.events
    from crmcore.domain.customers.consent.messages import *
    from crmcore.domain.customers.customer.messages.contact_point import *
    from crmcore.domain.customers.customer.messages.lifecycle import *
    from crmcore.domain.customers.customer.messages.preference import *
    from crmcore.domain.customers.customer.messages.registration import *
    from crmcore.domain.customers.external_identity import *
    from crmcore.domain.customers.interaction import *
    from crmcore.domain.customers.note import *


def _service(normaliser: ContactNormaliser, customers: Customers) -> CustomerService:
    return CustomerService(
        normaliser=normaliser,
        case_exists=Cases().exists,
        lead_exists=Leads().exists,
        opportunity_exists=Opportunities().exists,
        customers=customers,
    )


CUSTOMERS = Context(
    name="customers",
    aggregates=(
        customer.AGGREGATE,
        external_identity.AGGREGATE,
        note.AGGREGATE,
        interaction.AGGREGATE,
        consent.AGGREGATE,
    ),
    services=(_service,),
    provides={ContactNormaliser: LibraryContactNormaliser, Customers: Customers},
    projections=(history.customer_history, directory.customer_directory),
)
