"""The rows of one table in memory: kept by key and group, finished before they are written."""

from collections.abc import Callable, Iterable, Sequence
from decimal import localcontext
from operator import itemgetter
from typing import Any

import attrs
from sqlalchemy import Table

from crmcore.application.errors import UndeclaredError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.projection import Finish, Row, append_only, lent
from crmcore.projections.engine.rows.copies import Changeable, changeable
from crmcore.projections.engine.rows.writing import Values
from crmcore.projections.engine.working import Working, WorkingRow

Key = Any
"""What a table's rows are kept under: the one column of its primary key, or a tuple of them all."""


@attrs.define
class TableRows:
    """The rows of one table in memory; ``stored`` are the keys that the database holds.

    ``single`` says that no groups of rows need be known: each has one, or none is ever read;
    ``alone`` that the key is one column.  ``changeable`` are the columns of which a
    copy of the row is not enough.  Until a row is written its ``working`` value may stand in it;
    ``names`` are all that it may have.  A row of the class ``as_is`` needs no copy.
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
    names: frozenset[str]
    as_is: type | None
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
            if unknown := row.keys() - self.columns.keys():
                raise UndeclaredError(f"there is no column {', '.join(map(str, unknown))}")
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
        if unknown := row.keys() - self.names:
            names = ", ".join(map(str, unknown))
            raise UndeclaredError(f"{table.name} has no column {names}")
        return row

    def hold(self, key: Key, row: Row) -> None:
        """Keep *row* under its key."""
        self.rows[key] = row
        if not self.single:
            self.by_group.setdefault(key[0], {})[key] = None


@frozen
class Change:
    """What is to be written to one table: the keys whose rows go, and the rows that come."""

    table: Table
    held: TableRows
    gone: Sequence[Key]
    kept: Sequence[Key]
    values: Sequence[Values]


def table_rows(declared: Table, finish: Finish | None, working: Working | None) -> TableRows:
    """The rows of a declared table, none yet."""
    names = [column.name for column in declared.primary_key]
    columns = dict.fromkeys(column.name for column in declared.columns)
    growing = append_only(declared)
    alone = len(names) == 1
    key_of = itemgetter(*names)
    single = growing or alone
    return TableRows(
        growing,
        lent(declared),
        single,
        alone,
        key_of,
        columns,
        changeable(declared),
        finish,
        working,
        frozenset(columns) if working is None else frozenset((*columns, working.name)),
        (dict if working is None else WorkingRow) if lent(declared) else None,
    )
