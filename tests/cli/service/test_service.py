"""Service on the command line: compliance over time, metrics, open cases, escalations."""

import shutil
from pathlib import Path

import pytest

import crmcore
from tests.cli.command_line import CommandLine, key, opened, sent


def owing(name: str, hours: int, **target: object) -> dict[str, object]:
    resolution = {
        "kind": "resolution",
        "within": f"PT{hours}H",
        "calendar": "office",
        "pauses": ["pending"],
        "warnings": [{"percent": 75, "action": "tell the lead"}],
        **target,
    }
    return {"name": name, "targets": [resolution]}


OFFICE = {
    "name": "office",
    "zone": "Europe/Berlin",
    "weekly": [{"weekday": day, "opens": "09:00", "closes": "17:00"} for day in range(1, 6)],
}
LEVELS = sent(
    "define-service-levels",
    "2026-01-01T00:00:00Z",
    version="office-1",
    policies=[owing("all", 8)],
    calendars=[OFFICE],
)


def case(name: str, at: str, **fields: object) -> dict[str, object]:
    told = opened(name, at, at, **fields)
    return {field: value for field, value in told.items() if field != "resolve_by"}


def solved(name: str, at: str, agent: str = "Bo") -> dict[str, object]:
    return sent("solve-case", at, case_id=key(name), resolution_code="done", agent=agent)


HISTORY = (
    LEVELS,
    case("N-1", "2026-01-12T08:00:00Z", request_type="access"),  # a Monday, 09:00
    solved("N-1", "2026-01-12T12:00:00Z"),
    case("N-2", "2026-01-13T08:00:00Z", request_type="access"),
    case("N-3", "2026-01-14T08:00:00Z"),
    sent("pend-case", "2026-01-14T10:00:00Z", case_id=key("N-3")),
    solved("N-2", "2026-01-14T12:00:00Z", agent="Al"),
    case("N-4", "2026-01-15T08:00:00Z"),
    case("N-5", "2026-01-16T08:00:00Z"),
)


@pytest.fixture(scope="module")
def desk_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the five cases."""
    folder = tmp_path_factory.mktemp("desk")
    with crmcore.open(f"sqlite:///{folder}/crm.db") as crm:
        for line in HISTORY:
            fields = {name: told for name, told in line.items() if name not in ("command", "by")}
            crm.execute(crm.command(str(line["command"]), fields), by="Ada")
        crm.catch_up()
    return folder / "crm.db"


@pytest.fixture
def desk(run: CommandLine, desk_file: Path) -> CommandLine:
    """Five cases of an office: met, breached, waiting, overdue, and due on Friday at 17:00."""
    shutil.copy(desk_file, run.database)
    return run


FRIDAY_NOON = "2026-01-16T11:00:00Z"
MONDAY = "2026-01-05T09:00:00Z"


def test_compliance_over_time_is_a_bar_for_each_period(desk: CommandLine) -> None:
    asked = ("service-levels", "--period", "day", "--zone", "Europe/Berlin", "--as-of", FRIDAY_NOON)
    shown = desk(*asked).out
    assert "2026-01-12  " in shown
    assert "██████████" in shown
    document = desk(*asked, "--json").document
    days = [
        (one["group"], one["met"], one["breached"], one["paused"]) for one in document["periods"]
    ]
    assert days == [
        ("2026-01-12", 1, 0, 0),
        ("2026-01-13", 0, 0, 0),
        ("2026-01-14", 0, 1, 1),
        ("2026-01-15", 0, 1, 0),
        ("2026-01-16", 0, 0, 0),
    ]
    assert document["periods"][1]["rate"] is None
    assert document["total"]["rate"] == "0.3333333333333333333333333333"


def test_compliance_by_group_and_period_has_a_row_for_each(desk: CommandLine) -> None:
    asked = ("service-levels", "--period", "day", "--by", "target", "--as-of", FRIDAY_NOON)
    document = desk(*asked, "--json").document
    days = {
        one["group"]: {group["group"]: (group["met"], group["breached"]) for group in one["groups"]}
        for one in document["periods"]
    }
    assert days["2026-01-12"] == {"resolution": (1, 0)}
    assert days["2026-01-13"] == {}
    assert days["2026-01-14"] == {"resolution": (0, 1)}
    assert [one["group"] for one in document["groups"]] == ["resolution"]
    rows = [line.split()[:4] for line in desk(*asked).out.splitlines()]
    assert ["2026-01-12", "resolution", "1", "0"] in rows
    assert ["2026-01-13", "-", "0", "0"] in rows
    assert ["total", "1", "2", "1"] in rows


def test_dates_are_those_of_the_zone(desk: CommandLine) -> None:
    """In Auckland the solution of N-1 was on Tuesday, at one o'clock at night."""
    for zone, met in (("UTC", 1), ("Pacific/Auckland", 0)):
        bounds = ("--from", "2026-01-12", "--to", "2026-01-12", "--zone", zone)
        document = desk("service-levels", *bounds, "--json").document
        assert document["total"]["met"] == met


def test_a_column_where_there_is_any(desk: CommandLine) -> None:
    early = desk("service-levels", "--as-of", "2026-01-13T09:00:00Z").out
    assert "Running" in early
    assert "Paused" not in early
    assert "Nothing" not in early
    assert "Paused" in desk("service-levels", "--as-of", FRIDAY_NOON).out


def test_customers_are_whole_ids(desk: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    document = desk("service-levels", "--by", "customer", "--json").document
    shown = desk("service-levels", "--by", "customer").out
    assert all(one["group"] in shown for one in document["groups"])


def test_what_came_later_is_not_told(desk: CommandLine) -> None:
    """Of a moment is what was known then, to programs too."""
    before, after = "2026-01-12T11:00:00Z", "2026-01-12T13:00:00Z"
    [found] = desk("cases", "--as-of", before, "--json").document["cases"]
    assert (found["number"], found["status"], found["closed_at"]) == ("N-1", "new", None)
    assert desk("case", "N-1", "--as-of", before, "--json").document["status"] == "new"
    assert desk("case", "N-1", "--as-of", after, "--json").document["status"] == "solved"


def test_working_time_is_told_in_hours(desk: CommandLine) -> None:
    """Three days of work are no three days: they are 24 hours."""
    owed = ("case", "N-4", "--as-of", "2026-01-21T16:00:00Z")
    assert "40 h" in desk(*owed).out
    metric = desk("service-metrics", "resolution-business-time", "--hours", "Mon-Sun 00:00-24:00")
    assert " d " not in metric.out.splitlines()[-1]
    assert "give --hours" in desk("service-metrics").out


@pytest.mark.parametrize(
    ("argv", "complaint"),
    [
        (("service-levels", "--zone", "Europe/Berln"), "did you mean Europe/Berlin?"),
        (("service-metrics", "--zone", "Mars"), "expected an IANA time zone"),
        (("service-metrics", "--from", "2026-02-02", "--to", "2026-02-01"), "is not before --to"),
        (("service-metrics", "reopen"), "did you mean reopen-rate?"),
        (("service-metrics", "--hours", "Mon-Fry 9-5"), "--hours: "),
        (("escalations", "--record", "--stale"), "leave out --stale"),
    ],
    ids=lambda value: value[-1] if isinstance(value, tuple) else "",
)
def test_a_wrong_call_says_what_would_do(
    desk: CommandLine, argv: tuple[str, ...], complaint: str
) -> None:
    done = desk(*argv)
    assert (done.status, done.out) == (2, "")
    assert complaint in done.complaint


def test_metrics_are_listed_and_shown_with_what_they_mean(desk: CommandLine) -> None:
    shown = desk("service-metrics", "--as-of", FRIDAY_NOON).out
    assert all(name in shown for name in crmcore.METRICS)
    assert "1 of 2" in shown
    defined = desk("service-metrics", "--definitions").out
    assert defined.count("Restated: ") == len(crmcore.METRICS)
    one = desk("service-metrics", "requests-by-type").out
    assert "access      2" in one
    assert "Restated: " in one
    hours = ("--hours", "Mon-Fri 09:00-17:00", "--zone", "Europe/Berlin")
    document = desk("service-metrics", "resolution-business-time", *hours, "--json").document
    [metric] = document["metrics"]
    assert (metric["value"], metric["denominator"]) == ("PT28800S", 2)  # 4 h and 12 h
    assert metric["rules"]["none"].startswith("where none was solved")


def test_open_cases_burn_down_to_nothing(desk: CommandLine) -> None:
    shown = desk("cases", "--as-of", FRIDAY_NOON).out
    order = [line.split()[0] for line in shown.splitlines() if line.startswith("N-")]
    assert order == ["N-4", "N-5", "N-3"]  # overdue, due at 17:00, waiting
    assert "overdue" in shown
    assert "████████░░░░" in shown  # 5 of 8 hours
    assert "paused" in shown
    document = desk("cases", "--as-of", FRIDAY_NOON, "--limit", "1", "--json").document
    assert (document["count"], len(document["cases"])) == (3, 1)
    [target] = document["cases"][0]["targets"]
    assert (target["verdict"], target["remaining"]) == ("breached", "-PT10800S")
    assert "1 of 3 open cases" in desk("cases", "--as-of", FRIDAY_NOON, "--limit", "1").out


def test_a_case_tells_what_comes_next(desk: CommandLine) -> None:
    running = " ".join(desk("case", "N-5", "--as-of", FRIDAY_NOON).out.split())
    assert "next: 75 % (tell the lead) at 2026-01-16 14:00" in running
    assert "policy all (office-1), from 2026-01-16 08:00" in running
    paused = " ".join(desk("case", "N-3", "--as-of", FRIDAY_NOON).out.split())
    assert "paused since 2026-01-14 10:00; due 2026-01-19 09:00 if it went on now" in paused
    before = desk("case", "N-3", "--as-of", "2026-01-14T09:00:00Z").out
    assert "new" in before.splitlines()[1]
    assert "done 2026-01-12 12:00" in desk("case", "N-1").out


def test_escalations_are_listed_and_recorded_once(desk: CommandLine) -> None:
    until = ("--until", FRIDAY_NOON)
    document = desk("escalations", *until, "--json").document
    assert [(one["number"], one["name"]) for one in document["due"]] == [
        ("N-2", "breach"),
        ("N-4", "75 %"),
        ("N-4", "breach"),
    ]
    assert document["recorded"] is None
    first = desk("escalations", *until, "--limit", "1", "--json").document
    assert (first["count"], [one["number"] for one in first["due"]]) == (3, ["N-2"])
    coming = desk("escalations", "--until", "2999-01-01", "--json").document
    assert coming["count"] == 5  # and both of N-5
    shown = desk("escalations", *until, "--record").out
    assert "3 escalations before 2026-01-16 11:00" in shown
    assert "3 events recorded." in shown
    again = desk("escalations", *until, "--record", "--json").document
    assert (again["count"], again["recorded"]) == (0, [])
    assert "overdue" in desk("case", "N-4").out
    future = desk("escalations", "--until", "2999-01-01", "--record")
    assert future.status == 1
    assert "expected an instant that has come" in future.complaint
    told = desk("case", "N-4", "--json").document["targets"][0]
    assert told["next_escalation"] is None


def test_what_was_known_by_an_instant_is_shown(desk: CommandLine) -> None:
    """These cases of January were recorded when the test began."""
    moments = {"before": "2026-02-01", "since": "2100-01-01"}
    asked = {
        name: ("--as-of", FRIDAY_NOON, "--known-at", moment) for name, moment in moments.items()
    }
    assert desk("case", "N-1", *asked["before"]).complaint.startswith(
        "crmcore: there is no case 'N-1' by"
    )
    assert desk("service-levels", *asked["before"], "--json").document["total"]["met"] == 0
    for told in (("case", "N-1"), ("service-levels", "--by", "target")):
        assert desk(*told, *asked["since"]).out == desk(*told, "--as-of", FRIDAY_NOON).out


def test_merged_cases_are_called_by_their_numbers_else_by_their_ids(run: CommandLine) -> None:
    late = "2026-01-09T09:00:00Z"
    run.executes(
        case("T-1", MONDAY),
        case("T-2", MONDAY),
        case("T-3", MONDAY) | {"number": None},
        sent("merge-case", late, case_id=key("T-2"), into_case_id=key("T-1"), forced=True),
        sent("merge-case", late, case_id=key("T-1"), into_case_id=key("T-3"), forced=True),
    )
    assert "case merged into T-1" in run("case", "T-2").out
    assert "case T-2 was merged into this one" in run("case", "T-1").out
    assert key("T-3") in "".join(run("case", "T-1").out.split())
    told = run("case", key("T-3")).out
    assert "case T-1 was merged into this one" in told


def test_what_happened_to_a_case_is_told_in_the_order_in_which_it_was_true(
    run: CommandLine,
) -> None:
    run.executes(
        case("T-1", MONDAY),
        sent("queue-case", "2026-01-06T09:00:00Z", case_id=key("T-1"), queue="returns"),
        sent("classify-case", "2026-01-05T12:00:00Z", case_id=key("T-1"), category="delivery"),
    )
    told = run("case", "T-1").out
    assert told.index("delivery") < told.index("returns", told.index("What happened"))


def test_a_case_that_was_not_known_then_names_the_instants_asked(run: CommandLine) -> None:
    run.executes(case("T-1", MONDAY))
    known = ("--known-at", "2026-02-01")
    assert "no case 'T-1' as known by 2026-02-01:" in run("case", "T-1", *known).complaint
    asked = ("--as-of", FRIDAY_NOON, *known)
    told = run("case", "T-1", *asked).complaint
    assert f"no case 'T-1' by {FRIDAY_NOON}, as known by 2026-02-01:" in told
