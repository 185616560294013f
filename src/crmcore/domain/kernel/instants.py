"""Instants: as whole numbers of microseconds, exact both ways; and those that nobody said."""

from datetime import UTC, datetime, timedelta
from typing import Self

__all__ = ["Presumed", "from_micros", "to_micros"]

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


def to_micros(instant: datetime) -> int:
    """The microseconds from 1970 (UTC) to the aware *instant*."""
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The instant (UTC) *micros* microseconds after 1970."""
    return EPOCH + timedelta(microseconds=micros)
