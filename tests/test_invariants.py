"""docs/invariants.md lists every id that code and tests name, and the tests that it has.

A test has an id if it stands in the name of a function or class of a test module, or in a
docstring there: ``INV_L1`` in a name, with hyphens elsewhere; ``_S10_S11`` names two.
"""

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "invariants.md"
NAMED = re.compile(r"(?<![A-Za-z])(INV|EC)((?:[-_][A-Z]+[0-9]+)+)")
ROW = re.compile(r"^\| (?P<id>(?:INV|EC)-[A-Z]+\d+) \| (?P<rule>.+) \| (?P<state>.+) \|$", re.M)
STATE = re.compile(r"(?:tested: (?P<tested>[^;]+))?(?:; )?(?:later: (?P<later>[^;]+))?")
REASON = re.compile(r"^\| (?P<reason>[A-Za-z ]+) \| [^|]+ \|$", re.M)


@attrs.frozen
class Row:
    """A line of the page: an id, the test modules that it names, and what the rest waits for."""

    id: str
    tested: frozenset[str]
    later: frozenset[str]


def ids(text: str) -> Iterator[str]:
    for found in NAMED.finditer(text):
        for number in re.findall(r"[A-Z]+[0-9]+", found[2]):
            yield f"{found[1]}-{number}"


def python_files(*folders: str) -> Iterable[Path]:
    return (file for name in folders for file in sorted((ROOT / name).rglob("*.py")))


def names_and_docstrings(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            yield ast.get_docstring(node) or ""


def modules_by_id() -> dict[str, frozenset[str]]:
    """The test modules of each id, such as ``domain/sales/test_lead``."""
    modules: defaultdict[str, set[str]] = defaultdict(set)
    for file in python_files("tests"):
        if file.name.startswith("test_") and file != Path(__file__):
            for text in names_and_docstrings(ast.parse(file.read_text(encoding="utf-8"))):
                for each in ids(text):
                    modules[each].add(file.relative_to(ROOT / "tests").with_suffix("").as_posix())
    return {each: frozenset(found) for each, found in modules.items()}


def page_rows() -> list[Row]:
    rows = []
    for line in ROW.finditer(PAGE.read_text(encoding="utf-8")):
        state = STATE.fullmatch(line["state"])
        assert state is not None, f"{line['id']}: {line['state']}"
        later = (state["later"] or "").split(", ") if state["later"] else []
        rows.append(
            Row(
                id=line["id"],
                tested=frozenset(re.findall(r"`([^`]+)`", state["tested"] or "")),
                later=frozenset(later),
            )
        )
    return rows


ROWS = page_rows()


def test_no_id_is_listed_twice() -> None:
    assert [each for each, count in Counter(row.id for row in ROWS).items() if count > 1] == []


def test_every_line_that_begins_with_an_id_is_read() -> None:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    assert len(ROWS) == sum(re.match(r"\|\s*(INV|EC)", line) is not None for line in lines) > 0


def test_every_id_in_code_and_tests_is_listed() -> None:
    listed = {row.id for row in ROWS}
    missing = {
        each: file.relative_to(ROOT).as_posix()
        for file in python_files("src", "tests")
        if file != Path(__file__)
        for each in ids(file.read_text(encoding="utf-8"))
        if each not in listed
    }
    assert missing == {}


def test_the_page_names_the_tests_that_there_are() -> None:
    there = modules_by_id()
    wrong = {
        row.id: {"named": sorted(row.tested), "there": sorted(there.get(row.id, ()))}
        for row in ROWS
        if row.tested != there.get(row.id, frozenset())
    }
    assert wrong == {}


def test_what_has_no_test_says_what_it_waits_for() -> None:
    assert [row.id for row in ROWS if not row.tested and not row.later] == []


def test_what_is_waited_for_is_explained() -> None:
    _, _, legend = PAGE.read_text(encoding="utf-8").partition("\n## What is waited for\n")
    explained = {line["reason"] for line in REASON.finditer(legend)} - {"later"}
    assert explained == {reason for row in ROWS for reason in row.later}
