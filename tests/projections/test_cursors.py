"""Cursors: whatever is no cursor of the list is refused, and tells so."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

import crmcore
from crmcore.errors import InvalidValueError
from tests.histories import Clock


def cursor(*parts: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.fixture
def read(sqlite_url: str) -> Iterator[Any]:
    with crmcore.open(sqlite_url, clock=Clock()) as crm:
        crm.catch_up()
        yield crm.read


PLACED = "2024-01-01T00:00:00+00:00"


@pytest.mark.parametrize(
    "after",
    [
        pytest.param(cursor("-placed_at", PLACED, "\ud800"), id="half a character"),
        pytest.param(cursor("-placed_at", PLACED, "\0"), id="no character"),
        pytest.param(cursor("-placed_at", "0001-01-01T00:00:00+14:00", "x"), id="before time"),
        pytest.param(cursor("-placed_at", "2024-01-01T00:00:00", "x"), id="no zone"),
        pytest.param(cursor("-placed_at", None, "x"), id="no value"),
        pytest.param(cursor("-placed_at", PLACED, None), id="no key"),
        pytest.param(cursor("-placed_at", PLACED, True), id="another type"),
        pytest.param(cursor("placed_at", PLACED, "x"), id="another order"),
        pytest.param(cursor("-placed_at", PLACED), id="too short"),
        pytest.param("!!" + cursor("-placed_at", PLACED, "x"), id="strange letters"),
        pytest.param("", id="nothing"),
        pytest.param(7, id="a number"),
    ],
)
def test_what_is_no_cursor_of_the_list_is_refused(read: Any, after: Any) -> None:
    with pytest.raises(InvalidValueError, match="after: expected the `next` of a page"):
        read.orders.find(after=after)


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda read: read.customers.find(kind="nope"), "kind"),
        (lambda read: read.customers.find(stage=[]), "stage"),
        (lambda read: read.customers.find(active="yes"), "active"),
        (lambda read: read.cases.find(is_open="no"), "is_open"),
        (lambda read: read.loyalty.find(after=cursor("-points", True, "x")), "after"),
    ],
    ids=["a kind", "a stage", "activity", "open or not", "true for a number"],
)
def test_what_no_row_could_hold_is_refused_by_name(read: Any, ask: Any, field: str) -> None:
    with pytest.raises(InvalidValueError, match=f"^{field}: "):
        ask(read)
