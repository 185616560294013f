"""Instants as people type them: ISO 8601 with an offset, or a date, which is all of that day (UTC)."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from crmcore.cli.faults import WrongCallError

FORM: Final = "2017-12-31T18:00:00Z, 2017-12-31T18:00:00+01:00, or a date (all of it, in UTC)"
MOMENT: Final = timedelta(microseconds=1)


def beginning(option: str, text: str | None, zone: str = "UTC") -> datetime | None:
    """The instant that *text* names, or the first of its day in *zone*."""
    return None if text is None else _read(option, text, zone)[0]


def end(option: str, text: str | None, zone: str = "UTC") -> datetime | None:
    """The instant that *text* names, or the first that is no longer of its day in *zone*."""
    return None if text is None else _read(option, text, zone)[1]


def last_moment(option: str, text: str | None, zone: str = "UTC") -> datetime | None:
    """The instant that *text* names, or the last of its day in *zone*."""
    if text is None:
        return None
    first, after = _read(option, text, zone)
    return first if first == after else after - MOMENT


def by_then(as_of: str | None, known_at: str | None = None) -> str:
    """The instants that a question was asked with, to end a sentence."""
    asked = f" by {as_of}" if as_of else ""
    return f"{asked}{',' if asked else ''} as known by {known_at}" if known_at else asked


def _read(option: str, text: str, zone: str) -> tuple[datetime, datetime]:
    """The instant, twice; or the beginning of the day and that of the next."""
    try:
        if len(text.strip()) <= len("2017-12-31"):
            day = date.fromisoformat(text.strip())
            return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)
        at = datetime.fromisoformat(text.strip())
        if at.tzinfo is not None:
            utc = at.astimezone(UTC)
            return utc, utc
    except (ValueError, OverflowError):
        raise WrongCallError(
            f"{option}: expected an instant such as {FORM}, got {text!r}"
        ) from None
    raise WrongCallError(
        f"{option}: {text!r} does not say in which zone: write {text.strip()}Z for UTC,"
        f" or add an offset such as +01:00"
    )


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, time.min, ZoneInfo(zone)).astimezone(UTC)
