"""What happens to a case.

Every change of status category is an event of its own, so that each interval in a category is
known to the instant: opened (new), started (open), pended, held, resumed (open), solved,
reopened (open), closed, merged, spam.
"""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Length, Personal, event
from crmcore.domain.kernel.working_time import BusinessCalendar
from crmcore.domain.service.levels import ServiceTarget, TargetKind
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


@event
class CaseOpened:
    """A customer's concern was received; everything that came with it, as it came."""

    TOPIC: ClassVar[str] = "case-opened"
    case_id: UUID
    customer_id: UUID | None
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


@event
class CaseCustomerIdentified:
    """It became known whose case it is."""

    TOPIC: ClassVar[str] = "case-customer-identified"
    case_id: UUID
    customer_id: UUID
    at: datetime


@event
class CaseClassified:
    """The case was sorted; these replace its earlier kind, category and type."""

    TOPIC: ClassVar[str] = "case-classified"
    case_id: UUID
    kind: CaseKind
    category: Label | None
    request_type: Label | None
    at: datetime


@event
class CasePrioritised:
    """A priority was set: by a version of the matrix, or by hand where that is None."""

    TOPIC: ClassVar[str] = "case-prioritised"
    case_id: UUID
    impact: Impact | None
    urgency: Urgency | None
    priority: Priority
    matrix_version: str | None
    override_reason: Remark | None
    at: datetime


@event
class ServiceLevelAttached:
    """A policy came to hold for the cycle: what is owed from ``at`` on, by calendars as they are now."""

    TOPIC: ClassVar[str] = "service-level-attached"
    SCHEMA_VERSION: ClassVar[int] = 2
    case_id: UUID
    cycle: int
    policy: str
    version: str
    targets: tuple[ServiceTarget, ...]
    calendars: tuple[BusinessCalendar, ...]
    at: datetime


@event
class ServiceLevelReplaced:
    """Another policy, or another version, holds from ``at`` on; starts and pauses stay what they were."""

    TOPIC: ClassVar[str] = "service-level-replaced"
    SCHEMA_VERSION: ClassVar[int] = 2
    case_id: UUID
    cycle: int
    replaced: str
    policy: str
    version: str
    targets: tuple[ServiceTarget, ...]
    calendars: tuple[BusinessCalendar, ...]
    at: datetime


@event
class ServiceLevelDetached:
    """No policy holds for the case any more: nothing further is owed."""

    TOPIC: ClassVar[str] = "service-level-detached"
    case_id: UUID
    cycle: int
    policy: str
    version: str
    at: datetime


@event
class ServiceTargetWarned:
    """A warning level of a target was reached ``at`` an instant, and noticed at ``observed_at``.

    ``occurrence`` counts the customer's questions, or our updates, within the cycle.
    """

    TOPIC: ClassVar[str] = "service-target-warned"
    case_id: UUID
    cycle: int
    target: TargetKind
    occurrence: int
    level: str
    action: str | None
    observed_at: datetime
    at: datetime


@event
class ServiceTargetBreached:
    """A target was due ``at`` an instant and not completed, which was noticed at ``observed_at``."""

    TOPIC: ClassVar[str] = "service-target-breached"
    case_id: UUID
    cycle: int
    target: TargetKind
    occurrence: int
    observed_at: datetime
    at: datetime


@event
class CaseAssigned:
    """An agent owns the case."""

    TOPIC: ClassVar[str] = "case-assigned"
    case_id: UUID
    agent: AgentName
    at: datetime


@event
class CaseQueued:
    """The case waits in its first queue."""

    TOPIC: ClassVar[str] = "case-queued"
    case_id: UUID
    queue: Label
    at: datetime


@event
class CaseTransferred:
    """The case went from one queue to another, which releases the agent who had it."""

    TOPIC: ClassVar[str] = "case-transferred"
    case_id: UUID
    from_queue: Label
    queue: Label
    released_agent: AgentName | None
    reason: Remark | None
    at: datetime


@event
class CaseReplied:
    """A message on the case: who wrote it, as whom, and whether the customer can see it.

    ``agent`` names one of our people, ``author`` the writer as the message shows them;
    ``addressed_to`` is the merged case that the message was sent to, if it was routed here.
    """

    TOPIC: ClassVar[str] = "case-replied"
    case_id: UUID
    message_id: UUID
    author_role: AuthorRole
    agent: AgentName | None
    author: Annotated[str, Length(320), Personal()] | None
    channel: CaseChannel | None
    public: bool
    text: Message
    first_response: bool
    addressed_to: UUID | None
    at: datetime


@event
class CaseNoteAdded:
    """A remark for our own people."""

    TOPIC: ClassVar[str] = "case-note-added"
    case_id: UUID
    note_id: UUID
    agent: AgentName | None
    text: Message
    at: datetime


@event
class CaseStarted:
    """Somebody took the new case up: it is open."""

    TOPIC: ClassVar[str] = "case-started"
    case_id: UUID
    agent: AgentName | None
    at: datetime


@event
class CasePended:
    """The case waits for the customer."""

    TOPIC: ClassVar[str] = "case-pended"
    case_id: UUID
    reason: Remark | None
    at: datetime


@event
class CaseHeld:
    """The case waits for a third party."""

    TOPIC: ClassVar[str] = "case-held"
    case_id: UUID
    third_party: Remark | None
    at: datetime


@event
class CaseResumed:
    """The wait is over; ``message_id`` is the customer's message that ended it, if one did."""

    TOPIC: ClassVar[str] = "case-resumed"
    case_id: UUID
    message_id: UUID | None
    at: datetime


@event
class CaseSolved:
    """What the customer wanted is done, or it was explained why not."""

    TOPIC: ClassVar[str] = "case-solved"
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
    case_id: UUID
    cycle: int
    reason: Remark
    message_id: UUID | None
    at: datetime


@event
class CaseClosed:
    """The solved case is filed for good."""

    TOPIC: ClassVar[str] = "case-closed"
    case_id: UUID
    at: datetime


@event
class CaseMerged:
    """The case ended; the work on it goes on in another."""

    TOPIC: ClassVar[str] = "case-merged"
    case_id: UUID
    into_case_id: UUID
    forced: bool
    reason: Remark | None
    at: datetime


@event
class CaseAbsorbed:
    """Another case was merged into this one."""

    TOPIC: ClassVar[str] = "case-absorbed"
    case_id: UUID
    source_case_id: UUID
    at: datetime


@event
class CaseQuestionInherited:
    """The customer of a case that was merged into this one waits for an answer, since ``asked_at``.

    Told again where something that came in late changes it; None: they do not wait.
    """

    TOPIC: ClassVar[str] = "case-question-inherited"
    case_id: UUID
    source_case_id: UUID
    asked_at: datetime | None
    at: datetime


@event
class CaseSpamMarked:
    """It was never a customer's concern."""

    TOPIC: ClassVar[str] = "case-spam-marked"
    case_id: UUID
    at: datetime


CaseEvent = (
    CaseOpened
    | CaseCustomerIdentified
    | CaseClassified
    | CasePrioritised
    | ServiceLevelAttached
    | ServiceLevelReplaced
    | ServiceLevelDetached
    | ServiceTargetWarned
    | ServiceTargetBreached
    | CaseAssigned
    | CaseQueued
    | CaseTransferred
    | CaseReplied
    | CaseNoteAdded
    | CaseStarted
    | CasePended
    | CaseHeld
    | CaseResumed
    | CaseSolved
    | CaseReopened
    | CaseClosed
    | CaseMerged
    | CaseAbsorbed
    | CaseQuestionInherited
    | CaseSpamMarked
)
