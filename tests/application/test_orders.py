"""Orders through their service: whose they are, and what campaign they name."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from crmcore.application.customers.public import Customers
from crmcore.application.marketing.public import Campaigns
from crmcore.application.sales.orders import OrderService
from crmcore.application.sales.public import Orders
from crmcore.application.work import Work, derived_handlers
from crmcore.domain.customers.customer import decisions as customer
from crmcore.domain.customers.customer.decisions import CustomerDeactivatedError
from crmcore.domain.customers.customer.messages.registration import (
    CustomerKind,
    DeactivateCustomer,
    RegisterCustomer,
)
from crmcore.domain.kernel import DomainError, Money, NotFoundError
from crmcore.domain.sales.order import decisions as order
from crmcore.domain.sales.order.messages import (
    CancelOrder,
    DeliverOrder,
    LineReturn,
    OrderLine,
    OrderPlaced,
    PlaceOrder,
    ReturnOrder,
    ShipOrder,
)
from tests.memory_work import MemoryWork
from tests.scenario import at, uid

CUSTOMER, CAMPAIGN, ORDER = uid(1), uid(2), uid(3)


class OneCampaign(Campaigns):
    """There is one campaign."""

    def exists(self, work: Work, campaign_id: UUID) -> bool:  # noqa: ARG002  # named as in the class that it stands for
        return campaign_id == CAMPAIGN


def registered(customer_id: UUID = CUSTOMER) -> MemoryWork:
    """A log in which one customer is registered."""
    work = MemoryWork(
        derived_handlers([order.AGGREGATE]) | {**OrderService(Customers(), OneCampaign()).handlers}
    )
    command = RegisterCustomer(
        customer_id=customer_id, kind=CustomerKind.PERSON, name="Ada", at=at(days=-1)
    )
    work.streams[customer_id] = list(customer.decide(command, customer.AGGREGATE.initial))
    return work


def leave(work: MemoryWork) -> None:
    """The customer is deactivated."""
    state = customer.AGGREGATE.fold(work.streams[CUSTOMER])
    command = DeactivateCustomer(customer_id=CUSTOMER, reason="moved", at=at(days=2))
    work.streams[CUSTOMER] += customer.decide(command, state)


def place(**changes: Any) -> PlaceOrder:
    line = OrderLine(
        line=1, product="apples", quantity=Decimal(2), goods=Money(Decimal("3.98"), "USD")
    )
    given: dict[str, Any] = {
        "order_id": ORDER,
        "customer_id": CUSTOMER,
        "channel": "store 4",
        "lines": (line,),
        "at": at(),
    }
    return PlaceOrder(**{**given, **changes})


def test_an_order_from_placement_to_return() -> None:
    work = registered()
    assert not Orders().exists(work, ORDER)
    commands: list[Any] = [
        place(campaign_id=CAMPAIGN),
        ShipOrder(order_id=ORDER, shipment_id=uid(4), at=at(days=1)),
        DeliverOrder(order_id=ORDER, at=at(days=2)),
        ReturnOrder(
            order_id=ORDER,
            return_id=uid(5),
            returned=(LineReturn(line=1, quantity=Decimal(1)),),
            reason="bruised",
            at=at(days=3),
        ),
    ]
    topics = [event.TOPIC for command in commands for event in work.execute(command)]
    assert topics == ["order-placed", "order-shipped", "order-delivered", "order-returned"]
    assert Orders().exists(work, ORDER)
    assert [work.execute(command) for command in commands] == [[], [], [], []]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        pytest.param(place(customer_id=uid(9)), "customer", id="unknown customer"),
        pytest.param(place(campaign_id=uid(9)), "campaign", id="unknown campaign"),
        pytest.param(
            CancelOrder(order_id=ORDER, reason="twice", at=at()), "order", id="unknown order"
        ),
    ],
)
def test_what_an_order_names_must_exist(command: Any, words: str) -> None:
    work = registered()
    with pytest.raises(NotFoundError, match=words):
        work.execute(command)
    assert ORDER not in work.streams


def test_a_deactivated_customer_orders_nothing_but_gets_what_was_ordered() -> None:
    work = registered()
    work.execute(place())
    leave(work)
    with pytest.raises(CustomerDeactivatedError):
        work.execute(place(order_id=uid(8)))
    assert work.execute(place()) == []  # an import repeated
    assert work.execute(ShipOrder(order_id=ORDER, shipment_id=uid(4), at=at(days=3)))


def test_a_basket_of_a_hundred_lines_is_one_event() -> None:
    work = registered()
    lines = tuple(
        OrderLine(
            line=number,
            product=str(number),
            quantity=Decimal(1),
            goods=Money(Decimal(number) / 100, "USD"),
            discount=Money(Decimal("0.01"), "USD"),
        )
        for number in range(1, 101)
    )
    (event,) = work.execute(place(lines=lines, handed_over=True))
    assert isinstance(event, OrderPlaced)
    assert event.net == event.total == Money(Decimal("49.50"), "USD")


def test_refusals_are_domain_errors_and_record_nothing() -> None:
    work = registered()
    work.execute(place())
    with pytest.raises(DomainError):
        work.execute(place(channel="web"))
    assert len(work.streams[ORDER]) == 1
    assert order.AGGREGATE.kind == "order"
