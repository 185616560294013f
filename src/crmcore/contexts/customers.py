"""Customers: who they are, how they are reached, what they allow and what was said."""

from typing import TYPE_CHECKING

from crmcore.application.customers.public import ContactNormaliser, Customers
from crmcore.application.customers.service import CustomerService
from crmcore.contexts.context import Context
from crmcore.domain.customers import external_identity, interaction, note
from crmcore.domain.customers.consent import decisions as consent
from crmcore.domain.customers.customer import decisions as customer
from crmcore.infrastructure.customers.contact_points import LibraryContactNormaliser
from crmcore.projections.customers.directory import customer_directory
from crmcore.projections.customers.history import customer_history
from crmcore.projections.customers.questions import CustomerQuestions

if TYPE_CHECKING:  # the names of crmcore.commands and crmcore.events
    from crmcore.domain.customers.consent.messages import *
    from crmcore.domain.customers.customer.messages.contact_point import *
    from crmcore.domain.customers.customer.messages.lifecycle import *
    from crmcore.domain.customers.customer.messages.preference import *
    from crmcore.domain.customers.customer.messages.registration import *
    from crmcore.domain.customers.external_identity import *
    from crmcore.domain.customers.interaction import *
    from crmcore.domain.customers.note import *


class CustomersReadModels:
    """What can be asked, by its name under ``crm.read``."""

    customers: CustomerQuestions


CUSTOMERS = Context(
    name="customers",
    aggregates=(
        customer.AGGREGATE,
        external_identity.AGGREGATE,
        note.AGGREGATE,
        interaction.AGGREGATE,
        consent.AGGREGATE,
    ),
    services=(CustomerService,),
    provides={ContactNormaliser: LibraryContactNormaliser, Customers: Customers},
    projections=(customer_history, customer_directory),
    questions=CustomersReadModels,
)
