"""What every read model must keep to, whatever happened: helpers to check a log against it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import attrs
from sqlalchemy import select

import crmcore
from crmcore.projections.engine.follow.follower import Follower
from crmcore.projections.engine.generations.tables import generation_tables
from crmcore.projections.engine.projection import Projection
from tests.histories import Clock
from tests.projections.naive import MODELS


@contextmanager
def fresh(**particulars: Any) -> Iterator[crmcore.CRM]:
    """A log in a file of its own, opened with *particulars*; its clock is ahead of all histories."""
    with (
        TemporaryDirectory() as folder,
        crmcore.open(f"sqlite:///{Path(folder, 'crm.db')}", clock=Clock(), **particulars) as crm,
    ):
        yield crm


def catch_up(crm: crmcore.CRM, batch: int) -> None:
    """Catch up with *batch* events to a transaction."""
    follower(crm, batch=batch).catch_up()


def follower(crm: crmcore.CRM, **changes: Any) -> Follower:
    """The follower of *crm*, with some of its settings changed."""
    return attrs.evolve(crm._core.follower, **changes)


def rows_of(crm: crmcore.CRM, projection: Projection) -> dict[str, list[dict[str, Any]]]:
    """What the views show, by table, in the order of the keys."""
    return {
        table.name: ordered(crm.read.query(select(table)), table.primary_key)
        for table in projection.tables
    }


def live_rows(crm: crmcore.CRM, projection: Projection) -> dict[str, list[dict[str, Any]]]:
    """What the live generation's tables hold."""
    schema = crm._database.tables.events.schema
    (status,) = [one for one in crm.status() if one.name == projection.name]
    assert status.generation is not None
    with crm._database.read() as connection:
        return {
            declared.name: ordered(
                [dict(row._mapping) for row in connection.execute(select(actual))],
                declared.primary_key,
            )
            for declared, actual in generation_tables(projection, status.generation, schema)
        }


def comparable(tables: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """*tables* without what two logs never share: drawn command ids, pseudonyms of addresses."""
    for row in tables.get("customer_history", ()):
        del row["command_id"]
        if row["topic"].startswith("lead-address"):
            del row["stream_id"], row["details"]
    return tables


def check(crm: crmcore.CRM) -> None:
    """Every read model shows what its naive recomputation says."""
    log = list(crm.events())
    for projection in crm.projections:
        expected = MODELS[projection.name](log)
        found = rows_of(crm, projection)
        for table in projection.tables:
            keys = table.primary_key
            assert found[table.name] == ordered(expected[table.name], keys), table.name


def ordered(rows: Sequence[dict[str, Any]], keys: Any) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: [row[column.name] for column in keys])
