"""The common changes of a row, for handlers that say in one line what an event adds to it."""

from collections.abc import Callable
from enum import Enum
from typing import Any
from uuid import UUID

from sqlalchemy import Table

from crmcore.application.errors import UndeclaredError
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.projection import Row, Rows


@frozen
class Change:
    """How a column's value follows from the one before, which is None in a row that is new."""

    of: Callable[[Any], Any]


def increment(by: Any = 1) -> Change:
    """So much more (or less): from nothing in a new row."""
    return Change(lambda before: by if before is None else before + by)


def minimum(value: Any) -> Change:
    """The least of all."""
    return Change(lambda before: value if before is None else min(before, value))


def maximum(value: Any) -> Change:
    """The greatest of all, such as the latest instant."""
    return Change(lambda before: value if before is None else max(before, value))


def append(value: Any) -> Change:
    """One more at the end of a list, in a column of JSON."""
    return Change(lambda before: [*(before or ()), _plain(value)])


def upsert(rows: Rows, table: Table, *key: Any, **changes: Any) -> None:
    """Change the row of *table* with this primary key, or begin it.

    Each column is set to the value given, or follows from the one before by a ``Change``.  Ids and
    enums are written as text.  Raises ``LookupError`` for a column or a key that the table has not.
    """
    names = [column.name for column in table.primary_key]
    plain = [_plain(part) for part in key]
    if len(plain) != len(names):
        raise UndeclaredError(f"{table.name} has a key of {len(names)} columns: {', '.join(names)}")
    row = rows.get(table, *plain) or dict(zip(names, plain, strict=True))
    rows.put(table, _changed(row, changes))


def update(rows: Rows, table: Table, *key: Any, **changes: Any) -> bool:
    """Change the row of *table* with this primary key as ``upsert`` does; False where there is none."""
    row = rows.get(table, *map(_plain, key))
    if row is None:
        return False
    rows.put(table, _changed(row, changes))
    return True


def _changed(row: Row, changes: Row) -> Row:
    for name, change in changes.items():
        row[name] = change.of(row.get(name)) if isinstance(change, Change) else _plain(change)
    return row


def _plain(value: Any) -> Any:
    """*value* as a column of text or JSON takes it."""
    if isinstance(value, UUID):
        return str(value)
    return value.value if isinstance(value, Enum) else value
