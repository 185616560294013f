"""Past SQLAlchemy to the driver, where rows are many and every microsecond counts.

Errors are raised as SQLAlchemy would have raised them.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Table, exc

__all__ = ["bulk_insert", "fetch_all"]

COPY_FROM = 20
"""From so many rows on, PostgreSQL's COPY is faster than an insert."""


def fetch_all(
    connection: Connection, statement: str, parameters: tuple[Any, ...]
) -> list[tuple[Any, ...]]:
    """The rows of a query, as the driver gives them."""
    with _sqlalchemy_errors(connection, statement):
        cursor = connection.connection.cursor()
        try:
            cursor.execute(statement, parameters)
            rows = list(cursor.fetchall())
        finally:
            cursor.close()
    return rows


def bulk_insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert *rows*, each with a driver's value for every column of *table* in its order."""
    if not rows:
        return
    name = connection.dialect.identifier_preparer.format_table(table)
    columns = ", ".join(column.name for column in table.columns)
    if connection.dialect.name == "postgresql" and len(rows) >= COPY_FROM:
        _copy(connection, f"COPY {name} ({columns}) FROM STDIN", rows)
        return
    mark = "%s" if connection.dialect.name == "postgresql" else "?"
    marks = ", ".join([mark] * len(table.columns))
    connection.exec_driver_sql(f"INSERT INTO {name} ({columns}) VALUES ({marks})", list(rows))


def _copy(connection: Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    driver: Any = connection.connection.driver_connection
    with (
        _sqlalchemy_errors(connection, statement),
        driver.cursor() as cursor,
        cursor.copy(statement) as copy,
    ):
        for row in rows:
            copy.write_row(row)


@contextmanager
def _sqlalchemy_errors(connection: Connection, statement: str) -> Iterator[None]:
    failure: Any = connection.dialect.loaded_dbapi.Error
    try:
        yield
    except failure as error:
        raise exc.DBAPIError.instance(
            statement, None, error, failure, dialect=connection.dialect
        ) from error
