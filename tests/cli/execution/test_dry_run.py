"""`crmcore execute --dry-run`: what each line would do is told, and nothing is written."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import crmcore
from tests.cli.command_line import CommandLine, as_lines, key, opened, registered, sent
from tests.histories import History, histories

AT = "2026-01-12T08:00:00Z"
LATER = "2026-01-12T09:00:00Z"
MANY = 501  # one more than are read ahead


def numbered(name: str, number: str) -> dict[str, Any]:
    return {**opened(name, AT, "2026-02-01T00:00:00Z"), "number": number}


def solved(case: str) -> dict[str, Any]:
    return sent("solve-case", LATER, case_id=case, resolution_code="done")


def written(folder: Path, *commands: dict[str, Any], more: str = "") -> str:
    file = folder / "wanted.jsonl"
    file.write_text(as_lines(commands) + more, encoding="utf-8")
    return str(file)


@pytest.fixture
def ada(run: CommandLine) -> None:
    """A log with a customer in it."""
    run.executes(registered("Ada"))


@pytest.mark.usefixtures("ada")
def test_each_line_tells_what_it_would_do(run: CommandLine, tmp_path: Path) -> None:
    file = written(
        tmp_path,
        registered("Ada"),
        registered("Bob"),
        sent("correct-customer-name", LATER, customer_id=key("Bob"), name="Bo"),
        sent("correct-customer-name", LATER, customer_id=key("Cleo"), name="Clea"),
        more="{\n",
    )
    before = run.database.read_bytes()
    done = run("execute", "--dry-run", file)
    assert done.status == 1
    assert done.out.splitlines()[:3] == [
        "line 1: would change nothing",
        "line 2: would record customer-registered",
        "line 3: would record customer-name-corrected",
    ]
    assert " ".join(done.out.split()).endswith(
        "2 would be executed, 1 unchanged, 2 refused: 2 events would be recorded."
        " Nothing was written."
    )
    refused = done.err.splitlines()
    assert refused[0].startswith("crmcore: line 4: there is no customer")
    assert refused[1].startswith("crmcore: line 5: expected a JSON object")
    assert run.database.read_bytes() == before


@pytest.mark.usefixtures("ada")
def test_for_programs_a_line_is_a_preview(run: CommandLine, tmp_path: Path) -> None:
    done = run("--json", "execute", "--dry-run", written(tmp_path, registered("Bob")))
    assert done.status == 0
    line, summary = done.documents
    assert line["line"] == 1
    (event,) = line["preview"]["events"]
    assert (event["topic"], event["stream_version"]) == ("customer-registered", 1)
    assert event["fields"]["name"] == "Bob"
    assert summary == {
        "summary": {"executed": 1, "unchanged": 0, "refused": 0, "events": 1, "dry_run": True}
    }


@pytest.mark.usefixtures("ada")
def test_it_ends_at_the_first_refused_line_where_that_was_asked(
    run: CommandLine, tmp_path: Path
) -> None:
    nobody = sent("correct-customer-name", LATER, customer_id=key("Cleo"), name="Clea")
    for first in (written(tmp_path, nobody, registered("Bob")), written(tmp_path, more="{\n{\n")):
        done = run("execute", "--dry-run", "--stop", first)
        assert done.status == 1
        assert len(done.err.splitlines()) == 1
        assert "0 would be executed, 0 unchanged, 1 refused" in " ".join(done.out.split())


def test_where_there_is_no_log_none_is_made(run: CommandLine, tmp_path: Path) -> None:
    file = written(tmp_path, registered("Ada"), registered("Ada"))
    done = run("execute", "--dry-run", file)
    assert done.status == 0
    assert done.complaint.endswith("there is no such file: decided as on an empty log")
    assert done.out.startswith(
        "line 1: would record customer-registered\nline 2: would change nothing\n"
    )
    assert [one.name for one in tmp_path.iterdir()] == ["wanted.jsonl"]


def test_cases_are_named_by_numbers_of_the_file_and_of_the_log(
    run: CommandLine, tmp_path: Path
) -> None:
    run.executes(numbered("N-1", "N-1"))
    wanted = [
        *(solved("N-1"), numbered("N-2", "N-2"), solved("N-2"), solved("N-9")),
        numbered("N-3", "N-1"),  # which has a case already
        *(registered("Ada") for _ in range(MANY)),
        *(sent("close-case", LATER, case_id=number) for number in ("N-2", "N-1")),
    ]
    file = written(tmp_path, *wanted)
    before = run.database.read_bytes()
    foreseen = run("--json", "execute", "--dry-run", file)
    assert run.database.read_bytes() == before
    done = run("--json", "execute", file)
    told, found = foreseen.documents[-1]["summary"], done.documents[-1]["summary"]
    assert {name: told[name] for name in ("executed", "unchanged", "refused", "events")} == {
        name: found[name] for name in ("executed", "unchanged", "refused", "events")
    }
    assert foreseen.err == done.err
    assert told["refused"] == 2


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(histories(most=30))
def test_what_it_tells_is_what_then_happens(
    run: CommandLine, tmp_path: Path, history: History
) -> None:
    run.database.unlink(missing_ok=True)
    with crmcore.open("sqlite:////dry-run-fields?vfs=memdb") as crm:
        lines = [{"command": one.TOPIC, "by": "Ada", **crm.fields(one)} for one in history]
    file = written(tmp_path, *json.loads(json.dumps(lines)))
    foreseen = run("--json", "execute", "--dry-run", file)
    done = run("--json", "execute", file)
    told, found = foreseen.documents[-1]["summary"], done.documents[-1]["summary"]
    assert {**told, "position": found["events"] or None} == {**found, "dry_run": True}
    assert foreseen.err.splitlines()[1:] == done.err.splitlines()
    topics = [
        event["topic"]
        for line in foreseen.documents
        if "preview" in line
        for event in line["preview"]["events"]
    ]
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        assert topics == [one.topic for one in crm.events()]
