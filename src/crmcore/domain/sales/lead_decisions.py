"""What may be done with a lead, and what then happens.

``decide`` alone refuses, in words that name what is wrong and what would be allowed.  What
needs more than the lead itself (an assignment policy, the address' other leads, the customer)
is found out by the command service, which hands the answer in as plain values.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from crmcore.domain.kernel import AlreadyExistsError, InvalidValueError, NotFoundError
from crmcore.domain.sales.lead import (
    ConvertedLead,
    DisqualifiedLead,
    OpenLead,
    State,
    Uncaptured,
)
from crmcore.domain.sales.lead_commands import (
    AcceptLead,
    AdjustLeadScore,
    AssignLead,
    CaptureLead,
    ContactLead,
    ConvertLead,
    DeclineLead,
    DisqualifyLead,
    EnrichLead,
    LeadCommand,
    NurtureLead,
    QualifyLead,
    RecordLeadActivity,
    RecycleLead,
)
from crmcore.domain.sales.lead_events import (
    LeadActivityScored,
    LeadCaptured,
    LeadEnriched,
    LeadEvent,
    LeadInquiryRepeated,
    LeadRecycled,
    LeadScoreAdjusted,
)
from crmcore.domain.sales.lead_origin import LeadAttribute
from crmcore.domain.sales.lead_progress import assign, progress, work
from crmcore.domain.sales.lead_refusals import must_be_open, not_the_owners
from crmcore.domain.sales.lead_score import STANDARD_MODEL, Adjustment, ScoringModel

__all__ = ["decide", "repeat_inquiry"]


def decide(
    command: LeadCommand, state: State, model: ScoringModel = STANDARD_MODEL
) -> Sequence[LeadEvent]:
    """The events that *command* causes; activities and qualification go by the scoring *model*."""
    if isinstance(command, CaptureLead):
        return _capture(command, state)
    match state:
        case OpenLead():
            return _decide_open(command, state, model)
        case DisqualifiedLead():
            match command:
                case DisqualifyLead(reason=state.reason, note=state.note):
                    return []
                case RecycleLead(lead_id=lead_id, at=at):
                    return [LeadRecycled(lead_id=lead_id, cycle=state.lead.cycle + 1, at=at)]
        case ConvertedLead():
            if isinstance(command, ConvertLead) and _is_same(command, state):
                return []
        case Uncaptured():
            pass
        case _:
            assert_never(state)
    must_be_open(command.lead_id, state)
    return []


def _is_same(command: ConvertLead, done: ConvertedLead) -> bool:
    wanted = (command.customer_id, command.opportunity_id)
    return wanted == (done.customer_id, done.opportunity_id)


def _capture(command: CaptureLead, state: State) -> Sequence[LeadEvent]:
    if isinstance(state, Uncaptured):
        return [_captured(command, command.at)]
    lead = state if isinstance(state, OpenLead) else state.lead
    if _captured(command, lead.captured.at) != lead.captured:
        raise AlreadyExistsError("lead", command.lead_id, "enrich it instead")
    return []


def _captured(command: CaptureLead, at: datetime) -> LeadCaptured:
    if not (command.name or command.company or command.email or command.phone):
        raise InvalidValueError("name", None, "a name, a company, an e-mail address or a telephone")
    _one_each(command.attributes)
    return LeadCaptured(
        lead_id=command.lead_id,
        source=command.source,
        campaign_id=command.campaign_id,
        utm=command.utm,
        first_touch=command.first_touch,
        name=command.name,
        company=command.company,
        email=command.email,
        phone=command.phone,
        interests=tuple(dict.fromkeys(command.interests)),
        attributes=command.attributes,
        at=at,
    )


def repeat_inquiry(command: CaptureLead, state: State) -> Sequence[LeadEvent]:
    """Note on the lead that holds the address what was captured under another identity."""
    if isinstance(state, Uncaptured):
        raise NotFoundError("lead", command.lead_id)
    lead = state if isinstance(state, OpenLead) else state.lead
    known = lead.inquiries.get(command.lead_id)
    if known is None:
        customer_id = state.customer_id if isinstance(state, ConvertedLead) else None
        return [_inquiry(lead, customer_id, _captured(command, command.at))]
    if _inquiry(lead, known.customer_id, _captured(command, known.at)) != known:
        raise AlreadyExistsError("inquiry", command.lead_id)
    return []


def _inquiry(lead: OpenLead, customer_id: UUID | None, told: LeadCaptured) -> LeadInquiryRepeated:
    return LeadInquiryRepeated(
        lead_id=lead.captured.lead_id,
        inquiry_id=told.lead_id,
        customer_id=customer_id,
        source=told.source,
        campaign_id=told.campaign_id,
        utm=told.utm,
        first_touch=told.first_touch,
        name=told.name,
        company=told.company,
        phone=told.phone,
        interests=told.interests,
        attributes=told.attributes,
        at=told.at,
    )


def _decide_open(command: LeadCommand, lead: OpenLead, model: ScoringModel) -> Sequence[LeadEvent]:
    match command:
        case CaptureLead():
            return _capture(command, lead)
        case EnrichLead():
            return _enrich(command, lead)
        case RecordLeadActivity():
            return _record_activity(command, lead, model)
        case AdjustLeadScore(lead_id=lead_id, points=points, reason=reason, at=at):
            if not points or Adjustment(points, reason, at) in lead.adjustments:
                return []
            return [LeadScoreAdjusted(lead_id=lead_id, points=points, reason=reason, at=at)]
        case AssignLead():
            return assign(command, lead)
        case AcceptLead() | DeclineLead() | ContactLead():
            return work(command, lead)
        case QualifyLead() | NurtureLead() | DisqualifyLead() | RecycleLead() | ConvertLead():
            return progress(command, lead, model)
        case _:
            assert_never(command)


def _enrich(command: EnrichLead, lead: OpenLead) -> Sequence[LeadEvent]:
    _one_each(command.attributes)
    not_the_owners(command.email, lead.assignee, lead.assignee_email)
    interests = [one for one in dict.fromkeys(command.interests) if one not in lead.interests]
    attributes = [one for one in command.attributes if lead.attributes.get(one.key) != one.value]
    new = LeadEnriched(
        lead_id=command.lead_id,
        name=command.name if command.name != lead.name else None,
        company=command.company if command.company != lead.company else None,
        email=command.email if command.email != lead.email else None,
        phone=command.phone if command.phone != lead.phone else None,
        interests=tuple(interests),
        attributes=tuple(attributes),
        at=command.at,
    )
    told = (new.name, new.company, new.email, new.phone, new.interests, new.attributes)
    return [new] if any(told) else []


def _record_activity(
    command: RecordLeadActivity, lead: OpenLead, model: ScoringModel
) -> Sequence[LeadEvent]:
    rule = model.rule_for(command.activity)
    same = [signal for signal in lead.signals if signal.activity == command.activity]
    if any(signal.at == command.at for signal in same):
        return []
    return [
        LeadActivityScored(
            lead_id=command.lead_id,
            activity=command.activity,
            group=rule.group,
            points=0 if rule.once and same else rule.points,
            model_version=model.model_version,
            at=command.at,
        )
    ]


def _one_each(attributes: Sequence[LeadAttribute]) -> None:
    keys = [attribute.key for attribute in attributes]
    if len(set(keys)) < len(keys):
        raise InvalidValueError("attributes", keys, "each key once")
