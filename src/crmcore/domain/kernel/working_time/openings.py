"""When a calendar opens and closes: the stretches themselves, and what is next to an instant.

A year that ends while work is going on (a night shift, round the clock) is no closing time.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import datetime, timedelta

from crmcore.domain.kernel.errors import NoWorkingTimeError
from crmcore.domain.kernel.working_time.positions import (
    FIRST_YEAR,
    HORIZON,
    LAST_YEAR,
    duration,
    instant_at,
    position,
)
from crmcore.domain.kernel.working_time.questions import add
from crmcore.domain.kernel.working_time.timeline import Timetable, name_of, timeline


def next_open(timetable: Timetable, instant: datetime, *, horizon: timedelta = HORIZON) -> datetime:
    """The first working instant from *instant* on: itself while open, else the next opening.

    Raises ``NoWorkingTimeError`` if there is none within *horizon*, as all these do.
    """
    return add(timetable, instant, timedelta(0), horizon=horizon)


def next_opening(
    timetable: Timetable, instant: datetime, *, horizon: timedelta = HORIZON
) -> datetime:
    """When it opens next, later than *instant*; hours that touch are not opened twice."""
    line, (number, since) = timeline(timetable), position(instant)
    until = since + duration("horizon", horizon)
    while number <= LAST_YEAR and (year := line.year(number)).begin <= until:
        for start in year.starts[bisect_right(year.starts, since) :][:2]:
            if start <= until and line.opens(number, start):
                return instant_at(start)
        number += 1
    raise NoWorkingTimeError(name_of(timetable), "opening", instant, horizon)


def next_close(
    timetable: Timetable, instant: datetime, *, horizon: timedelta = HORIZON
) -> datetime:
    """When it closes next, later than *instant*: now if open, else after the next opening."""
    line, (number, since) = timeline(timetable), position(instant)
    until = since + duration("horizon", horizon)
    while number <= LAST_YEAR and (year := line.year(number)).begin <= until:
        for end in year.ends[bisect_right(year.ends, since) :][:1]:
            if end <= until and line.closes(number, end):
                return instant_at(end)
        number += 1
    raise NoWorkingTimeError(name_of(timetable), "closing", instant, horizon)


def previous_close(
    timetable: Timetable, instant: datetime, *, horizon: timedelta = HORIZON
) -> datetime:
    """When it closed last, at *instant* or before."""
    line, (number, until) = timeline(timetable), position(instant)
    since = until - duration("horizon", horizon)
    while number >= FIRST_YEAR and (year := line.year(number)).end >= since:
        for end in reversed(year.ends[: bisect_right(year.ends, until)][-2:]):
            if end >= since and line.closes(number, end):
                return instant_at(end)
        number -= 1
    raise NoWorkingTimeError(name_of(timetable), "closing", instant, horizon)


def intervals(
    timetable: Timetable, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """The open stretches from *start* to *end*, in order: beginning and end of each, in UTC."""
    line, (first, since), (last, until) = timeline(timetable), position(start), position(end)
    begun: int | None = None
    for number in range(first, last + 1) if since < until else ():
        year = line.year(number)
        for index in range(bisect_right(year.ends, since), bisect_left(year.starts, until)):
            if begun is None:
                begun = max(since, year.starts[index])
            closes = min(until, year.ends[index])
            if closes == until or line.closes(number, closes):
                yield instant_at(begun), instant_at(closes)
                begun = None
