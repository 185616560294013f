"""Pages of a list, one after the other: together they are the list, whatever changes meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crmcore
from crmcore import commands as ask
from tests.histories import Clock
from tests.projections.contract import fresh
from tests.projections.examples import ANN, at, named, order

DAY = at("2026-03-01")
number = count()


@attrs.define
class Shop:
    """Orders that come and change while somebody turns pages."""

    crm: crmcore.CRM
    numbers: Iterator[int] = attrs.field(factory=lambda: count(1))
    placed: list[UUID] = attrs.Factory(list)
    changed: set[UUID] = attrs.Factory(set)

    def place(self, hours: int) -> None:
        placed = order(next(self.numbers), "10", DAY + timedelta(hours=hours), handed_over=False)
        self.crm.execute(placed, by="test")
        self.placed.append(placed.order_id)

    def cancel(self, which: int, hours: int) -> None:
        one = self.placed[which % len(self.placed)]
        when = DAY + timedelta(days=1, hours=hours)
        self.crm.execute(ask.CancelOrder(order_id=one, reason="so", at=when), by="test")
        self.changed.add(one)


STEPS = st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 5)), max_size=3)


@contextmanager
def shop(url: str | None) -> Iterator[Shop]:
    """A shop with a log of its own, on SQLite where no *url* is given."""
    if url is None:
        with fresh() as crm:
            crm.execute(named("Ann"), by="test")
            yield Shop(crm)
        return
    with crmcore.open(url, tenant=f"t{next(number)}", clock=Clock()) as crm:
        crm.execute(named("Ann"), by="test")
        yield Shop(crm)


def turn_pages(
    at_work: Shop, hours: list[int], meanwhile: list[Any], **how: Any
) -> tuple[list[UUID], list[UUID]]:
    """The orders that there were, and those on the pages; between two pages others change them."""
    for hour in hours:
        at_work.place(hour)
    there, found = list(at_work.placed), list[UUID]()
    after, steps = None, iter(meanwhile)
    while True:
        at_work.crm.catch_up()
        page = at_work.crm.read.orders.find(after=after, **how)
        assert len(page.items) <= how["limit"]
        found += [one.order_id for one in page.items]
        after = page.next
        if after is None:
            return there, found
        for cancels, which, hour in next(steps, ()):
            if cancels:
                at_work.cancel(which, hour)
            else:
                at_work.place(hour)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.integers(0, 5), max_size=9),
    st.lists(STEPS, max_size=6),
    st.integers(1, 4),
    st.sampled_from(["placed_at", "-placed_at", "changed_at", "-changed_at"]),
)
def test_INV_T3_an_order_that_stays_as_it_is_is_on_one_page_exactly(
    hours: list[int], meanwhile: list[Any], limit: int, order_by: str
) -> None:
    with shop(None) as at_work:
        keeps_one_page(at_work, hours, meanwhile, limit, order_by)


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    hours=st.lists(st.integers(0, 5), max_size=7),
    meanwhile=st.lists(STEPS, max_size=4),
    limit=st.integers(1, 3),
    order_by=st.sampled_from(["placed_at", "-changed_at"]),
)
def test_pages_are_turned_on_postgresql_as_well(
    postgres_url: str, hours: list[int], meanwhile: list[Any], limit: int, order_by: str
) -> None:
    with shop(postgres_url) as at_work:
        keeps_one_page(at_work, hours, meanwhile, limit, order_by)


def keeps_one_page(
    at_work: Shop, hours: list[int], meanwhile: list[Any], limit: int, order_by: str
) -> None:
    there, found = turn_pages(at_work, hours, meanwhile, limit=limit, order_by=order_by)
    moves = at_work.changed if "changed" in order_by else set[UUID]()
    still = [one for one in there if one not in moves]
    assert sorted(one for one in found if one in still) == still
    assert len(set(found) - moves) == len([one for one in found if one not in moves])


@pytest.mark.parametrize("limit", [1, 2, 3, 1_000])
def test_pages_together_are_the_whole_list_in_its_order(crm: crmcore.CRM, limit: int) -> None:
    crm.execute(named("Ann", ANN), by="test")
    at_work = Shop(crm)
    there, found = turn_pages(at_work, [3, 1, 1, 2, 1, 0], [], limit=limit, order_by="placed_at")
    (whole,) = [crm.read.orders.find(order_by="placed_at").items]
    assert found == [one.order_id for one in whole]
    assert sorted(found) == there
    assert [one.placed_at for one in whole] == sorted(one.placed_at for one in whole)
