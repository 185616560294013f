"""Reading the log: streams, ranges of positions and everything about a subject, in order."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, func, select

from crmcore.application.errors import (
    CorruptEventError,
    UnknownTopicError,
    UnreadableEventError,
)
from crmcore.application.log import Page, Record, Recorded
from crmcore.infrastructure.codec import EventCodec, EventReader
from crmcore.infrastructure.log.driver import fetch_all
from crmcore.infrastructure.log.tables import EVENT_COLUMNS, LogTables

__all__ = ["LogReader", "Reading"]

_COLUMNS = tuple(name for name in EVENT_COLUMNS if name != "chain")
_PROVENANCE = frozenset(_COLUMNS) - {
    "position", "stream_id", "topic", "schema_version", "subject_id", "occurred_at", "data"
}  # fmt: skip


@attrs.frozen
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


@attrs.frozen
class LogReader:
    """Reads recorded events; the caller brings the connection, and so chooses the moment."""

    _tables: LogTables
    _codec: EventCodec

    def head(self, connection: Connection) -> int:
        """The last position; 0 for an empty log."""
        return int(connection.execute(select(self._tables.head.c.position)).scalar_one())

    def stream(self, connection: Connection, stream_id: UUID) -> tuple[int, list[Any]]:
        """The version of a stream (0 if it is not there) and its events in order.

        Raises ``UnreadableEventError`` where it comes to an event that cannot be read.
        """
        table = connection.dialect.identifier_preparer.format_table(self._tables.events)
        mark = "%s" if connection.dialect.name == "postgresql" else "?"
        rows = fetch_all(
            connection,
            f"SELECT stream_version, position, topic, schema_version, data FROM {table}"
            f" WHERE stream_id = {mark} ORDER BY stream_version",
            (str(stream_id),),
        )
        version, events = 0, list[Any]()
        for version, *record in rows:  # noqa: B007  # the last one counts
            events += self._events(*record)
        return version, events

    def versions(self, connection: Connection, stream_ids: Sequence[UUID]) -> dict[UUID, int]:
        """The versions of the streams that are there, of those asked for."""
        events, found = self._tables.events.c, dict[UUID, int]()
        for start in range(0, len(stream_ids), 500):
            keys = [str(key) for key in stream_ids[start : start + 500]]
            last = func.max(events.stream_version)
            query = select(events.stream_id, last).where(events.stream_id.in_(keys))
            rows = connection.execute(query.group_by(events.stream_id))
            found.update((UUID(key), version) for key, version in rows)
        return found

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

        At most *limit* records are read.  Raises ``UnreadableEventError`` where it comes to an event that cannot be read.
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
                told = _told(self._codec.read, record)
            except (CorruptEventError, UnknownTopicError) as error:
                raise UnreadableEventError(record[0], record[3], error) from error
            for one in told:
                if topics is None or one.topic in topics:
                    yield one

    def page(self, connection: Connection, reading: Reading, after: int, limit: int) -> Page:
        """The next *limit* records after a position that *reading* asks for, as fast as may be.

        An event that cannot be read is an ``UnreadableEventError`` in its place.
        """
        query = reading.query(connection, self._tables, self._codec)
        records: list[Any] = fetch_all(connection, query, (after, limit))
        events = self._read_as(self._codec.reader(reading.views), records)
        return Page(events, records[-1][0] if len(records) == limit else None)

    def _read_as(self, reader: EventReader, records: Sequence[Record]) -> Iterator[Recorded]:
        present = reader.present
        for record in records:
            decode = present.get((record[3], record[4]))
            told: Sequence[Recorded]
            try:
                if decode is not None:
                    told = (Recorded(record, decode(record[13])),)
                else:
                    told = _told(reader, record)
            except (ValueError, RecursionError, UnknownTopicError):
                told = (_unreadable(reader, record),)
            yield from told

    def _events(self, position: int, topic: str, schema_version: int, data: str) -> Sequence[Any]:
        try:
            return self._codec.read(topic, schema_version, data)
        except (CorruptEventError, UnknownTopicError) as error:
            raise UnreadableEventError(position, topic, error) from error


def _unreadable(reader: EventReader, record: Record) -> Recorded:
    """A record that cannot be read, with the reader's own words on why."""
    try:
        _told(reader, record)
    except (CorruptEventError, UnknownTopicError) as error:
        return Recorded(record, UnreadableEventError(record[0], record[3], error))
    raise AssertionError(f"position {record[0]} could be read after all")


def _told(reader: EventReader, record: Record) -> Sequence[Recorded]:
    """What a record tells in present terms: one event, as a rule."""
    stored = record[3], record[4], record[13]
    if stored[:2] in reader.present:
        return [Recorded(record, event) for event in reader(*stored)]
    before, between = record[:3], record[5:13]
    return [
        Recorded((*before, one.topic, one.schema_version, *between, one.data), one.event, one.part)
        for one in reader.translated(*stored)
    ]
