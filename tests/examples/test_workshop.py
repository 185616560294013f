"""The bicycle workshop as a whole: its pages, its API, its tickets and its mail."""

import socket
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Message as Receive
from examples.workshop.app import application
from examples.workshop.context import WORKSHOP
from sqlalchemy import create_engine, text

import crmcore
from tests.examples.web import Client, started
from tests.patience import PATIENCE, eventually

FLAT = {
    "name": "Ann",
    "email": "ann@example.org",
    "fault": "flat tyre",
    "ticket": 7,
    "euros": 40,
}


class Mailbox(Receive):
    """Keeps what a mail server is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.mails: list[Message] = []

    def handle_message(self, message: Message) -> None:
        self.mails.append(message)


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    received = Mailbox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    server = Controller(received, hostname="127.0.0.1", port=port, ready_timeout=PATIENCE)
    server.start()
    yield received, port
    server.stop()


@pytest.fixture
def shop(tmp_path: Path, mailbox: tuple[Mailbox, int]) -> Iterator[Client]:
    url = f"sqlite+aiosqlite:///{tmp_path / 'workshop.db'}"
    with started(application(url, ("127.0.0.1", mailbox[1]))) as client:
        yield client


def take_in(shop: Client, **changed: Any) -> Any:
    return shop.post("/api/bikes", json=FLAT | changed)


def test_a_bike_that_is_brought_waits_until_it_is_given_back(shop: Client) -> None:
    job = take_in(shop).json()["job_id"]
    assert [bike["fault"] for bike in shop.get("/api/bikes").json()["items"]] == ["flat tyre"]
    assert shop.post(f"/api/bikes/{job}/return").status_code == 204
    assert shop.get("/api/bikes").json()["items"] == []


def test_whoever_gets_a_bike_back_is_sent_one_mail(
    shop: Client, mailbox: tuple[Mailbox, int]
) -> None:
    job = take_in(shop).json()["job_id"]
    for _ in range(2):
        shop.post(f"/api/bikes/{job}/return")
    received = mailbox[0].mails
    eventually(lambda: bool(received))
    other = take_in(shop, email="eve@example.org", name="Eve", ticket=8).json()["job_id"]
    shop.post(f"/api/bikes/{other}/return")
    eventually(lambda: len(received) > 1)
    assert [mail["To"] for mail in received] == ["ann@example.org", "eve@example.org"]
    assert len({mail["Message-ID"] for mail in received}) == 2


def test_a_ticket_that_hangs_on_another_bike_takes_nothing_in(shop: Client, tmp_path: Path) -> None:
    take_in(shop)
    refused = take_in(shop, fault="no light", email="eve@example.org")
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["ticket"])
    with crmcore.open(f"sqlite:///{tmp_path / 'workshop.db'}", contexts=[WORKSHOP]) as crm:
        assert [one.topic for one in crm.events()].count("workshop.bike-received") == 1


def test_a_bike_that_is_refused_leaves_no_ticket(shop: Client, tmp_path: Path) -> None:
    refused = take_in(shop, fault="x" * 201)
    assert (refused.status_code, list(refused.json()["errors"])) == (422, ["fault"])
    with create_engine(f"sqlite:///{tmp_path / 'workshop.db'}").connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM tickets")).scalar_one() == 0


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        pytest.param({"ticket": "seven"}, "ticket", id="no number"),
        pytest.param({"fault": "x" * 201}, "fault", id="too long a fault"),
        pytest.param({"email": "nowhere"}, "email", id="no address"),
        pytest.param({"name": ""}, "name", id="no name"),
    ],
)
def test_the_form_shows_what_is_wrong_at_its_field(
    changed: dict[str, str], field: str, shop: Client
) -> None:
    page = shop.post("/", data={name: str(one) for name, one in (FLAT | changed).items()})
    assert page.status_code == 422
    shown = [line for line in page.text.split("<p>") if f"name={field} " in line]
    assert len(shown) == 1
    assert "<b></b>" not in shown[0]
    wrong = [line for line in page.text.split("<p>") if "<input" in line and "<b></b>" not in line]
    assert wrong == shown


def test_the_form_takes_a_bike_in_and_shows_it(shop: Client) -> None:
    taken = shop.post("/", data=FLAT | {"fault": "<b>bold</b> bell"})
    assert taken.status_code == 303
    page = shop.get("/").text
    assert "&lt;b&gt;bold&lt;/b&gt; bell" in page
    assert "Give back" in page


def test_the_list_goes_on_page_by_page(shop: Client) -> None:
    for number in range(5):
        take_in(shop, ticket=number)
    seen, after = list[str](), None
    while True:
        page = shop.get("/api/bikes", limit=2, **({"after": after} if after else {}))
        seen += [bike["job_id"] for bike in page.json()["items"]]
        after = page.json()["next"]
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 5


def test_a_job_that_there_is_not_is_not_found(shop: Client) -> None:
    assert shop.post(f"/api/bikes/{crmcore.new_id()}/return").status_code == 404


def test_its_api_is_described(shop: Client) -> None:
    assert {"/api/bikes", "/api/bikes/{job_id}/return"} == set(
        shop.get("/openapi.json").json()["paths"]
    )
