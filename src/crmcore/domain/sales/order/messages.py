"""What can be asked of an order and what can happen to it, with the lines that it is made of.

Topics and fields are the stored format; every field of a command is checked as it comes in.
Every amount that a customer sees is rounded once: the net of a line (goods less discounts)
and its tax, each to the currency's minor unit, half away from zero.  The total of a line is
their sum, so lines, orders and refunds add up to the cent.
"""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Between, Length, Money, command, event, value

__all__ = [
    "CancelOrder",
    "DeliverOrder",
    "LineQuantity",
    "LineReturn",
    "OrderCancelled",
    "OrderDelivered",
    "OrderLine",
    "OrderPlaced",
    "OrderReturned",
    "OrderShipped",
    "PlaceOrder",
    "ReturnOrder",
    "ReturnedLine",
    "ShipOrder",
]


LineNumber = Annotated[int, Between(1, 1_000_000)]
Quantity = Annotated[Decimal, Between(Decimal("0.001"), 1_000_000_000)]
Reason = Annotated[str, Length(200)]  # from the shop's list; it names no person


@value
class OrderLine:
    """One product of an order: *quantity* pieces, kilograms or litres (at most 3 decimals).

    ``goods`` is the price of the whole quantity before discounts, ``discount`` what is taken
    off it, ``tax`` what is added to it.  A line may cost nothing (a gift, a full rebate).
    """

    line: LineNumber
    product: Annotated[str, Length(100)]
    description: Annotated[str, Length(500)] | None = None
    quantity: Quantity
    goods: Money
    discount: Money | None = None
    tax: Money | None = None

    @property
    def net(self) -> Money:
        """Goods less discounts: without tax, as points and campaign revenue count it."""
        return (self.goods if self.discount is None else self.goods - self.discount).rounded()

    @property
    def tax_due(self) -> Money:
        """The tax in whole minor units."""
        taxes = () if self.tax is None else (self.tax.rounded(),)
        return Money.total(taxes, self.goods.currency)

    @property
    def total(self) -> Money:
        """What is to be paid for the line."""
        return self.net + self.tax_due

    def due_back(self, before: Decimal, quantity: Decimal) -> tuple[Money, Money]:
        """Net and total of *quantity* that comes back after *before* of this line had come back.

        Pro rata by quantity, rounded on the running sum: however a line is split into
        returns, all of it back is exactly its net and its total.
        """
        after = before + quantity
        net, tax = (
            paid.share(after, self.quantity) - paid.share(before, self.quantity)
            for paid in (self.net, self.tax_due)
        )
        return net, net + tax


@value
class LineQuantity:
    """So much of one line, as in a shipment."""

    line: LineNumber
    quantity: Quantity


@value
class LineReturn:
    """So much of one line that comes back; ``refund`` when less than the pro rata share is paid."""

    line: LineNumber
    quantity: Quantity
    refund: Money | None = None


@event
class ReturnedLine:
    """So much of one line came back: ``refund`` was paid for it, ``net`` of that without tax."""

    line: int
    product: str
    quantity: Decimal
    refund: Money
    net: Money


@command
class PlaceOrder:
    """Buy: the lines, a discount on the whole order, the delivery charge, all in one currency.

    ``handed_over`` says that the customer took the goods along, as in a shop.
    """

    TOPIC: ClassVar[str] = "place-order"
    order_id: UUID
    customer_id: UUID
    channel: Annotated[str, Length(80)]
    campaign_id: UUID | None = None
    lines: tuple[OrderLine, ...]
    discount: Money | None = None
    delivery: Money | None = None
    handed_over: bool = False
    number: Annotated[str, Length(100)] | None = None
    at: datetime


@command
class ShipOrder:
    """Send goods: the quantities named, or everything that is still to be sent."""

    TOPIC: ClassVar[str] = "ship-order"
    order_id: UUID
    shipment_id: UUID
    shipped: tuple[LineQuantity, ...] | None = None
    at: datetime


@command
class DeliverOrder:
    """Record that a shipment arrived; without naming one, all that are on their way."""

    TOPIC: ClassVar[str] = "deliver-order"
    order_id: UUID
    shipment_id: UUID | None = None
    at: datetime


@command
class ReturnOrder:
    """Take goods back and pay for them: pro rata unless a lower ``refund`` is given.

    ``delivery`` is the part of the delivery charge that is paid back too.
    """

    TOPIC: ClassVar[str] = "return-order"
    order_id: UUID
    return_id: UUID
    returned: tuple[LineReturn, ...]
    delivery: Money | None = None
    reason: Reason
    at: datetime


@command
class CancelOrder:
    """Call the order off, as long as nothing was shipped."""

    TOPIC: ClassVar[str] = "cancel-order"
    order_id: UUID
    reason: Reason
    at: datetime


@event
class OrderPlaced:
    """A customer bought something.

    ``net`` is the goods after all discounts, without tax and delivery; ``total`` what is to be
    paid.  A ``discount`` on the whole order is contained in the discounts of the lines.
    """

    TOPIC: ClassVar[str] = "order-placed"
    SENTENCE: ClassVar[str] = (
        "bought {lines:goods} for {total}[ ({channel:words})][ after {campaign_id:named}]"
    )
    order_id: UUID
    customer_id: UUID
    channel: str
    campaign_id: UUID | None
    lines: tuple[OrderLine, ...]
    discount: Money | None
    delivery: Money | None
    net: Money
    total: Money
    handed_over: bool
    number: str | None
    at: datetime


@event
class OrderShipped:
    """Goods left for the customer: all of the order or a part of it."""

    TOPIC: ClassVar[str] = "order-shipped"
    SENTENCE: ClassVar[str] = "was sent {shipped:count} of an order"
    order_id: UUID
    shipment_id: UUID
    shipped: tuple[LineQuantity, ...]
    at: datetime


@event
class OrderDelivered:
    """A shipment reached the customer."""

    TOPIC: ClassVar[str] = "order-delivered"
    SENTENCE: ClassVar[str] = "received a shipment"
    order_id: UUID
    shipment_id: UUID
    at: datetime


@event
class OrderReturned:
    """Goods came back: ``refund`` was paid back, ``net`` of it for goods without tax and delivery.

    ``kept_net`` is what the order is worth now, without tax and delivery: what was not returned.
    """

    TOPIC: ClassVar[str] = "order-returned"
    SENTENCE: ClassVar[str] = "returned {returned:count} and got {refund} back: {reason}"
    order_id: UUID
    return_id: UUID
    customer_id: UUID
    campaign_id: UUID | None
    placed_at: datetime
    returned: tuple[ReturnedLine, ...]
    delivery: Money | None
    net: Money
    kept_net: Money
    refund: Money
    reason: str
    at: datetime


@event
class OrderCancelled:
    """The order was called off before anything was shipped; all that was paid goes back."""

    TOPIC: ClassVar[str] = "order-cancelled"
    SENTENCE: ClassVar[str] = "order called off, {refund} paid back: {reason}"
    order_id: UUID
    customer_id: UUID
    campaign_id: UUID | None
    placed_at: datetime
    net: Money
    refund: Money
    reason: str
    at: datetime
