"""The rows that events touch: loaded once, changed in memory, written in bulk."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

import attrs
from sqlalchemy import Connection, Table, delete, select

from crmcore.projections.engine.projection import Row, append_only
from crmcore.projections.engine.writing import Insert, TableWriter

__all__ = ["MemoryRows"]

Key = tuple[Any, ...]
KEYS_A_QUERY = 500


@attrs.define
class _TableRows:
    """The rows of one table in memory; ``stored`` are the keys that the database holds."""

    append_only: bool
    single: bool
    key_of: Callable[[Row], Key]
    columns: Row
    rows: dict[Key, Row] = attrs.Factory(dict)
    by_group: dict[str, dict[Key, None]] = attrs.Factory(dict)
    stored: set[Key] = attrs.Factory(set)
    changed: dict[Key, None] = attrs.Factory(dict)

    def hold(self, key: Key, row: Row) -> None:
        """Keep *row* under its key."""
        self.rows[key] = row
        if not self.single:
            self.by_group.setdefault(key[0], {})[key] = None


class _ByTable(dict[Table, _TableRows]):
    """The rows of each declared table; a copy of a table that went to another process is that table."""

    def __missing__(self, table: Table) -> _TableRows:
        for declared, held in self.items():
            if declared.name == table.name:
                return held
        raise LookupError(f"{table.name} is not among the tables that the projection declares")


class MemoryRows:
    """Rows of a read model's tables in one generation (``crmcore.projections.engine.Rows``).

    A row that ``get`` or ``group`` returns is the one in memory: change it and ``put`` it.
    """

    def __init__(self, tables: Sequence[tuple[Table, Table]], *, empty: bool = False) -> None:
        """*tables* pairs each declared table with the one that holds this generation's rows.

        With *empty* those hold none yet, and nothing is ever loaded.
        """
        self._tables = tables
        self._held = _ByTable({declared: _held(declared) for declared, _ in tables})
        self._empty = empty
        self._loaded: set[str] = set()
        self._named: Sequence[str] | None = None

    def load(self, connection: Connection, groups: Iterable[str]) -> None:
        """Read the rows of *groups* that are not in memory yet."""
        if self._empty:
            return
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
                    key = held.key_of(row)
                    held.hold(key, row)
                    held.stored.add(key)

    def clear(self, connection: Connection, groups: Iterable[str]) -> None:
        """Delete all rows of *groups* from the database, and go on without them."""
        gone = list(groups)
        for _, actual in self._tables:
            column = next(iter(actual.primary_key))
            for start in range(0, len(gone), KEYS_A_QUERY):
                some = gone[start : start + KEYS_A_QUERY]
                connection.execute(delete(actual).where(column.in_(some)))
        self._loaded.update(gone)

    def change(self, groups: Sequence[str], handle: Callable[..., None], *args: Any) -> None:
        """Let *handle* change the rows of *groups*, and of no others that happen to be loaded."""
        self.name(groups)
        handle(*args)
        self.name(None)

    def get(self, table: Table, *key: Any) -> Row | None:
        """The row with this primary key, if there is one."""
        if self._named is not None and key[0] not in self._named:
            self._refuse(key[0])
        held = self._held[table]
        if held.append_only:
            raise LookupError(f"{table.name} is append-only: its rows are not there to be read")
        return held.rows.get(key)

    def group(self, table: Table, key: str) -> Iterator[Row]:
        """All rows of *table* that belong to the group *key*, in the order of their keys."""
        if self._named is not None and key not in self._named:
            self._refuse(key)
        held = self._held[table]
        if held.append_only:
            raise LookupError(f"{table.name} is append-only: its rows are not there to be read")
        if held.single:
            return iter([held.rows[(key,)]] if (key,) in held.rows else [])
        return iter([held.rows[row_key] for row_key in sorted(held.by_group.get(key, ()))])

    def put(self, table: Table, row: Row) -> None:
        """Write *row* in place of the one with the same primary key, if any."""
        held = self._held[table]
        if len(row) != len(held.columns):
            row = held.columns | row
        key = held.key_of(row)
        if self._named is not None and key[0] not in self._named:
            self._refuse(key[0])
        held.hold(key, row)
        held.changed[key] = None

    def delete(self, table: Table, *key: Any) -> None:
        """Remove the row with this primary key, if there is one."""
        if self._named is not None and key[0] not in self._named:
            self._refuse(key[0])
        held = self._held[table]
        if held.rows.pop(key, None) is not None:
            if not held.single:
                del held.by_group[key[0]][key]
            held.changed[key] = None

    def rows(self, table: Table) -> Iterator[Row]:
        """All rows of *table* in memory, in the order of their keys."""
        held = self._held[table]
        return (held.rows[key] for key in sorted(held.rows))

    def flush(self, connection: Connection, insert: Insert) -> None:
        """Write what changed, and keep in memory what may change again."""
        for declared, actual in self._tables:
            held, writer = self._held[declared], TableWriter(connection, actual, insert)
            writer.delete([key for key in held.changed if key in held.stored])
            kept = [key for key in held.changed if key in held.rows]
            if held.append_only:
                kept.sort()  # neighbours in the index are written together
            writer.insert([held.rows[key] for key in kept])
            if held.append_only:
                held.rows.clear()
                held.by_group.clear()
            else:
                held.stored.difference_update(held.changed)
                held.stored.update(kept)
            held.changed.clear()

    def name(self, groups: Sequence[str] | None) -> None:
        """Let the handler that comes next change the rows of *groups* alone; None: of any."""
        self._named = groups

    @property
    def empty(self) -> bool:
        """Whether the tables held nothing to begin with."""
        return self._empty

    def count(self, table: Table) -> int:
        """How many rows of *table* are in memory."""
        return len(self._held[table].rows)

    @property
    def size(self) -> int:
        """How many rows are in memory."""
        return sum(len(held.rows) for held in self._held.values())

    def _refuse(self, group: str) -> None:
        raise LookupError(f"the group {group!r} is not among those that the event names")


def _held(declared: Table) -> _TableRows:
    names = [column.name for column in declared.primary_key]
    (first, *others) = names
    key_of: Callable[[Row], Key] = itemgetter(*names) if others else lambda row: (row[first],)
    columns = dict.fromkeys(column.name for column in declared.columns)
    return _TableRows(append_only(declared), not others, key_of, columns)
