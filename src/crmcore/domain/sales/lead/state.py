"""What each event makes of a lead: ``evolve`` over its phases."""

from typing import assert_never

import attrs

from crmcore.domain.sales.lead.messages.assignment import (
    AssignmentEvent,
    LeadAcceptanceDeclined,
    LeadAssigned,
    LeadContactAttempted,
    LeadContacted,
    LeadFirstResponseRecorded,
    LeadLeftUnassigned,
    LeadSalesAccepted,
)
from crmcore.domain.sales.lead.messages.capture import (
    CaptureEvent,
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
    QualificationEvent,
)
from crmcore.domain.sales.lead.messages.scoring import (
    LeadActivityScored,
    LeadScoreAdjusted,
    ScoringEvent,
)
from crmcore.domain.sales.lead.phases import (
    Contact,
    ConvertedLead,
    DisqualifiedLead,
    LeadStatus,
    OpenLead,
    State,
    Uncaptured,
)
from crmcore.domain.sales.lead.score import Adjustment, Signal

Event = CaptureEvent | ScoringEvent | AssignmentEvent | QualificationEvent


def evolve(state: State, event: Event) -> State:
    """The state after one more event."""
    if isinstance(event, CaptureEvent):
        return _evolve_capture(state, event)
    if isinstance(event, ScoringEvent):
        return _evolve_score(state, event) if isinstance(state, OpenLead) else state
    if isinstance(event, AssignmentEvent):
        return _evolve_assignment(state, event) if isinstance(state, OpenLead) else state
    if isinstance(event, QualificationEvent):
        return _evolve_qualification(state, event)
    assert_never(event)


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


def lead_in(state: OpenLead | DisqualifiedLead | ConvertedLead) -> OpenLead:
    """What is known of the lead, in whatever phase."""
    return state if isinstance(state, OpenLead) else state.lead


def _evolve_capture(state: State, event: CaptureEvent) -> State:
    match event:
        case LeadCaptured():
            return _captured(event) if isinstance(state, Uncaptured) else state
        case LeadInquiryRepeated():
            return _inquired(state, event)
        case LeadEnriched():
            return _enriched(state, event) if isinstance(state, OpenLead) else state
        case _:
            assert_never(event)


def _captured(event: LeadCaptured) -> OpenLead:
    return OpenLead(
        captured=event,
        name=event.name,
        company=event.company,
        email=event.email,
        phone=event.phone,
        interests=event.interests,
        attributes={attribute.key: attribute.value for attribute in event.attributes},
        cycle_began_at=event.at,
    )


def _inquired(state: State, event: LeadInquiryRepeated) -> State:
    if isinstance(state, Uncaptured):
        return state
    known = lead_in(state)
    lead = attrs.evolve(known, inquiries={**known.inquiries, event.inquiry_id: event})
    return lead if isinstance(state, OpenLead) else attrs.evolve(state, lead=lead)


def _evolve_score(lead: OpenLead, event: ScoringEvent) -> OpenLead:
    match event:
        case LeadActivityScored():
            signal = Signal(event.activity, event.group, event.points, event.at)
            return attrs.evolve(lead, signals=(*lead.signals, signal))
        case LeadScoreAdjusted():
            adjustment = Adjustment(event.points, event.reason, event.at)
            return attrs.evolve(lead, adjustments=(*lead.adjustments, adjustment))
        case _:
            assert_never(event)


def _evolve_assignment(lead: OpenLead, event: AssignmentEvent) -> OpenLead:
    match event:
        case LeadAssigned():
            return attrs.evolve(
                lead,
                status=status_after(lead.status, event),
                assignee=event.assignee,
                assignee_email=event.assignee_email,
                assigned_at=event.at,
            )
        case LeadLeftUnassigned():
            return attrs.evolve(lead, unassigned=event)
        case LeadAcceptanceDeclined():
            status = status_after(lead.status, event)
            return attrs.evolve(lead, status=status, assignee=None, assignee_email=None)
        case LeadSalesAccepted():
            status = status_after(lead.status, event)
            return attrs.evolve(lead, status=status, accepted_at=event.at)
        case LeadContactAttempted():
            return _contacted(lead, event, reached=False)
        case LeadContacted():
            return _contacted(lead, event, reached=True)
        case LeadFirstResponseRecorded():
            return attrs.evolve(lead, first_response_at=event.at)
        case _:
            assert_never(event)


def _evolve_qualification(state: State, event: QualificationEvent) -> State:
    match event:
        case LeadRecycled():
            return state if isinstance(state, Uncaptured) else _recycled(lead_in(state), event)
        case (
            LeadMarketingQualified()
            | LeadSalesQualified()
            | LeadNurtured()
            | LeadDisqualified()
            | LeadConverted()
        ):
            return _judged(state, event) if isinstance(state, OpenLead) else state
        case _:
            assert_never(event)


def _judged(
    lead: OpenLead,
    event: LeadMarketingQualified
    | LeadSalesQualified
    | LeadNurtured
    | LeadDisqualified
    | LeadConverted,
) -> State:
    match event:
        case LeadMarketingQualified():
            return attrs.evolve(lead, marketing_qualified_at=event.at)
        case LeadSalesQualified():
            return attrs.evolve(
                lead, status=status_after(lead.status, event), sales_qualified_at=event.at
            )
        case LeadNurtured():
            return attrs.evolve(
                lead, status=status_after(lead.status, event), nurtured_until=event.until
            )
        case LeadDisqualified():
            return DisqualifiedLead(lead, event.reason, event.note, event.at)
        case LeadConverted():
            return ConvertedLead(lead, event.customer_id, event.opportunity_id)
        case _:
            assert_never(event)


def _contacted(
    lead: OpenLead, event: LeadContactAttempted | LeadContacted, *, reached: bool
) -> OpenLead:
    contact = Contact(event.channel, reached, event.at)
    status = status_after(lead.status, event)
    return attrs.evolve(lead, status=status, contacts=(*lead.contacts, contact))


def _enriched(lead: OpenLead, event: LeadEnriched) -> OpenLead:
    return attrs.evolve(
        lead,
        name=event.name or lead.name,
        company=event.company or lead.company,
        email=event.email or lead.email,
        phone=event.phone or lead.phone,
        interests=(*lead.interests, *event.interests),
        attributes={**lead.attributes, **{one.key: one.value for one in event.attributes}},
    )


def _recycled(lead: OpenLead, event: LeadRecycled) -> OpenLead:
    return attrs.evolve(
        lead,
        status=status_after(lead.status, event),
        cycle=event.cycle,
        cycle_began_at=event.at,
        assignee=None,
        assignee_email=None,
        assigned_at=None,
        unassigned=None,
        accepted_at=None,
        marketing_qualified_at=None,
        sales_qualified_at=None,
        first_response_at=None,
        nurtured_until=None,
    )
