"""What a customer allows or forbids, by which channel and for what purpose.

The fields are those that a record of consent needs (ISO/IEC TS 27560): who, for what, on which
ground, under which notice, how it was given, until when.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import (
    Channel,
    Length,
    Personal,
    Purpose,
    command,
    event,
)

__all__ = [
    "ConfirmConsent",
    "ConsentConfirmed",
    "ConsentGiven",
    "ConsentWithdrawn",
    "GiveConsent",
    "LawfulBasis",
    "ObjectionRaised",
    "RaiseObjection",
    "WithdrawConsent",
]


class LawfulBasis(StrEnum):
    """The grounds of GDPR article 6."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal_obligation"
    VITAL_INTERESTS = "vital_interests"
    PUBLIC_TASK = "public_task"
    LEGITIMATE_INTERESTS = "legitimate_interests"


# Events


@event
class ConsentGiven:
    """There is a ground for this purpose by this channel; ``point_id`` None: by all its points."""

    TOPIC: ClassVar[str] = "consent-given"
    SENTENCE: ClassVar[str] = (
        "allowed {purpose:words} by {channel:words}[ until {expires_at}][, told by {method}]"
        "[, yet to be confirmed{to_be_confirmed:if}]"
    )
    ledger_id: UUID
    customer_id: UUID
    consent_id: UUID
    channel: Channel
    purpose: Purpose
    point_id: UUID | None
    lawful_basis: LawfulBasis
    notice_version: str | None
    method: str | None
    evidence: Annotated[str, Personal()] | None
    jurisdiction: str | None
    expires_at: datetime | None
    to_be_confirmed: bool
    at: datetime


@event
class ConsentConfirmed:
    """The customer confirmed a consent (the second step of a double opt-in)."""

    TOPIC: ClassVar[str] = "consent-confirmed"
    SENTENCE: ClassVar[str] = "confirmed a consent"
    ledger_id: UUID
    customer_id: UUID
    consent_id: UUID
    evidence: Annotated[str, Personal()] | None
    at: datetime


@event
class ConsentWithdrawn:
    """The customer allows it no longer; None stands for every channel, purpose or point."""

    TOPIC: ClassVar[str] = "consent-withdrawn"
    SENTENCE: ClassVar[str] = (
        "withdrew consent[ to {purpose:words}][ by {channel:words}][, told by {method}]"
    )
    ledger_id: UUID
    customer_id: UUID
    channel: Channel | None
    purpose: Purpose | None
    point_id: UUID | None
    method: str | None
    evidence: Annotated[str, Personal()] | None
    at: datetime


@event
class ObjectionRaised:
    """The customer objects to a purpose (GDPR article 21); None stands for every channel."""

    TOPIC: ClassVar[str] = "objection-raised"
    SENTENCE: ClassVar[str] = "objected to {purpose:words}[ by {channel:words}]"
    ledger_id: UUID
    customer_id: UUID
    channel: Channel | None
    purpose: Purpose
    evidence: Annotated[str, Personal()] | None
    at: datetime


# Commands


@command
class GiveConsent:
    """Record that the customer allows something, or another ground on which it is allowed.

    It holds from ``at`` until ``expires_at`` (excluded); with ``to_be_confirmed`` it begins with
    ``confirm-consent``.  ``jurisdiction`` is whose law applies, such as "DE" or "US-CA".
    """

    TOPIC: ClassVar[str] = "give-consent"
    customer_id: UUID
    consent_id: UUID
    channel: Channel
    purpose: Purpose
    at: datetime
    point_id: UUID | None = None
    lawful_basis: LawfulBasis = LawfulBasis.CONSENT
    notice_version: Annotated[str, Length(100)] | None = None
    method: Annotated[str, Length(100)] | None = None
    evidence: Annotated[str, Length(2_000), Personal()] | None = None
    jurisdiction: Annotated[str, Length(20)] | None = None
    expires_at: datetime | None = None
    to_be_confirmed: bool = False


@command
class ConfirmConsent:
    """Record that the customer confirmed a consent (double opt-in)."""

    TOPIC: ClassVar[str] = "confirm-consent"
    customer_id: UUID
    consent_id: UUID
    at: datetime
    evidence: Annotated[str, Length(2_000), Personal()] | None = None


@command
class WithdrawConsent:
    """Record that the customer allows it no longer; as easy as giving, so nothing is required.

    Without channel, purpose or contact point it is withdrawn for all of them.
    """

    TOPIC: ClassVar[str] = "withdraw-consent"
    customer_id: UUID
    at: datetime
    channel: Channel | None = None
    purpose: Purpose | None = None
    point_id: UUID | None = None
    method: Annotated[str, Length(100)] | None = None
    evidence: Annotated[str, Length(2_000), Personal()] | None = None


@command
class RaiseObjection:
    """Record that the customer objects to a purpose; without a channel, to all of them."""

    TOPIC: ClassVar[str] = "raise-objection"
    customer_id: UUID
    purpose: Purpose
    at: datetime
    channel: Channel | None = None
    evidence: Annotated[str, Length(2_000), Personal()] | None = None


Event = ConsentGiven | ConsentConfirmed | ConsentWithdrawn | ObjectionRaised
Command = GiveConsent | ConfirmConsent | WithdrawConsent | RaiseObjection
