"""Periods of a report: half-open stretches of time, by the days of a zone."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

import attrs

from crmcore.domain.kernel import zoned
from crmcore.domain.kernel.working_time import known_zone
from crmcore.projections.results import result


class PeriodLength(StrEnum):
    """Days, weeks from Monday on, or months: whole ones by the clocks of a zone."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


def _since(at: datetime) -> datetime:
    return zoned("since", at).astimezone(UTC)


def _until(at: datetime) -> datetime:
    return zoned("until", at).astimezone(UTC)


@result
class Period:
    """From *since* on and before *until*; days begin at the midnight of *zone* (an IANA name).

    Raises ``InvalidValueError`` for a zone that nobody knows and for an instant that says no
    zone, ``ValueError`` where nothing lies between the two instants.
    """

    since: datetime = attrs.field(converter=_since)
    until: datetime = attrs.field(converter=_until)
    zone: str = attrs.field(default="UTC", converter=known_zone)

    def __attrs_post_init__(self) -> None:
        if self.since >= self.until:
            raise ValueError(f"{self.since} is not before {self.until}: nothing lies between")

    def __contains__(self, at: datetime | None) -> bool:
        return at is not None and self.since <= at < self.until

    @property
    def name(self) -> str:
        """The local date with which it begins: ``2026-03-29``."""
        return local_day(self.since, self.zone).isoformat()

    def parts(self, length: PeriodLength) -> Iterator["Period"]:
        """Its days, weeks or months, in order; the first and the last may be cut short."""
        day = _first(local_day(self.since, self.zone), length)
        begins = _midnight(day, self.zone)
        while begins < self.until:
            day = _next(day, length)
            ends = _midnight(day, self.zone)
            since, until = max(begins, self.since), min(ends, self.until)
            if since < until:  # a date that the zone skipped has no instants
                yield Period(since, until, self.zone)
            begins = ends


def local_day(at: datetime, zone: str) -> date:
    """The date that clocks in *zone* show at an instant."""
    return at.astimezone(ZoneInfo(zone)).date()


def _midnight(day: date, zone: str) -> datetime:
    """The first instant of a local date: after the gap where clocks skip midnight."""
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)


def _first(day: date, length: PeriodLength) -> date:
    match length:
        case PeriodLength.DAY:
            return day
        case PeriodLength.WEEK:
            return day - timedelta(days=day.weekday())
        case PeriodLength.MONTH:
            return day.replace(day=1)


def _next(day: date, length: PeriodLength) -> date:
    if length is PeriodLength.DAY:
        return day + timedelta(days=1)
    return _first(day + timedelta(days=7 if length is PeriodLength.WEEK else 31), length)
