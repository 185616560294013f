"""How long something takes in working time, and when it is due: pure functions over calendars.

Working time is the real time that passes while a calendar is open: a night shift in which
clocks go forward has an hour less.  Everything is exact to the microsecond; instants come with
a time zone and go out in UTC; stretches include their beginning and not their end.  Instants
lie between the years 1900 and 9000 (``InvalidValueError`` otherwise).
"""

from datetime import datetime, timedelta

from crmcore.domain.kernel.errors import NotFoundError, NoWorkingTimeError
from crmcore.domain.kernel.working_time.calendar import BusinessCalendar, CalendarHistory
from crmcore.domain.kernel.working_time.positions import (
    FIRST_YEAR,
    HORIZON,
    LAST_YEAR,
    duration,
    instant_at,
    position,
)
from crmcore.domain.kernel.working_time.timeline import Timetable, name_of, timeline


def add(
    timetable: Timetable, start: datetime, amount: timedelta, *, horizon: timedelta = HORIZON
) -> datetime:
    """When *amount* of working time has passed since *start*: the earliest such instant.

    Used up exactly at closing time, it is closing time, not the next opening.  Nothing added
    gives the next working instant: *start* itself while open.  A negative amount subtracts.
    Raises ``NoWorkingTimeError`` if that is not within *horizon* of *start*.
    """
    missing = duration("amount", amount)
    if missing < 0:
        return subtract(timetable, start, -amount, horizon=horizon)
    line, (number, since) = timeline(timetable), position(start)
    until = since + duration("horizon", horizon)
    year = line.year(number)
    done = year.worked(since)
    while missing > year.total - done or done == year.total:
        missing -= year.total - done
        if year.end > until or number == LAST_YEAR:
            raise _none(timetable, amount, start, horizon)
        number, done = number + 1, 0
        year = line.year(number)
    due = year.earliest(done + missing) if missing else year.latest(done)
    if due > until:
        raise _none(timetable, amount, start, horizon)
    return instant_at(due)


def subtract(
    timetable: Timetable, end: datetime, amount: timedelta, *, horizon: timedelta = HORIZON
) -> datetime:
    """From when on *amount* of working time passes until *end*: the latest such instant.

    The mirror of ``add``: nothing subtracted gives *end* itself if work was going on right
    before it, else the closing time before.  A negative amount adds.  Raises
    ``NoWorkingTimeError`` if that is not within *horizon* of *end*.
    """
    missing = duration("amount", amount)
    if missing < 0:
        return add(timetable, end, -amount, horizon=horizon)
    line, (number, until) = timeline(timetable), position(end)
    since = until - duration("horizon", horizon)
    year = line.year(number)
    done = year.worked(until)
    while missing > done or done == 0:
        missing -= done
        if year.begin < since or number == FIRST_YEAR:
            raise _none(timetable, amount, end, horizon)
        number -= 1
        year = line.year(number)
        done = year.total
    begun = year.latest(done - missing) if missing else year.earliest(done)
    if begun < since:
        raise _none(timetable, amount, end, horizon)
    return instant_at(begun)


def between(timetable: Timetable, start: datetime, end: datetime) -> timedelta:
    """The working time from *start* to *end*; negative if *end* comes first."""
    line = timeline(timetable)
    (first, since), (last, until) = position(start), position(end)
    if first > last:
        return -between(timetable, end, start)
    worked = line.year(last).worked(until) - line.year(first).worked(since)
    if first < last:
        worked += sum(line.year(number).total for number in range(first, last))
    return timedelta(microseconds=worked)


def is_open(timetable: Timetable, instant: datetime) -> bool:
    """Whether work is going on at *instant*: at the second of opening yes, of closing no."""
    number, at = position(instant)
    return timeline(timetable).year(number).open_at(at)


def calendar_at(history: CalendarHistory, instant: datetime) -> BusinessCalendar:
    """The version in force at *instant*, for whoever must keep it whatever changes later.

    Raises ``NotFoundError`` before the first version.
    """
    _, at = position(instant)
    index = timeline(history).version_at(at)
    if index is None:
        since = history.versions[0].valid_from
        raise NotFoundError(f"version of {name_of(history)} before {since}, at", str(instant))
    return history.versions[index].calendar


def _none(
    timetable: Timetable, amount: timedelta, start: datetime, horizon: timedelta
) -> NoWorkingTimeError:
    sought = f"{amount} of working time" if amount else "working time"
    return NoWorkingTimeError(name_of(timetable), sought, start, horizon)
