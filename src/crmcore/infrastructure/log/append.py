"""Appending: positions without a gap, in commit order, every record chained to the last.

The head row is locked for the rest of the transaction, so appends are serial: a reader
never sees a gap, and never skips a commit that came late.
"""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from crmcore.infrastructure.database.driver import bulk_insert, execute, fetch_all
from crmcore.infrastructure.log.chain import Row, link
from crmcore.infrastructure.log.head import the_head
from crmcore.infrastructure.log.statements import log_statements
from crmcore.infrastructure.log.tables import LogTables


class NewRecord(NamedTuple):
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


class Head(NamedTuple):
    """The end of the log: the last position, its link, and the latest instant of recording."""

    position: int
    chain: bytes
    recorded_at: int


def lock_head(connection: Connection, tables: LogTables) -> Head:
    """Take the right to append until the transaction ends; waits for whoever holds it."""
    return Head(
        *the_head(fetch_all(connection, log_statements(tables, connection.dialect).lock_head, ()))
    )


def append(
    connection: Connection,
    tables: LogTables,
    records: Sequence[NewRecord],
    now: int,
    head: Head | None = None,
) -> list[int]:
    """Record *records* in order at *now* (microseconds); return their positions.

    *head* is what ``lock_head`` gave in this transaction, if it was called before.

    A clock that was set back does not make the log run backwards: no record is stamped
    before its predecessor.  Raises ``sqlalchemy.exc.IntegrityError`` if a stream has one
    of the versions already.
    """
    if not records:
        return []
    head = head or lock_head(connection, tables)
    recorded_at = max(now, head.recorded_at)
    chain, rows = head.chain, []
    for position, record in enumerate(records, head.position + 1):
        row = _row(position, record, recorded_at)
        chain = link(chain, row)
        rows.append((*row, chain))
    bulk_insert(connection, tables.events, rows)
    statements = log_statements(tables, connection.dialect)
    last = head.position + len(rows)
    execute(connection, statements.move_head, (last, chain, recorded_at))
    if statements.notify is not None:
        execute(connection, statements.notify)
    return list(range(head.position + 1, last + 1))


def _row(position: int, record: NewRecord, recorded_at: int) -> Row:
    (
        stream_id, version, topic, data, schema_version, subject_id, occurred_at,
        actor, command_id, correlation_id, causation_id, source,
    ) = record  # fmt: skip
    return (
        position, stream_id, version, topic, schema_version, subject_id,
        recorded_at if occurred_at is None else occurred_at, recorded_at,
        actor, command_id, correlation_id, causation_id, source, data,
    )  # fmt: skip
