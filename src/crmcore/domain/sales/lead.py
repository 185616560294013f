"""A lead: someone who showed interest and may become a customer.

New -> assigned -> working -> qualified -> converted; on the way it may be left to nurturing
or disqualified, and from there recycled, as new, in its next cycle.  A converted lead is
read-only: what its address asks later is noted on it, nothing else.

Here is ``evolve`` over its ``lead_state``; ``lead_events`` and ``lead_commands`` hold the
messages, ``lead_decisions`` the rules.  All pure: clock, identities and storage are the caller's.
"""

from datetime import datetime
from typing import Final, assert_never, get_args
from uuid import UUID

import attrs

from crmcore.domain.kernel import Aggregate
from crmcore.domain.sales.lead_events import (
    LeadAcceptanceDeclined,
    LeadActivityScored,
    LeadAssigned,
    LeadCaptured,
    LeadContactAttempted,
    LeadContacted,
    LeadConverted,
    LeadDisqualified,
    LeadEnriched,
    LeadEvent,
    LeadFirstResponseRecorded,
    LeadInquiryRepeated,
    LeadLeftUnassigned,
    LeadMarketingQualified,
    LeadNurtured,
    LeadRecycled,
    LeadSalesAccepted,
    LeadSalesQualified,
    LeadScoreAdjusted,
)
from crmcore.domain.sales.lead_origin import LeadStatus
from crmcore.domain.sales.lead_score import Adjustment, LeadScore, ScoringModel, Signal, score
from crmcore.domain.sales.lead_state import (
    Contact,
    ConvertedLead,
    DisqualifiedLead,
    OpenLead,
    State,
    Uncaptured,
)

__all__ = [
    "AGGREGATE",
    "ConvertedLead",
    "DisqualifiedLead",
    "LeadStatus",
    "OpenLead",
    "State",
    "Uncaptured",
    "evolve",
    "score_of",
]


def evolve(state: State, event: LeadEvent) -> State:
    """The state after one more event."""
    match state:
        case Uncaptured():
            return _captured(event) if isinstance(event, LeadCaptured) else state
        case OpenLead():
            return _evolve_open(state, event)
        case DisqualifiedLead() | ConvertedLead():
            if isinstance(event, LeadRecycled):
                return _evolve_open(state.lead, event)
            if isinstance(event, LeadInquiryRepeated):
                return attrs.evolve(state, lead=_inquired(state.lead, event))
            return state
        case _:
            assert_never(state)


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


def _evolve_open(lead: OpenLead, event: LeadEvent) -> State:
    match event:
        case LeadEnriched():
            return _enriched(lead, event)
        case LeadInquiryRepeated():
            return _inquired(lead, event)
        case LeadActivityScored():
            signal = Signal(event.activity, event.group, event.points, event.at)
            return attrs.evolve(lead, signals=(*lead.signals, signal))
        case LeadScoreAdjusted():
            adjustment = Adjustment(event.points, event.reason, event.at)
            return attrs.evolve(lead, adjustments=(*lead.adjustments, adjustment))
        case LeadContactAttempted():
            return _contacted(lead, Contact(event.channel, False, event.at))
        case LeadContacted():
            return _contacted(lead, Contact(event.channel, True, event.at))
        case LeadFirstResponseRecorded():
            return attrs.evolve(lead, first_response_at=event.at)
        case LeadAssigned() | LeadLeftUnassigned() | LeadAcceptanceDeclined() | LeadSalesAccepted():
            return _evolve_assignment(lead, event)
        case _:
            return _evolve_qualification(lead, event)


def _evolve_assignment(
    lead: OpenLead,
    event: LeadAssigned | LeadLeftUnassigned | LeadAcceptanceDeclined | LeadSalesAccepted,
) -> OpenLead:
    match event:
        case LeadAssigned():
            return attrs.evolve(
                lead,
                status=_onward(lead, LeadStatus.NEW, LeadStatus.ASSIGNED),
                assignee=event.assignee,
                assignee_email=event.assignee_email,
                assigned_at=event.at,
            )
        case LeadLeftUnassigned():
            return attrs.evolve(lead, unassigned=event)
        case LeadAcceptanceDeclined():
            status = _onward(lead, LeadStatus.ASSIGNED, LeadStatus.NEW)
            return attrs.evolve(lead, status=status, assignee=None, assignee_email=None)
        case LeadSalesAccepted():
            status = _onward(lead, LeadStatus.ASSIGNED, LeadStatus.WORKING)
            return attrs.evolve(lead, status=status, accepted_at=event.at)
        case _:
            assert_never(event)


def _evolve_qualification(
    lead: OpenLead,
    event: LeadCaptured
    | LeadMarketingQualified
    | LeadSalesQualified
    | LeadNurtured
    | LeadDisqualified
    | LeadRecycled
    | LeadConverted,
) -> State:
    match event:
        case LeadCaptured():
            return lead
        case LeadMarketingQualified():
            return attrs.evolve(lead, marketing_qualified_at=event.at)
        case LeadSalesQualified():
            return attrs.evolve(lead, status=LeadStatus.QUALIFIED, sales_qualified_at=event.at)
        case LeadNurtured():
            return attrs.evolve(lead, status=LeadStatus.NURTURING, nurtured_until=event.until)
        case LeadDisqualified():
            return DisqualifiedLead(lead, event.reason, event.note, event.at)
        case LeadRecycled():
            return _recycled(lead, event)
        case LeadConverted():
            return ConvertedLead(lead, event.customer_id, event.opportunity_id)
        case _:
            assert_never(event)


def _onward(lead: OpenLead, before: LeadStatus, after: LeadStatus) -> LeadStatus:
    return after if lead.status is before else lead.status


def _contacted(lead: OpenLead, contact: Contact) -> OpenLead:
    status = _onward(lead, LeadStatus.ASSIGNED, LeadStatus.WORKING)
    return attrs.evolve(lead, status=status, contacts=(*lead.contacts, contact))


def _inquired(lead: OpenLead, event: LeadInquiryRepeated) -> OpenLead:
    return attrs.evolve(lead, inquiries={**lead.inquiries, event.inquiry_id: event})


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
        status=LeadStatus.NEW,
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


def score_of(lead: OpenLead, as_of: datetime, model: ScoringModel) -> LeadScore:
    """The lead's score at an instant; fit: its attributes, its source, how it can be reached."""
    told = {"name": lead.name, "company": lead.company, "email": lead.email, "phone": lead.phone}
    facts = {**lead.attributes, **{key: known for key, known in told.items() if known}}
    facts["source"] = lead.captured.source.value
    return score(facts, lead.signals, lead.adjustments, as_of, model)


def _subject(state: State) -> UUID | None:
    match state:
        case Uncaptured():
            return None
        case ConvertedLead():
            return state.customer_id
        case OpenLead():
            return state.captured.lead_id
        case DisqualifiedLead():
            return state.lead.captured.lead_id


def _earliest(state: State, event: LeadEvent, began_at: datetime) -> datetime | None:
    """Each step comes after the one that it follows from; inquiries and visits come to light late."""
    if isinstance(event, LeadInquiryRepeated | LeadActivityScored):
        return None
    if isinstance(state, DisqualifiedLead) and isinstance(event, LeadRecycled):
        return state.since
    return (_follows(state, event) if isinstance(state, OpenLead) else None) or began_at


def _follows(lead: OpenLead, event: LeadEvent) -> datetime | None:
    """When the step was taken in this cycle that *event* follows from."""
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
            return None


AGGREGATE: Final = Aggregate[State, LeadEvent](
    kind="lead",
    initial=Uncaptured(),
    evolve=evolve,
    events=get_args(LeadEvent),
    subject=_subject,
    earliest=_earliest,
)
