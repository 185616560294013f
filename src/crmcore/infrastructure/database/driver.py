"""Past SQLAlchemy to the driver, where rows are many and every microsecond counts.

Errors are raised as SQLAlchemy would have raised them.  An asynchronous driver, on a connection of the
host's, is reached through SQLAlchemy's adapter of it, which waits without holding up the host's loop.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, Dialect, Table, exc

COPY_FROM = 20
"""From so many rows on, PostgreSQL's COPY is faster than an insert."""


def fetch_all(
    connection: Connection, statement: str, parameters: tuple[Any, ...]
) -> list[tuple[Any, ...]]:
    """The rows of a query, as the driver gives them."""
    if connection.dialect.is_async:
        return _waiting(connection, statement, parameters)[0]
    driver: Any = connection.connection.driver_connection
    try:
        rows: list[tuple[Any, ...]] = driver.execute(statement, parameters).fetchall()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error
    return rows


def stream(connection: Connection, statement: str, size: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a query of any length, *size* of them in memory; on a connection of our own."""
    driver: Any = connection.connection.driver_connection
    try:
        if connection.dialect.name != "postgresql":
            yield from driver.execute(statement)
            return
        with driver.cursor(name="crmcore") as cursor:
            cursor.itersize = size
            cursor.execute(statement)
            yield from cursor
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error


def execute(connection: Connection, statement: str, parameters: tuple[Any, ...] = ()) -> int:
    """Run a statement that gives no rows; return how many it changed."""
    if connection.dialect.is_async:
        return _waiting(connection, statement, parameters)[1]
    driver: Any = connection.connection.driver_connection
    try:
        changed: int = driver.execute(statement, parameters).rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error
    return changed


def bulk_insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert *rows*, each with a driver's value for every column of *table* in its order."""
    if not rows:
        return
    insert, copy = _filling(table, connection.dialect)
    if len(rows) == 1:
        execute(connection, insert, rows[0])
    elif copy and len(rows) >= COPY_FROM:
        _copy(connection, copy, rows)
    else:
        execute_each(connection, insert, rows)


@lru_cache(maxsize=256)
def _filling(table: Table, dialect: Dialect) -> tuple[str, str | None]:
    """The statements that fill *table*: INSERT, and COPY where the driver can be driven so."""
    quoted = dialect.identifier_preparer
    name = quoted.format_table(table)
    columns = ", ".join(quoted.format_column(column) for column in table.columns)
    marks = ", ".join(["%s" if dialect.name == "postgresql" else "?"] * len(table.columns))
    into = f"{name} ({columns})"
    can_copy = dialect.name == "postgresql" and not dialect.is_async
    copy = f"COPY {into} FROM STDIN" if can_copy else None
    return f"INSERT INTO {into} VALUES ({marks})", copy


def execute_each(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run a statement for each of *rows*; return how many rows it changed in all."""
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(_marked(statement, connection.dialect.paramstyle), rows)
        return cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error
    finally:
        cursor.close()


def _waiting(
    connection: Connection, statement: str, parameters: tuple[Any, ...]
) -> tuple[list[tuple[Any, ...]], int]:
    """The rows of a statement, and how many it changed, from a driver that has to be awaited."""
    try:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(_marked(statement, connection.dialect.paramstyle), parameters)
            return [tuple(row) for row in cursor.fetchall()], cursor.rowcount
        finally:
            cursor.close()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error


@lru_cache(maxsize=1024)
def _marked(statement: str, style: str) -> str:
    """*statement* with its parameters marked as the driver wants them."""
    if style != "numeric_dollar":
        return statement
    numbers = count(1)
    return re.sub("%s", lambda _: f"${next(numbers)}", statement)


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error


def _as_sqlalchemy(connection: Connection, statement: str, error: Exception) -> BaseException:
    """*error* of the driver, as SQLAlchemy would have raised it.

    Where values are to blame, asyncpg's has no class of its own, and gets one here.
    """
    failure: Any = connection.dialect.loaded_dbapi.Error
    dialect = connection.dialect
    if dialect.driver == "asyncpg" and blames_values(error):
        return exc.DataError(statement, None, error)
    return exc.DBAPIError.instance(statement, None, error, failure, dialect=dialect)


def blames_values(error: BaseException | None) -> bool:
    """Whether values are to blame for a driver's *error*, which may quote them.

    The server says so (class 22), or asyncpg does before it sends them.
    """
    code = getattr(error, "sqlstate", None) or ""
    return code.startswith("22") or isinstance(getattr(error, "__cause__", None), ValueError)
