"""How far an order has come: its phases, one class each, ``evolve``, and which fact follows which."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.order.lines import quantities
from crmcore.domain.sales.order.messages import (
    OrderCancelled,
    OrderDelivered,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
    ReturnedLine,
)

Event = OrderPlaced | OrderShipped | OrderDelivered | OrderReturned | OrderCancelled


@frozen
class NotPlaced:
    """Nothing was ordered yet."""


@frozen
class Placed:
    """An order with the shipments, arrivals and returns so far."""

    order: OrderPlaced
    shipments: tuple[OrderShipped, ...] = ()
    delivered: frozenset[UUID] = frozenset()
    returns: tuple[OrderReturned, ...] = ()

    @property
    def shipped(self) -> Mapping[int, Decimal]:
        """By line number, how much has left; 0 for lines not shipped."""
        if self.order.handed_over:
            return quantities(self.order.lines)
        return quantities([part for shipment in self.shipments for part in shipment.shipped])


@frozen
class Cancelled:
    """An order that was called off."""

    order: OrderPlaced


State = NotPlaced | Placed | Cancelled


def evolve(state: State, event: Event) -> State:
    """The order after one more event."""
    match event:
        case OrderPlaced():
            return Placed(order=event)
        case OrderShipped() | OrderDelivered() | OrderReturned() | OrderCancelled():
            return _evolve_placed(state, event) if isinstance(state, Placed) else state
        case _:
            assert_never(event)


def _evolve_placed(
    state: Placed, event: OrderShipped | OrderDelivered | OrderReturned | OrderCancelled
) -> State:
    match event:
        case OrderShipped():
            return attrs.evolve(state, shipments=(*state.shipments, event))
        case OrderDelivered():
            return attrs.evolve(state, delivered=state.delivered | {event.shipment_id})
        case OrderReturned():
            return attrs.evolve(state, returns=(*state.returns, event))
        case OrderCancelled():
            return Cancelled(order=state.order)
        case _:
            assert_never(event)


def customer_of(state: State) -> UUID | None:
    """The customer whose order it is."""
    return None if isinstance(state, NotPlaced) else state.order.customer_id


def earliest(state: State, event: Event, began_at: datetime) -> datetime:
    """Nothing comes before the order; no goods arrive or return before they left."""
    match event:
        case OrderDelivered() if isinstance(state, Placed):
            return next(one.at for one in state.shipments if one.shipment_id == event.shipment_id)
        case OrderReturned() if isinstance(state, Placed) and not state.order.handed_over:
            return max(_left(state, part) for part in event.returned)
        case OrderPlaced() | OrderShipped() | OrderDelivered() | OrderReturned() | OrderCancelled():
            return began_at
        case _:
            assert_never(event)


def _left(placed: Placed, part: ReturnedLine) -> datetime:
    """When as much of a line had left as comes back."""
    gone = Decimal(0)
    for shipment in sorted(placed.shipments, key=lambda one: one.at):
        gone += quantities(shipment.shipped)[part.line]
        if gone >= part.quantity:
            return shipment.at
    return placed.order.at
