"""What a case is about: its opening, whose it is, its class and its priority."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Length, Personal, command, event
from crmcore.domain.service.case_number import case_number_id
from crmcore.domain.service.priority import Impact, Priority, Urgency
from crmcore.domain.service.terms import CaseChannel, CaseKind, Label, Message, Remark

__all__ = [
    "CaseChannel",
    "CaseClassified",
    "CaseCustomerIdentified",
    "CaseKind",
    "CaseOpened",
    "CasePrioritised",
    "ClassifyCase",
    "IdentifyCaseCustomer",
    "Impact",
    "OpenCase",
    "PrioritiseCase",
    "Priority",
    "Urgency",
]

# Commands


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


# Events


@event
class CaseOpened:
    """A customer's concern was received; everything that came with it, as it came."""

    TOPIC: ClassVar[str] = "case-opened"
    SENTENCE: ClassVar[str] = (
        "case opened[ {number}] by {channel:words}: {subject}[, queue {queue}][, due {resolve_by}]"
    )
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
    SENTENCE: ClassVar[str] = "case found to be this customer's"
    case_id: UUID
    customer_id: UUID
    at: datetime


@event
class CaseClassified:
    """The case was sorted; these replace its earlier kind, category and type."""

    TOPIC: ClassVar[str] = "case-classified"
    SENTENCE: ClassVar[str] = "case sorted as {kind:words}[, {category}][, {request_type}]"
    case_id: UUID
    kind: CaseKind
    category: Label | None
    request_type: Label | None
    at: datetime


@event
class CasePrioritised:
    """A priority was set: by a version of the matrix, or by hand where that is None."""

    TOPIC: ClassVar[str] = "case-prioritised"
    SENTENCE: ClassVar[str] = "case has priority {priority:words}[: {override_reason}]"
    case_id: UUID
    impact: Impact | None
    urgency: Urgency | None
    priority: Priority
    matrix_version: str | None
    override_reason: Remark | None
    at: datetime


DescriptionCommand = IdentifyCaseCustomer | ClassifyCase | PrioritiseCase
OpeningCommand = OpenCase | DescriptionCommand
OpeningEvent = CaseOpened | CaseCustomerIdentified | CaseClassified | CasePrioritised
