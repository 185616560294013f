"""The site has all that there is: a page for each context and each public module."""

import re
import sys
from pathlib import Path

import pytest

import crmcore
from crmcore.catalogue import MessageCatalogue
from tests.test_public_face import PUBLIC

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "docs" / "site"))  # as mkdocs finds them

from doctests import fenced  # noqa: E402
from hooks import in_site, relinked  # noqa: E402
from reference import reference_pages  # noqa: E402

from contexts import COMPOSITION, context_part, rules  # noqa: E402

CONTEXTS = [context.name for context in COMPOSITION.contexts]


@pytest.mark.parametrize("name", CONTEXTS)
def test_a_context_has_a_page_that_tells_all_that_it_has(name: str) -> None:
    assert (ROOT / "docs" / "contexts" / f"{name}.md").exists()
    (context,) = (one for one in COMPOSITION.contexts if one.name == name)
    shown = context_part(name)
    for kind in (*context.commands, *context.events):
        assert f"### {kind.TOPIC} {{#{kind.TOPIC}}}" in shown  # type: ignore[attr-defined]
    for question, asked in context.named_questions.items():
        assert f"crm.read.{question}" in shown
        assert f"::: {asked.__module__}.{asked.__qualname__}" in shown
    assert "## Read models" in shown
    assert re.search(r"\| (INV|EC)-", shown)


def test_a_rule_stands_with_the_context_whose_tests_carry_it() -> None:
    found = {(number, context) for number, _, context in rules()}
    assert {("INV-L1", "sales"), ("EC-X1", "customers"), ("EC-X1", "marketing")} <= found
    assert not {("INV-C2", "customers")} & found  # it waits for a part that is not there


def test_every_public_module_has_a_page() -> None:
    pages = reference_pages()
    names = {f"reference/{one.removeprefix('crmcore.')}.md" for one in PUBLIC - {"crmcore"}}
    assert pages.keys() == names | {"reference/index.md"}
    catalogue = MessageCatalogue()
    for face, messages in (("commands", catalogue.commands), ("events", catalogue.events)):
        text = pages[f"reference/{face}.md"]
        assert [one for one in messages.values() if f"[`{one.kind.__name__}`]" not in text] == []
        assert "::: crmcore.domain.kernel.money.Money" in text
    stated = {name for name in crmcore.__all__ if f"crmcore.{name}" not in PUBLIC}
    assert [name for name in stated if f"- {name}\n" not in pages["reference/index.md"]] == []


@pytest.mark.parametrize(
    ("source", "name", "text", "shown"),
    [
        ("README.md", "index.md", "[a](docs/sales.md#b)", "[a](sales.md#b)"),
        ("docs/sales.md", "sales.md", "[a](../examples/README.md)", "[a](examples/README.md)"),
        ("docs/decisions/README.md", "decisions/README.md", "[a](../sales.md)", "[a](../sales.md)"),
        ("docs/contexts/sales.md", "contexts/sales.md", "[a](../../README.md)", "[a](../index.md)"),
        ("docs/sales.md", "sales.md", "[`src`](../src)", "`src`"),
        ("docs/sales.md", "sales.md", "[a](https://example.org/b)", "[a](https://example.org/b)"),
    ],
)
def test_a_link_leads_to_the_same_in_the_site(
    source: str, name: str, text: str, shown: str
) -> None:
    assert relinked(text, ROOT / source, name) == shown


def test_the_readme_opens_the_site() -> None:
    assert in_site(ROOT / "README.md") == "index.md"
    assert in_site(ROOT / "docs" / "sales.md") == "sales.md"
    assert in_site(ROOT / "LICENSE") == "LICENSE"


def test_an_example_in_a_docstring_is_a_block_of_code() -> None:
    said = "A sum.\n\n>>> 1 + 1  # doctest: +SKIP\n2\n>>> [3][0]\n3\n\nThat is all."
    block = "```pycon\n>>> 1 + 1\n2\n>>> [3][0]\n3\n```\n"
    assert fenced(said) == f"A sum.\n\n{block}\nThat is all."


def test_what_strict_is_for_is_not_silenced() -> None:
    """``mkdocs --quiet`` counts no warnings, so ``--strict`` would find none."""
    recipe = re.search(r"^docs: .*\n\t(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    assert recipe[1].split()[1:] == ["build", "--strict"]
