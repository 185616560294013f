"""What orders and conversions bring to a campaign: revenue, and the margin as far as it is known.

An order that names the campaign and its customer's conversion of the same id are one purchase, in
whichever order they are recorded: the order says what was kept of it, the conversion what margin it
had.  A conversion without an order (which may be kept elsewhere) stands for itself.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import Boolean, Column, Integer, MetaData, Table, Text

from crmcore.domain.kernel import Money
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.marketing.membership.messages.results import ConversionKind, ConversionRecorded
from crmcore.domain.sales.order.messages import OrderCancelled, OrderPlaced, OrderReturned
from crmcore.projections.engine.changes import Change, increment, upsert
from crmcore.projections.engine.columns import Exact
from crmcore.projections.engine.projection import Rows

_metadata = MetaData()
CAMPAIGN_REVENUE = Table(
    "campaign_revenue",
    _metadata,
    Column("campaign_id", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("purchases", Integer, nullable=False),
    Column("revenue", Exact, nullable=False),
)
CAMPAIGN_PURCHASES = Table(
    "campaign_purchases",
    _metadata,
    Column("purchase", Text, primary_key=True),
    Column("campaign_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("purchase_id", Text, nullable=False),
    Column("net", Exact),
    Column("kept", Exact),
    Column("cancelled", Boolean, nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("margin", Exact),
    Column("currency", Text),
)
"""``net`` and ``kept`` of an order, ``margin`` of a conversion in ``currency``; empty until known."""

OfOrder = OrderPlaced | OrderReturned | OrderCancelled


@frozen
class _Margin:
    """The *amount* that is known, and how many margins are *unknown* (0 or 1)."""

    amount: Decimal = Decimal(0)
    unknown: int = 0


def purchase_key(campaign_id: UUID, customer_id: UUID, purchase_id: UUID) -> str:
    """The key of a customer's purchase, an order or a conversion, in a campaign."""
    return f"{campaign_id}/{customer_id}/{purchase_id}"


def _unknown_purchase(campaign_id: UUID, customer_id: UUID, purchase_id: UUID) -> dict[str, Any]:
    """The row of a purchase of which nothing is known yet."""
    return {
        "purchase": purchase_key(campaign_id, customer_id, purchase_id),
        "campaign_id": str(campaign_id),
        "customer_id": str(customer_id),
        "purchase_id": str(purchase_id),
        "net": None,
        "kept": None,
        "cancelled": False,
        "counts": False,
        "margin": None,
        "currency": None,
    }


def _margin_of(row: dict[str, Any]) -> _Margin:
    """What the purchase leaves: nothing once it was called off or came back whole.

    Of a part that came back, the margin goes in proportion to the net amount; where nothing was
    to be paid, none of it goes.
    """
    net, kept, margin = row["net"], row["kept"], row["margin"]
    if net is None:
        if not row["counts"]:
            return _Margin()
        return _Margin(unknown=1) if margin is None else _Margin(margin)
    if row["cancelled"] or (net and not kept):
        return _Margin()
    if margin is None:
        return _Margin(unknown=1)
    if kept == net:
        return _Margin(margin)
    return _Margin(Money(margin, row["currency"]).share(kept, net).amount)


def record_conversion(rows: Rows, event: ConversionRecorded, counts: bool) -> Mapping[str, Change]:
    """Learn what margin a conversion had; what that changes in the campaign's result."""
    learnt: dict[str, Any] = {"counts": counts and _is_worth_something(event)}
    if event.margin is not None:
        learnt |= {"margin": event.margin.amount, "currency": event.margin.currency}
    return _learn(rows, event.campaign_id, event.customer_id, event.conversion_id, learnt)


def _is_worth_something(event: ConversionRecorded) -> bool:
    """Whether there is a margin, known or not: a lead or a new customer alone has none yet."""
    worth = (event.amount, event.margin)
    return event.kind is ConversionKind.ORDER or any(one is not None for one in worth)


def record_order(rows: Rows, campaign_id: UUID, event: OfOrder) -> Mapping[str, Change]:
    """Count what was bought, came back or was called off; what that changes in the result."""
    currency, net = event.net.currency, event.net.amount
    learnt: dict[str, Any]
    match event:
        case OrderPlaced():
            purchases, revenue, learnt = 1, net, {"net": net, "kept": net}
        case OrderReturned():
            purchases, revenue, learnt = 0, -net, {"kept": event.kept_net.amount}
        case OrderCancelled():
            purchases, revenue, learnt = -1, -net, {"cancelled": True}
        case _:
            assert_never(event)
    changes = {"purchases": increment(purchases), "revenue": increment(revenue)}
    upsert(rows, CAMPAIGN_REVENUE, campaign_id, currency, **changes)
    return _learn(rows, campaign_id, event.customer_id, event.order_id, learnt)


def _learn(
    rows: Rows, campaign_id: UUID, customer_id: UUID, purchase_id: UUID, learnt: dict[str, Any]
) -> Mapping[str, Change]:
    """Learn something about a purchase; what that makes of the campaign's margin."""
    key = purchase_key(campaign_id, customer_id, purchase_id)
    before = rows.get(CAMPAIGN_PURCHASES, key) or _unknown_purchase(
        campaign_id, customer_id, purchase_id
    )
    after = {**before, **learnt}
    rows.put(CAMPAIGN_PURCHASES, after)
    had, has = _margin_of(before), _margin_of(after)
    return {
        "margin": increment(has.amount - had.amount),
        "without_margin": increment(has.unknown - had.unknown),
    }
