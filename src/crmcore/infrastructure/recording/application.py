"""The log as an application's event store: every event gets its position in the whole."""

import time
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from eventsourcing.persistence import ApplicationRecorder, StoredEvent, Subscription
from sqlalchemy import Connection, select

from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.infrastructure.recording.identity import (
    ORIGINATOR_ID_TYPES,
    ReadOriginatorId,
    state_of,
    text_of,
)
from crmcore.infrastructure.recording.notifications import NotifyingRecorder
from crmcore.infrastructure.recording.ownership import require_own_streams, require_own_topics
from crmcore.infrastructure.recording.subscription import LogSubscription


def system_clock() -> int:
    """Microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000


class CrmApplicationRecorder(NotifyingRecorder):
    """Events in the log: gapless ids in commit order, chained, never changed.

    They are the application's own, and stand beside those of the core, which shows them as
    ``UnknownEvent``.  What the core would take for its own is refused before it is written.
    """

    def __init__(
        self,
        database: Database,
        *,
        read_originator_id: ReadOriginatorId = ORIGINATOR_ID_TYPES["uuid"],
        clock: Callable[[], int] = system_clock,
    ) -> None:
        super().__init__(database, read_originator_id=read_originator_id)
        self._clock = clock

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Record the events, all or none, and return their ids (positions in the log).

        With ``connection=`` (SQLAlchemy's) they join the caller's transaction, and are
        recorded if that commits.  Raises the package's ``IntegrityError`` if a stream has
        one of the versions already, ``ProgrammingError`` for a topic or a stream of the core's.
        """
        require_own_topics(stored_events)
        with self.transaction(kwargs.pop("connection", None)) as connection:
            positions = self._insert_events(connection, stored_events, **kwargs)
        self._notify()
        return positions

    def _insert_events(
        self, connection: Connection, stored_events: Sequence[StoredEvent], **_kwargs: Any
    ) -> Sequence[int]:
        require_own_streams(connection, self.database.tables, stored_events)
        records = [
            NewRecord(
                stream_id=str(event.originator_id),
                stream_version=event.originator_version,
                topic=event.topic,
                data=text_of(event.state),
            )
            for event in stored_events
        ]
        return append(connection, self.database.tables, records, self._clock())

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """The stream's events in order of version (*desc*: backwards), after *gt* up to *lte*."""
        column = self.database.tables.events.c
        version = column.stream_version
        query = select(version, column.topic, column.data).where(
            column.stream_id == str(originator_id)
        )
        if gt is not None:
            query = query.where(version > gt)
        if lte is not None:
            query = query.where(version <= lte)
        query = query.order_by(version.desc() if desc else version).limit(limit)
        with self.reading() as connection:
            rows = connection.execute(query).all()
        name = self._read_originator_id(str(originator_id))
        return [StoredEvent(name, number, topic, state_of(data)) for number, topic, data in rows]

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """The events after id *gt*, those recorded already and then every new one.

        Events of other processes count as well.  Use it as a context manager: it has threads
        that end with it.
        """
        return LogSubscription(self, gt=gt, topics=topics)
