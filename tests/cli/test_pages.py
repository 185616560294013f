"""Lists come in pages, all in one way: ``--limit``, ``--after``, and the cursor of what follows."""

import inspect
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import crmcore
from crmcore.cli import main
from crmcore.cli.command_group import our_modules
from tests.cli.command_line import CommandLine, as_lines, bought, key, opened, registered, sent, usd

GRACE = "Grace Hopper"


def campaign(name: str) -> dict[str, Any]:
    return sent(
        "plan-campaign",
        "2026-01-01T00:00:00Z",
        campaign_id=key(name),
        name=name,
        kind="mailing",
        channel="post",
        purpose="marketing",
        currency="USD",
        starts_at="2026-01-02T00:00:00Z",
        ends_at="2026-03-02T00:00:00Z",
    )


def lead(name: str) -> dict[str, Any]:
    ids = {"lead_id": key(name), "source": "website"}
    return sent("capture-lead", "2026-01-06T09:00:00Z", name=name, **ids)


def deal(name: str) -> dict[str, Any]:
    ids = {"opportunity_id": key(name), "customer_id": key(GRACE)}
    return sent("open-opportunity", "2026-01-08T09:00:00Z", name=name, amount=usd("10"), **ids)


NEW = (
    *(registered(f"Grace {name}", "2026-01-06T09:00:00Z") for name in ("Hopper", "B", "C")),
    *(bought(GRACE, name, "1.00", "2026-01-10T12:00:00Z", number=name) for name in "abc"),
    *(campaign(name) for name in ("Summer", "Autumn", "Winter")),
    *(lead(name) for name in ("Lea Berg", "Leo Berg", "Lou Berg")),
    *(deal(name) for name in ("one", "two", "three")),
    *(opened(name, "2026-01-11T09:00:00Z", "2026-01-12T09:00:00Z") for name in ("X", "Y", "Z")),
    sent(
        "open-case",
        "2026-01-11T09:00:00Z",
        case_id=key("idle"),
        kind="complaint",
        channel="phone",
        subject="No hurry",
        number="idle",
    ),
)
LISTS = {
    "orders": ("orders",),
    "leads": ("leads",),
    "opportunities": ("opportunities",),
    "campaigns": ("campaigns",),
    "cases": ("cases", "--as-of", "2026-01-20"),
    "due": ("escalations", "--until", "2026-01-20"),
    "customers": ("customers", "find", "grace"),
}


@pytest.fixture(scope="module")
def full_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three or more of everything, made once."""
    folder = tmp_path_factory.mktemp("full")
    (folder / "new.jsonl").write_text(as_lines(NEW), encoding="utf-8")
    assert main(["--db", f"sqlite:///{folder}/crm.db", "execute", f"{folder}/new.jsonl"]) == 0
    with crmcore.open(f"sqlite:///{folder}/crm.db") as crm:
        crm.catch_up()
    return folder / "crm.db"


@pytest.fixture
def full(run: CommandLine, full_file: Path) -> CommandLine:
    """``crmcore`` on a copy of it."""
    shutil.copy(full_file, run.database)
    return run


def functions() -> Iterator[tuple[str, Any]]:
    for module in our_modules():
        for words, (place, _) in module.COMMANDS.items():
            name, _, function = place.partition(":")
            yield words, getattr(import_module(name), function)


def test_whatever_has_a_limit_can_go_on_after_it() -> None:
    listing = {
        words: {"limit", "after"} & inspect.signature(function).parameters.keys()
        for words, function in functions()
    }
    assert {words for words, has in listing.items() if has} == {
        argv[0] for argv in LISTS.values()
    } - {"customers"} | {"customers find"}
    assert [words for words, has in listing.items() if len(has) == 1] == []


@pytest.mark.parametrize("name", LISTS)
def test_pages_are_the_list_in_parts(full: CommandLine, name: str) -> None:
    whole = full(*LISTS[name], "--json").document
    assert len(whole[name]) > 2
    assert whole["next"] is None
    read: list[Any] = []
    after: tuple[str, ...] = ()
    for _ in range(len(whole[name])):
        argv = (*LISTS[name], "--limit", "2", *after)
        page = full(*argv, "--json").document
        read += page[name]
        shown = full(*argv)
        assert (shown.status, shown.err) == (0, "")
        if page["next"] is None:
            assert "--after" not in shown.out
            break
        assert f"More: --after {page['next']}\n" in shown.out
        after = ("--after", page["next"])
    for one in (*read, *whole[name]):
        one.pop("score", None)  # which is as of now
    assert read == whole[name]


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("cursor", ["nonsense", "WzFd", "Ww", "bnVsbA"])
def test_a_cursor_of_no_such_list_is_a_wrong_call(
    full: CommandLine, name: str, cursor: str
) -> None:
    done = full(*LISTS[name], "--after", cursor)
    assert done.status == 2
    assert "--after: expected the `next` of a page" in done.complaint


def test_cases_count_what_is_shown_and_show_those_without_a_target(full: CommandLine) -> None:
    said = "open cases, 1 of them without a target to be met."
    whole = full("cases", "--as-of", "2026-01-20").out
    assert [line for line in whole.splitlines() if line.startswith("idle")]
    assert f"4 {said}" in whole
    assert f"1 of 4 {said}" in full("cases", "--as-of", "2026-01-20", "--limit", "1").out


def test_escalations_count_what_is_shown(full: CommandLine) -> None:
    shown = full("escalations", "--until", "2026-01-20", "--limit", "1").out
    assert "1 of 3 escalations before 2026-01-21 00:00 UTC." in shown
