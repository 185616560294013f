"""Instants as whole numbers: microseconds since 1970-01-01T00:00Z, exact both ways."""

from datetime import UTC, datetime, timedelta

__all__ = ["from_micros", "to_micros"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(instant: datetime) -> int:
    """The microseconds from 1970 (UTC) to the aware *instant*."""
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The instant (UTC) *micros* microseconds after 1970."""
    return EPOCH + timedelta(microseconds=micros)
