"""The rows that events touch: loaded once, changed in memory, written in bulk.

Handlers are given copies, and copies of what they put are kept (``copies``), unless a table is ``lent``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import localcontext
from operator import itemgetter
from typing import Any

import attrs
from sqlalchemy import Connection, Dialect, Table, delete, select

from crmcore.application.errors import UndeclaredError
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.copies import Changeable, changeable
from crmcore.projections.engine.projection import Finish, Row, append_only, lent
from crmcore.projections.engine.working import Working, WorkingRow
from crmcore.projections.engine.writing import Insert, Values, remove, values_of

__all__ = ["Change", "MemoryRows"]

Key = Any
"""What a table's rows are kept under: the one column of its primary key, or a tuple of them all."""

KEYS_A_QUERY = 500


@attrs.define
class _TableRows:
    """The rows of one table in memory; ``stored`` are the keys that the database holds.

    ``single`` says that no groups of rows need be known: each has one, or none is ever read;
    ``alone`` that the key is one column.  ``changeable`` are the columns of which a
    copy of the row is not enough.  Until a row is written its ``working`` value may stand in it.
    """

    append_only: bool
    lent: bool
    single: bool
    alone: bool
    key_of: Callable[[Row], Key]
    columns: Row
    changeable: Changeable
    finish: Finish | None
    working: Working | None
    rows: dict[Key, Row] = attrs.Factory(dict)
    by_group: dict[str, dict[Key, None]] = attrs.Factory(dict)
    stored: set[Key] = attrs.Factory(set)
    changed: dict[Key, None] = attrs.Factory(dict)

    def finished(self, keys: Iterable[Key]) -> list[Row]:
        """The rows under *keys*, fit to be written; raises ``ValueError`` for one that cannot be."""
        rows = [self.rows[key] for key in keys]
        if self.finish is None and self.working is None:
            return rows
        with localcontext(EXACT):
            for row in rows:
                try:
                    self._finish(row)
                except Exception as error:
                    raise ValueError(f"{type(error).__name__}: {error}") from error
        return rows

    def _finish(self, row: Row) -> None:
        if self.working is not None and self.working.name in row:
            row.update(self.working.columns(row.pop(self.working.name)))
        if self.finish is not None:
            self.finish(row)

    def copy(self, row: Row) -> Row:
        """A row that shares nothing with *row* that could be changed; *row* itself if it is lent."""
        if self.lent:
            return self.own(row)
        row = row.copy() if self.working is None else WorkingRow(row, self.working)
        for name, kinds, copy in self.changeable:
            if isinstance(row.get(name), kinds):
                row[name] = copy(row[name])
        return row

    def own(self, row: Row) -> Row:
        """*row*, where its working value can be asked for."""
        if self.working is None or isinstance(row, WorkingRow):
            return row
        return WorkingRow(row, self.working)

    def complete(self, table: Table, row: Row) -> Row:
        """*row* with every column; raises ``UndeclaredError`` for a name that is none."""
        row = self.columns | row
        unknown = row.keys() - self.columns.keys()
        if self.working is not None:
            unknown.discard(self.working.name)
        if unknown:
            names = ", ".join(map(str, unknown))
            raise UndeclaredError(f"{table.name} has no column {names}")
        return row

    def hold(self, key: Key, row: Row) -> None:
        """Keep *row* under its key."""
        self.rows[key] = row
        if not self.single:
            self.by_group.setdefault(key[0], {})[key] = None


@attrs.frozen
class Change:
    """What is to be written to one table: the keys whose rows go, and the rows that come."""

    table: Table
    held: _TableRows
    gone: Sequence[Key]
    kept: Sequence[Key]
    values: Sequence[Values]


class _ByTable(dict[Table, _TableRows]):
    """The rows of each declared table; a copy of a table that went to another process is that table."""

    def __missing__(self, table: Table) -> _TableRows:
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
            {one: _held(one, finish.get(one), working.get(one)) for one, _ in tables}
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
        return None if row is None else held.copy(row)

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
        beside = held.working is not None and held.working.name in row
        if len(row) != len(held.columns) + beside:
            row = held.complete(table, row)
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


def _held(declared: Table, finish: Finish | None, working: Working | None) -> _TableRows:
    names = [column.name for column in declared.primary_key]
    columns = dict.fromkeys(column.name for column in declared.columns)
    growing = append_only(declared)
    alone = len(names) == 1
    key_of = itemgetter(*names)
    single = growing or alone
    return _TableRows(
        growing,
        lent(declared),
        single,
        alone,
        key_of,
        columns,
        changeable(declared),
        finish,
        working,
    )
