"""What can be asked of a case."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Length, Personal, command
from crmcore.domain.service.case_number import case_number_id
from crmcore.domain.service.priority import Impact, Priority, Urgency
from crmcore.domain.service.terms import (
    AgentName,
    AuthorRole,
    CaseChannel,
    CaseKind,
    Label,
    Message,
    Remark,
)


@command
class OpenCase:
    """Record a customer's concern, with whatever is known of it.

    ``customer_id`` is None while nobody knows whose it is.  ``resolve_by`` is a target given with
    the case; ``number`` the name by which people call it, which no other case may have; ``follows``
    a closed case that it goes on from.
    """

    TOPIC: ClassVar[str] = "open-case"
    case_id: UUID
    customer_id: UUID | None = None
    kind: CaseKind
    channel: CaseChannel
    subject: Annotated[str, Length(500), Personal()]
    description: Message | None = None
    queue: Label | None = None
    impact: Impact | None = None
    urgency: Urgency | None = None
    priority: Priority | None = None
    override_reason: Remark | None = None
    resolve_by: datetime | None = None
    number: Label | None = None
    category: Label | None = None
    request_type: Label | None = None
    follows: UUID | None = None
    at: datetime

    @property
    def claims(self) -> tuple[UUID, ...]:
        """The streams that are claimed beside those it names."""
        return () if self.number is None else (case_number_id(self.number),)


@command
class IdentifyCaseCustomer:
    """Say whose case it is; that can be said once."""

    TOPIC: ClassVar[str] = "identify-case-customer"
    case_id: UUID
    customer_id: UUID
    at: datetime


@command
class ClassifyCase:
    """Sort the case; what is left out stays as it was."""

    TOPIC: ClassVar[str] = "classify-case"
    case_id: UUID
    kind: CaseKind | None = None
    category: Label | None = None
    request_type: Label | None = None
    at: datetime


@command
class PrioritiseCase:
    """Set the priority: by impact and urgency through the matrix, or by hand with a reason."""

    TOPIC: ClassVar[str] = "prioritise-case"
    case_id: UUID
    impact: Impact | None = None
    urgency: Urgency | None = None
    priority: Priority | None = None
    override_reason: Remark | None = None
    at: datetime


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


@command
class ReplyToCase:
    """Record a message on the case, of a customer, an agent or a machine.

    A ``message_id`` is recorded once, however often it is delivered.  On a case merged into
    another the message goes to that other.
    """

    TOPIC: ClassVar[str] = "reply-to-case"
    case_id: UUID
    message_id: UUID
    author_role: AuthorRole
    agent: AgentName | None = None
    author: Annotated[str, Length(320), Personal()] | None = None
    channel: CaseChannel | None = None
    public: bool = True
    text: Message
    at: datetime


@command
class AddCaseNote:
    """Write a remark for our own people; possible in every phase."""

    TOPIC: ClassVar[str] = "add-case-note"
    case_id: UUID
    note_id: UUID
    agent: AgentName | None = None
    text: Message
    at: datetime


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
class MergeCase:
    """Go on with this case in another one; across customers only if *forced*."""

    TOPIC: ClassVar[str] = "merge-case"
    case_id: UUID
    into_case_id: UUID
    forced: bool = False
    reason: Remark | None = None
    at: datetime


@command
class MarkCaseSpam:
    """Say that it was never a customer's concern."""

    TOPIC: ClassVar[str] = "mark-case-spam"
    case_id: UUID
    at: datetime


@command
class ReapplyServiceLevels:
    """Let the service levels in force at ``at`` hold for the case, which otherwise keeps its own."""

    TOPIC: ClassVar[str] = "reapply-service-levels"
    case_id: UUID
    at: datetime


@command
class ObserveServiceLevels:
    """Record the warnings and breaches of the case that came about before ``at``, each once.

    Verdicts do not depend on it: it is for whoever wants to be told.
    """

    TOPIC: ClassVar[str] = "observe-service-levels"
    case_id: UUID
    at: datetime


Opening = OpenCase | IdentifyCaseCustomer | ClassifyCase | PrioritiseCase
Handling = AssignCase | QueueCase | TransferCase | ReplyToCase | AddCaseNote
Phasing = (
    StartCase | PendCase | HoldCase | ResumeCase | SolveCase | ReopenCase | CloseCase | MarkCaseSpam
)
Owing = ReapplyServiceLevels | ObserveServiceLevels
CaseCommand = Opening | Handling | Phasing | Owing
"""The commands decided on one case alone; ``MergeCase`` is decided on two."""
