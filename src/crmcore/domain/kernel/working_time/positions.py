"""Instants as whole microseconds since 1970 (UTC), and how far one may ask."""

from datetime import UTC, datetime, timedelta
from typing import Final

from crmcore.domain.kernel.errors import InvalidValueError
from crmcore.domain.kernel.shape import shape

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_YEAR, LAST_YEAR = 1900, 8999  # those of the instants that commands may carry
HORIZON: Final = timedelta(days=3_660)
"""How far a search goes, unless told otherwise: ten years."""
LONGEST: Final = timedelta(days=366_000)
_checked = shape(datetime)


def position(instant: datetime) -> tuple[int, int]:
    """The year of *instant* (UTC), and its microseconds since 1970.

    Raises ``InvalidValueError`` for one without a time zone, or outside the years 1900 to 8999.
    """
    if getattr(instant, "tzinfo", None) is not UTC or not FIRST_YEAR <= instant.year <= LAST_YEAR:
        instant = _checked("instant", instant)
    return instant.year, microseconds(instant - EPOCH)


def instant_at(microseconds_since_1970: int) -> datetime:
    """The instant in UTC."""
    return EPOCH + timedelta(microseconds=microseconds_since_1970)


def microseconds(length: timedelta) -> int:
    """The exact whole number of microseconds of *length*."""
    return (length.days * 86_400 + length.seconds) * 1_000_000 + length.microseconds


def duration(field: str, given: timedelta) -> int:
    """The microseconds of *given*; ``InvalidValueError`` above a thousand years."""
    if not isinstance(given, timedelta) or abs(given) > LONGEST:
        raise InvalidValueError(field, given, "a duration of at most a thousand years")
    return microseconds(given)
