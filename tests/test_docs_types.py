"""What README and docs show is typed: strict mypy and strict pyright accept every page's snippets."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.test_docs import PAGES, blocks, name_of

STRICT_PYRIGHT = {
    "typeCheckingMode": "strict",
    "allowedUntypedLibraries": ["distributed"],
    "reportDuplicateImport": False,  # a section repeats what it needs, to be read by itself
}
HOST = """
from crmcore import CRM, Projection
from crmcore.projections.engine.projection import Row, Rows, by_stream
from crmcore.application.log import Recorded
from sqlalchemy import Column, Integer, MetaData, Table, Text, func, select, union_all

OWN = Table("own", MetaData(), Column("id", Text, primary_key=True), Column("n", Integer))


def ignore(event: object, recorded: Recorded, rows: Rows) -> None:
    row: Row | None = rows.get(OWN, recorded.stream)
    assert row is None


one = Projection(name="one", version=1, tables=(OWN,), handlers={int: ignore}, groups=by_stream)
two = Projection(name="two", version=1, tables=(OWN,), handlers={int: ignore}, partition=None)


def ask(crm: CRM) -> list[Row]:
    by_id = select(OWN.c.id, OWN.c.n, func.count()).group_by(OWN.c.id, OWN.c.n)
    return crm.read.query(by_id) + crm.read.query(union_all(select(OWN), select(OWN)))
"""
"""What the pages leave out: a SELECT of some columns, how rows are grouped and divided."""

STRICT_MYPY = """[mypy]
strict = true
untyped_calls_exclude = distributed
"""


@pytest.fixture
def snippets(tmp_path: Path) -> Path:
    """A folder with a module for every page, whose lines are those of the page, and its files."""
    for page in PAGES:
        lines = list[str]()
        for block in blocks(page):
            if block.title is not None and block.title.endswith(".py"):
                (tmp_path / block.title).write_text(block.body, encoding="utf-8")
            elif block.language == "python":
                lines += [""] * (block.line - len(lines)) + block.body.splitlines()
        if lines:
            module = name_of(page).replace("/", "_").replace("-", "_").replace(".md", ".py")
            (tmp_path / module).write_text("\n".join([*lines, ""]), encoding="utf-8")
    (tmp_path / "host.py").write_text(HOST, encoding="utf-8")
    return tmp_path


def check(folder: Path, tool: str, *options: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", tool, *options, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_strict_mypy_accepts_what_the_pages_show(snippets: Path) -> None:
    (snippets / "mypy.ini").write_text(STRICT_MYPY, encoding="utf-8")
    check(snippets, "mypy", "--no-incremental")


def test_strict_pyright_accepts_what_the_pages_show(snippets: Path) -> None:
    (snippets / "pyrightconfig.json").write_text(json.dumps(STRICT_PYRIGHT), encoding="utf-8")
    check(snippets, "basedpyright", "--pythonpath", sys.executable)
