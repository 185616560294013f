"""What orders and conversions bring to a campaign: revenue, and the margin as far as it is known.

An order that names the campaign and its customer's conversion of the same id are one purchase, in
whichever order they are recorded: the order says what was kept of it, the conversion what margin it
had.  A conversion without an order (which may be kept elsewhere) stands for itself.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

from crmcore.application.log import Recorded
from crmcore.domain.kernel import Money
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.marketing.membership.messages.results import ConversionKind, ConversionRecorded
from crmcore.domain.sales.order.messages import OrderCancelled, OrderPlaced, OrderReturned
from crmcore.projections.engine.changes import increment, update, upsert
from crmcore.projections.engine.projection import Rows
from crmcore.projections.marketing.tables import (
    CAMPAIGN_PURCHASES,
    CAMPAIGN_RESULTS,
    CAMPAIGN_REVENUE,
)

OfPurchase = ConversionRecorded | OrderPlaced | OrderReturned | OrderCancelled


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


def on_conversion(event: ConversionRecorded, _recorded: Recorded, rows: Rows) -> None:
    """Count what somebody did, and what margin it had."""
    counts = event.counted and not event.held_out
    if counts:
        first = increment(int(event.first))
        update(rows, CAMPAIGN_RESULTS, event.campaign_id, conversions=increment(), converted=first)
    learnt: dict[str, Any] = {"counts": counts and _is_worth_something(event)}
    if event.margin is not None:
        learnt |= {"margin": event.margin.amount, "currency": event.margin.currency}
    _purchase(rows, event, event.conversion_id, learnt)


def _is_worth_something(event: ConversionRecorded) -> bool:
    """Whether there is a margin, known or not: a lead or a new customer alone has none yet."""
    worth = (event.amount, event.margin)
    return event.kind is ConversionKind.ORDER or any(one is not None for one in worth)


def on_order(event: OrderPlaced, _recorded: Recorded, rows: Rows) -> None:
    """Count what was bought."""
    _buy(rows, event.campaign_id, event.net.currency, 1, event.net.amount)
    net = event.net.amount
    _purchase(rows, event, event.order_id, {"net": net, "kept": net})


def on_return(event: OrderReturned, _recorded: Recorded, rows: Rows) -> None:
    """Take back what came back."""
    _buy(rows, event.campaign_id, event.net.currency, 0, -event.net.amount)
    _purchase(rows, event, event.order_id, {"kept": event.kept_net.amount})


def on_cancellation(event: OrderCancelled, _recorded: Recorded, rows: Rows) -> None:
    """Take back what was called off."""
    _buy(rows, event.campaign_id, event.net.currency, -1, -event.net.amount)
    _purchase(rows, event, event.order_id, {"cancelled": True})


def _purchase(rows: Rows, event: OfPurchase, purchase_id: UUID, learnt: dict[str, Any]) -> None:
    """Learn something about a purchase, and let the campaign's margin follow."""
    campaign_id = event.campaign_id
    if campaign_id is None:
        return
    key = purchase_key(campaign_id, event.customer_id, purchase_id)
    before = rows.get(CAMPAIGN_PURCHASES, key) or _unknown_purchase(
        campaign_id, event.customer_id, purchase_id
    )
    after = {**before, **learnt}
    rows.put(CAMPAIGN_PURCHASES, after)
    had, has = _margin_of(before), _margin_of(after)
    update(
        rows,
        CAMPAIGN_RESULTS,
        campaign_id,
        margin=increment(has.amount - had.amount),
        without_margin=increment(has.unknown - had.unknown),
    )


def _buy(
    rows: Rows, campaign_id: UUID | None, currency: str, purchases: int, amount: Decimal
) -> None:
    upsert(
        rows,
        CAMPAIGN_REVENUE,
        campaign_id,
        currency,
        purchases=increment(purchases),
        revenue=increment(amount),
    )
