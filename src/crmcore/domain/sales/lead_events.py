"""What happens to a lead, from the first sign of interest to the customer it may become.

Facts only: ``lead_commands`` holds what may be asked, ``lead`` the rules that lead from
one to the other.  An assignee is named by the handle under which the staff signs in.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Personal, event
from crmcore.domain.sales.lead_origin import DisqualificationReason, LeadAttribute, LeadSource, Utm

__all__ = [
    "LeadAcceptanceDeclined",
    "LeadActivityScored",
    "LeadAssigned",
    "LeadCaptured",
    "LeadContactAttempted",
    "LeadContacted",
    "LeadConverted",
    "LeadDisqualified",
    "LeadEnriched",
    "LeadEvent",
    "LeadFirstResponseRecorded",
    "LeadInquiryRepeated",
    "LeadLeftUnassigned",
    "LeadMarketingQualified",
    "LeadNurtured",
    "LeadRecycled",
    "LeadSalesAccepted",
    "LeadSalesQualified",
    "LeadScoreAdjusted",
]


@event
class LeadCaptured:
    """Someone showed interest for the first time."""

    TOPIC: ClassVar[str] = "lead-captured"
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
    lead_id: UUID
    name: Annotated[str | None, Personal()]
    company: Annotated[str | None, Personal()]
    email: Annotated[str | None, Personal()]
    phone: Annotated[str | None, Personal()]
    interests: tuple[str, ...]
    attributes: Annotated[tuple[LeadAttribute, ...], Personal()]
    at: datetime


@event
class LeadActivityScored:
    """The lead did something that tells how interested it is; the points are the model's."""

    TOPIC: ClassVar[str] = "lead-activity-scored"
    lead_id: UUID
    activity: str
    group: str
    points: int
    model_version: str
    at: datetime


@event
class LeadScoreAdjusted:
    """Someone gave or took points by hand; they do not fade."""

    TOPIC: ClassVar[str] = "lead-score-adjusted"
    lead_id: UUID
    points: int
    reason: str
    at: datetime


@event
class LeadAssigned:
    """A salesperson was made responsible, by name or by a rule of a policy."""

    TOPIC: ClassVar[str] = "lead-assigned"
    lead_id: UUID
    assignee: str
    assignee_email: Annotated[str | None, Personal()]
    policy_id: UUID | None
    rule: str | None
    at: datetime


@event
class LeadLeftUnassigned:
    """A policy was asked and named nobody."""

    TOPIC: ClassVar[str] = "lead-left-unassigned"
    lead_id: UUID
    policy_id: UUID
    rule: str | None
    reason: str
    at: datetime


@event
class LeadAcceptanceDeclined:
    """The assignee gave the lead back before working on it."""

    TOPIC: ClassVar[str] = "lead-acceptance-declined"
    lead_id: UUID
    assignee: str
    reason: Annotated[str, Personal()]
    at: datetime


@event
class LeadSalesAccepted:
    """The assignee took the lead on (sales accepted lead)."""

    TOPIC: ClassVar[str] = "lead-sales-accepted"
    lead_id: UUID
    assignee: str
    at: datetime


@event
class LeadContactAttempted:
    """Someone tried to reach the lead, in vain."""

    TOPIC: ClassVar[str] = "lead-contact-attempted"
    lead_id: UUID
    channel: str
    at: datetime


@event
class LeadContacted:
    """Someone reached the lead."""

    TOPIC: ClassVar[str] = "lead-contacted"
    lead_id: UUID
    channel: str
    at: datetime


@event
class LeadFirstResponseRecorded:
    """The lead got its first answer, *elapsed* wall-clock time after this cycle began."""

    TOPIC: ClassVar[str] = "lead-first-response-recorded"
    lead_id: UUID
    elapsed: timedelta
    at: datetime


@event
class LeadMarketingQualified:
    """The lead is worth a salesperson's time: its score says so, or a person (*explicit*)."""

    TOPIC: ClassVar[str] = "lead-marketing-qualified"
    lead_id: UUID
    score: Decimal
    model_version: str
    explicit: bool
    at: datetime


@event
class LeadSalesQualified:
    """Talking to the lead showed that it can become business (sales qualified lead)."""

    TOPIC: ClassVar[str] = "lead-sales-qualified"
    lead_id: UUID
    at: datetime


@event
class LeadNurtured:
    """The lead is not ready; marketing keeps in touch, to look at it again on a date."""

    TOPIC: ClassVar[str] = "lead-nurtured"
    lead_id: UUID
    until: date | None
    at: datetime


@event
class LeadDisqualified:
    """The lead is not worth pursuing."""

    TOPIC: ClassVar[str] = "lead-disqualified"
    lead_id: UUID
    reason: DisqualificationReason
    note: Annotated[str | None, Personal()]
    at: datetime


@event
class LeadRecycled:
    """The lead starts afresh, in its *cycle*-th turn; what is known of it stays."""

    TOPIC: ClassVar[str] = "lead-recycled"
    lead_id: UUID
    cycle: int
    at: datetime


@event
class LeadConverted:
    """The lead became a customer, and perhaps an opportunity; from now on the lead is read-only."""

    TOPIC: ClassVar[str] = "lead-converted"
    lead_id: UUID
    customer_id: UUID
    opportunity_id: UUID | None
    at: datetime


LeadEvent = (
    LeadCaptured
    | LeadInquiryRepeated
    | LeadEnriched
    | LeadActivityScored
    | LeadScoreAdjusted
    | LeadAssigned
    | LeadLeftUnassigned
    | LeadAcceptanceDeclined
    | LeadSalesAccepted
    | LeadContactAttempted
    | LeadContacted
    | LeadFirstResponseRecorded
    | LeadMarketingQualified
    | LeadSalesQualified
    | LeadNurtured
    | LeadDisqualified
    | LeadRecycled
    | LeadConverted
)
