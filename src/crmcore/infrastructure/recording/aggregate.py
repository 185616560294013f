"""Streams beside the log: what must not be notified to anyone, such as snapshots."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from eventsourcing.persistence import AggregateRecorder, ProgrammingError, StoredEvent
from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text, insert, select

from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.recording.identity import ORIGINATOR_ID_TYPES, ReadOriginatorId
from crmcore.infrastructure.recording.recorder import DatabaseRecorder


@cache
def stream_table(purpose: str, schema: str | None) -> Table:
    """The table ``crm_aggregate_<purpose>``, apart from the log's ``crm_events``."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", purpose):
        raise ProgrammingError(
            f"{purpose!r} cannot name a table: use up to 41 lower-case letters, digits and _"
        )
    return Table(
        f"crm_aggregate_{purpose}",
        MetaData(schema=schema),
        Column("originator_id", Text, primary_key=True),
        Column("originator_version", BigInteger, primary_key=True, autoincrement=False),
        Column("topic", Text, nullable=False),
        Column("state", LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )


class CrmAggregateRecorder(DatabaseRecorder, AggregateRecorder):
    """Streams of events in a table of their own, without positions."""

    def __init__(
        self,
        database: Database,
        *,
        read_originator_id: ReadOriginatorId = ORIGINATOR_ID_TYPES["uuid"],
        purpose: str = "events",
    ) -> None:
        super().__init__(database, read_originator_id=read_originator_id)
        self._table = stream_table(purpose, self.schema)

    def tables(self) -> Sequence[Table]:
        """The table of this recorder's purpose."""
        return (self._table,)

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> None:
        """Record the events, all or none; with ``connection=`` in the caller's transaction.

        Raises the package's ``IntegrityError`` if a stream has one of the versions already.
        """
        if not stored_events:
            return
        rows = [
            {
                "originator_id": str(event.originator_id),
                "originator_version": event.originator_version,
                "topic": event.topic,
                "state": event.state,
            }
            for event in stored_events
        ]
        with self.transaction(kwargs.get("connection")) as connection:
            connection.execute(insert(self._table), rows)

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
        column = self._table.c
        query = select(column.originator_version, column.topic, column.state).where(
            column.originator_id == str(originator_id)
        )
        if gt is not None:
            query = query.where(column.originator_version > gt)
        if lte is not None:
            query = query.where(column.originator_version <= lte)
        version = column.originator_version
        query = query.order_by(version.desc() if desc else version).limit(limit)
        with self.reading() as connection:
            rows = connection.execute(query).all()
        name = self._read_originator_id(str(originator_id))
        return [StoredEvent(name, version, topic, bytes(state)) for version, topic, state in rows]
