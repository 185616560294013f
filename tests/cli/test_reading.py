"""The questions: what each command answers, to people and to programs, and what it says when it cannot."""

import json
import shutil
import sqlite3
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import create_engine, text

import crmcore
from crmcore.cli.instants import beginning, end, last_moment
from crmcore.cli.projections import status as projections
from tests.cli.command_line import CommandLine, bought, key, registered, sent

QUESTIONS = {
    "history": ("history", "ada@example.com"),
    "history as of": (
        "history",
        "Ada Lovelace",
        "--as-of",
        "2026-01-07",
        "--known-at",
        "2999-01-01",
    ),
    "loyalty": ("loyalty", key("Ada Lovelace")),
    "loyalty as of": ("loyalty", "ada lovelace", "--as-of", "2026-01-31"),
    "service levels": ("service-levels",),
    "service levels by queue": ("service-levels", "--by", "queue", "--mode", "completed"),
    "service levels of a time": ("service-levels", "--from", "2026-01-12", "--to", "2026-01-31"),
    "service levels per case": ("service-levels", "--per", "case", "--by", "agent"),
    "service levels over time": ("service-levels", "--period", "week", "--zone", "Asia/Tokyo"),
    "service metrics": ("service-metrics", "--hours", "Mon-Fri 09:00-17:00", "--definitions"),
    "service metric": ("service-metrics", "handled-by-agent", "requests-per-week"),
    "cases": ("cases",),
    "cases as of": ("cases", "--as-of", "2026-01-11T10:00:00Z"),
    "escalations": ("escalations",),
    "escalations until": ("escalations", "--until", "2026-01-31", "--limit", "1"),
    "case by number": ("case", "C-1"),
    "case by id": ("case", key("C-2").upper(), "--as-of", "2026-01-12T10:00:00Z"),
    "campaigns": ("campaigns",),
    "feedback": ("feedback",),
    "customers find": ("customers", "find", "a"),
    "customers find none": ("customers", "find", "zzz"),
    "projections status": ("projections", "status"),
    "projections catch-up": ("projections", "catch-up"),
    "audit verify": ("audit", "verify"),
}


@pytest.mark.parametrize("argv", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_a_question_is_answered_to_people_and_to_programs(
    shop: CommandLine, argv: tuple[str, ...]
) -> None:
    shown, told = shop(*argv), shop(*argv, "--json")
    assert (shown.status, told.status, shown.err, told.err) == (0, 0, "", "")
    assert isinstance(told.document, dict)
    assert not set("{}") & set(shown.out)
    if argv[:2] != ("customers", "find"):  # where an address is to be copied, and never wrapped
        assert max(map(len, shown.out.splitlines())) <= 80


@pytest.mark.parametrize("argv", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_without_a_database_a_question_says_so_and_makes_none(
    run: CommandLine, argv: tuple[str, ...]
) -> None:
    done = run(*argv)
    assert done.status == 1
    assert "there is no such file: name another with --db" in done.complaint
    assert not run.database.exists()
    assert run(*argv, "--json").document["error"]["kind"] == "failed"


def test_a_history_says_when_what_and_who(shop: CommandLine) -> None:
    out = shop("history", "ada lovelace").out
    assert "5 entries from 2026-01-05 to 2026-02-10: customers 3, sales 2" in out
    assert "note: Prefers tea [bold]strong[/bold]" in out
    assert "bought Green tea for 600.00 USD (store)" in out
    assert "Who" in out
    document = shop("history", key("Ada Lovelace"), "--json").document
    assert (document["name"], document["count"]) == ("Ada Lovelace", 5)
    entry = document["entries"][-1]
    assert (entry["topic"], entry["actor"]) == ("order-placed", "Ada")
    assert entry["details"]["net"] == {"amount": "200.50", "currency": "USD"}


def test_the_last_entries_of_a_history_are_enough_for_a_long_one(shop: CommandLine) -> None:
    out = shop("history", "ada lovelace", "--last", "2").out
    assert "5 entries" in out
    assert "The last 2:" in out
    assert "note: Prefers tea" not in out
    assert "The last one:" in shop("history", "ada lovelace", "--last", "1").out
    document = shop("history", "ada lovelace", "--last", "2", "--json").document
    assert (document["count"], len(document["entries"])) == (5, 2)


def test_one_entry_is_one_entry(run: CommandLine) -> None:
    assert "1 event recorded" in run.executes(registered("Ada")).out
    assert "1 entry from" in run("history", "ada").out


def test_a_history_as_of_a_day_has_all_of_the_day(shop: CommandLine) -> None:
    as_of = shop("history", "ada lovelace", "--as-of", "2026-01-10", "--json").document
    assert as_of["count"] == 4
    before = shop("history", "ada lovelace", "--as-of", "2026-01-10T11:59:59Z", "--json").document
    assert before["count"] == 3
    unknown = shop("history", "ada lovelace", "--known-at", "2026-02-11")
    assert "nothing is known of" in unknown.complaint  # it was recorded later, by this test


def test_loyalty_counts_a_year_back_from_the_moment_asked_for(shop: CommandLine) -> None:
    document = shop("loyalty", "ada lovelace", "--as-of", "2026-02-28", "--json").document
    assert (document["tier"], document["points"], document["orders"]) == ("silver", 800, 2)
    assert document["to_next_tier"] == "699.50"
    shown = shop("loyalty", "ada lovelace", "--as-of", "2026-02-28").out
    assert "Ada Lovelace: silver" in shown
    assert "699.50 USD to gold" in shown
    assert "has bought nothing" in shop("loyalty", "grace hopper").complaint
    early = shop("loyalty", "ada lovelace", "--as-of", "2026-01-01")
    assert "has bought nothing by 2026-01-01" in early.complaint


def test_service_levels_count_met_and_breached(shop: CommandLine) -> None:
    document = shop("service-levels", "--by", "queue", "--json").document
    assert [(one["group"], one["met"], one["breached"]) for one in document["groups"]] == [
        ("north", 1, 0),
        ("south", 0, 1),
    ]
    assert document["total"]["rate"] == "0.5"
    later = shop("service-levels", "--from", "2026-01-12", "--to", "2026-01-13", "--json").document
    assert (later["total"]["met"], later["total"]["breached"]) == (0, 1)
    running = shop("service-levels", "--as-of", "2026-01-11T10:00:00Z", "--json").document
    assert running["total"]["running"] == 2
    backwards = shop("service-levels", "--from", "2026-01-13", "--to", "2026-01-12")
    assert backwards.status == 2
    assert "--from 2026-01-13 is not before --to 2026-01-12" in backwards.complaint


def test_a_case_tells_of_its_cycles_and_of_what_happened(shop: CommandLine) -> None:
    shown = shop("case", "C-1").out
    assert "3 h" in shown
    assert "met" in shown
    assert "case solved: sent again by Bo" in shown
    [cycle] = shop("case", "C-2", "--json").document["targets"]
    assert (cycle["verdict"], cycle["elapsed"], cycle["remaining"]) == (
        "breached",
        "P2DT10800S",
        "-P1DT10800S",
    )
    assert "there is no case 'C-9'" in shop("case", "C-9").complaint


def test_a_name_that_finds_several_lists_them(shop: CommandLine) -> None:
    shop.executes(*(registered(f"Grace {name}") for name in "ABCDE"))
    done = shop("history", "grace")
    assert "'grace' finds 6 customers" in done.complaint
    assert done.complaint.count("Grace ") == 4
    assert done.complaint.endswith("and 2 more")
    assert "no customer is found by 'zzz'" in shop("loyalty", "zzz").complaint
    assert shop("history", key("nobody")).complaint.startswith("crmcore: nothing is known of ")


def test_a_name_as_it_is_written_comes_before_those_that_fold_alike(shop: CommandLine) -> None:
    shop.executes(registered("José Díaz"), registered("Jose Diaz"))
    assert shop("history", "José Díaz", "--json").document["name"] == "José Díaz"
    assert shop("history", "Jose Diaz", "--json").document["name"] == "Jose Diaz"
    assert "'jose diaz' finds 2 customers" in shop("history", "jose diaz").complaint


def converted(customer: str, name: str, email: str) -> list[dict[str, Any]]:
    """A lead that was captured, worked on and converted, all after the customer was registered."""
    steps: list[tuple[str, dict[str, Any]]] = [
        ("capture-lead", {"source": "website", "name": name, "email": email}),
        ("assign-lead", {"assignee": "bob"}),
        ("accept-lead", {}),
        ("qualify-lead", {"stage": "sales"}),
        ("convert-lead", {"customer_id": key(customer)}),
    ]
    return [
        sent(topic, at=f"2026-02-1{day}T09:00:00Z", lead_id=key(email), **fields)
        for day, (topic, fields) in enumerate(steps)
    ]


def test_a_history_is_headed_by_the_customers_own_name_not_by_a_leads(shop: CommandLine) -> None:
    shop.executes(*converted("Ada Lovelace", "A. King", "king@example.com"))
    assert shop("history", key("Ada Lovelace")).out.startswith("Ada Lovelace\n")
    for question in ("history", "loyalty"):
        document = shop(question, key("Ada Lovelace"), "--json").document
        assert document["name"] == "Ada Lovelace"
    assert shop("history", key("king@example.com"), "--json").document["name"] == "A. King"


def test_a_history_is_headed_by_the_name_that_was_told_last_as_everywhere(
    shop: CommandLine,
) -> None:
    for name, at in (("Ada King", "2026-02-02T09:00:00Z"), ("Ada Byron", "2026-02-01T09:00:00Z")):
        shop.executes(
            sent("correct-customer-name", at=at, customer_id=key("Ada Lovelace"), name=name)
        )
    heading = shop("history", key("Ada Lovelace"), "--json").document["name"]
    [found] = shop("customers", "find", "ada", "--json").document["customers"]
    assert heading == found["name"] == "Ada Byron"


def test_campaigns_show_money_with_its_currency(shop: CommandLine) -> None:
    shop.executes(
        bought("Ada Lovelace", "o-9", "10.00", "2026-01-20T00:00:00Z", campaign_id=key("spring"))
    )
    [campaign] = shop("campaigns", "--json").document["campaigns"]
    assert (campaign["name"], campaign["purchases"], campaign["revenue"]) == ("Spring", 1, "10.00")
    assert "USD" in shop("campaigns").out
    entries = shop("history", "ada lovelace", "--json").document["entries"]
    assert any(entry["says"].endswith("(store) after Spring") for entry in entries)


@pytest.mark.parametrize("argv", [("campaigns",), ("service-levels",), ("projections", "status")])
def test_an_empty_log_has_answers(run: CommandLine, argv: tuple[str, ...]) -> None:
    crmcore.open(f"sqlite:///{run.database}").close()
    assert run(*argv).status == 0


def test_questions_catch_up_first_unless_stale_answers_will_do(shop: CommandLine) -> None:
    shop.executes(registered("Zoe"))
    stale = shop("customers", "find", "zoe", "--stale", "--json")
    assert stale.document["customers"] == []
    assert "customer_directory is 1 of " in stale.complaint
    fresh = shop("customers", "find", "zoe", "--json")
    assert [one["name"] for one in fresh.document["customers"]] == ["Zoe"]
    assert shop("customers", "find", "zoe", "--stale").err == ""


def test_stale_without_rows_says_what_helps(run: CommandLine) -> None:
    run.executes(registered("Zoe"))
    assert "projections catch-up" in run("customers", "find", "zoe", "--stale").complaint


def damaged(shop: CommandLine, statement: str) -> None:
    with closing(sqlite3.connect(shop.database)) as connection, connection:
        connection.execute(statement)


def test_a_broken_chain_is_told_with_the_position(shop: CommandLine) -> None:
    told = shop("audit", "verify")
    assert "The chain is intact: " in told.out
    assert shop("audit", "verify", "--json").document["head"] in told.out  # whole: to be kept
    damaged(shop, "UPDATE crm_events SET actor = 'Eve' WHERE position = 3")
    done = shop("audit", "verify")
    assert (done.status, done.err) == (1, "")
    assert "broken at position 3" in done.out
    told = shop("audit", "verify", "--json")
    assert (told.status, told.document["intact"], told.document["broken_at"]) == (1, False, 3)


def test_a_read_model_that_stopped_does_not_answer_and_the_others_do(shop: CommandLine) -> None:
    shop.executes(registered("Zoe"))
    head = shop("projections", "status", "--json").document["projections"][0]["head"]
    damaged(shop, f"UPDATE crm_events SET data = '{{}}' WHERE position = {head}")
    done = shop("customers", "find", "zoe")
    assert done.status == 1
    assert f"customer_directory: stopped: position {head} (customer-registered)" in done.complaint
    other = shop("campaigns")
    assert other.status == 0
    assert other.complaint.startswith("crmcore: warning: ")
    status = shop("projections", "status")
    assert status.status == 1
    assert "stopped" in status.out
    assert shop("projections", "catch-up").status == 1


def test_a_definition_that_changed_says_that_a_rebuild_is_needed(shop: CommandLine) -> None:
    damaged(shop, "UPDATE crm_projections SET version = 99 WHERE name = 'loyalty_status'")
    damaged(shop, "UPDATE crm_projections SET definition = 'x' WHERE name = 'loyalty_status'")
    done = shop("loyalty", "ada lovelace")
    assert done.status == 1
    assert done.complaint.startswith("crmcore: loyalty_status: rebuild needed: its version is")


def test_following_goes_on_until_it_is_interrupted(
    shop: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.executes(registered("Zoe"))
    naps = iter([None])

    def nap(_seconds: float) -> None:
        try:
            next(naps)
        except StopIteration:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(projections, "sleep", nap)
    done = shop("projections", "catch-up", "--follow", "--json")
    assert done.status == 130
    assert json.loads(done.out)["position"] > 10
    assert "interrupted; the read models are kept as of position" in done.complaint
    naps = iter([None])
    assert "The read models are at position" in shop("projections", "catch-up", "--follow").out


def test_following_waits_while_the_disk_is_full_and_goes_on_when_there_is_space(
    run: CommandLine, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's error for a full disk (53100), raised while a read model is written."""
    engine = create_engine(postgres_url)
    naps = list[float]()

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            with engine.begin() as connection:
                connection.exec_driver_sql("DROP TRIGGER fills ON crm_projections")
        if len(naps) == 3:
            raise KeyboardInterrupt

    with crmcore.open(postgres_url) as crm:
        told = registered("Ada")
        topic, by = told.pop("command"), told.pop("by")
        crm.execute(crm.command(topic, told), by=by)
        crm.catch_up()
        crm.execute(crm.command(topic, told | {"customer_id": key("Zoe")}), by=by)
        with engine.begin() as connection:
            connection.exec_driver_sql(
                "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE"
                " EXCEPTION 'could not extend file: No space left on device' USING"
                " ERRCODE = '53100'; END $$"
            )
            connection.exec_driver_sql(
                "CREATE TRIGGER fills BEFORE UPDATE ON crm_projections FOR EACH ROW"
                " EXECUTE FUNCTION fill()"
            )
        monkeypatch.setattr(projections, "sleep", nap)
        done = run("--db", postgres_url, "projections", "catch-up", "--follow")
        assert done.status == 130
        warning, ended = done.err.splitlines()
        assert "tried again every 2 s" in warning
        assert "No space left on device" in warning
        assert ended.endswith("interrupted; the read models are kept as of position 2")
        assert naps == [projections.AFTER_TROUBLE, projections.AFTER_TROUBLE, projections.EVERY]
        assert {one.behind for one in crm.status()} == {0}
    engine.dispose()


def test_following_goes_on_though_a_read_model_stops(
    shop: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged(shop, "UPDATE crm_projections SET definition = 'x' WHERE name = 'loyalty_status'")
    shop.executes(registered("Zoe"))
    naps = list[float]()

    def nap(seconds: float) -> None:
        naps.append(seconds)
        if len(naps) == 2:
            with crmcore.open(f"sqlite:///{shop.database}") as crm:
                told = registered("Yan")
                topic, by = told.pop("command"), told.pop("by")
                crm.execute(crm.command(topic, told), by=by)
        if len(naps) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(projections, "sleep", nap)
    done = shop("projections", "catch-up", "--follow")
    assert (done.status, naps) == (130, [projections.AFTER_TROUBLE] * 4)
    assert done.err.count("loyalty_status: rebuild needed") == 1  # said once, not each time
    found = shop("projections", "status", "--json").document["projections"]
    behind = {one["name"]: one["behind"] for one in found}
    assert behind.pop("loyalty_status") > 0
    assert not any(behind.values())


@pytest.mark.parametrize(
    ("given", "first", "after"),
    [
        ("2026-01-05", "2026-01-05T00:00:00+00:00", "2026-01-06T00:00:00+00:00"),
        ("2026-01-05T01:00:00+01:00", "2026-01-05T00:00:00+00:00", "2026-01-05T00:00:00+00:00"),
        (" 2026-01-05T09:00Z ", "2026-01-05T09:00:00+00:00", "2026-01-05T09:00:00+00:00"),
    ],
)
def test_instants(given: str, first: str, after: str) -> None:
    assert str(beginning("--from", given)).replace(" ", "T") == first
    assert str(end("--to", given)).replace(" ", "T") == after
    last = last_moment("--as-of", given)
    assert last is not None
    assert (last == end("--to", given)) is (first == after)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("2026-01-05T09:00:00", "write 2026-01-05T09:00:00Z for UTC"),
        ("yesterday", "expected an instant such as"),
        ("", "expected an instant such as"),
        ("9999-12-31", "expected an instant such as"),
        ("0001-01-01T00:00:00+10:00", "expected an instant such as"),
    ],
)
def test_an_instant_that_is_none_is_a_wrong_call(
    shop: CommandLine, given: str, reason: str
) -> None:
    done = shop("history", "ada lovelace", "--as-of", given)
    assert done.status == 2
    assert reason in done.complaint


def test_a_read_only_database_is_one_line(shop: CommandLine) -> None:
    shop.executes(registered("Zoe"))
    with closing(sqlite3.connect(shop.database)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    url = f"sqlite:///file:{shop.database}?mode=ro&uri=true"
    done = shop("--db", url, "customers", "find", "zoe")
    assert done.status == 1
    assert done.complaint.endswith("; --stale answers from the read models as they stand")
    assert shop("--db", url, "audit", "verify").status == 0
    file = shop.database.with_suffix(".jsonl")
    file.write_text(json.dumps(registered("Yann")))
    written = shop("--db", url, "execute", str(file))
    assert "cannot be written to" in written.complaint


def test_a_locked_database_is_one_line(shop: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmcore.infrastructure.database.engine.WAIT_SECONDS", 0)
    file = shop.database.with_suffix(".jsonl")
    file.write_text(json.dumps(registered("Yann")))
    with closing(sqlite3.connect(shop.database)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = shop("execute", str(file))
    assert done.status == 1
    assert "another writer holds it; try again" in done.err


def test_another_programs_database_is_left_alone(run: CommandLine) -> None:
    engine = create_engine(f"sqlite:///{run.database}")
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    engine.dispose()
    done = run("campaigns")
    assert "there is no crmcore log in this database" in done.complaint
    with closing(sqlite3.connect(run.database)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master").fetchall()
    assert tables == [("theirs",)]


def test_tenants_are_apart(shop: CommandLine) -> None:
    file = shop.database.with_suffix(".jsonl")
    file.write_text(json.dumps(registered("Zoe")))
    assert shop("execute", str(file), "--tenant", "acme").status == 0
    found = shop("customers", "find", "e", "--tenant=acme", "--json").document["customers"]
    assert [one["name"] for one in found] == ["Zoe"]
    assert "expected a small letter" in shop("campaigns", "--tenant", "No!").complaint
    shutil.rmtree(shop.database.parent)
    assert "does not exist: create it first" in shop("campaigns").complaint
