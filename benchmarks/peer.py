"""What a peer has to do to be measured beside us: record our events, and make the same rows of them."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Protocol

from crmcore.application.log import Recorded

Shown = dict[str, tuple[int, Decimal]]
"""Orders and revenue by customer."""


class Peer(Protocol):
    """Whoever projects the events of a log."""

    def write(self, log: Iterable[Recorded]) -> None:
        """Record the events of our *log*."""

    def project(self) -> tuple[float, Shown]:
        """Make the read model from nothing: the seconds that it took, and its rows."""
