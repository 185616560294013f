"""From local days to instants: the hours of each date, and what the clocks made of them.

A local time that the clocks skipped moves forward by the gap; one that they showed twice is the
first for an opening and the last for a closing.  A date that a zone skipped altogether (Samoa,
30 December 2011) has no hours.  Instants here are microseconds since 1970 (UTC).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from crmcore.domain.kernel.working_time.calendar import BusinessCalendar
from crmcore.domain.kernel.working_time.hours import Stretch, seconds
from crmcore.domain.kernel.working_time.positions import EPOCH, microseconds

NAIVE_EPOCH: Final = EPOCH.replace(tzinfo=None)
ONE_DAY: Final = timedelta(days=1)
Span = tuple[int, int]
"""From the first to the second, the second excluded."""


def united(spans: Iterable[Span]) -> Sequence[Span]:
    """*spans* in order, those that touch or overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


class LocalDays:
    """The open hours of every date of a calendar."""

    def __init__(self, calendar: BusinessCalendar) -> None:
        self.zone = ZoneInfo(calendar.zone)
        self._holidays = frozenset(holiday.day for holiday in calendar.holidays)
        self._shifted = {one.day: _spans(one.hours) for one in calendar.shifted}
        week = defaultdict[int, list[Stretch]](list)
        for part in calendar.weekly:
            week[part.weekday].append(part)
        self._week: Mapping[int, Sequence[Span]] = {day: _spans(ps) for day, ps in week.items()}
        self._breaks = defaultdict[date, list[Span]](list)
        for one in calendar.breaks:
            self._breaks[one.day].append((seconds(one.closes), seconds(one.opens_again)))

    def hours_on(self, day: date) -> Sequence[Span]:
        """The open hours of *day*, in seconds of the local clock; none if the zone skipped it."""
        hours = self._hours(day)
        return hours if hours and self.begin(day) < self.begin(day + ONE_DAY) else ()

    def spans(self, first: date, last: date) -> Iterable[Span]:
        """The open instants of the dates from *first* to *last*, in no particular order."""
        day, midnight = first, _shown(first, 0)
        while day <= last:
            hours, tomorrow = self._hours(day), midnight + ONE_DAY
            offset = self._offset(midnight)
            if hours and offset != self._offset(tomorrow.replace(fold=1)):
                yield from self._changing(day)
            elif hours:  # the same offset all day long: no clock is changed
                begin = microseconds(midnight - NAIVE_EPOCH - offset)
                for opens, closes in hours:
                    yield begin + opens * 1_000_000, begin + closes * 1_000_000
            day, midnight = day + ONE_DAY, tomorrow

    def _changing(self, day: date) -> Iterable[Span]:
        """The open instants of a date on which clocks are changed."""
        for opens, closes in self.hours_on(day):
            start, end = self.opening(day, opens), self.closing(day, closes)
            if start < end:
                yield start, end

    def _hours(self, day: date) -> Sequence[Span]:
        if day in self._holidays:
            return ()
        hours = self._shifted.get(day)
        if hours is None:
            hours = self._week.get(day.isoweekday(), ())
        if hours and day in self._breaks:
            for pause in self._breaks[day]:
                hours = [part for span in hours for part in _without(span, pause)]
        return hours

    def begin(self, day: date) -> int:
        """The instant with which *day* begins."""
        return self.opening(day, 0)

    def opening(self, day: date, second: int) -> int:
        """The first instant at which clocks show *second* of *day*, or it moved by the gap."""
        return self._instant(_shown(day, second))

    def closing(self, day: date, second: int) -> int:
        """The last instant at which clocks show *second* of *day*, or it moved by the gap."""
        local = _shown(day, second)
        return max(self._instant(local), self._instant(local.replace(fold=1)))

    def _instant(self, local: datetime) -> int:
        return microseconds(local - NAIVE_EPOCH - self._offset(local))

    def _offset(self, local: datetime) -> timedelta:
        # fold=0 is the first of two occurrences and, in a gap, the offset from before it (PEP 495)
        return self.zone.utcoffset(local) or timedelta()


def _shown(day: date, second: int) -> datetime:
    """What clocks show at *second* of *day*; 24:00 is the midnight after."""
    midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001  # local, on purpose
    return midnight + timedelta(seconds=second)


def _spans(hours: Iterable[Stretch]) -> Sequence[Span]:
    return united((seconds(part.opens), seconds(part.closes)) for part in hours)


def _without(span: Span, pause: Span) -> Iterable[Span]:
    (start, end), (stops, resumes) = span, pause
    if start < min(end, stops):
        yield start, min(end, stops)
    if max(start, resumes) < end:
        yield max(start, resumes), end
