"""Instants: moments that mean the same everywhere, how far clocks may differ, whole numbers of
microseconds; and the instants that nobody named.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from crmcore.domain.kernel.errors import InvalidValueError

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far the clocks of those who send commands may differ, from ours and from one another's."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class Presumed(datetime):
    """The instant of a command whose sender named none: filled in for them, no part of their wish.

    A value of its own kind, so that it can be told from one that was named wherever a command
    is handed on; for everything else it is the instant that it is.
    """

    @classmethod
    def at(cls, instant: datetime) -> Self:
        """The aware *instant*, presumed."""
        utc = instant.astimezone(UTC)
        return cls.combine(utc.date(), utc.timetz())

    @property
    def instant(self) -> datetime:
        """The same instant, as if somebody had named it."""
        return datetime.combine(self.date(), self.timetz())


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
