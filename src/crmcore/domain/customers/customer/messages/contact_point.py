"""A contact point: one address, number or handle under which a customer can be reached.

The same address may belong to several customers (a reception's telephone): a match is
evidence, never identity.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import (
    Length,
    Personal,
    command,
    event,
)

__all__ = [
    "AddContactPoint",
    "ChangePrimaryContactPoint",
    "ContactKind",
    "ContactPointAdded",
    "ContactPointInvalidated",
    "ContactPointRemoved",
    "ContactPointVerified",
    "InvalidReason",
    "InvalidateContactPoint",
    "PrimaryContactPointChanged",
    "RemoveContactPoint",
    "VerifyContactPoint",
]


class ContactKind(StrEnum):
    """What kind of address a contact point is."""

    EMAIL = "email"
    PHONE = "phone"
    POSTAL = "postal"
    SOCIAL = "social"
    PUSH = "push"


class InvalidReason(StrEnum):
    """Why a contact point no longer serves: it bounced, it does not exist, or a person said so."""

    BOUNCE = "bounce"
    HARD = "hard"
    USER = "user"


# Events


@event
class ContactPointAdded:
    """The customer can be reached here: as entered, and in the form that machines use."""

    TOPIC: ClassVar[str] = "contact-point-added"
    SENTENCE: ClassVar[str] = (
        "can be reached by {kind:words}: {value}[ ({label})][, first choice{is_primary:if}]"
    )
    customer_id: UUID
    point_id: UUID
    kind: ContactKind
    value: Annotated[str, Personal()]
    normalised: Annotated[str, Personal()]
    label: Annotated[str, Personal()] | None
    is_primary: bool
    at: datetime


@event
class ContactPointVerified:
    """The customer proved to be reachable here."""

    TOPIC: ClassVar[str] = "contact-point-verified"
    SENTENCE: ClassVar[str] = "proved to be reachable at contact point {point_id:numbered}"
    customer_id: UUID
    point_id: UUID
    at: datetime


@event
class ContactPointInvalidated:
    """The customer cannot be reached here (any longer)."""

    TOPIC: ClassVar[str] = "contact-point-invalidated"
    SENTENCE: ClassVar[str] = (
        "cannot be reached at contact point {point_id:numbered}: {reason:words}"
    )
    customer_id: UUID
    point_id: UUID
    reason: InvalidReason
    at: datetime


@event
class ContactPointRemoved:
    """The contact point is not to be used."""

    TOPIC: ClassVar[str] = "contact-point-removed"
    SENTENCE: ClassVar[str] = "contact point {point_id:numbered} is not to be used any more"
    customer_id: UUID
    point_id: UUID
    at: datetime


@event
class PrimaryContactPointChanged:
    """Another contact point of this kind comes first now; none where ``point_id`` is None."""

    TOPIC: ClassVar[str] = "primary-contact-point-changed"
    SENTENCE: ClassVar[str] = (
        "{kind:words}: another contact point comes first[, {point_id:numbered}]"
    )
    customer_id: UUID
    kind: ContactKind
    point_id: UUID | None
    at: datetime


PointEvent = (
    ContactPointAdded
    | ContactPointVerified
    | ContactPointInvalidated
    | ContactPointRemoved
    | PrimaryContactPointChanged
)

# Commands


@command
class AddContactPoint:
    """Note down where the customer can be reached.

    ``region`` (ISO 3166, such as "US") tells how to read a telephone number without a country
    code.  The first of its kind is the primary one; ``primary`` makes a later one so.
    """

    TOPIC: ClassVar[str] = "add-contact-point"
    customer_id: UUID
    point_id: UUID
    kind: ContactKind
    value: Annotated[str, Length(1_000), Personal()]
    at: datetime
    label: Annotated[str, Length(60), Personal()] | None = None
    region: Annotated[str, Length(2)] | None = None
    primary: bool = False


@command
class VerifyContactPoint:
    """Note that the customer proved to be reachable here."""

    TOPIC: ClassVar[str] = "verify-contact-point"
    customer_id: UUID
    point_id: UUID
    at: datetime


@command
class InvalidateContactPoint:
    """Take a contact point out of use, because it does not work; the first reason stands."""

    TOPIC: ClassVar[str] = "invalidate-contact-point"
    customer_id: UUID
    point_id: UUID
    reason: InvalidReason
    at: datetime


@command
class RemoveContactPoint:
    """Take a contact point away."""

    TOPIC: ClassVar[str] = "remove-contact-point"
    customer_id: UUID
    point_id: UUID
    at: datetime


@command
class ChangePrimaryContactPoint:
    """Make this contact point the first choice of its kind."""

    TOPIC: ClassVar[str] = "change-primary-contact-point"
    customer_id: UUID
    point_id: UUID
    at: datetime


PointCommand = (
    AddContactPoint
    | VerifyContactPoint
    | InvalidateContactPoint
    | RemoveContactPoint
    | ChangePrimaryContactPoint
)
