"""The Django example: its rows and our events commit together, on Django's own connection."""

import json
import os
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import django
import pytest

import crmcore

os.environ["DJANGO_SETTINGS_MODULE"] = "examples.django_shop.settings"
django.setup()

from django.conf import settings as told  # noqa: E402  # after Django was set up
from django.db import IntegrityError, connection, connections, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from examples.django_shop import settings, shop  # noqa: E402
from examples.django_shop.models import Invoice  # noqa: E402

from tests.histories import Clock, a_rich_history  # noqa: E402
from tests.projections.contract import check  # noqa: E402


@pytest.fixture
def crm(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[crmcore.CRM]:
    """The shop's core, on the database that Django has for this test."""
    monkeypatch.setattr(told, "CRM_DATABASE", database_url)
    made = connections.configure_settings({"default": settings.database(database_url)})
    monkeypatch.setitem(connections.settings, "default", made["default"])
    if "default" in {one.alias for one in connections.all(initialized_only=True)}:
        del connections["default"]
    with connection.schema_editor() as editor:
        editor.create_model(Invoice)
    yield shop.the_crm()
    shop.the_crm().close()
    shop.the_crm.cache_clear()
    connection.close()
    del connections["default"]


@pytest.fixture
def ada(crm: crmcore.CRM) -> UUID:
    customer_id = uuid4()
    shop.sign_up(customer_id, "Ada")
    assert crm.position == 1
    return customer_id


def stored(crm: crmcore.CRM) -> tuple[list[str], list[str]]:
    """The numbers of the invoices, and the topics of the events."""
    assert crm.verify().intact
    numbers = Invoice.objects.order_by("number").values_list("number", flat=True)
    return list(numbers), [recorded.topic for recorded in crm.events(after=1)]


def buy(customer: UUID, invoice: str = "1", product: str = "tea") -> UUID:
    return shop.buy(customer, invoice, product, Decimal("24.00"))


def test_an_invoice_and_its_order_commit_together(crm: crmcore.CRM, ada: UUID) -> None:
    with transaction.atomic():
        buy(ada)
        assert crm.position == 1  # nobody else sees it yet
    assert stored(crm) == (["1"], ["order-placed"])


def test_an_order_that_is_refused_leaves_no_invoice(crm: crmcore.CRM, ada: UUID) -> None:
    for customer, product in ((uuid4(), "tea"), (ada, " ")):
        with pytest.raises(crmcore.errors.DomainError):
            buy(customer, product=product)
    assert stored(crm) == ([], [])


def test_an_invoice_number_that_is_taken_leaves_no_order(crm: crmcore.CRM, ada: UUID) -> None:
    buy(ada)
    with pytest.raises(IntegrityError):
        buy(ada, product="milk")
    assert stored(crm) == (["1"], ["order-placed"])


def test_a_block_that_fails_afterwards_loses_both(crm: crmcore.CRM, ada: UUID) -> None:
    with pytest.raises(FileNotFoundError), transaction.atomic():
        Path(f"nowhere/{buy(ada)}").touch()
    with transaction.atomic():
        buy(ada, "2")
        transaction.set_rollback(True)
    assert stored(crm) == ([], [])


def test_a_block_within_a_block_takes_its_events_with_it(crm: crmcore.CRM, ada: UUID) -> None:
    with transaction.atomic():
        buy(ada, "1")
        with pytest.raises(FileNotFoundError), transaction.atomic():
            Path(f"nowhere/{buy(ada, '2')}").touch()
        with pytest.raises(crmcore.errors.NotFoundError), transaction.atomic():
            buy(uuid4(), "3")
        buy(ada, "4")
    assert stored(crm) == (["1", "4"], ["order-placed"] * 2)


def test_outside_of_a_block_it_is_refused(crm: crmcore.CRM, ada: UUID) -> None:
    command = crmcore.commands.DeactivateCustomer(customer_id=ada, reason="left", at=crm.now())
    with pytest.raises(crmcore.errors.MisuseError, match=r"transaction\.atomic"):
        crm.execute(command, by="me", connection=connection)
    assert stored(crm) == ([], [])


def test_django_is_told_after_the_commit(crm: crmcore.CRM, ada: UUID) -> None:
    told = list[int]()
    with transaction.atomic():
        transaction.on_commit(lambda: told.append(crm.position))
        buy(ada)
    assert told == [2]


def test_many_commands_and_read_models_inline(database_url: str, crm: crmcore.CRM) -> None:
    """Rows of read models commit with Django's, whatever Django has set up on its connection."""
    names, history = [one.name for one in crm.projections], a_rich_history()
    with crmcore.open(database_url, inline=names, clock=Clock()) as inline:
        with transaction.atomic():
            inline.execute_many(history, by="me", connection=connection)
            transaction.set_rollback(True)
        assert inline.position == 0
        for some in (history[:15], history[15:20], history[20:-1]):
            with transaction.atomic():
                inline.execute_many(some, by="me", connection=connection)
        with transaction.atomic():
            inline.execute(history[-1], by="me", connection=connection)
        assert {one.behind for one in inline.status()} == {0}
        assert inline.verify().intact
        check(inline)


def test_the_pages(crm: crmcore.CRM) -> None:
    client = Client()

    def post(path: str, **wanted: Any) -> tuple[int, Any]:
        answer = client.post(path, json.dumps(wanted), content_type="application/json")
        return answer.status_code, answer.json()

    status, made = post("/customers", name="Ada")
    assert status == 201
    wanted = {"customer_id": made["customer_id"], "invoice": "1", "price": "24.00"}
    assert post("/orders", **wanted, product="tea")[0] == 201
    assert post("/orders", **wanted, product="milk") == (409, {"detail": "1 exists already"})
    assert post("/orders", **{**wanted, "invoice": "2"}, product=" ")[0] == 400
    assert (
        post("/orders", product="tea", **{**wanted, "customer_id": str(uuid4()), "invoice": "3"})[0]
        == 404
    )
    assert client.get(f"/customers/{made['customer_id']}/points").json() == {"points": 24}
    assert stored(crm) == (["1"], ["order-placed"])
