"""How an open lead moves on: assigned, worked on, qualified, nurtured, given up, converted.

A part of the lead's decider (``lead_decisions``).  What a policy or the customer has to say
comes in as plain values from the command service.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.sales.lead import LeadStatus, OpenLead, State, score_of
from crmcore.domain.sales.lead_commands import (
    AcceptLead,
    AssignLead,
    ContactLead,
    ConvertLead,
    DeclineLead,
    DisqualifyLead,
    NurtureLead,
    QualificationStage,
    QualifyLead,
    RecycleLead,
)
from crmcore.domain.sales.lead_events import (
    LeadAcceptanceDeclined,
    LeadAssigned,
    LeadContactAttempted,
    LeadContacted,
    LeadConverted,
    LeadDisqualified,
    LeadEvent,
    LeadFirstResponseRecorded,
    LeadLeftUnassigned,
    LeadMarketingQualified,
    LeadNurtured,
    LeadRecycled,
    LeadSalesAccepted,
    LeadSalesQualified,
)
from crmcore.domain.sales.lead_origin import DisqualificationReason
from crmcore.domain.sales.lead_refusals import (
    LeadScoreTooLowError,
    must_be_open,
    not_the_owners,
    not_yet,
)
from crmcore.domain.sales.lead_routing import Unrouted
from crmcore.domain.sales.lead_score import ScoringModel
from crmcore.domain.sales.lead_state import Contact

__all__ = ["assign", "leave_unassigned", "progress", "work"]


def assign(command: AssignLead, state: State, rule: str | None = None) -> Sequence[LeadEvent]:
    """Make the command's assignee responsible, under the policy's *rule* if a policy chose."""
    lead = must_be_open(command.lead_id, state)
    if command.assignee is None or (command.policy_id is not None) != (rule is not None):
        expected = "a name, or a policy_id instead"
        raise InvalidValueError("assignee", command.assignee, expected)
    email = command.assignee_email
    not_the_owners(lead.email, command.assignee, email)
    if command.assignee == lead.assignee and email in (None, lead.assignee_email):
        return []
    return [
        LeadAssigned(
            lead_id=command.lead_id,
            assignee=command.assignee,
            assignee_email=email,
            policy_id=command.policy_id,
            rule=rule,
            at=command.at,
        )
    ]


def leave_unassigned(
    command: AssignLead, policy_id: UUID, unrouted: Unrouted, state: State
) -> Sequence[LeadEvent]:
    """Note that the policy named nobody, and why."""
    lead = must_be_open(command.lead_id, state)
    left = LeadLeftUnassigned(
        lead_id=command.lead_id,
        policy_id=policy_id,
        rule=unrouted.rule,
        reason=unrouted.reason,
        at=command.at,
    )
    return [left] if left != lead.unassigned else []


def work(command: AcceptLead | DeclineLead | ContactLead, lead: OpenLead) -> Sequence[LeadEvent]:
    """What comes of accepting, declining or contacting the lead."""
    lead_id, at = command.lead_id, command.at
    if isinstance(command, ContactLead):
        return _contact(command, lead)
    if isinstance(command, DeclineLead):
        if lead.assignee is None:
            return []
        if lead.accepted_at or lead.status not in (LeadStatus.ASSIGNED, LeadStatus.NURTURING):
            not_yet(command.TOPIC, lead, "hand it to another assignee instead")
        who = lead.assignee
        return [LeadAcceptanceDeclined(lead_id=lead_id, assignee=who, reason=command.reason, at=at)]
    if lead.accepted_at is not None:
        return []
    if lead.assignee is None:
        not_yet(command.TOPIC, lead, "assign it first")
    return [LeadSalesAccepted(lead_id=lead_id, assignee=lead.assignee, at=at)]


def _contact(command: ContactLead, lead: OpenLead) -> Sequence[LeadEvent]:
    lead_id, at = command.lead_id, command.at
    if Contact(command.channel, command.reached, at) in lead.contacts:
        return []
    if lead.status is LeadStatus.NEW:
        not_yet(command.TOPIC, lead, "assign it first")
    kind = LeadContacted if command.reached else LeadContactAttempted
    contact = kind(lead_id=lead_id, channel=command.channel, at=at)
    if lead.first_response_at is not None:
        return [contact]
    # A backdated answer did not come before the question.
    elapsed = max(at - lead.cycle_began_at, timedelta(0))
    return [contact, LeadFirstResponseRecorded(lead_id=lead_id, elapsed=elapsed, at=at)]


def progress(
    command: QualifyLead | NurtureLead | DisqualifyLead | RecycleLead | ConvertLead,
    lead: OpenLead,
    model: ScoringModel,
) -> Sequence[LeadEvent]:
    """What comes of qualifying the lead, putting it aside, giving it up or converting it."""
    lead_id, at = command.lead_id, command.at
    match command:
        case QualifyLead():
            return _qualify(command, lead, model)
        case NurtureLead(until=until):
            if lead.status is LeadStatus.NURTURING and until == lead.nurtured_until:
                return []
            return [LeadNurtured(lead_id=lead_id, until=until, at=at)]
        case DisqualifyLead(reason=reason, note=note):
            if reason is DisqualificationReason.OTHER and note is None:
                raise InvalidValueError(
                    "note", None, "a note that says why, as the reason is other"
                )
            return [LeadDisqualified(lead_id=lead_id, reason=reason, note=note, at=at)]
        case RecycleLead():
            if lead.status is LeadStatus.NEW and lead.cycle > 1:
                return []
            if lead.status is not LeadStatus.NURTURING:
                not_yet(command.TOPIC, lead, "only a nurtured or disqualified lead is recycled")
            return [LeadRecycled(lead_id=lead_id, cycle=lead.cycle + 1, at=at)]
        case ConvertLead():
            if lead.status is not LeadStatus.QUALIFIED:
                not_yet(command.TOPIC, lead, "let sales qualify it first")
            return [
                LeadConverted(
                    lead_id=lead_id,
                    customer_id=command.customer_id,
                    opportunity_id=command.opportunity_id,
                    at=at,
                )
            ]
        case _:
            assert_never(command)


def _qualify(command: QualifyLead, lead: OpenLead, model: ScoringModel) -> Sequence[LeadEvent]:
    if command.stage is QualificationStage.SALES:
        if lead.sales_qualified_at is not None and lead.status is LeadStatus.QUALIFIED:
            return []
        if lead.accepted_at is None or lead.assignee is None:
            not_yet(command.TOPIC, lead, "its assignee accepts it first")
        return [LeadSalesQualified(lead_id=command.lead_id, at=command.at)]
    if lead.marketing_qualified_at is not None:
        return []
    scored = score_of(lead, command.at, model)
    if scored.total < model.qualifies_at and not command.explicit:
        raise LeadScoreTooLowError(
            f"lead {command.lead_id} scores {scored.total}, and {model.qualifies_at} are needed: "
            "wait for it, or qualify it explicitly"
        )
    return [
        LeadMarketingQualified(
            lead_id=command.lead_id,
            score=scored.total,
            model_version=model.model_version,
            explicit=command.explicit,
            at=command.at,
        )
    ]
