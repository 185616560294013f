"""How far a lead has come, in one word, and what each event makes of it."""

from enum import StrEnum
from typing import assert_never, get_args

from crmcore.domain.sales.lead.messages.assignment import (
    LeadAcceptanceDeclined,
    LeadAssigned,
    LeadContactAttempted,
    LeadContacted,
    LeadFirstResponseRecorded,
    LeadLeftUnassigned,
    LeadSalesAccepted,
)
from crmcore.domain.sales.lead.messages.capture import (
    LeadCaptured,
    LeadEnriched,
    LeadInquiryRepeated,
)
from crmcore.domain.sales.lead.messages.qualification import (
    LeadConverted,
    LeadDisqualified,
    LeadMarketingQualified,
    LeadNurtured,
    LeadRecycled,
    LeadSalesQualified,
)
from crmcore.domain.sales.lead.messages.scoring import LeadActivityScored, LeadScoreAdjusted

Event = (
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
EVENTS: tuple[type, ...] = get_args(Event)


class LeadStatus(StrEnum):
    """How far a lead has come; an open one has none of the last two."""

    NEW = "new"
    ASSIGNED = "assigned"
    WORKING = "working"
    NURTURING = "nurturing"
    QUALIFIED = "qualified"
    DISQUALIFIED = "disqualified"
    CONVERTED = "converted"


def status_after(status: LeadStatus, event: Event) -> LeadStatus:
    """The status of a lead after one more event that its decisions let happen."""
    match event:
        case LeadCaptured() | LeadRecycled():
            return LeadStatus.NEW
        case LeadAssigned():
            return LeadStatus.ASSIGNED if status is LeadStatus.NEW else status
        case LeadAcceptanceDeclined():
            return LeadStatus.NEW if status is LeadStatus.ASSIGNED else status
        case LeadSalesAccepted() | LeadContactAttempted() | LeadContacted():
            return LeadStatus.WORKING if status is LeadStatus.ASSIGNED else status
        case LeadSalesQualified():
            return LeadStatus.QUALIFIED
        case LeadNurtured():
            return LeadStatus.NURTURING
        case LeadDisqualified():
            return LeadStatus.DISQUALIFIED
        case LeadConverted():
            return LeadStatus.CONVERTED
        case (
            LeadInquiryRepeated()
            | LeadEnriched()
            | LeadActivityScored()
            | LeadScoreAdjusted()
            | LeadLeftUnassigned()
            | LeadFirstResponseRecorded()
            | LeadMarketingQualified()
        ):
            return status
        case _:
            assert_never(event)
