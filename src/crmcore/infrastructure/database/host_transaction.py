"""The host's own transaction: whether what is recorded in it comes into this log, with its commit.

A connection that commits each statement by itself has no transaction to join, and one of another
database, schema or file would take the events elsewhere.  Both are refused before anything is
written.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.database.driver import execute, fetch_all
from crmcore.infrastructure.log.tables import LogTables

IN_TRANSACTION: Final = 2
"""libpq's PQTRANS_INTRANS."""

HINTS: Final = {
    "Session": "session.connection()",
    "scoped_session": "session.connection()",
    "Engine": "the connection of `with engine.begin() as connection:`",
    "AsyncSession": "a synchronous connection (`await crm.aio.execute` takes yours)",
    "AsyncConnection": "a synchronous connection (`await crm.aio.execute` takes yours)",
}

DRIVERS: Final = {"pysqlite": "aiosqlite", "psycopg": "asyncpg"}
"""By the driver of our own connections, one of another name that a host's may come from."""


@frozen
class Location:
    """Where a connection finds the log: a file, or a server, a database in it and three tables."""

    database: Any
    tables: Any = None
    is_hidden: bool = False
    """Whether a temporary table stands before one of the log's."""

    def is_that_of(self, other: "Location") -> bool:
        """Whether both are one, and in sight."""
        if self.is_hidden or other.is_hidden:
            return False
        if self == other:
            return True
        ours, theirs = self.database, other.database
        if not (isinstance(ours, Path) and isinstance(theirs, Path)):
            return False
        # By a hard link the same file has another name, and so another write-ahead log.
        return ours.resolve() == theirs.resolve()


def location_of(connection: Connection, tables: LogTables) -> Location:
    """Where *connection* finds the log's tables, in one statement."""
    ours = (tables.events, tables.head, tables.commands)
    if connection.dialect.name == "sqlite":
        known = ", ".join(f"'{table.name}'" for table in ours)
        ((file, hidden),) = fetch_all(
            connection,
            "SELECT file, EXISTS (SELECT 1 FROM sqlite_temp_master"
            f" WHERE type IN ('table', 'view') AND lower(name) IN ({known}))"
            " FROM pragma_database_list WHERE name = 'main'",
            (),
        )
        return Location(Path(file), is_hidden=bool(hidden))
    quoted = connection.dialect.identifier_preparer.format_table
    names = [quoted(table).replace("'", "''") for table in ours]
    oids = ", ".join(f"coalesce(to_regclass('{name}')::oid, 0)" for name in names)
    # A copy of a database has its names and keys, but not the moment when its server started.
    found = fetch_all(
        connection,
        f"SELECT {oids}, pg_postmaster_start_time(), current_database()",
        (),
    )
    *places, started, database = found[0]
    return Location((started, database), tuple(places))


def is_begun(connection: Connection) -> bool:
    """Whether the driver has begun, which SQLAlchemy's ``begin()`` alone does not let it do."""
    driver: Any = connection.connection.driver_connection
    return driver is not None and bool(driver.in_transaction)


def begin(connection: Connection, mode: str) -> None:
    """On SQLite, begin a transaction that writes from its start (IMMEDIATE), or not (DEFERRED)."""
    if connection.dialect.name != "sqlite":
        return
    if is_begun(connection):  # by the engine of a host that has every transaction begun
        connection.exec_driver_sql("ROLLBACK")
    execute(connection, f"BEGIN {mode}")


def _in_transaction(driver: Any) -> bool:
    """Whether a connection to PostgreSQL is in a transaction, by its driver: psycopg or asyncpg."""
    if hasattr(driver, "is_in_transaction"):
        return bool(driver.is_in_transaction())
    return bool(driver.info.transaction_status == IN_TRANSACTION)


@contextmanager
def read_in(connection: Connection) -> Iterator[None]:
    """Let what is read in the host's transaction be no more than a look, whatever comes of it.

    SQLite's driver begins with the first write: before that, each statement sees a moment of its own.
    """
    if connection.dialect.name != "sqlite":
        with connection.begin_nested():  # a statement that fails would end the host's transaction
            yield
        return
    begun = is_begun(connection)
    if not begun:
        execute(connection, "BEGIN DEFERRED")
    try:
        yield
    finally:
        if not begun and is_begun(connection):
            execute(connection, "ROLLBACK")


def require_committing(connection: Connection, where: str) -> None:
    """Raise ``MisuseError`` where each statement is committed by itself.

    SQLAlchemy has begun on *connection*, and on PostgreSQL a statement has run since.
    """
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "postgresql":
        by_itself = not _in_transaction(driver)
    else:
        within = getattr(driver, "_conn", driver)  # aiosqlite's is that of sqlite3, in a thread
        by_itself = getattr(within, "autocommit", None) is True or (
            driver.isolation_level is None and not driver.in_transaction
        )
    if by_itself:
        raise MisuseError(
            f"{where}: the connection commits each statement by itself (AUTOCOMMIT): events and"
            " what belongs to them need one transaction; use an isolation level"
        )


def require_connection(connection: object, engine: Engine, where: str) -> Connection:
    """*connection*, if it is one that may reach the database of *engine*."""
    if not isinstance(connection, Connection):
        kind = type(connection).__name__
        hint = HINTS.get(kind, "the Connection of a transaction of yours")
        raise MisuseError(f"{where}: connection: expected {hint}, got {_article(kind)} {kind}")
    if connection.closed:
        raise MisuseError(f"{where}: connection: expected an open one, got one that was closed")
    ours, theirs = engine.dialect, connection.dialect
    known = (ours.driver, DRIVERS.get(ours.driver))
    if ours.name != theirs.name or theirs.driver not in known:
        raise MisuseError(
            f"{where}: connection: expected one of {ours.name}+{ours.driver},"
            f" got one of {theirs.name}+{theirs.driver}"
        )
    return connection


@contextmanager
def own_names(connection: Connection) -> Iterator[None]:
    """Let our tables go by their own names, where the host has its own renamed for a tenant."""
    renamed = connection.get_execution_options().get("schema_translate_map")
    if not renamed:
        yield
        return
    connection.execution_options(schema_translate_map=None)
    try:
        yield
    finally:
        connection.execution_options(schema_translate_map=renamed)


def _article(kind: str) -> str:
    return "an" if kind[:1] in "AEIOUaeiou" else "a"
