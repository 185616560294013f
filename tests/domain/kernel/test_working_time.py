"""Working time by hand-computed examples: hours, exceptions, versions, and what clocks do."""

import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, ClassVar
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from crmcore.domain.kernel import (
    DomainError,
    InvalidValueError,
    NotFoundError,
    NoWorkingTimeError,
    event,
)
from crmcore.domain.kernel import working_time as wt
from crmcore.infrastructure.events.codec import EventCodec
from tests.scenario import uid

OFFICE = wt.weekly("Mon-Fri 09:00-17:00")
NIGHT = wt.weekly("Mon-Sun 22:00-06:00")


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def calendar(zone: Any = "Europe/Berlin", **fields: Any) -> wt.BusinessCalendar:
    return wt.BusinessCalendar(**{"name": "support", "zone": zone, "weekly": OFFICE, **fields})


def local(text: str, zone: str = "Europe/Berlin", fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


def holiday(text: str, name: str = "") -> wt.Holiday:
    return wt.Holiday(day=date.fromisoformat(text), name=name)


# Deadlines


@pytest.mark.parametrize(
    ("start", "amount", "due"),
    [
        pytest.param("2026-01-05T10:00", hours(2), "2026-01-05T12:00", id="within a day"),
        pytest.param("2026-01-05T07:00", hours(2), "2026-01-05T11:00", id="before hours"),
        pytest.param("2026-01-05T16:00", hours(2), "2026-01-06T10:00", id="overnight"),
        pytest.param(
            "2026-01-05T09:00", hours(8), "2026-01-05T17:00", id="used up at closing time"
        ),
        pytest.param("2026-01-05T10:00", hours(0), "2026-01-05T10:00", id="nothing, while open"),
        pytest.param("2026-01-05T20:00", hours(0), "2026-01-06T09:00", id="nothing, while closed"),
        pytest.param("2026-01-05T10:00", hours(-2), "2026-01-02T16:00", id="negative"),
        pytest.param("2026-01-05T10:00", hours(40), "2026-01-12T10:00", id="a week"),
        pytest.param("2025-12-31T16:00", hours(2), "2026-01-01T10:00", id="into the next year"),
    ],
)
def test_a_deadline(start: str, amount: timedelta, due: str) -> None:
    assert wt.add(calendar(), local(start), amount) == local(due)


def test_EC_S12_friday_afternoon_and_an_hour_is_monday_morning() -> None:
    assert wt.add(calendar(), local("2026-01-09T16:30"), hours(1)) == local("2026-01-12T09:30")


def test_EC_S15_a_day_opens_and_closes_several_times() -> None:
    several = calendar(weekly=wt.weekly("Mon 08:00-12:00, 13:00-15:00, 16:00-18:00"))
    assert wt.add(several, local("2026-01-05T11:30"), hours(3)) == local("2026-01-05T16:30")
    assert wt.between(several, local("2026-01-05T00:00"), local("2026-01-06T00:00")) == hours(8)


def test_EC_S17_S19_a_weekend_is_skipped_to_the_opening_and_not_to_the_same_hour() -> None:
    saturday = local("2026-01-10T15:00")
    assert wt.next_open(calendar(), saturday) == local("2026-01-12T09:00")
    assert wt.add(calendar(), saturday, hours(1)) == local("2026-01-12T10:00")


def test_EC_S20_minutes_seconds_and_microseconds_count() -> None:
    amount = timedelta(minutes=61, seconds=7, microseconds=3)
    due = wt.add(calendar(), local("2026-01-05T16:30"), amount)
    assert due == local("2026-01-06T09:31:07.000003")
    assert wt.between(calendar(), local("2026-01-05T16:30"), due) == amount


def test_EC_S31_the_closing_second_is_no_working_time() -> None:
    c, closing = calendar(), local("2026-01-05T17:00")
    assert wt.is_open(c, local("2026-01-05T09:00"))
    assert wt.is_open(c, closing - timedelta(microseconds=1))
    assert not wt.is_open(c, closing)
    assert wt.next_open(c, closing) == local("2026-01-06T09:00")
    assert wt.add(c, closing, hours(1)) == local("2026-01-06T10:00")
    assert wt.add(c, closing - hours(1), hours(1)) == closing
    assert wt.between(c, closing, local("2026-01-06T09:00")) == timedelta(0)


def test_subtracting_mirrors_adding() -> None:
    c = calendar()
    assert wt.subtract(c, local("2026-01-06T10:00"), hours(2)) == local("2026-01-05T16:00")
    assert wt.subtract(c, local("2026-01-06T10:00"), hours(1)) == local("2026-01-06T09:00")
    assert wt.subtract(c, local("2026-01-06T09:00"), hours(0)) == local("2026-01-05T17:00")
    assert wt.subtract(c, local("2026-01-05T16:00"), hours(-2)) == local("2026-01-06T10:00")


def test_time_between_is_negative_backwards() -> None:
    c, a, b = calendar(), local("2025-12-30T16:00"), local("2026-01-05T10:00")
    assert wt.between(c, a, b) == hours(1 + 8 + 8 + 8 + 1)
    assert wt.between(c, b, a) == hours(-26)


def test_openings_and_closings_around_an_instant() -> None:
    c, open_, closed = calendar(), local("2026-01-05T10:00"), local("2026-01-05T20:00")
    assert wt.next_opening(c, open_) == wt.next_opening(c, closed) == local("2026-01-06T09:00")
    assert wt.next_close(c, open_) == local("2026-01-05T17:00")
    assert wt.next_close(c, closed) == local("2026-01-06T17:00")
    assert wt.previous_close(c, open_) == local("2026-01-02T17:00")
    assert wt.previous_close(c, closed) == local("2026-01-05T17:00")


def test_stretches_are_cut_to_what_was_asked() -> None:
    found = list(wt.intervals(calendar(), local("2026-01-05T16:00"), local("2026-01-07T10:00")))
    assert found == [
        (local("2026-01-05T16:00"), local("2026-01-05T17:00")),
        (local("2026-01-06T09:00"), local("2026-01-06T17:00")),
        (local("2026-01-07T09:00"), local("2026-01-07T10:00")),
    ]
    assert (
        list(wt.intervals(calendar(), local("2026-01-10T00:00"), local("2026-01-11T00:00"))) == []
    )


# Round the clock, and over the new year


def test_elapsed_time_is_the_time_on_the_clock() -> None:
    start = datetime(2025, 12, 24, 18, 30, tzinfo=UTC)
    assert wt.add(wt.ELAPSED, start, hours(240)) == start + hours(240)
    assert wt.between(wt.ELAPSED, start, start + timedelta(days=3000)) == timedelta(days=3000)
    end = start + timedelta(days=900)
    assert list(wt.intervals(wt.ELAPSED, start, end)) == [(start, end)]


@pytest.mark.parametrize("ask", [wt.next_close, wt.next_opening, wt.previous_close])
def test_what_never_closes_has_no_closing(ask: Callable[..., datetime]) -> None:
    with pytest.raises(NoWorkingTimeError, match=r"elapsed time: no (closing|opening) within 3660"):
        ask(wt.ELAPSED, datetime(2026, 1, 5, tzinfo=UTC))


def test_the_end_of_a_year_closes_nothing() -> None:
    night, silvester = calendar(zone="UTC", weekly=NIGHT), datetime(2025, 12, 31, 23, tzinfo=UTC)
    assert wt.next_close(night, silvester) == datetime(2026, 1, 1, 6, tzinfo=UTC)
    assert wt.next_opening(night, silvester) == datetime(2026, 1, 1, 22, tzinfo=UTC)
    newyear = datetime(2026, 1, 1, tzinfo=UTC)
    assert wt.previous_close(night, newyear) == datetime(2025, 12, 31, 6, tzinfo=UTC)
    assert len(list(wt.intervals(night, silvester, newyear + hours(23)))) == 2


# Days that differ


def test_a_holiday_a_shifted_day_and_a_break() -> None:
    c = calendar(
        holidays=(holiday("2026-01-06", "Epiphany"),),
        shifted=(
            wt.ShiftedDay(
                day=date(2026, 1, 10),
                hours=(wt.DayHours(opens="10:00", closes="14:00"),),
                name="stocktaking",
            ),
        ),
        breaks=(wt.Break(day=date(2026, 1, 7), closes="08:00", opens_again="11:00"),),
    )
    week = [
        wt.between(c, day, day + hours(24))
        for day in (local(f"2026-01-{n:02}T00:00") for n in range(5, 12))
    ]
    assert week == [hours(n) for n in (8, 0, 6, 8, 8, 4, 0)]


def test_hours_past_midnight_belong_to_the_day_after() -> None:
    c = calendar(weekly=NIGHT, holidays=(holiday("2026-01-06"),))
    assert wt.next_close(c, local("2026-01-05T23:00")) == local("2026-01-06T00:00")
    assert wt.next_opening(c, local("2026-01-06T01:00")) == local("2026-01-07T00:00")


def test_EC_S10_S32_a_holiday_added_later_changes_no_deadline_by_the_version_that_was_used() -> (
    None
):
    first = calendar()
    second = calendar(version=2, holidays=(holiday("2026-01-12"),))
    opened = local("2026-01-09T16:30")
    assert wt.add(first, opened, hours(1)) == local("2026-01-12T09:30")
    assert wt.add(second, opened, hours(1)) == local("2026-01-13T09:30")
    assert wt.add(first, opened, hours(1)) == local("2026-01-12T09:30")


# Clocks


def test_EC_S16_after_clocks_changed_hours_have_the_new_offset() -> None:
    friday = local("2026-03-27T16:30")  # clocks go forward on the Sunday
    due = wt.add(calendar(), friday, hours(1))
    assert (friday.hour, due) == (15, datetime(2026, 3, 30, 7, 30, tzinfo=UTC))


def test_EC_S23_last_winter_has_the_offset_of_last_winter() -> None:
    for month, opens in ((1, 8), (7, 7), (11, 8)):
        night = datetime(2024, month, 8, 3, tzinfo=UTC)
        assert wt.next_open(calendar(weekly=wt.weekly("Mon-Sun 9:00-17:00")), night).hour == opens


@pytest.mark.parametrize(
    ("evening", "length"), [("2026-03-28", 7), ("2026-10-24", 9), ("2026-06-06", 8)]
)
def test_EC_S30_a_night_in_which_clocks_change_is_as_long_as_it_was(
    evening: str, length: int
) -> None:
    night, start = calendar(weekly=NIGHT), local(f"{evening}T22:00")
    close = wt.next_close(night, start)
    assert close.astimezone(ZoneInfo("Europe/Berlin")).hour == 6
    assert wt.between(night, start, close) == close - start == hours(length)
    assert wt.add(night, start, hours(length)) == close


@pytest.mark.parametrize(
    ("week", "opens", "closes"),
    [
        pytest.param("Sun 02:30-05:00", "01:30", "03:00", id="opening in the gap"),
        pytest.param("Sun 01:00-02:30", "00:00", "01:30", id="closing in the gap"),
        pytest.param("Sun 02:15-02:45", "01:15", "01:45", id="both in the gap"),
    ],
)
def test_a_time_that_clocks_skip_moves_forward_by_the_gap(
    week: str, opens: str, closes: str
) -> None:
    found = list(
        wt.intervals(
            calendar(weekly=wt.weekly(week)), local("2026-03-28T12:00"), local("2026-03-30T12:00")
        )
    )
    assert found == [tuple(datetime.fromisoformat(f"2026-03-29T{t}Z") for t in (opens, closes))]


def test_an_opening_that_moved_past_its_closing_is_none() -> None:
    c = calendar(weekly=wt.weekly("Sun 02:30-03:10"))
    assert list(wt.intervals(c, local("2026-03-28T12:00"), local("2026-03-30T12:00"))) == []


@pytest.mark.parametrize(
    ("week", "opens", "closes"),
    [
        pytest.param("Sun 02:30-05:00", "00:30", "04:00", id="opening at the first"),
        pytest.param("Sun 01:00-02:30", "2026-10-24T23:00", "01:30", id="closing at the last"),
        pytest.param("Sun 01:00-02:30, 02:30-04:00", "2026-10-24T23:00", "03:00", id="touching"),
    ],
)
def test_of_a_time_shown_twice_the_first_opens_and_the_last_closes(
    week: str, opens: str, closes: str
) -> None:
    found = list(
        wt.intervals(
            calendar(weekly=wt.weekly(week)), local("2026-10-24T12:00"), local("2026-10-26T12:00")
        )
    )
    full = (text if "T" in text else f"2026-10-25T{text}" for text in (opens, closes))
    assert found == [tuple(datetime.fromisoformat(f"{text}Z") for text in full)]


@pytest.mark.parametrize(
    ("zone", "day", "length"),
    [
        pytest.param("America/Sao_Paulo", "2018-11-04", 23, id="Sao Paulo skips midnight"),
        pytest.param("America/Sao_Paulo", "2018-02-17", 25, id="Sao Paulo repeats the last hour"),
        pytest.param("Africa/Cairo", "2023-04-28", 23, id="Cairo skips midnight"),
        pytest.param(
            "Australia/Lord_Howe", "2026-10-04", 23.5, id="Lord Howe goes forward by half an hour"
        ),
        pytest.param(
            "Australia/Lord_Howe", "2026-04-05", 24.5, id="Lord Howe goes back by half an hour"
        ),
        pytest.param("America/New_York", "2026-03-08", 23, id="New York"),
        pytest.param(
            "Asia/Kathmandu", "1986-01-01", 23.75, id="Nepal moved by a quarter of an hour"
        ),
        pytest.param("America/Havana", "2026-11-01", 25, id="Havana repeats the first hour"),
        pytest.param("Pacific/Apia", "2011-12-30", 0, id="Samoa skipped a day"),
    ],
)
def test_a_whole_day_is_as_long_as_it_was(zone: str, day: str, length: float) -> None:
    c = calendar(
        zone,
        weekly=(),
        shifted=(
            wt.ShiftedDay(
                day=date.fromisoformat(day), hours=(wt.DayHours(opens="00:00", closes="24:00"),)
            ),
        ),
    )
    noon = datetime.fromisoformat(f"{day}T12:00Z")
    assert wt.between(c, noon - hours(60), noon + hours(60)) == hours(length)
    assert wt.is_business_day(c, date.fromisoformat(day)) is (length > 0)


def test_the_day_that_samoa_skipped_is_no_business_day() -> None:
    c = calendar("Pacific/Apia")
    assert wt.next_business_day(c, date(2011, 12, 29)) == date(2012, 1, 2)
    assert wt.add(c, local("2011-12-29T16:30", "Pacific/Apia"), hours(1)) == local(
        "2012-01-02T09:30", "Pacific/Apia"
    )


# What is refused, and where searching ends


def test_INV_S1_a_calendar_that_never_opens_is_refused() -> None:
    with pytest.raises(InvalidValueError, match="weekly: expected hours in which support is open"):
        calendar(weekly=())


def test_INV_S1_EC_S18_a_search_ends() -> None:
    monday, closed = date(2026, 1, 5), 600
    weeks = tuple(wt.Holiday(day=monday + timedelta(weeks=n)) for n in range(closed))
    c = calendar(weekly=wt.weekly("Mon 09:00-10:00"), holidays=weeks)
    start = local("2026-01-01T12:00")
    for ask in (wt.next_open, wt.next_opening, wt.next_close):
        with pytest.raises(
            NoWorkingTimeError, match=r"support: no .* within 3660 days of 2026-01-01"
        ):
            ask(c, start)
    with pytest.raises(NoWorkingTimeError, match="no 0:30:00 of working time"):
        wt.add(c, start, hours(0.5))
    with pytest.raises(NoWorkingTimeError, match="no 2 business days within"):
        wt.add_business_days(c, date(2026, 1, 1), 2)
    with pytest.raises(NoWorkingTimeError):
        wt.subtract(c, local("2037-01-01T12:00"), hours(0), horizon=timedelta(days=3000))
    found = wt.add(c, start, hours(0.5), horizon=timedelta(days=5000))
    assert found == local((monday + timedelta(weeks=closed)).isoformat() + "T09:30")


def test_INV_S1_a_due_date_beyond_the_horizon_is_none_also_within_the_year() -> None:
    with pytest.raises(NoWorkingTimeError):
        wt.add(calendar(), local("2026-01-10T12:00"), hours(1), horizon=hours(24))
    with pytest.raises(NoWorkingTimeError):
        wt.subtract(calendar(), local("2026-01-11T12:00"), hours(1), horizon=hours(24))
    with pytest.raises(NoWorkingTimeError):
        wt.next_close(calendar(), local("2026-01-10T12:00"), horizon=hours(46))
    with pytest.raises(NoWorkingTimeError):
        wt.next_opening(calendar(), local("2026-01-10T12:00"), horizon=hours(40))
    with pytest.raises(NoWorkingTimeError):
        wt.previous_close(calendar(), local("2026-01-11T12:00"), horizon=hours(24))


NAIVE = datetime(2026, 1, 5)  # noqa: DTZ001
EDGES = [
    datetime.min.replace(tzinfo=UTC),
    datetime.max.replace(tzinfo=UTC),
    datetime.min.replace(tzinfo=timezone(hours(14))),
    datetime.max.replace(tzinfo=timezone(hours(-12))),
    datetime(1900, 1, 1, tzinfo=UTC),
    datetime(8999, 12, 31, 23, 59, tzinfo=UTC),
]


@pytest.mark.parametrize("edge", EDGES, ids=str)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_the_ends_of_time_are_refused_in_words(edge: datetime, zone: str) -> None:
    """An answer or a refusal, whatever is asked; never an overflow."""
    c = calendar(zone)
    history = wt.CalendarHistory(
        versions=(
            wt.CalendarInForce(valid_from=date.min, calendar=c),
            wt.CalendarInForce(valid_from=date.max, calendar=c),
        )
    )
    for ask in (
        wt.next_open,
        wt.next_opening,
        wt.next_close,
        wt.previous_close,
        wt.local_date,
        wt.is_open,
    ):
        for timetable in (c, history):
            try:
                ask(timetable, edge)
            except DomainError as refusal:
                assert "1900" in str(refusal) or "within" in str(refusal)  # noqa: PT017
    for amount in (timedelta.max, timedelta.min, hours(1), hours(-1)):
        try:
            wt.add(c, edge, amount)
        except DomainError as refusal:
            assert len(str(refusal)) < 250  # noqa: PT017
    for day in (date.min, date.max):
        with pytest.raises(InvalidValueError, match="a date from 1900-01-03 to 8999-12-29"):
            wt.next_business_day(c, day)
    with pytest.raises(NoWorkingTimeError):
        wt.add_business_days(c, date(8999, 12, 1), 100)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(
            lambda: calendar("Europe/Berln"), "did you mean Europe/Berlin", id="zone misspelt"
        ),
        pytest.param(
            lambda: calendar("localtime"),
            "zone: expected an IANA time zone",
            id="zone of the machine",
        ),
        pytest.param(
            lambda: calendar("../etc/passwd"), "zone: expected an IANA", id="zone as a path"
        ),
        pytest.param(lambda: calendar(7), "zone: expected an IANA", id="zone no text"),
        pytest.param(
            lambda: calendar(weekly=wt.weekly("Mon 9:00-12:00, 11:00-13:00")),
            "weekly .weekday 1.: expected hours that do not overlap, got '09:00-12:00 and 11:00-13:00'",
            id="overlap",
        ),
        pytest.param(
            lambda: calendar(weekly=["Mon 9-5"]),
            "weekly: expected a list of OpeningHours",
            id="text as hours",
        ),
        pytest.param(
            lambda: wt.OpeningHours(weekday=1, opens="22:00", closes="06:00"),
            "22:00-24:00, then 00:00-06:00",
            id="past midnight",
        ),
        pytest.param(
            lambda: wt.OpeningHours(weekday=8, opens="09:00", closes="17:00"),
            "weekday: expected a number from 1 to 7",
            id="weekday 8",
        ),
        pytest.param(
            lambda: wt.DayHours(opens="9", closes="17:00"),
            "opens: expected a time of day",
            id="no time",
        ),
        pytest.param(
            lambda: wt.DayHours(opens="9:00", closes="24:01"),
            "closes: expected a time of day",
            id="after midnight",
        ),
        pytest.param(
            lambda: wt.ShiftedDay(day=date(2026, 1, 5), hours=()),
            "hours: expected at least one",
            id="shifted to nothing",
        ),
        pytest.param(
            lambda: wt.ShiftedDay(day=date(2026, 1, 5), hours="9-5"),  # type: ignore[arg-type]
            "hours: expected a list of DayHours",
            id="shifted to text",
        ),
        pytest.param(
            lambda: wt.Break(day=date(2026, 1, 5), closes="12:00", opens_again="12:00"),
            "opens_again: expected a time after",
            id="break of no time",
        ),
        pytest.param(
            lambda: wt.weekly("Mox 9:00-12:00"), "a line such as Mon-Fri", id="no weekday"
        ),
        pytest.param(
            lambda: wt.weekly("Mon 9:00"),
            "hours: expected hours such as 09:00-17:00",
            id="no closing",
        ),
        pytest.param(
            lambda: wt.weekly("Mon 9:00-9:00"),
            "closes: expected closing after opening",
            id="hours of no time",
        ),
        pytest.param(
            lambda: wt.CalendarHistory(versions=()),
            "versions: expected at least one",
            id="no version",
        ),
        pytest.param(
            lambda: wt.CalendarHistory(
                versions=[  # type: ignore[arg-type]
                    wt.CalendarInForce(valid_from=date(2026, 1, n), calendar=calendar(version=n))
                    for n in (1, 2)
                ]
                + [wt.CalendarInForce(valid_from=date(2026, 1, 2), calendar=calendar())]
            ),
            "one version from a date on",
            id="two versions from a date",
        ),
        pytest.param(
            lambda: wt.add(calendar(), NAIVE, hours(1)),
            "instant: expected an instant with a time zone",
            id="naive instant",
        ),
        pytest.param(
            lambda: wt.add(calendar(), local("2026-01-05T09:00"), 3),  # type: ignore[arg-type]
            "amount: expected a duration",
            id="no duration",
        ),
        pytest.param(
            lambda: wt.add_business_days(calendar(), date(2026, 1, 5), 1.5),  # type: ignore[arg-type]
            "days: expected a whole number",
            id="half a day",
        ),
        pytest.param(
            lambda: wt.is_business_day(calendar(), local("2026-01-05T09:00")),
            "day: expected a date",
            id="instant as date",
        ),
    ],
)
def test_nonsense_is_refused_in_words(make: Callable[[], Any], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        make()


def test_a_shifted_day_is_no_holiday_and_is_given_once() -> None:
    shifted = wt.ShiftedDay(
        day=date(2026, 1, 6), hours=(wt.DayHours(opens="9:00", closes="10:00"),)
    )
    with pytest.raises(InvalidValueError, match="shifted: expected a date that is not a holiday"):
        calendar(holidays=(holiday("2026-01-06"),), shifted=(shifted,))
    other = wt.ShiftedDay(day=shifted.day, hours=(wt.DayHours(opens="11:00", closes="12:00"),))
    with pytest.raises(InvalidValueError, match="shifted: expected each date once"):
        calendar(shifted=(shifted, other))


# Versions


SUMMER = calendar(version=2, weekly=wt.weekly("Mon-Sat 08:00-18:00"))
HISTORY = wt.CalendarHistory(
    versions=(
        wt.CalendarInForce(valid_from=date(2026, 7, 1), calendar=SUMMER),  # a Wednesday
        wt.CalendarInForce(valid_from=date(2026, 1, 1), calendar=calendar()),
    )
)


def test_each_stretch_of_time_counts_by_the_version_in_force_then() -> None:
    opened = local("2026-06-30T16:00")
    assert wt.add(HISTORY, opened, hours(3)) == local("2026-07-01T10:00")
    assert wt.subtract(HISTORY, local("2026-07-01T10:00"), hours(3)) == opened
    assert wt.between(HISTORY, opened, local("2026-07-05T00:00")) == hours(1 + 4 * 10)
    assert wt.business_days_between(HISTORY, date(2026, 6, 26), date(2026, 7, 6)) == 3 + 4
    assert wt.closing_of(HISTORY, date(2026, 7, 4)) == local("2026-07-04T18:00")


def test_EC_S32_a_version_that_was_kept_is_followed_to_the_end() -> None:
    opened = local("2026-06-30T16:00")
    assert wt.add(wt.calendar_at(HISTORY, opened), opened, hours(3)) == local("2026-07-01T11:00")
    border = local("2026-07-01T00:00")
    assert wt.calendar_at(HISTORY, border) == SUMMER
    assert wt.calendar_at(HISTORY, border - timedelta(microseconds=1)) == calendar()


def test_before_the_first_version_it_is_closed() -> None:
    before = local("2025-12-31T12:00")
    assert not wt.is_open(HISTORY, before)
    assert not wt.is_business_day(HISTORY, date(2025, 12, 31))
    assert wt.next_open(HISTORY, before) == local("2026-01-01T09:00")
    assert wt.local_date(HISTORY, before) == date(2025, 12, 31)
    with pytest.raises(NotFoundError, match="no version of support before 2026-01-01"):
        wt.calendar_at(HISTORY, before)
    always = wt.CalendarHistory(
        versions=(wt.CalendarInForce(valid_from=wt.ALWAYS, calendar=calendar()),)
    )
    assert wt.calendar_at(always, datetime(1900, 1, 1, tzinfo=UTC)) == calendar()


def test_a_version_may_move_to_another_zone() -> None:
    """From its first local date on: what the old zone still had of the day before is cut."""
    moved = wt.CalendarHistory(
        versions=(
            wt.CalendarInForce(
                valid_from=date(2026, 1, 1),
                calendar=calendar("America/New_York", weekly=wt.weekly("Mon-Sun 00:00-24:00")),
            ),
            wt.CalendarInForce(
                valid_from=date(2026, 1, 6), calendar=calendar("Asia/Tokyo", version=2)
            ),
        )
    )
    border = local("2026-01-06T00:00", "Asia/Tokyo")
    assert wt.next_close(moved, border - hours(30)) == border
    assert wt.next_opening(moved, border - hours(30)) == local("2026-01-06T09:00", "Asia/Tokyo")


def test_a_version_that_another_one_overtakes_is_never_in_force() -> None:
    """Dates begin in Kiritimati 26 hours before they do on Baker Island."""
    calendars = [
        calendar("Europe/Berlin"),
        calendar("Etc/GMT+12", version=2),
        calendar("Pacific/Kiritimati", version=3),
    ]
    history = wt.CalendarHistory(
        versions=tuple(
            wt.CalendarInForce(valid_from=date(2026, 1, n), calendar=c)
            for n, c in zip((1, 6, 7), calendars, strict=True)
        )
    )
    border = local("2026-01-07T00:00", "Pacific/Kiritimati")
    found = [wt.calendar_at(history, border + hours(n)).version for n in (-1, 0, 1, 2, 3)]
    assert found == [1, 3, 3, 3, 3]
    assert wt.between(history, border - hours(24), border + hours(48)) > timedelta(0)


# Business days


def test_business_days_and_their_ends() -> None:
    c = calendar(holidays=(holiday("2026-01-06"),))
    opened = local("2026-01-02T23:30")
    last = wt.add_business_days(c, wt.local_date(c, opened), 3)
    assert last == date(2026, 1, 8)  # Monday, not the holiday, Wednesday, Thursday
    assert wt.closing_of(c, last) == local("2026-01-08T17:00")
    assert wt.same_time_on(c, last, opened + timedelta(microseconds=7)) == local(
        "2026-01-08T23:30:00.000007"
    )
    assert (
        wt.add_business_days(c, last, -3)
        == wt.subtract_business_days(c, last, 3)
        == date(2026, 1, 2)
    )
    assert wt.subtract_business_days(c, date(2026, 1, 2), -3) == last
    assert wt.business_days_between(c, last, date(2026, 1, 2)) == -3
    with pytest.raises(NotFoundError, match="no opening of support on 2026-01-06"):
        wt.closing_of(c, date(2026, 1, 6))


def test_the_same_time_moves_where_clocks_skip_it() -> None:
    friday = local("2026-03-27T02:30")
    assert wt.same_time_on(calendar(), date(2026, 3, 29), friday) == local("2026-03-29T03:30")
    assert wt.same_time_on(calendar(), date(2026, 10, 25), friday) == local("2026-10-25T02:30")


# As a value


@event
class HoursAgreed:
    """An event that carries a calendar."""

    TOPIC: ClassVar[str] = "hours-agreed"
    contract_id: UUID
    history: wt.CalendarHistory
    at: datetime


def test_a_calendar_is_stored_in_an_event_and_read_again() -> None:
    codec = EventCodec([HoursAgreed])
    agreed = HoursAgreed(contract_id=uid(1), history=HISTORY, at=local("2026-01-01T00:00"))
    wt.add(HISTORY, agreed.at, hours(1))  # what was worked out is no part of the value
    stored = codec.encode(agreed)
    assert '"weekday":1,"opens":"08:00","closes":"18:00"' in stored or '"opens":"08:00"' in stored
    (read,) = codec.decode(HoursAgreed.TOPIC, 1, stored)
    assert read == agreed
    assert wt.add(read.history, agreed.at, hours(1)) == wt.add(HISTORY, agreed.at, hours(1))
    assert pickle.loads(pickle.dumps(read)) == agreed


def test_the_order_in_which_a_calendar_is_told_makes_no_difference() -> None:
    days = (holiday("2026-01-06"), holiday("2026-12-25"), holiday("2026-05-01"))
    week = wt.weekly("Tue 9:00-17:00", "Mon 13:00-18:00, 8:00-12:00:00")
    assert calendar(holidays=days, weekly=week) == calendar(
        holidays=(*days[::-1], days[0]), weekly=list(week[::-1])
    )
    assert [str(part.opens) for part in calendar(weekly=week).weekly] == ["08:00", "13:00", "09:00"]


def test_a_week_is_written_as_people_write_it() -> None:
    assert wt.weekly("Sat-Mon 22:00-6:00") == tuple(
        wt.OpeningHours(weekday=day, opens=opens, closes=closes)
        for day, opens, closes in (
            (6, "22:00", "24:00"), (7, "00:00", "06:00"),
            (7, "22:00", "24:00"), (1, "00:00", "06:00"),
            (1, "22:00", "24:00"), (2, "00:00", "06:00"),
        )
    )  # fmt: skip
    assert wt.weekly("Friday 20:00-0:00") == (
        wt.OpeningHours(weekday=5, opens="20:00", closes="24:00"),
    )
    assert wt.weekly("Mon 9:00:30-17:00")[0].opens == "09:00:30"
