"""What a purchase is worth to a campaign: its margin, as far as it is known and was kept.

An order that names the campaign and its customer's conversion of the same id are one purchase, in
whichever order they are told: the order says what was kept of it, the conversion what margin it had.  A
conversion without an order (which may be kept elsewhere) stands for itself.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Boolean, Column, MetaData, Table, Text

from crmcore.domain.kernel import Money
from crmcore.projections.engine import Exact

__all__ = ["Margin", "margin_of", "purchase_key", "purchases", "unknown_purchase"]


@attrs.frozen
class Margin:
    """The *amount* that is known, and how many margins are *unknown* (0 or 1)."""

    amount: Decimal = Decimal(0)
    unknown: int = 0


def purchases(metadata: MetaData) -> Table:
    """The table: ``net`` and ``kept`` of an order, ``margin`` of a conversion in
    ``currency``; empty until told."""
    return Table(
        "campaign_purchases",
        metadata,
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


def purchase_key(campaign_id: UUID, customer_id: UUID, purchase_id: UUID) -> str:
    """The key of a customer's purchase, an order or a conversion, in a campaign."""
    return f"{campaign_id}/{customer_id}/{purchase_id}"


def unknown_purchase(campaign_id: UUID, customer_id: UUID, purchase_id: UUID) -> dict[str, Any]:
    """The row of a purchase of which nothing was told yet."""
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


def margin_of(row: dict[str, Any]) -> Margin:
    """What the purchase leaves: nothing once it was called off or came back whole.

    Of a part that came back, the margin goes in proportion to the net amount; where nothing was
    to be paid, none of it goes.
    """
    net, kept, margin = row["net"], row["kept"], row["margin"]
    if net is None:
        if not row["counts"]:
            return Margin()
        return Margin(unknown=1) if margin is None else Margin(margin)
    if row["cancelled"] or (net and not kept):
        return Margin()
    if margin is None:
        return Margin(unknown=1)
    if kept == net:
        return Margin(margin)
    return Margin(Money(margin, row["currency"]).share(kept, net).amount)
