"""Whom a lead's facts are about, and before which instant none of them can be true."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

from crmcore.domain.sales.lead.messages.assignment import (
    LeadAcceptanceDeclined,
    LeadAssigned,
    LeadLeftUnassigned,
    LeadSalesAccepted,
)
from crmcore.domain.sales.lead.messages.capture import (
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
from crmcore.domain.sales.lead.messages.scoring import LeadActivityScored
from crmcore.domain.sales.lead.phases import (
    ConvertedLead,
    DisqualifiedLead,
    OpenLead,
    State,
    Uncaptured,
)
from crmcore.domain.sales.lead.state import Event, lead_in


def subject(state: State) -> UUID | None:
    """The lead itself, or the customer that it became."""
    match state:
        case Uncaptured():
            return None
        case ConvertedLead():
            return state.customer_id
        case OpenLead() | DisqualifiedLead():
            return lead_in(state).captured.lead_id
        case _:
            assert_never(state)


def earliest(state: State, event: Event, began_at: datetime) -> datetime | None:
    """Each step comes after the one that it follows from; inquiries and visits come to light late."""
    match event:
        case LeadInquiryRepeated() | LeadActivityScored():
            return None
        case LeadRecycled() if isinstance(state, DisqualifiedLead):
            return state.since
        case _:
            return (_follows(state, event) if isinstance(state, OpenLead) else None) or began_at


def _follows(lead: OpenLead, event: Event) -> datetime | None:
    """When the step was taken in this cycle that *event* follows from, if from any."""
    match event:
        case LeadConverted():
            return lead.sales_qualified_at
        case LeadSalesQualified():
            return lead.accepted_at
        case LeadSalesAccepted() | LeadAcceptanceDeclined():
            return lead.assigned_at
        case (
            LeadAssigned()
            | LeadLeftUnassigned()
            | LeadMarketingQualified()
            | LeadNurtured()
            | LeadDisqualified()
            | LeadRecycled()
        ):
            return lead.cycle_began_at
        case _:
            return None  # after the beginning is enough
