"""Who handles a case: its queue and its agent."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from crmcore.domain.kernel import command, event
from crmcore.domain.service.terms import AgentName, Label, Remark

__all__ = [
    "AssignCase",
    "CaseAssigned",
    "CaseQueued",
    "CaseTransferred",
    "QueueCase",
    "TransferCase",
]

# Commands


@command
class AssignCase:
    """Give the case to an agent, which starts a new one."""

    TOPIC: ClassVar[str] = "assign-case"
    case_id: UUID
    agent: AgentName
    at: datetime


@command
class QueueCase:
    """Put the case into its first queue."""

    TOPIC: ClassVar[str] = "queue-case"
    case_id: UUID
    queue: Label
    at: datetime


@command
class TransferCase:
    """Move the case to another queue; the agent who has it is released."""

    TOPIC: ClassVar[str] = "transfer-case"
    case_id: UUID
    queue: Label
    reason: Remark | None = None
    at: datetime


# Events


@event
class CaseAssigned:
    """An agent owns the case."""

    TOPIC: ClassVar[str] = "case-assigned"
    SENTENCE: ClassVar[str] = "case assigned to {agent}"
    case_id: UUID
    agent: AgentName
    at: datetime


@event
class CaseQueued:
    """The case waits in its first queue."""

    TOPIC: ClassVar[str] = "case-queued"
    SENTENCE: ClassVar[str] = "case queued in {queue}"
    case_id: UUID
    queue: Label
    at: datetime


@event
class CaseTransferred:
    """The case went from one queue to another, which releases the agent who had it."""

    TOPIC: ClassVar[str] = "case-transferred"
    SENTENCE: ClassVar[str] = "case moved from {from_queue} to {queue}[: {reason}]"
    case_id: UUID
    from_queue: Label
    queue: Label
    released_agent: AgentName | None
    reason: Remark | None
    at: datetime


RoutingCommand = AssignCase | QueueCase | TransferCase
RoutingEvent = CaseAssigned | CaseQueued | CaseTransferred
