"""The asynchronous example host: its rows and our events commit together and roll back together."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

import crmcore
from tests.conftest import Place
from tests.examples.web import Client, example, started


@pytest.fixture
def client(place: Place) -> Iterator[Client]:
    with example("async_fastapi") as host, started(host.application(place.host)) as client:
        yield client


@pytest.fixture
def ada(client: Client) -> str:
    fields = {"customer_id": str(uuid4()), "kind": "person", "name": "Ada"}
    answer = client.post("/customers", json=fields)
    assert answer.status_code == 201
    return str(answer.json()["customer_id"])


def purchase(customer_id: str, invoice: str = "2026-1", **other: Any) -> dict[str, Any]:
    wanted = {"customer_id": customer_id, "invoice": invoice, "product": "tea", "price": "24.00"}
    return wanted | other


def stored(url: str) -> tuple[list[str], list[str]]:
    """The numbers of the invoices, and the topics of the events."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        numbers = connection.scalars(sa.text("SELECT number FROM async_invoices ORDER BY number"))
        found = list(numbers)
    engine.dispose()
    with crmcore.open(url) as crm:
        assert crm.verify().intact
        return found, [recorded.topic for recorded in crm.events()]


def test_an_invoice_and_its_order_commit_together(client: Client, ada: str, place: Place) -> None:
    assert client.post("/orders", json=purchase(ada)).status_code == 201
    assert stored(place.url) == (["2026-1"], ["customer-registered", "order-placed"])
    assert client.get(f"/customers/{ada}/points").json() == {"points": 24}


def test_what_is_refused_leaves_nothing_on_either_side(
    client: Client,
    ada: str,
    place: Place,
) -> None:
    assert client.post("/orders", json=purchase(ada)).status_code == 201
    for wanted, status in (
        (purchase(str(uuid4()), "2026-2"), 404),
        (purchase(ada, "2026-3", product=" "), 400),
        (purchase(ada, product="milk"), 409),
    ):
        answer = client.post("/orders", json=wanted)
        assert answer.status_code == status, answer.text
    assert client.post("/customers", json={"name": ""}).status_code == 400
    assert stored(place.url) == (["2026-1"], ["customer-registered", "order-placed"])


def test_many_at_once(client: Client, ada: str, place: Place) -> None:
    answers = client.post_all("/orders", [purchase(ada, f"n{n:02}") for n in range(20)])
    assert {one.status_code for one in answers} == {201}
    numbers, topics = stored(place.url)
    assert (len(numbers), len(topics)) == (20, 21)
