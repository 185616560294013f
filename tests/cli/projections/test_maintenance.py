"""The operator's commands: rebuild, compare, switch, roll back, retire, try again."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import BrokenExecutor
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import text

import crmcore
from crmcore.cli import main
from crmcore.cli.projections import rebuild
from crmcore.cli.projections.processes import processes
from crmcore.domain.loyalty.program import STANDARD_PROGRAM
from crmcore.projections.engine.maintenance.maintenance import Maintenance
from crmcore.projections.engine.poison.dead_letters import DeadLetter, DeadLetterTable
from crmcore.projections.engine.poison.retry import Retried
from crmcore.projections.engine.rebuild import estimate as estimating
from crmcore.projections.engine.rebuild.outcome import Rebuilt
from crmcore.projections.engine.rebuild.progress import Progress
from crmcore.projections.loyalty.loyalty_status import loyalty_status
from tests.cli.command_line import SHOP, CommandLine, as_lines, bought, registered
from tests.patience import PATIENCE, eventually

NAME = "loyalty_status"
ALL = 9
LETTERS = (
    DeadLetter(NAME, 2, 3, "order-placed", ("a", "b"), "skip", "ValueError: no such year"),
    DeadLetter(NAME, 2, 7, "order-placed", ("a",), "skip", "ValueError: no such day"),
    DeadLetter(NAME, 2, 9, "order-returned", ("c",), "hold", "KeyError: 'order'"),
)


@pytest.fixture
def upkeep(shop: CommandLine) -> Any:
    """``crmcore projections ...`` on the small company."""
    return lambda *argv: shop("projections", *argv)


@pytest.fixture
def built(upkeep: Any) -> Any:
    """The same, with a second generation of the loyalty status."""
    assert upkeep("rebuild", NAME).status == 0
    return upkeep


def damaged(shop: CommandLine, statement: str) -> None:
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute(statement)


def poisoned(shop: CommandLine) -> int:
    """Make the last order unreadable; return its position."""
    with crmcore.open(f"sqlite:///{shop.database}") as crm:
        position = max(one.position for one in crm.events() if one.topic == "order-placed")
    damaged(shop, f"UPDATE crm_events SET data = '{{}}' WHERE position = {position}")
    return position


def rewound(shop: CommandLine, position: int) -> None:
    """Set the read model back to where it stood at a position."""
    link = f"(SELECT chain FROM crm_events WHERE position = {position})"
    values = f"position = {position}, link = {link}"
    damaged(shop, f"UPDATE crm_projections SET {values} WHERE name = '{NAME}'")


def status_of(upkeep: Any, name: str = NAME) -> dict[str, Any]:
    documents = upkeep("status", "--json").document["projections"]
    return next(one for one in documents if one["name"] == name)


# The way through


def test_rebuilt_compared_switched_rolled_back_retired(upkeep: Any) -> None:
    built = upkeep("rebuild", NAME)
    assert (built.status, built.err) == (0, "")
    assert "built, not live" in built.out
    assert f"crmcore projections compare {NAME}" in built.out
    assert f"crmcore projections switch {NAME}" in built.out
    compared = upkeep("compare", NAME, "--fail-on-difference")
    assert (compared.status, compared.err) == (0, "")
    assert "generation 2 is compared with the live generation 1, both at" in compared.out
    assert "They show the same." in compared.out
    switched = upkeep("switch", NAME)
    assert f"{NAME}: generation 2 is live, at position " in switched.out
    assert f"crmcore projections rollback {NAME}" in switched.out
    assert "generation 1 is live" in upkeep("rollback", NAME).out
    assert "generation 2 dropped." in upkeep("retire", NAME).out
    assert "no generation but the live one, so nothing dropped." in upkeep("retire", NAME).out
    assert "there is no previous generation to go back to" in upkeep("rollback", NAME).complaint
    assert "no dead letters" in upkeep("retry", NAME).out


def test_the_same_way_for_a_program(upkeep: Any) -> None:
    [one] = upkeep("rebuild", NAME, "--json").document["rebuilt"]
    assert (one["name"], one["generation"], one["resumed"]) == (NAME, 2, False)
    assert (one["dead_letters"], one["comparison"], one["switched"]) == ([], None, False)
    compared = upkeep("compare", NAME, "--json").document
    [table] = compared["tables"]
    assert (compared["equal"], table["equal"], table["rows_after"]) == (True, True, 1)
    live = upkeep("switch", NAME, "--json").document
    assert (live["name"], live["generation"], live["state"]) == (NAME, 2, "caught up")
    assert upkeep("rollback", NAME, "--json").document["generation"] == 1
    assert upkeep("retire", NAME, "--json").document == {"name": NAME, "retired": [2]}
    retried = upkeep("retry", NAME, "--json").document
    assert retried == {"name": NAME, "tried": 0, "remaining": []}


def test_all_of_them_in_one_go(upkeep: Any) -> None:
    done = upkeep("rebuild", "--all", "--compare", "--switch", "--fail-on-difference", "--json")
    assert (done.status, done.err) == (0, "")
    assert done.document["done"] is True
    rebuilt = done.document["rebuilt"]
    assert len(rebuilt) == ALL
    assert all(one["switched"] and one["comparison"]["equal"] for one in rebuilt)
    assert {one["generation"] for one in upkeep("status", "--json").document["projections"]} == {2}
    shown = upkeep("rebuild", "--all", "--compare", "--switch")
    assert (shown.status, shown.err) == (0, "")
    assert shown.out.count("They show the same.") == ALL
    assert f"crmcore projections rollback {NAME}" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80


def test_what_was_built_goes_on_where_it_was(built: Any) -> None:
    assert "went on" in built("rebuild", NAME).out
    assert built("rebuild", NAME, "--json").document["rebuilt"][0]["resumed"] is True


def test_a_name_given_twice_is_rebuilt_once(upkeep: Any) -> None:
    assert len(upkeep("rebuild", NAME, NAME, "--json").document["rebuilt"]) == 1


def test_a_read_model_that_was_never_kept_is_built_with_nothing_to_compare(
    run: CommandLine,
) -> None:
    run.executes(registered("Zoe"))
    done = run("projections", "rebuild", NAME, "--fail-on-difference", "--switch", "--json")
    assert (done.status, done.document["rebuilt"][0]["comparison"]) == (0, None)
    assert status_of(lambda *argv: run("projections", *argv))["state"] == "caught up"


def test_a_changed_definition_is_mended_by_what_the_hints_say(
    shop: CommandLine, upkeep: Any
) -> None:
    damaged(shop, f"UPDATE crm_projections SET definition = 'x', version = 0 WHERE name = '{NAME}'")
    refused = shop("loyalty", "ada lovelace").complaint
    assert refused.endswith(f"`crmcore projections rebuild {NAME} --switch`")
    status = upkeep("status")
    assert (status.status, "rebuild needed" in status.out) == (1, True)
    assert f"crmcore projections rebuild {NAME}" in status.out
    assert upkeep("rebuild", NAME, "--switch").status == 0
    assert upkeep("status").status == 0
    assert shop("loyalty", "ada lovelace", "--as-of", "2026-02-28").status == 0


# An estimate


def test_an_estimate_changes_nothing(upkeep: Any) -> None:
    done = upkeep("rebuild", "--all", "--dry-run")
    assert (done.status, done.err) == (0, "")
    assert NAME in done.out
    told = upkeep("rebuild", NAME, "--dry-run", "--json").document["estimates"]
    assert [(one["name"], one["rows"]) for one in told] == [(NAME, 1)]
    assert told[0]["bytes"] > 0
    assert status_of(upkeep)["building"] is None


def test_space_that_cannot_be_told_is_not_known(
    upkeep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(estimating, "PAGES", text("SELECT 1 FROM a_table_that_is_not_there"))
    shown = upkeep("rebuild", NAME, "--dry-run")
    assert (shown.status, shown.out.count("not known")) == (0, 1)
    assert "cannot tell the space of a table" in " ".join(shown.out.split())
    assert upkeep("rebuild", NAME, "--dry-run", "--json").document["estimates"][0]["bytes"] is None


# What cannot be done


@pytest.mark.parametrize(
    "argv",
    [("rebuild",), ("compare",), ("switch",), ("rollback",), ("retire",), ("retry",)],
    ids=lambda argv: argv[0],
)
def test_a_name_that_nothing_has_is_one_line(upkeep: Any, argv: tuple[str, ...]) -> None:
    done = upkeep(*argv, "loyalty_statu")
    assert done.status == 1
    assert done.complaint.endswith("'loyalty_statu': did you mean loyalty_status?")
    told = upkeep(*argv, "loyalty_statu", "--json")
    assert told.document["error"]["kind"] == "UnknownProjectionError"


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("rebuild",), "name the read models to rebuild, or all of them with --all"),
        (("rebuild", NAME, "--all"), "name the read models to rebuild, or all"),
        (("rebuild", NAME, "--dry-run", "--switch"), "--dry-run changes nothing"),
        (("rebuild", NAME, "--dry-run", "--fail-on-difference"), "--dry-run changes nothing"),
        (("rebuild", NAME, "--processes", "-1"), "processes"),
        (("rebuild", NAME, "--processes", "many"), "processes"),
        (("rebuild", NAME, "--progress", "loud"), "progress"),
        (("switch",), "NAME"),
    ],
)
def test_a_call_that_means_nothing_is_a_wrong_call(
    upkeep: Any, argv: tuple[str, ...], says: str
) -> None:
    done = upkeep(*argv)
    assert (done.status, done.out) == (2, "")
    assert says in done.err


@pytest.mark.parametrize("command", ["compare", "switch", "rollback"])
def test_without_another_generation_there_is_nothing_to_do(upkeep: Any, command: str) -> None:
    done = upkeep(command, NAME)
    assert done.status == 1
    assert "generation" in done.complaint


# Nothing that went wrong reads as success


def test_rows_that_differ_fail_where_that_is_asked(shop: CommandLine, built: Any) -> None:
    damaged(shop, f"UPDATE {NAME}__g1 SET points = points + 1")
    shown = built("compare", NAME)
    assert shown.status == 0
    assert "They differ." in shown.out
    assert f"{NAME}.points differs in 1 row" in shown.out
    assert "points 801 -> 800" in " ".join(shown.out.split())
    assert built("compare", NAME, "--fail-on-difference").status == 1
    told = built("compare", NAME, "--fail-on-difference", "--json")
    assert (told.status, told.document["equal"]) == (1, False)
    assert told.document["tables"][0]["by_column"] == {"points": 1}

    failed = built("rebuild", NAME, "--switch", "--fail-on-difference", "--json")
    [one] = failed.document["rebuilt"]
    assert (failed.status, failed.document["done"], one["switched"]) == (1, False, False)
    assert one["problems"][0] == "the new rows differ from the live ones"
    assert "not switched: `crmcore projections switch" in failed.err
    assert status_of(built)["generation"] == 1

    assert built("rebuild", NAME, "--compare", "--switch").status == 0
    assert status_of(built)["generation"] == 2


def test_columns_and_rows_that_come_and_go_are_shown(shop: CommandLine, built: Any) -> None:
    damaged(shop, f"ALTER TABLE {NAME}__g1 ADD COLUMN mood TEXT")
    damaged(shop, f"ALTER TABLE {NAME}__g2 ADD COLUMN luck TEXT")
    damaged(shop, f"UPDATE {NAME}__g1 SET customer_id = 'nobody'")
    shown = built("compare", NAME).out
    assert f"{NAME}: columns that are new: luck" in shown
    assert f"{NAME}: columns that are gone: mood" in shown
    assert "gone, for example: customer_id=nobody" in shown
    assert "added, for example: customer_id=" in shown


def test_a_rebuild_that_stops_fails_and_the_others_are_rebuilt(
    shop: CommandLine, upkeep: Any
) -> None:
    position = poisoned(shop)
    done = upkeep("rebuild", NAME, "service_levels", "--switch")
    assert done.status == 1
    assert f"{NAME}: stopped at position {position} (order-placed)" in done.err
    assert "not rebuilt" in done.out
    told = upkeep("rebuild", NAME, "service_levels", "--json")
    [stopped, fine] = told.document["rebuilt"]
    assert (told.status, told.document["done"]) == (1, False)
    assert "stopped at position" in stopped["problems"][0]
    assert fine["problems"] == []
    assert status_of(upkeep)["generation"] == 1
    building = status_of(upkeep)["building"]
    assert (building["generation"], building["filled"]) == (2, False)
    why = building["stopped"]
    assert (why["position"], why["topic"]) == (position, "order-placed")
    shown = " ".join(upkeep("status").out.split())
    assert f"{NAME}: the rebuild of generation 2 stopped with" in shown
    assert f"% built: position {position} (order-placed): {why['cause']}. Once the cause" in shown
    assert f"it goes on with: crmcore projections rebuild {NAME}" in shown


def test_a_read_model_that_stopped_says_what_helps(shop: CommandLine, upkeep: Any) -> None:
    position = poisoned(shop)
    rewound(shop, position - 1)
    assert upkeep("catch-up").status == 1
    status = upkeep("status")
    assert status.status == 1
    assert f"{NAME} is stopped. Once the cause is mended, it goes on with:" in status.out
    assert "crmcore projections catch-up" in status.out
    assert status_of(upkeep)["stopped"]["position"] == position


def test_a_stop_that_a_rebuild_mends_asks_for_the_rebuild(shop: CommandLine, upkeep: Any) -> None:
    position = poisoned(shop)
    rewound(shop, position - 1)
    assert upkeep("catch-up").status == 1
    damaged(shop, f"UPDATE crm_projections SET version = 99, definition = '' WHERE name = '{NAME}'")
    status = upkeep("status")
    assert status.status == 1
    assert status_of(upkeep)["state"] == "rebuild needed"
    assert f"{NAME} is stopped" not in status.out  # catching up would not help
    assert f"crmcore projections rebuild {NAME}" in status.out


def test_a_rebuild_that_other_code_began_says_how_to_begin_anew(
    shop: CommandLine, built: Any
) -> None:
    damaged(shop, "UPDATE crm_projections SET version = 0, definition = '' WHERE generation = 2")
    says = " ".join(built("status").out.split())
    version = loyalty_status(STANDARD_PROGRAM).version
    why = f"its version is {version}, its rows are of 0"
    assert f"generation 2 cannot be gone on with: {why}" in says
    assert f"crmcore projections retire {NAME} crmcore projections rebuild {NAME}" in says
    assert status_of(built)["building"]["outdated"] == why
    assert "retire it first" in built("rebuild", NAME).err
    assert built("retire", NAME).status == 0
    assert built("rebuild", NAME, "--switch").status == 0


@pytest.fixture
def with_dead_letters(built: Any, shop: CommandLine) -> Any:
    """The same, where both generations have dead letters."""
    with crmcore.open(f"sqlite:///{shop.database}") as crm, crm._database.write() as connection:
        for one in LETTERS:
            for generation in (1, 2):
                DeadLetterTable(None).put(connection, attrs.evolve(one, generation=generation))
    return built


COUNTED = (
    "3 dead letters: 2 order-placed (ValueError: no such year),"
    " 1 order-returned (KeyError: 'order')"
)


def test_a_rebuild_with_dead_letters_fails_with_their_causes(with_dead_letters: Any) -> None:
    done = with_dead_letters("rebuild", NAME, "--switch")
    assert done.status == 1
    assert f"{NAME}: {COUNTED}" in done.err
    assert f"not switched: `crmcore projections switch {NAME}` does so all the same" in done.err
    [one] = with_dead_letters("rebuild", NAME, "--json").document["rebuilt"]
    assert [(cause["count"], cause["kind"]) for cause in one["dead_letters_by_cause"]] == [
        (2, "ValueError"),
        (1, "KeyError"),
    ]
    assert one["dead_letters"][0] == {
        "position": 3,
        "topic": "order-placed",
        "groups": 2,
        "policy": "skip",
        "cause": "ValueError: no such year",
    }
    switched = with_dead_letters("switch", NAME)
    assert (switched.status, switched.complaint) == (0, f"crmcore: warning: {NAME}: {COUNTED}")
    assert "generation 2 is live" in switched.out
    assert with_dead_letters("rollback", NAME).status == 0
    assert len(with_dead_letters("rollback", NAME, "--json").document["dead_letters"]) == len(
        LETTERS
    )


def test_the_status_shows_dead_letters(with_dead_letters: Any) -> None:
    shown = with_dead_letters("status").out
    assert " ".join(shown.split()).count(COUNTED) == 2  # of the live generation and the other one
    assert "no such day" not in shown
    assert "no such day" in with_dead_letters("status", "--verbose").out
    told = status_of(with_dead_letters)
    assert [one["position"] for one in told["dead_letters"]] == [3, 7, 9]
    assert [one["groups"] for one in told["building"]["dead_letters"]] == [2, 1, 1]
    assert "generation 2 is built, not live" in shown


def test_what_is_still_in_the_way_fails(upkeep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Maintenance, "retry", lambda *_: Retried(5, LETTERS))
    done = upkeep("retry", NAME)
    assert (done.status, "5 events tried again, 2 applied" in done.out) == (1, True)
    assert done.complaint == f"crmcore: {NAME}: still {COUNTED}"
    told = upkeep("retry", NAME, "--json")
    assert (told.status, len(told.document["remaining"])) == (1, 3)
    monkeypatch.setattr(Maintenance, "retry", lambda *_: Retried(5, ()))
    assert "5 events tried again, 5 applied" in upkeep("retry", NAME).out


def test_many_causes_are_counted_and_the_line_stays_short(
    upkeep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    letters = [DeadLetter(NAME, 1, n, f"topic-{n}", (), "skip", f"E{n}: x") for n in range(9)]
    monkeypatch.setattr(Maintenance, "retry", lambda *_: Retried(9, letters))
    assert upkeep("retry", NAME).complaint.endswith("1 topic-2 (E2: x), 6 further causes")


def test_the_status_tells_how_long_events_have_waited(shop: CommandLine, upkeep: Any) -> None:
    assert status_of(upkeep)["behind_seconds"] is None
    shop.executes(bought("Ada Lovelace", "o-9", "10.00", "2026-01-20T00:00:00Z"))
    told = status_of(upkeep)
    assert (told["behind"], told["state"]) == (1, "behind")
    assert 0 <= told["behind_seconds"] < 60
    assert told["behind_since"] is not None
    assert status_of(upkeep, "service_levels")["behind_seconds"] is None  # it does not read orders


# Progress


def reporting(*_: Any, report: Any, **__: Any) -> list[Rebuilt]:
    report(Progress(NAME, 2, "fill", 0, 100, 0.0))
    report(Progress(NAME, 2, "fill", 50, 100, 1.0, 25))
    return [Rebuilt(NAME, 2, 100, 4.0, False, 0)]


def test_progress_as_lines_of_json(upkeep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Maintenance, "rebuild_all", reporting)
    done = upkeep("rebuild", NAME, "--progress", "json", "--json")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert [line["phase"] for line in lines] == ["begun", "fill", "fill", "filled"]
    assert lines[2] == {
        "projection": NAME,
        "generation": 2,
        "phase": "fill",
        "done": 50,
        "total": 100,
        "before": 25,
        "seconds": 1.0,
        "rate": 25.0,
        "remaining_seconds": 2.0,
    }
    assert done.document["done"] is True


def test_progress_as_a_bar_on_a_terminal(upkeep: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Maintenance, "rebuild_all", reporting)
    assert upkeep("rebuild", NAME).err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    shown = upkeep("rebuild", NAME).err
    assert NAME in shown
    assert "25/s" in shown


# Processes


@pytest.mark.parametrize(
    ("said", "small", "expected"),
    [((), 50_000, 1), ((), 0, 3), (("--processes", "2"), 50_000, 2), (("--processes", "0"), 0, 0)],
    ids=["a small log", "a large log", "as said", "none, as said"],
)
def test_how_many_processes(
    upkeep: Any,
    monkeypatch: pytest.MonkeyPatch,
    said: tuple[str, ...],
    small: int,
    expected: int,
) -> None:
    counts = []

    def started(count: int) -> Any:
        counts.append(count)
        return nullcontext()

    monkeypatch.setattr(rebuild, "started", started)
    monkeypatch.setattr(rebuild, "SMALL", small)
    monkeypatch.setattr(os, "cpu_count", lambda: 3)
    assert upkeep("rebuild", NAME, *said).status == 0
    assert counts == [expected]


def test_a_process_that_was_killed_is_one_line(
    upkeep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rebuild(*_: Any, **__: Any) -> Rebuilt:
        raise BrokenExecutor("one of its processes was killed")

    monkeypatch.setattr(Maintenance, "rebuild_all", rebuild)
    done = upkeep("rebuild", NAME)
    assert (done.status, "one of its processes was killed" in done.complaint) == (1, True)


def test_an_interrupted_rebuild_says_that_it_goes_on(
    upkeep: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rebuild(*_: Any, **__: Any) -> Rebuilt:
        raise KeyboardInterrupt

    monkeypatch.setattr(Maintenance, "rebuild_all", rebuild)
    done = upkeep("rebuild", NAME, "--processes", "2")
    assert done.status == 130
    assert done.complaint.endswith("interrupted; the next rebuild goes on where this one was")


def command(shop: CommandLine, *argv: str) -> list[str]:
    url = f"sqlite:///{shop.database}"
    return [sys.executable, "-m", "crmcore", "--db", url, "projections", *argv]


def test_two_processes_make_the_same_rows(shop: CommandLine) -> None:
    names = [registered(f"Customer {n}") for n in range(40)]
    orders = [bought(f"Customer {n}", f"n-{n}", "10.00", "2026-01-10T12:00:00Z") for n in range(40)]
    shop.executes(*names, *orders)
    argv = ("rebuild", "--all", "--processes", "2", "--fail-on-difference", "--switch", "--json")
    done = subprocess.run(command(shop, *argv), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    document = json.loads(done.stdout)
    assert all(one["comparison"]["equal"] for one in document["rebuilt"])
    rows = {
        one["table"]: one["rows_after"]
        for m in document["rebuilt"]
        for one in m["comparison"]["tables"]
    }
    assert (rows["loyalty_status"], rows["customer_directory"]) == (41, 42)


def test_two_processes_on_each_database(
    database_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "shop.jsonl"
    file.write_text(as_lines(SHOP), encoding="utf-8")
    assert main(["--db", database_url, "execute", str(file)]) == 0
    assert main(["--db", database_url, "projections", "catch-up"]) == 0
    capsys.readouterr()
    argv = ["rebuild", "--all", "--processes", "2", "--fail-on-difference", "--switch", "--json"]
    assert main(["--db", database_url, "projections", *argv]) == 0
    out, err = capsys.readouterr()
    assert (json.loads(out)["done"], err) == (True, "")
    for command in ("rollback", "retire", "retry"):
        assert main(["--db", database_url, "projections", command, NAME]) == 0
    assert main(["--db", database_url, "projections", "rebuild", NAME, "--dry-run"]) == 0


POOL = """
import os, signal, sys, time
from crmcore.cli.projections.processes import processes
from crmcore.domain.loyalty.program import STANDARD_PROGRAM
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a shell's background
with processes(2) as pool:
    print(*{pool.submit(os.getpid).result() for _ in range(20)}, flush=True)
    pool.submit(time.sleep, 60).result()
"""


def ended(pid: int) -> bool:
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, check=False)
    return state.stdout[:1] in (b"", b"Z")


@pytest.mark.parametrize("sign", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_its_processes_end_with_a_rebuild_that_is_killed(sign: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", POOL], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as parent:
        assert parent.stdout is not None
        workers = [int(pid) for pid in parent.stdout.readline().split()]
        assert workers
        assert not any(map(ended, workers))
        parent.send_signal(sign)
        assert parent.wait(PATIENCE) != 0
    eventually(lambda: all(map(ended, workers)))


def test_one_process_is_this_one() -> None:
    for count in (0, 1):
        with processes(count) as executor:
            assert executor is None
