"""`crmcore` as a whole: its options, how it ends, and that it never shows a traceback."""

import builtins
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

import crmcore
from crmcore.cli import main
from crmcore.cli.app import hoisted
from crmcore.cli.command_group import our_modules
from tests.cli.command_line import CommandLine, as_lines, key, registered, sent
from tests.patience import PATIENCE


def process(
    *argv: str, stdin: str | None = None, env: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "crmcore", *argv],
        input=stdin,
        env={**os.environ, **(env or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_records_are_lines_of_json_on_stderr_where_they_are_asked_for(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    run.executes(registered("Zebulon"))
    quiet = run("projections", "catch-up")
    monkeypatch.setenv("CRMCORE_LOG", "info")
    run.executes(registered("Zebulonia", at="2026-01-06T09:00:00Z"))
    told = run("--log-level", "debug", "projections", "catch-up")
    assert quiet.err == ""
    lines = [json.loads(line) for line in told.err.splitlines()]
    assert {"batch"} == {line["event"] for line in lines}
    assert all(line["time"].endswith("Z") for line in lines)
    assert "Zebulon" not in told.err


def test_a_level_that_is_none_is_a_wrong_call(run: CommandLine) -> None:
    refused = run("--log-level", "loud", "projections", "status")
    assert (refused.status, "debug, info, warning, error" in refused.complaint) == (2, True)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["history", "x", "--json"], ["--json", "history", "x"]),
        (["history", "--db", "u", "x"], ["--db", "u", "history", "x"]),
        (["history", "x", "--db=u", "--tenant", "t"], ["--db=u", "--tenant", "t", "history", "x"]),
        (["catch-up", "--projections", "a:B"], ["--projections", "a:B", "catch-up"]),
        (["history", "--", "--json"], ["history", "--", "--json"]),
        (["history", "x", "--db"], ["history", "x", "--db"]),
        ([], []),
    ],
)
def test_the_options_of_crmcore_may_stand_anywhere(argv: list[str], expected: list[str]) -> None:
    assert hoisted(argv) == expected


def test_the_version_and_the_help_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("crmcore ")
    assert main(["--help"]) == 0
    assert "service-levels" in capsys.readouterr().out
    assert main(["customers", "find", "-h"]) == 0


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["history"],
        ["history", "x", "--nonsense"],
        ["service-levels", "--by", "colour"],
        ["service-levels", "--mode", "colour"],
        ["customers", "find", "x", "--limit", "0"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_ends_with_2(run: CommandLine, argv: list[str]) -> None:
    done = run(*argv)
    assert (done.status, done.out) == (2, "")
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("nonsense", "is not a database URL"),
        ("mysql://host/db", "mysql is not supported"),
        ("sqlite://", "an in-memory SQLite database is lost"),
        ("sqlite:////nowhere/crm.db", "the folder /nowhere does not exist"),
        ("postgresql://nobody@127.0.0.1:1/none", "127.0.0.1"),
    ],
)
@pytest.mark.parametrize("tenant", [(), ("--tenant", "acme")], ids=["alone", "tenant"])
def test_a_database_that_cannot_be_is_one_line(
    run: CommandLine, url: str, reason: str, tenant: tuple[str, ...]
) -> None:
    done = run("--db", url, "campaigns", "--json", *tenant)
    assert done.status == 1
    assert reason in done.complaint
    assert done.document["error"]["message"] in done.complaint


def test_what_should_not_happen_is_one_line_too(
    shop: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object, **_kwargs: object) -> None:
        raise ZeroDivisionError("of a kind")

    monkeypatch.setattr(crmcore.CRM, "catch_up", broken)
    done = shop("campaigns")
    assert done.status == 1
    assert "please report it: ZeroDivisionError: of a kind" in done.complaint
    monkeypatch.setenv("CRMCORE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        shop("campaigns")


def test_an_interruption_is_one_line(shop: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object, **_kwargs: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(crmcore.CRM, "verify", interrupted)
    done = shop("audit", "verify")
    assert (done.status, done.out) == (130, "")
    assert done.complaint == "crmcore: interrupted; what was recorded before is kept"


def test_without_click_it_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    importing = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "crmcore.cli.app":
            raise ModuleNotFoundError("No module named 'click'", name="click")
        return importing(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["--help"]) == 1
    assert "pip install 'crmcore[cli]'" in capsys.readouterr().err


def test_without_rich_it_answers_in_json_and_says_what_to_install_for_tables(
    shop: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == "rich"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, "rich", None)
    assert shop("campaigns", "--json").status == 0
    done = shop("campaigns")
    assert done.status == 1
    assert "pip install 'crmcore[cli]'" in done.complaint


def test_a_process_reads_its_input_and_its_environment(tmp_path: Path) -> None:
    env = {"CRMCORE_DB": f"sqlite:///{tmp_path / 'crm.db'}"}
    lines = as_lines([registered("Ada"), {"command": "nonsense"}])
    done = process("execute", "-", stdin=lines, env=env)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("crmcore: line 2: ")
    assert "1 executed" in done.stdout
    found = process("customers", "find", "ada", env=env | {"PYTHONIOENCODING": "ascii"})
    assert (found.returncode, found.stderr) == (0, "")
    assert "Ada" in found.stdout


def test_a_reader_that_leaves_early_is_no_trouble(company_file: Path) -> None:
    argv = [sys.executable, "-m", "crmcore", "--db", f"sqlite:///{company_file}", "commands"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        writer.stdout.close()
        assert writer.stderr.read() == b""
        assert writer.wait(timeout=PATIENCE) == 141


@pytest.mark.parametrize("argv", [("campaigns",), ("--help",), ("--version",)], ids=" ".join)
def test_a_closed_output_is_no_trouble(company_file: Path, argv: tuple[str, ...]) -> None:
    words = [sys.executable, "-m", "crmcore", "--db", f"sqlite:///{company_file}", *argv]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *words],
        stderr=subprocess.PIPE,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


INTERRUPTIBLE = (  # which is what a shell's background job is not
    "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from crmcore.cli import main; sys.exit(main())"
)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_following_outlives_an_output_that_is_full(company_file: Path) -> None:
    argv = ["--db", f"sqlite:///{company_file}", "projections", "catch-up", "--follow"]
    with (
        Path("/dev/full").open("w") as full,
        subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, *argv],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        ) as follower,
    ):
        assert follower.stderr is not None
        assert "tried again every 2 s: [Errno 28] No space" in follower.stderr.readline()
        follower.send_signal(signal.SIGINT)
        assert "interrupted" in follower.stderr.read()
        assert follower.wait(timeout=PATIENCE) == 130


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
def test_where_neither_stream_takes_a_word_the_status_says_it() -> None:
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "crmcore", "--version"]
        done = subprocess.run(words, stdout=full, stderr=full, timeout=PATIENCE, check=False)
    assert done.returncode == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_json_is_utf8_or_escaped_whatever_the_encoding_of_the_stream(
    tmp_path: Path, encoding: str
) -> None:
    database = f"sqlite:///{tmp_path / 'crm.db'}"
    names = ["Işık", "ÅSA", "李", "😀"]
    lines = as_lines(
        [registered(f"Ada {name}") for name in names] + [{"command": "Işık\ud800", "by": "A"}]
    )
    env = {**os.environ, "PYTHONIOENCODING": encoding, "CRMCORE_DB": database}
    argv = [sys.executable, "-m", "crmcore", "--json"]
    done = subprocess.run(
        [*argv, "execute", "-"], input=lines.encode(), env=env, capture_output=True, check=False
    )
    assert done.returncode == 1
    found = subprocess.run(
        [*argv, "customers", "find", "ada"], env=env, capture_output=True, check=True
    )
    refusal = json.loads(done.stdout.decode().splitlines()[0])["refused"]
    assert refusal["line"] == 5
    assert "Işık\\ud800" in refusal["reason"]
    customers = json.loads(found.stdout.decode())["customers"]
    assert sorted(one["name"] for one in customers) == sorted(f"Ada {name}" for name in names)
    if encoding != "utf-8":
        assert found.stdout.isascii()


def test_a_file_whose_name_is_no_text_is_told_of_all_the_same(tmp_path: Path) -> None:
    name = os.fsencode(tmp_path) + b"/\xff\x1b.jsonl"
    done = subprocess.run(
        [sys.executable, "-m", "crmcore", "--json", "execute", name],
        env={**os.environ, "CRMCORE_DB": f"sqlite:///{tmp_path / 'crm.db'}"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1
    assert "cannot be read: No such file" in json.loads(done.stdout)["error"]["message"]
    assert b"\\udcff\\x1b.jsonl" in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize("argv", [("campaigns",), ("--version",)], ids=" ".join)
def test_an_answer_that_cannot_be_written_is_said_in_a_line(
    company_file: Path, argv: tuple[str, ...]
) -> None:
    words = [sys.executable, "-m", "crmcore", "--db", f"sqlite:///{company_file}", *argv]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            words, stdout=full, stderr=subprocess.PIPE, text=True, timeout=PATIENCE, check=False
        )
    assert (done.returncode, done.stderr) == (
        1,
        "crmcore: the answer cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (("cases", "--as-of", "soon"), "--as-of: expected an instant"),
        (("cases", "--limit", "0"), "--limit"),
        (("cases", "--nonsense"), "No such option"),
        (("case",), "Missing argument"),
        (("nonsense",), "No such command"),
    ],
)
def test_a_wrong_call_answers_in_json_as_a_refusal_does(
    shop: CommandLine, argv: tuple[str, ...], says: str
) -> None:
    done = shop(*argv, "--json")
    assert done.status == 2
    assert done.document["error"]["kind"] == "wrong-call"
    assert says in done.document["error"]["message"]
    assert done.err


def test_an_address_is_whole_where_a_program_reads(run: CommandLine) -> None:
    email = "augusta.ada.king.countess.of.lovelace@analytical-engines.example.com"
    added = {"customer_id": key("Ada Lovelace"), "kind": "email", "value": email}
    run.executes(
        registered("Ada Lovelace"), sent("add-contact-point", point_id=key("point"), **added)
    )
    assert any(
        email in line and key("Ada Lovelace") in line
        for line in run("customers", "find", "ada").out.splitlines()
    )


COMMANDS = {words: entry for module in our_modules() for words, entry in module.COMMANDS.items()}


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_is_there_and_says_what_it_is_for(words: str, run: CommandLine) -> None:
    """Its function is named by data, and imported only when it is called."""
    shown = run(*words.split(), "--help")
    assert (shown.status, shown.err) == (0, "")
    _, said = COMMANDS[words]
    assert " ".join(said.split()) in " ".join(shown.out.split())


def test_the_commands_of_a_context_are_in_the_folder_of_its_name() -> None:
    folders = {module.__name__.split(".")[-2] for module in our_modules()}
    assert {context.name for context in crmcore.all_contexts()} <= folders
