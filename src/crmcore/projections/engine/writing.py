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
        self._names = [column.name for column in table.columns]
        dialect = connection.dialect
        processors = [
            column.type.dialect_impl(dialect).bind_processor(dialect) for column in table.columns
        ]
        self._processors = [
            (index, process) for index, process in enumerate(processors) if process is not None
        ]

    def insert(self, rows: Sequence[Row]) -> None:
        """Add *rows*, none of which is there."""
        if not rows:
            return
        values_of = itemgetter(*self._names)
        if not self._processors:
            self._insert(self._connection, self._table, [values_of(row) for row in rows])
            return
        processed = []
        for row in rows:
            values = list(values_of(row))
            for index, process in self._processors:
                values[index] = process(values[index])
            processed.append(tuple(values))
        self._insert(self._connection, self._table, processed)

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
