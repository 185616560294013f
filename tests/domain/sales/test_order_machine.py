"""Whatever is sent to an order, it agrees with plain sums kept beside it (INV-T1)."""

from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crmcore.domain.kernel import DomainError, Money
from crmcore.domain.sales.order import decisions as order
from crmcore.domain.sales.order.messages import (
    CancelOrder,
    DeliverOrder,
    LineQuantity,
    LineReturn,
    OrderCancelled,
    OrderDelivered,
    OrderLine,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
    PlaceOrder,
    ReturnOrder,
    ShipOrder,
)
from crmcore.domain.sales.order.state import Cancelled, Placed
from tests.scenario import at, uid

numbers = st.integers(1, 3)
amounts = st.integers(0, 10_000).map(lambda n: Money(Decimal(n).scaleb(-2), "EUR"))
pieces = st.integers(1, 4).map(Decimal)


class Orders(RuleBasedStateMachine):
    """A naive book: pieces out, pieces back and money back by line, kept with plain additions."""

    @initialize(
        lines=st.lists(st.tuples(pieces, amounts), min_size=1, max_size=3),
        delivery=st.one_of(st.none(), amounts),
        handed_over=st.booleans(),
    )
    def place(
        self, lines: list[tuple[Decimal, Money]], delivery: Money | None, handed_over: bool
    ) -> None:
        self.command = PlaceOrder(
            order_id=uid(1),
            customer_id=uid(2),
            channel="web",
            lines=tuple(
                OrderLine(line=number, product="x", quantity=quantity, goods=goods)
                for number, (quantity, goods) in enumerate(lines, 1)
            ),
            delivery=delivery,
            handed_over=handed_over,
            at=at(),
        )
        self.stream: list[Any] = []
        self.ordered = {number: quantity for number, (quantity, _) in enumerate(lines, 1)}
        self.price = {number: goods.amount for number, (_, goods) in enumerate(lines, 1)}
        self.delivery = delivery.amount if delivery else Decimal(0)
        nothing = dict.fromkeys(self.ordered, Decimal(0))
        self.out = dict(self.ordered) if handed_over else dict(nothing)
        self.back, self.refunded = dict(nothing), dict(nothing)
        self.fees, self.under_way, self.cancelled, self.named = Decimal(0), set[Any](), False, 9
        assert self.send(self.command) is not None

    def send(self, command: order.Command) -> list[Any] | None:
        """The events of *command*, recorded; None when refused. Deciding again gives nothing new."""
        try:
            events = list(order.decide(command, order.AGGREGATE.fold(self.stream)))
        except DomainError:
            return None
        self.stream += events
        assert not order.decide(command, order.AGGREGATE.fold(self.stream))
        return events

    def name(self) -> int:
        self.named += 1
        return self.named

    @rule(number=numbers, quantity=pieces)
    def ship(self, number: int, quantity: Decimal) -> None:
        part = LineQuantity(line=number, quantity=quantity)
        key = uid(self.name())
        events = self.send(
            ShipOrder(order_id=uid(1), shipment_id=key, shipped=(part,), at=at(days=1))
        )
        left = self.ordered.get(number, Decimal(0)) - self.out.get(number, Decimal(0))
        if self.cancelled or quantity > left:
            assert events is None
        else:
            assert [type(event) for event in events or ()] == [OrderShipped]
            self.out[number] += quantity
            self.under_way.add(key)

    @rule()
    def ship_the_rest(self) -> None:
        key = uid(self.name())
        events = self.send(ShipOrder(order_id=uid(1), shipment_id=key, at=at(days=1)))
        if self.cancelled:
            assert events is None
        elif self.out == self.ordered:
            assert events == []
        else:
            assert len(events or ()) == 1
            self.out = dict(self.ordered)
            self.under_way.add(key)

    @rule()
    def deliver(self) -> None:
        events = self.send(DeliverOrder(order_id=uid(1), at=at(days=2)))
        if self.cancelled or not any(self.out.values()):
            assert events is None
        else:
            assert events is not None
            assert {event.shipment_id for event in events} == self.under_way
            self.under_way = set()

    @rule(
        number=numbers,
        quantity=pieces,
        refund=st.one_of(st.none(), amounts),
        fee=st.one_of(st.none(), amounts),
    )
    def take_back(
        self, number: int, quantity: Decimal, refund: Money | None, fee: Money | None
    ) -> None:
        events = self.send(
            ReturnOrder(
                order_id=uid(1),
                return_id=uid(self.name()),
                returned=(LineReturn(line=number, quantity=quantity, refund=refund),),
                delivery=fee,
                reason="broken",
                at=at(days=9),
            )
        )
        allowed = not self.cancelled and quantity <= self.out.get(number, 0) - self.back.get(
            number, 0
        )
        paid_fee = fee.amount if fee else Decimal(0)
        if not allowed or paid_fee > self.delivery - self.fees:
            assert events is None
        elif events is None:  # only a refund above the pro rata share, give or take a cent
            assert refund is not None
            share = self.price[number] * quantity / self.ordered[number]
            assert refund.amount > share - 1
        else:
            (event,) = events
            assert isinstance(event, OrderReturned)
            (part,) = event.returned
            assert refund in (None, part.refund)
            self.back[number] += quantity
            self.refunded[number] += part.refund.amount
            self.fees += paid_fee
            assert event.refund.amount == part.refund.amount + paid_fee
            assert event.net == part.net == part.refund  # no line has tax here

    @rule()
    def cancel(self) -> None:
        events = self.send(CancelOrder(order_id=uid(1), reason="changed mind", at=at(hours=2)))
        if self.cancelled:
            assert events == []
        elif any(self.out.values()):
            assert events is None
        else:
            assert [type(event) for event in events or ()] == [OrderCancelled]
            self.cancelled = True

    @rule()
    def place_again(self) -> None:
        assert self.send(self.command) == []

    @invariant()
    def never_more_back_than_shipped_nor_refunded_than_paid(self) -> None:
        for number, ordered in self.ordered.items():
            assert self.back[number] <= self.out[number] <= ordered
            assert self.refunded[number] <= self.price[number]
        assert self.fees <= self.delivery

    @invariant()
    def replay_agrees(self) -> None:
        state = order.AGGREGATE.fold(self.stream)
        assert isinstance(state, Cancelled) == self.cancelled
        if isinstance(state, Placed):
            assert {n: state.shipped[n] for n in self.ordered} == self.out
            under_way = {shipment.shipment_id for shipment in state.shipments} - state.delivered
            assert under_way == self.under_way
        kinds = {type(event) for event in self.stream}
        assert kinds <= {OrderPlaced, OrderShipped, OrderDelivered, OrderReturned, OrderCancelled}


TestOrders = Orders.TestCase
TestOrders.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
