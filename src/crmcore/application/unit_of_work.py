"""A unit of work over a log's session: streams read once, changes kept or dropped as a whole."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs

from crmcore.application.errors import MisuseError
from crmcore.application.log import LogView, NewEvent, Provenance
from crmcore.domain.kernel import Aggregate, NotAllowedError
from crmcore.domain.kernel.frozen import frozen


class OtherKindError(NotAllowedError):
    """An id is used for one thing and stands for another already."""

    def __init__(self, stream_id: UUID, kind: str, found: str) -> None:
        super().__init__(f"{stream_id} is no {kind}, but the id of another thing ({found})")


@attrs.define
class LoadedStream:
    """A stream within a session: the version at which it was read, its version and state now.

    ``began_at`` is when its first fact was true; None before there is one.
    """

    aggregate: Aggregate[Any, Any]
    read_version: int
    version: int
    state: Any
    began_at: datetime | None


@frozen
class LoadedStreams:
    """The streams that a session has read so far, for all of its commands."""

    session: LogView
    _streams: dict[UUID, LoadedStream] = attrs.Factory(dict)

    def load(self, aggregate: Aggregate[Any, Any], stream_id: UUID) -> LoadedStream:
        """A copy of the stream as the commands before left it, read if none has read it."""
        found = self._streams.get(stream_id)
        if found is None:
            version, history = self.session.read_stream(stream_id)
            if history and not isinstance(history[0], aggregate.events):
                raise OtherKindError(stream_id, aggregate.kind, history[0].TOPIC)
            began_at = history[0].at if history else None
            found = LoadedStream(aggregate, version, version, aggregate.fold(history), began_at)
            self._streams[stream_id] = found
        elif found.aggregate is not aggregate:
            if found.version:
                raise OtherKindError(stream_id, aggregate.kind, found.aggregate.kind)
            return LoadedStream(aggregate, 0, 0, aggregate.initial, None)
        return LoadedStream(
            aggregate, found.read_version, found.version, found.state, found.began_at
        )

    def keep(self, changed: Mapping[UUID, LoadedStream]) -> None:
        """Let what a command did stand for the commands after it."""
        self._streams.update(changed)

    @property
    def kind(self) -> str | None:
        """What the first stream that was read is of: a customer, an order; None while there is none."""
        return next((stream.aggregate.kind for stream in self._streams.values()), None)

    def versions(self) -> dict[UUID, int]:
        """The version at which each stream was read: what every decision so far rests on."""
        return {key: stream.read_version for key, stream in self._streams.items()}


@frozen
class UnitOfWork:
    """What one command reads and records (``crmcore.application.work.Work``)."""

    loaded: LoadedStreams
    provenance: Provenance
    events: list[NewEvent] = attrs.Factory(list)
    _touched: dict[UUID, LoadedStream] = attrs.Factory(dict)

    def state(self, aggregate: Aggregate[Any, Any], stream_id: UUID) -> Any:
        """The state of a stream, what this work has recorded on it included."""
        return self._stream(aggregate, stream_id).state

    def record(
        self, aggregate: Aggregate[Any, Any], stream_id: UUID, events: Sequence[Any]
    ) -> None:
        """Add *events* to the end of a stream; each is about the subject of the state after it.

        Raises ``OutOfOrderError`` for one that cannot have come after what the stream holds.
        """
        if not isinstance(stream_id, UUID):
            raise MisuseError(
                f"{aggregate.kind}: expected a stream's id (a UUID), got {stream_id!r}"
            )
        stream = self._stream(aggregate, stream_id)
        for event in events:
            kind: type = type(event)
            if kind not in aggregate.events:
                raise MisuseError(
                    f"{aggregate.kind}: {kind.__name__} is none of the events of its `events`"
                )
            aggregate.refuse_out_of_order(stream.state, event, stream.began_at)
            stream.began_at = stream.began_at or event.at
            stream.state = aggregate.evolve(stream.state, event)
            stream.version += 1
            subject = aggregate.subject(stream.state)
            if not (subject is None or isinstance(subject, UUID)):
                raise MisuseError(
                    f"{aggregate.kind}: expected `subject` to be a UUID or None, got {subject!r}"
                )
            new = NewEvent(stream_id, stream.version, subject, event, self.provenance)
            self.events.append(new)

    def addressed(self) -> tuple[UUID, int] | None:
        """The stream that the command is about, and its version before the command.

        That is the first stream it recorded on, or else the first it read.
        """
        if self.events:
            return self.events[0].stream_id, self.events[0].stream_version - 1
        for stream_id, stream in self._touched.items():
            return stream_id, stream.version
        return None

    @property
    def kind(self) -> str | None:
        """What the stream that the command is about is of: a customer, an order."""
        addressed = self.addressed()
        return None if addressed is None else self._touched[addressed[0]].aggregate.kind

    def keep(self) -> None:
        """Let the changes stand for the commands after this one."""
        self.loaded.keep(self._touched)

    def _stream(self, aggregate: Aggregate[Any, Any], stream_id: UUID) -> LoadedStream:
        found = self._touched.get(stream_id)
        if found is None or (found.aggregate is not aggregate and not found.version):
            found = self._touched[stream_id] = self.loaded.load(aggregate, stream_id)
        elif found.aggregate is not aggregate:
            raise OtherKindError(stream_id, aggregate.kind, found.aggregate.kind)
        return found
