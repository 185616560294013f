"""The rows that events touch: loaded once, changed in memory, written in bulk.

Handlers are given copies, and copies of what they put are kept (``copies``), unless a table is ``lent``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Table, delete, select

from crmcore.application.errors import UndeclaredError
from crmcore.projections.engine.projection import Finish, Row, append_only
from crmcore.projections.engine.rows.table_rows import Change, TableRows, table_rows
from crmcore.projections.engine.rows.writing import Insert, remove, values_of
from crmcore.projections.engine.working import Working

KEYS_A_QUERY = 500


class _ByTable(dict[Table, TableRows]):
    """The rows of each declared table; a copy of a table that went to another process is that table."""

    def __missing__(self, table: Table) -> TableRows:
        for declared, held in self.items():
            if declared.name == table.name:
                return held
        raise UndeclaredError(f"{table.name} is not among the tables that the projection declares")


class MemoryRows:
    """Rows of a read model's tables in one generation (``crmcore.projections.engine.Rows``)."""

    def __init__(
        self,
        tables: Sequence[tuple[Table, Table]],
        finish: Mapping[Table, Finish],
        working: Mapping[Table, Working],
        *,
        empty: bool = False,
    ) -> None:
        """*tables* pairs each declared table with the one that holds this generation's rows.

        With *empty* those hold none yet, and nothing is ever loaded.
        """
        self._tables = tables
        self._held = _ByTable(
            {one: table_rows(one, finish.get(one), working.get(one)) for one, _ in tables}
        )
        self._empty = empty
        self._loaded: set[str] = set()
        self.named: Sequence[str] | None = None
        """The groups that the handler at hand may change; None: any."""

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
                    row = held.own(dict(found._mapping))
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
        self.named = groups
        handle(*args)
        self.named = None

    def get(self, table: Table, *key: Any) -> Row | None:
        """A copy of the row with this primary key, if there is one."""
        if self.named is not None and key[0] not in self.named:
            self._refuse()
        held = self._held[table]
        if held.append_only:
            raise UndeclaredError(f"{table.name} is append-only: its rows are not there to be read")
        row = held.rows.get(key[0] if held.alone else key)
        # Asked for every event: what needs no copy is told here, without a call.
        return row if row is None or type(row) is held.as_is else held.copy(row)

    def group(self, table: Table, key: str) -> Iterator[Row]:
        """Copies of all rows of *table* that belong to the group *key*, in the order of their keys."""
        if self.named is not None and key not in self.named:
            self._refuse()
        held = self._held[table]
        if held.append_only:
            raise UndeclaredError(f"{table.name} is append-only: its rows are not there to be read")
        if held.single:
            return iter([held.copy(held.rows[key])] if key in held.rows else [])
        return iter([held.copy(held.rows[one]) for one in sorted(held.by_group.get(key, ()))])

    def put(self, table: Table, row: Row) -> None:
        """Keep a copy of *row* in place of the one with the same primary key, if any."""
        held = self._held[table]
        if held.working is not None:
            beside = held.working.name in row
            if len(row) != len(held.columns) + beside or not held.names.issuperset(row):
                row = held.complete(table, row)
        elif len(row) != len(held.columns):
            row = held.complete(table, row)
        if type(row) is not held.as_is:
            row = held.copy(row)
        key = held.key_of(row)
        group = key if held.alone else key[0]
        if self.named is not None and group not in self.named:
            self._refuse()
        if held.append_only and key in held.rows:
            raise UndeclaredError(f"{table.name} is append-only: it has a row with this key")
        held.rows[key] = row
        if not held.single:
            held.by_group.setdefault(group, {})[key] = None
        if not held.append_only:
            held.changed[key] = None

    def delete(self, table: Table, *key: Any) -> None:
        """Remove the row with this primary key, if there is one."""
        if self.named is not None and key[0] not in self.named:
            self._refuse()
        held = self._held[table]
        if held.append_only:
            raise UndeclaredError(f"{table.name} is append-only: its rows stay")
        kept = key[0] if held.alone else key
        if held.rows.pop(kept, None) is not None:
            if not held.single:
                del held.by_group[key[0]][kept]
            held.changed[kept] = None

    def finish(self) -> None:
        """Finish all rows in memory; raises ``ValueError`` for one that cannot be written."""
        for held in self._held.values():
            held.finished(held.rows)

    def rows(self, table: Table) -> Iterator[Row]:
        """Copies of all rows of *table* in memory, finished, in the order of their keys."""
        held = self._held[table]
        return iter([held.copy(row) for row in held.finished(sorted(held.rows))])

    def changes(self, dialect: Dialect) -> list[Change]:
        """What ``flush`` is to write: finished, and as the driver takes it.

        Raises ``ValueError`` for a row that cannot be written.
        """
        changes = []
        for declared, actual in self._tables:
            held = self._held[declared]
            if held.append_only:
                order = None if held.alone else itemgetter(0)
                gone, kept = [], sorted(held.rows, key=order)  # neighbours in the index together
            else:
                gone = [key for key in held.changed if key in held.stored]
                kept = [key for key in held.changed if key in held.rows]
            values = values_of(held.finished(kept), actual, dialect)
            changes.append(Change(actual, held, gone, kept, values))
        return changes

    def flush(
        self, connection: Connection, insert: Insert, changes: Sequence[Change] | None = None
    ) -> None:
        """Write all ``changes`` (made before, or here), and keep in memory what may change again."""
        for change in self.changes(connection.dialect) if changes is None else changes:
            held, gone = change.held, change.gone
            remove(connection, change.table, [(key,) for key in gone] if held.alone else gone)
            if change.values:
                insert(connection, change.table, change.values)
            if held.append_only:
                held.rows.clear()
                continue
            held.stored.difference_update(held.changed)
            held.stored.update(change.kept)
            held.changed.clear()

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

    def _refuse(self) -> None:
        raise UndeclaredError(
            "a row of a group that is not among those that the event names: see `groups` of the projection"
        )
