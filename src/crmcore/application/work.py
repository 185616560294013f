"""A unit of work: the streams that a command reads and the events that it adds, all or none.

A service asks ``work.state(AGGREGATE, stream_id)`` for what it must know, decides, and
hands the new events to ``work.record``.  It knows nothing of versions, transactions or
databases: whoever runs it checks at the end that no stream it read has changed.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol, TypeVar
from uuid import UUID

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel import Aggregate, Event, shown

S = TypeVar("S")
E = TypeVar("E", bound=Event)
C = TypeVar("C", contravariant=True)


class Work(Protocol):
    """What a command service may do with the log."""

    def state(self, aggregate: Aggregate[S, Any], stream_id: UUID) -> S:
        """The state of a stream, what this work has recorded on it included."""
        ...

    def record(self, aggregate: Aggregate[Any, E], stream_id: UUID, events: Sequence[E]) -> None:
        """Add *events* to the end of a stream; raises ``OutOfOrderError`` for one dated too early."""
        ...


Handler = Callable[[Any, Work], None]
"""Carries one command out on a unit of work; raises a ``DomainError`` to refuse it."""


class Decide(Protocol[C]):
    """The pure decision of an aggregate on one of its commands."""

    def __call__(self, command: C, state: Any, /) -> Sequence[Any]:
        """The events that *command* causes in *state*; raises a ``DomainError`` to refuse."""
        ...


def on_one_stream(
    aggregate: Aggregate[Any, Any], decide: Decide[Any], stream_id: Callable[[Any], UUID]
) -> Handler:
    """The handler of a command that is decided on the state of one stream alone."""

    def handle(command: Any, work: Work) -> None:
        key = stream_id(command)
        events = decide(command, work.state(aggregate, key))
        if not isinstance(events, list | tuple):
            raise MisuseError(
                f"{aggregate.kind}: expected `decide` to return a list of events, got {shown(events)}"
            )
        if events:
            work.record(aggregate, key, events)

    return handle


def derived_handlers(aggregates: Iterable[Aggregate[Any, Any]]) -> dict[type, Handler]:
    """The handlers of the commands that *aggregates* decide on the state of their stream alone."""
    return {
        kind: on_one_stream(aggregate, aggregate.decide, aggregate.stream_id)
        for aggregate in aggregates
        if aggregate.decide is not None and aggregate.stream_id is not None
        for kind in aggregate.commands
    }
