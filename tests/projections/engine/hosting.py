"""A host's own read model in several versions, and a database that fails while rows are written."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from typing import Any

import attrs
from sqlalchemy import Column, Connection, Dialect, Integer, MetaData, Table, Text, select

import crmcore
from crmcore.application.log import Page, Place, Recorded
from crmcore.domain.customers.customer.messages.registration import (
    CustomerNameCorrected,
    CustomerRegistered,
)
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.maintenance.maintenance import Maintenance
from crmcore.projections.engine.poison.dead_letters import Policy
from crmcore.projections.engine.projection import Projection, Rows
from crmcore.projections.engine.rebuild.fill import Stopped, fill
from crmcore.projections.engine.rebuild.parts import Part
from crmcore.projections.engine.rebuild.rebuilder import Rebuilder
from crmcore.projections.engine.rebuild.worker import STANDARD_LIMITS, Limits
from crmcore.projections.engine.source import LogSource


def _table(*columns: Column[Any]) -> Table:
    return Table(
        "guests",
        MetaData(),
        Column("customer_id", Text, primary_key=True),
        Column("name", Text, nullable=False),
        *columns,
    )


NAMES = _table()
COUNTED = _table(Column("names", Integer, nullable=False))


def named(event: Any, recorded: Recorded, rows: Rows) -> None:
    rows.put(NAMES, {"customer_id": str(recorded.subject_id), "name": event.name})


def counted(event: Any, recorded: Recorded, rows: Rows) -> None:
    key = str(recorded.subject_id)
    names = (rows.get(COUNTED, key) or {"names": 0})["names"] + 1
    rows.put(COUNTED, {"customer_id": key, "name": event.name, "names": names})


def guests(handler: Callable[..., None] = named, table: Table = NAMES, **told: Any) -> Projection:
    """The names of customers, as *handler* writes them."""
    kinds = CustomerRegistered, CustomerNameCorrected
    particulars: dict[str, Any] = {"version": 1, **told}
    return Projection(
        name="guests", tables=(table,), handlers=dict.fromkeys(kinds, handler), **particulars
    )


FIRST, SECOND = guests(), guests(counted, COUNTED, version=2)


def noting(seen: list[int], policy: Policy, broken: Callable[[Any], bool]) -> Projection:
    """Counts names, and fails at those that are *broken*; *seen* tells what it was called with."""

    def handle(event: Any, recorded: Recorded, rows: Rows) -> None:
        seen.append(recorded.position)
        counted(event, recorded, rows)
        if broken(event):
            raise RuntimeError("no such luck")

    return guests(handle, COUNTED, on_poison=policy, on_unknown=policy)


@attrs.define
class Through:
    """A log that is another one, to be changed in some way."""

    source: LogSource

    @property
    def dialect(self) -> Dialect:
        return self.source.dialect

    def write(self) -> AbstractContextManager[Connection]:
        return self.source.write()

    def read(self) -> AbstractContextManager[Connection]:
        return self.source.read()

    def head(self, connection: Connection) -> Place:
        return self.source.head(connection)

    def link(self, connection: Connection, position: int) -> bytes:
        return self.source.link(connection, position)

    @property
    def known_topics(self) -> frozenset[str]:
        return self.source.known_topics

    def first_of(self, connection: Connection, topics: Collection[str], upto: int) -> int | None:
        return self.source.first_of(connection, topics, upto)

    def events(self, connection: Connection, *wanted: Any, **further: Any) -> Page:
        return self.source.events(connection, *wanted, **further)

    def insert(self, connection: Connection, table: Table, rows: Any) -> None:
        self.source.insert(connection, table, rows)


@attrs.define
class Wrapped(Through):
    """A log whose database calls *before* ahead of each insert of rows."""

    before: Callable[[Table, Sequence[Any]], object]

    def insert(self, connection: Connection, table: Table, rows: Any) -> None:
        self.before(table, rows)
        super().insert(connection, table, rows)


def rebuilder(
    crm: crmcore.CRM,
    limits: Limits = STANDARD_LIMITS,
    source: LogSource | None = None,
    patience: float = 5,
) -> Rebuilder:
    """Rebuilds with *limits*, in this process even where an executor is given."""
    source, registry = source or crm.maintenance._source, crm.maintenance._registry

    def submit(executor: Executor, parts: Sequence[Part]) -> "Future[Stopped]":
        return executor.submit(fill, source, registry, crm.projections, parts, limits)

    return Rebuilder(source, registry, submit, limits, patience)


def maintenance(
    crm: crmcore.CRM, limits: Limits = STANDARD_LIMITS, **particulars: Any
) -> Maintenance:
    """The maintenance of *crm*, by a rebuilder of another kind."""
    return attrs.evolve(crm.maintenance, rebuilder=rebuilder(crm, limits, **particulars))


def generations(crm: crmcore.CRM, name: str = "guests") -> dict[int, str]:
    """The states of the generations of a projection."""
    with crm._database.read() as connection:
        found: list[Checkpoint] = crm.maintenance._registry.generations(connection, name)
        return {one.generation: one.state for one in found}


def shown(crm: crmcore.CRM, table: Table = NAMES) -> list[dict[str, Any]]:
    """What the view shows, in the order of the names."""
    return sorted(crm.read.query(select(table)), key=lambda row: str(row["name"]))
