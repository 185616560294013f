"""What the slow tests keep: the read models that come along, and one of a host's own.

The host's counts purchases.  As long as its handler is ``faulty`` it fails at some customers,
who are put on hold, so that there is something to try again.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from decimal import Decimal

import attrs
from sqlalchemy import Column, Integer, MetaData, Table, Text

import crmcore
from crmcore.application.log import Recorded
from crmcore.domain.sales.order.messages import OrderPlaced, OrderReturned
from crmcore.projections.engine.columns import Exact
from crmcore.projections.engine.poison.dead_letters import Policy
from crmcore.projections.engine.projection import Projection, Rows
from crmcore.projections.engine.rebuild.fill import Stopped, fill
from crmcore.projections.engine.rebuild.parts import Part
from crmcore.projections.engine.rebuild.rebuilder import Rebuilder
from crmcore.projections.engine.rebuild.worker import Limits

SMALL = Limits(page=200, commit=700, growing=300, kept=300)
"""So little at a time that a rebuild of a few thousand events commits often."""

faulty = [False]


def clock() -> datetime:
    """Later than all that the histories tell of."""
    return datetime(2050, 1, 1, tzinfo=UTC)


COUNTS = Table(
    "purchases",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("orders", Integer, nullable=False),
    Column("net", Exact, nullable=False),
)


def bought(event: OrderPlaced, recorded: Recorded, rows: Rows) -> None:
    _count(recorded, rows, 1, event.net.amount)


def returned(event: OrderReturned, recorded: Recorded, rows: Rows) -> None:
    _count(recorded, rows, 0, -event.net.amount)


def _count(recorded: Recorded, rows: Rows, orders: int, net: Decimal) -> None:
    customer = str(recorded.subject_id)
    if faulty[0] and customer[-1] in "37bf":
        raise ValueError("this handler is faulty")
    row = rows.get(COUNTS, customer) or {
        "customer_id": customer, "orders": 0, "net": Decimal(0),
    }  # fmt: skip
    rows.put(COUNTS, {**row, "orders": row["orders"] + orders, "net": row["net"] + net})


PURCHASES = Projection(
    name="purchases",
    version=1,
    tables=(COUNTS,),
    handlers={OrderPlaced: bought, OrderReturned: returned},
    on_poison=Policy.HOLD,
)


def opened(url: str, *, small: bool = True) -> crmcore.CRM:
    """The log at *url* with the read models; with *small* they commit after few events."""
    crm = crmcore.open(url, clock=clock, projections=[PURCHASES])
    if small:
        crm._core.follower = attrs.evolve(crm._core.follower, batch=150)
        source, registry = crm.maintenance._source, crm.maintenance._registry
        rebuilder = Rebuilder(source, registry, Submit(url), SMALL)
        crm._core.maintenance = attrs.evolve(crm.maintenance, rebuilder=rebuilder)
    return crm


@attrs.frozen
class Submit:
    """Lets an executor fill parts in small steps."""

    url: str

    def __call__(self, executor: Executor, parts: Sequence[Part]) -> "Future[Stopped]":
        """Submit parts that are filled in one reading."""
        return executor.submit(fill_parts, self.url, parts)


def fill_parts(url: str, parts: Sequence[Part]) -> Stopped:
    """Fill parts in small steps, on a connection of this process's own."""
    with opened(url) as crm:
        return fill(
            crm.maintenance._source, crm.maintenance._registry, crm.projections, parts, SMALL
        )
