"""The clock, as services and questions ask for it by type."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Tells the present instant (UTC)."""

    def __call__(self) -> datetime:
        """The instant, with its zone."""
        ...
