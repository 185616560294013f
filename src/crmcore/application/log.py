"""What the application needs of an event log: the port, and the records that go in and come out."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import attrs

from crmcore.application.errors import UndeclaredError
from crmcore.domain.kernel import Command, Event
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import from_micros


class Place(NamedTuple):
    """A place in a log: a position, and the link of the record there (32 zero bytes at 0).

    A link follows from all records up to its own, so that a log which was restored or replaced
    is told from the one that was read.
    """

    position: int
    link: bytes


@frozen(kw_only=True)
class Provenance:
    """Who caused an event and by what: the actor, the command and the chain of causes."""

    actor: str
    command_id: UUID
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    source: str | None = None


@frozen
class NewEvent:
    """An event to be recorded at the end of a stream."""

    stream_id: UUID
    stream_version: int
    subject_id: UUID | None
    event: Event
    provenance: Provenance


Record = tuple[
    int, str, int | None, str, int, str | None, int, int | None,
    str | None, str | None, str | None, str | None, str | None, str,
]  # fmt: skip
"""A record as it is stored: the columns of the log in order, without the chain.

Readers that need no provenance leave the version in the stream, the instant of recording and
the columns from the actor to the source empty.
"""


@frozen
class UnknownEvent:
    """An event that nothing here can read: of a later release, or of a context that is not loaded.

    Readers of the whole log see it in its place and may go past it.  ``at`` is when it was true
    (UTC); ``data`` holds the stored fields as JSON has them, none where they are no object.
    """

    topic: str
    schema_version: int
    at: datetime
    data: Mapping[str, Any] = attrs.field(hash=False)


def is_namespaced(topic: str) -> bool:
    """Whether a topic is a host's: of its context (``workshop.bike-received``), or its own package's."""
    return "." in topic or ":" in topic


class Recorded:
    """An event as it stands in the log.

    ``position`` counts from 1 over all streams without a gap; ``occurred_at`` is when it was
    true and ``recorded_at`` when it was written (both UTC); ``subject_id`` the customer or
    lead that it is about; ``data`` the JSON of ``event``.  Ids and instants are made
    when asked for; ``stream`` and ``subject`` are the ids as text, as rows hold them, and
    ``record`` is all that is stored, for those who read many.

    What an older version stored is told in present terms.  One record may have become several
    events: they share all but their topic, their data and their ``part``, which counts from 0.
    """

    __slots__ = ("event", "part", "record")

    def __init__(self, record: Record, event: Any, part: int = 0) -> None:
        self.record = record
        self.event = event
        self.part = part

    @property
    def position(self) -> int:
        """Its place in the log."""
        return self.record[0]

    @property
    def stream(self) -> str:
        """Its stream, as text."""
        return self.record[1]

    @property
    def stream_id(self) -> UUID:
        """Its stream."""
        return UUID(self.record[1])

    @property
    def stream_version(self) -> int:
        """Its place in the stream, from 1."""
        return int(self._provenance(2))

    @property
    def topic(self) -> str:
        """What kind of event it is."""
        return self.record[3]

    @property
    def subject(self) -> str | None:
        """The customer or lead that it is about, as text."""
        return self.record[5]

    @property
    def subject_id(self) -> UUID | None:
        """The customer or lead that it is about."""
        return _uuid(self.record[5])

    @property
    def occurred_at(self) -> datetime:
        """When it was true (UTC)."""
        return from_micros(self.record[6])

    @property
    def recorded_at(self) -> datetime:
        """When it was written (UTC)."""
        return from_micros(self._provenance(7))

    @property
    def actor(self) -> str | None:
        """Who caused it."""
        return self._text(8)

    @property
    def command_id(self) -> UUID | None:
        """The command that caused it."""
        return _uuid(self._text(9))

    @property
    def command(self) -> str | None:
        """The command that caused it, as text."""
        return self._text(9)

    @property
    def correlation(self) -> str | None:
        """What it belongs to, as text."""
        return self._text(10)

    @property
    def causation(self) -> str | None:
        """What led to its command, as text."""
        return self._text(11)

    @property
    def correlation_id(self) -> UUID | None:
        """What it belongs to, in the sender's words."""
        return _uuid(self._text(10))

    @property
    def causation_id(self) -> UUID | None:
        """What led to its command."""
        return _uuid(self._text(11))

    @property
    def source(self) -> str | None:
        """The system that told of it."""
        return self._text(12)

    @property
    def data(self) -> str:
        """Its JSON: as it was stored, or in present terms where an older version was."""
        return self.record[13]

    def _provenance(self, column: int) -> Any:
        if self.record[2] is None:  # which every event has
            raise UndeclaredError(
                "this reader asked for no provenance: leave out `provenance=False` in the projection"
            )
        return self.record[column]

    def _text(self, column: int) -> str | None:
        text: str | None = self._provenance(column)
        return text

    def without_provenance(self) -> "Recorded":
        """This event as a reader sees it that asked for no provenance."""
        position, stream, _, topic, version, subject, occurred_at, *_, data = self.record
        nothing = (None, None, None, None, None, None)
        record = (position, stream, None, topic, version, subject, occurred_at, *nothing, data)
        return Recorded(record, self.event, self.part)

    def with_event(self, event: Any) -> "Recorded":
        """This record with another *event* in its place: what it would have told at another time."""
        return Recorded(self.record, event, self.part)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Recorded)
            and self.record == other.record
            and self.part == other.part
            and self.event == other.event
        )

    def __hash__(self) -> int:
        return hash(self.record)

    def __repr__(self) -> str:
        return f"Recorded(position={self.position}, stream_id={self.stream}, topic={self.topic!r})"


@frozen
class Page:
    """Some records of the log, and where the next page begins.

    ``read(views)`` gives their events in order, each as the class that *views* names for its
    topic; topics that it leaves out are left out.  ``last`` is the position of the last record
    of a full page, None where the log, or the range that was asked for, ends within the page.
    """

    _views: Mapping[str, type | None]
    read: Callable[[Mapping[str, type | None]], Iterator[Recorded]]
    last: int | None

    @property
    def events(self) -> Iterator[Recorded]:
        """The events as they were asked for."""
        return self.read(self._views)


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)


@frozen
class Receipt:
    """What a command did: its events (none if its effect held already), and the log's position after them.

    ``position`` is None where nothing was recorded; wait for it to read your own write.
    """

    command_id: UUID
    position: int | None
    events: tuple[Any, ...]
    repeated: bool = False
    """The command was carried out before; this is its first receipt."""

    def __repr__(self) -> str:
        topics = [event.TOPIC for event in self.events]  # their fields may be about a person
        return (
            f"Receipt(command_id={self.command_id}, position={self.position}, events={topics},"
            f" repeated={self.repeated})"
        )


class LogView(Protocol):
    """One moment of the log: what decisions read."""

    def read_stream(self, stream_id: UUID) -> tuple[int, Sequence[Any]]:
        """The version of a stream (0 where there is none) and its events, in order."""
        ...

    def read_ahead(self, stream_ids: Collection[UUID]) -> None:
        """Read streams at once that will be asked for one by one."""
        ...

    def carried_out(self, command_ids: Collection[UUID]) -> Collection[UUID]:
        """Those of the commands that were carried out by now, looked up at once."""
        ...

    def is_repeated(self, command_id: UUID, command: Command) -> bool:
        """Whether ``carried_out`` found this command; ``CommandIdReusedError`` if it was another.

        An instant that was presumed for its sender makes it no other command.
        """
        ...

    def receipt(self, command_id: UUID, command: Command) -> Receipt | None:
        """The receipt of a command carried out before, if it was."""
        ...


class LogSession(LogView, Protocol):
    """One transaction on the log."""

    @property
    def began_after(self) -> Place | None:
        """The end of the log before the first record of this session; None while there is none."""
        ...

    @property
    def end(self) -> int:
        """The last position that this session has recorded; 0 while there is none."""
        ...

    @property
    def connection(self) -> Any:
        """The transaction itself, for what is kept beside the log."""
        ...

    def appended(self, after: int, topics: Sequence[str]) -> Iterable[tuple[bytes, "Recorded"]]:
        """What this session has recorded of *topics* after a position, in order, each with its link."""
        ...

    def append(self, events: Sequence[NewEvent], versions: Mapping[UUID, int]) -> int | None:
        """Record *events*; return the last position.

        *versions* are those of every stream that the decision rests on.  Raises
        ``ConcurrencyError`` if one of them has changed.
        """
        ...

    def keep_receipts(self, carried_out: Sequence[tuple[Command, Receipt]]) -> None:
        """Remember that commands were carried out, in this transaction."""
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

    def view(self, connection: Any = None) -> AbstractContextManager[LogView]:
        """One moment, read without holding up anybody; that of the host's transaction, if it gives one."""
        ...
