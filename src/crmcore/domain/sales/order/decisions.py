"""An order: what a customer bought, where it is, and what came back.

An order has one currency.  It ships whole or in parts, or is handed over at the counter
with its placement; what was shipped can be returned line by line; before anything is
shipped it can be cancelled.  That the customer and the campaign exist is for the caller.
"""

from collections.abc import Sequence
from typing import Final, assert_never, get_args
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    Money,
    NotAllowedError,
    NotFoundError,
)
from crmcore.domain.sales.order.lines import require_lines
from crmcore.domain.sales.order.messages import (
    CancelOrder,
    DeliverOrder,
    LineQuantity,
    OrderCancelled,
    OrderDelivered,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
    PlaceOrder,
    ReturnOrder,
    ShipOrder,
)
from crmcore.domain.sales.order.price import price_of
from crmcore.domain.sales.order.refund import require_delivery_paid, returned_lines
from crmcore.domain.sales.order.state import (
    Cancelled,
    Event,
    NotPlaced,
    Placed,
    State,
    customer_of,
    earliest,
    evolve,
)

Command = PlaceOrder | ShipOrder | DeliverOrder | ReturnOrder | CancelOrder


class OrderCancelledError(NotAllowedError):
    """The order was cancelled: nothing more can be shipped or returned."""


class OrderShippedError(NotAllowedError):
    """Goods have left: the order can no longer be cancelled, only returned."""


class NotOutstandingError(NotAllowedError):
    """More is to be shipped than was ordered and not yet shipped."""


def decide(command: Command, state: State) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it."""
    match command:
        case PlaceOrder():
            return _place(command, state)
        case ShipOrder():
            return _ship(command, _require_live(command.order_id, state))
        case DeliverOrder():
            return _deliver(command, _require_live(command.order_id, state))
        case ReturnOrder():
            return _accept_return(command, _require_live(command.order_id, state))
        case CancelOrder():
            return _cancel(command, state)
        case _:
            assert_never(command)


def _require_live(order_id: UUID, state: State) -> Placed:
    match state:
        case NotPlaced():
            raise NotFoundError("order", order_id)
        case Cancelled():
            raise OrderCancelledError(f"order {order_id} was cancelled; place a new one")
        case Placed():
            return state
        case _:
            assert_never(state)


def _place(command: PlaceOrder, state: State) -> Sequence[Event]:
    placed = _placed(command)
    match state:
        case NotPlaced():
            return [placed]
        case Placed(order=order) | Cancelled(order=order):
            if order == placed:
                return []
            raise AlreadyExistsError(
                "order", command.order_id, "place a change as a new order", at=order.at
            )
        case _:
            assert_never(state)


def _placed(command: PlaceOrder) -> OrderPlaced:
    price = price_of(command.lines, command.discount, command.delivery)
    return OrderPlaced(
        order_id=command.order_id,
        customer_id=command.customer_id,
        channel=command.channel,
        campaign_id=command.campaign_id,
        lines=price.lines,
        discount=command.discount,
        delivery=command.delivery,
        net=price.net,
        total=price.total,
        handed_over=command.handed_over,
        number=command.number,
        at=command.at,
    )


def _ship(command: ShipOrder, state: Placed) -> Sequence[Event]:
    for known in state.shipments:
        if known.shipment_id == command.shipment_id:
            if command.shipped in (None, known.shipped):
                return []
            raise AlreadyExistsError("shipment", command.shipment_id)
    shipped = state.shipped
    left = {line.line: line.quantity - shipped[line.line] for line in state.order.lines}
    parts = command.shipped
    if parts is None:
        parts = tuple(LineQuantity(line=n, quantity=rest) for n, rest in left.items() if rest)
        if not parts:
            return []
    require_lines("shipped", parts)
    for index, part in enumerate(parts):
        if part.line not in left:
            missing = NotFoundError("line of the order with number", str(part.line))
            raise missing.about(f"shipped[{index}].line")
        if part.quantity > left[part.line]:
            raise NotOutstandingError(
                f"line {part.line}: {part.quantity} to be shipped, {left[part.line]} left to ship"
            )
    return [
        OrderShipped(
            order_id=command.order_id, shipment_id=command.shipment_id, shipped=parts, at=command.at
        )
    ]


def _deliver(command: DeliverOrder, state: Placed) -> Sequence[Event]:
    shipments = [shipment.shipment_id for shipment in state.shipments]
    if command.shipment_id is not None:
        if command.shipment_id not in shipments:
            raise NotFoundError("shipment", command.shipment_id)
        shipments = [command.shipment_id]
    elif not shipments and not state.order.handed_over:
        raise NotAllowedError(f"order {command.order_id}: nothing was shipped yet; ship it first")
    return [
        OrderDelivered(order_id=command.order_id, shipment_id=shipment, at=command.at)
        for shipment in shipments
        if shipment not in state.delivered
    ]


def _accept_return(command: ReturnOrder, state: Placed) -> Sequence[Event]:
    for index, known in enumerate(state.returns):
        if known.return_id == command.return_id:
            # The same return is recognised by deciding it again on what had come back before it.
            earlier = attrs.evolve(state, returns=state.returns[:index])
            if _returned(command, earlier) == known:
                return []
            raise AlreadyExistsError("return", command.return_id, at=known.at)
    return [_returned(command, state)]


def _returned(command: ReturnOrder, state: Placed) -> OrderReturned:
    order, delivery, currency = state.order, command.delivery, state.order.total.currency
    earlier = [part for back in state.returns for part in back.returned]
    returned = returned_lines(command.returned, order.lines, state.shipped, earlier)
    refund = Money.total((part.refund for part in returned), currency)
    if delivery is not None:
        paid_back = [back.delivery for back in state.returns if back.delivery is not None]
        require_delivery_paid(delivery, order.delivery or Money.total((), currency), paid_back)
        refund = refund + delivery
    net = Money.total((part.net for part in returned), currency)
    before = Money.total((back.net for back in state.returns), currency)
    return OrderReturned(
        order_id=command.order_id,
        return_id=command.return_id,
        customer_id=order.customer_id,
        campaign_id=order.campaign_id,
        placed_at=order.at,
        returned=returned,
        delivery=delivery,
        net=net,
        kept_net=order.net - before - net,
        refund=refund,
        reason=command.reason,
        at=command.at,
    )


def _cancel(command: CancelOrder, state: State) -> Sequence[Event]:
    if isinstance(state, Cancelled):
        return []
    placed = _require_live(command.order_id, state)
    order = placed.order
    if placed.shipments or order.handed_over:
        raise OrderShippedError(
            f"order {command.order_id}: goods have left; take them back with return-order"
        )
    return [
        OrderCancelled(
            order_id=command.order_id,
            customer_id=order.customer_id,
            campaign_id=order.campaign_id,
            placed_at=order.at,
            net=order.net,
            refund=order.total,
            reason=command.reason,
            at=command.at,
        )
    ]


AGGREGATE: Final = Aggregate[State, Event](
    kind="order",
    initial=NotPlaced(),
    evolve=evolve,
    events=get_args(Event),
    subject=customer_of,
    earliest=earliest,
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: command.order_id,
)
