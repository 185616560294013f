"""Loyalty status: a member's points, and the tier that a year's spending reaches.

One row a customer.  ``tier`` and ``year_spending`` hold at ``as_of``, the latest purchase or
return; for any later instant ``status`` recomputes them from ``recent``, the purchases of the
last year.  Orders in another currency than the member's first are counted, and earn nothing:
they would need a rate.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import JSON, BigInteger, Column, Connection, Integer, MetaData, Table, Text, select

from crmcore.application.log import Recorded
from crmcore.domain.kernel import Money
from crmcore.domain.kernel.instants import from_micros, to_micros
from crmcore.domain.loyalty.program import LoyaltyProgram, a_year_before
from crmcore.domain.sales.order_events import OrderCancelled, OrderPlaced, OrderReturned
from crmcore.projections.engine import Exact, Instant, Projection, Row, Rows

__all__ = ["LOYALTY_STATUS", "LoyaltyStatus", "loyalty_status", "read_status", "true_by"]

LOYALTY_STATUS = Table(
    "loyalty_status",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("tier", Text, nullable=False),
    Column("year_spending", Exact, nullable=False),
    Column("lifetime_spending", Exact, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("other_currency_orders", Integer, nullable=False),
    Column("first_purchase_at", Instant, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("program", Text, nullable=False),
    Column("recent", JSON, nullable=False),
)


@attrs.frozen
class LoyaltyStatus:
    """A member's standing at ``as_of`` (UTC); amounts in ``currency``."""

    customer_id: UUID
    as_of: datetime
    currency: str
    points: int
    tier: str
    year_spending: Decimal
    lifetime_spending: Decimal
    orders: int
    first_purchase_at: datetime
    next_tier: str | None
    to_next_tier: Decimal | None


@attrs.frozen
class _Amount:
    amount: Decimal
    currency: str


@attrs.frozen
class _Placed:
    """What loyalty reads of an order."""

    net: _Amount


@attrs.frozen
class _Returned:
    """What loyalty reads of a return."""

    net: _Amount
    kept_net: _Amount
    placed_at: datetime
    at: datetime


@attrs.frozen
class _Cancelled:
    """What loyalty reads of a cancellation."""

    net: _Amount
    placed_at: datetime
    at: datetime


@attrs.define(
    eq=False
)  # never changed, and made for every event: frozen would cost three times more
class _Told:
    """What was spent ``recent``-ly, and later told of: one amount more, *counted* in the row or not.

    A list would be copied for every event.
    """

    earlier: "list[Any] | _Told"
    at: int
    amount: Decimal
    counted: bool


def loyalty_status(program: LoyaltyProgram) -> Projection:
    """The read model under the rules of *program*."""

    def placed(event: _Placed, recorded: Recorded, rows: Rows) -> None:
        row = rows.get(LOYALTY_STATUS, recorded.subject)
        if row is None:
            row = _joined(event, recorded, program)
        net = event.net
        if net.currency != row["currency"]:
            row["other_currency_orders"] += 1
        else:
            row["recent"] = _Told(row["recent"], recorded.record[6], net.amount, False)
        rows.put(LOYALTY_STATUS, row)

    def returned(event: _Returned, recorded: Recorded, rows: Rows) -> None:
        row = rows.get(LOYALTY_STATUS, recorded.subject)
        if row is not None and event.net.currency == row["currency"]:
            row["points"] -= program.reversal(event.net.amount, event.kept_net.amount)
            _spend(row, -event.net.amount, event.placed_at, event.at)
            rows.put(LOYALTY_STATUS, row)

    def cancelled(event: _Cancelled, recorded: Recorded, rows: Rows) -> None:
        row = rows.get(LOYALTY_STATUS, recorded.subject)
        if row is None:
            return
        if event.net.currency != row["currency"]:
            row["other_currency_orders"] -= 1
        else:
            row["points"] -= program.points(event.net.amount)
            row["orders"] -= 1
            _spend(row, -event.net.amount, event.placed_at, event.at)
        rows.put(LOYALTY_STATUS, row)

    def finish(row: Row) -> None:
        _count(row, program)
        row["tier"] = program.tier(row["year_spending"]).name

    return Projection(
        name="loyalty_status",
        version=1,
        policy=repr(program),
        tables=(LOYALTY_STATUS,),
        handlers={OrderPlaced: placed, OrderReturned: returned, OrderCancelled: cancelled},
        views={OrderPlaced: _Placed, OrderReturned: _Returned, OrderCancelled: _Cancelled},
        finish={LOYALTY_STATUS: finish},
        provenance=False,
    )


def read_status(
    connection: Connection, view: Table, program: LoyaltyProgram, customer_id: UUID, as_of: datetime
) -> LoyaltyStatus | None:
    """A member's standing at *as_of*, which is not before the row's own; None without a purchase."""
    found = connection.execute(select(view).where(view.c.customer_id == str(customer_id)))
    row = found.one_or_none()
    return None if row is None else standing(dict(row._mapping), program, as_of)


def standing(row: Row, program: LoyaltyProgram, as_of: datetime) -> LoyaltyStatus:
    """What a row of the read model says at *as_of*."""
    purchases = [(from_micros(at), Decimal(amount)) for at, amount in row["recent"]]
    spending = program.spending(purchases, max(as_of, row["as_of"]))
    following = program.next_tier(spending)
    return LoyaltyStatus(
        customer_id=UUID(row["customer_id"]),
        as_of=as_of,
        currency=row["currency"],
        points=row["points"],
        tier=program.tier(spending).name,
        year_spending=spending,
        lifetime_spending=row["lifetime_spending"],
        orders=row["orders"],
        first_purchase_at=row["first_purchase_at"],
        next_tier=None if following is None else following.name,
        to_next_tier=None if following is None else following.spending - spending,
    )


def true_by(events: Iterable[Recorded], as_of: datetime) -> Iterator[Recorded]:
    """The events on orders that were true by *as_of*, as they would have been told then.

    A return says what is kept after the returns told before it; where one of those came later
    in truth, more was kept then.
    """
    kept: dict[UUID, Money] = {}
    for recorded in events:
        event = recorded.event
        if recorded.occurred_at > as_of:
            continue
        if isinstance(event, OrderPlaced):
            kept[event.order_id] = event.net
        elif event.order_id not in kept:
            continue
        elif isinstance(event, OrderReturned):
            kept[event.order_id] -= event.net
            event = attrs.evolve(recorded.event, kept_net=kept[event.order_id])
        yield recorded.told_as(event)


def _joined(event: _Placed, recorded: Recorded, program: LoyaltyProgram) -> dict[str, Any]:
    return {
        "customer_id": recorded.subject,
        "currency": event.net.currency,
        "points": 0,
        "tier": program.tiers[0].name,
        "year_spending": Decimal(0),
        "lifetime_spending": Decimal(0),
        "orders": 0,
        "other_currency_orders": 0,
        "first_purchase_at": recorded.occurred_at,
        "as_of": recorded.occurred_at,
        "program": program.version,
        "recent": [],
    }


def _spend(row: Row, amount: Decimal, at: datetime, known: datetime) -> None:
    """Count *amount* spent at *at*, which an event of *known* tells of."""
    if known > row["as_of"]:
        row["as_of"] = known
    if at < row["first_purchase_at"]:
        row["first_purchase_at"] = at
    row["lifetime_spending"] += amount
    row["year_spending"] += amount
    row["recent"] = _Told(row["recent"], to_micros(at), amount, True)


def _count(row: Row, program: LoyaltyProgram) -> None:
    """Count what was told since the row was last written; keep of it, and of the rest, a year."""
    told, recent = list[_Told](), row["recent"]
    while type(recent) is _Told:
        told.append(recent)
        recent = recent.earlier
    amounts = [one.amount for one in told if not one.counted]
    if amounts:
        instants = [one.at for one in told if not one.counted]
        row["orders"] += len(amounts)
        row["points"] += sum(map(program.points, amounts))
        row["lifetime_spending"] += sum(amounts)
        row["year_spending"] += sum(amounts)
        row["as_of"] = max(row["as_of"], from_micros(max(instants)))
        row["first_purchase_at"] = min(row["first_purchase_at"], from_micros(min(instants)))
    since = to_micros(a_year_before(row["as_of"]))
    gone = [Decimal(one[1]) for one in recent if one[0] <= since]
    gone += [one.amount for one in told if one.at <= since]
    row["year_spending"] -= sum(gone)
    recent = [one for one in recent if one[0] > since]
    recent += [[one.at, f"{one.amount:f}"] for one in told if one.at > since]
    recent.sort()
    row["recent"] = recent


@attrs.frozen
class TierSummary:
    """The members of a tier: how many, their points, and what they spent within a year."""

    tier: str
    members: int
    points: int
    year_spending: Decimal


def summary(connection: Connection, view: Table, program: LoyaltyProgram) -> list[TierSummary]:
    """The tiers of *program*, highest first, as each member's last purchase left them.

    Tiers of an earlier program, whose rows are still to be rebuilt, come before them.
    """
    tiers = {tier.name: TierSummary(tier.name, 0, 0, Decimal(0)) for tier in program.tiers}
    columns = (view.c.tier, view.c.points, view.c.year_spending)
    for tier, points, spending in connection.execute(select(*columns)):
        before = tiers.get(tier) or TierSummary(tier, 0, 0, Decimal(0))
        tiers[tier] = TierSummary(
            tier, before.members + 1, before.points + points, before.year_spending + spending
        )
    return list(reversed(tiers.values()))
