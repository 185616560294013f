"""One batch: the next events of a projection, folded into rows; rows and checkpoint commit as one.

An event that cannot be read, applied or stored is *poison*: what comes before it is kept, the
projection stops there, and its checkpoint says why.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import localcontext
from typing import Any, Protocol

import attrs
from sqlalchemy import Connection, Table, exc

from crmcore.application.errors import UnreadableEventError
from crmcore.application.log import Recorded
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.generation import Checkpoint, Registry, generation_tables
from crmcore.projections.engine.memory import MemoryRows
from crmcore.projections.engine.projection import Projection

__all__ = ["Batch", "LogSource", "PoisonError", "ProjectionStoppedError", "drift"]


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
        self,
        connection: Connection,
        views: Mapping[str, type | None],
        after: int,
        limit: int,
        *,
        provenance: bool = True,
        part: tuple[str, str, str] | None = None,
    ) -> Iterator[Recorded]:
        """The next events of the topics in *views* after a position, of at most *limit* records.

        Each is read as the class that *views* names.  *part* is (column, from, below): the two
        hexadecimal digits that the ids in the column end between.  Raises
        ``UnreadableEventError`` where it comes to an event that it cannot read.
        """
        ...

    def insert(
        self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]
    ) -> None:
        """Insert rows of driver's values, as fast as may be."""
        ...


class PoisonError(Exception):
    """An event that cannot be read, or whose change cannot be applied or stored."""

    def __init__(self, position: int, topic: str, cause: Exception) -> None:
        said = cause.orig if isinstance(cause, exc.StatementError) and cause.orig else cause
        # One line: the further ones of a database's message show the row, which may be personal.
        super().__init__(f"{type(said).__name__}: {str(said).strip().partition(chr(10))[0]}")
        self.position, self.topic, self.cause = position, topic, cause


@attrs.frozen
class Batch:
    """Folds the next events of a projection, at most *size*, in one transaction."""

    _source: LogSource
    _registry: Registry
    _size: int

    def fold(self, projection: Projection) -> tuple[int, int]:
        """Fold; return the position reached and the last one of the log.

        Raises ``PoisonError`` once what came before is committed, and
        ``ProjectionStoppedError`` where the rows are of another definition.
        """
        with self._source.write() as connection:
            at = self._begun(connection, projection)
            head = self._source.head(connection)
            events, unreadable = self._read(connection, projection, at.position)
            stored, poison = self._store(connection, projection, at, events)
            if len(stored) == len(events):
                poison = unreadable
            position = self._reached(head, events, stored, poison)
            if position > at.position or at.failure is not None:
                self._registry.advance(connection, at, position)
            if poison is not None:
                self._registry.fail(connection, at, poison.position, poison.topic, str(poison))
        if poison is not None:
            raise poison
        return position, head

    def _begun(self, connection: Connection, projection: Projection) -> Checkpoint:
        self._registry.claim(connection, projection.name)
        found = self._registry.live(connection, projection.name)
        if found is None:
            return self._registry.begin(connection, projection)
        if found.definition != projection.definition():
            raise ProjectionStoppedError(f"{projection.name}: {drift(projection, found)}")
        return found

    def _read(
        self, connection: Connection, projection: Projection, after: int
    ) -> tuple[Sequence[Recorded], PoisonError | None]:
        """The next events, up to one that cannot be read."""
        events: list[Recorded] = []
        try:
            events.extend(
                self._source.events(
                    connection,
                    projection.reads,
                    after,
                    self._size,
                    provenance=projection.provenance,
                )
            )
        except UnreadableEventError as error:
            return events, PoisonError(error.position, error.topic, error.cause)
        return events, None

    def _store(
        self,
        connection: Connection,
        projection: Projection,
        at: Checkpoint,
        events: Sequence[Recorded],
    ) -> tuple[Sequence[Recorded], PoisonError | None]:
        """Fold and write *events*, or those that come before poison; return them, and the poison.

        Where the database refuses the rows, nothing tells which event made them: half of the
        events are written, and the poison is found in the batches that follow.
        """
        rows = MemoryRows(generation_tables(projection, at.generation, self._registry.schema))
        try:
            with connection.begin_nested():
                _apply(connection, projection, events, rows)
                rows.flush(connection, self._source.insert)
        except PoisonError as poison:
            before = [event for event in events if event.position < poison.position]
            stored, earlier = self._store(connection, projection, at, before)
            return stored, poison if len(stored) == len(before) else earlier
        except Exception as error:
            if not _refuses_rows(error) or not events:
                raise
            if len(events) == 1:
                return (), PoisonError(events[0].position, events[0].topic, error)
            return self._store(connection, projection, at, events[: len(events) // 2])
        return events, None

    def _reached(
        self,
        head: int,
        events: Sequence[Recorded],
        stored: Sequence[Recorded],
        poison: PoisonError | None,
    ) -> int:
        if poison is not None:
            return poison.position - 1
        if len(stored) < len(events) or len(events) == self._size:
            return stored[-1].position
        # Others may have appended since the head was read: what was folded is behind us.
        return max(head, events[-1].position if events else 0)


def drift(projection: Projection, found: Checkpoint) -> str:
    """Why the rows of *found* are not those that *projection* would make."""
    if projection.version != found.version:
        return (
            f"rebuild needed: its version is {projection.version}, its rows are of {found.version}"
        )
    return "rebuild needed: its tables, its topics or its rules have changed"


def _apply(
    connection: Connection, projection: Projection, events: Sequence[Recorded], rows: MemoryRows
) -> None:
    touched = [(event, _groups(projection, event)) for event in events]
    rows.load(connection, (group for _, groups in touched for group in groups))
    with localcontext(EXACT):  # the host's own precision must not tell in the rows
        for event, groups in touched:
            if groups:
                try:
                    rows.change(groups, projection.apply, event, rows)
                except Exception as error:  # it stops this projection, not the host
                    raise PoisonError(event.position, event.topic, error) from error


def _groups(projection: Projection, event: Recorded) -> Sequence[str]:
    try:
        return projection.groups(event)
    except Exception as error:
        raise PoisonError(event.position, event.topic, error) from error


def _refuses_rows(error: Exception) -> bool:
    """Whether the values in the rows are to blame, and not the database."""
    if isinstance(error, exc.DBAPIError):
        return isinstance(error, exc.IntegrityError | exc.DataError)
    return isinstance(error, exc.StatementError | OverflowError | TypeError | ValueError)
