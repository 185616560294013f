"""An aggregate: how one kind of stream is folded into the state that decides."""

from collections.abc import Callable, Iterable
from functools import reduce
from typing import Generic, TypeVar
from uuid import UUID

import attrs

__all__ = ["Aggregate", "nobody"]

S = TypeVar("S")
E = TypeVar("E")


def nobody(_state: object) -> UUID | None:
    """The subject of a stream that is about no person or account."""
    return None


@attrs.frozen
class Aggregate(Generic[S, E]):
    """One kind of stream.

    ``kind`` is the field's word for it ("order"); ``initial`` the state of an empty stream;
    ``evolve(state, event)`` the state after one more event; ``events`` every event class that
    such a stream may hold; ``subject(state)`` the customer (or lead) that its events are about.
    ``version`` changes with the fold, so that no snapshot of an older fold is trusted.
    """

    kind: str
    initial: S
    evolve: Callable[[S, E], S]
    events: tuple[type, ...]
    subject: Callable[[S], UUID | None] = nobody
    version: int = 1

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        """The state after *events*, from *state* or from the beginning."""
        return reduce(self.evolve, events, self.initial if state is None else state)
