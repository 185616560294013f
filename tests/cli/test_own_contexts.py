"""A host's own contexts on the command line: their commands stand beside ours."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import CommandLine, as_lines, key, registered

WORKSHOP = Path(__file__).parents[2] / "examples" / "workshop.py"
OWN = """
import attrs

from workshop import WORKSHOP

HERE = attrs.evolve(WORKSHOP, command_line="own_commands")
ALL = [HERE]
TAKEN = attrs.evolve(WORKSHOP, name="customers")
WITHOUT_COMMANDS = attrs.evolve(WORKSHOP, command_line="own_listing")
CLASHING = attrs.evolve(WORKSHOP, command_line="own_clash")
LOST = attrs.evolve(WORKSHOP, command_line="own_lost")
"""
COMMANDS = """
GROUPS = {"bikes": "The bikes in the workshop."}
COMMANDS = {"bikes list": ("own_listing:listed", "The bikes that wait, the longest first.")}
"""
LISTING = """
import typer

from crmcore.cli.output import emit
from crmcore.cli.session import options_of, reading

def listed(ctx: typer.Context, limit: int = 20) -> None:
    with reading(options_of(ctx), "workshop_bikes") as crm:
        emit({"bikes": [bike.fault for bike in crm.read.workshop.find(limit=limit).items]})
"""
CLASH = 'COMMANDS = {"cases": ("own_listing:listed", "Cases of wine.")}'
HERE = "own_contexts:HERE"


@pytest.fixture
def own(run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[CommandLine]:
    """The command line in a folder with a host's modules."""
    (tmp_path / "workshop.py").write_text(WORKSHOP.read_text(encoding="utf-8"), encoding="utf-8")
    for name, text in {
        "own_contexts": OWN,
        "own_commands": COMMANDS,
        "own_listing": LISTING,
        "own_clash": CLASH,
    }.items():
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield run
    for name in ("workshop", "own_contexts", "own_commands", "own_listing", "own_clash"):
        monkeypatch.delitem(sys.modules, name, raising=False)


def bike(name: str, fault: str) -> dict[str, Any]:
    return {
        "command": "workshop.receive-bike",
        "job_id": key(name),
        "customer_id": key("ann"),
        "fault": fault,
        "by": "kim",
    }


def received(own: CommandLine, *argv: str) -> None:
    """A customer is known, and with options a bike of theirs is in the workshop."""
    lines = [registered("ann"), *([bike("job", "flat tyre")] if argv else [])]
    Path("bikes.jsonl").write_text(as_lines(lines), encoding="utf-8")
    done = own(*argv, "execute", "bikes.jsonl", "--by", "kim")
    assert (done.status, done.err) == (0, "")


def test_its_commands_are_carried_out_and_its_questions_answered(own: CommandLine) -> None:
    received(own, "--contexts", HERE)
    assert own("bikes", "list", "--contexts", HERE).document == {"bikes": ["flat tyre"]}
    history = own("history", key("ann"), "--contexts", HERE)
    assert "brought a bike: flat tyre" in history.out


def test_the_environment_may_name_it(own: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    received(own, "--contexts", HERE)
    monkeypatch.setenv("CRMCORE_CONTEXTS", "own_contexts:ALL")
    assert own("bikes", "list").document == {"bikes": ["flat tyre"]}
    assert "The bikes in the workshop." in own("--help").out


def test_the_help_names_its_commands_and_ours(own: CommandLine) -> None:
    whole = own("--help", f"--contexts={HERE}").out
    assert "The bikes in the workshop." in whole
    assert "escalations" in whole
    assert "The bikes that wait" in own("--contexts", HERE, "bikes", "--help").out
    assert "bikes" not in own("--help").out


def test_what_can_be_executed_is_listed_under_its_name(own: CommandLine) -> None:
    listed = own("commands", "--json", "--contexts", HERE).document["commands"]
    [taken] = [one for one in listed if one["topic"] == "workshop.receive-bike"]
    assert taken == {
        "topic": "workshop.receive-bike",
        "context": "workshop",
        "meaning": "Take in a customer's bike.",
    }
    one = own("commands", "workshop.receive-bike", "--json", "--contexts", HERE).document
    assert one["schema"]["properties"]["fault"]["maxLength"] == 200
    assert own("commands", "workshop.receive-bike").status == 1


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("own_contexts:NONE", "own_contexts has nothing named NONE"),
        ("own_listing:listed", "expected a Context or a list of them, found function"),
        ("own_contexts:WITHOUT_COMMANDS", "expected COMMANDS in own_listing"),
        ("own_contexts:CLASHING", "there is a command 'cases' already"),
        ("own_contexts:LOST", "there is no module own_lost"),
    ],
)
def test_a_place_where_there_is_none_is_one_line(
    own: CommandLine, place: str, expected: str
) -> None:
    done = own("--contexts", place, "execute", "missing.jsonl", "--by", "kim", "--json")
    refused = json.loads(done.out)["error"]
    assert done.status == 2
    assert refused["kind"] == "wrong-call"
    assert "--contexts" in done.complaint
    assert expected in refused["message"]


def test_a_context_that_clashes_with_ours_is_one_line(own: CommandLine) -> None:
    received(own)
    clashing = own("--contexts", "own_contexts:TAKEN", "projections", "status")
    assert clashing.status == 2
    assert "there is one of this name already" in clashing.complaint
