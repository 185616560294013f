"""What can happen to an order: topics and fields are the stored format."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from crmcore.domain.kernel import Money, event
from crmcore.domain.sales.order_line import LineQuantity, OrderLine, ReturnedLine

__all__ = ["OrderCancelled", "OrderDelivered", "OrderPlaced", "OrderReturned", "OrderShipped"]


@event
class OrderPlaced:
    """A customer bought something.

    ``net`` is the goods after all discounts, without tax and delivery; ``total`` what is to be
    paid.  A ``discount`` on the whole order is contained in the discounts of the lines.
    """

    TOPIC: ClassVar[str] = "order-placed"
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
    order_id: UUID
    shipment_id: UUID
    shipped: tuple[LineQuantity, ...]
    at: datetime


@event
class OrderDelivered:
    """A shipment reached the customer."""

    TOPIC: ClassVar[str] = "order-delivered"
    order_id: UUID
    shipment_id: UUID
    at: datetime


@event
class OrderReturned:
    """Goods came back: ``refund`` was paid back, ``net`` of it for goods without tax and delivery.

    ``kept_net`` is what the order is worth now, without tax and delivery: what was not returned.
    """

    TOPIC: ClassVar[str] = "order-returned"
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
    order_id: UUID
    customer_id: UUID
    campaign_id: UUID | None
    placed_at: datetime
    net: Money
    refund: Money
    reason: str
    at: datetime
