"""Instants: moments that mean the same everywhere, how far clocks may differ, whole numbers of microseconds."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from crmcore.domain.kernel.errors import InvalidValueError

__all__ = ["CLOCK_SKEW", "from_micros", "to_micros", "zoned"]

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far the clocks of those who send commands may differ, from ours and from one another's."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def zoned(field: str, value: Any) -> datetime:
    """*value* if it is an instant; ``InvalidValueError`` if it is none, or says no time zone.

    What a clock shows without a zone is another instant on each machine and in each database.
    """
    if not isinstance(value, datetime):
        raise InvalidValueError(field, value, "an instant (a datetime with a time zone)")
    if value.utcoffset() is None:
        raise InvalidValueError(
            field, value, "an instant with a time zone, such as 2026-01-05T09:00:00Z"
        )
    return value


def to_micros(instant: datetime) -> int:
    """The microseconds from 1970 (UTC) to the aware *instant*."""
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The instant (UTC) *micros* microseconds after 1970."""
    return EPOCH + timedelta(microseconds=micros)
