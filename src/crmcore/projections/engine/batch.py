"""One batch: the next events of a projection, folded into rows; rows and checkpoint commit as one.

An event that cannot be read, applied or stored is *poison*: what comes before it is kept, the
projection stops there, and its checkpoint says why.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from decimal import localcontext
from typing import Any, Protocol

import attrs
from sqlalchemy import Connection, Table, exc

from crmcore.application.errors import UnknownTopicError, UnreadableEventError
from crmcore.application.log import Page, Recorded
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.aside import AsideTable, Detours, Policy
from crmcore.projections.engine.generation import Checkpoint, Registry, generation_tables
from crmcore.projections.engine.memory import MemoryRows
from crmcore.projections.engine.projection import STREAM, SUBJECT, Projection

__all__ = [
    "Batch",
    "LogSource",
    "PoisonError",
    "ProjectionStoppedError",
    "drift",
    "groups_of",
    "refuses_rows",
]


class ProjectionStoppedError(Exception):
    """A projection cannot go on; the others do.  Says where it stands, and why.

    Where an event stopped it, ``position``, ``topic`` and ``cause`` tell which, and why.
    """

    position: int | None = None
    topic: str | None = None
    cause: str | None = None


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
        upto: int | None = None,
    ) -> Page:
        """The next events of the topics in *views* after a position, of at most *limit* records.

        Each is read as the class that *views* names.  *part* is (column, from, below): the two
        hexadecimal digits that the ids in the column end between.  The events raise
        ``UnreadableEventError`` where they come to one that cannot be read.
        """
        ...

    def insert(self, connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert rows of driver's values, as fast as may be."""
        ...


class PoisonError(Exception):
    """An event that cannot be read, or whose change cannot be applied or stored."""

    def __init__(self, event: Recorded, groups: Sequence[str], cause: Exception) -> None:
        said = cause.orig if isinstance(cause, exc.StatementError) and cause.orig else cause
        # One line: the further ones of a database's message show the row, which may be personal.
        super().__init__(f"{type(said).__name__}: {str(said).strip().partition(chr(10))[0]}")
        self.position, self.topic, self.groups = event.position, event.topic, tuple(groups)
        self.cause = cause

    def stopped(self, name: str) -> ProjectionStoppedError:
        """What to raise where it stops the projection *name*."""
        error = ProjectionStoppedError(
            f"{name}: stopped at position {self.position} ({self.topic}): {self}"
        )
        error.position, error.topic, error.cause = self.position, self.topic, str(self)
        return error

    def policy(self, projection: Projection) -> Policy:
        """What *projection* does about it; to hold groups, it must be known which."""
        unknown = isinstance(self.cause, UnknownTopicError)
        policy = projection.on_unknown if unknown else projection.on_poison
        return Policy.STOP if policy is Policy.HOLD and not self.groups else policy

    def go_past(self, projection: Projection, detours: Detours) -> bool:
        """Put the event aside, if that is what *projection* does about it."""
        policy = self.policy(projection)
        if policy is not Policy.STOP:
            detours.add(self.position, self.topic, self.groups, policy, str(self))
        return policy is not Policy.STOP


@attrs.frozen
class Batch:
    """Folds the next events of a projection, at most *size*, in one transaction."""

    _source: LogSource
    _registry: Registry
    _size: int

    def fold(
        self, projection: Projection, generation: int | None = None, upto: int | None = None
    ) -> tuple[int, int]:
        """Fold into the live generation, or *generation*; return the position reached and the log's last.

        With *upto* the log ends there.
        Raises ``PoisonError`` once what came before is committed, and
        ``ProjectionStoppedError`` where the rows are of another definition.
        """
        with self._source.write() as connection:
            at = self._begun(connection, projection, generation)
            reached, head, poison = self.fold_on(connection, projection, at, upto)
        if poison is not None:
            raise poison
        return reached, head

    def fold_on(
        self,
        connection: Connection,
        projection: Projection,
        at: Checkpoint,
        upto: int | None = None,
    ) -> tuple[int, int, PoisonError | None]:
        """Fold on from *at*, in a transaction that holds the projection and is the caller's to end.

        Returns the position reached, the log's last, and the poison that it stopped at, if any.
        """
        head = self._source.head(connection)
        if upto is not None:
            head = max(at.position, min(head, upto))
        page = self._source.events(
            connection,
            projection.reads,
            at.position,
            self._size,
            provenance=projection.provenance,
            upto=upto,
        )
        events = list(page.events)
        # Others may have appended since the head was read: what is folded is behind us.
        end = max(head, events[-1].position if events else 0) if page.last is None else page.last
        poison, reached = self._store(connection, projection, at, events, end)
        if reached > at.position or at.failure is not None:
            self._registry.advance(connection, at, reached)
        if poison is not None:
            self._registry.fail(connection, at, poison.position, poison.topic, str(poison))
        return reached, head, poison

    def _begun(
        self, connection: Connection, projection: Projection, generation: int | None
    ) -> Checkpoint:
        self._registry.claim(connection, projection.name)
        found = self._registry.live(connection, projection.name)
        if generation is not None:
            found = self._registry.generation(connection, projection.name, generation)
            if found is None:
                raise ProjectionStoppedError(
                    f"{projection.name}: generation {generation} was retired meanwhile"
                )
        if found is None:
            return self._registry.begin(connection, projection)
        if found.definition != projection.definition():
            raise ProjectionStoppedError(
                f"{projection.name}: rebuild needed: {drift(projection, found)}:"
                f" `crmcore projections rebuild {projection.name}`"
            )
        return found

    def _store(
        self,
        connection: Connection,
        projection: Projection,
        at: Checkpoint,
        events: Sequence[Recorded],
        end: int,
    ) -> tuple[PoisonError | None, int]:
        """Fold and write *events*, or those before poison; return the poison and the position reached.

        What is put aside is recorded with them.  Where the database refuses the rows, nothing
        tells which event made them: half of the events are written, and the poison is found
        in the batches that follow.
        """
        schema = self._registry.schema
        known = AsideTable(schema).of(connection, at.name, at.generation)
        detours = Detours(at.name, at.generation, known)
        stopped: PoisonError | None = None
        while True:
            tables = generation_tables(projection, at.generation, schema)
            rows = MemoryRows(tables, projection.finish)
            try:
                with connection.begin_nested():
                    _apply(connection, projection, events, rows, detours)
                    rows.flush(connection, self._source.insert)
            except PoisonError as poison:
                found = poison
            except Exception as error:
                if not refuses_rows(error) or not events:
                    raise
                half = _half(events)
                if half:
                    events, end, stopped = half, half[-1].position, None
                    continue
                found = PoisonError(events[0], groups_of(projection, events[0]), error)
            else:
                detours.record(connection, schema, end)
                return stopped, end
            if not found.go_past(projection, detours):
                stopped, end = found, found.position - 1
                events = [event for event in events if event.position <= end]


def _half(events: Sequence[Recorded]) -> list[Recorded]:
    """The first half of the events, those of one record together; none if there is one record."""
    first, middle = events[0].position, events[len(events) // 2].position
    cut = middle if middle > first else first + 1
    half = [event for event in events if event.position < cut]
    return half if len(half) < len(events) else []


def drift(projection: Projection, found: Checkpoint) -> str:
    """Why the rows of *found* are not those that *projection* would make."""
    if projection.version != found.version:
        return f"its version is {projection.version}, its rows are of {found.version}"
    return "its tables, its topics or its rules have changed"


def _apply(
    connection: Connection,
    projection: Projection,
    events: Sequence[Recorded],
    rows: MemoryRows,
    detours: Detours,
) -> None:
    touched = list[tuple[Recorded, Sequence[str]]]()
    for event in events:
        try:
            groups = groups_of(projection, event)
        except PoisonError as poison:
            if event.position not in detours and not poison.go_past(projection, detours):
                raise
            continue
        if groups and not (detours and detours.lead_past(event, groups)):
            touched.append((event, groups))
    touched = [one for one in touched if one[0].position not in detours]
    rows.load(connection, (group for _, groups in touched for group in groups))
    with localcontext(EXACT):  # the host's own precision must not tell in the rows
        for event, groups in touched:
            try:
                rows.change(groups, projection.apply, event, rows)
            except Exception as error:  # it is this projection's matter, not the host's
                raise PoisonError(event, groups, error) from error


def groups_of(projection: Projection, event: Recorded) -> Sequence[str]:
    """The groups that an event may change; raises ``PoisonError`` if it cannot be read or grouped."""
    if isinstance(event.event, UnreadableEventError):
        column = {SUBJECT: event.subject or event.stream, STREAM: event.stream}
        group = column.get(projection.partition or "")
        raise PoisonError(event, () if group is None else (group,), event.event.cause)
    try:
        return projection.groups(event)
    except Exception as error:
        raise PoisonError(event, (), error) from error


def refuses_rows(error: Exception) -> bool:
    """Whether the values in the rows are to blame, and not the database."""
    if isinstance(error, exc.DBAPIError):
        return isinstance(error, exc.IntegrityError | exc.DataError)
    return isinstance(error, exc.StatementError | OverflowError | TypeError | ValueError)
