"""Who is responsible for a lead and how they reach it: commands and events.

An assignee is named by the handle under which the staff signs in.
"""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Length, Personal, command, event
from crmcore.domain.sales.lead.messages.capture import EmailAddress

__all__ = [
    "AcceptLead",
    "AssignLead",
    "ContactLead",
    "DeclineLead",
    "LeadAcceptanceDeclined",
    "LeadAssigned",
    "LeadContactAttempted",
    "LeadContacted",
    "LeadFirstResponseRecorded",
    "LeadLeftUnassigned",
    "LeadSalesAccepted",
]


Handle = Annotated[str, Length(100)]


@command
class AssignLead:
    """Make someone responsible: a named *assignee*, or whoever the policy *policy_id* names."""

    TOPIC: ClassVar[str] = "assign-lead"
    lead_id: UUID
    assignee: Handle | None = None
    assignee_email: EmailAddress | None = None
    policy_id: UUID | None = None
    at: datetime


@command
class AcceptLead:
    """Take an assigned lead on (sales accepted lead)."""

    TOPIC: ClassVar[str] = "accept-lead"
    lead_id: UUID
    at: datetime


@command
class DeclineLead:
    """Give an assigned lead back before working on it."""

    TOPIC: ClassVar[str] = "decline-lead"
    lead_id: UUID
    reason: Annotated[str, Length(500), Personal()]
    at: datetime


@command
class ContactLead:
    """Record an attempt to reach the lead over a channel, and whether it was *reached*."""

    TOPIC: ClassVar[str] = "contact-lead"
    lead_id: UUID
    channel: Annotated[str, Length(50)]
    reached: bool
    at: datetime


@event
class LeadAssigned:
    """A salesperson was made responsible, by name or by a rule of a policy."""

    TOPIC: ClassVar[str] = "lead-assigned"
    SENTENCE: ClassVar[str] = "assigned to {assignee}[ by the rule {rule}]"
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
    SENTENCE: ClassVar[str] = "no salesperson found: {reason:words}"
    lead_id: UUID
    policy_id: UUID
    rule: str | None
    reason: str
    at: datetime


@event
class LeadAcceptanceDeclined:
    """The assignee gave the lead back before working on it."""

    TOPIC: ClassVar[str] = "lead-acceptance-declined"
    SENTENCE: ClassVar[str] = "declined by {assignee}: {reason}"
    lead_id: UUID
    assignee: str
    reason: Annotated[str, Personal()]
    at: datetime


@event
class LeadSalesAccepted:
    """The assignee took the lead on (sales accepted lead)."""

    TOPIC: ClassVar[str] = "lead-sales-accepted"
    SENTENCE: ClassVar[str] = "taken on by {assignee}"
    lead_id: UUID
    assignee: str
    at: datetime


@event
class LeadContactAttempted:
    """Someone tried to reach the lead, in vain."""

    TOPIC: ClassVar[str] = "lead-contact-attempted"
    SENTENCE: ClassVar[str] = "not reached by {channel:words}"
    lead_id: UUID
    channel: str
    at: datetime


@event
class LeadContacted:
    """Someone reached the lead."""

    TOPIC: ClassVar[str] = "lead-contacted"
    SENTENCE: ClassVar[str] = "reached by {channel:words}"
    lead_id: UUID
    channel: str
    at: datetime


@event
class LeadFirstResponseRecorded:
    """The lead got its first answer, *elapsed* wall-clock time after this cycle began."""

    TOPIC: ClassVar[str] = "lead-first-response-recorded"
    SENTENCE: ClassVar[str] = "answered for the first time, after {elapsed}"
    lead_id: UUID
    elapsed: timedelta
    at: datetime


AssignmentCommand = AssignLead | AcceptLead | DeclineLead | ContactLead
AssignmentEvent = (
    LeadAssigned
    | LeadLeftUnassigned
    | LeadAcceptanceDeclined
    | LeadSalesAccepted
    | LeadContactAttempted
    | LeadContacted
    | LeadFirstResponseRecorded
)
