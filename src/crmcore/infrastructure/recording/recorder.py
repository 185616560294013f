"""What every recorder has: a database, transactions in it, and tables that it needs there."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection, Table, text

from crmcore.infrastructure.database.creation import CREATE_LOCK
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.recording.errors import recorder_errors
from crmcore.infrastructure.recording.identity import ORIGINATOR_ID_TYPES, ReadOriginatorId

_joined: ContextVar[tuple[Database, Connection] | None] = ContextVar("_joined", default=None)


@contextmanager
def joined(database: Database, connection: Connection) -> Iterator[None]:
    """Let all recorders of *database* read and write in the transaction of *connection* meanwhile."""
    token = _joined.set((database, connection))
    try:
        yield
    finally:
        _joined.reset(token)


class DatabaseRecorder:
    """Records into the database of a log, beside it or in it."""

    def __init__(
        self,
        database: Database,
        *,
        read_originator_id: ReadOriginatorId = ORIGINATOR_ID_TYPES["uuid"],
    ) -> None:
        self.database = database
        self._read_originator_id = read_originator_id

    @property
    def schema(self) -> str | None:
        """The schema that this recorder's tables are in; None is the database's default one."""
        return self.database.tables.events.schema

    def tables(self) -> Sequence[Table]:
        """The tables that this recorder needs besides the log's own."""
        return ()

    def create_table(self) -> None:
        """Make the tables that this recorder needs where they do not exist."""
        tables = self.tables()
        if not tables:
            return
        with self.transaction() as connection:
            if not self.database.is_sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({CREATE_LOCK})"))
            for table in tables:
                table.create(connection, checkfirst=True)

    @contextmanager
    def transaction(self, connection: Connection | None = None) -> Iterator[Connection]:
        """A transaction to write in: a new one, or the one that *connection* is in.

        One that is handed over, or joined, is neither committed nor rolled back here.
        """
        with recorder_errors(), self.database.write(connection or self._host()) as own:
            yield own

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one moment of the database, or the host's that was joined."""
        host = self._host()
        with recorder_errors():
            if host is not None:
                yield host
                return
            with self.database.read() as connection:
                yield connection

    def _host(self) -> Connection | None:
        """The host's connection, where its transaction was joined."""
        database, connection = _joined.get() or (None, None)
        return connection if database is self.database else None
