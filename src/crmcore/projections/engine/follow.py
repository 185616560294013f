"""Following the log: batches of events folded into rows, rows and checkpoint committed as one."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import attrs
from sqlalchemy import Connection

from crmcore.application.errors import UnreadableEventError
from crmcore.application.log import Recorded
from crmcore.projections.engine.generation import Checkpoint, Registry, generation_tables
from crmcore.projections.engine.memory import MemoryRows
from crmcore.projections.engine.projection import Projection

__all__ = ["Follower", "LogSource", "ProjectionStoppedError", "Status"]

BATCH = 2_000
"""Events to a transaction."""


class ProjectionStoppedError(Exception):
    """A projection cannot go on; the others do.  Says where it stands, and why."""


class LogSource(Protocol):
    """Where the events come from and the rows go: one database."""

    def write(self) -> AbstractContextManager[Connection]:
        """A transaction that may write."""
        ...

    def read(self) -> AbstractContextManager[Connection]:
        """A connection that sees one moment."""
        ...

    def head(self, connection: Connection) -> int:
        """The last position of the log."""
        ...

    def events(
        self, connection: Connection, topics: Sequence[str], after: int, limit: int
    ) -> Iterator[Recorded]:
        """The next events of *topics* after a position, at most *limit*; may raise on one it cannot read."""
        ...


@attrs.frozen
class Status:
    """Where a projection stands: caught up, behind, not begun, stopped, or out of date."""

    name: str
    version: int
    generation: int | None
    position: int
    head: int
    state: str
    reason: str | None = None

    @property
    def behind(self) -> int:
        """How many positions of the log it has not seen."""
        return self.head - self.position


Progress = Callable[[str, int, int], None]
"""Called with a projection's name, the position it reached and the position to reach."""


class _PoisonError(Exception):
    """An event that cannot be read, or that a handler cannot apply."""

    def __init__(self, position: int, topic: str, cause: Exception) -> None:
        super().__init__(f"{type(cause).__name__}: {cause}")
        self.position, self.topic, self.cause = position, topic, cause


@attrs.frozen
class Follower:
    """Keeps projections up to date."""

    _source: LogSource
    projections: Sequence[Projection]
    _registry: Registry

    def catch_up(self, progress: Progress | None = None) -> None:
        """Bring every projection to the end of the log.

        *progress* is called after each batch.  A projection that stops does not hold up
        the others; ``ProjectionStoppedError`` tells of all that did, at the end.
        """
        stopped = []
        for projection in self.projections:
            try:
                while not self._batch(projection, progress):
                    pass
            except ProjectionStoppedError as error:
                stopped.append(str(error))
        if stopped:
            raise ProjectionStoppedError("\n".join(stopped))

    def follow(self, stop: threading.Event, every: float = 0.2) -> None:
        """Catch up again and again, *every* so many seconds, until *stop* is set."""
        while not stop.is_set():
            self.catch_up()
            stop.wait(every)

    def status(self) -> list[Status]:
        """Where each projection stands."""
        with self._source.read() as connection:
            head = self._source.head(connection)
            return [self._status(connection, head, projection) for projection in self.projections]

    def _status(self, connection: Connection, head: int, projection: Projection) -> Status:
        found = self._registry.live(connection, projection.name)
        name, version = projection.name, projection.version
        if found is None:
            return Status(name, version, None, 0, head, "not begun")
        state, reason = "behind", None
        if found.failure is not None:
            where = f"position {found.failed_position} ({found.failed_topic})"
            state, reason = "stopped", f"{where}: {found.failure}"
        elif found.definition != projection.definition():
            state, reason = "rebuild needed", _drift(projection, found)
        elif found.position >= head:
            state = "caught up"
        return Status(name, version, found.generation, found.position, head, state, reason)

    def _batch(self, projection: Projection, progress: Progress | None) -> bool:
        """Fold one batch; tell whether the end of the log is reached."""
        if self._is_idle(projection):
            return True
        try:
            position, head = self._fold(projection)
        except _PoisonError as poison:
            self._fold(projection, poison)
            raise ProjectionStoppedError(_stopped(projection.name, poison)) from poison.cause
        if progress is not None:
            progress(projection.name, position, head)
        return position >= head

    def _is_idle(self, projection: Projection) -> bool:
        """Whether there is nothing to do, seen without holding up a writer."""
        with self._source.read() as connection:
            at = self._registry.live(connection, projection.name)
            return (
                at is not None
                and at.position == self._source.head(connection)
                and at.definition == projection.definition()
            )

    def _fold(self, projection: Projection, poison: _PoisonError | None = None) -> tuple[int, int]:
        """Fold the next batch in one transaction, up to a known *poison* event, which is recorded."""
        with self._source.write() as connection:
            at = self._begun(connection, projection)
            head = self._source.head(connection)
            events = self._read(connection, projection, at.position, poison)
            tables = generation_tables(projection, at.generation, self._registry.schema)
            rows = MemoryRows(tables)
            touched = [(event, projection.groups(event)) for event in events]
            rows.load(connection, (group for _, groups in touched for group in groups))
            for event, groups in touched:
                if groups:
                    _apply(projection, event, rows)
            rows.flush(connection)
            if poison is not None:
                self._registry.advance(connection, at, poison.position - 1)
                self._registry.fail(connection, at, poison.position, poison.topic, str(poison))
                return poison.position - 1, head
            position = events[-1].position if len(events) == BATCH else head
            if position > at.position or at.failure is not None:
                self._registry.advance(connection, at, position)
            return position, head

    def _read(
        self,
        connection: Connection,
        projection: Projection,
        after: int,
        poison: _PoisonError | None,
    ) -> list[Recorded]:
        events: list[Recorded] = []
        try:
            for event in self._source.events(connection, projection.topics, after, BATCH):
                if poison is not None and event.position >= poison.position:
                    break
                events.append(event)
        except UnreadableEventError as error:
            if poison is None:
                raise _PoisonError(error.position, error.topic, error) from error
        return events

    def _begun(self, connection: Connection, projection: Projection) -> Checkpoint:
        self._registry.claim(connection, projection.name)
        found = self._registry.live(connection, projection.name)
        if found is None:
            return self._registry.begin(connection, projection)
        if found.definition != projection.definition():
            raise ProjectionStoppedError(f"{projection.name}: {_drift(projection, found)}")
        return found


def _apply(projection: Projection, event: Recorded, rows: MemoryRows) -> None:
    try:
        projection.apply(event, rows)
    except Exception as error:  # whatever a handler raises stops this projection, not the host
        raise _PoisonError(event.position, event.topic, error) from error


def _stopped(name: str, poison: _PoisonError) -> str:
    return f"{name}: stopped at position {poison.position} ({poison.topic}): {poison}"


def _drift(projection: Projection, found: Checkpoint) -> str:
    if projection.version != found.version:
        return (
            f"rebuild needed: its version is {projection.version}, its rows are of {found.version}"
        )
    return "rebuild needed: its tables or its topics have changed"
