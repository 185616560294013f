"""A business calendar: when somebody works, frozen under a version that facts can refer to.

A calendar is a value: it can be stored inside an event, and what was computed with it is
computed again, to the microsecond.  Holidays are copied into it, never looked up later.
"""

import difflib
import zoneinfo
from collections import defaultdict
from collections.abc import Callable
from datetime import date
from itertools import pairwise
from typing import Annotated, Any, Final, TypeVar

import attrs

from crmcore.domain.kernel.errors import InvalidValueError
from crmcore.domain.kernel.message import value
from crmcore.domain.kernel.shape import Between, Length
from crmcore.domain.kernel.working_time.hours import (
    Break,
    Holiday,
    HoursOfWeek,
    OpeningHours,
    ShiftedDay,
    apart,
    seconds,
    weekly,
)

ALWAYS: Final = date(1899, 12, 1)
"""As far back as any instant reaches: for the version that holds from the beginning."""
OF_THE_MACHINE: Final = ("localtime", "posixrules", "Factory")
Dated = TypeVar("Dated", Holiday, ShiftedDay, Break)


def known_zone(given: Any) -> str:
    """*given* if it names a zone everywhere: not one that is what a machine was set to.

    Raises ``InvalidValueError``, with the nearest name that is known.
    """
    try:
        if isinstance(given, str) and given not in OF_THE_MACHINE:
            return zoneinfo.ZoneInfo(given).key
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        pass
    known = sorted(zoneinfo.available_timezones())
    near = difflib.get_close_matches(given, known, n=1) if isinstance(given, str) else []
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise InvalidValueError("zone", given, f"an IANA time zone such as Europe/Berlin{hint}")


def _week(given: Any) -> tuple[OpeningHours, ...]:
    days = defaultdict[int, list[OpeningHours]](list)
    for part in _all("weekly", OpeningHours, given):
        days[part.weekday].append(part)
    for weekday, hours in days.items():
        apart(f"weekly (weekday {weekday})", hours)
    in_order = sorted(days.items())
    return tuple(p for _, ps in in_order for p in sorted(ps, key=lambda p: seconds(p.opens)))


def _all(field: str, kind: type[Any], given: Any) -> list[Any]:
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, kind) for one in given):
        raise InvalidValueError(field, given, f"a list of {kind.__name__}")
    return list(given)


def _dated(field: str, kind: type[Dated]) -> Callable[[Any], tuple[Dated, ...]]:
    """Exceptions in the order of their dates, so that equal calendars are equal values."""

    def dated(given: Any) -> tuple[Dated, ...]:
        return tuple(sorted(set(_all(field, kind, given)), key=lambda one: (one.day, str(one))))

    return dated


def _shifted(given: Any) -> tuple[ShiftedDay, ...]:
    days: tuple[ShiftedDay, ...] = _dated("shifted", ShiftedDay)(given)
    for one, other in pairwise(days):
        if one.day == other.day:
            raise InvalidValueError("shifted", one.day, "each date once, with all of its hours")
    return days


@value
class BusinessCalendar:
    """When somebody works: hours of a week in a time zone, and the days that differ.

    On a date in ``holidays`` nobody works; a date in ``shifted`` has hours of its own instead of
    its weekday's; ``breaks`` close a part of a day.  A date is the local one, and hours that
    began the evening before belong to the day after midnight.  Raises ``InvalidValueError``
    for a calendar that would never open.
    """

    name: Annotated[str, Length(100)]
    version: Annotated[int, Between(1)] = 1
    zone: Annotated[str, Length(100)] = attrs.field(converter=known_zone)
    weekly: HoursOfWeek = attrs.field(converter=_week)
    holidays: tuple[Holiday, ...] = attrs.field(default=(), converter=_dated("holidays", Holiday))
    shifted: tuple[ShiftedDay, ...] = attrs.field(default=(), converter=_shifted)
    breaks: tuple[Break, ...] = attrs.field(default=(), converter=_dated("breaks", Break))

    def __attrs_post_init__(self) -> None:
        if not self.weekly and not self.shifted:
            raise InvalidValueError("weekly", (), f"hours in which {self.name} is open")
        if self.shifted and self.holidays:
            twice = {one.day for one in self.shifted} & {one.day for one in self.holidays}
            if twice:
                expected = "a date that is not a holiday of the same calendar"
                raise InvalidValueError("shifted", min(twice), expected)


@value
class CalendarInForce:
    """A version of a calendar, and the first local date (in its own zone) on which it holds."""

    valid_from: date
    calendar: BusinessCalendar


def _versions(given: Any) -> tuple[CalendarInForce, ...]:
    versions = sorted(_all("versions", CalendarInForce, given), key=lambda one: one.valid_from)
    for one, other in pairwise(versions):
        if one.valid_from == other.valid_from:
            raise InvalidValueError("versions", one.valid_from, "one version from a date on")
    if not versions:
        raise InvalidValueError("versions", given, "at least one version")
    return tuple(versions)


@value
class CalendarHistory:
    """The versions of a calendar, each in force until the next one.

    Asked as a calendar is, every stretch of time counts by the version that is in force then: a
    deadline that runs past a change of hours follows both.  Before the first version it is
    closed (``ALWAYS`` is early enough for everything).  Whoever must not follow a later change
    keeps the version: ``calendar_at``.
    """

    versions: tuple[CalendarInForce, ...] = attrs.field(converter=_versions)


ELAPSED: Final = BusinessCalendar(
    name="elapsed time", zone="UTC", weekly=weekly("Mon-Sun 00:00-24:00")
)
"""Round the clock, for targets that count every hour."""
