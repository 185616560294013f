"""Rebuilding against a peer: the same events, the same read model, the rows checked equal.

The read model tells of each customer how many orders there were and what they came to, less what
came back.  A peer that commits each event takes minutes for what we do in a second: so it gets a
log of fewer events, made the same way, and events a second are compared.
"""

from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from typing import Any

import attrs
from sqlalchemy import Column, Integer, MetaData, Table, Text, select

import crmcore
import synthetic
from crmcore.application.log import Recorded
from crmcore.domain.sales.order.messages import OrderPlaced, OrderReturned
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.database.tenants import tenant_target
from crmcore.projections.engine.columns import Exact
from crmcore.projections.engine.projection import Projection, Rows
from log_file import LogFile, fresh
from peer import Peer
from timing import Measured, NotMeasuredError, Row, rates, timed

PEERS = "peers"
"""The tenant whose log has the peer's events."""

ORDERS = Table(
    "customer_orders",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("orders", Integer, nullable=False),
    Column("revenue", Exact, nullable=False),
)


@attrs.frozen
class _Amount:
    amount: Decimal


@attrs.frozen
class _Placed:
    net: _Amount


@attrs.frozen
class _Returned:
    net: _Amount


def placed(event: _Placed, recorded: Recorded, rows: Rows) -> None:
    row = rows.get(ORDERS, recorded.subject) or _none(recorded.subject)
    row["orders"] += 1
    row["revenue"] += event.net.amount
    rows.put(ORDERS, row)


def returned(event: _Returned, recorded: Recorded, rows: Rows) -> None:
    row = rows.get(ORDERS, recorded.subject) or _none(recorded.subject)
    row["revenue"] -= event.net.amount
    rows.put(ORDERS, row)


def _none(customer: str | None) -> dict[str, Any]:
    return {"customer_id": customer, "orders": 0, "revenue": Decimal(0)}


OURS = Projection(
    name="customer_orders",
    version=1,
    tables=(ORDERS,),
    handlers={OrderPlaced: placed, OrderReturned: returned},
    views={OrderPlaced: _Placed, OrderReturned: _Returned},
    provenance=False,
)


def rows(log: LogFile, postgres: Callable[[], str], events: int) -> list[Row]:
    """The peer's log has *events* events; *postgres* tells the URL of an empty database."""
    few = max(1, log.customers * events // log.events)

    def against(name: str, url: str, *where: object) -> Measured:
        """*name* is that of the peer's class, which is only there with its packages."""
        try:
            import peer_eventsourcing
        except ModuleNotFoundError as error:
            raise NotMeasuredError(f"{error}: pip install 'crmcore[bench]'") from error
        written(url, PEERS, events, few)
        return compared(getattr(peer_eventsourcing, name)(*where), url, log, events)

    def on_postgres() -> Measured:
        url = postgres()
        written(url, None, log.events, log.customers)
        return against("PostgresPeer", url, url)

    def on_sqlite() -> Measured:
        for name in (f"{log.path.stem}.{PEERS}.db", "peer.db", "peer.view"):
            fresh(log.folder / name)
        return against("SqlitePeer", log.url, log.folder / "peer.db")

    return [
        Row(
            "rebuild on PostgreSQL", "eventsourcing ProjectionRunner, PostgreSQL", 60, on_postgres
        ),
        Row(
            "rebuild on SQLite", "eventsourcing, SQLite, event by event", None, on_sqlite
        ),
    ]  # fmt: skip


def written(url: str, tenant: str | None, events: int, customers: int) -> None:
    """A synthetic log."""
    target, schema = tenant_target(url, tenant)
    with closing(Database.open(target, schema=schema)) as database:
        synthetic.fill(database, events, customers=customers)


def compared(peer: Peer, url: str, log: LogFile, events: int) -> Measured:
    """Ours on a log of the full size against the *peer*, once both show the same of the peer's."""
    with crmcore.open(url, tenant=PEERS, projections=[OURS]) as crm:
        crm.maintenance.rebuild(OURS.name)
        crm.maintenance.switch(OURS.name)
        ours = {
            row["customer_id"]: (row["orders"], row["revenue"])
            for row in crm.read.query(select(ORDERS))
        }
        peer.write(crm.events())
    seconds, theirs = peer.project()
    if ours != theirs:
        raise SystemExit(f"{OURS.name} on {url}: the rows are not the same")
    again = iter([seconds])  # the projection that was checked counts as the first run
    found = rates(
        log.runs,
        lambda: rebuild(url),
        lambda: next(again, None) or peer.project()[0],
        (log.events, events),
    )
    note = f"{len(ours)} rows equal; theirs: a log of {events:,} events"
    return attrs.evolve(found, note=note)


def rebuild(url: str) -> float:
    """The time from opening the log to the generation filled, which is dropped."""

    def work() -> None:
        with crmcore.open(url, projections=[OURS]) as crm:
            crm.maintenance.rebuild(OURS.name)

    seconds = timed(work)
    with crmcore.open(url, projections=[OURS]) as crm:
        crm.maintenance.retire(OURS.name)
    return seconds
