"""What is said about a case: messages, and remarks for our own people."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Length, Personal, command, event
from crmcore.domain.service.terms import AgentName, AuthorRole, CaseChannel, Message

__all__ = [
    "AddCaseNote",
    "AuthorRole",
    "CaseChannel",
    "CaseNoteAdded",
    "CaseReplied",
    "ReplyToCase",
]

# Commands


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


# Events


@event
class CaseReplied:
    """A message on the case: who wrote it, as whom, and whether the customer can see it.

    ``agent`` names one of our people, ``author`` the writer as the message shows them;
    ``addressed_to`` is the merged case that the message was sent to, if it was routed here.
    """

    TOPIC: ClassVar[str] = "case-replied"
    SENTENCE: ClassVar[str] = (
        "{author_role:words} wrote[, for our own people{public:unless}]: {text}"
    )
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
    SENTENCE: ClassVar[str] = "remark on the case: {text}"
    case_id: UUID
    note_id: UUID
    agent: AgentName | None
    text: Message
    at: datetime


ConversationCommand = ReplyToCase | AddCaseNote
ConversationEvent = CaseReplied | CaseNoteAdded
