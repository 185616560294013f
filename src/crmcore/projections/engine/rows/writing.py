"""Rows of a read model on their way to its table: values as the driver takes them, in bulk."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Table

from crmcore.projections.engine.projection import Row

Values = tuple[Any, ...]
"""A row in driver's values, one for each column of its table in order."""

Insert = Callable[[Connection, Table, Sequence[Values]], None]
"""Inserts rows: the fastest way there is."""

KEYS_A_STATEMENT = 1_000


def values_of(rows: Sequence[Row], table: Table, dialect: Dialect) -> list[Values]:
    """*rows* of *table* as the driver of *dialect* takes them.

    Raises ``ValueError`` for a row that lacks a column.
    """
    if not rows:
        return []
    columns = []
    for column in table.columns:
        process = column.type.dialect_impl(dialect).bind_processor(dialect)
        values = map(itemgetter(column.name), rows)
        columns.append(values if process is None else map(process, values))
    try:
        return list(zip(*columns, strict=True))
    except KeyError as lacking:
        raise ValueError(f"a row of {table.name} lacks the column {lacking}") from None


def remove(connection: Connection, table: Table, keys: Sequence[tuple[Any, ...]]) -> None:
    """Remove the rows of *table* with these primary keys."""
    if not keys:
        return
    quoted = connection.dialect.identifier_preparer
    name = quoted.format_table(table)
    names = [quoted.format_column(column) for column in table.primary_key]
    if connection.dialect.name == "postgresql":
        types = [str(key.type.compile(connection.dialect)) for key in table.primary_key]
        numbered = connection.dialect.paramstyle == "numeric_dollar"  # asyncpg
        arrays = ", ".join(
            f"{f'${number}' if numbered else '%s'}::{kind}[]"
            for number, kind in enumerate(types, 1)
        )
        for start in range(0, len(keys), KEYS_A_STATEMENT):
            some = keys[start : start + KEYS_A_STATEMENT]
            connection.exec_driver_sql(
                f"DELETE FROM {name} WHERE ({', '.join(names)}) IN (SELECT * FROM unnest({arrays}))",
                tuple(list(values) for values in zip(*some, strict=True)),
            )
        return
    where = " AND ".join(f"{key} = ?" for key in names)
    connection.exec_driver_sql(f"DELETE FROM {name} WHERE {where}", list(keys))
