"""One batch: the next events of a projection, folded into rows; rows and checkpoint commit as one.

At poison what comes before it is kept, the projection stops there, and its checkpoint says why.
"""

from collections.abc import Sequence
from decimal import localcontext

from sqlalchemy import Connection

from crmcore.application.errors import UnknownTopicError, UnreadableEventError
from crmcore.application.log import Place, Recorded
from crmcore.application.telemetry import SILENT, Telemetry, Value
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.generations.drift import (
    releases,
    require_current,
    topics_of_others,
    topics_read,
)
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.generations.tables import generation_tables
from crmcore.projections.engine.happenings import BATCH, DEAD_LETTER, stop
from crmcore.projections.engine.poison.dead_letters import DeadLetters, DeadLetterTable
from crmcore.projections.engine.poison.poison import (
    PoisonError,
    ProjectionStoppedError,
    groups_of,
    refuses_rows,
)
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rows.memory import MemoryRows
from crmcore.projections.engine.source import LogSource


@frozen
class Batch:
    """Folds the next events of a projection, at most *size*, in one transaction."""

    _source: LogSource
    _registry: Registry
    _size: int
    _telemetry: Telemetry = SILENT

    def fold(
        self, projection: Projection, generation: int | None = None, upto: int | None = None
    ) -> tuple[int, int]:
        """Fold into the live generation, or *generation*; return the position reached and the log's last.

        With *upto* the log ends there.
        Raises ``PoisonError`` once what came before is committed, and
        ``ProjectionStoppedError`` where the rows are of another definition, or of another log.
        """
        with self._telemetry.operation(BATCH, stop, read_model=projection.name) as told:
            with self._source.write() as connection:
                at = self._begun(connection, projection, generation)
                head = self._source.head(connection)
                require_current(self._source, connection, projection, at, head)
                reached, last, poison = self.fold_on(connection, projection, at, head, upto)
            told.note(
                generation=at.generation,
                events=reached.position - at.position,
                position=reached.position,
                lag=last - reached.position,
                outcome="done",
            )
            if poison is not None:
                raise poison
        return reached.position, last

    def fold_on(
        self,
        connection: Connection,
        projection: Projection,
        at: Checkpoint,
        head: Place,
        upto: int | None = None,
    ) -> tuple[Place, int, PoisonError | None]:
        """Fold on from *at*, in a transaction that holds the projection and is the caller's to end.

        *head* is the end of the log.
        Returns the place reached, the log's last position, and the poison that it stopped at, if any.
        """
        last = head.position if upto is None else max(at.position, min(head.position, upto))
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
        end = max(last, events[-1].position if events else 0) if page.last is None else page.last
        poison, position = self._store(connection, projection, at, events, end)
        reached = self._place(connection, position, at, head)
        passed = {one.topic for one in events if one.position <= position and _is_unknown(one)}
        topics = topics_read(self._source, projection, at, passed)
        if reached != at.place or at.failure is not None or topics != at.topics:
            self._registry.advance(connection, at, reached, topics)
        if poison is not None:
            self._registry.fail(connection, at, poison.position, poison.topic, str(poison))
        return reached, last, poison

    def _place(self, connection: Connection, position: int, at: Checkpoint, head: Place) -> Place:
        for known in (at.place, head):
            if known.position == position:
                return known
        return Place(position, self._source.link(connection, position))

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
        return self._registry.begin(connection, projection) if found is None else found

    def _store(
        self,
        connection: Connection,
        projection: Projection,
        at: Checkpoint,
        events: Sequence[Recorded],
        end: int,
    ) -> tuple[PoisonError | None, int]:
        """Fold and write *events*, or those before poison; return the poison and the position reached.

        Dead letters are recorded with them.  Where the database refuses the rows, nothing
        tells which event made them: half of the events are written, and the poison is found
        in the batches that follow.
        """
        schema = self._registry.schema
        known = DeadLetterTable(schema).of(connection, at.name, at.generation)
        later = releases(topics_of_others(self._source, at))
        dead_letters = DeadLetters(at.name, at.generation, known, later)
        stopped: PoisonError | None = None
        while True:
            tables = generation_tables(projection, at.generation, schema)
            rows = MemoryRows(tables, projection.finish, projection.working)
            try:
                with connection.begin_nested():
                    _apply(connection, projection, events, rows, dead_letters)
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
                for one in dead_letters.new(end):
                    told: dict[str, Value] = {
                        "position": one.position,
                        "topic": one.topic,
                        "policy": one.policy,
                    }
                    self._telemetry.report(DEAD_LETTER, read_model=one.name, **told)
                dead_letters.record(connection, schema, end)
                return stopped, end
            if not found.go_past(projection, dead_letters):
                stopped, end = found, found.position - 1
                events = [event for event in events if event.position <= end]


def _is_unknown(recorded: Recorded) -> bool:
    """Whether an event is of a topic that nothing here knows."""
    error = recorded.event
    return isinstance(error, UnreadableEventError) and isinstance(error.cause, UnknownTopicError)


def _half(events: Sequence[Recorded]) -> list[Recorded]:
    """The first half of the events, those of one record together; none if there is one record."""
    first, middle = events[0].position, events[len(events) // 2].position
    cut = middle if middle > first else first + 1
    half = [event for event in events if event.position < cut]
    return half if len(half) < len(events) else []


def _apply(
    connection: Connection,
    projection: Projection,
    events: Sequence[Recorded],
    rows: MemoryRows,
    dead_letters: DeadLetters,
) -> None:
    touched = list[tuple[Recorded, Sequence[str]]]()
    for event in events:
        try:
            groups = groups_of(projection, event)
        except PoisonError as poison:
            if event.position not in dead_letters and not poison.go_past(projection, dead_letters):
                raise
            continue
        if groups and not (dead_letters and dead_letters.lead_past(event, groups)):
            touched.append((event, groups))
    touched = [one for one in touched if one[0].position not in dead_letters]
    rows.load(connection, (group for _, groups in touched for group in groups))
    with localcontext(EXACT):  # the host's own precision must not tell in the rows
        for event, groups in touched:
            try:
                rows.change(groups, projection.apply, event, rows)
            except Exception as error:  # it is this projection's matter, not the host's
                raise PoisonError(event, groups, error) from error
