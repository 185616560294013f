"""Orders: what is owed, what may leave, and that nothing is paid back twice."""

from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.domain.kernel import (
    AlreadyExistsError,
    DomainError,
    InvalidValueError,
    Money,
    NotAllowedError,
    NotFoundError,
)
from crmcore.domain.sales.order import decisions as order
from crmcore.domain.sales.order.decisions import (
    NotOutstandingError,
    OrderCancelledError,
    OrderShippedError,
)
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
    ReturnedLine,
    ReturnOrder,
    ShipOrder,
)
from crmcore.domain.sales.order.refund import NotReturnableError, RefundTooHighError
from crmcore.domain.sales.order.state import Event, NotPlaced
from tests.scenario import Scenario, at, uid

ORDER, CUSTOMER, CAMPAIGN, SHIPMENT, RETURN = uid(1), uid(2), uid(3), uid(4), uid(5)
orders = Scenario(order.AGGREGATE, order.decide)


def eur(amount: str | Decimal) -> Money:
    return Money(Decimal(amount), "EUR")


def some(line: int, quantity: str = "1") -> LineQuantity:
    return LineQuantity(line=line, quantity=Decimal(quantity))


def back(line: int, quantity: str = "1", refund: Money | None = None) -> LineReturn:
    return LineReturn(line=line, quantity=Decimal(quantity), refund=refund)


SHOES = OrderLine(
    line=1, product="shoes", quantity=Decimal(3), goods=eur("90.00"), discount=eur("10.00")
)
APPLES = OrderLine(
    line=2, product="apples", quantity=Decimal("0.347"), goods=eur("1.38453"), tax=eur("0.0969")
)
GIFT = OrderLine(line=3, product="bag", quantity=Decimal(1), goods=eur("0"))
LINES = (SHOES, APPLES, GIFT)


def place(**changes: Any) -> PlaceOrder:
    given: dict[str, Any] = {
        "order_id": ORDER,
        "customer_id": CUSTOMER,
        "channel": "web",
        "campaign_id": CAMPAIGN,
        "lines": LINES,
        "delivery": eur("4.90"),
        "number": "A-17",
        "at": at(),
    }
    return PlaceOrder(**{**given, **changes})


def placed(**changes: Any) -> OrderPlaced:
    given: dict[str, Any] = {
        "order_id": ORDER,
        "customer_id": CUSTOMER,
        "channel": "web",
        "campaign_id": CAMPAIGN,
        "lines": LINES,
        "discount": None,
        "delivery": eur("4.90"),
        "net": eur("81.38"),
        "total": eur("86.38"),
        "handed_over": False,
        "number": "A-17",
        "at": at(),
    }
    return OrderPlaced(**{**given, **changes})


def ship(*parts: LineQuantity, shipment: int = 4) -> ShipOrder:
    return ShipOrder(
        order_id=ORDER, shipment_id=uid(shipment), shipped=parts or None, at=at(days=1)
    )


def shipped(*parts: LineQuantity, shipment: int = 4) -> OrderShipped:
    return OrderShipped(order_id=ORDER, shipment_id=uid(shipment), shipped=parts, at=at(days=1))


ALL_SHIPPED = shipped(some(1, "3"), some(2, "0.347"), some(3))


def deliver(shipment: int | None = None) -> DeliverOrder:
    named = None if shipment is None else uid(shipment)
    return DeliverOrder(order_id=ORDER, shipment_id=named, at=at(days=2))


def delivered(shipment: int = 4) -> OrderDelivered:
    return OrderDelivered(order_id=ORDER, shipment_id=uid(shipment), at=at(days=2))


def take_back(*parts: LineReturn, number: int = 5, delivery: Money | None = None) -> ReturnOrder:
    return ReturnOrder(
        order_id=ORDER,
        return_id=uid(number),
        returned=parts,
        delivery=delivery,
        reason="too small",
        at=at(days=9),
    )


def returned(net: str, refund: str, *parts: ReturnedLine, **changes: Any) -> OrderReturned:
    given: dict[str, Any] = {
        "order_id": ORDER,
        "return_id": RETURN,
        "customer_id": CUSTOMER,
        "campaign_id": CAMPAIGN,
        "placed_at": at(),
        "returned": parts,
        "delivery": None,
        "net": eur(net),
        "kept_net": eur("81.38") - eur(net),
        "refund": eur(refund),
        "reason": "too small",
        "at": at(days=9),
    }
    return OrderReturned(**{**given, **changes})


def part(line: int, product: str, quantity: str, refund: str, net: str) -> ReturnedLine:
    return ReturnedLine(
        line=line, product=product, quantity=Decimal(quantity), refund=eur(refund), net=eur(net)
    )


CANCEL = CancelOrder(order_id=ORDER, reason="ordered twice", at=at(hours=1))
CANCELLED = OrderCancelled(
    order_id=ORDER,
    customer_id=CUSTOMER,
    campaign_id=CAMPAIGN,
    placed_at=at(),
    net=eur("81.38"),
    refund=eur("86.38"),
    reason="ordered twice",
    at=at(hours=1),
)


@pytest.mark.parametrize(
    ("history", "command", "events"),
    [
        pytest.param([], place(), [placed()], id="placed"),
        pytest.param([placed()], place(), [], id="placed twice"),
        pytest.param([placed(), ALL_SHIPPED], place(), [], id="placed twice, since shipped"),
        pytest.param([placed(), CANCELLED], place(), [], id="placed twice, since cancelled"),
        pytest.param([placed()], ship(), [ALL_SHIPPED], id="everything shipped"),
        pytest.param([placed()], ship(some(1, "2")), [shipped(some(1, "2"))], id="partly shipped"),
        pytest.param(
            [placed(), shipped(some(1, "2"))],
            ship(shipment=6),
            [shipped(some(1), some(2, "0.347"), some(3), shipment=6)],
            id="the rest shipped",
        ),
        pytest.param([placed(), ALL_SHIPPED], ship(), [], id="the same shipment again"),
        pytest.param([placed(), ALL_SHIPPED], ship(shipment=6), [], id="nothing left to ship"),
        pytest.param(
            [placed(), ALL_SHIPPED],
            ship(*ALL_SHIPPED.shipped),
            [],
            id="the same shipment again, named",
        ),
        pytest.param([placed(), ALL_SHIPPED], deliver(), [delivered()], id="delivered"),
        pytest.param(
            [placed(), shipped(some(1)), shipped(some(1), shipment=6), delivered()],
            deliver(),
            [delivered(6)],
            id="what is on its way is delivered",
        ),
        pytest.param([placed(), ALL_SHIPPED, delivered()], deliver(4), [], id="delivered twice"),
        pytest.param([placed(handed_over=True)], deliver(), [], id="handed over at the counter"),
        pytest.param([placed(handed_over=True)], ship(), [], id="handed over, nothing to ship"),
        pytest.param([placed()], CANCEL, [CANCELLED], id="cancelled"),
        pytest.param([placed(), CANCELLED], CANCEL, [], id="cancelled twice"),
        pytest.param(
            [placed(), ALL_SHIPPED],
            take_back(back(1, "1")),
            [returned("26.67", "26.67", part(1, "shoes", "1", "26.67", "26.67"))],
            id="one of three back: a third of 80.00",
        ),
        pytest.param(
            [placed(), ALL_SHIPPED],
            take_back(back(2, "0.347"), back(3), delivery=eur("4.90")),
            [
                returned(
                    "1.38",
                    "6.38",
                    part(2, "apples", "0.347", "1.48", "1.38"),
                    part(3, "bag", "1", "0", "0"),
                    delivery=eur("4.90"),
                )
            ],
            id="lines with tax and without a price back, and the delivery charge",
        ),
        pytest.param(
            [placed(), ALL_SHIPPED],
            take_back(back(2, "0.347", refund=eur("0.74"))),
            [returned("0.69", "0.74", part(2, "apples", "0.347", "0.74", "0.69"))],
            id="half of it paid back, net in proportion",
        ),
        pytest.param(
            [placed(handed_over=True)],
            take_back(back(1, "3")),
            [returned("80.00", "80.00", part(1, "shoes", "3", "80.00", "80.00"))],
            id="bought in the shop, brought back",
        ),
    ],
)
def test_orders(history: list[Any], command: Any, events: list[Any]) -> None:
    orders.given(*history).when(command).then(*events)


@pytest.mark.parametrize(
    ("history", "command", "refusal", "words"),
    [
        pytest.param([], ship(), NotFoundError, "no order", id="ship nothing"),
        pytest.param([], CANCEL, NotFoundError, "no order", id="cancel nothing"),
        pytest.param(
            [placed()], place(channel="shop"), AlreadyExistsError, "particulars", id="other order"
        ),
        pytest.param(
            [placed()], ship(some(1, "3.001")), NotOutstandingError, "3 left", id="too much shipped"
        ),
        pytest.param([placed()], ship(some(9)), NotFoundError, "9", id="ship an unknown line"),
        pytest.param(
            [placed(handed_over=True)],
            ship(some(1)),
            NotOutstandingError,
            "0 left",
            id="ship what was handed over",
        ),
        pytest.param(
            [placed(), ALL_SHIPPED], ship(some(1)), AlreadyExistsError, "shipment", id="other parts"
        ),
        pytest.param(
            [placed()], ship(some(1), some(1)), InvalidValueError, "once", id="a line twice"
        ),
        pytest.param(
            [placed()],
            ShipOrder(order_id=ORDER, shipment_id=SHIPMENT, shipped=(), at=at()),
            InvalidValueError,
            "1 to",
            id="an empty shipment",
        ),
        pytest.param([placed()], deliver(), NotAllowedError, "ship it first", id="not shipped yet"),
        pytest.param([placed()], deliver(4), NotFoundError, "no shipment", id="unknown shipment"),
        pytest.param(
            [placed(), shipped(some(1))],
            CANCEL,
            OrderShippedError,
            "return-order",
            id="cancel late",
        ),
        pytest.param(
            [placed(handed_over=True)], CANCEL, OrderShippedError, "left", id="cancel in the shop"
        ),
        pytest.param([placed(), CANCELLED], ship(), OrderCancelledError, "new one", id="ship late"),
        pytest.param(
            [placed(), CANCELLED],
            take_back(back(1)),
            OrderCancelledError,
            "cancelled",
            id="return a cancelled order",
        ),
        pytest.param(
            [placed(), ALL_SHIPPED],
            take_back(back(9)),
            NotFoundError,
            "9",
            id="return unknown line",
        ),
    ],
)
def test_refused(history: list[Any], command: Any, refusal: type[DomainError], words: str) -> None:
    orders.given(*history).when(command).then_refused(refusal, words)


def _line(**changes: Any) -> OrderLine:
    given: dict[str, Any] = {"line": 1, "product": "x", "quantity": 1, "goods": eur("10")}
    return OrderLine(**{**given, **changes})


USD = Money(Decimal(1), "USD")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        pytest.param(lambda: place(lines=()), "lines", id="no lines"),
        pytest.param(lambda: place(lines=(_line(), _line())), "once", id="a number twice"),
        pytest.param(lambda: place(lines=(_line(quantity=0),)), "quantity", id="quantity 0"),
        pytest.param(
            lambda: place(lines=(_line(quantity=Decimal("0.3471")),)), "3 decimals", id="too fine"
        ),
        pytest.param(lambda: place(lines=(_line(goods=eur("-1")),)), "goods", id="negative price"),
        pytest.param(
            lambda: place(lines=(_line(discount=eur("10.01")),)), "at most", id="discount > goods"
        ),
        pytest.param(
            lambda: place(lines=(_line(discount=eur("-1")),)), "discount", id="negative discount"
        ),
        pytest.param(lambda: place(lines=(_line(tax=eur("-1")),)), "tax", id="negative tax"),
        pytest.param(
            lambda: place(lines=(_line(tax=USD),)), "line 1, all in EUR", id="tax in dollars"
        ),
        pytest.param(
            lambda: place(lines=(_line(), _line(line=2, goods=USD))), "line 2", id="two currencies"
        ),
        pytest.param(lambda: place(delivery=USD), "delivery", id="delivery in dollars"),
        pytest.param(lambda: place(delivery=eur("0.001")), "delivery", id="unpayable delivery"),
        pytest.param(lambda: place(discount=eur("81.39")), "81.38", id="discount > order"),
    ],
)
def test_impossible_orders_are_refused(make: Callable[[], PlaceOrder], words: str) -> None:
    with pytest.raises(InvalidValueError, match=words):
        order.decide(make(), NotPlaced())


@pytest.mark.parametrize(
    ("history", "command", "refusal"),
    [
        pytest.param([placed()], take_back(back(1)), NotReturnableError, id="never shipped"),
        pytest.param(
            [placed(), ALL_SHIPPED], take_back(back(1, "3.001")), NotReturnableError, id="too much"
        ),
        pytest.param(
            [
                placed(),
                ALL_SHIPPED,
                returned("53.33", "53.33", part(1, "shoes", "2", "53.33", "53.33")),
            ],
            take_back(back(1, "2"), number=6),
            NotReturnableError,
            id="too much in sum",
        ),
        pytest.param(
            [placed(), ALL_SHIPPED],
            take_back(back(1, "1", refund=eur("26.68"))),
            RefundTooHighError,
            id="refund above the share",
        ),
        pytest.param(
            [placed(), ALL_SHIPPED],
            take_back(back(1), delivery=eur("4.91")),
            RefundTooHighError,
            id="delivery above what was paid",
        ),
        pytest.param(
            [
                placed(),
                ALL_SHIPPED,
                returned(
                    "26.67",
                    "30.00",
                    part(1, "shoes", "1", "26.67", "26.67"),
                    delivery=eur("3.33"),
                ),
            ],
            take_back(back(1), number=6, delivery=eur("1.58")),
            RefundTooHighError,
            id="delivery above what is left",
        ),
        pytest.param(
            [placed(delivery=None), ALL_SHIPPED],
            take_back(back(1), delivery=eur("0.01")),
            RefundTooHighError,
            id="delivery was free",
        ),
        pytest.param(
            [placed(), ALL_SHIPPED],
            take_back(back(1, "1", refund=USD)),
            InvalidValueError,
            id="refund in dollars",
        ),
    ],
)
def test_INV_T1_never_more_back_than_shipped_and_paid(
    history: list[Any], command: ReturnOrder, refusal: type[DomainError]
) -> None:
    orders.given(*history).when(command).then_refused(refusal)


def test_INV_T1_the_same_return_counts_once() -> None:
    once = orders.given(placed(), ALL_SHIPPED).when(take_back(back(1)))
    after = once.then(*once.events)
    after.when(take_back(back(1))).then()
    after.when(take_back(back(1, "2"))).then_refused(AlreadyExistsError)
    other = after.when(take_back(back(1), number=6))
    other.then(*other.events).when(take_back(back(1))).then()


def test_the_subject_is_the_customer() -> None:
    assert order.AGGREGATE.subject(NotPlaced()) is None
    histories: tuple[list[Event], ...] = ([placed()], [placed(), CANCELLED])
    for history in histories:
        assert order.AGGREGATE.subject(order.AGGREGATE.fold(history)) == CUSTOMER


def test_a_shop_purchase_is_one_event() -> None:
    outcome = orders.when(place(handed_over=True))
    outcome.then(placed(handed_over=True)).when(CANCEL).then_refused(OrderShippedError)


def test_an_event_out_of_its_phase_changes_nothing() -> None:
    events: tuple[Event, ...] = (ALL_SHIPPED, delivered(), CANCELLED)
    for event in events:
        assert order.AGGREGATE.evolve(NotPlaced(), event) == NotPlaced()


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(_line(goods=Money(Decimal("999999999999999.999999"), "EUR")), id="overflow"),
        pytest.param(_line(goods=eur("999999999999999"), tax=eur("1")), id="overflow in sum"),
    ],
)
def test_impossible_sums_are_refused(line: OrderLine) -> None:
    orders.when(place(lines=(line,))).then_refused(InvalidValueError, "amount")


# --- properties -----------------------------------------------------------------------------

cents = st.integers(0, 1_000_000).map(lambda n: eur(Decimal(n).scaleb(-2)))
fine = st.integers(0, 10**9).map(lambda n: eur(Decimal(n).scaleb(-5)))
quantities = st.integers(1, 20_000).map(lambda n: Decimal(n).scaleb(-3))


@st.composite
def order_lines(draw: st.DrawFn, number: int) -> OrderLine:
    goods = draw(st.one_of(cents, fine))
    share = Decimal(draw(st.integers(0, 100))) / 100
    discount = draw(st.sampled_from([None, goods.times(share)]))
    if discount is not None and goods < discount:
        discount = goods
    return OrderLine(
        line=number,
        product=f"p{number}",
        quantity=draw(quantities),
        goods=goods,
        discount=discount,
        tax=draw(st.one_of(st.none(), cents, fine)),
    )


many_lines = st.integers(1, 6).flatmap(
    lambda count: st.tuples(*(order_lines(number) for number in range(1, count + 1)))
)


def _only(events: Any) -> Any:
    (event,) = events
    return event


@settings(max_examples=150, deadline=None)
@given(lines=many_lines, percent=st.integers(0, 100), delivery=st.one_of(st.none(), cents))
def test_totals_add_up_to_the_cent(
    lines: tuple[OrderLine, ...], percent: int, delivery: Money | None
) -> None:
    plain: OrderPlaced = _only(order.decide(place(lines=lines, delivery=delivery), NotPlaced()))
    discount = plain.net.share(percent, 100)
    event: OrderPlaced = _only(
        order.decide(place(lines=lines, delivery=delivery, discount=discount), NotPlaced())
    )
    zero = eur("0")
    assert event.net == Money.total((line.net for line in event.lines), "EUR")
    assert event.total == Money.total((line.total for line in event.lines), "EUR") + (
        delivery or zero
    )
    assert event.net + discount == plain.net
    assert event.total + discount == plain.total
    for line in event.lines:
        assert zero <= line.net <= line.total == line.total.rounded()
        assert line.discount is None or line.discount <= line.goods


@settings(max_examples=150, deadline=None)
@given(line=order_lines(1), data=st.data())
def test_INV_T1_returns_in_any_split_refund_exactly_the_line(
    line: OrderLine, data: st.DataObject
) -> None:
    thousandths = int(line.quantity * 1000)
    cuts = (
        data.draw(st.sets(st.integers(1, thousandths - 1), max_size=6)) if thousandths > 1 else ()
    )
    bounds = [0, *sorted(cuts), thousandths]
    scenario = orders.given(*order.decide(place(lines=(line,), handed_over=True), NotPlaced()))
    refund = net = eur("0")
    for number, (start, end) in enumerate(pairwise(bounds)):
        quantity = str(Decimal(end - start).scaleb(-3))
        outcome = scenario.when(take_back(back(1, quantity), number=100 + number))
        event: OrderReturned = _only(outcome.events)
        assert eur("0") <= event.net <= event.refund == event.refund.rounded()
        refund, net = refund + event.refund, net + event.net
        scenario = outcome.then(event)
    assert (refund, net) == (line.total, line.net)


@settings(max_examples=100, deadline=None)
@given(line=order_lines(1), percent=st.integers(0, 100), parts=st.integers(1, 4))
def test_INV_T1_a_lower_refund_is_never_made_up_for(
    line: OrderLine, percent: int, parts: int
) -> None:
    scenario = orders.given(*order.decide(place(lines=(line,), handed_over=True), NotPlaced()))
    thousandths, paid, net = int(line.quantity * 1000), eur("0"), eur("0")
    for number in range(parts):
        share = thousandths * (number + 1) // parts - thousandths * number // parts
        if not share:
            continue
        quantity = str(Decimal(share).scaleb(-3))
        due = _only(scenario.when(take_back(back(1, quantity), number=50 + number)).events).refund
        lower = due.share(percent, 100)
        outcome = scenario.when(take_back(back(1, quantity, refund=lower), number=50 + number))
        event = _only(outcome.events)
        assert event.refund == lower
        assert eur("0") <= event.net <= event.refund
        paid, net, scenario = paid + lower, net + event.net, outcome.then(event)
    assert paid <= line.total
    assert net <= line.net
