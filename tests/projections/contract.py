"""What every read model must keep to, whatever happened: helpers to check a log against it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import select

import crmcore
from crmcore.projections.engine.generations.tables import generation_tables
from crmcore.projections.engine.projection import Projection
from crmcore.testing import throwaway
from crmcore.testing.rows import as_told, following, in_order
from crmcore.testing.rows import rows_of as rows_of
from tests.histories import Clock
from tests.projections.naive import MODELS


@contextmanager
def fresh(**particulars: Any) -> Iterator[crmcore.CRM]:
    """A log of its own, opened with *particulars*; its clock is ahead of all histories."""
    with throwaway(clock=Clock(), **particulars) as crm:
        yield crm


def catch_up(crm: crmcore.CRM, batch: int) -> None:
    """Catch up with *batch* events to a transaction."""
    following(crm, batch=batch).catch_up()


def live_rows(crm: crmcore.CRM, projection: Projection) -> dict[str, list[dict[str, Any]]]:
    """What the live generation's tables hold."""
    schema = crm._database.tables.events.schema
    (status,) = [one for one in crm.status() if one.name == projection.name]
    assert status.generation is not None
    with crm._database.read() as connection:
        return {
            declared.name: in_order(
                declared, [dict(row._mapping) for row in connection.execute(select(actual))]
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
        expected = as_told(projection, MODELS[projection.name](log))
        for name, rows in rows_of(crm, projection).items():
            assert rows == expected[name], name
