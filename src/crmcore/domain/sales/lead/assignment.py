"""Who works on an open lead: assigned, accepted or declined, and contacted; a part of the decisions.

What a policy says comes in as plain values from the command service.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never
from uuid import UUID

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.sales.assignment.routing import Unrouted
from crmcore.domain.sales.lead.messages.assignment import (
    AcceptLead,
    AssignLead,
    AssignmentCommand,
    ContactLead,
    DeclineLead,
    LeadAcceptanceDeclined,
    LeadAssigned,
    LeadContactAttempted,
    LeadContacted,
    LeadFirstResponseRecorded,
    LeadLeftUnassigned,
    LeadSalesAccepted,
)
from crmcore.domain.sales.lead.phases import Contact, LeadStatus, OpenLead, State
from crmcore.domain.sales.lead.refusals import (
    refuse_status,
    require_not_owners_address,
    require_open,
)
from crmcore.domain.sales.lead.state import Event


def assign(command: AssignLead, state: State, rule: str | None = None) -> Sequence[Event]:
    """Make the command's assignee responsible, under the policy's *rule* if a policy chose."""
    lead = require_open(command.lead_id, state)
    if command.assignee is None or (command.policy_id is not None) != (rule is not None):
        expected = "a name, or a policy_id instead"
        raise InvalidValueError("assignee", command.assignee, expected)
    email = command.assignee_email
    require_not_owners_address(lead.email, command.assignee, email)
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
) -> Sequence[Event]:
    """Note that the policy named nobody, and why."""
    lead = require_open(command.lead_id, state)
    left = LeadLeftUnassigned(
        lead_id=command.lead_id,
        policy_id=policy_id,
        rule=unrouted.rule,
        reason=unrouted.reason,
        at=command.at,
    )
    return [left] if left != lead.unassigned else []


def decide_assignment(command: AssignmentCommand, lead: OpenLead) -> Sequence[Event]:
    """What comes of assigning, accepting, declining or contacting the lead."""
    match command:
        case AssignLead():
            return assign(command, lead)
        case AcceptLead():
            return _accept(command, lead)
        case DeclineLead():
            return _decline(command, lead)
        case ContactLead():
            return _contact(command, lead)
        case _:
            assert_never(command)


def _accept(command: AcceptLead, lead: OpenLead) -> Sequence[Event]:
    if lead.accepted_at is not None:
        return []
    if lead.assignee is None:
        refuse_status(command.TOPIC, lead, "assign it first")
    return [LeadSalesAccepted(lead_id=command.lead_id, assignee=lead.assignee, at=command.at)]


def _decline(command: DeclineLead, lead: OpenLead) -> Sequence[Event]:
    if lead.assignee is None:
        return []
    if lead.accepted_at or lead.status not in (LeadStatus.ASSIGNED, LeadStatus.NURTURING):
        refuse_status(command.TOPIC, lead, "hand it to another assignee instead")
    return [
        LeadAcceptanceDeclined(
            lead_id=command.lead_id,
            assignee=lead.assignee,
            reason=command.reason,
            at=command.at,
        )
    ]


def _contact(command: ContactLead, lead: OpenLead) -> Sequence[Event]:
    lead_id, at = command.lead_id, command.at
    if Contact(command.channel, command.reached, at) in lead.contacts:
        return []
    if lead.status is LeadStatus.NEW:
        refuse_status(command.TOPIC, lead, "assign it first")
    kind = LeadContacted if command.reached else LeadContactAttempted
    contact = kind(lead_id=lead_id, channel=command.channel, at=at)
    if lead.first_response_at is not None:
        return [contact]
    # A backdated answer did not come before the question.
    elapsed = max(at - lead.cycle_began_at, timedelta(0))
    return [contact, LeadFirstResponseRecorded(lead_id=lead_id, elapsed=elapsed, at=at)]
