"""The event log that command services use, on SQLite or PostgreSQL."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, exc, select
from sqlalchemy.dialects import postgresql, sqlite

from crmcore.application.errors import (
    CommandIdReusedError,
    CommandInProgressError,
    ConcurrencyError,
    StoreError,
)
from crmcore.application.log import NewEvent, Receipt
from crmcore.domain.kernel import Command, version_of
from crmcore.infrastructure.codec import EventCodec
from crmcore.infrastructure.command_codec import CommandCodec
from crmcore.infrastructure.log.append import NewRecord, append, lock_head
from crmcore.infrastructure.log.database import Database
from crmcore.domain.kernel.instants import to_micros
from crmcore.infrastructure.log.read import LogReader

__all__ = ["SqlEventLog"]


@attrs.frozen
class SqlEventLog:
    """``crmcore.application.log.EventLog`` on a database."""

    database: Database
    events: EventCodec
    commands: CommandCodec
    _clock: Callable[[], datetime]

    @property
    def reader(self) -> LogReader:
        """Reads what was recorded."""
        return LogReader(self.database.tables, self.events)

    @contextmanager
    def session(
        self, connection: Connection | None = None, *, alone: bool = False
    ) -> Iterator["SqlLogSession"]:
        """A transaction on the log, or a part of the host's own; *alone*, no other writes meanwhile."""
        try:
            with self.database.write(connection) as open_connection:
                if alone and not self.database.is_sqlite:
                    lock_head(open_connection, self.database.tables)
                yield SqlLogSession(self, open_connection, self._clock)
        except exc.IntegrityError as error:  # versions were checked: something else is wrong
            said = str(error.orig).strip().partition("\n")[0]
            raise StoreError(f"{self.database.where}: refused to record: {said}") from error


@attrs.frozen
class SqlLogSession:
    """One transaction (``crmcore.application.log.LogSession``)."""

    _log: SqlEventLog
    _connection: Connection
    _clock: Callable[[], datetime]

    def read_stream(self, stream_id: UUID) -> tuple[int, Sequence[Any]]:
        """The version of a stream and its events, in order."""
        return self._log.reader.stream(self._connection, stream_id)

    def receipt(self, command_id: UUID, command: Command) -> Receipt | None:
        """The receipt of the command with this id, if it was carried out before.

        Raises ``CommandIdReusedError`` if it was another command.
        """
        table = self._log.database.tables.commands
        query = select(table).where(table.c.command_id == str(command_id))
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        if bytes(row.digest) != self._digest(command):
            raise CommandIdReusedError(command_id)
        if not row.last_position:
            return Receipt(command_id, None, (), repeated=True)
        recorded = self._log.reader.recorded(
            self._connection, after=row.first_position - 1, upto=row.last_position
        )
        events = tuple(one.event for one in recorded)
        return Receipt(command_id, row.last_position, events, repeated=True)

    def append(self, events: Sequence[NewEvent], versions: Mapping[UUID, int]) -> int | None:
        """Record *events* if no stream of *versions* has changed; return the last position."""
        if not events:
            return None
        if not self._log.database.is_sqlite:  # there, nobody could write since we began to read
            lock_head(self._connection, self._log.database.tables)
            self._check(versions)
        now = to_micros(self._clock())
        records = [self._record(new) for new in events]
        return append(self._connection, self._log.database.tables, records, now)[-1]

    def keep_receipt(self, command: Command, receipt: Receipt) -> None:
        """Remember that the command was carried out, in this transaction.

        Raises ``CommandInProgressError`` if another writer has just carried it out.
        """
        last = receipt.position or 0
        insert = sqlite.insert if self._log.database.is_sqlite else postgresql.insert
        statement = insert(self._log.database.tables.commands).values(
            command_id=str(receipt.command_id),
            digest=self._digest(command),
            first_position=last - len(receipt.events) + 1 if last else 0,
            last_position=last,
        )
        counted = statement.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
        if not self._connection.execute(counted).rowcount:
            raise CommandInProgressError(receipt.command_id)

    def _check(self, versions: Mapping[UUID, int]) -> None:
        found = self._log.reader.versions(self._connection, list(versions))
        for stream_id, expected in versions.items():
            if found.get(stream_id, 0) != expected:
                raise ConcurrencyError(stream_id, expected, found.get(stream_id, 0))

    def _digest(self, command: Command) -> bytes:
        encoded = self._log.commands.encode(command)
        return sha256(command.TOPIC.encode() + b"\0" + encoded).digest()

    def _record(self, new: NewEvent) -> NewRecord:
        by = new.provenance
        return NewRecord(
            stream_id=str(new.stream_id),
            stream_version=new.stream_version,
            topic=new.event.TOPIC,
            data=self._log.events.encode(new.event),
            schema_version=version_of(type(new.event)),
            subject_id=_text(new.subject_id),
            occurred_at=to_micros(new.event.at),
            actor=by.actor,
            command_id=str(by.command_id),
            correlation_id=_text(by.correlation_id),
            causation_id=_text(by.causation_id),
            source=by.source,
        )


def _text(key: UUID | None) -> str | None:
    return None if key is None else str(key)
