"""Whether a lead is worth pursuing, up to its conversion: commands and events, and the words they use."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Length, Money, Personal, command, event, value

__all__ = [
    "ConversionOpportunity",
    "ConvertLead",
    "DisqualificationReason",
    "DisqualifyLead",
    "LeadConverted",
    "LeadDisqualified",
    "LeadMarketingQualified",
    "LeadNurtured",
    "LeadRecycled",
    "LeadSalesQualified",
    "NurtureLead",
    "QualificationStage",
    "QualifyLead",
    "RecycleLead",
]


class QualificationStage(StrEnum):
    """Who vouches for the lead; what lies between, acceptance by sales, is ``AcceptLead``."""

    MARKETING = "marketing"
    SALES = "sales"


class DisqualificationReason(StrEnum):
    """Why a lead is not worth pursuing; ``other`` asks for a note."""

    NO_BUDGET = "no_budget"
    NO_NEED = "no_need"
    NO_AUTHORITY = "no_authority"
    BAD_TIMING = "bad_timing"
    CHOSE_COMPETITOR = "chose_competitor"
    UNREACHABLE = "unreachable"
    DUPLICATE = "duplicate"
    INVALID_CONTACT = "invalid_contact"
    SPAM = "spam"
    OTHER = "other"


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


@event
class LeadMarketingQualified:
    """The lead is worth a salesperson's time: its score says so, or a person (*explicit*)."""

    TOPIC: ClassVar[str] = "lead-marketing-qualified"
    SENTENCE: ClassVar[str] = "qualified by marketing, score {score}[, by hand{explicit:if}]"
    lead_id: UUID
    score: Decimal
    model_version: str
    explicit: bool
    at: datetime


@event
class LeadSalesQualified:
    """Talking to the lead showed that it can become business (sales qualified lead)."""

    TOPIC: ClassVar[str] = "lead-sales-qualified"
    SENTENCE: ClassVar[str] = "qualified by sales"
    lead_id: UUID
    at: datetime


@event
class LeadNurtured:
    """The lead is not ready; marketing keeps in touch, to look at it again on a date."""

    TOPIC: ClassVar[str] = "lead-nurtured"
    SENTENCE: ClassVar[str] = "not ready yet[: look again on {until}]"
    lead_id: UUID
    until: date | None
    at: datetime


@event
class LeadDisqualified:
    """The lead is not worth pursuing."""

    TOPIC: ClassVar[str] = "lead-disqualified"
    SENTENCE: ClassVar[str] = "not pursued: {reason:words}[ ({note})]"
    lead_id: UUID
    reason: DisqualificationReason
    note: Annotated[str | None, Personal()]
    at: datetime


@event
class LeadRecycled:
    """The lead starts afresh, in its *cycle*-th turn; what is known of it stays."""

    TOPIC: ClassVar[str] = "lead-recycled"
    SENTENCE: ClassVar[str] = "starts afresh, turn {cycle}"
    lead_id: UUID
    cycle: int
    at: datetime


@event
class LeadConverted:
    """The lead became a customer, and perhaps an opportunity; from now on the lead is read-only."""

    TOPIC: ClassVar[str] = "lead-converted"
    SENTENCE: ClassVar[str] = "became a customer[, with a deal in sight{opportunity_id:if}]"
    lead_id: UUID
    customer_id: UUID
    opportunity_id: UUID | None
    at: datetime


QualificationCommand = QualifyLead | NurtureLead | DisqualifyLead | RecycleLead | ConvertLead
QualificationEvent = (
    LeadMarketingQualified
    | LeadSalesQualified
    | LeadNurtured
    | LeadDisqualified
    | LeadRecycled
    | LeadConverted
)
