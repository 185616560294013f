"""The rows of a read model as a test compares them, and following in batches of a size."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs
from sqlalchemy import Table, select

from crmcore.crm import CRM
from crmcore.projections.engine.follow.follower import Follower
from crmcore.projections.engine.projection import Projection, Row

Tables = dict[str, list[Row]]
"""Rows by the name of their table, in the order of their keys."""


def rows_of(crm: CRM, projection: Projection) -> Tables:
    """What the views of a read model show."""
    return {
        table.name: in_order(table, crm.read.query(select(table))) for table in projection.tables
    }


def as_told(projection: Projection, tables: Mapping[str, Iterable[Row]]) -> Tables:
    """The rows that somebody else worked out, in the same form."""
    return {table.name: in_order(table, tables.get(table.name, ())) for table in projection.tables}


def in_order(table: Table, rows: Iterable[Row]) -> list[Row]:
    """*rows* in the order of the table's keys."""
    keys: Sequence[str] = [column.name for column in table.primary_key]
    return sorted(rows, key=lambda row: [row[name] for name in keys])


def following(crm: CRM, **changes: Any) -> Follower:
    """The follower of *crm*, with some of its settings changed."""
    return attrs.evolve(crm._core.follower, **changes)


def catch_up_one(crm: CRM, projection: Projection, batch: int) -> None:
    """Bring one read model to the end of the log, *batch* events to a transaction."""
    following(crm, projections=[projection], batch=batch).catch_up_one(projection.name)
