"""The rows that a batch of events touches: loaded once, changed in memory, written in bulk."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import attrs
from sqlalchemy import Connection, Table, delete, insert, select, tuple_

from crmcore.projections.engine.projection import Row, append_only

__all__ = ["MemoryRows"]

Key = tuple[Any, ...]
KEYS_A_QUERY = 500


@attrs.define
class _TableRows:
    """The rows of one table in memory; ``stored`` are the keys that the database holds."""

    rows: dict[Key, Row] = attrs.Factory(dict)
    by_group: dict[str, dict[Key, None]] = attrs.Factory(dict)
    stored: set[Key] = attrs.Factory(set)
    changed: dict[Key, None] = attrs.Factory(dict)


class MemoryRows:
    """Rows of a read model's tables in one generation (``crmcore.projections.engine.Rows``)."""

    def __init__(self, tables: Sequence[tuple[Table, Table]]) -> None:
        """*tables* pairs each declared table with the one that holds this generation's rows."""
        self._tables = tables
        self._held: dict[Table, _TableRows] = {declared: _TableRows() for declared, _ in tables}
        self._keys = {
            declared: tuple(column.name for column in declared.primary_key)
            for declared, _ in tables
        }
        self._loaded: set[str] = set()
        self._named: Sequence[str] | None = None

    def load(self, connection: Connection, groups: Iterable[str]) -> None:
        """Read the rows of *groups* that are not in memory yet."""
        wanted = [group for group in dict.fromkeys(groups) if group not in self._loaded]
        self._loaded.update(wanted)
        for declared, actual in self._tables:
            if append_only(declared):
                continue
            held, column = self._held[declared], next(iter(actual.primary_key))
            for start in range(0, len(wanted), KEYS_A_QUERY):
                some = wanted[start : start + KEYS_A_QUERY]
                for found in connection.execute(select(actual).where(column.in_(some))):
                    row = dict(found._mapping)
                    key = self._key(declared, row)
                    self._hold(held, key, row)
                    held.stored.add(key)

    def load_nothing(self, groups: Iterable[str]) -> None:
        """Begin *groups* without rows: for a fold apart from the database."""
        self._loaded.update(groups)

    def change(self, groups: Sequence[str], handle: Callable[[], None]) -> None:
        """Let *handle* change the rows of *groups*, and of no others that happen to be loaded."""
        self._named = groups
        try:
            handle()
        finally:
            self._named = None

    def get(self, table: Table, *key: Any) -> Row | None:
        """A copy of the row with this primary key, if there is one."""
        self._must_be_loaded(key[0], table)
        row = self._held[table].rows.get(key)
        return None if row is None else dict(row)

    def group(self, table: Table, key: str) -> Iterator[Row]:
        """Copies of all rows of *table* that belong to the group *key*, in the order of their keys."""
        self._must_be_loaded(key, table)
        held = self._held[table]
        for row_key in sorted(held.by_group.get(key, ())):
            yield dict(held.rows[row_key])

    def put(self, table: Table, row: Row) -> None:
        """Write *row* in place of the one with the same primary key, if any."""
        key = self._key(table, row)
        self._must_be_loaded(key[0])
        held = self._held[table]
        self._hold(held, key, {column.name: row.get(column.name) for column in table.columns})
        held.changed[key] = None

    def delete(self, table: Table, *key: Any) -> None:
        """Remove the row with this primary key, if there is one."""
        self._must_be_loaded(key[0])
        held = self._held[table]
        if held.rows.pop(key, None) is not None:
            del held.by_group[key[0]][key]
            held.changed[key] = None

    def flush(self, connection: Connection) -> None:
        """Write what changed."""
        for declared, actual in self._tables:
            held = self._held[declared]
            gone = [key for key in held.changed if key in held.stored]
            columns = list(actual.primary_key)
            for start in range(0, len(gone), KEYS_A_QUERY):
                some = gone[start : start + KEYS_A_QUERY]
                connection.execute(delete(actual).where(tuple_(*columns).in_(some)))
            rows = [held.rows[key] for key in held.changed if key in held.rows]
            if rows:
                connection.execute(insert(actual), rows)
            held.stored.difference_update(gone)
            held.stored.update(key for key in held.changed if key in held.rows)
            held.changed.clear()

    def _hold(self, held: _TableRows, key: Key, row: Row) -> None:
        held.rows[key] = row
        held.by_group.setdefault(key[0], {})[key] = None

    def _key(self, table: Table, row: Row) -> Key:
        return tuple(row[name] for name in self._keys[table])

    def _must_be_loaded(self, group: str, read: Table | None = None) -> None:
        if group not in (self._loaded if self._named is None else self._named):
            raise LookupError(f"the group {group!r} is not among those that the event names")
        if read is not None and self._named is not None and append_only(read):
            raise LookupError(f"{read.name} is append-only: its rows are not there to be read")
