"""Processes on the command line: what follows from events is carried out, and told."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command_line import CommandLine
from tests.patience import eventually

MODULE = """
from tests.subscriptions.pinging import flat, pinging

PINGING = pinging()
"""
BALL = {
    "command": "pinging.pass-ball",
    "by": "kim",
    "ball_id": "00000000-0000-4000-8000-000000000001",
    "left": 2,
    "at": "2026-01-05T09:00:00Z",
}


@pytest.fixture
def crmcore(
    run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[CommandLine]:
    (tmp_path / "own_pinging.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("CRMCORE_CONTEXTS", "own_pinging:PINGING")
    run.executes(BALL)
    yield run
    sys.modules.pop("own_pinging", None)


def test_what_follows_is_carried_out_and_told(crmcore: CommandLine) -> None:
    (found,) = crmcore("processes", "status", "--json").document["processes"]
    assert (found["name"], found["state"], found["behind"]) == ("process:passing", "behind", 1)
    done = crmcore("processes", "run")
    assert done.status == 0
    assert done.out.startswith("3 events seen to.\n")
    assert crmcore("processes", "run", "--json").document["events"] == 0
    assert "process:passing" in crmcore("processes", "status").out
    assert "process:passing" in crmcore("status").out


def test_without_a_process_that_is_said(run: CommandLine) -> None:
    run.executes(
        {
            "command": "register-customer",
            "by": "kim",
            "customer_id": BALL["ball_id"],
            "kind": "person",
            "name": "Ann",
            "at": BALL["at"],
        }
    )
    assert run("processes", "status").out == "There is no process.\n"
    assert run("processes", "run").out == "0 events seen to.\nThere is no process.\n"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals there")
def test_it_follows_until_it_is_interrupted(crmcore: CommandLine, tmp_path: Path) -> None:
    url = f"sqlite:///{crmcore.database}"
    command = [sys.executable, "-m", "crmcore", "--db", url, "processes", "run", "--follow"]
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        command, cwd=root, env=_environment(tmp_path), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            eventually(lambda: '"caught up"' in crmcore("processes", "status", "--json").out)
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate()
        finally:
            process.kill()
    assert process.returncode == 0
    assert out.startswith("What follows from events is carried out until this is interrupted.")


def _environment(folder: Path) -> dict[str, str]:
    root = Path(__file__).parents[3]
    return {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{root}", "PYTHONUNBUFFERED": "1"}
