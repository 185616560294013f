"""What the application needs of an event log: the port, and the records that go in and come out."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import attrs

from crmcore.domain.kernel import Command, Event

__all__ = ["EventLog", "LogSession", "NewEvent", "Provenance", "Receipt", "Recorded"]


@attrs.frozen(kw_only=True)
class Provenance:
    """Who caused an event and by what: the actor, the command and the chain of causes."""

    actor: str
    command_id: UUID
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    source: str | None = None


@attrs.frozen
class NewEvent:
    """An event to be recorded at the end of a stream."""

    stream_id: UUID
    stream_version: int
    subject_id: UUID | None
    event: Event
    provenance: Provenance


@attrs.frozen
class Recorded:
    """An event as it stands in the log.

    ``position`` counts from 1 over all streams without a gap; ``occurred_at`` is when it was
    true and ``recorded_at`` when it was written (both UTC); ``subject_id`` the customer or
    lead that it is about; ``data`` the stored JSON of ``event``.
    """

    position: int
    stream_id: UUID
    stream_version: int
    topic: str
    subject_id: UUID | None
    occurred_at: datetime
    recorded_at: datetime
    actor: str | None
    command_id: UUID | None
    correlation_id: UUID | None
    causation_id: UUID | None
    source: str | None
    data: str
    event: Any


@attrs.frozen
class Receipt:
    """What a command did: its events (none if its effect held already), and the log's position after them.

    ``position`` is None where nothing was recorded; wait for it to read your own write.
    """

    command_id: UUID
    position: int | None
    events: tuple[Any, ...]
    repeated: bool = False
    """The command was carried out before; this is its first receipt."""


class LogSession(Protocol):
    """One transaction on the log."""

    def read_stream(self, stream_id: UUID) -> Sequence[Any]:
        """The events of a stream, in order."""
        ...

    def receipt(self, command_id: UUID, command: Command) -> Receipt | None:
        """The receipt of a command carried out before, if it was."""
        ...

    def append(self, events: Sequence[NewEvent], versions: Mapping[UUID, int]) -> int | None:
        """Record *events*; return the last position.

        *versions* are those of every stream that the decision rests on.  Raises
        ``ConcurrencyError`` if one of them has changed.
        """
        ...

    def keep_receipt(self, command: Command, receipt: Receipt) -> None:
        """Remember that a command was carried out, in this transaction."""
        ...


class EventLog(Protocol):
    """The log, as command services see it."""

    def session(
        self, connection: Any = None, *, alone: bool = False
    ) -> AbstractContextManager[LogSession]:
        """A transaction: committed at the end, rolled back by an error.

        With *connection*, the host's own transaction, which only the host ends.  *alone*
        holds up all other writers from the start, so that none can come between.
        """
        ...
