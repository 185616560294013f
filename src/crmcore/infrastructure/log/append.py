"""Appending: positions without a gap, in commit order, every record chained to the last.

The head row is locked for the rest of the transaction, so appends are serial: a reader
never sees a gap, and never skips a commit that came late.
"""

from collections.abc import Sequence

import attrs
from sqlalchemy import Connection, select, update

from crmcore.application.errors import StoreFormatError
from crmcore.infrastructure.log.driver import bulk_insert
from crmcore.infrastructure.log.chain import Row, link
from crmcore.infrastructure.log.tables import LogTables

__all__ = ["Head", "NewRecord", "append", "channel", "lock_head"]


@attrs.frozen
class NewRecord:
    """An event that waits to be recorded; instants in microseconds since 1970 (UTC)."""

    stream_id: str
    stream_version: int
    topic: str
    data: str
    schema_version: int = 1
    subject_id: str | None = None
    occurred_at: int | None = None
    """None: when it is recorded."""
    actor: str | None = None
    command_id: str | None = None
    correlation_id: str | None = None
    causation_id: str | None = None
    source: str | None = None


@attrs.frozen
class Head:
    """The end of the log: the last position, its link, and the latest instant of recording."""

    position: int
    chain: bytes
    recorded_at: int


def lock_head(connection: Connection, tables: LogTables) -> Head:
    """Take the right to append until the transaction ends; waits for whoever holds it."""
    head = tables.head.c
    row = connection.execute(
        select(head.position, head.chain, head.recorded_at).with_for_update()
    ).one_or_none()
    if row is None:
        raise StoreFormatError("the log has no head: restore it from a backup")
    return Head(row.position, bytes(row.chain), row.recorded_at)


def append(
    connection: Connection, tables: LogTables, records: Sequence[NewRecord], now: int
) -> list[int]:
    """Record *records* in order at *now* (microseconds); return their positions.

    A clock that was set back does not make the log run backwards: no record is stamped
    before its predecessor.  Raises ``sqlalchemy.exc.IntegrityError`` if a stream has one
    of the versions already.
    """
    if not records:
        return []
    head = lock_head(connection, tables)
    recorded_at = max(now, head.recorded_at)
    chain, rows = head.chain, []
    for position, record in enumerate(records, head.position + 1):
        row = _row(position, record, recorded_at)
        chain = link(chain, row)
        rows.append((*row, chain))
    bulk_insert(connection, tables.events, rows)
    connection.execute(
        update(tables.head).values(
            position=head.position + len(rows), chain=chain, recorded_at=recorded_at
        )
    )
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {channel(tables)}")
    return list(range(head.position + 1, head.position + len(rows) + 1))


def channel(tables: LogTables) -> str:
    """The quoted name of PostgreSQL's notification channel for this log."""
    return f'"crm_events:{tables.events.schema or ""}"'


def _row(position: int, record: NewRecord, recorded_at: int) -> Row:
    return (
        position,
        record.stream_id,
        record.stream_version,
        record.topic,
        record.schema_version,
        record.subject_id,
        recorded_at if record.occurred_at is None else record.occurred_at,
        recorded_at,
        record.actor,
        record.command_id,
        record.correlation_id,
        record.causation_id,
        record.source,
        record.data,
    )
