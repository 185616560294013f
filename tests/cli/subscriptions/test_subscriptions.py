"""Subscriptions on the command line: a function of a host's is consumed, looked at and operated."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine, bought
from tests.patience import PATIENCE, eventually

MODULE = """
import os, time
from pathlib import Path

FAILING = Path("failing")

def mail(delivery):
    if FAILING.exists() and str(delivery.position) in FAILING.read_text().split():
        raise ValueError("ada@example.com")
    with open("mailed", "a") as file:
        print(delivery.position, delivery.id, file=file)

def load(deliveries):
    for delivery in deliveries:
        mail(delivery)

NOTHING = 3
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "own_mailing.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("own_mailing", None)


def mailed() -> list[int]:
    return [int(line.split()[0]) for line in Path("mailed").read_text().splitlines()]


def once(run: CommandLine, *more: str, name: str = "mailer") -> str:
    done = run("subscribe", "own_mailing:mail", "--name", name, "--once", *more)
    assert done.status == 0, done.err
    return done.out


def test_a_function_is_given_what_is_recorded(shop: CommandLine) -> None:
    assert once(shop, "--topic", "order-placed") == (
        "mailer: 2 events delivered; it is at position 13.\n"
    )
    shop.executes(bought("Ada Lovelace", "o-3", "1.00", "2026-03-10T12:00:00Z"))
    asked = ("--topic", "order-placed", "--json")
    assert '"delivered": 1' in once(shop, *asked)
    assert len(mailed()) == 3
    found = shop("subscriptions", "status", "--json").document["subscriptions"]
    assert [(one["name"], one["state"], one["behind"]) for one in found] == [
        ("mailer", "caught up", 0)
    ]
    assert "mailer" in shop("subscriptions", "status").out


@pytest.mark.parametrize(
    ("more", "count"),
    [
        pytest.param(("--start", "now"), 0, id="from now on"),
        pytest.param(("--start", "11"), 2, id="after a position"),
        pytest.param(("--context", "sales"), 2, id="a context"),
        pytest.param(("--context", "sales", "--topic", "note-recorded"), 3, id="and a topic"),
        pytest.param(("--start", "beginning"), 13, id="everything"),
    ],
)
def test_what_it_asks_for(shop: CommandLine, more: Sequence[str], count: int) -> None:
    assert f'"delivered": {count}' in once(shop, "--json", *more)


def test_dead_letters_are_listed_sent_again_and_dropped(shop: CommandLine) -> None:
    Path("failing").write_text("3 5 7")
    out = once(shop, "--attempts", "1")
    assert out == "mailer: 10 events delivered, 3 dead letters; it is at position 13.\n"
    listed = shop("subscriptions", "dead-letters", "mailer", "--json").document["dead_letters"]
    assert [one["position"] for one in listed] == [3, 5, 7]
    assert listed[0]["cause"].startswith("ValueError in mail (own_mailing.py")
    table = shop("subscriptions", "dead-letters", "mailer").out
    assert "ValueError" in table
    assert "ada@example.com" not in table
    assert "dead-letters mailer" in shop("subscriptions", "status").out
    Path("failing").unlink()
    assert "1 dead letter dropped" in shop("subscriptions", "discard", "mailer", "--at", "7").out
    again = shop("subscriptions", "retry", "mailer", "--at", "3")
    assert again.out.startswith("mailer: 1 dead letter will be sent again")
    assert shop("subscriptions", "retry", "mailer", "--json").document == {
        "name": "mailer", "again": 2,
    }  # fmt: skip
    assert once(shop).startswith("mailer: 2 events delivered, 2 of them again; ")
    assert mailed()[-2:] == [3, 5]
    assert (
        shop("subscriptions", "dead-letters", "mailer").out
        == "mailer: there are no dead letters.\n"
    )


def test_in_lists_and_stopping(shop: CommandLine) -> None:
    Path("failing").write_text("3")
    how = ("--name", "loader", "--once", "--batch", "5", "--attempts", "1", "--on-failure", "stop")
    done = shop("subscribe", "own_mailing:load", *how)
    assert done.status == 1
    assert "loader: stopped at position 3 (" in done.complaint
    found = shop("subscriptions", "status")
    assert found.status == 1
    assert "stopped: position 3" in found.out
    assert shop("status").status == 1
    Path("failing").unlink()
    assert shop("subscribe", "own_mailing:load", *how).status == 0
    assert shop("subscriptions", "status").status == 0


def test_a_subscription_is_set_back_and_forgotten(shop: CommandLine) -> None:
    once(shop)
    assert shop("subscriptions", "reset", "mailer", "--to", "11").out == (
        "mailer: goes on after position 11 of 13.\n"
    )
    assert once(shop).startswith("mailer: 2 events delivered")
    reset = shop("subscriptions", "reset", "mailer", "--to", "beginning", "--json").document
    assert reset == {"name": "mailer", "position": 0, "head": 13}
    assert shop("subscriptions", "remove", "mailer").status == 0
    assert shop("subscriptions", "status").out == "There is no subscription.\n"


@pytest.mark.parametrize(
    ("argv", "status", "says"),
    [
        pytest.param(
            ("subscribe", "own_mailing", "--name", "x"), 2, "expected MODULE:NAME", id="no function"
        ),
        pytest.param(
            ("subscribe", "own_mailing:NOTHING", "--name", "x"),
            2,
            "expected a function, found int",
            id="a number",
        ),
        pytest.param(
            ("subscribe", "own_mailing:mial", "--name", "x"), 2, "has nothing named mial", id="typo"
        ),
        pytest.param(
            ("subscribe", "own_mailing:mail", "--name", "a b"), 1, "expected letters", id="name"
        ),
        pytest.param(
            ("subscribe", "own_mailing:mail", "--name", "x", "--topic", "order-place"),
            1,
            "did you mean order-placed?",
            id="topic",
        ),
        pytest.param(
            ("subscribe", "own_mailing:mail", "--name", "x", "--start", "then"),
            2,
            "--start: expected a position, beginning or now",
            id="start",
        ),
        pytest.param(("subscriptions", "retry", "x"), 1, "no subscription 'x'", id="retry"),
        pytest.param(("subscriptions", "remove", "x"), 1, "there is none yet", id="remove"),
        pytest.param(
            ("subscriptions", "reset", "x", "--to", "-1"), 2, "expected a position", id="reset"
        ),
    ],
)
def test_what_cannot_be_is_told(
    shop: CommandLine, argv: Sequence[str], status: int, says: str
) -> None:
    done = shop(*argv)
    assert done.status == status
    assert says in done.complaint


def test_everything_at_a_glance(shop: CommandLine) -> None:
    once(shop)
    found = shop("status")
    assert found.status == 0
    for said in ("The log ends at position 13.", "customer_history", "mailer", "caught up"):
        assert said in found.out
    document = shop("status", "--json").document
    assert document["position"] == 13
    assert [one["name"] for one in document["subscriptions"]] == ["mailer"]
    assert {one["state"] for one in document["projections"]} == {"caught up"}


@contextmanager
def started(shop: CommandLine, *more: str) -> Iterator["subprocess.Popen[str]"]:
    command = [
        sys.executable, "-m", "crmcore", "--db", f"sqlite:///{shop.database}",
        "subscribe", "own_mailing:mail", "--name", "mailer", "--json", *more,
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until_mailed(count: int) -> None:
    eventually(lambda: Path("mailed").exists() and len(mailed()) >= count)


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals there")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=str)
def test_it_ends_orderly_and_gives_its_place_free(
    shop: CommandLine, number: signal.Signals
) -> None:
    with started(shop) as process:
        until_mailed(13)
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, err) == (0, "")
    assert out == '{"name":"mailer","position":13}\n'
    with closing(sqlite3.connect(shop.database)) as connection:
        held = connection.execute("SELECT holder FROM crm_subscriptions").fetchall()
    assert held == [(None,)]


def test_a_second_process_says_for_whom_it_waits(shop: CommandLine) -> None:
    with started(shop) as first:
        until_mailed(13)
        with started(shop) as second:
            assert second.stdout is not None
            assert f":{first.pid}:" in second.stdout.readline()
    assert len(mailed()) == 13
