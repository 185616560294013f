"""Registration: how a customer is taken on, named, put aside and taken up again.

A part of the customer's stream: its events and commands.  ``customer`` decides on them.
"""

import re
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.customers.lifecycle import LifecycleStage
from crmcore.domain.kernel import InvalidValueError, Length, Personal, command, event

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
    "registered",
]


class CustomerKind(StrEnum):
    """Who can be a customer."""

    PERSON = "person"
    ORGANISATION = "organisation"


# Events


@event
class CustomerRegistered:
    """The company knows this person or organisation from now on; what was not told is None."""

    TOPIC: ClassVar[str] = "customer-registered"
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
    customer_id: UUID
    name: Annotated[str, Personal()]
    at: datetime


@event
class CustomerDeactivated:
    """No business with this customer until further notice."""

    TOPIC: ClassVar[str] = "customer-deactivated"
    customer_id: UUID
    reason: Annotated[str, Personal()]
    at: datetime


@event
class CustomerReactivated:
    """Business with this customer goes on."""

    TOPIC: ClassVar[str] = "customer-reactivated"
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


def registered(command: RegisterCustomer, at: datetime) -> CustomerRegistered:
    """The event of *command*, true at *at*; refused where the country is no country code."""
    country = command.country and command.country.upper()
    if country is not None and not re.fullmatch("[A-Z]{2}", country):
        raise InvalidValueError("country", command.country, "two letters (ISO 3166) such as US")
    return CustomerRegistered(
        customer_id=command.customer_id,
        kind=command.kind,
        name=command.name,
        stage=command.stage,
        legal_name=command.legal_name,
        registration_number=command.registration_number,
        country=country,
        at=at,
    )
