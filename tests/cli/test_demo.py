"""`crmcore demo`: all of it on a small company's files, and what breaks its promises."""

import shlex
from pathlib import Path

import attrs
import pytest

import crmcore
from crmcore.cli.demo import parts as demo_parts
from tests.cli.command_line import CommandLine, registered
from tests.cli.imports.import_examples import REST, SMALL, journey, requests

ON_TIME = f"1,2015-01-05 15:22:38,2015-01-20 08:30:00,2015-01-08 10:00:00,ONTIME,Closed,{REST}"
OVERDUE = f"2,2015-01-05 15:22:38,2015-01-06 08:30:00,2015-01-08 10:00:00,OVERDUE,Closed,{REST}"
SILENT = f"3,2015-01-05 15:22:38,2015-01-06 08:30:00,2015-01-08 10:00:00,,Closed,{REST}"
WRONG = f"4,2015-01-05 15:22:38,2015-01-06 08:30:00,2015-01-08 10:00:00,ONTIME,Closed,{REST}"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    for name in ("completejourney", "boston311"):
        (folder / name).mkdir(parents=True)
    journey(folder / "completejourney")
    requests(folder / "boston311", ON_TIME, OVERDUE, SILENT)
    return folder


def test_the_demo_shows_every_part_and_leaves_nothing_behind(run: CommandLine, data: Path) -> None:
    done = run("demo", "--data", str(data))
    assert (done.status, done.err) == (0, "")
    for words in (
        "Imported through commands",
        "quantity: expected 1 or more, got 0: nothing was sold on this line",
        "events into 9 read models",
        "Household 7",
        "platinum",
        "Assumed: 0.50 USD for each mailing",
        "2 of 2 verdicts agree with the city's own, row by row (1 more without",
        "The chain is intact: ",
        "commands again: 0 new events.",
        "crmcore demo --keep demo.db",
    ):
        assert words in done.out
    assert max(map(len, done.out.partition("What to try")[0].splitlines())) <= 80
    assert not run.database.exists()


def test_the_demo_is_one_document_for_programs(run: CommandLine, data: Path) -> None:
    document = run("demo", "--data", str(data), "--json").document
    assert document["promises_kept"] is True
    assert [one["name"] for one in document["imported"]] == ["completejourney", "boston311"]
    assert document["loyal_household"]["history"]["name"] == "Household 7"
    assert document["service_levels"]["agreement"]["agree"] == 2
    assert document["second_import"]["events"] == 0
    assert document["audit"]["intact"] is True


def test_what_it_says_to_try_works_on_the_kept_file(
    run: CommandLine, data: Path, tmp_path: Path
) -> None:
    kept = tmp_path / "demo.db"
    document = run("demo", "--keep", str(kept), "--data", str(data), "--json").document
    assert len(document["next"]) > 5
    for line in document["next"]:
        _, *argv = shlex.split(line)
        done = run(*argv)
        assert (done.status, done.err) == (0, ""), line
        assert done.out


def test_an_earlier_demo_is_replaced_and_nothing_else_is(
    run: CommandLine, data: Path, tmp_path: Path
) -> None:
    again = ("demo", str(tmp_path / "demo.db"), "--data", str(data), "--json")
    first, second = run(*again).document, run(*again).document
    assert first["imported"][0]["executed"] == second["imported"][0]["executed"] > 0
    run.executes(registered("Ada"))
    done = run("demo", "--keep", "--data", str(data))
    assert done.status == 1
    assert "holds other records, which the demo leaves alone" in done.complaint
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        assert crm.position == 1


def test_the_demo_keeps_the_database_of_db(run: CommandLine, data: Path) -> None:
    assert run("demo", "--keep", "--data", str(data), "--json").document["promises_kept"]
    assert run("audit", "verify").status == 0


def test_a_verdict_that_is_not_the_citys_breaks_a_promise(run: CommandLine, data: Path) -> None:
    requests(data / "boston311", ON_TIME, WRONG)
    done = run("demo", "--data", str(data))
    assert done.status == 1
    assert "1 of 2 verdicts agree" in done.out
    assert "case 4: breached here, met by the city" in done.out


def test_a_broken_chain_and_a_second_import_that_records_break_promises(
    run: CommandLine, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = crmcore.CRM.verify

    def verify(crm: crmcore.CRM) -> object:
        return attrs.evolve(broken(crm), broken_at=3, reason="the record is missing")

    monkeypatch.setattr(crmcore.CRM, "verify", verify)
    assert run("demo", "--data", str(data)).status == 1
    monkeypatch.undo()
    assert demo_parts.second_import([], 1).holds is False


def test_rules_that_refuse_are_counted_with_the_first_few(run: CommandLine, data: Path) -> None:
    twice = SMALL["transactions"].replace("7,300,102", "7,300,100")
    journey(data / "completejourney", transactions=twice)
    done = run("demo", "--data", str(data), "--json")
    [panel, _] = done.document["imported"]
    assert sum(one["count"] for one in panel["refused"]["rows"]) > 1


@pytest.mark.parametrize("empty", [True, False])
def test_data_that_is_not_there_is_one_line(run: CommandLine, tmp_path: Path, empty: bool) -> None:
    if empty:
        for name in ("completejourney", "boston311"):
            (tmp_path / name).mkdir()
    done = run("demo", "--data", str(tmp_path))
    assert done.status == 1
    assert "expected" in done.complaint
