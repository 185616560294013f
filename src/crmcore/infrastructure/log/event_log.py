"""The event log that command services use, on SQLite or PostgreSQL."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, exc

from crmcore.application.errors import (
    CommandIdReusedError,
    CommandInProgressError,
    ConcurrencyError,
    StoreError,
)
from crmcore.application.log import NewEvent, Place, Receipt, Recorded
from crmcore.domain.kernel import Command, Presumed, for_instant, version_of
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import to_micros
from crmcore.infrastructure.commands.codec import CommandCodec
from crmcore.infrastructure.database.borrowed import HostConnection
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.database.driver import execute_each, fetch_all
from crmcore.infrastructure.events.codec import EventCodec
from crmcore.infrastructure.identity import id_text
from crmcore.infrastructure.log.append import Head, NewRecord, append, lock_head
from crmcore.infrastructure.log.read import LogReader, StreamRow, array
from crmcore.infrastructure.log.statements import LogStatements, log_statements


@frozen
class SqlEventLog:
    """``crmcore.application.log.EventLog`` on a database."""

    database: Database
    events: EventCodec
    commands: CommandCodec
    _clock: Callable[[], datetime]
    _recorded: Callable[[Connection, Place], None]
    """Called at the end of a transaction that recorded something after a place, while it is open."""

    reader: LogReader = attrs.field(init=False)
    """Reads what was recorded."""

    @reader.default
    def _reader(self) -> LogReader:
        return LogReader(self.database.tables, self.events)

    @contextmanager
    def session(
        self, connection: Connection | HostConnection | None = None, *, alone: bool = False
    ) -> Iterator["SqlLogSession"]:
        """A transaction on the log, or a part of the host's own; *alone*, no other writes meanwhile."""
        try:
            with self.database.write(connection) as open_connection:
                statements = log_statements(self.database.tables, open_connection.dialect)
                session = SqlLogSession(self, open_connection, statements, clock=self._clock)
                if alone:
                    session.lock()
                yield session
                if session.began_after is not None:
                    self._recorded(open_connection, session.began_after)
        except exc.IntegrityError as error:  # versions were checked: something else is wrong
            said = str(error.orig).strip().partition("\n")[0]
            raise StoreError(f"{self.database.where}: refused to record: {said}") from error

    @contextmanager
    def view(self, connection: Connection | HostConnection | None = None) -> Iterator["SqlLogView"]:
        """One moment of the log, or of the host's transaction: nothing is written, no one waits."""
        with self.database.read(connection) as open_connection:
            statements = log_statements(self.database.tables, open_connection.dialect)
            yield SqlLogView(self, open_connection, statements)


@attrs.define
class SqlLogView:
    """One moment of the log (``crmcore.application.log.LogView``)."""

    _log: SqlEventLog
    _connection: Connection
    _statements: LogStatements
    _ahead: dict[UUID, list[StreamRow]] = attrs.Factory(dict)
    """What was read before it was asked for."""
    _receipts: dict[UUID, tuple[bytes, int, int]] = attrs.Factory(dict)
    """Of commands that were carried out before: digest, first position and last."""

    def read_stream(self, stream_id: UUID) -> tuple[int, Sequence[Any]]:
        """The version of a stream and its events, in order."""
        rows = self._ahead.get(stream_id)
        if rows is None:
            return self._log.reader.stream(self._connection, stream_id)
        return self._log.reader.events_in(rows)

    def read_ahead(self, stream_ids: Collection[UUID]) -> None:
        """Read streams at once that will be asked for one by one."""
        self._ahead = self._log.reader.ahead(self._connection, stream_ids) if stream_ids else {}

    def carried_out(self, command_ids: Collection[UUID]) -> Collection[UUID]:
        """Those of the commands that have a receipt by now."""
        if not command_ids:
            return ()
        texts = array(self._connection, map(id_text, command_ids))
        found = fetch_all(self._connection, self._statements.receipts, (texts,))
        receipts = {UUID(key): (bytes(digest), *places) for key, digest, *places in found}
        self._receipts.update(receipts)
        return receipts.keys()

    def is_repeated(self, command_id: UUID, command: Command) -> bool:
        """Whether ``carried_out`` found this command; ``CommandIdReusedError`` if it was another.

        Where its sender named no instant, the first may have been sent with one, or be of a log
        whose receipts hold the one that was presumed: it is that of what was recorded.
        """
        known, digest = self._receipts.get(command_id), self._log.commands.digest
        if known is None or known[0] == digest(command):
            return known is not None
        if isinstance(command.at, Presumed):
            instants = {one.occurred_at for one in self._recorded(*known[1:])}
            if known[0] in {digest(for_instant(command, at)) for at in instants}:
                return True
        raise CommandIdReusedError(command_id)

    def receipt(self, command_id: UUID, command: Command) -> Receipt | None:
        """The receipt of the command with this id, if it was carried out before.

        Raises ``CommandIdReusedError`` if it was another command.
        """
        self.carried_out((command_id,))
        if not self.is_repeated(command_id, command):
            return None
        _, first, last = self._receipts[command_id]
        events = tuple(one.event for one in self._recorded(first, last))
        return Receipt(command_id, last or None, events, repeated=True)

    def _recorded(self, first: int, last: int) -> Iterable[Recorded]:
        """What a command recorded, by the positions in its receipt: 0 for nothing."""
        if not last:
            return ()
        return self._log.reader.recorded(self._connection, after=first - 1, upto=last)


@attrs.define
class SqlLogSession(SqlLogView):
    """One transaction (``crmcore.application.log.LogSession``)."""

    _clock: Callable[[], datetime] = attrs.field(kw_only=True)
    began_after: Place | None = attrs.field(default=None, kw_only=True)
    """The end of the log before the first record of this session; None while there is none."""
    end: int = attrs.field(default=0, kw_only=True)
    """The last position that this session has recorded; 0 while there is none."""
    _head: Head | None = attrs.field(default=None, kw_only=True)
    """The end of the log, once nobody else can move it."""

    @property
    def connection(self) -> Connection:
        """The transaction itself."""
        return self._connection

    def lock(self) -> Head:
        """Hold up all other writers until the transaction ends."""
        if self._head is None:
            self._head = lock_head(self._connection, self._log.database.tables)
        return self._head

    def append(self, events: Sequence[NewEvent], versions: Mapping[UUID, int]) -> int | None:
        """Record *events* if no stream of *versions* has changed; return the last position."""
        if not events:
            return None
        head = self.lock()
        if not self._log.database.is_sqlite:  # there, nobody could write since we began to read
            self._check(versions)
        now = to_micros(self._clock())
        records = [self._record(new) for new in events]
        positions = append(self._connection, self._log.database.tables, records, now, head)
        self.began_after = self.began_after or Place(head.position, head.chain)
        self._head = None  # it has moved
        self._ahead = {}  # these streams have gone on
        self.end = positions[-1]
        return self.end

    def appended(self, after: int, topics: Sequence[str]) -> Sequence[tuple[bytes, Recorded]]:
        """What this session has recorded of *topics* after a position, each with its link."""
        reader = self._log.reader
        found = list(reader.recorded(self._connection, after=after, topics=topics))
        links = reader.links(self._connection, {one.position for one in found})
        return [(links[one.position], one) for one in found]

    def keep_receipts(self, carried_out: Sequence[tuple[Command, Receipt]]) -> None:
        """Remember that commands were carried out, in this transaction.

        Raises ``CommandInProgressError`` if another writer has just carried one of them out.
        """
        # In one order: two writers that wait for each other's receipts would wait for ever.
        rows = sorted(self._receipt_row(command, receipt) for command, receipt in carried_out)
        if not rows:
            return
        if self._log.database.is_sqlite:  # there, nobody could write since we looked
            execute_each(self._connection, self._statements.keep_receipts, rows)
            return
        columns = tuple(list(column) for column in zip(*rows, strict=True))
        kept = set(fetch_all(self._connection, self._statements.keep_receipts, columns))
        for key, *_ in rows:
            if (key,) not in kept:
                raise CommandInProgressError(UUID(key))

    def _receipt_row(self, command: Command, receipt: Receipt) -> tuple[str, bytes, int, int]:
        last = receipt.position or 0
        first = last - len(receipt.events) + 1 if last else 0
        return id_text(receipt.command_id), self._log.commands.digest(command), first, last

    def _check(self, versions: Mapping[UUID, int]) -> None:
        found = self._log.reader.versions(self._connection, versions)
        for stream_id, expected in versions.items():
            if found[stream_id] != expected:
                raise ConcurrencyError(stream_id, expected, found[stream_id])

    def _record(self, new: NewEvent) -> NewRecord:
        by, event, subject = new.provenance, new.event, new.subject_id
        return NewRecord(
            id_text(new.stream_id),
            new.stream_version,
            event.TOPIC,
            self._log.events.encode(event),
            version_of(type(event)),
            None if subject is None else id_text(subject),
            to_micros(event.at),
            by.actor,
            id_text(by.command_id),
            None if by.correlation_id is None else id_text(by.correlation_id),
            None if by.causation_id is None else id_text(by.causation_id),
            by.source,
        )
