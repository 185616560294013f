"""Under ``python -OO`` there are neither docstrings nor assertions: nothing that is needed is one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command_line import as_lines, registered

COMMANDS = """
import contextlib, io, json, sys
from crmcore.cli import main
outcomes = []
for words in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        status = main(words)
    outcomes.append([status, printed.getvalue()])
print(json.dumps(outcomes))
"""
"""What the command line prints for each call, in one process: to start is what takes time."""
LIBRARY = """
from datetime import UTC, datetime
import crmcore
from crmcore import commands
assert False, "assertions are left out"
with crmcore.open("sqlite:///lib.db") as crm:
    crm.execute(
        commands.RegisterCustomer(
            customer_id=crmcore.new_id(), kind=commands.CustomerKind.PERSON, name="Ann",
            at=datetime(2026, 1, 5, tzinfo=UTC),
        ),
        by="kim",
    )
    crm.catch_up()
    print(crm.command_schema("register-customer")["description"].partition(".")[0])
    print([status.state for status in crm.status() if status.name == "customer_directory"])
    print(crm.verify().intact)
"""


CALLS = {
    "all commands": ["--help"],
    "a group": ["projections", "--help"],
    "one command": ["service-levels", "--help"],
    "what can be executed": ["commands"],
    "one command's schema": ["commands", "open-case", "--json"],
    "one event's schema": ["events", "order-placed", "--json"],
}
USE = (
    ["execute", "ann.jsonl", "--by", "kim"],
    ["customers", "find", "ann", "--json"],
)


def run(folder: Path, *argv: str, given: str = "") -> str:
    done = subprocess.run(
        [sys.executable, *argv],
        input=given,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[Any]]]:
    """How each call ends and what it prints, usually and under ``-OO``."""
    found = {}
    for how, options in {"usual": (), "optimised": ("-OO",)}.items():
        folder = tmp_path_factory.mktemp(how)
        (folder / "ann.jsonl").write_text(as_lines([registered("ann")]), encoding="utf-8")
        calls = json.dumps([*CALLS.values(), *USE])
        found[how] = json.loads(run(folder, *options, "-c", COMMANDS, given=calls))
    return found


def test_the_library_works(tmp_path: Path) -> None:
    described, state, intact = run(tmp_path, "-OO", "-c", LIBRARY).splitlines()
    assert described
    assert (state, intact) == ("['caught up']", "True")


@pytest.mark.parametrize("call", CALLS)
def test_help_is_the_same(outcomes: dict[str, list[list[Any]]], call: str) -> None:
    at = list(CALLS).index(call)
    status, shown = outcomes["optimised"][at]
    assert (status, bool(shown)) == (0, True)
    assert [status, shown] == outcomes["usual"][at]


def test_commands_are_carried_out_and_questions_answered(
    outcomes: dict[str, list[list[Any]]],
) -> None:
    (executed, _), (asked, found) = outcomes["optimised"][len(CALLS) :]
    assert (executed, asked) == (0, 0)
    assert len(json.loads(found)["customers"]) == 1
