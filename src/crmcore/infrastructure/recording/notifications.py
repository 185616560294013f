"""The log as its followers read it: notifications in order, and who is told of new ones."""

from collections.abc import Sequence
from threading import Event

from eventsourcing.persistence import ApplicationRecorder, Notification
from sqlalchemy import select

from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.recording.identity import (
    ORIGINATOR_ID_TYPES,
    ReadOriginatorId,
    state_of,
)
from crmcore.infrastructure.recording.recorder import DatabaseRecorder


class NotifyingRecorder(DatabaseRecorder, ApplicationRecorder):
    """What a subscription needs of the recorder whose events it follows."""

    def __init__(
        self,
        database: Database,
        *,
        read_originator_id: ReadOriginatorId = ORIGINATOR_ID_TYPES["uuid"],
    ) -> None:
        super().__init__(database, read_originator_id=read_originator_id)
        self._listeners: set[Event] = set()

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

    def listen(self, event: Event) -> None:
        """Set *event* whenever this recorder has recorded something."""
        self._listeners.add(event)

    def unlisten(self, event: Event) -> None:
        """Set *event* no longer."""
        self._listeners.discard(event)

    def _notify(self) -> None:
        """Wake whoever listens."""
        for listener in tuple(self._listeners):
            listener.set()
