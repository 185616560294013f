"""Rows of a read model on their way to its table: values as the driver takes them, in bulk."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table

from crmcore.projections.engine.projection import Row

__all__ = ["Insert", "TableWriter"]

Insert = Callable[[Connection, Table, Sequence[tuple[Any, ...]]], None]
"""Inserts rows of driver's values, one for each column in order: the fastest way there is."""

KEYS_A_STATEMENT = 1_000


class TableWriter:
    """Writes rows of one table."""

    def __init__(self, connection: Connection, table: Table, insert: Insert) -> None:
        self._connection, self._table, self._insert = connection, table, insert
        dialect = connection.dialect
        self._columns = [
            (column.name, column.type.dialect_impl(dialect).bind_processor(dialect))
            for column in table.columns
        ]
        """The name of each, and what makes a driver's value of what a row has, if anything does."""

    def insert(self, rows: Sequence[Row]) -> None:
        """Add *rows*, none of which is there."""
        if not rows:
            return
        columns = [
            values if process is None else map(process, values)
            for name, process in self._columns
            for values in [map(itemgetter(name), rows)]
        ]
        self._insert(self._connection, self._table, list(zip(*columns, strict=True)))

    def delete(self, keys: Sequence[tuple[Any, ...]]) -> None:
        """Remove the rows with these primary keys."""
        if not keys:
            return
        names = [column.name for column in self._table.primary_key]
        name = self._connection.dialect.identifier_preparer.format_table(self._table)
        if self._connection.dialect.name == "postgresql":
            types = [
                str(self._table.c[key].type.compile(self._connection.dialect)) for key in names
            ]
            arrays = ", ".join(f"%s::{kind}[]" for kind in types)
            for start in range(0, len(keys), KEYS_A_STATEMENT):
                some = keys[start : start + KEYS_A_STATEMENT]
                self._connection.exec_driver_sql(
                    f"DELETE FROM {name} WHERE ({', '.join(names)}) IN"
                    f" (SELECT * FROM unnest({arrays}))",
                    tuple(list(values) for values in zip(*some, strict=True)),
                )
            return
        where = " AND ".join(f"{key} = ?" for key in names)
        self._connection.exec_driver_sql(f"DELETE FROM {name} WHERE {where}", list(keys))
