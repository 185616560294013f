"""A unit of work over a plain dictionary: the naive model that services are tested against."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import attrs

from crmcore.application.work import Handler, derived_handlers
from crmcore.domain.kernel import Aggregate, NotFoundError
from tests.composed import AGGREGATES
from tests.scenario import refuse_out_of_order

DERIVED: Mapping[type, Handler] = derived_handlers(AGGREGATES)
"""The handlers of the commands that are decided on the state of one stream alone."""


@attrs.define
class MemoryWork:
    """Streams in memory; ``execute`` carries a command out, all or nothing, and returns its events.

    ``handlers`` are those of services; the others are derived, as they are by a context.
    """

    handlers: Mapping[type, Handler]
    streams: dict[UUID, list[Any]] = attrs.Factory(dict)
    pending: list[tuple[Aggregate[Any, Any], UUID, Any]] = attrs.Factory(list)

    def state(self, aggregate: Aggregate[Any, Any], stream_id: UUID) -> Any:
        added = [event for _, key, event in self.pending if key == stream_id]
        return aggregate.fold([*self.streams.get(stream_id, ()), *added])

    def record(
        self, aggregate: Aggregate[Any, Any], stream_id: UUID, events: Sequence[Any]
    ) -> None:
        added = [event for _, key, event in self.pending if key == stream_id]
        refuse_out_of_order(aggregate, [*self.streams.get(stream_id, ()), *added], events)
        for event in events:
            assert isinstance(event, aggregate.events), f"{event} in a stream of {aggregate.kind}"
            self.pending.append((aggregate, stream_id, event))

    def execute(self, command: Any) -> list[Any]:
        self.pending = []
        try:
            (self.handlers.get(type(command)) or DERIVED[type(command)])(command, self)
        except BaseException:
            self.pending = []
            raise
        for _, key, event in self.pending:
            self.streams.setdefault(key, []).append(event)
        events, self.pending = [event for _, _, event in self.pending], []
        return events


class Existing:
    """What another context answers about its things: these exist, and no others."""

    def __init__(self, kind: str, *keys: UUID) -> None:
        self.kind, self.keys = kind, keys

    def exists(self, _work: object, key: UUID) -> bool:
        return key in self.keys

    def require(self, work: object, key: UUID | None) -> None:
        if key is not None and not self.exists(work, key):
            raise NotFoundError(self.kind, key)
