"""A note: what somebody wrote down about a customer; a stream of its own for each.

One decider, read from top to bottom: events, commands, state, ``evolve``, ``decide``.
What was written is never rewritten: a correction is a further entry that supersedes it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Final, assert_never, get_args
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    Length,
    NotFoundError,
    Personal,
    command,
    event,
)
from crmcore.domain.kernel.frozen import frozen

__all__ = [
    "CorrectNote",
    "NoteCorrected",
    "NoteRecorded",
    "RecordNote",
]


@event
class NoteRecorded:
    """Somebody wrote this down about the customer."""

    TOPIC: ClassVar[str] = "note-recorded"
    SENTENCE: ClassVar[str] = "note: {text}"
    note_id: UUID
    customer_id: UUID
    text: Annotated[str, Personal()]
    at: datetime


@event
class NoteCorrected:
    """This text supersedes the one before."""

    TOPIC: ClassVar[str] = "note-corrected"
    SENTENCE: ClassVar[str] = "note put right: {text}[ ({reason})]"
    note_id: UUID
    customer_id: UUID
    text: Annotated[str, Personal()]
    reason: Annotated[str, Personal()] | None
    at: datetime


@command
class RecordNote:
    """Write something down about a customer."""

    TOPIC: ClassVar[str] = "record-note"
    note_id: UUID
    customer_id: UUID
    text: Annotated[str, Length(20_000), Personal()]
    at: datetime


@command
class CorrectNote:
    """Supersede the text of a note; the former text stays in the history."""

    TOPIC: ClassVar[str] = "correct-note"
    note_id: UUID
    text: Annotated[str, Length(20_000), Personal()]
    at: datetime
    reason: Annotated[str, Length(1_000), Personal()] | None = None


@frozen
class Unrecorded:
    """Nothing was written yet."""


@frozen
class Recorded:
    """A note as first written, and its text as it stands."""

    first: NoteRecorded
    text: str


Event = NoteRecorded | NoteCorrected
Command = RecordNote | CorrectNote
State = Unrecorded | Recorded


def evolve(state: State, event: Event) -> State:
    """The state after *event*."""
    match event:
        case NoteRecorded():
            return Recorded(event, event.text)
        case NoteCorrected():
            return attrs.evolve(state, text=event.text) if isinstance(state, Recorded) else state
        case _:
            assert_never(event)


def decide(command: Command, state: State) -> Sequence[Event]:
    """What *command* changes; refused where the note is unknown, or known as another one."""
    match command:
        case RecordNote(note_id=note_id, customer_id=customer_id, text=text, at=at):
            event = NoteRecorded(note_id=note_id, customer_id=customer_id, text=text, at=at)
            if isinstance(state, Unrecorded):
                return [event]
            if event != state.first:
                raise AlreadyExistsError(
                    "note", note_id, "correct it, or take a new id", at=state.first.at
                )
            return []
        case CorrectNote():
            if isinstance(state, Unrecorded):
                raise NotFoundError("note", command.note_id)
            if command.text == state.text:
                return []
            return [
                NoteCorrected(
                    note_id=command.note_id,
                    customer_id=state.first.customer_id,
                    text=command.text,
                    reason=command.reason,
                    at=command.at,
                )
            ]
        case _:
            assert_never(command)


def subject(state: State) -> UUID | None:
    """The customer about whom the note is."""
    return state.first.customer_id if isinstance(state, Recorded) else None


AGGREGATE: Final = Aggregate[State, Event](
    kind="note",
    initial=Unrecorded(),
    evolve=evolve,
    events=get_args(Event),
    subject=subject,
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: command.note_id,
)
