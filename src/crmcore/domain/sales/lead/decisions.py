"""A lead: someone who showed interest and may become a customer.

``decide`` alone refuses, in words that name what is wrong and what would be allowed.  What
needs more than the lead itself (an assignment policy, the address' other leads, the customer)
is found out by the command service, which hands the answer in as plain values.  A converted lead is
read-only: what its address asks later is noted on it, nothing else.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never, get_args
from uuid import UUID

from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    InvalidValueError,
    NotFoundError,
)
from crmcore.domain.sales.lead.assignment import decide_assignment
from crmcore.domain.sales.lead.chronology import earliest, subject
from crmcore.domain.sales.lead.messages.assignment import AssignmentCommand
from crmcore.domain.sales.lead.messages.capture import (
    CaptureCommand,
    CaptureLead,
    EnrichLead,
    LeadAttribute,
    LeadCaptured,
    LeadEnriched,
    LeadInquiryRepeated,
)
from crmcore.domain.sales.lead.messages.qualification import (
    ConvertLead,
    DisqualifyLead,
    LeadRecycled,
    QualificationCommand,
    RecycleLead,
)
from crmcore.domain.sales.lead.messages.scoring import (
    AdjustLeadScore,
    LeadActivityScored,
    LeadScoreAdjusted,
    RecordLeadActivity,
    ScoringCommand,
)
from crmcore.domain.sales.lead.phases import (
    ConvertedLead,
    DisqualifiedLead,
    OpenLead,
    State,
    Uncaptured,
)
from crmcore.domain.sales.lead.qualification import decide_qualification
from crmcore.domain.sales.lead.refusals import require_not_owners_address, require_open
from crmcore.domain.sales.lead.score import Adjustment
from crmcore.domain.sales.lead.scoring_model import STANDARD_MODEL, ScoringModel
from crmcore.domain.sales.lead.state import Event, evolve, lead_in

Command = CaptureCommand | ScoringCommand | AssignmentCommand | QualificationCommand


def decide(command: Command, state: State, model: ScoringModel = STANDARD_MODEL) -> Sequence[Event]:
    """The events that *command* causes; activities and qualification go by the scoring *model*."""
    match command, state:
        case CaptureLead(), _:
            return _capture(command, state)
        case DisqualifyLead(), DisqualifiedLead(reason=reason, note=note) if (
            command.reason is reason and command.note == note
        ):
            return []
        case RecycleLead(lead_id=lead_id, at=at), DisqualifiedLead(lead=lead):
            return [LeadRecycled(lead_id=lead_id, cycle=lead.cycle + 1, at=at)]
        case ConvertLead(), ConvertedLead() if _is_same(command, state):
            return []
        case _:
            return _decide_open(command, require_open(command.lead_id, state), model)


def _is_same(command: ConvertLead, done: ConvertedLead) -> bool:
    wanted = (command.customer_id, command.opportunity_id)
    return wanted == (done.customer_id, done.opportunity_id)


def _capture(command: CaptureLead, state: State) -> Sequence[Event]:
    if isinstance(state, Uncaptured):
        return [_captured(command, command.at)]
    lead = lead_in(state)
    if _captured(command, lead.captured.at) != lead.captured:
        raise AlreadyExistsError("lead", command.lead_id, "enrich it instead")
    return []


def _captured(command: CaptureLead, at: datetime) -> LeadCaptured:
    if not (command.name or command.company or command.email or command.phone):
        raise InvalidValueError("name", None, "a name, a company, an e-mail address or a telephone")
    _require_unique_keys(command.attributes)
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


def repeat_inquiry(command: CaptureLead, state: State) -> Sequence[Event]:
    """Note on the lead that holds the address what was captured under another identity."""
    if isinstance(state, Uncaptured):
        raise NotFoundError("lead", command.lead_id)
    lead = lead_in(state)
    known = lead.inquiries.get(command.lead_id)
    if known is None:
        customer_id = state.customer_id if isinstance(state, ConvertedLead) else None
        return [_inquiry(lead, customer_id, _captured(command, command.at))]
    if _inquiry(lead, known.customer_id, _captured(command, known.at)) != known:
        raise AlreadyExistsError("inquiry", command.lead_id)
    return []


def _inquiry(
    lead: OpenLead, customer_id: UUID | None, inquiry: LeadCaptured
) -> LeadInquiryRepeated:
    return LeadInquiryRepeated(
        lead_id=lead.captured.lead_id,
        inquiry_id=inquiry.lead_id,
        customer_id=customer_id,
        source=inquiry.source,
        campaign_id=inquiry.campaign_id,
        utm=inquiry.utm,
        first_touch=inquiry.first_touch,
        name=inquiry.name,
        company=inquiry.company,
        phone=inquiry.phone,
        interests=inquiry.interests,
        attributes=inquiry.attributes,
        at=inquiry.at,
    )


def _decide_open(command: Command, lead: OpenLead, model: ScoringModel) -> Sequence[Event]:
    if isinstance(command, CaptureCommand):
        return (
            _capture(command, lead) if isinstance(command, CaptureLead) else _enrich(command, lead)
        )
    if isinstance(command, ScoringCommand):
        return _score(command, lead, model)
    if isinstance(command, AssignmentCommand):
        return decide_assignment(command, lead)
    if isinstance(command, QualificationCommand):
        return decide_qualification(command, lead, model)
    assert_never(command)


def _score(command: ScoringCommand, lead: OpenLead, model: ScoringModel) -> Sequence[Event]:
    match command:
        case RecordLeadActivity():
            return _record_activity(command, lead, model)
        case AdjustLeadScore(lead_id=lead_id, points=points, reason=reason, at=at):
            if not points or Adjustment(points, reason, at) in lead.adjustments:
                return []
            return [LeadScoreAdjusted(lead_id=lead_id, points=points, reason=reason, at=at)]
        case _:
            assert_never(command)


def _enrich(command: EnrichLead, lead: OpenLead) -> Sequence[Event]:
    _require_unique_keys(command.attributes)
    require_not_owners_address(command.email, lead.assignee, lead.assignee_email)
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
    changes = (new.name, new.company, new.email, new.phone, new.interests, new.attributes)
    return [new] if any(changes) else []


def _record_activity(
    command: RecordLeadActivity, lead: OpenLead, model: ScoringModel
) -> Sequence[Event]:
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


def _require_unique_keys(attributes: Sequence[LeadAttribute]) -> None:
    keys = [attribute.key for attribute in attributes]
    if len(set(keys)) < len(keys):
        raise InvalidValueError("attributes", keys, "each key once")


AGGREGATE: Final = Aggregate[State, Event](
    kind="lead",
    initial=Uncaptured(),
    evolve=evolve,
    events=get_args(Event),
    subject=subject,
    earliest=earliest,
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: command.lead_id,
)
