"""Orders: a row each, with what is to be paid, what was paid back, and how far it has come."""

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

import attrs
from sqlalchemy import Column, Index, Integer, MetaData, RowMapping, Table, Text, select

from crmcore.application.log import Recorded
from crmcore.domain.sales.order.messages import (
    OrderCancelled,
    OrderDelivered,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
)
from crmcore.projections.engine.changes import increment, maximum, update
from crmcore.projections.engine.columns import Exact, Instant
from crmcore.projections.engine.projection import Projection, Row, Rows, by_stream
from crmcore.projections.filters import before, equals, from_on
from crmcore.projections.paging import Page, either_way, page
from crmcore.projections.questions import Questions
from crmcore.projections.results import result

ORDERS: Final = Table(
    "sales_orders",
    MetaData(),
    Column("order_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("number", Text),
    Column("channel", Text, nullable=False),
    Column("campaign_id", Text),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("net", Exact, nullable=False),
    Column("total", Exact, nullable=False),
    Column("refund", Exact, nullable=False),
    Column("ordered_quantity", Exact, nullable=False),
    Column("shipped_quantity", Exact, nullable=False),
    Column("returned_quantity", Exact, nullable=False),
    Column("shipments_in_transit", Integer, nullable=False),
    Column("placed_at", Instant, nullable=False),
    Column("cancelled_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Index("sales_orders_customer", "customer_id", "placed_at", "order_id"),
    Index("sales_orders_placed", "placed_at", "order_id"),
)
_ORDERS: Final = either_way(
    ORDERS.c.order_id, ORDERS.c.placed_at, ORDERS.c.changed_at, ORDERS.c.number
)


@attrs.frozen
class _Amount:
    amount: Decimal
    currency: str


@attrs.frozen
class _Line:
    line: int
    quantity: Decimal


@attrs.frozen
class _Placed:
    """What a row needs of an order; as the whole event it comes where that is read anyhow."""

    customer_id: str
    channel: str
    campaign_id: str | None
    lines: tuple[_Line, ...]
    net: _Amount
    total: _Amount
    handed_over: bool
    number: str | None
    at: datetime


class OrderStatus(StrEnum):
    """How far an order has come: what was shipped of it has arrived, or some of that is back."""

    PLACED = "placed"
    PARTIALLY_SHIPPED = "partially_shipped"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    PARTIALLY_RETURNED = "partially_returned"
    RETURNED = "returned"
    CANCELLED = "cancelled"


@result
class OrderSummary:
    """An order.

    ``net`` is without tax and delivery, ``total`` what was to be paid, ``refund`` what of it was
    paid back; all in ``currency``, exact.  ``changed_at`` is the latest instant of which something
    is known about it (UTC).
    """

    order_id: UUID
    customer_id: UUID
    number: str | None
    channel: str
    campaign_id: UUID | None
    status: OrderStatus
    currency: str
    net: Decimal
    total: Decimal
    refund: Decimal
    placed_at: datetime
    cancelled_at: datetime | None
    changed_at: datetime


class OrderQuestions(Questions):
    """``crm.read.orders``: what was bought, and what became of it."""

    def get(self, order_id: UUID) -> OrderSummary | None:
        """The order; None if there is none."""
        statement = select(ORDERS).where(equals(ORDERS.c.order_id, UUID, order_id))
        with self.reading(ORDERS) as connection:
            row = connection.execute(statement).mappings().one_or_none()
        return None if row is None else _summary(row)

    def find(
        self,
        *,
        customer_id: UUID | None = None,
        status: OrderStatus | None = None,
        channel: str | None = None,
        campaign_id: UUID | None = None,
        number: str | None = None,
        placed_from: datetime | None = None,
        placed_before: datetime | None = None,
        order_by: str = "-placed_at",
        limit: int = 50,
        after: str | None = None,
    ) -> Page[OrderSummary]:
        """Orders to which all that is given applies, the latest first, a page at a time.

        *placed_from* counts in, *placed_before* does not.  *order_by* is ``placed_at``,
        ``changed_at`` or ``number``, with a ``-`` before it: descending; *after* is the ``next`` of
        the page before.  Raises ``InvalidValueError`` for anything that cannot be.
        """
        statement = select(ORDERS).where(
            equals(ORDERS.c.customer_id, UUID, customer_id),
            equals(ORDERS.c.status, OrderStatus, status),
            equals(ORDERS.c.channel, str, channel),
            equals(ORDERS.c.campaign_id, UUID, campaign_id),
            equals(ORDERS.c.number, str, number),
            from_on("placed_from", ORDERS.c.placed_at, placed_from),
            before("placed_before", ORDERS.c.placed_at, placed_before),
        )
        with self.reading(ORDERS) as connection:
            return page(
                connection,
                statement,
                _ORDERS,
                _summary,
                order_by=order_by,
                limit=limit,
                after=after,
            )


def _summary(row: RowMapping) -> OrderSummary:
    return OrderSummary(
        order_id=UUID(row["order_id"]),
        customer_id=UUID(row["customer_id"]),
        number=row["number"],
        channel=row["channel"],
        campaign_id=None if row["campaign_id"] is None else UUID(row["campaign_id"]),
        status=OrderStatus(row["status"]),
        currency=row["currency"],
        net=row["net"],
        total=row["total"],
        refund=row["refund"],
        placed_at=row["placed_at"],
        cancelled_at=row["cancelled_at"],
        changed_at=row["changed_at"],
    )


def orders() -> Projection:
    """The read model."""
    return Projection(
        name="orders",
        version=1,
        tables=(ORDERS,),
        handlers={
            OrderPlaced: _placed,
            OrderShipped: _shipped,
            OrderDelivered: _delivered,
            OrderReturned: _returned,
            OrderCancelled: _cancelled,
        },
        groups=by_stream,
        views={OrderPlaced: _Placed},
        finish={ORDERS: _finish},
        provenance=False,
    )


def _placed(event: _Placed, recorded: Recorded, rows: Rows) -> None:
    ordered = _sum(event.lines)
    row = {
        "order_id": recorded.stream,
        "customer_id": str(event.customer_id),
        "number": event.number,
        "channel": event.channel,
        "campaign_id": None if event.campaign_id is None else str(event.campaign_id),
        "currency": event.total.currency,
        "net": event.net.amount,
        "total": event.total.amount,
        "refund": Decimal(0),
        "ordered_quantity": ordered,
        "shipped_quantity": ordered if event.handed_over else Decimal(0),
        "returned_quantity": Decimal(0),
        "shipments_in_transit": 0,
        "placed_at": event.at,
        "changed_at": event.at,
    }
    rows.put(ORDERS, row)


def _shipped(event: OrderShipped, recorded: Recorded, rows: Rows) -> None:
    sent = increment(_sum(event.shipped))
    _change(recorded, rows, shipped_quantity=sent, shipments_in_transit=increment())


def _delivered(_event: OrderDelivered, recorded: Recorded, rows: Rows) -> None:
    _change(recorded, rows, shipments_in_transit=increment(-1))


def _returned(event: OrderReturned, recorded: Recorded, rows: Rows) -> None:
    back = increment(_sum(event.returned))
    _change(recorded, rows, returned_quantity=back, refund=increment(event.refund.amount))


def _cancelled(event: OrderCancelled, recorded: Recorded, rows: Rows) -> None:
    _change(recorded, rows, refund=increment(event.refund.amount), cancelled_at=event.at)


def _change(recorded: Recorded, rows: Rows, **changes: Any) -> None:
    latest = maximum(recorded.event.at)
    update(rows, ORDERS, recorded.stream, **changes, changed_at=latest)


def _finish(row: Row) -> None:
    row["status"] = _status(row).value


def _status(row: Row) -> OrderStatus:
    """What the quantities say, unless the order was cancelled."""
    if row["cancelled_at"] is not None:
        return OrderStatus.CANCELLED
    ordered, shipped, back = (
        row[f"{what}_quantity"] for what in ("ordered", "shipped", "returned")
    )
    if back:
        return OrderStatus.RETURNED if back == ordered else OrderStatus.PARTIALLY_RETURNED
    if not shipped:
        return OrderStatus.PLACED
    if shipped < ordered:
        return OrderStatus.PARTIALLY_SHIPPED
    return OrderStatus.SHIPPED if row["shipments_in_transit"] else OrderStatus.DELIVERED


def _sum(parts: Any) -> Decimal:
    return sum((part.quantity for part in parts), Decimal(0))
