"""Reading the log: streams, ranges of positions and everything about a subject, in order."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, func, select

from crmcore.application.errors import (
    CorruptEventError,
    UnknownTopicError,
    UnreadableEventError,
)
from crmcore.application.log import Recorded
from crmcore.infrastructure.codec import EventCodec
from crmcore.infrastructure.log.instants import from_micros
from crmcore.infrastructure.log.tables import LogTables

__all__ = ["LogReader"]


@attrs.frozen
class LogReader:
    """Reads recorded events; the caller brings the connection, and so chooses the moment."""

    _tables: LogTables
    _codec: EventCodec

    def head(self, connection: Connection) -> int:
        """The last position; 0 for an empty log."""
        return int(connection.execute(select(self._tables.head.c.position)).scalar_one())

    def stream(self, connection: Connection, stream_id: UUID) -> list[Any]:
        """The events of a stream in order, without what the log knows about them.

        Raises ``UnreadableEventError`` where it comes to an event that cannot be read.
        """
        table = connection.dialect.identifier_preparer.format_table(self._tables.events)
        mark = "%s" if connection.dialect.name == "postgresql" else "?"
        rows = connection.exec_driver_sql(
            f"SELECT position, topic, schema_version, data FROM {table}"
            f" WHERE stream_id = {mark} ORDER BY stream_version",
            (str(stream_id),),
        )
        return [self._event(*row) for row in rows]

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

        Raises ``UnreadableEventError`` where it comes to an event that cannot be read.
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
            query = query.where(events.topic.in_(topics))
        if limit is not None:
            query = query.limit(limit)
        for row in connection.execute(query):
            yield self._recorded(row)

    def _recorded(self, row: Any) -> Recorded:
        return Recorded(
            position=row.position,
            stream_id=UUID(row.stream_id),
            stream_version=row.stream_version,
            topic=row.topic,
            subject_id=_uuid(row.subject_id),
            occurred_at=from_micros(row.occurred_at),
            recorded_at=from_micros(row.recorded_at),
            actor=row.actor,
            command_id=_uuid(row.command_id),
            correlation_id=_uuid(row.correlation_id),
            causation_id=_uuid(row.causation_id),
            source=row.source,
            data=row.data,
            event=self._event(row.position, row.topic, row.schema_version, row.data),
        )

    def _event(self, position: int, topic: str, schema_version: int, data: str) -> Any:
        try:
            return self._codec.decode(topic, schema_version, data)
        except (CorruptEventError, UnknownTopicError) as error:
            raise UnreadableEventError(position, topic, error) from error


def _uuid(text: str | None) -> UUID | None:
    return None if text is None else UUID(text)
