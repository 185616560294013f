"""Public holidays are copied into a calendar, which stays as it was when their source changes."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import holidays
import pytest

from crmcore import calendars
from crmcore.errors import InvalidValueError


def test_holidays_are_those_of_the_country_and_its_subdivision() -> None:
    country = calendars.public_holidays("de", [2027, 2026])
    bavaria = calendars.public_holidays("DE", [2026, 2027], subdivision="Bayern")
    assert calendars.Holiday(day=date(2026, 10, 3), name="German Unity Day") in country
    assert {one.day for one in bavaria} - {one.day for one in country} >= {date(2026, 1, 6)}
    assert [one.day for one in country] == sorted(one.day for one in country)
    assert {one.day.year for one in country} == {2026, 2027}


def test_names_are_in_the_language_that_was_asked_for_and_never_in_that_of_the_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LANGUAGE", "uk")
    english = calendars.public_holidays("DE", [2026])
    german = calendars.public_holidays("DE", [2026], language="de")
    assert (english[0].name, german[0].name) == ("New Year's Day", "Neujahr")


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        pytest.param(lambda ask: ask("DEE", [2026]), "country: .*did you mean", id="country"),
        pytest.param(lambda ask: ask("DE", [1900]), "years: expected a year from 1", id="year"),
        pytest.param(lambda ask: ask("DE", []), "years: expected at least one", id="no year"),
        pytest.param(
            lambda ask: ask("DE", [2026], subdivision="BX"), "subdivision: .*BY", id="subdivision"
        ),
        pytest.param(
            lambda ask: ask("VA", [2026], subdivision="B"), "there are none", id="no subdivisions"
        ),
        pytest.param(
            lambda ask: ask("DE", [2026], language="xx"), "language: .*en_US", id="language"
        ),
    ],
)
def test_what_the_package_does_not_know_is_refused(ask: Callable[[Any], Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        ask(calendars.public_holidays)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "holidays", None)
    with pytest.raises(calendars.MissingExtraError, match=r"crmcore\[calendars\]"):
        calendars.public_holidays("DE", [2026])


def test_EC_S10_a_feed_that_changes_leaves_the_versions_that_were_made(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def made(version: int) -> calendars.BusinessCalendar:
        return calendars.BusinessCalendar(
            name="support",
            version=version,
            zone="Europe/Berlin",
            weekly=calendars.weekly("Mon-Fri 09:00-17:00"),
            holidays=calendars.public_holidays("DE", [2026]),
        )

    first, opened = made(1), datetime(2026, 3, 16, 15, tzinfo=UTC)
    due = calendars.add(first, opened, timedelta(hours=2))
    monkeypatch.setattr(
        holidays, "country_holidays", lambda *_, **__: {date(2026, 3, 17): "Corrected"}
    )
    second = made(2)
    assert calendars.add(first, opened, timedelta(hours=2)) == due
    assert calendars.add(second, opened, timedelta(hours=2)) == due + timedelta(days=1)
