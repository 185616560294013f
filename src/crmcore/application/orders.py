"""Carry out the commands on orders.

A new order needs a customer who is registered and active and, where one is named, a
campaign that exists.  What follows (shipping, returning, cancelling) concerns the order
alone: goods on their way arrive even when their customer has left.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.application.customers import require_customer
from crmcore.application.references import Exists, require
from crmcore.application.work import Handler, Work, on_one_stream
from crmcore.domain.kernel import Aggregate
from crmcore.domain.sales.order import decisions as order
from crmcore.domain.sales.order.messages import (
    CancelOrder,
    DeliverOrder,
    PlaceOrder,
    ReturnOrder,
    ShipOrder,
)
from crmcore.domain.sales.order.state import NotPlaced

__all__ = ["AGGREGATES", "OrderService", "order_exists"]

AGGREGATES: Final[tuple[Aggregate[Any, Any], ...]] = (order.AGGREGATE,)


@attrs.frozen
class OrderService:
    """Handles the commands on orders; ``campaign_exists`` is marketing's answer."""

    campaign_exists: Exists

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handler of each command on orders."""
        followed = on_one_stream(order.AGGREGATE, order.decide, lambda command: command.order_id)
        later = (ShipOrder, DeliverOrder, ReturnOrder, CancelOrder)
        return {PlaceOrder: self.place, **dict.fromkeys(later, followed)}

    def place(self, command: PlaceOrder, work: Work) -> None:
        """Record the order of an active customer."""
        events = order.decide(command, work.state(order.AGGREGATE, command.order_id))
        if not events:  # placed before: nothing is asked again, so an import can be repeated
            return
        require_customer(work, command.customer_id)
        require(self.campaign_exists, work, "campaign", command.campaign_id)
        work.record(order.AGGREGATE, command.order_id, events)


def order_exists(work: Work, order_id: UUID) -> bool:
    """Whether there is such an order, in whatever phase."""
    return not isinstance(work.state(order.AGGREGATE, order_id), NotPlaced)
