"""Orders as they are listed: how far each has come, what it cost, and which are found by what."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import Command
from crmcore.projections.sales.orders import OrderStatus, OrderSummary
from tests.histories import Clock
from tests.projections.conftest import Tell
from tests.projections.examples import ANN, BEN, at, back, euro, known, named, order, running
from tests.scenario import uid

DAY = at("2026-03-01")
SPRING = uid(70)


def summary(crm: crmcore.CRM) -> OrderSummary:
    """Order 1 as it is listed."""
    found = crm.read.orders.get(uid(1))
    assert found is not None
    return found


def tea(**particulars: Any) -> ask.PlaceOrder:
    """Order 1: four packets of tea and two of coffee, to be sent."""
    lines = (
        ask.OrderLine(line=1, product="tea", quantity=Decimal(4), goods=euro("8.00")),
        ask.OrderLine(
            line=2,
            product="coffee",
            quantity=Decimal(2),
            goods=euro("10.00"),
            tax=euro("1.90"),
        ),
    )
    return order(1, "0", DAY, lines=lines, handed_over=False, **particulars)


def ship(shipment: int, days: int, **lines: str) -> ask.ShipOrder:
    """A shipment of so much ``tea`` and ``coffee``, or of all that is left."""
    parts = [
        ask.LineQuantity(line=line, quantity=Decimal(lines[name]))
        for line, name in ((1, "tea"), (2, "coffee"))
        if name in lines
    ]
    return ask.ShipOrder(
        order_id=uid(1),
        shipment_id=uid(shipment),
        shipped=tuple(parts) or None,
        at=DAY + timedelta(days=days),
    )


def arrive(days: int, shipment: int | None = None) -> ask.DeliverOrder:
    return ask.DeliverOrder(
        order_id=uid(1),
        shipment_id=None if shipment is None else uid(shipment),
        at=DAY + timedelta(days=days),
    )


def give_back(number: int, days: int, **lines: str) -> ask.ReturnOrder:
    parts = [
        ask.LineReturn(line=line, quantity=Decimal(lines[name]))
        for line, name in ((1, "tea"), (2, "coffee"))
        if name in lines
    ]
    return ask.ReturnOrder(
        order_id=uid(1),
        return_id=uid(number),
        returned=tuple(parts),
        reason="stale",
        at=DAY + timedelta(days=days),
    )


CANCEL = ask.CancelOrder(order_id=uid(1), reason="twice", at=DAY + timedelta(days=1))


@pytest.mark.parametrize(
    ("happened", "status", "refund"),
    [
        pytest.param([], OrderStatus.PLACED, "0", id="placed"),
        pytest.param([ship(2, 1, tea="4")], OrderStatus.PARTIALLY_SHIPPED, "0", id="one line sent"),
        pytest.param(
            [ship(2, 1, tea="3", coffee="2")],
            OrderStatus.PARTIALLY_SHIPPED,
            "0",
            id="a packet is missing",
        ),
        pytest.param(
            [ship(2, 1, tea="4"), arrive(2)],
            OrderStatus.PARTIALLY_SHIPPED,
            "0",
            id="what was sent has arrived",
        ),
        pytest.param([ship(2, 1)], OrderStatus.SHIPPED, "0", id="all sent"),
        pytest.param(
            [ship(2, 1, tea="4"), ship(3, 2), arrive(3, 2)],
            OrderStatus.SHIPPED,
            "0",
            id="one of two shipments arrived",
        ),
        pytest.param([ship(2, 1), arrive(2)], OrderStatus.DELIVERED, "0", id="delivered"),
        pytest.param(
            [ship(2, 1, tea="4"), ship(3, 2), arrive(3)],
            OrderStatus.DELIVERED,
            "0",
            id="both shipments delivered",
        ),
        pytest.param(
            [ship(2, 1), arrive(2), give_back(4, 3, tea="1")],
            OrderStatus.PARTIALLY_RETURNED,
            "2.00",
            id="some came back",
        ),
        pytest.param(
            [ship(2, 1), give_back(4, 3, tea="4")],
            OrderStatus.PARTIALLY_RETURNED,
            "8.00",
            id="one line came back",
        ),
        pytest.param(
            [ship(2, 1), give_back(4, 3, tea="4"), give_back(5, 4, coffee="2")],
            OrderStatus.RETURNED,
            "19.90",
            id="all came back",
        ),
        pytest.param([CANCEL], OrderStatus.CANCELLED, "19.90", id="cancelled"),
    ],
)
def test_INV_T2_an_order_is_as_far_as_its_goods(
    crm: crmcore.CRM, tell: Tell, happened: Sequence[Command], status: OrderStatus, refund: str
) -> None:
    tell(named("Ann"), tea(), *happened)
    found = summary(crm)
    assert (found.status, found.refund) == (status, Decimal(refund))
    assert (found.net, found.total, found.currency) == (Decimal(18), Decimal("19.90"), "EUR")
    assert found.changed_at == (happened[-1].at if happened else DAY)


def test_goods_that_are_taken_along_are_delivered(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann"), order(1, "12", DAY))
    assert summary(crm).status is OrderStatus.DELIVERED
    tell(back(1, "4", DAY + timedelta(days=9)))
    assert summary(crm).status is OrderStatus.RETURNED


def test_what_is_told_late_does_not_turn_the_clock_back(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann"), tea(), ship(2, 9, tea="4"), ship(3, 1))
    found = summary(crm)
    assert (found.status, found.changed_at) == (OrderStatus.SHIPPED, DAY + timedelta(days=9))


def test_an_order_that_was_never_placed_is_not_there(crm: crmcore.CRM, tell: Tell) -> None:
    tell(named("Ann"))
    assert crm.read.orders.get(uid(1)) is None
    page = crm.read.orders.find()
    assert (page.items, page.next) == ((), None)


def numbered(number: str, placed: ask.PlaceOrder) -> ask.PlaceOrder:
    unchecked: Any = placed  # the type checker does not see that commands are attrs classes
    changed: ask.PlaceOrder = attrs.evolve(unchecked, number=number)
    return changed


@pytest.fixture
def shop(database_url: str) -> Iterator[crmcore.CRM]:
    """Four orders of two customers."""
    with crmcore.open(database_url, clock=Clock()) as crm:
        history: list[Any] = [
            *known(ANN, BEN),
            *running(SPRING),
            numbered("A-1", order(1, "10", DAY, campaign_id=SPRING)),
            numbered("A-2", order(2, "20", DAY + timedelta(days=1), channel="web")),
            order(3, "30", DAY + timedelta(days=2), customer=BEN, currency="USD"),
            order(4, "40", DAY + timedelta(days=2), customer=BEN, handed_over=False),
        ]
        for command in history:
            crm.execute(command, by="test")
        crm.catch_up()
        yield crm


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        pytest.param({}, [3, 4, 2, 1], id="all, the latest first"),
        pytest.param({"order_by": "placed_at"}, [1, 2, 3, 4], id="the earliest first"),
        pytest.param({"order_by": "number"}, [1, 2, 3, 4], id="by number, those without one last"),
        pytest.param({"order_by": "-number"}, [2, 1, 3, 4], id="by number, descending"),
        pytest.param({"customer_id": ANN}, [2, 1], id="of a customer"),
        pytest.param({"status": OrderStatus.PLACED}, [4], id="by status"),
        pytest.param({"status": "delivered", "customer_id": BEN}, [3], id="by two things"),
        pytest.param({"channel": "web"}, [2], id="by channel"),
        pytest.param({"campaign_id": SPRING}, [1], id="by campaign"),
        pytest.param({"number": "A-2"}, [2], id="by number"),
        pytest.param({"number": " A-2 "}, [2], id="a number as commands take it"),
        pytest.param({"placed_from": DAY + timedelta(days=1)}, [3, 4, 2], id="from an instant"),
        pytest.param({"placed_before": DAY + timedelta(days=1)}, [1], id="before an instant"),
        pytest.param({"channel": "'; --"}, [], id="whatever is typed is taken literally"),
    ],
)
def test_orders_are_found_by_what_is_given(
    shop: crmcore.CRM, wanted: dict[str, Any], numbers: Sequence[int]
) -> None:
    found = shop.read.orders.find(**wanted)
    assert [one.order_id for one in found.items] == [uid(number) for number in numbers]
    assert found.next is None
    assert all(isinstance(one, OrderSummary) for one in found.items)
    assert [shop.read.orders.get(one.order_id) for one in found.items] == list(found.items)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"order_by": "total"}, "order_by"),
        ({"limit": 0}, "limit"),
        ({"limit": 1_001}, "limit"),
        ({"after": "nonsense"}, "after"),
        ({"status": "lost"}, "status"),
        ({"customer_id": "ann"}, "customer_id"),
        ({"channel": "a\0b"}, "channel"),
        ({"channel": ""}, "channel"),
        ({"placed_from": DAY.replace(tzinfo=None)}, "placed_from"),
        ({"placed_before": "2026-01-01"}, "placed_before"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    crm: crmcore.CRM, wanted: dict[str, Any], field: str
) -> None:
    with pytest.raises(crmcore.errors.InvalidValueError) as refused:
        crm.read.orders.find(**wanted)
    assert refused.value.field == field


def test_orders_as_they_were_known(shop: crmcore.CRM) -> None:
    (before,) = [
        one.recorded_at for one in shop.events() if getattr(one.event, "number", None) == "A-2"
    ]
    then = shop.read.known_at(before).orders.find()
    assert [one.number for one in then.items] == ["A-2", "A-1"]
    assert shop.read.known_at(before).orders.get(uid(3)) is None
