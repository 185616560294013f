"""What tests of subscriptions share: a log with some events, handlers that note what they are given."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import attrs

import crmcore
from crmcore.subscriptions import Delivery, Retry
from tests.histories import Clock
from tests.projections.examples import ANN, at, named, order

AT_ONCE = Retry(attempts=3, first=0)
"""Three attempts, with nothing waited in between."""


@contextmanager
def shop(url: str, orders: int = 3, **more: Any) -> Iterator[crmcore.CRM]:
    """A log whose first event registers Ann (position 1), who then orders so often."""
    with crmcore.open(url, clock=Clock(), **more) as crm:
        crm.execute(named("Ann"), by="test")
        buy(crm, orders)
        yield crm


def buy(crm: crmcore.CRM, orders: int) -> None:
    """Ann orders so often, each time in an event of its own."""
    for _ in range(orders):
        number = crm.position
        crm.execute(order(number, "5", at("2025-05-01")), by="test")


@attrs.define
class Notes:
    """A handler that notes what it is given, and fails where it is told to."""

    fails: Callable[[Delivery], bool] = lambda _delivery: False
    seen: list[Delivery] = attrs.Factory(list)
    heard: threading.Event = attrs.Factory(threading.Event)

    def __call__(self, delivery: Delivery) -> None:
        self.seen.append(delivery)
        self.heard.set()
        if self.fails(delivery):
            raise ValueError(f"the address of {ANN} is ann@example.com")

    @property
    def positions(self) -> list[int]:
        return [one.position for one in self.seen]

    @property
    def ids(self) -> list[UUID]:
        return [one.id for one in self.seen]


def at_positions(*positions: int) -> Callable[[Delivery], bool]:
    return lambda delivery: delivery.position in positions


def state_of(crm: crmcore.CRM, name: str) -> Any:
    (found,) = [one for one in crm.subscriptions.status() if one.name == name]
    return found
