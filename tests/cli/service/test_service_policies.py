"""The service levels in force, and public holidays, as the command line tells them."""

import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import crmcore
from crmcore import calendars
from tests.cli.command_line import CommandLine, sent

LEVELS = sent(
    "define-service-levels",
    "2026-01-01T00:00:00Z",
    version="2026-1",
    policies=[
        {
            "name": "urgent",
            "when": {"priorities": ["critical", "high"], "queues": ["repairs"]},
            "targets": [
                {"kind": "first_response", "within": "PT48H", "calendar": "office"},
                {
                    "kind": "resolution",
                    "business_days": 2,
                    "calendar": "office",
                    "pauses": ["on_hold"],
                    "warnings": [{"percent": 75}],
                },
            ],
        },
        {
            "name": "others",
            "targets": [{"kind": "resolution", "close_of_business_day": 5, "calendar": "office"}],
        },
    ],
    calendars=[
        {
            "name": "office",
            "zone": "Europe/Berlin",
            "weekly": ["Mon-Thu 09:00-12:00, 13:00-17:00", "Fri 22:00-06:00"],
            "holidays": [{"day": "2026-04-06", "name": "Easter Monday"}],
        }
    ],
)
LATER = "2026-02-01T00:00:00Z"


def revised(**changes: Any) -> dict[str, object]:
    return sent("revise-service-levels", LATER, version="2026-2", **changes)


def test_the_levels_in_force_are_told(run: CommandLine) -> None:
    run.executes(LEVELS)
    out = run("service-policies").out
    assert "Service levels 2026-1, since 2026-01-01 00:00 UTC" in out
    told = " ".join(out.split())
    for said in ("critical,", "48 h", "2 business", "75 %", "on hold", "all cases", "day 5"):
        assert said in told
    assert (
        "office: Europe/Berlin, Mon-Thu 09:00-12:00, 13:00-17:00, Fri 22:00-24:00, Sat 00:00-06:00,"
        " 1 holiday."
    ) in told


def test_the_standard_levels_hold_until_others_do(run: CommandLine) -> None:
    run.executes(LEVELS)
    assert (
        "standard-1, until others are defined"
        in run("service-policies", "--as-of", "2025-01-01").out
    )
    document = run("service-policies", "--as-of", "2025-01-01", "--json").document
    assert (document["version"], document["since"]) == ("standard-1", None)


def test_what_is_told_as_json_defines_the_same_again(run: CommandLine) -> None:
    run.executes(LEVELS)
    document = run("service-policies", "--json").document
    told = {name: document[name] for name in ("version", "policies", "calendars")}
    done = run.executes(sent("define-service-levels", document["since"], **told))
    assert "0 executed, 1 unchanged" in done.out


def test_one_target_of_one_policy_is_changed_from_a_file(run: CommandLine) -> None:
    target = {"kind": "resolution", "within": "PT8H", "calendar": "office"}
    run.executes(LEVELS, revised(targets=[{"policy": "others", "target": target}]))
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        before = crm.read.service_levels.in_force(as_of=datetime(2026, 1, 9, tzinfo=UTC))
        now = crm.read.service_levels.in_force()
    assert (before.version, now.version) == ("2026-1", "2026-2")
    assert before.policies[0] == now.policies[0]
    assert [one.within for one in now.policies[1].targets] == [timedelta(hours=8)]
    assert now.calendars == before.calendars


def test_public_holidays_are_told_as_a_calendar_takes_them(run: CommandLine) -> None:
    bavaria = ("holidays", "DE", "--year", "2026", "--year", "2027", "--subdivision", "BY")
    assert "2026-01-06  Tue  Epiphany" in run(*bavaria).out
    found = run(*bavaria, "--json").document["holidays"]
    office = LEVELS["calendars"][0] | {"holidays": found}
    run.executes(LEVELS, revised(calendars=[office]))
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        (calendar,) = crm.read.service_levels.in_force().calendars
    assert calendar.holidays == calendars.public_holidays("DE", [2026, 2027], subdivision="BY")
    assert not run("holidays", "DE", "--year", "2026", "--language", "de").status


def test_holidays_that_nobody_knows_are_one_line(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "country: expected a country code" in run("holidays", "DX", "--year", "2026").complaint
    monkeypatch.setitem(sys.modules, "holidays", None)
    done = run("holidays", "DE", "--year", "2026")
    assert (done.status, done.complaint) == (
        1,
        "crmcore: public holidays need the package holidays: pip install 'crmcore[calendars]'",
    )
