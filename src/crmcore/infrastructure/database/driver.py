"""Past SQLAlchemy to the driver, where rows are many and every microsecond counts.

Errors are raised as SQLAlchemy would have raised them.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Dialect, Table, exc

COPY_FROM = 20
"""From so many rows on, PostgreSQL's COPY is faster than an insert."""


def fetch_all(
    connection: Connection, statement: str, parameters: tuple[Any, ...]
) -> list[tuple[Any, ...]]:
    """The rows of a query, as the driver gives them."""
    driver: Any = connection.connection.driver_connection
    try:
        rows: list[tuple[Any, ...]] = driver.execute(statement, parameters).fetchall()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error
    return rows


def stream(connection: Connection, statement: str, size: int) -> Iterator[tuple[Any, ...]]:
    """The rows of a query of any length, *size* of them in memory."""
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
    elif connection.dialect.name == "postgresql" and len(rows) >= COPY_FROM:
        _copy(connection, copy, rows)
    else:
        execute_each(connection, insert, rows)


@lru_cache(maxsize=256)
def _filling(table: Table, dialect: Dialect) -> tuple[str, str]:
    """The statements that fill *table*: INSERT and COPY."""
    quoted = dialect.identifier_preparer
    name = quoted.format_table(table)
    columns = ", ".join(quoted.format_column(column) for column in table.columns)
    marks = ", ".join(["%s" if dialect.name == "postgresql" else "?"] * len(table.columns))
    into = f"{name} ({columns})"
    return f"INSERT INTO {into} VALUES ({marks})", f"COPY {into} FROM STDIN"


def execute_each(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> int:
    """Run a statement for each of *rows*; return how many rows it changed in all."""
    cursor = connection.connection.cursor()
    try:
        cursor.executemany(statement, rows)
        return cursor.rowcount
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error
    finally:
        cursor.close()


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_sqlalchemy(connection, statement, error) from error


def _as_sqlalchemy(connection: Connection, statement: str, error: Exception) -> BaseException:
    """*error* of the driver, as SQLAlchemy would have raised it."""
    failure: Any = connection.dialect.loaded_dbapi.Error
    dialect = connection.dialect
    return exc.DBAPIError.instance(statement, None, error, failure, dialect=dialect)
