"""The states of streams, as questions ask for them by type."""

from typing import Any, Protocol, TypeVar
from uuid import UUID

from crmcore.domain.kernel import Aggregate

S = TypeVar("S")


class Streams(Protocol):
    """Reads the present state of any stream, outside of a command."""

    def state(self, aggregate: Aggregate[S, Any], stream_id: UUID) -> S:
        """The state of a stream, as its events make it.

        Raises ``UnreadableEventError`` where it holds an event that cannot be read.
        """
        ...
