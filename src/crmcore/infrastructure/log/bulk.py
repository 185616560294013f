"""Writing many rows at once: COPY on PostgreSQL, a prepared statement on SQLite."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Table, exc

__all__ = ["bulk_insert"]

COPY_FROM = 20
"""From so many rows on, PostgreSQL's COPY is faster than an insert."""


def bulk_insert(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert *rows*, each with a driver's value for every column of *table* in its order.

    Raises SQLAlchemy's errors, as an insert of its own would.
    """
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
    failure: Any = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except failure as error:  # past SQLAlchemy, which would have raised it as its own
        raise exc.DBAPIError.instance(
            statement, None, error, failure, dialect=connection.dialect
        ) from error
