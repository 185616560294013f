"""Registration: how a customer is taken on, named, deactivated and reactivated."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.customers.customer.messages.lifecycle import LifecycleStage
from crmcore.domain.kernel import (
    Length,
    Personal,
    command,
    event,
)

__all__ = [
    "CorrectCustomerName",
    "CustomerDeactivated",
    "CustomerKind",
    "CustomerNameCorrected",
    "CustomerReactivated",
    "CustomerRegistered",
    "DeactivateCustomer",
    "ReactivateCustomer",
    "RegisterCustomer",
]


class CustomerKind(StrEnum):
    """Who can be a customer."""

    PERSON = "person"
    ORGANISATION = "organisation"


# Events


@event
class CustomerRegistered:
    """The company knows this person or organisation from now on; what is not known is None."""

    TOPIC: ClassVar[str] = "customer-registered"
    SENTENCE: ClassVar[str] = "became a customer: {name} ({kind:words})[, as {stage:words}]"
    customer_id: UUID
    kind: CustomerKind
    name: Annotated[str, Personal()]
    stage: LifecycleStage | None
    legal_name: Annotated[str, Personal()] | None
    registration_number: Annotated[str, Personal()] | None
    country: Annotated[str, Personal()] | None
    at: datetime


@event
class CustomerNameCorrected:
    """This is what the customer is called."""

    TOPIC: ClassVar[str] = "customer-name-corrected"
    SENTENCE: ClassVar[str] = "is called {name}"
    customer_id: UUID
    name: Annotated[str, Personal()]
    at: datetime


@event
class CustomerDeactivated:
    """No business with this customer until further notice."""

    TOPIC: ClassVar[str] = "customer-deactivated"
    SENTENCE: ClassVar[str] = "was deactivated: {reason}"
    customer_id: UUID
    reason: Annotated[str, Personal()]
    at: datetime


@event
class CustomerReactivated:
    """Business with this customer goes on."""

    TOPIC: ClassVar[str] = "customer-reactivated"
    SENTENCE: ClassVar[str] = "is an active customer again"
    customer_id: UUID
    at: datetime


# Commands


@command
class RegisterCustomer:
    """Take a person or an organisation on as a customer.

    ``name`` is what the customer is called, in any script; ``legal_name``,
    ``registration_number`` and ``country`` (ISO 3166, two letters) are the facts of a register.
    """

    TOPIC: ClassVar[str] = "register-customer"
    customer_id: UUID
    kind: CustomerKind
    name: Annotated[str, Length(300), Personal()]
    at: datetime
    stage: LifecycleStage | None = None
    legal_name: Annotated[str, Length(300), Personal()] | None = None
    registration_number: Annotated[str, Length(100), Personal()] | None = None
    country: Annotated[str, Length(2), Personal()] | None = None


@command
class CorrectCustomerName:
    """Put the customer's name right."""

    TOPIC: ClassVar[str] = "correct-customer-name"
    customer_id: UUID
    name: Annotated[str, Length(300), Personal()]
    at: datetime


@command
class DeactivateCustomer:
    """Stop doing business with a customer; what is recorded stays."""

    TOPIC: ClassVar[str] = "deactivate-customer"
    customer_id: UUID
    reason: Annotated[str, Length(1_000), Personal()]
    at: datetime


@command
class ReactivateCustomer:
    """Do business with a deactivated customer again."""

    TOPIC: ClassVar[str] = "reactivate-customer"
    customer_id: UUID
    at: datetime


RegistrationEvent = (
    CustomerRegistered | CustomerNameCorrected | CustomerDeactivated | CustomerReactivated
)
RegistrationCommand = (
    RegisterCustomer | CorrectCustomerName | DeactivateCustomer | ReactivateCustomer
)
