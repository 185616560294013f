"""A database that holds a log: opened, its tables made once, its errors put into words."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    exc,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.schema import CreateSchema

from crmcore.application.errors import (
    StoreBusyError,
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from crmcore.infrastructure.log.chain import FIRST_LINK
from crmcore.infrastructure.log.driver import execute
from crmcore.infrastructure.log.engine import engine_for, parsed_url, shown_url
from crmcore.infrastructure.log.tables import FORMAT, LogTables, log_tables
from crmcore.infrastructure.log.writing import Writer

__all__ = ["Database", "store_errors"]

CREATE_LOCK = 0x63726D636F7265  # "crmcore": PostgreSQL's advisory lock while tables are made

_MEANINGS: tuple[tuple[str, type[StoreError], str], ...] = (
    ("database is locked", StoreBusyError, "another writer holds it; try again"),
    ("could not serialize", StoreBusyError, "another writer came between; try again"),
    ("deadlock detected", StoreBusyError, "another writer holds what it needs; try again"),
    ("lock timeout", StoreBusyError, "another writer holds it; try again"),
    ("readonly database", StoreReadOnlyError, "it, or its folder, cannot be written to"),
    ("read-only transaction", StoreReadOnlyError, "the server takes no writes"),
    ("permission denied", StoreReadOnlyError, "its user lacks a permission"),
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


@attrs.frozen
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
    for words, kind, help_ in _MEANINGS:
        if words in said.lower():
            return kind(f"{where}: {said}: {help_}")
    return StoreUnavailableError(f"{where}: {said}")


@attrs.frozen
class Database:
    """An engine and the schema of one log (one tenant).  ``where`` names it without a password."""

    engine: Engine
    tables: LogTables
    where: str
    owned: bool
    _url: URL = attrs.field(repr=False)
    _writer: Writer = attrs.field(init=False, eq=False, repr=False)

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
        engine = target if isinstance(target, Engine) else engine_for(target, create)
        where = shown_url(engine.url)
        url = engine.url if isinstance(target, Engine) else parsed_url(target)
        database = cls(engine, log_tables(schema), where, owned, url)
        try:
            with store_errors(where):
                database._make(create)
        except BaseException:
            database.close()
            raise
        return database

    @property
    def address(self) -> str:
        """The database's URL with its password: for a process that shall open it as well."""
        return self._url.render_as_string(hide_password=False)

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
    def write(self, connection: Connection | None = None) -> Iterator[Connection]:
        """A transaction that may append; the host's own, if it hands over its *connection*.

        On SQLite the right to write is taken at the start, so that what is read in it
        still holds when it commits.  A host's transaction is left for the host to end; what
        fails in it is undone up to where it was, and the host may go on.
        """
        with store_errors(self.where):
            if connection is not None:
                self._begin_writing(connection)
                with connection.begin_nested():
                    yield connection
                return
            if self.is_sqlite and self.owned:
                with self._writer.transaction() as own:
                    yield own
                return
            with self.engine.connect() as own, own.begin():
                self._begin(own, "IMMEDIATE")
                yield own

    @contextmanager
    def read(self, connection: Connection | None = None) -> Iterator[Connection]:
        """A connection that sees one moment of the database, however many statements it runs."""
        with store_errors(self.where):
            if connection is not None:
                yield connection
                return
            isolation = None if self.is_sqlite else "REPEATABLE READ"
            with self.engine.connect() as own:
                if isolation:
                    own = own.execution_options(isolation_level=isolation)
                with own.begin():
                    self._begin(own, "DEFERRED")
                    yield own

    def _begin(self, connection: Connection, mode: str) -> None:
        if not self.is_sqlite:
            return
        if _is_begun(connection):  # by the engine of a host that has every transaction begun
            connection.exec_driver_sql("ROLLBACK")
        execute(connection, f"BEGIN {mode}")

    def _begin_writing(self, connection: Connection) -> None:
        """Make the host's transaction one that writes, be it begun or not."""
        if not connection.in_transaction():
            connection.begin()
        if self.is_sqlite and _is_begun(connection):
            head = self.tables.head
            connection.execute(head.update().values(position=head.c.position))
        else:
            self._begin(connection, "IMMEDIATE")

    def _make(self, create: bool) -> None:
        schema = self.tables.events.schema
        with self.engine.connect() as connection:
            if inspect(connection).has_table("crm_head", schema=schema):
                self._check_format(connection)
                return
        if not create:
            raise StoreMissingError(f"{self.where}: there is no crmcore log in this database")
        with self.engine.connect() as connection, connection.begin():
            if self.is_sqlite:
                self._begin(connection, "IMMEDIATE")
            else:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({CREATE_LOCK})"))
                if schema:
                    connection.execute(CreateSchema(schema, if_not_exists=True))
            self.tables.metadata.create_all(connection)
            if connection.execute(select(self.tables.head.c.id)).first() is None:
                connection.execute(insert(self.tables.head).values(_first_head()))

    def _check_format(self, connection: Connection) -> None:
        columns = inspect(connection).get_columns("crm_head", schema=self.tables.events.schema)
        if "format" not in [column["name"] for column in columns]:
            raise StoreFormatError(
                f"{self.where}: holds other tables than those of a crmcore log: use another schema"
            )
        found = connection.execute(select(self.tables.head.c.format)).scalar()
        if found != FORMAT:
            raise StoreFormatError(
                f"{self.where}: its log has format {found}, this version of crmcore reads {FORMAT}"
            )


def _is_begun(connection: Connection) -> bool:
    driver = connection.connection.driver_connection  # SQLAlchemy's begin() does nothing yet
    return driver is not None and bool(driver.in_transaction)


def _first_head() -> dict[str, int | bytes]:
    return {
        "id": 1,
        "format": FORMAT,
        "position": 0,
        "chain": FIRST_LINK,
        "recorded_at": 0,
        "pseudonym_key": secrets.token_bytes(32),
    }
