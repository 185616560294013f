"""What can be asked of a lead; ``lead`` decides whether it may be done.

E-mail addresses and phone numbers arrive as they were typed; the command service brings
them into their normal form before anything is decided.  ``region`` (ISO 3166, such as "US")
tells how to read a telephone number without a country code.
"""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Between, Length, Money, Personal, Text, command, value
from crmcore.domain.sales.lead_origin import DisqualificationReason, LeadAttribute, LeadSource, Utm

__all__ = [
    "AcceptLead",
    "AdjustLeadScore",
    "AssignLead",
    "CaptureLead",
    "ContactLead",
    "ConversionOpportunity",
    "ConvertLead",
    "DeclineLead",
    "DisqualifyLead",
    "EnrichLead",
    "LeadCommand",
    "NurtureLead",
    "QualificationStage",
    "QualifyLead",
    "RecordLeadActivity",
    "RecycleLead",
]

Name = Annotated[str, Length(200), Personal()]
EmailAddress = Annotated[str, Length(320), Personal()]
PhoneNumber = Annotated[str, Length(50), Personal()]
Attributes = Annotated[tuple[LeadAttribute, ...], Personal()]
Handle = Annotated[str, Length(100)]


class QualificationStage(StrEnum):
    """Who vouches for the lead; what lies between, acceptance by sales, is ``AcceptLead``."""

    MARKETING = "marketing"
    SALES = "sales"


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


@command
class RecordLeadActivity:
    """Record what the lead did; the scoring model says how many points that is worth.

    The same activity at the same instant is the same fact.
    """

    TOPIC: ClassVar[str] = "record-lead-activity"
    lead_id: UUID
    activity: Annotated[str, Length(100)]
    at: datetime


@command
class AdjustLeadScore:
    """Give or take points by hand, with a reason."""

    TOPIC: ClassVar[str] = "adjust-lead-score"
    lead_id: UUID
    points: Annotated[int, Between(-1_000, 1_000)]
    reason: Annotated[str, Length(500)]
    at: datetime


@command
class AssignLead:
    """Make someone responsible: a named *assignee*, or whoever the policy *policy_id* names."""

    TOPIC: ClassVar[str] = "assign-lead"
    lead_id: UUID
    assignee: Handle | None = None
    assignee_email: EmailAddress | None = None
    policy_id: UUID | None = None
    at: datetime


@command
class AcceptLead:
    """Take an assigned lead on (sales accepted lead)."""

    TOPIC: ClassVar[str] = "accept-lead"
    lead_id: UUID
    at: datetime


@command
class DeclineLead:
    """Give an assigned lead back before working on it."""

    TOPIC: ClassVar[str] = "decline-lead"
    lead_id: UUID
    reason: Annotated[str, Length(500), Personal()]
    at: datetime


@command
class ContactLead:
    """Record an attempt to reach the lead over a channel, and whether it was *reached*."""

    TOPIC: ClassVar[str] = "contact-lead"
    lead_id: UUID
    channel: Annotated[str, Length(50)]
    reached: bool
    at: datetime


@command
class QualifyLead:
    """Vouch for the lead, for marketing or for sales.

    Marketing qualifies by score, unless *explicit*: then a person's judgement counts.
    """

    TOPIC: ClassVar[str] = "qualify-lead"
    lead_id: UUID
    stage: QualificationStage
    explicit: bool = False
    at: datetime


@command
class NurtureLead:
    """Leave the lead to marketing until it is ready, perhaps to look at it again on a date."""

    TOPIC: ClassVar[str] = "nurture-lead"
    lead_id: UUID
    until: date | None = None
    at: datetime


@command
class DisqualifyLead:
    """Give the lead up, for a reason; ``other`` needs a note."""

    TOPIC: ClassVar[str] = "disqualify-lead"
    lead_id: UUID
    reason: DisqualificationReason
    note: Annotated[str, Length(2_000), Personal()] | None = None
    at: datetime


@command
class RecycleLead:
    """Start a disqualified or nurtured lead afresh, unassigned."""

    TOPIC: ClassVar[str] = "recycle-lead"
    lead_id: UUID
    at: datetime


@value
class ConversionOpportunity:
    """The opportunity that a conversion opens; without a name, one that exists already."""

    opportunity_id: UUID
    name: Annotated[str, Length(300), Personal()] | None = None
    amount: Money | None = None
    stage: Annotated[str, Length(60)] | None = None


@command
class ConvertLead:
    """Make a qualified lead a customer, new or known, and open an opportunity if one is named."""

    TOPIC: ClassVar[str] = "convert-lead"
    lead_id: UUID
    customer_id: UUID
    opportunity: Annotated[ConversionOpportunity, Personal()] | None = None
    at: datetime

    @property
    def opportunity_id(self) -> UUID | None:
        """The opportunity, if the conversion comes with one."""
        return self.opportunity.opportunity_id if self.opportunity else None


LeadCommand = (
    CaptureLead
    | EnrichLead
    | RecordLeadActivity
    | AdjustLeadScore
    | AssignLead
    | AcceptLead
    | DeclineLead
    | ContactLead
    | QualifyLead
    | NurtureLead
    | DisqualifyLead
    | RecycleLead
    | ConvertLead
)
