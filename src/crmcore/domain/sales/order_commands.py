"""What can be asked of an order; every field is checked as it comes in."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import Length, Money, command
from crmcore.domain.sales.order_line import LineQuantity, LineReturn, OrderLine

__all__ = ["CancelOrder", "DeliverOrder", "PlaceOrder", "ReturnOrder", "ShipOrder"]

Reason = Annotated[str, Length(200)]  # from the shop's list; it names no person


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
