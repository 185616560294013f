"""Business days: targets such as "within five business days", counted in local dates.

A business day is a local date on which the calendar is open at all.  A range of dates includes
its first and not its last, as everywhere.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from crmcore.domain.kernel.errors import InvalidValueError, NotFoundError, NoWorkingTimeError
from crmcore.domain.kernel.shape import shape
from crmcore.domain.kernel.working_time.local_days import LocalDays
from crmcore.domain.kernel.working_time.positions import (
    FIRST_YEAR,
    HORIZON,
    LAST_YEAR,
    instant_at,
    position,
)
from crmcore.domain.kernel.working_time.timeline import Timetable, name_of, timeline

FIRST_DAY, LAST_DAY = date(FIRST_YEAR, 1, 3), date(LAST_YEAR, 12, 29)
ONE_DAY = timedelta(days=1)
_checked = shape(date)


def is_business_day(timetable: Timetable, day: date) -> bool:
    """Whether there is any open time on the local date *day*."""
    days = timeline(timetable).days_on(_day(day))
    return days is not None and bool(days.hours_on(day))


def roll_forward(timetable: Timetable, day: date, *, horizon: timedelta = HORIZON) -> date:
    """*day* if it is a business day, else the next one."""
    return _step(timetable, day, 0, ONE_DAY, horizon)


def roll_backward(timetable: Timetable, day: date, *, horizon: timedelta = HORIZON) -> date:
    """*day* if it is a business day, else the one before."""
    return _step(timetable, day, 0, -ONE_DAY, horizon)


def next_business_day(timetable: Timetable, day: date, *, horizon: timedelta = HORIZON) -> date:
    """The first business day after *day*."""
    return _step(timetable, _day(day) + ONE_DAY, 0, ONE_DAY, horizon)


def previous_business_day(timetable: Timetable, day: date, *, horizon: timedelta = HORIZON) -> date:
    """The last business day before *day*."""
    return _step(timetable, _day(day) - ONE_DAY, 0, -ONE_DAY, horizon)


def add_business_days(
    timetable: Timetable, day: date, days: int, *, horizon: timedelta = HORIZON
) -> date:
    """The date *days* business days after *day*, which counts as the next one if it is none.

    So none added to a day off is the next business day, as ``add`` has it for time.  A negative
    number subtracts.  Raises ``NoWorkingTimeError`` if there are not so many within *horizon*.
    """
    if _number(days) < 0:
        return subtract_business_days(timetable, day, -days, horizon=horizon)
    return _step(timetable, day, days, ONE_DAY, horizon)


def subtract_business_days(
    timetable: Timetable, day: date, days: int, *, horizon: timedelta = HORIZON
) -> date:
    """The date *days* business days before *day*, which counts as the one before if it is none."""
    if _number(days) < 0:
        return add_business_days(timetable, day, -days, horizon=horizon)
    return _step(timetable, day, days, -ONE_DAY, horizon)


def business_days_between(timetable: Timetable, start: date, end: date) -> int:
    """How many business days from *start*, included, to *end*, not; negative if *end* is first."""
    if _day(start) > _day(end):
        return -business_days_between(timetable, end, start)
    return sum(is_business_day(timetable, day) for day in _dates(start, ONE_DAY, end - start))


def local_date(timetable: Timetable, instant: datetime) -> date:
    """The date that clocks of the calendar show at *instant*."""
    _, at = position(instant)
    return instant_at(at).astimezone(_in_force(timetable, at).zone).date()


def closing_of(timetable: Timetable, day: date) -> datetime:
    """When it closes for the last time on the local date *day*, in UTC.

    So ``closing_of(c, add_business_days(c, local_date(c, opened_at), 5))`` is "by the end of the
    fifth business day".  Raises ``NotFoundError`` if *day* is no business day.
    """
    days = timeline(timetable).days_on(_day(day))
    hours = () if days is None else days.hours_on(day)
    if days is None or not hours:
        raise NotFoundError(f"opening of {name_of(timetable)} on", day.isoformat())
    return instant_at(max(days.closing(day, closes) for _, closes in hours))


def same_time_on(timetable: Timetable, day: date, instant: datetime) -> datetime:
    """When clocks show on the local date *day* what they show at *instant*, in UTC.

    A time that they skip that day moves forward by the gap; of two it is the first.
    """
    _, at = position(instant)
    local = instant_at(at).astimezone(_in_force(timetable, at).zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    days = timeline(timetable).days_on(_day(day)) or _in_force(timetable, at)
    clock = local.replace(tzinfo=None) - midnight
    return instant_at(days.opening(day, clock.seconds) + clock.microseconds)


def _in_force(timetable: Timetable, at: int) -> LocalDays:
    line = timeline(timetable)
    index = line.version_at(at)
    return line.days[index or 0]


def _step(timetable: Timetable, day: date, days: int, step: timedelta, horizon: timedelta) -> date:
    """*day* (or the business day nearest to it in the direction of *step*), and *days* further."""
    missing = days
    for each in _dates(_day(day), step, horizon + ONE_DAY):
        if is_business_day(timetable, each):
            if missing == 0:
                return each
            missing -= 1
    sought = "business day" if days == 0 else f"{days} business days"
    raise NoWorkingTimeError(name_of(timetable), sought, day, horizon)


def _number(days: int) -> int:
    if not isinstance(days, int) or isinstance(days, bool):
        raise InvalidValueError("days", days, "a whole number")
    return days


def _dates(first: date, step: timedelta, length: timedelta) -> Iterator[date]:
    """*length* days from *first* on, as far as dates are known."""
    day = first
    for _ in range(length.days):
        if not FIRST_DAY <= day <= LAST_DAY:
            return
        yield day
        day += step


def _day(given: date) -> date:
    day: date = _checked("day", given)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise InvalidValueError("day", day, f"a date from {FIRST_DAY} to {LAST_DAY}")
    return day
