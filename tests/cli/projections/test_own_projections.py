"""A host's own read models and policies on the command line; and workers that die in them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmcore.cli import main
from tests.cli.command_line import SHOP, CommandLine, as_lines

MODELS = """
import os
from pathlib import Path

from sqlalchemy import Column, MetaData, Table, Text

from crmcore import Projection
from crmcore.domain.customers.customer.messages.registration import CustomerRegistered

TABLE = Table(
    "guests",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
)


def named(event, recorded, rows):
    if Path("deadly").exists():
        os._exit(9)
    rows.put(TABLE, {"customer_id": str(recorded.subject_id), "name": event.name})


GUESTS = Projection(name="guests", version=1, tables=(TABLE,), handlers={CustomerRegistered: named})
TAKEN = Projection(
    name="loyalty_status", version=1, tables=(TABLE,), handlers={CustomerRegistered: named}
)
ALL = [GUESTS]
NONE = ()
MIXED = (GUESTS, "guests")


class Shop:
    models = (GUESTS,)
"""
RULES = """
from decimal import Decimal

from crmcore.policies import LoyaltyProgram, Policies, Tier

FRIENDS = LoyaltyProgram(
    version="friends-1", points_per_unit=Decimal(3), tiers=(Tier("friend", Decimal(0)),)
)
OURS = Policies(loyalty=FRIENDS)
"""
GUESTS = "own_models:GUESTS"


@pytest.fixture
def own(shop: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """``crmcore`` in a folder with a host's modules."""
    (tmp_path / "own_models.py").write_text(MODELS, encoding="utf-8")
    (tmp_path / "own_broken.py").write_text("import nowhere_to_be_found", encoding="utf-8")
    (tmp_path / "own_rules.py").write_text(RULES, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield shop
    for name in ("own_models", "own_broken", "own_rules"):
        sys.modules.pop(name, None)


def status_of_guests(own: CommandLine, *argv: str) -> dict[str, Any]:
    found = own("projections", "status", "--json", *argv).document["projections"]
    by_name = {one["name"]: one for one in found}
    assert "loyalty_status" in by_name
    guests: dict[str, Any] = by_name["guests"]
    return guests


def test_they_are_kept_rebuilt_compared_and_switched_as_ours_are(own: CommandLine) -> None:
    assert status_of_guests(own, "--projections", GUESTS)["state"] == "not begun"
    assert own("--projections", GUESTS, "projections", "catch-up").status == 0
    assert own("projections", "rebuild", "guests", "--projections", GUESTS).status == 0
    compared = own("projections", "compare", "guests", "--json", "--projections", GUESTS)
    assert compared.document["tables"][0]["rows_after"] == 2
    assert own("projections", "switch", "guests", f"--projections={GUESTS}").status == 0
    assert status_of_guests(own, "--projections", GUESTS)["generation"] == 2
    assert own("projections", "switch", "guests").complaint.startswith(
        "crmcore: there is no read model 'guests'"
    )


@pytest.mark.parametrize(
    "place", ["own_models:ALL", "own_models:Shop.models", f"{GUESTS} own_models:ALL"]
)
def test_the_environment_may_name_them(
    own: CommandLine, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CRMCORE_PROJECTIONS", place)
    assert status_of_guests(own)["state"] == "not begun"
    assert own("loyalty", "ada lovelace").status == 0, "every question catches them up"
    assert status_of_guests(own)["state"] == "caught up"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("own_models", "expected MODULE:NAME, such as shop.read_models:SALES"),
        (":GUESTS", "expected MODULE:NAME"),
        ("own_models:", "expected MODULE:NAME"),
        ("not_there:GUESTS", "there is no module not_there in "),
        ("not_there.models:GUESTS", "there is no module not_there.models in "),
        ("own_models.more:GUESTS", "there is no module own_models.more in "),
        ("own_broken:GUESTS", "ModuleNotFoundError: No module named 'nowhere_to_be_found'"),
        ("own_models:GUEST", "own_models has nothing named GUEST"),
        ("own_models:TABLE", "expected a Projection or a list of them, found Table"),
        ("own_models:MIXED", "expected a Projection or a list of them, found str"),
        ("own_models:named", "expected a Projection or a list of them, found function"),
        ("own_models:TAKEN", "--projections: two read models have the same name, loyalty_status: "),
        ("..:GUESTS", "--projections ..:GUESTS: "),
    ],
)
def test_a_place_where_there_is_none_is_one_line(own: CommandLine, place: str, says: str) -> None:
    done = own("projections", "status", "--projections", place)
    assert (done.status, done.out) == (2, "")
    assert says in done.complaint


def test_an_empty_list_is_none(own: CommandLine) -> None:
    assert own("projections", "status", "--projections", "own_models:NONE").status == 0


@pytest.mark.parametrize("environment", [False, True], ids=["option", "environment"])
def test_own_policies_hold_for_every_command(
    own: CommandLine, monkeypatch: pytest.MonkeyPatch, environment: bool
) -> None:
    if environment:
        monkeypatch.setenv("CRMCORE_POLICIES", "own_rules:OURS")
    given = () if environment else ("--policies", "own_rules:OURS")
    stale = own("loyalty", "ada lovelace", *given)
    assert "crmcore projections rebuild loyalty_status --switch" in stale.complaint
    assert own("projections", "rebuild", "loyalty_status", "--switch", *given).status == 0
    told = own("loyalty", "ada lovelace", "--json", *given).document
    assert told["tier"] == "friend"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("own_rules", "--policies 'own_rules': expected MODULE:NAME, such as shop.rules:POLICIES"),
        ("not_there:OURS", "--policies not_there:OURS: there is no module not_there in "),
        ("own_rules:MINE", "own_rules has nothing named MINE"),
        ("own_rules:FRIENDS", "expected crmcore.policies.Policies, found LoyaltyProgram"),
    ],
)
def test_policies_that_are_none_are_one_line(own: CommandLine, place: str, says: str) -> None:
    done = own("projections", "status", "--policies", place)
    assert (done.status, done.out) == (2, "")
    assert says in done.complaint


@pytest.mark.usefixtures("own")
def test_a_worker_that_is_killed_fails_the_rebuild_which_then_goes_on(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def here(*argv: str) -> int:
        return main(["--db", database_url, "--projections", GUESTS, *argv])

    def called(*argv: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "crmcore", "--db", database_url, "--projections", GUESTS]
        given = {name: value for name, value in os.environ.items() if name != "CRMCORE_DB"}
        return subprocess.run(
            [*command, *argv], capture_output=True, text=True, check=False, env=given
        )

    (tmp_path / "shop.jsonl").write_text(as_lines(SHOP), encoding="utf-8")
    assert main(["--db", database_url, "execute", "shop.jsonl"]) == 0
    assert here("projections", "catch-up") == 0
    (tmp_path / "deadly").touch()
    killed = called("projections", "rebuild", "guests", "--processes", "2", "--switch")
    assert killed.returncode == 1
    assert "guests: a worker died while it filled generation 2" in killed.stderr
    assert "rebuild again, it goes on where it was" in killed.stderr
    assert "Traceback" not in killed.stderr
    capsys.readouterr()
    assert here("projections", "status", "--json") == 0
    told = json.loads(capsys.readouterr().out)["projections"][-1]
    assert told["generation"] == 1
    assert "a worker died" in told["building"]["stopped"]["cause"]
    assert here("projections", "status") == 0
    assert "stopped with" in capsys.readouterr().out
    (tmp_path / "deadly").unlink()
    done = called("projections", "rebuild", "guests", "--processes", "2", "--switch", "--json")
    [one] = json.loads(done.stdout)["rebuilt"]
    assert (done.returncode, one["resumed"], one["switched"]) == (0, True, True)
    assert "went on" not in done.stderr
