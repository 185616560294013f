"""Under ``python -OO`` there are neither docstrings nor assertions: nothing that is needed is one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command_line import as_lines, registered

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


def optimised(folder: Path, *argv: str) -> str:
    done = subprocess.run(
        [sys.executable, "-OO", *argv], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_library_works(tmp_path: Path) -> None:
    described, state, intact = optimised(tmp_path, "-c", LIBRARY).splitlines()
    assert described
    assert (state, intact) == ("['caught up']", "True")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(("--help",), id="all commands"),
        pytest.param(("projections", "--help"), id="a group"),
        pytest.param(("service-levels", "--help"), id="one command"),
        pytest.param(("commands",), id="what can be executed"),
        pytest.param(("commands", "open-case", "--json"), id="one command's schema"),
        pytest.param(("events", "order-placed", "--json"), id="one event's schema"),
    ],
)
def test_help_is_the_same(words: tuple[str, ...], tmp_path: Path) -> None:
    usual = subprocess.run(
        [sys.executable, "-m", "crmcore", *words],
        cwd=tmp_path, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert optimised(tmp_path, "-m", "crmcore", *words) == usual.stdout


def test_commands_are_carried_out_and_questions_answered(tmp_path: Path) -> None:
    (tmp_path / "ann.jsonl").write_text(as_lines([registered("ann")]), encoding="utf-8")
    optimised(tmp_path, "-m", "crmcore", "execute", "ann.jsonl", "--by", "kim")
    found = json.loads(optimised(tmp_path, "-m", "crmcore", "customers", "find", "ann", "--json"))
    assert len(found["customers"]) == 1
