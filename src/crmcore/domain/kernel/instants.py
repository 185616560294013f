"""Instants: how far clocks may differ, and whole numbers of microseconds since 1970, exact both ways."""

from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["CLOCK_SKEW", "from_micros", "to_micros"]

CLOCK_SKEW: Final = timedelta(minutes=5)
"""How far the clocks of those who send commands may differ, from ours and from one another's."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """The microseconds from 1970 (UTC) to the aware *instant*."""
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The instant (UTC) *micros* microseconds after 1970."""
    return EPOCH + timedelta(microseconds=micros)
