"""Comparing two generations of a read model: rows added, gone and changed, by column, with samples.

The databases do the work: one pass over both tables per question.  Columns that only one of the
generations has are named, and the rows are compared by the columns that both have.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    Text,
    and_,
    case,
    cast,
    exists,
    func,
    or_,
    select,
)

from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.checkpoint import Checkpoint

SAMPLES = 5


@frozen
class TableComparison:
    """How a table of the new generation differs from the live one.

    ``samples`` shows a few keys of each kind; of changed rows also the values before and after.
    """

    table: str
    rows_before: int
    rows_after: int
    added: int
    gone: int
    changed: int
    by_column: Mapping[str, int]
    columns_added: Sequence[str]
    columns_gone: Sequence[str]
    samples: Mapping[str, Sequence[Mapping[str, Any]]]

    @property
    def equal(self) -> bool:
        """Whether both hold the same rows in the same columns."""
        same_rows = not (self.added or self.gone or self.changed)
        return same_rows and not (self.columns_added or self.columns_gone)


@frozen
class Comparison:
    """Two generations, at the positions that each had reached."""

    name: str
    before: int
    after: int
    position_before: int
    position_after: int
    tables: Sequence[TableComparison]
    same_log: bool = True
    """False where one of them has seen another log, before this one was restored."""

    @property
    def equal(self) -> bool:
        """Whether the generations show the same, at the same position."""
        same_moment = self.position_before == self.position_after
        return self.same_log and same_moment and all(table.equal for table in self.tables)


def compare(
    connection: Connection, schema: str | None, before: Checkpoint, after: Checkpoint
) -> Comparison:
    """Compare generation *after* with *before*; the connection should see one moment."""
    names = dict.fromkeys([*before.tables, *after.tables])
    return Comparison(
        before.name,
        before.generation,
        after.generation,
        before.position,
        after.position,
        [_table(connection, schema, name, before, after) for name in names],
        before.position != after.position or before.link == after.link,
    )


def _table(
    connection: Connection, schema: str | None, name: str, before: Checkpoint, after: Checkpoint
) -> TableComparison:
    old, new = (_reflected(connection, schema, one.tables.get(name)) for one in (before, after))
    if old is None or new is None or _keys(old) != _keys(new):
        return _apart(connection, name, old, new)
    keys = _keys(new)
    shared = [column.name for column in new.columns if column.name in old.columns]
    same_key = and_(*(old.c[key] == new.c[key] for key in keys))
    differs = {
        column: _differs(old.c[column], new.c[column]) for column in shared if column not in keys
    }
    changed, by_column = _changes(connection, old, new, same_key, differs)
    added, new_keys = _only_in(connection, new, old, same_key, keys)
    gone, old_keys = _only_in(connection, old, new, same_key, keys)
    samples: dict[str, Sequence[Mapping[str, Any]]] = {"added": new_keys, "gone": old_keys}
    if changed:
        samples["changed"] = _changed_samples(connection, old, new, same_key, keys, differs)
    return TableComparison(
        name,
        _count(connection, old),
        _count(connection, new),
        added,
        gone,
        changed,
        by_column,
        [column.name for column in new.columns if column.name not in old.columns],
        [column.name for column in old.columns if column.name not in new.columns],
        {kind: rows for kind, rows in samples.items() if rows},
    )


def _apart(
    connection: Connection, name: str, old: Table | None, new: Table | None
) -> TableComparison:
    """A table of which the other generation has none, or one whose rows have other keys."""
    before, after = (0 if one is None else _count(connection, one) for one in (old, new))
    olds, news = ([] if one is None else list(one.columns.keys()) for one in (old, new))
    return TableComparison(
        name,
        before,
        after,
        after,
        before,
        0,
        {},
        [column for column in news if column not in olds],
        [column for column in olds if column not in news],
        {},
    )


def _keys(table: Table) -> list[str]:
    return [column.name for column in table.primary_key]


def _differs(old: Column[Any], new: Column[Any]) -> ColumnElement[bool]:
    """Whether the values differ; those of types that the database cannot compare, as text."""
    if type(old.type) is type(new.type) and not isinstance(new.type, JSON):
        return old.is_distinct_from(new)
    return cast(old, Text).is_distinct_from(cast(new, Text))


def _reflected(connection: Connection, schema: str | None, name: str | None) -> Table | None:
    if name is None:
        return None
    return Table(name, MetaData(schema=schema), autoload_with=connection)


def _count(connection: Connection, table: Table) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _changes(
    connection: Connection,
    old: Table,
    new: Table,
    same_key: ColumnElement[bool],
    differs: Mapping[str, ColumnElement[bool]],
) -> tuple[int, dict[str, int]]:
    if not differs:
        return 0, {}
    counts = [func.sum(case((condition, 1), else_=0)) for condition in differs.values()]
    anything = func.sum(case((or_(*differs.values()), 1), else_=0))
    row = connection.execute(select(anything, *counts).select_from(old.join(new, same_key))).one()
    changed, *each = (int(count or 0) for count in row)
    return changed, {name: count for name, count in zip(differs, each, strict=True) if count}


def _only_in(
    connection: Connection,
    here: Table,
    there: Table,
    same_key: ColumnElement[bool],
    keys: Sequence[str],
) -> tuple[int, list[dict[str, Any]]]:
    only = ~exists(select(1).select_from(there).where(same_key).correlate(here))
    count = connection.execute(select(func.count()).select_from(here).where(only)).scalar_one()
    columns = [here.c[key] for key in keys]
    query = select(*columns).where(only).order_by(*columns).limit(SAMPLES)
    return int(count), [dict(row._mapping) for row in connection.execute(query)]


def _changed_samples(
    connection: Connection,
    old: Table,
    new: Table,
    same_key: ColumnElement[bool],
    keys: Sequence[str],
    differs: Mapping[str, ColumnElement[bool]],
) -> list[dict[str, Any]]:
    names = list(differs)
    columns = [new.c[key] for key in keys]
    values = [
        table.c[name].label(f"{side}_{name}")
        for name in names
        for side, table in (("before", old), ("after", new))
    ]
    query = select(*columns, *values).select_from(old.join(new, same_key))
    query = query.where(or_(*differs.values())).order_by(*columns).limit(SAMPLES)
    samples = []
    for row in connection.execute(query):
        found = row._mapping
        changes = {
            name: {"before": found[f"before_{name}"], "after": found[f"after_{name}"]}
            for name in names
            if found[f"before_{name}"] != found[f"after_{name}"]
        }
        samples.append({**{key: found[key] for key in keys}, "changes": changes})
    return samples
