"""Capturing a lead and what becomes known of it: commands and events, and the words they use.

E-mail addresses and phone numbers arrive as they were typed; the command service brings
them into their normal form before anything is decided.  ``region`` (ISO 3166, such as "US")
says how to read a telephone number without a country code.
"""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Length, Personal, Text, command, event, value

__all__ = [
    "CaptureLead",
    "EnrichLead",
    "LeadAttribute",
    "LeadCaptured",
    "LeadEnriched",
    "LeadInquiryRepeated",
    "LeadSource",
    "Utm",
]


class LeadSource(StrEnum):
    """Where the interest came from."""

    CALL = "call"
    EMAIL = "email"
    EXISTING_CUSTOMER = "existing_customer"
    PARTNER = "partner"
    PR = "pr"
    WEBSITE = "website"
    CAMPAIGN = "campaign"
    EVENT = "event"
    REFERRAL = "referral"
    OTHER = "other"


@value
class Utm:
    """The campaign parameters of the link that brought the lead (``utm_source`` and so on)."""

    source: Annotated[str, Length(200)] | None = None
    medium: Annotated[str, Length(200)] | None = None
    campaign: Annotated[str, Length(200)] | None = None
    term: Annotated[str, Length(200)] | None = None
    content: Annotated[str, Length(200)] | None = None


@value
class LeadAttribute:
    """Something known about a lead under a name of one's own choice: its region, its size."""

    key: Annotated[str, Length(100)]
    value: Annotated[str, Length(1_000)]


Name = Annotated[str, Length(200), Personal()]
EmailAddress = Annotated[str, Length(320), Personal()]
PhoneNumber = Annotated[str, Length(50), Personal()]
Attributes = Annotated[tuple[LeadAttribute, ...], Personal()]


@command
class CaptureLead:
    """Record that someone showed interest; needs a name, a company, an address or a number.

    An e-mail address that an open lead or a converted one already holds makes this an
    inquiry of that lead instead of a second lead.
    """

    TOPIC: ClassVar[str] = "capture-lead"
    lead_id: UUID
    source: LeadSource
    campaign_id: UUID | None = None
    utm: Utm | None = None
    first_touch: Annotated[Text, Personal()] | None = None
    name: Name | None = None
    company: Name | None = None
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    region: Annotated[str, Length(2)] | None = None
    interests: tuple[Annotated[str, Length(200)], ...] = ()
    attributes: Attributes = ()
    at: datetime


@command
class EnrichLead:
    """Add to what is known of a lead, or put it right; fields left out stay as they are."""

    TOPIC: ClassVar[str] = "enrich-lead"
    lead_id: UUID
    name: Name | None = None
    company: Name | None = None
    email: EmailAddress | None = None
    phone: PhoneNumber | None = None
    region: Annotated[str, Length(2)] | None = None
    interests: tuple[Annotated[str, Length(200)], ...] = ()
    attributes: Attributes = ()
    at: datetime


@event
class LeadCaptured:
    """Someone showed interest for the first time."""

    TOPIC: ClassVar[str] = "lead-captured"
    SENTENCE: ClassVar[str] = (
        "first showed interest[ as {name}][ of {company}], by {source:words}[, {campaign_id:named}]"
    )
    lead_id: UUID
    source: LeadSource
    campaign_id: UUID | None
    utm: Utm | None
    first_touch: Annotated[str | None, Personal()]
    name: Annotated[str | None, Personal()]
    company: Annotated[str | None, Personal()]
    email: Annotated[str | None, Personal()]
    phone: Annotated[str | None, Personal()]
    interests: tuple[str, ...]
    attributes: Annotated[tuple[LeadAttribute, ...], Personal()]
    at: datetime


@event
class LeadInquiryRepeated:
    """The same address asked again: while the lead was open, or of the *customer* it has become.

    ``inquiry_id`` is the identity that the inquiry was captured under.
    """

    TOPIC: ClassVar[str] = "lead-inquiry-repeated"
    SENTENCE: ClassVar[str] = "asked again, by {source:words}[, {campaign_id:named}]"
    lead_id: UUID
    inquiry_id: UUID
    customer_id: UUID | None
    source: LeadSource
    campaign_id: UUID | None
    utm: Utm | None
    first_touch: Annotated[str | None, Personal()]
    name: Annotated[str | None, Personal()]
    company: Annotated[str | None, Personal()]
    phone: Annotated[str | None, Personal()]
    interests: tuple[str, ...]
    attributes: Annotated[tuple[LeadAttribute, ...], Personal()]
    at: datetime


@event
class LeadEnriched:
    """More became known of the lead, or something known was put right; None: nothing new."""

    TOPIC: ClassVar[str] = "lead-enriched"
    SENTENCE: ClassVar[str] = (
        "more became known[: name {name}][, company {company}][, e-mail {email}][, phone {phone}]"
    )
    lead_id: UUID
    name: Annotated[str | None, Personal()]
    company: Annotated[str | None, Personal()]
    email: Annotated[str | None, Personal()]
    phone: Annotated[str | None, Personal()]
    interests: tuple[str, ...]
    attributes: Annotated[tuple[LeadAttribute, ...], Personal()]
    at: datetime


CaptureCommand = CaptureLead | EnrichLead
CaptureEvent = LeadCaptured | LeadInquiryRepeated | LeadEnriched
