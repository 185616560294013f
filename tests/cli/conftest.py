"""The command line on a small company, which is built through commands once and then copied."""

import shutil
from pathlib import Path

import pytest

import crmcore
from tests.cli.command_line import SHOP, CommandLine, as_lines


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> CommandLine:
    """``crmcore`` on a database that is not there yet."""
    return CommandLine(capsys, tmp_path / "crm.db")


@pytest.fixture(scope="session")
def company_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the small company, written by ``crmcore execute``."""
    from crmcore.cli import main

    folder = tmp_path_factory.mktemp("company")
    (folder / "shop.jsonl").write_text(as_lines(SHOP), encoding="utf-8")
    assert main(["--db", f"sqlite:///{folder}/crm.db", "execute", f"{folder}/shop.jsonl"]) == 0
    with crmcore.open(f"sqlite:///{folder}/crm.db") as crm:
        crm.catch_up()
    return folder / "crm.db"


@pytest.fixture
def shop(run: CommandLine, company_file: Path) -> CommandLine:
    """``crmcore`` on a copy of the small company."""
    shutil.copy(company_file, run.database)
    return run
