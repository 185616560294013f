"""A database that holds a log: opened, its tables made once, its errors put into words."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    exc,
)

from crmcore.application.errors import (
    MisuseError,
    StoreBusyError,
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.database.borrowed import HostConnection, as_sqlalchemy
from crmcore.infrastructure.database.creation import make, require_schema
from crmcore.infrastructure.database.driver import blames_values
from crmcore.infrastructure.database.engine import (
    engine_for,
    parsed_url,
    require_supported,
    shown_url,
)
from crmcore.infrastructure.database.host_transaction import (
    Location,
    begin,
    is_begun,
    location_of,
    own_names,
    read_in,
    require_committing,
    require_connection,
)
from crmcore.infrastructure.database.sqlite_writer import Writer
from crmcore.infrastructure.log.tables import LogTables, log_tables

_MEANINGS: tuple[tuple[str, type[StoreError], str], ...] = (
    ("database is locked", StoreBusyError, "another writer holds it; try again"),
    ("could not serialize", StoreBusyError, "another writer came between; try again"),
    ("deadlock detected", StoreBusyError, "another writer holds what it needs; try again"),
    ("lock timeout", StoreBusyError, "another writer holds it; try again"),
    ("readonly database", StoreReadOnlyError, "it, or its folder, cannot be written to"),
    ("read-only transaction", StoreReadOnlyError, "the server takes no writes"),
    ("permission denied", StoreReadOnlyError, "its user lacks a permission"),
    ("must be owner", StoreReadOnlyError, "its user may not change what another owns"),
    ("database or disk is full", StoreFullError, "free some space; what was accepted is kept"),
    ("disk full", StoreFullError, "free some space; what was accepted is kept"),
    ("no space left", StoreFullError, "free some space; what was accepted is kept"),
    ("file is not a database", StoreFormatError, "the file is no SQLite database"),
    ("malformed", StoreFormatError, "the file is damaged; restore it from a backup"),
    (
        "unable to open database file",
        StoreUnavailableError,
        "is its folder there, to be read and written?",
    ),
)


@frozen
class store_errors:  # noqa: N801  # used as a function: a generator would cost every command more
    """Turn the database's errors into ``StoreError`` with one line: what, *where*, what helps."""

    where: str

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object
    ) -> None:
        if isinstance(error, exc.StatementError):
            error.hide_parameters = True  # an engine of the host's may show them
        if isinstance(error, exc.TimeoutError):
            raise StoreBusyError(f"{self.where}: all connections are in use; try again") from error
        if isinstance(error, exc.DBAPIError) and not isinstance(error, exc.IntegrityError):
            raise _in_words(self.where, error) from error


def _in_words(where: str, error: exc.DBAPIError) -> StoreError:
    said = str(error.orig or error).strip().partition("\n")[0]
    if isinstance(error, exc.DataError) or blames_values(
        error.orig
    ):  # behind the colon it quotes the value
        said = said.partition(":")[0]
    for words, kind, help_ in _MEANINGS:
        if words in said.lower():
            return kind(f"{where}: {said}: {help_}")
    return StoreUnavailableError(f"{where}: {said}")


@frozen
class Database:
    """An engine and the schema of one log (one tenant).  ``where`` names it without a password."""

    engine: Engine
    tables: LogTables
    where: str
    owned: bool
    _url: URL = attrs.field(repr=False)
    _writer: Writer = attrs.field(init=False, eq=False, repr=False)
    _found: list[Location] = attrs.field(factory=list, init=False, eq=False, repr=False)
    """Where our own connections find the log."""

    @_writer.default
    def _own_writer(self) -> Writer:
        return Writer(self.engine)

    @classmethod
    def open(
        cls, target: str | URL | Engine, *, schema: str | None = None, create: bool = True
    ) -> "Database":
        """Connect to *target*; make the log's tables if they are not there, and *create* says so.

        Raises ``StoreUnavailableError`` if it cannot be reached, ``StoreReadOnlyError`` if
        tables are wanted and cannot be made, ``StoreMissingError`` if they are not,
        ``StoreFormatError`` if it is of another format.
        """
        owned = not isinstance(target, Engine)
        if isinstance(target, Engine):
            require_supported(target)
        engine = target if isinstance(target, Engine) else engine_for(target, create)
        url = target.url if isinstance(target, Engine) else parsed_url(target)
        where = shown_url(url)
        require_schema(where, schema)
        tables = log_tables(schema)
        database = cls(engine, tables, where, owned, url)
        try:
            with store_errors(where):
                database._found.append(make(engine, tables, where, create=create))
        except (exc.ArgumentError, TypeError, ValueError) as error:
            database.close()
            if not owned:
                raise
            said = f"{where}: has a setting that its driver does not take ({type(error).__name__})"
            raise StoreUnavailableError(said) from None  # the cause may quote it
        except BaseException:
            database.close()
            raise
        return database

    @property
    def address(self) -> str:
        """The database's URL with its password: for a process that shall open it as well."""
        return self._url.render_as_string(hide_password=False)

    @property
    def told_as(self) -> str:
        """What telemetry calls the log: the file, or the server's database, and the schema of a tenant."""
        url = self._url
        if "***" in self.where:  # what names it may be a secret
            return "***"
        name = str(url.database or "").rpartition("/")[2] if self.is_sqlite else url.database
        schema = self.tables.events.schema
        return f"{name}/{schema}" if schema else str(name)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite (one writer at a time, no server)."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Give back the connections; a host's own engine stays open."""
        self._writer.close()
        if self.owned:
            self.engine.dispose()

    @contextmanager
    def write(self, connection: Connection | HostConnection | None = None) -> Iterator[Connection]:
        """A transaction that may append; the host's own, if it hands over its *connection*.

        On SQLite the right to write is taken at the start, so that what is read in it
        still holds when it commits.  A host's transaction is left for the host to end; what
        fails in it is undone up to where it was, and the host may go on.

        Raises ``MisuseError`` for a *connection* that is none, that commits each statement by
        itself, or that reaches another log than this one.
        """
        with store_errors(self.where):
            if connection is not None:
                with self._of_host(connection) as host:
                    self._join(host)
                    with host.begin_nested():
                        yield host
                return
            if self.is_sqlite and self.owned:
                with self._writer.transaction() as own:
                    yield own
                return
            with self.engine.connect() as own, own.begin():
                begin(own, "IMMEDIATE")
                yield own

    @contextmanager
    def read(self, connection: Connection | HostConnection | None = None) -> Iterator[Connection]:
        """A connection that sees one moment of the database, however many statements it runs.

        A host's *connection* sees what its transaction has written as well, and is left as it was;
        on PostgreSQL its isolation level says which moments it sees.  Raises ``MisuseError`` as
        ``write`` does.
        """
        with store_errors(self.where):
            if connection is not None:
                with self._of_host(connection) as host, self._looking(host):
                    yield host
                return
            isolation = None if self.is_sqlite else "REPEATABLE READ"
            with self.engine.connect() as own:
                if isolation:
                    own = own.execution_options(isolation_level=isolation)
                with own.begin():
                    begin(own, "DEFERRED")
                    yield own

    @contextmanager
    def _of_host(self, connection: Connection | HostConnection) -> Iterator[Connection]:
        """The host's *connection* as one of SQLAlchemy's on which our tables go by their own names."""
        with as_sqlalchemy(connection, self.engine, self.where) as given:
            host = require_connection(given, self.engine, self.where)
            with own_names(host):
                yield host

    @contextmanager
    def _looking(self, connection: Connection) -> Iterator[None]:
        """Read in the host's transaction, be it begun or not, and end no more than was begun here."""
        begun = None if connection.in_transaction() else connection.begin()
        try:
            self._require_own_log(connection)
            require_committing(connection, self.where)
            with read_in(connection):
                yield
        finally:
            if begun is not None:
                begun.rollback()

    def _join(self, connection: Connection) -> None:
        """Make the host's transaction one that writes, be it begun or not; or leave it as it was."""
        begun = None if connection.in_transaction() else connection.begin()
        try:
            self._require_own_log(connection)
            require_committing(connection, self.where)
        except MisuseError:
            if begun is not None:
                begun.rollback()
            raise
        if self.is_sqlite and is_begun(connection):
            head = self.tables.head
            connection.execute(head.update().values(position=head.c.position))
        else:
            begin(connection, "IMMEDIATE")

    def _require_own_log(self, connection: Connection) -> None:
        """Raise ``MisuseError`` where *connection* does not find this log, but another or none."""
        theirs = location_of(connection, self.tables)
        if theirs.is_that_of(self._found[0]):
            return
        with self.engine.connect() as own:  # the server, or the table, may be another one by now
            self._found[0] = location_of(own, self.tables)
        if not theirs.is_that_of(self._found[0]):
            raise MisuseError(
                f"{self.where}: connection: expected one on this log, got one of another database,"
                " schema or tenant"
            )
