"""The public face: complete, stated, and all that pages, examples and the command line need."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import crmcore
from crmcore import commands, events
from tests.composed import COMMANDS, EVENTS
from tests.test_docs import PAGES, blocks

ROOT = Path(__file__).parents[1]
PUBLIC = {"crmcore"} | {
    f"crmcore.{name}"
    for name in crmcore.__all__
    if (ROOT / "src" / "crmcore").joinpath(name).exists()
    or (ROOT / "src" / "crmcore" / f"{name}.py").exists()
}
FACES: dict[str, Any] = {"commands": commands, "events": events}


def imported(source: str) -> Iterator[tuple[str, str | None]]:
    """The modules of ours that *source* imports, each with the name that it takes from it."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((one.name, None) for one in node.names if one.name.startswith("crmcore"))
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("crmcore"):
            yield from ((str(node.module), one.name) for one in node.names)


def static_names(module: str) -> Iterator[str]:
    """The names that a type checker finds in a module, star imports followed."""
    path = ROOT / "src" / Path(*module.split("."))
    file = path.with_suffix(".py") if path.with_suffix(".py").exists() else path / "__init__.py"
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            for one in node.names:
                if one.name != "*":
                    yield one.asname or one.name
                elif stated := getattr(importlib.import_module(str(node.module)), "__all__", None):
                    yield from stated
                else:
                    yield from static_names(str(node.module))


def test_every_message_of_ours_is_in_the_face() -> None:
    assert [kind for kind in COMMANDS if getattr(commands, kind.__name__, None) is not kind] == []
    assert [kind for kind in EVENTS if getattr(events, kind.__name__, None) is not kind] == []


@pytest.mark.parametrize("face", FACES)
def test_a_type_checker_finds_every_name_of_the_face(face: str) -> None:
    assert set(dir(FACES[face])) <= set(static_names(f"crmcore.{face}"))


@pytest.mark.parametrize("face", FACES)
def test_a_name_that_the_face_has_not_is_an_error(face: str) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'Nothing'"):
        FACES[face].Nothing  # noqa: B018  # asking is what is tested


@pytest.mark.parametrize(
    "file",
    sorted((ROOT / "examples").rglob("*.py")),
    ids=lambda file: str(file.relative_to(ROOT / "examples")),
)
def test_an_example_imports_what_is_public(file: Path) -> None:
    assert {module for module, _ in imported(file.read_text(encoding="utf-8"))} <= PUBLIC


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_imports_what_is_public(page: Path) -> None:
    shown = (block.body for block in blocks(page) if block.language == "python")
    assert {module for body in shown for module, _ in imported(body)} <= PUBLIC


COMMAND_LINE = sorted((ROOT / "src" / "crmcore" / "cli").rglob("*.py"))


@pytest.mark.parametrize(
    "file", COMMAND_LINE, ids=lambda file: str(file.relative_to(ROOT / "src" / "crmcore"))
)
def test_the_command_line_imports_what_is_public(file: Path) -> None:
    found = {module for module, _ in imported(file.read_text(encoding="utf-8"))}
    assert {one for one in found if not re.match(r"crmcore\.cli\b", one)} <= PUBLIC


@pytest.mark.parametrize("module", sorted(PUBLIC))
def test_a_public_module_has_all_that_it_states(module: str) -> None:
    face = importlib.import_module(module)
    assert [name for name in face.__all__ if getattr(face, name, None) is None] == []
