"""The example host: its rows and our events commit together and roll back together."""

from collections.abc import Iterator
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

import crmcore
from tests.examples.web import Client, example, started


@pytest.fixture(scope="module")
def host() -> Iterator[ModuleType]:
    with example("host_fastapi") as module:
        yield module


@pytest.fixture
def client(host: ModuleType, database_url: str) -> Iterator[Client]:
    with started(host.application(database_url)) as client:
        yield client


@pytest.fixture
def ada(client: Client) -> str:
    answer = client.post("/customers", json={"name": "Ada"})
    assert answer.status_code == 201
    return str(answer.json()["customer_id"])


def purchase(customer_id: str, invoice: str = "2026-1", **other: Any) -> dict[str, Any]:
    wanted = {"customer_id": customer_id, "invoice": invoice, "product": "tea", "price": "24.00"}
    return wanted | other


def stored(url: str) -> tuple[list[str], list[str]]:
    """The numbers of the invoices, and the topics of the events."""
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        numbers = connection.execute(sa.text("SELECT number FROM invoices")).scalars().all()
    engine.dispose()
    with crmcore.open(url) as crm:
        assert crm.verify().intact
        return list(numbers), [recorded.topic for recorded in crm.events()]


def test_an_invoice_and_its_order_commit_together(
    client: Client, ada: str, database_url: str
) -> None:
    assert client.post("/orders", json=purchase(ada)).status_code == 201
    assert stored(database_url) == (["2026-1"], ["customer-registered", "order-placed"])
    assert client.get(f"/customers/{ada}/points").json() == {"points": 24}


def test_an_order_that_is_refused_leaves_no_invoice(client: Client, database_url: str) -> None:
    answer = client.post("/orders", json=purchase(str(uuid4())))
    assert answer.status_code == 404
    assert answer.json()["detail"].startswith("there is no customer")
    assert stored(database_url) == ([], [])


def test_a_value_that_is_refused_is_a_bad_request(client: Client, ada: str) -> None:
    answer = client.post("/orders", json=purchase(ada, product=" "))
    assert answer.status_code == 400
    assert answer.json()["detail"] == "product: expected text that is not blank, got ' '"


def test_an_invoice_number_that_is_taken_leaves_no_order(
    client: Client, ada: str, database_url: str
) -> None:
    assert client.post("/orders", json=purchase(ada)).status_code == 201
    assert client.post("/orders", json=purchase(ada, product="milk")).status_code == 409
    assert stored(database_url) == (["2026-1"], ["customer-registered", "order-placed"])


def test_what_the_host_does_after_the_command_undoes_it_too(
    host: ModuleType, database_url: str
) -> None:
    shop = host.Shop(sa.create_engine(database_url))
    command = crmcore.commands.RegisterCustomer(
        customer_id=crmcore.new_id(),
        kind=crmcore.commands.CustomerKind.PERSON,
        name="Grace",
        at=shop.crm.now(),
    )
    with shop.engine.connect() as connection, connection.begin() as transaction:
        assert shop.crm.execute(command, by="shop", connection=connection).position == 1
        row = {"number": "1", "customer_id": "-", "total": "-"}
        connection.execute(sa.insert(host.INVOICES).values(row))
        transaction.rollback()
    assert shop.crm.execute(command, by="shop").position == 1
    shop.close()
    assert stored(database_url) == ([], ["customer-registered"])
