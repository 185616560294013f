"""The phases of a case: whose turn it is, and how it ends.

Every change of status category is an event of its own, so that each interval in a category is
known to the instant: opened (new), started (open), pended, held, resumed (open), solved,
reopened (open), closed, merged, spam.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from crmcore.domain.kernel import command, event
from crmcore.domain.service.terms import AgentName, Label, Message, Remark

__all__ = [
    "CaseClosed",
    "CaseHeld",
    "CasePended",
    "CaseReopened",
    "CaseResumed",
    "CaseSolved",
    "CaseSpamMarked",
    "CaseStarted",
    "CloseCase",
    "HoldCase",
    "MarkCaseSpam",
    "PendCase",
    "ReopenCase",
    "ResumeCase",
    "SolveCase",
    "StartCase",
]

# Commands


@command
class StartCase:
    """Take a new case up."""

    TOPIC: ClassVar[str] = "start-case"
    case_id: UUID
    agent: AgentName | None = None
    at: datetime


@command
class PendCase:
    """Wait for the customer."""

    TOPIC: ClassVar[str] = "pend-case"
    case_id: UUID
    reason: Remark | None = None
    at: datetime


@command
class HoldCase:
    """Wait for a third party."""

    TOPIC: ClassVar[str] = "hold-case"
    case_id: UUID
    third_party: Remark | None = None
    at: datetime


@command
class ResumeCase:
    """Wait no longer."""

    TOPIC: ClassVar[str] = "resume-case"
    case_id: UUID
    at: datetime


@command
class SolveCase:
    """Say that the customer's concern is dealt with, and how (also: withdrawn, duplicate)."""

    TOPIC: ClassVar[str] = "solve-case"
    case_id: UUID
    resolution_code: Label
    note: Message | None = None
    agent: AgentName | None = None
    at: datetime


@command
class ReopenCase:
    """Work on a solved case again, within the reopen window."""

    TOPIC: ClassVar[str] = "reopen-case"
    case_id: UUID
    reason: Remark
    at: datetime


@command
class CloseCase:
    """File a solved case for good."""

    TOPIC: ClassVar[str] = "close-case"
    case_id: UUID
    at: datetime


@command
class MarkCaseSpam:
    """Say that it was never a customer's concern."""

    TOPIC: ClassVar[str] = "mark-case-spam"
    case_id: UUID
    at: datetime


# Events


@event
class CaseStarted:
    """Somebody took the new case up: it is open."""

    TOPIC: ClassVar[str] = "case-started"
    SENTENCE: ClassVar[str] = "case taken up[ by {agent}]"
    case_id: UUID
    agent: AgentName | None
    at: datetime


@event
class CasePended:
    """The case waits for the customer."""

    TOPIC: ClassVar[str] = "case-pended"
    SENTENCE: ClassVar[str] = "case waits for the customer[: {reason}]"
    case_id: UUID
    reason: Remark | None
    at: datetime


@event
class CaseHeld:
    """The case waits for a third party."""

    TOPIC: ClassVar[str] = "case-held"
    SENTENCE: ClassVar[str] = "case waits for a third party[: {third_party}]"
    case_id: UUID
    third_party: Remark | None
    at: datetime


@event
class CaseResumed:
    """The wait is over; ``message_id`` is the customer's message that ended it, if one did."""

    TOPIC: ClassVar[str] = "case-resumed"
    SENTENCE: ClassVar[str] = "work on the case goes on"
    case_id: UUID
    message_id: UUID | None
    at: datetime


@event
class CaseSolved:
    """What the customer wanted is done, or it was explained why not."""

    TOPIC: ClassVar[str] = "case-solved"
    SENTENCE: ClassVar[str] = "case solved: {resolution_code}[ ({note})][ by {agent}]"
    case_id: UUID
    cycle: int
    resolution_code: Label
    note: Message | None
    agent: AgentName | None
    at: datetime


@event
class CaseReopened:
    """The solution did not hold: a new *cycle* (2, 3, ...) of work begins."""

    TOPIC: ClassVar[str] = "case-reopened"
    SENTENCE: ClassVar[str] = "case reopened: {reason}"
    case_id: UUID
    cycle: int
    reason: Remark
    message_id: UUID | None
    at: datetime


@event
class CaseClosed:
    """The solved case is filed for good."""

    TOPIC: ClassVar[str] = "case-closed"
    SENTENCE: ClassVar[str] = "case closed"
    case_id: UUID
    at: datetime


@event
class CaseSpamMarked:
    """It was never a customer's concern."""

    TOPIC: ClassVar[str] = "case-spam-marked"
    SENTENCE: ClassVar[str] = "case is no customer's concern (spam)"
    case_id: UUID
    at: datetime


LifeCycleCommand = (
    StartCase | PendCase | HoldCase | ResumeCase | SolveCase | ReopenCase | CloseCase | MarkCaseSpam
)
LifeCycleEvent = (
    CaseStarted
    | CasePended
    | CaseHeld
    | CaseResumed
    | CaseSolved
    | CaseReopened
    | CaseClosed
    | CaseSpamMarked
)
