"""What README and docs show is what happens: every snippet runs, every link leads somewhere.

A page's blocks run from top to bottom in one empty folder.  ``python`` blocks share a namespace;
a ``text`` block right after one is what it prints.  A ``console`` block's crmcore commands run
too: their lines are compared, and each must succeed unless ``echo $?`` follows with
another number.  A block with ``title=NAME`` is that file, which those after it may import.  ``...`` stands
for whatever changes from run to run.  A ``sh`` or ``sql`` block without a title is not run.
"""

import contextlib
import doctest
import importlib
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from types import ModuleType

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import crmcore
from crmcore.cli import main
from crmcore.infrastructure.log.chain import FIRST_LINK, Row, link
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
WITH_LINKS = [*PAGES, ROOT / "CHANGELOG.md", *sorted((ROOT / "examples").rglob("*.md"))]
FENCE = re.compile(r"^```(?P<info>[^\n]*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\((?P<target>[^)\s]+)\)")
COLUMNS = "120"
RULE = re.compile("─+")
SHELL = re.compile(r"[|<>&;$*`]")
"""What only a shell understands."""
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@attrs.frozen
class Block:
    """A fenced block: its language, the name that it gives to a file, its text and line."""

    language: str
    title: str | None
    body: str
    line: int


def blocks(page: Path) -> list[Block]:
    text, found = page.read_text(encoding="utf-8"), []
    for fence in FENCE.finditer(text):
        language, *rest = fence["info"].split() or [""]
        title = next((word[6:] for word in rest if word.startswith("title=")), None)
        line = text.count("\n", 0, fence.start()) + 1
        found.append(Block(language, title, fence["body"], line))
    return found


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def executable(page: Path) -> bool:
    return any(block.language in ("python", "console") for block in blocks(page))


EXECUTABLE = [page for page in PAGES if executable(page)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to be in, whose modules can be imported meanwhile."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in {file.stem for file in tmp_path.glob("*.py")} & sys.modules.keys():
        del sys.modules[name]


@pytest.mark.parametrize("page", EXECUTABLE, ids=name_of)
@pytest.mark.usefixtures("folder")
def test_what_a_page_shows_is_what_happens(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CRMCORE_DB", raising=False)
    monkeypatch.setenv("COLUMNS", COLUMNS)
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)  # where classes of snippets are looked up
    shown = blocks(page)
    for block, following in zip(shown, [*shown[1:], None], strict=True):
        where = f"{name_of(page)}:{block.line}"
        if block.title is not None:
            Path(block.title).write_text(block.body, encoding="utf-8")
            importlib.invalidate_caches()
        elif block.language == "python":
            printed = run_python(block, page, vars(module))
            expected = following.body if following and following.language == "text" else printed
            assert_shown(expected, printed, where)
        elif block.language == "console":
            run_console(block, where)


def run_python(block: Block, page: Path, namespace: dict[str, object]) -> str:
    code = compile("\n" * block.line + block.body, str(page), "exec")
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(code, namespace)
    return printed.getvalue()


def run_console(block: Block, where: str) -> None:
    status = 0
    for command, expected in commands(block.body):
        if command == "echo $?":
            assert f"{status}\n" == expected, where
            status = 0
            continue
        assert status == 0, f"{where}: what comes before `{command}` ended with {status}"
        if command.startswith("make "):
            assert_makeable(shlex.split(command, comments=True)[1:])
        elif "crmcore " in command and "<" not in command and not is_synopsis(command):
            status, printed = run_command(command)
            assert_shown(expected or printed, printed, f"{where}: `{command}`")
    assert status == 0, f"{where} ended with {status}"


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Each command that a console shows, with the lines that it prints."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = part.partition("\n")
        yield command.strip(), printed


def is_synopsis(command: str) -> bool:
    """Whether a command names what is to be filled in: such words are in capitals."""
    words = shlex.split(command, comments=True)
    return any(re.fullmatch(r"[A-Z]+(\.[a-z]+)?", word) for word in words)


def run_command(command: str) -> tuple[int, str]:
    """How a command ends, and what it prints: here, unless it needs a shell."""
    words = shlex.split(command, comments=True)
    if words[0] == "crmcore" and not any(map(SHELL.search, words)):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            return main(words[1:]), printed.getvalue()
    done = run_shell(command)
    return done.returncode, done.stdout


def run_shell(command: str) -> "subprocess.CompletedProcess[str]":
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment: Mapping[str, str] = {
        **os.environ,
        "PATH": path,
        "PYTHONWARNINGS": "error",
        "COLUMNS": COLUMNS,
    }
    return subprocess.run(
        ["bash", "-c", command],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def assert_shown(expected: str, printed: str, where: str) -> None:
    """*printed* is what the page shows, where ``...`` stands for anything, and rules have any length."""
    example, printed = doctest.Example(where, RULE.sub("─", expected)), RULE.sub("─", printed)
    checker = doctest.OutputChecker()
    if not checker.check_output(example.want, printed, SAME):
        pytest.fail(f"{where}\n{checker.output_difference(example, printed, SAME)}")


def assert_makeable(targets: Sequence[str]) -> None:
    made = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert set(targets) <= set(made)


def test_the_quick_start_of_the_readme_is_the_example() -> None:
    first = next(block for block in blocks(PAGES[0]) if block.language == "python")
    example = (ROOT / "examples" / "quickstart.py").read_text(encoding="utf-8")
    assert example.partition('"""\n\n')[2] == first.body


WORKSHOP_LINES = 60
"""What a context takes, from nothing to a question that is answered."""


def test_a_context_of_ones_own_is_short() -> None:
    context, use, *_ = blocks(ROOT / "docs" / "own-context.md")
    lines = [line for line in (context.body + use.body).splitlines() if line.strip()]
    assert len(lines) <= WORKSHOP_LINES


# Links


def headings(page: Path) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.*)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", WITH_LINKS, ids=name_of)
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    for target in (found["target"] for found in LINK.finditer(text)):
        if target.startswith(("https://", "http://", "mailto:")):
            continue
        file, _, anchor = target.partition("#")
        there = (page.parent / file).resolve() if file else page
        assert there.exists(), f"{name_of(page)} links to {target}"
        assert there.is_relative_to(ROOT.resolve()), f"{name_of(page)} links out: {target}"
        assert not anchor or anchor in headings(there), f"{name_of(page)} links to {target}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, coming = set[Path](), [PAGES[0].resolve()]
    while coming:
        page = coming.pop()
        if page in reached or page.suffix != ".md" or not page.exists():
            continue
        reached.add(page)
        targets = (found["target"].partition("#")[0] for found in LINK.finditer(page.read_text()))
        coming += [(page.parent / target).resolve() for target in targets if target]
    assert {page.resolve() for page in PAGES} <= reached


# What embedding.md tells hosts


def test_embedding_says_what_to_do_on_every_error() -> None:
    text = (ROOT / "docs" / "embedding.md").read_text(encoding="utf-8")
    assert [name for name in crmcore.errors.__all__ if f"`{name}`" not in text] == []


# What storage.md tells analysts and auditors


def test_storage_names_every_view(sqlite_url: str) -> None:
    text = (ROOT / "docs" / "storage.md").read_text(encoding="utf-8")
    with crmcore.open(sqlite_url) as crm:
        views = [table.name for projection in crm.projections for table in projection.tables]
    assert [name for name in views if f"`{name}`" not in text] == []


@given(st.text(), st.integers(-(2**63), 2**63 - 1), st.none() | st.text())
def test_the_bytes_under_the_chain_are_those_of_plain_json(
    text: str, number: int, nothing: str | None
) -> None:
    row: Row = (
        *(1, text, 1, text, 1, nothing, number, number),
        *(nothing, text, nothing, nothing, text, text),
    )
    plain = json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()
    assert link(FIRST_LINK, row) == sha256(bytes(32) + plain).digest()


# Examples in docstrings

SOURCE = Path(crmcore.__file__).parent


def with_examples() -> list[str]:
    """The modules whose docstrings show examples."""
    return [
        ".".join(file.relative_to(SOURCE.parent).with_suffix("").parts).removesuffix(".__init__")
        for file in sorted(SOURCE.rglob("*.py"))
        if ">>> " in file.read_text(encoding="utf-8")
    ]


@pytest.mark.parametrize("module", with_examples())
def test_the_examples_in_docstrings_hold(module: str) -> None:
    assert doctest.testmod(importlib.import_module(module), optionflags=SAME).failed == 0
