"""Periods of reports: half-open, and by the clocks of a zone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore import Period, PeriodLength
from crmcore.errors import InvalidValueError

HOUR = timedelta(hours=1)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Pacific/Apia",
    "Asia/Kolkata",
)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


instants = st.floats(0, 20 * 365 * 24).map(lambda hours: utc("2008-01-01") + hours * HOUR)


@given(
    instants,
    st.timedeltas(timedelta(microseconds=1), timedelta(days=100)),
    st.sampled_from(ZONES),
    st.sampled_from(list(PeriodLength)),
)
def test_the_parts_of_a_period_cover_it_without_a_gap(
    since: datetime, length: timedelta, zone: str, part: PeriodLength
) -> None:
    whole = Period(since, since + length, zone)
    parts = list(whole.parts(part))
    assert (parts[0].since, parts[-1].until) == (whole.since, whole.until)
    assert all(one.until == other.since for one, other in pairwise(parts))
    assert len({one.name for one in parts}) == len(parts)
    for one in parts:
        assert one.since in whole
        assert one.until not in one
        assert sum(one.since in other for other in parts) == 1


@pytest.mark.parametrize(
    ("zone", "day", "begins", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00", 23),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00", 25),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00", 23),  # it began at 01:00
        ("America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00", 25),  # 23:00 came twice
        ("Asia/Kolkata", "2026-01-01", "2025-12-31T18:30", 24),
    ],
)
def test_a_day_is_as_long_as_clocks_make_it(zone: str, day: str, begins: str, hours: int) -> None:
    around = Period(utc(day) - timedelta(days=2), utc(day) + timedelta(days=3), zone)
    [found] = [one for one in around.parts(PeriodLength.DAY) if one.name == day]
    assert (found.since, found.until - found.since) == (utc(begins), hours * HOUR)


def test_a_date_that_a_zone_skipped_is_no_day() -> None:
    """Samoa went from 29 to 31 December 2011."""
    names = [
        one.name
        for one in Period(utc("2011-12-29T10:00"), utc("2012-01-01T10:00"), "Pacific/Apia").parts(
            PeriodLength.DAY
        )
    ]
    assert names == ["2011-12-29", "2011-12-31", "2012-01-01"]


def test_weeks_begin_on_monday_and_months_on_the_first() -> None:
    whole = Period(utc("2026-01-28"), utc("2026-03-02"))
    names = [one.name for one in whole.parts(PeriodLength.WEEK)]
    assert names == ["2026-01-28", "2026-02-02", "2026-02-09", "2026-02-16", "2026-02-23"]
    names = [one.name for one in whole.parts(PeriodLength.MONTH)]
    assert names == ["2026-01-28", "2026-02-01", "2026-03-01"]


def test_a_period_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="nothing lies between"):
        Period(utc("2026-01-02"), utc("2026-01-02"))
    with pytest.raises(InvalidValueError, match="did you mean Europe/Berlin"):
        Period(utc("2026-01-01"), utc("2026-01-02"), "Europe/Berln")
