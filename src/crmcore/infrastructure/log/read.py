"""Reading the log: streams, ranges of positions and everything about a subject, in order."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from crmcore.application.errors import (
    CorruptEventError,
    LaterVersionError,
    UnknownTopicError,
    UnreadableEventError,
)
from crmcore.application.log import Page, Place, Record, Recorded, UnknownEvent
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import from_micros
from crmcore.infrastructure.database.driver import execute, fetch_all
from crmcore.infrastructure.events.codec import EventCodec, EventReader
from crmcore.infrastructure.identity import id_text
from crmcore.infrastructure.log.chain import FIRST_LINK
from crmcore.infrastructure.log.head import the_head
from crmcore.infrastructure.log.statements import AHEAD, log_statements
from crmcore.infrastructure.log.tables import EVENT_COLUMNS, LogTables

PAGE: Final = 1_000
"""Records that are read at once, where all are wanted."""

_COLUMNS = tuple(name for name in EVENT_COLUMNS if name != "chain")
_PROVENANCE = frozenset(_COLUMNS) - {
    "position", "stream_id", "topic", "schema_version", "subject_id", "occurred_at", "data"
}  # fmt: skip


@frozen
class Reading:
    """What a reader of the whole log wants of it.

    *views* are the topics, each with the class that its events are read as (None: not at all);
    without *provenance* the columns that tell who, when and why stay behind.  *part* is
    (column, from, below): two hexadecimal digits that the ids in the column end between.
    Nothing after position *upto* is read.
    """

    views: Mapping[str, type | None]
    provenance: bool = True
    part: tuple[str, str, str] | None = None
    upto: int | None = None

    def query(self, connection: Connection, tables: LogTables, codec: EventCodec) -> str:
        """The SQL for a page, with two parameters: after which position, and how many."""
        mark = "%s" if connection.dialect.name == "postgresql" else "?"
        columns = ", ".join(
            name if self.provenance or name not in _PROVENANCE else "NULL" for name in _COLUMNS
        )
        conditions = [f"position > {mark}"]
        left_out = codec.known_topics - codec.stored_as(self.views)
        if left_out:  # so that topics which nobody knows are not left out
            topics = ", ".join("'" + topic.replace("'", "''") + "'" for topic in sorted(left_out))
            conditions.append(f"topic NOT IN ({topics})")
        if self.upto is not None:
            conditions.append(f"position <= {self.upto}")
        if self.part is not None:
            column, low, below = self.part
            ending = f"substr({column}, length({column}) - 1)"
            conditions.append(f"{ending} >= '{low}' AND {ending} < '{below}'")
        table = connection.dialect.identifier_preparer.format_table(tables.events)
        return (
            f"SELECT {columns} FROM {table} WHERE {' AND '.join(conditions)}"
            f" ORDER BY position LIMIT {mark}"
        )


StreamRow = tuple[Any, ...]
"""Of a record in a stream: version, position, topic, schema version and data."""


def array(connection: Connection, texts: Iterable[str]) -> Any:
    """*texts* as the one parameter of a statement on many of them."""
    many = list(texts)
    return many if connection.dialect.name == "postgresql" else msgspec.json.encode(many).decode()


@frozen
class LogReader:
    """Reads recorded events; the caller brings the connection, and so chooses the moment."""

    _tables: LogTables
    _codec: EventCodec

    @property
    def known_topics(self) -> frozenset[str]:
        """Every topic that can be read, those that were renamed or dropped included."""
        return self._codec.known_topics

    def stored_as(self, topics: Collection[str]) -> frozenset[str]:
        """The topics under which events of *topics* were ever stored."""
        return self._codec.stored_as(topics)

    def first_of(
        self, connection: Connection, stored: Collection[str], after: int, upto: int
    ) -> tuple[int, str] | None:
        """The first record after *after* and up to *upto* that is *stored* so: position and topic."""
        events = self._tables.events.c
        query = select(events.position, events.topic).where(
            events.position > after, events.position <= upto, events.topic.in_(sorted(stored))
        )
        with in_order(connection):
            found = connection.execute(query.order_by(events.position).limit(1)).one_or_none()
        return None if found is None else (found.position, found.topic)

    def head(self, connection: Connection) -> Place:
        """The end of the log: position 0 for an empty one."""
        statement = log_statements(self._tables, connection.dialect).head
        return Place(*the_head(fetch_all(connection, statement, ())))

    def link(self, connection: Connection, position: int) -> bytes:
        """The link of the record at a position; no bytes where the log has none."""
        if not position:
            return FIRST_LINK
        statement = log_statements(self._tables, connection.dialect).link
        found = fetch_all(connection, statement, (position,))
        return bytes(found[0][0]) if found else b""

    def links(self, connection: Connection, positions: Collection[int]) -> Mapping[int, bytes]:
        """The links of the records at some positions."""
        if not positions:
            return {}
        events = self._tables.events.c
        query = select(events.position, events.chain).where(events.position.in_(positions))
        return {position: bytes(chain) for position, chain in connection.execute(query)}

    def stream(self, connection: Connection, stream_id: UUID) -> tuple[int, list[Any]]:
        """The version of a stream (0 if it is not there) and its events in order.

        Raises ``UnreadableEventError`` where it comes to an event that cannot be read.
        """
        statement = log_statements(self._tables, connection.dialect).stream
        return self.events_in(fetch_all(connection, statement, (id_text(stream_id),)))

    def events_in(self, rows: Iterable[StreamRow]) -> tuple[int, list[Any]]:
        """The version of the stream of which *rows* are all there is, and its events, as above."""
        version, events = 0, list[Any]()
        for version, *record in rows:  # noqa: B007  # the last one counts
            events += self._events(*record)
        return version, events

    def ahead(
        self, connection: Connection, stream_ids: Collection[UUID]
    ) -> dict[UUID, list[StreamRow]]:
        """The rows of many streams at once, each for ``events_in``; those of long streams are left out."""
        keys = [id_text(key) for key in stream_ids]
        statement = log_statements(self._tables, connection.dialect).ahead
        found: dict[str, list[StreamRow]] = {key: [] for key in keys}
        for key, *row in fetch_all(connection, statement, (array(connection, keys),)):
            found[key].append(tuple(row))
        by_key = zip(stream_ids, found.values(), strict=True)
        return {key: rows for key, rows in by_key if len(rows) < AHEAD}

    def versions(self, connection: Connection, stream_ids: Iterable[UUID]) -> dict[UUID, int]:
        """The versions of streams: 0 where there is none."""
        statement = log_statements(self._tables, connection.dialect).versions
        keys = array(connection, map(id_text, stream_ids))
        return {UUID(key): last or 0 for key, last in fetch_all(connection, statement, (keys,))}

    def recorded(
        self,
        connection: Connection,
        *,
        after: int = 0,
        upto: int | None = None,
        subjects: Sequence[UUID] | None = None,
        stream_id: UUID | None = None,
        topics: Sequence[str] | None = None,
        limit: int | None = None,
    ) -> Iterator[Recorded]:
        """The events after *after* and up to *upto*, about *subjects*, of a stream, of *topics*.

        At most *limit* records are read.  An event of a topic that nothing here knows, or of a
        later version, is an ``UnknownEvent``; but where *topics* are asked for, their events are
        wanted as what they are.  Raises ``UnreadableEventError`` where it comes to an event that
        cannot be read.
        """
        events = self._tables.events.c
        columns = [column for column in self._tables.events.columns if column.name != "chain"]
        query = select(*columns).where(events.position > after).order_by(events.position)
        if upto is not None:
            query = query.where(events.position <= upto)
        if subjects is not None:
            query = query.where(events.subject_id.in_([str(subject) for subject in subjects]))
        if stream_id is not None:
            query = query.where(events.stream_id == str(stream_id))
        if topics is not None:
            query = query.where(events.topic.in_(self._codec.stored_as(topics)))
        if limit is not None:
            query = query.limit(limit)
        for row in connection.execute(query):
            record = tuple(row)
            try:
                present = _in_present_terms(self._codec.read, record)
            except (CorruptEventError, UnknownTopicError) as error:
                if topics is not None or not isinstance(
                    error, UnknownTopicError | LaterVersionError
                ):
                    raise UnreadableEventError(record[0], record[3], error) from error
                present = [Recorded(record, _unknown(record))]
            for one in present:
                if topics is None or one.topic in topics:
                    yield one

    def in_pages(
        self, connection: Connection, *, after: int = 0, stream_id: UUID | None = None
    ) -> Iterator[Recorded]:
        """What ``recorded`` gives, of which few are in memory at once."""
        while (end := self.end_of_page(connection, after=after, stream_id=stream_id)) is not None:
            yield from self.recorded(connection, after=after, upto=end, stream_id=stream_id)
            after = end
        yield from self.recorded(connection, after=after, stream_id=stream_id)

    def end_of_page(
        self, connection: Connection, *, after: int, stream_id: UUID | None = None
    ) -> int | None:
        """The position of the last of the next ``PAGE`` records after *after*; None if there are fewer."""
        events = self._tables.events.c
        query = select(events.position).where(events.position > after).order_by(events.position)
        if stream_id is not None:
            query = query.where(events.stream_id == str(stream_id))
        with in_order(connection) if stream_id is None else nullcontext():
            found: int | None = connection.execute(query.offset(PAGE - 1).limit(1)).scalar()
        return found

    def page(self, connection: Connection, reading: Reading, after: int, limit: int) -> Page:
        """The next *limit* records after a position that *reading* asks for, as fast as may be.

        An event that cannot be read is an ``UnreadableEventError`` in its place.
        """
        query = reading.query(connection, self._tables, self._codec)
        with in_order(connection):
            records: list[Any] = fetch_all(connection, query, (after, limit))
        last = records[-1][0] if len(records) == limit else None
        return Page(reading.views, partial(self._read, records), last)

    def _read(
        self, records: Sequence[Record], views: Mapping[str, type | None]
    ) -> Iterator[Recorded]:
        reader = self._codec.reader(views)
        present, passed_by = reader.present, reader.passed_by
        for record in records:
            decode = present[record[3], record[4]]
            if decode is None:
                if record[3] not in passed_by:
                    yield from _translated(reader, record)
                continue
            try:
                event = decode(record[13])
            except (ValueError, RecursionError):
                event = _unreadable(reader, record)
            yield Recorded(record, event)

    def _events(self, position: int, topic: str, schema_version: int, data: str) -> Sequence[Any]:
        try:
            return self._codec.read(topic, schema_version, data)
        except (CorruptEventError, UnknownTopicError) as error:
            raise UnreadableEventError(position, topic, error) from error


def _translated(reader: EventReader, record: Record) -> Sequence[Recorded]:
    """What a record that is not of a present version tells, or why that cannot be read."""
    try:
        return _in_present_terms(reader, record)
    except (CorruptEventError, UnknownTopicError):
        return (Recorded(record, _unreadable(reader, record)),)


@contextmanager
def in_order(connection: Connection) -> Iterator[None]:
    """Let PostgreSQL walk along the positions.

    A log that was just written has no statistics yet: the planner then takes what is left of it
    for a few rows, and sorts all of them for each page.
    """
    if connection.dialect.name != "postgresql":
        yield
        return
    execute(connection, "SET LOCAL enable_sort = off")
    yield
    execute(connection, "SET LOCAL enable_sort TO DEFAULT")


def _unknown(record: Record) -> UnknownEvent:
    """What can be said of a record that nothing here knows."""
    try:
        data = msgspec.json.decode(record[13])
    except (ValueError, RecursionError):  # as an application on ``eventsourcing`` may compress it
        data = None
    fields = data if isinstance(data, dict) else {}
    return UnknownEvent(record[3], record[4], from_micros(record[6]), fields)


def _unreadable(reader: EventReader, record: Record) -> UnreadableEventError:
    """Why a record cannot be read, in the reader's own words."""
    try:
        _in_present_terms(reader, record)
    except (CorruptEventError, UnknownTopicError) as error:
        return UnreadableEventError(record[0], record[3], error)
    raise AssertionError(f"position {record[0]} could be read after all")


def _in_present_terms(reader: EventReader, record: Record) -> Sequence[Recorded]:
    """What a record tells in present terms: one event, as a rule."""
    stored = record[3], record[4], record[13]
    if reader.present[stored[:2]] is not None:
        return [Recorded(record, event) for event in reader(*stored)]
    before, between = record[:3], record[5:13]
    return [
        Recorded((*before, one.topic, one.schema_version, *between, one.data), one.event, one.part)
        for one in reader.translated(*stored)
    ]
