"""What can be asked of an assignment policy and what can happen to it, with its rules and its roster.

Topics and fields are the stored format; every field of a command is checked as it comes in.
"""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Between, Length, command, event, value
from crmcore.domain.sales.lead.messages.capture import LeadAttribute, LeadSource

__all__ = [
    "Absence",
    "AssignmentPolicyDefined",
    "AssignmentPolicyRevised",
    "AssignmentRule",
    "DefineAssignmentPolicy",
    "LeadRouted",
    "ReviseAssignmentPolicy",
    "RosterMember",
]


Handle = Annotated[str, Length(100)]


@value
class Absence:
    """Out of office from an instant until another, which is worked again: [since, until)."""

    since: datetime
    until: datetime


@value
class RosterMember:
    """Someone who may be given leads; *most_per_month* None: no limit, 0: none.

    The business address is the organisation's own; a lead with that address is never theirs.
    """

    assignee: Handle
    active: bool = True
    most_per_month: Annotated[int, Between(0, 100_000)] | None = None
    absences: tuple[Absence, ...] = ()
    business_email: Annotated[str, Length(320)] | None = None


@value
class AssignmentRule:
    """Leads that meet every condition given go to the *members* in turn, or to the only one."""

    key: Annotated[str, Length(100)]
    source: LeadSource | None = None
    campaign_id: UUID | None = None
    attributes: tuple[LeadAttribute, ...] = ()
    members: tuple[Handle, ...]


@command
class DefineAssignmentPolicy:
    """Say how leads are handed out; *paced* spreads each member's month over its days."""

    TOPIC: ClassVar[str] = "define-assignment-policy"
    policy_id: UUID
    name: Annotated[str, Length(200)]
    rules: tuple[AssignmentRule, ...]
    roster: tuple[RosterMember, ...]
    paced: bool = False
    at: datetime


@command
class ReviseAssignmentPolicy:
    """Change the rules or the roster as a whole."""

    TOPIC: ClassVar[str] = "revise-assignment-policy"
    policy_id: UUID
    rules: tuple[AssignmentRule, ...]
    roster: tuple[RosterMember, ...]
    paced: bool = False
    at: datetime


@event
class AssignmentPolicyDefined:
    """An organisation said how its leads are handed out."""

    TOPIC: ClassVar[str] = "assignment-policy-defined"
    SENTENCE: ClassVar[str] = "assignment policy {name} defined: {rules:count}"
    policy_id: UUID
    name: str
    rules: tuple[AssignmentRule, ...]
    roster: tuple[RosterMember, ...]
    paced: bool
    at: datetime


@event
class AssignmentPolicyRevised:
    """The rules or the roster changed; everyone keeps the place in the rota."""

    TOPIC: ClassVar[str] = "assignment-policy-revised"
    SENTENCE: ClassVar[str] = "assignment policy revised: {rules:count}"
    policy_id: UUID
    rules: tuple[AssignmentRule, ...]
    roster: tuple[RosterMember, ...]
    paced: bool
    at: datetime


@event
class LeadRouted:
    """A lead fell to someone under a rule; the rule's next lead falls to the next in turn."""

    TOPIC: ClassVar[str] = "lead-routed"
    SENTENCE: ClassVar[str] = "fell to {assignee} by the rule {rule}"
    policy_id: UUID
    lead_id: UUID
    rule: str
    assignee: str
    at: datetime
