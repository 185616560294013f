"""A clock that a test sets, for ``crmcore.open(..., clock=...)``."""

from datetime import UTC, datetime, timedelta
from typing import Final

from crmcore.domain.kernel import zoned

BEGINNING: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
"""A Monday."""


class Clock:
    """Tells the instant *at* until it is moved, and never an earlier one unless it is told to go back.

    With a *tick* it is later by so much each time that it is read.  Instants without a zone are refused.
    """

    def __init__(self, at: datetime = BEGINNING, *, tick: timedelta = timedelta()) -> None:
        self._at = zoned("clock", at)
        if tick < timedelta():
            raise ValueError(f"tick: expected no time, or some, got {tick}")
        self._tick = tick

    def __call__(self) -> datetime:
        """The present instant (UTC)."""
        self._at += self._tick
        return self._at

    def __repr__(self) -> str:
        return f"Clock({self._at.isoformat()})"

    def set(self, at: datetime, *, back: bool = False) -> datetime:
        """Let it be another instant; ``ValueError`` for an earlier one, unless *back* says so."""
        at = zoned("clock", at)
        if at < self._at and not back:
            raise ValueError(
                f"the clock would go back from {self._at.isoformat()} to {at.isoformat()}:"
                " say back=True if that is meant"
            )
        self._at = at
        return at

    def advance(self, by: timedelta = timedelta(), **more: float) -> datetime:
        """Let time pass: ``advance(timedelta(days=1))`` or ``advance(days=1, hours=2)``; return the instant."""
        return self.set(self._at + by + timedelta(**more))
