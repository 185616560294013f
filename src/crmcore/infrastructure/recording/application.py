"""The log as an application's event store: every event gets its position in the whole."""

import time
from collections.abc import Callable, Sequence
from threading import Event
from typing import Any
from uuid import UUID

from eventsourcing.persistence import (
    ApplicationRecorder,
    Notification,
    StoredEvent,
    Subscription,
)
from sqlalchemy import Connection, select

from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.infrastructure.log.database import Database
from crmcore.infrastructure.recording.identity import (
    ORIGINATOR_ID_TYPES,
    ReadOriginatorId,
    state_of,
    text_of,
)
from crmcore.infrastructure.recording.recorder import DatabaseRecorder
from crmcore.infrastructure.recording.subscription import LogSubscription

__all__ = ["CrmApplicationRecorder"]


def system_clock() -> int:
    """Microseconds since 1970 (UTC)."""
    return time.time_ns() // 1000


class CrmApplicationRecorder(DatabaseRecorder, ApplicationRecorder):
    """Events in the log: gapless ids in commit order, chained, never changed."""

    def __init__(
        self,
        database: Database,
        *,
        read_originator_id: ReadOriginatorId = ORIGINATOR_ID_TYPES["uuid"],
        clock: Callable[[], int] = system_clock,
    ) -> None:
        super().__init__(database, read_originator_id=read_originator_id)
        self._clock = clock
        self._listeners: set[Event] = set()

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Record the events, all or none, and return their ids (positions in the log).

        With ``connection=`` (SQLAlchemy's) they join the caller's transaction, and are
        recorded if that commits.  Raises the package's ``IntegrityError`` if a stream has
        one of the versions already.
        """
        with self.transaction(kwargs.pop("connection", None)) as connection:
            positions = self._insert_events(connection, stored_events, **kwargs)
        for listener in tuple(self._listeners):
            listener.set()
        return positions

    def _insert_events(
        self, connection: Connection, stored_events: Sequence[StoredEvent], **_kwargs: Any
    ) -> Sequence[int]:
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

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Up to *limit* events of the log in order, from id *start* to *stop*, of *topics*."""
        column = self.database.tables.events.c
        position = column.position
        query = select(column.stream_id, column.stream_version, column.topic, column.data, position)
        if start is not None:
            query = query.where(position >= start if inclusive_of_start else position > start)
        if stop is not None:
            query = query.where(position <= stop)
        if topics:
            query = query.where(column.topic.in_(topics))
        with self.reading() as connection:
            rows = connection.execute(query.order_by(position).limit(limit)).all()
        name = self._read_originator_id
        return [
            Notification(name(stream), version, topic, state_of(data), id_)
            for stream, version, topic, data, id_ in rows
        ]

    def max_notification_id(self) -> int | None:
        """The id of the last event in the log; None if there is none."""
        with self.reading() as connection:
            head: int = connection.execute(
                select(self.database.tables.head.c.position)
            ).scalar_one()
        return head or None

    def subscribe(
        self, gt: int | None = None, topics: Sequence[str] = ()
    ) -> Subscription[ApplicationRecorder]:
        """The events after id *gt*, those recorded already and then every new one.

        Events of other processes count as well.  Use it as a context manager: it has threads
        that end with it.
        """
        return LogSubscription(self, gt=gt, topics=topics)

    def listen(self, event: Event) -> None:
        """Set *event* whenever this recorder has recorded something."""
        self._listeners.add(event)

    def unlisten(self, event: Event) -> None:
        """Set *event* no longer."""
        self._listeners.discard(event)
