"""The open stretches of a calendar as instants, a year at a time, with sums to search in.

A year (UTC) is worked out when it is first asked for and kept; whatever is asked then costs a
binary search.  Instants are microseconds since 1970 (UTC).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Final

from crmcore.domain.kernel.working_time.calendar import (
    BusinessCalendar,
    CalendarHistory,
    CalendarInForce,
)
from crmcore.domain.kernel.working_time.local_days import LocalDays, Span, united
from crmcore.domain.kernel.working_time.positions import (
    EPOCH,
    FIRST_YEAR,
    LAST_YEAR,
    microseconds,
)

Timetable = BusinessCalendar | CalendarHistory
"""Whatever can be asked when it is open."""
BEGINNING: Final = date(1, 1, 3)
YEARS_KEPT: Final = 300
TIMELINES_KEPT: Final = 256
SURROUNDING: Final = timedelta(days=2)  # local dates that may reach into a year of UTC


class Year:
    """The open stretches of one year, in order, none touching another."""

    __slots__ = ("before", "begin", "end", "ends", "starts", "total")

    def __init__(self, begin: int, end: int, spans: Iterable[Span]) -> None:
        self.begin, self.end = begin, end
        inside = [(max(s, begin), min(e, end)) for s, e in united(spans) if s < end and e > begin]
        self.starts = [start for start, _ in inside]
        self.ends = [end for _, end in inside]
        self.before: list[int] = []
        self.total = 0
        for start, stop in inside:
            self.before.append(self.total)
            self.total += stop - start

    def worked(self, instant: int) -> int:
        """Working time from the beginning of the year to *instant*."""
        index = bisect_right(self.starts, instant) - 1
        if index < 0:
            return 0
        return self.before[index] + min(instant, self.ends[index]) - self.starts[index]

    def earliest(self, worked: int) -> int:
        """The first instant by which *worked* (more than 0, at most ``total``) is done."""
        index = bisect_left(self.before, worked) - 1
        return self.starts[index] + worked - self.before[index]

    def latest(self, worked: int) -> int:
        """The last instant by which no more than *worked* (less than ``total``) is done."""
        index = bisect_right(self.before, worked) - 1
        return self.starts[index] + worked - self.before[index]

    def open_at(self, instant: int) -> bool:
        """Whether *instant* is within a stretch; its end is not."""
        index = bisect_right(self.starts, instant) - 1
        return index >= 0 and instant < self.ends[index]


class Timeline:
    """The years of a calendar, or of the versions of one."""

    def __init__(self, versions: Sequence[CalendarInForce]) -> None:
        self._valid_from = [version.valid_from for version in versions]
        self.days = [LocalDays(version.calendar) for version in versions]
        self._years: dict[int, Year] = {}

    def year(self, number: int) -> Year:
        """The open stretches of the year *number* (UTC)."""
        found = self._years.get(number)
        if found is None:
            if len(self._years) >= YEARS_KEPT:
                self._years.clear()
            found = self._years[number] = self._worked_out(number)
        return found

    def opens(self, number: int, start: int) -> bool:
        """Whether *start* of a stretch in the year *number* is not just the end of a year before."""
        if start > self.year(number).begin or number == FIRST_YEAR:
            return True
        return self.year(number - 1).ends[-1:] != [start]

    def closes(self, number: int, end: int) -> bool:
        """Whether *end* of a stretch in the year *number* is not just the beginning of the next."""
        if end < self.year(number).end or number == LAST_YEAR:
            return True
        return self.year(number + 1).starts[:1] != [end]

    def days_on(self, day: date) -> LocalDays | None:
        """The version whose hours are those of the local date *day*; none before the first."""
        index = bisect_right(self._valid_from, day) - 1
        return self.days[index] if index >= 0 else None

    def version_at(self, instant: int) -> int | None:
        """The number of the version in force at *instant*; none before the first."""
        return next((n for n, since in self._in_force(instant + 1) if since <= instant), None)

    def _in_force(self, before: int) -> Iterable[tuple[int, int]]:
        """The versions that begin before an instant, the latest first: number and beginning."""
        for number in reversed(range(len(self.days))):
            if (begin := self.days[number].begin(self._valid_from[number])) < before:
                yield number, begin

    def _worked_out(self, number: int) -> Year:
        begin, end = _new_year(number), _new_year(number + 1)
        first, last = date(number, 1, 1) - SURROUNDING, date(number + 1, 1, 1) + SURROUNDING
        spans: list[Span] = []
        until = end
        for version, since in self._in_force(end):
            if begin < until and since < until:
                hours = self.days[version].spans(first, last)
                spans += _clipped(hours, max(begin, since), until)
                until = since
        return Year(begin, end, spans)


def _clipped(spans: Iterable[Span], since: int, until: int) -> Iterable[Span]:
    return ((max(s, since), min(e, until)) for s, e in spans if s < until and e > since)


def _new_year(number: int) -> int:
    return microseconds(datetime(number, 1, 1, tzinfo=EPOCH.tzinfo) - EPOCH)


def _remembered(make: Callable[[Timetable], Timeline]) -> Callable[[Timetable], Timeline]:
    """*make*, remembered by the object first: to hash a calendar's holidays each time is slow."""
    seen: dict[int, tuple[Timetable, Timeline]] = {}

    def remembered(timetable: Timetable) -> Timeline:
        found = seen.get(id(timetable))
        if found is not None and found[0] is timetable:
            return found[1]
        if len(seen) >= TIMELINES_KEPT:
            seen.clear()
        made = make(timetable)
        seen[id(timetable)] = (timetable, made)  # kept alive, so that its id stays its own
        return made

    return remembered


@_remembered
@lru_cache(maxsize=TIMELINES_KEPT)
def timeline(timetable: Timetable) -> Timeline:
    """The timeline of *timetable*; equal calendars share one."""
    match timetable:
        case BusinessCalendar():
            return Timeline([CalendarInForce(valid_from=BEGINNING, calendar=timetable)])
        case CalendarHistory():
            return Timeline(timetable.versions)


def name_of(timetable: Timetable) -> str:
    """What *timetable* is called."""
    match timetable:
        case BusinessCalendar():
            return timetable.name
        case CalendarHistory():
            return timetable.versions[-1].calendar.name
