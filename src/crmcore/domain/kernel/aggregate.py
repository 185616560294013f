"""An aggregate: how one kind of stream is folded into the state that decides, and in which order."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import reduce
from typing import Any, Generic, TypeVar
from uuid import UUID

from crmcore.domain.kernel.errors import FieldError, NotAllowedError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import CLOCK_SKEW

S = TypeVar("S")
E = TypeVar("E")


class OutOfOrderError(NotAllowedError):
    """What is to be recorded is dated before something that must have come first."""

    def __init__(self, topic: str, at: datetime, earliest: datetime) -> None:
        error = FieldError(
            "at",
            f"{topic} cannot come before what it follows from: expected an instant from"
            f" {earliest.isoformat()} on, got {at.isoformat()} (clocks may differ by"
            f" {CLOCK_SKEW.seconds // 60} minutes)",
        )
        super().__init__(str(error))
        self.errors = (error,)
        self.earliest = earliest


def nobody(_state: object) -> UUID | None:
    """The subject of a stream that is about no person or account."""
    return None


def from_the_beginning(_state: object, _event: object, began_at: datetime) -> datetime | None:
    """Nothing can be true of a thing before the fact that began it."""
    return began_at


def anytime(_state: object, _event: object, _began_at: datetime) -> datetime | None:
    """Facts of this stream come to light in any order: none needs another to be true."""
    return None


@frozen
class Aggregate(Generic[S, E]):
    """One kind of stream.

    ``kind`` is the field's word for it ("order"); ``initial`` the state of an empty stream;
    ``evolve(state, event)`` the state after one more event; ``events`` every event class that
    such a stream may hold; ``subject(state)`` the customer (or lead) that its events are about.
    ``earliest(state, event, began_at)`` is the instant before which *event* cannot be true, given
    *state* and when the first fact of the stream was: facts that are only late are taken.
    ``version`` changes with the fold, so that no snapshot of an older fold is trusted.
    ``commands`` are those that are about such a stream.  Where ``decide(command, state)`` needs to
    know nothing but the state of the stream ``stream_id(command)``, they need no handler of their own.
    """

    kind: str
    initial: S
    evolve: Callable[[S, E], S]
    events: tuple[type, ...]
    subject: Callable[[S], UUID | None] = nobody
    earliest: Callable[[S, Any, datetime], datetime | None] = from_the_beginning
    version: int = 1
    commands: tuple[type, ...] = ()
    decide: Callable[[Any, S], Sequence[E]] | None = None
    stream_id: Callable[[Any], UUID] | None = None

    def __repr__(self) -> str:
        return f"Aggregate({self.kind!r})"

    def fold(self, events: Iterable[E], state: S | None = None) -> S:
        """The state after *events*, from *state* or from the beginning."""
        return reduce(self.evolve, events, self.initial if state is None else state)

    def refuse_out_of_order(self, state: S, event: Any, began_at: datetime | None) -> None:
        """Raise ``OutOfOrderError`` for an *event* dated before what it follows from.

        *began_at* is when the first fact of the stream was true; None before there is one.
        """
        if began_at is None:
            return
        earliest = self.earliest(state, event, began_at)
        if earliest is not None and event.at < earliest - CLOCK_SKEW:
            raise OutOfOrderError(event.TOPIC, event.at, earliest)
