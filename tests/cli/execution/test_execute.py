"""`crmcore execute`: every bad line is told of in a line, and holds up no other."""

import gzip
import io
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import crmcore
from crmcore.cli.execution import execute, lines
from crmcore.cli.interruption import held
from tests.cli.command_line import CommandLine, as_lines, bought, key, registered, sent
from tests.patience import PATIENCE

GOOD = registered("Ada Lovelace")
DEEP = b'{"command": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def line(**changes: object) -> bytes:
    return json.dumps(registered("Grace Hopper") | changes).encode()


BAD = {
    "malformed JSON": (b'{"command": ', "expected a JSON object on one line: Expecting value at "),
    "not an object": (b"[1, 2]", "expected an object"),
    "a number": (b"17", "expected an object"),
    "no command": (b'{"by": "Ada"}', '"command": expected the topic'),
    "a command that is no text": (line(command=7), '"command": expected the topic'),
    "an unknown command": (line(command="registr-customer"), "did you mean register-customer"),
    "no sender": (line(by=None), '"by": expected who sends'),
    "a sender that is no text": (line(by=7), '"by": expected who sends'),
    "a blank sender": (line(by="  "), '"by": expected who sends'),
    "a bad command id": (line(command_id="x"), '"command_id": expected a UUID'),
    "a command id that is a number": (line(command_id=7), '"command_id": expected a UUID'),
    "a bad version": (line(expected_version=True), '"expected_version": expected 0 or more'),
    "a negative version": (line(expected_version=-1), '"expected_version": expected 0 or more'),
    "a source that is no text": (line(source=7), '"source": expected text'),
    "an unknown field": (line(nme="x"), "nme: there is no such field: did you mean name?"),
    "a field of a wrong type": (line(name=7), "expected text"),
    "a missing field": (b'{"command": "register-customer", "by": "A"}', "register-customer: "),
    "a naive instant": (line(at="2026-01-05T09:00:00"), "at"),
    "an instant to come": (line(at="2999-01-05T09:00:00Z"), "expected an instant that has come"),
    "NaN": (b'{"command": "register-customer", "by": NaN}', "got NaN"),
    "Infinity": (b'{"x": -Infinity}', "got -Infinity"),
    "a vast number": (b'{"x": 1e99999999999999999999}', "a number of a sensible size"),
    "a vast whole number": (b'{"x": ' + b"9" * 5_000 + b"}", "a number of a sensible size"),
    "a field that stands twice": (b'{"by": "A", "by": "B"}', "'by' stands twice"),
    "deep nesting": (DEEP, "less deeply nested"),
    "no UTF-8": (b'{"by": "\xff"}', "expected UTF-8 text, byte 9 is not"),
    "UTF-16": ('{"by": "A"}'.encode("utf-16"), "expected UTF-8 text"),
    "a lone surrogate": (rb'{"command": "\ud800", "by": "A"}', "unknown command"),
    "a lone surrogate in a name": (line(name="\ud800"), "name"),
    "a zero byte": (b'{"by": "\x00"}', "expected a JSON object on one line: "),
    "an unknown customer": (
        json.dumps(bought("Nobody", "o", "1.00", "2026-01-10T12:00:00Z")).encode(),
        "customer",
    ),
    "impossible money": (
        json.dumps(bought("Ada Lovelace", "o", "1e400", "2026-01-10T12:00:00Z")).encode(),
        "amount",
    ),
    "other particulars": (line(customer_id=key("Ada Lovelace")), "exists already"),
    "another version": (line(expected_version=3), "is at version 0, expected 3"),
}


@pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD.keys())
def test_a_bad_line_gives_one_line_and_holds_up_no_other(
    run: CommandLine, tmp_path: Path, bad: bytes, reason: str
) -> None:
    file = tmp_path / "commands.jsonl"
    last = registered("Zoe")
    file.write_bytes(json.dumps(GOOD).encode() + b"\n" + bad + b"\n" + json.dumps(last).encode())
    done = run("execute", str(file))
    assert done.status == 1
    assert done.complaint.startswith("crmcore: line 2: ")
    assert reason in done.complaint
    assert "2 executed, 0 unchanged, 1 refused: 2 events recorded" in done.out


@pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD.keys())
def test_with_stop_what_was_accepted_before_is_kept_and_the_rest_is_not_looked_at(
    run: CommandLine, tmp_path: Path, bad: bytes, reason: str
) -> None:
    file = tmp_path / "commands.jsonl"
    file.write_bytes(
        as_lines([GOOD]).encode() + bad + b"\n" + line(customer_id=key("Zoe")) + b"\nx"
    )
    done = run("--json", "execute", str(file), "--stop")
    assert done.status == 1
    assert reason in done.complaint
    refused, summary = done.documents
    assert refused["refused"]["line"] == 2
    assert refused["refused"]["reason"] in done.complaint
    assert summary["summary"] == {
        "executed": 1,
        "unchanged": 0,
        "refused": 1,
        "events": 1,
        "position": 1,
    }


def test_in_json_a_refused_line_names_all_that_is_wrong_by_field(
    run: CommandLine, tmp_path: Path
) -> None:
    """A command that cannot be read, and one that is refused: a form shows both at their fields."""
    file = tmp_path / "commands.jsonl"
    point = sent(
        "add-contact-point",
        customer_id=key("Ada Lovelace"),
        point_id=key("point"),
        kind="email",
        value="nobody",
    )
    unread = registered("Zoe") | {"kind": "robot", "name": 7}
    lead = sent("capture-lead", lead_id=key("lead"), source="website", email="nobody")
    file.write_text(as_lines([GOOD, unread, point, lead]))
    done = run("--json", "execute", str(file))
    assert [one["field"] for one in done.documents[0]["refused"]["errors"]] == ["kind", "name"]
    assert [one["refused"]["errors"][0]["field"] for one in done.documents[1:3]] == [
        "value",
        "email",
    ]
    assert "nobody" not in done.out + done.err


def test_with_stop_the_first_refusal_counts_be_it_read_or_decided(run: CommandLine) -> None:
    twice = registered("Ada Lovelace") | {"name": "Grace"}
    run.database.with_suffix(".txt").write_text(as_lines([GOOD, twice]) + "x\n")
    done = run("execute", "--stop", str(run.database.with_suffix(".txt")))
    assert "line 2: " in done.complaint
    assert "1 executed, 0 unchanged, 1 refused" in done.out


def test_blank_lines_a_byte_order_mark_and_windows_ends_are_no_trouble(
    run: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "commands.jsonl"
    one, other = (json.dumps(registered(name)).encode() for name in ("Ada", "Grace"))
    file.write_bytes(b"\xef\xbb\xbf" + one + b"\r\n\r\n  \n" + other)
    done = run("execute", str(file))
    assert (done.status, done.err) == (0, "")
    assert "2 executed" in done.out


def test_a_huge_line_is_refused_and_the_next_one_read(run: CommandLine, tmp_path: Path) -> None:
    found = list(lines.lines(io.BytesIO(b"a" * 25 + b"\n" + b"b" * 10 + b"\n" + b"c" * 99), 10))
    assert found == [lines.Line(1, None), lines.Line(2, b"b" * 10 + b"\n"), lines.Line(3, None)]
    file = tmp_path / "commands.jsonl"
    file.write_bytes(b"[" * (lines.LONGEST + 2) + b"\n" + as_lines([GOOD]).encode())
    done = run("execute", str(file))
    assert done.complaint == "crmcore: line 1: expected at most 4,194,304 bytes"
    assert "1 executed" in done.out


def test_batches_count_together_and_lines_keep_their_numbers(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "BATCH", 2)
    commands = [registered(f"Customer {number}") for number in range(5)]
    commands[3] = sent("register-customer", name="no id")
    done = run.executes(*commands, status=1)
    assert done.complaint.startswith("crmcore: line 4: ")
    assert "4 executed, 0 unchanged, 1 refused: 4 events recorded" in done.out
    assert "log is at position 4" in done.out
    again = run.executes(*commands, status=1)
    assert "0 executed, 4 unchanged, 1 refused: 0 events recorded." in again.out


def test_ids_and_senders_are_recorded(run: CommandLine) -> None:
    ids = {name: key(name) for name in ("command_id", "correlation_id", "causation_id")}
    command = registered("Ada") | ids | {"source": "web shop", "expected_version": 0}
    del command["by"]
    file = run.database.with_suffix(".jsonl")
    file.write_text(as_lines([command, command]))
    done = run("execute", str(file), "--by", "importer")
    assert "1 executed, 1 unchanged" in done.out
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        [event] = crm.events()
    assert (event.actor, event.source) == ("importer", "web shop")
    assert {name: str(getattr(event, name)) for name in ids} == ids


def test_a_source_of_the_command_itself_is_left_to_the_command(run: CommandLine) -> None:
    linked = sent(
        "link-external-identity", customer_id=key("Ada"), source="old crm", external_id="7"
    )
    file = run.database.with_suffix(".jsonl")
    file.write_text(as_lines([registered("Ada"), linked]))
    assert run("execute", str(file), "--source", "nightly").status == 0
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        *_, event = crm.events()
    assert (event.event.source, event.source) == ("old crm", "nightly")


def test_numbers_stay_exact(run: CommandLine) -> None:
    command = bought("Ada", "o", "1.00", "2026-01-10T12:00:00Z")
    text = (
        json.dumps(command)
        .replace('"quantity": "1"', '"quantity": 0.100')
        .replace('"amount": "1.00"', '"amount": 19.90')
    )
    file = run.database.with_suffix(".jsonl")
    file.write_text(as_lines([registered("Ada")]) + text)
    assert run("execute", str(file)).status == 0
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        *_, event = crm.events()
    assert '"19.90"' in event.data
    assert '"0.100"' in event.data


def test_standard_input_is_read(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(as_lines([GOOD]).encode()))
    monkeypatch.setattr("sys.stdin", stream)
    assert "1 executed" in run("execute", "-").out


@pytest.mark.parametrize("named", ["file", "-"])
def test_a_compressed_file_is_one_line_and_makes_no_database(
    named: str, run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = run.database.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(as_lines([GOOD]).encode()))
    with packed.open("rb") as stream:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(stream))
        done = run("execute", str(packed) if named == "file" else "-")
    assert done.status == 1
    assert "is compressed by gzip: `gunzip -c FILE.gz | crmcore execute -`" in done.complaint
    assert not run.database.exists()


@pytest.mark.parametrize("name", ["missing.jsonl", ".", "nul\0byte"])
def test_a_file_that_cannot_be_read_is_one_line_and_makes_no_database(
    run: CommandLine, tmp_path: Path, name: str
) -> None:
    done = run("execute", str(tmp_path / name))
    assert done.status == 1
    assert "cannot be read" in done.complaint
    assert not run.database.exists()


def test_a_closed_standard_input_is_one_line(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", None)
    done = run("execute", "-")
    assert (done.status, done.complaint) == (
        1,
        "crmcore: -: cannot be read: standard input is closed",
    )


def test_a_reader_who_leaves_ends_it_early_and_is_told_what_is_kept(
    run: CommandLine, tmp_path: Path
) -> None:
    file = tmp_path / "commands.jsonl"
    bad = [{"command": "nonsense", "by": "A", "number": number} for number in range(2_000)]
    file.write_text(as_lines([*(registered(f"Customer {number}") for number in range(20)), *bad]))
    argv = ["--json", "--db", f"sqlite:///{run.database}", "execute", str(file)]
    with subprocess.Popen(
        [sys.executable, "-m", "crmcore", *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as writer:
        assert writer.stdout is not None
        assert writer.stderr is not None
        writer.stdout.close()
        *_, last = writer.stderr.read().decode().splitlines()
        assert writer.wait(timeout=PATIENCE) == 141
    assert last.startswith("crmcore: ended early, for nobody reads the answer; up to line ")
    assert "20 executed" in last


def test_what_ends_it_is_one_line_of_json_behind_those_of_the_refusals(
    run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "BATCH", 1)
    whole = crmcore.CRM.execute_many

    def full(crm: crmcore.CRM, commands: object, **kwargs: object) -> crmcore.Batch:
        if crm.position == 1:
            raise crmcore.errors.StoreFullError("crm.db: disk full: free some space")
        return whole(crm, commands, **kwargs)  # type: ignore[arg-type]  # a method taken from its class

    monkeypatch.setattr(crmcore.CRM, "execute_many", full)
    file = tmp_path / "commands.jsonl"
    file.write_text("x\n" + as_lines(registered(name) for name in ("A", "B")))
    done = run("--json", "execute", str(file))
    refusal, ended = done.documents
    assert refusal["refused"]["line"] == 1
    assert ended["error"]["kind"] == "StoreFullError"


def test_an_interruption_says_what_is_kept(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "BATCH", 1)
    reading, seen = lines.read, []

    def interrupted(*args: object) -> crmcore.Envelope:
        seen.append(args)
        if len(seen) == 3:
            raise KeyboardInterrupt
        return reading(*args)  # type: ignore[arg-type]  # a method taken from its class

    monkeypatch.setattr(execute, "read", interrupted)
    done = run.executes(*(registered(name) for name in ("A", "B", "C")), status=130)
    assert done.complaint == (
        "crmcore: interrupted; up to line 2 all is done and kept: 2 executed, 0 unchanged,"
        " 0 refused: 2 events recorded, the log is at position 2."
    )
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        assert crm.position == 2


@pytest.mark.parametrize("refused", [False, True], ids=["all sound", "one refused"])
def test_an_interruption_while_a_transaction_commits_counts_what_it_recorded(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    whole = crmcore.CRM.execute_many

    def interrupted(crm: crmcore.CRM, *args: Any, **kwargs: Any) -> crmcore.Batch:
        done = whole(crm, *args, **kwargs)
        signal.raise_signal(signal.SIGINT)
        return done

    monkeypatch.setattr(crmcore.CRM, "execute_many", interrupted)
    commands = [registered(f"Customer {number}") for number in range(700)]
    commands[3] |= {"name": ""} if refused else {}
    done = run.executes(*commands, status=130)
    *refusals, last = done.err.splitlines()
    assert [line[:16] for line in refusals] == ["crmcore: line 4:"] * refused
    assert last == (
        f"crmcore: interrupted; up to line 500 all is done and kept: {500 - refused} executed,"
        f" 0 unchanged, {int(refused)} refused: {500 - refused} events recorded, the log is at"
        f" position {500 - refused}."
    )
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        assert crm.position == 500 - refused
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_interruption_does_not_wait() -> None:
    def twice() -> None:
        with held():
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            pytest.fail("it waited")

    with pytest.raises(KeyboardInterrupt):
        twice()


def test_trouble_with_the_database_says_what_is_kept(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execute, "BATCH", 1)
    whole = crmcore.CRM.execute_many

    def full(crm: crmcore.CRM, commands: object, **kwargs: object) -> crmcore.Batch:
        if crm.position == 1:
            raise crmcore.errors.StoreFullError("crm.db: disk full: free some space")
        return whole(crm, commands, **kwargs)  # type: ignore[arg-type]  # a method taken from its class

    monkeypatch.setattr(crmcore.CRM, "execute_many", full)
    done = run.executes(*(registered(name) for name in ("A", "B", "C")), status=1)
    assert "disk full: free some space; up to line 1 all is done and kept" in done.complaint
