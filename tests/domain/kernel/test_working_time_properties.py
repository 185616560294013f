"""Working time for any calendar: against a count of minutes, and against itself.

Zones and instants are chosen where clocks do strange things.
"""

from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import attrs
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crmcore.domain.kernel import NoWorkingTimeError
from crmcore.domain.kernel import working_time as wt

MINUTE, MICROSECOND, NOTHING = timedelta(minutes=1), timedelta(microseconds=1), timedelta(0)
WEEK = timedelta(weeks=1)
CHANGES = {
    "Europe/Berlin": ["2026-03-29", "2026-10-25"],
    "America/New_York": ["2026-03-08", "2026-11-01"],
    "America/Sao_Paulo": ["2018-11-04", "2018-02-18"],
    "Africa/Cairo": ["2023-04-28", "2023-10-27"],
    "Asia/Kathmandu": ["1986-01-01", "2026-01-01"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "Pacific/Apia": ["2011-12-30", "2011-04-02"],
}
"""The dates on which clocks changed; in Samoa the date that was skipped."""

QUARTERS = [15 * n for n in range(97)]
ANY = settings(
    deadline=None,
    max_examples=30,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
SLOW = settings(ANY, max_examples=15)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def calendars(
    draw: st.DrawFn, edges: list[int] = QUARTERS, exceptions: bool = True
) -> wt.BusinessCalendar:
    zone = draw(st.sampled_from(sorted(CHANGES)))
    week = draw(
        st.dictionaries(
            st.integers(1, 7),
            st.lists(st.sampled_from(edges), min_size=2, max_size=6, unique=True),
            min_size=1,
        )
    )
    close = st.sampled_from(CHANGES[zone]).flatmap(
        lambda day: st.integers(-4, 4).map(lambda n: date.fromisoformat(day) + timedelta(days=n))
    )
    days = draw(st.lists(close, max_size=4, unique=True)) if exceptions else []
    return wt.BusinessCalendar(
        name="any",
        zone=zone,
        weekly=tuple(
            wt.OpeningHours(weekday=day, opens=clock(opens), closes=clock(closes))
            for day, minutes in week.items()
            for opens, closes in zip(sorted(minutes)[::2], sorted(minutes)[1::2], strict=False)
        ),
        holidays=tuple(wt.Holiday(day=day) for day in days[:1]),
        shifted=tuple(
            wt.ShiftedDay(day=day, hours=(wt.DayHours(opens="04:00", closes="24:00"),))
            for day in days[1:2]
        ),
        breaks=tuple(wt.Break(day=day, closes="10:15", opens_again="13:30") for day in days[2:]),
    )


def around(changes: list[str], unit: timedelta = MICROSECOND) -> st.SearchStrategy[datetime]:
    """Instants within two days of one at which clocks change."""
    most = timedelta(days=2) // unit
    return st.tuples(st.sampled_from(changes), st.integers(-most, most)).map(
        lambda drawn: datetime.fromisoformat(f"{drawn[0]}T00:00Z") + drawn[1] * unit
    )


@attrs.frozen
class Asked:
    """A calendar, some instants in order, and some amounts of time in order."""

    calendar: wt.BusinessCalendar
    instants: list[datetime]
    amounts: list[timedelta]


@st.composite
def asked(draw: st.DrawFn, /, unit: timedelta = MICROSECOND, **kinds: Any) -> Asked:
    found = draw(calendars(**kinds))
    changes = CHANGES[found.zone]
    if unit == MINUTE:  # to be counted one by one
        changes = [draw(st.sampled_from(changes))]
    instants = draw(st.lists(around(changes, unit), min_size=3, max_size=3))
    most = timedelta(days=1) // unit
    amounts = draw(st.lists(st.integers(0, most), min_size=2, max_size=2))
    return Asked(found, sorted(instants), sorted(n * unit for n in amounts))


# Against a count of minutes

PLAIN = [0, *range(4 * 60, 24 * 60 + 1, 15)]  # no edge in a gap: these are examples elsewhere


def open_minutes(c: wt.BusinessCalendar, first: datetime, last: datetime) -> list[bool]:
    """Whether each minute from *first* to *last* is open, told by what clocks show alone.

    Hours hold from the first minute that a date shows at their opening or later to the last
    that it shows before their closing.
    """
    zone, instant = ZoneInfo(c.zone), first - timedelta(days=2)
    shown: dict[date, list[tuple[datetime, int]]] = {}
    while instant < last + timedelta(days=2):
        local = instant.astimezone(zone)
        shown.setdefault(local.date(), []).append((instant, local.hour * 60 + local.minute))
        instant += MINUTE
    found = set[datetime]()
    for day, minutes in shown.items():
        for opens, closes in hours_of(c, day):
            inside = [n for n, (_, minute) in enumerate(minutes) if minute >= opens]
            until = [n for n, (_, minute) in enumerate(minutes) if minute < closes]
            if inside and until:
                found |= {at for at, _ in minutes[inside[0] : until[-1] + 1]}
    return [first + n * MINUTE in found for n in range((last - first) // MINUTE)]


def hours_of(c: wt.BusinessCalendar, day: date) -> list[tuple[int, int]]:
    """The hours of *day* in minutes; one opened out of each minute that is not closed."""
    if any(one.day == day for one in c.holidays):
        return []
    hours: list[Any] = [part for part in c.weekly if part.weekday == day.isoweekday()]
    hours = next((list(one.hours) for one in c.shifted if one.day == day), hours)
    spans = [(minute_of(part.opens), minute_of(part.closes)) for part in hours]
    for pause in (one for one in c.breaks if one.day == day):
        stops, resumes = minute_of(pause.closes), minute_of(pause.opens_again)
        parts = [((a, min(b, stops)), (max(a, resumes), b)) for a, b in spans]
        spans = [(a, b) for pair in parts for a, b in pair if a < b]
    return spans


def minute_of(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:5])


@SLOW
@given(asked(unit=MINUTE, edges=PLAIN))
def test_INV_S2_working_time_is_the_number_of_open_minutes(a: Asked) -> None:
    first, middle, last = a.instants
    minutes = open_minutes(a.calendar, first, last)
    assert wt.between(a.calendar, first, last) == sum(minutes) * MINUTE
    half = (middle - first) // MINUTE
    assert wt.between(a.calendar, middle, last) == sum(minutes[half:]) * MINUTE
    assert wt.is_open(a.calendar, first) == (
        minutes[0] if minutes else wt.is_open(a.calendar, first)
    )
    opened = [n for n, is_open in enumerate(minutes) if is_open]
    if opened:
        assert wt.add(a.calendar, first, NOTHING) == first + opened[0] * MINUTE
        wanted = max(1, len(opened) // 2)
        due = wt.add(a.calendar, first, wanted * MINUTE)
        assert due == first + (opened[wanted - 1] + 1) * MINUTE
        start = wt.subtract(a.calendar, last, wanted * MINUTE)
        assert start == first + opened[-wanted] * MINUTE


# Against itself


@ANY
@given(asked())
def test_INV_S2_the_time_up_to_a_deadline_is_the_target(a: Asked) -> None:
    for start in a.instants:
        for target in a.amounts:
            due = wt.add(a.calendar, start, target)
            assert wt.between(a.calendar, start, due) == target
            if target:
                before = wt.between(a.calendar, start, due - MICROSECOND)
                assert before == target - MICROSECOND  # so there is no earlier one


@ANY
@given(asked())
def test_INV_S2_more_time_or_a_later_start_never_bring_a_deadline_forward(a: Asked) -> None:
    less, more = a.amounts
    for one, other in pairwise(a.instants):
        assert wt.add(a.calendar, one, less) <= wt.add(a.calendar, one, more)
        assert wt.add(a.calendar, one, more) <= wt.add(a.calendar, other, more)
        assert wt.subtract(a.calendar, other, more) <= wt.subtract(a.calendar, other, less)
        assert wt.subtract(a.calendar, one, more) <= wt.subtract(a.calendar, other, more)


@ANY
@given(asked())
def test_INV_S2_nothing_added_is_the_next_working_instant(a: Asked) -> None:
    for start in a.instants:
        first = wt.add(a.calendar, start, NOTHING)
        assert first == wt.next_open(a.calendar, start)
        assert wt.is_open(a.calendar, first)
        assert (first == start) == wt.is_open(a.calendar, start)
        assert wt.between(a.calendar, start, first) == NOTHING


@ANY
@given(asked())
def test_subtracting_undoes_adding(a: Asked) -> None:
    for start in a.instants:
        for amount in a.amounts:
            if amount:
                due = wt.add(a.calendar, start, amount)
                assert wt.subtract(a.calendar, due, amount) == wt.next_open(a.calendar, start)
                begun = wt.subtract(a.calendar, start, amount)
                back = wt.subtract(a.calendar, start, NOTHING)
                assert wt.add(a.calendar, begun, amount) == back


@ANY
@given(asked())
def test_time_between_adds_up(a: Asked) -> None:
    first, middle, last = a.instants
    parts = wt.between(a.calendar, first, middle) + wt.between(a.calendar, middle, last)
    assert parts == wt.between(a.calendar, first, last) == -wt.between(a.calendar, last, first)


@ANY
@given(asked())
def test_stretches_are_apart_open_and_make_up_the_time(a: Asked) -> None:
    first, _, last = a.instants
    found = list(wt.intervals(a.calendar, first, last))
    assert sum((end - start for start, end in found), NOTHING) == wt.between(
        a.calendar, first, last
    )
    edges = [edge for stretch in found for edge in stretch]
    assert all(one < other for one, other in pairwise(edges))
    for start, end in found:
        assert wt.is_open(a.calendar, start)
        assert wt.is_open(a.calendar, end - MICROSECOND)
        assert end == last or not wt.is_open(a.calendar, end)
        assert end == last or wt.next_close(a.calendar, start) == end == wt.previous_close(
            a.calendar, end
        )
    for (_, closed), (opened, _) in pairwise(found):
        assert wt.next_opening(a.calendar, closed) == wt.next_open(a.calendar, closed) == opened


@ANY
@given(asked(), st.data())
def test_splitting_hours_changes_nothing(a: Asked, data: st.DataObject) -> None:
    part = data.draw(st.sampled_from(a.calendar.weekly))
    opens, closes = minute_of(part.opens), minute_of(part.closes)
    middle = data.draw(st.integers(opens + 1, closes - 1))
    split = (
        attrs.evolve(part, closes=clock(middle)),  # type: ignore[misc]
        attrs.evolve(part, opens=clock(middle)),  # type: ignore[misc]
    )
    others = tuple(one for one in a.calendar.weekly if one != part)
    other = attrs.evolve(a.calendar, weekly=(*others, *split))  # type: ignore[misc]
    first, _, last = a.instants
    assert list(wt.intervals(other, first, last)) == list(wt.intervals(a.calendar, first, last))
    for amount in a.amounts:
        assert wt.add(other, first, amount) == wt.add(a.calendar, first, amount)


@ANY
@given(asked(exceptions=False))
def test_a_week_later_everything_is_a_week_later(a: Asked) -> None:
    """Unless clocks changed in between."""
    start, _, end = (at + 3 * WEEK for at in a.instants)
    amount, zone = a.amounts[1] / 24, ZoneInfo(a.calendar.zone)
    due = wt.add(a.calendar, start, amount)
    days = (max(due, end) + WEEK - start) // timedelta(days=1)
    around_it = (start + timedelta(days=n) for n in range(-2, days + 3))
    assume(len({at.astimezone(zone).utcoffset() for at in around_it}) == 1)
    assert wt.add(a.calendar, start + WEEK, amount) == due + WEEK
    assert wt.between(a.calendar, start + WEEK, end + WEEK) == wt.between(a.calendar, start, end)


@ANY
@given(asked(), st.integers(-3, 3))
def test_a_version_that_changes_nothing_changes_nothing(a: Asked, days: int) -> None:
    border = a.instants[1].date() + timedelta(days=days)
    history = wt.CalendarHistory(
        versions=(
            wt.CalendarInForce(valid_from=wt.ALWAYS, calendar=a.calendar),
            wt.CalendarInForce(valid_from=border, calendar=attrs.evolve(a.calendar, version=2)),  # type: ignore[misc]
        )
    )
    first, _, last = a.instants
    assert list(wt.intervals(history, first, last)) == list(wt.intervals(a.calendar, first, last))
    assert wt.add(history, first, a.amounts[1]) == wt.add(a.calendar, first, a.amounts[1])


@ANY
@given(asked(), st.integers(-20, 20))
def test_business_days_are_counted_as_they_are_added(a: Asked, days: int) -> None:
    c, day = a.calendar, a.instants[0].date()
    there = wt.add_business_days(c, day, days)
    assert wt.is_business_day(c, there)
    assert wt.business_days_between(c, day, there) == days or days < 0
    closing = wt.closing_of(c, there)
    assert not wt.is_open(c, closing) or closing == wt.next_open(c, closing)
    assert wt.is_open(c, closing - MICROSECOND)


@ANY
@given(asked())
def test_INV_S1_a_search_finds_or_ends(a: Asked) -> None:
    start, horizon = a.instants[0], timedelta(days=1)
    try:
        due = wt.add(a.calendar, start, a.amounts[0], horizon=horizon)
    except NoWorkingTimeError:
        assert wt.add(a.calendar, start, a.amounts[0]) > start + horizon
    else:
        assert due == wt.add(a.calendar, start, a.amounts[0]) <= start + horizon
