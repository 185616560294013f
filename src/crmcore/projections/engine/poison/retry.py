"""Trying dead letters again: the groups concerned are folded anew, from their first event."""

from collections.abc import Iterator, Sequence
from decimal import localcontext

from sqlalchemy import Connection, exc

from crmcore.application.log import Recorded
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.generations.drift import require_current
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.generations.tables import generation_tables
from crmcore.projections.engine.poison.dead_letters import (
    DeadLetter,
    DeadLetters,
    DeadLetterTable,
    Policy,
)
from crmcore.projections.engine.poison.poison import (
    PoisonError,
    groups_of,
    refuses_rows,
)
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rows.memory import MemoryRows
from crmcore.projections.engine.source import LogSource

PAGE = 10_000


@frozen
class Retried:
    """What became of the dead letters: so many, of which these still cannot be applied."""

    tried: int
    remaining: Sequence[DeadLetter]


def retry(source: LogSource, registry: Registry, projection: Projection) -> Retried:
    """Fold the groups of all dead letters anew, up to where the live generation stands.

    An event that still cannot be applied stays a dead letter under its policy: a group on hold
    keeps the rows that it had before it.  Raises ``ProjectionStoppedError``, and changes
    nothing, where the rows are of another definition or of another log, or where an event that was applied
    before cannot be any more.
    """
    letters = DeadLetterTable(registry.schema)
    with source.write() as connection:
        registry.claim(connection, projection.name)
        at = registry.live(connection, projection.name)
        if at is None:
            return Retried(0, ())
        require_current(source, connection, projection, at)
        known = letters.of(connection, at.name, at.generation)
        if not known:
            return Retried(0, ())
        still = _Refold(source, connection, projection, at, registry.schema, known).run()
        letters.forget(connection, at.name, at.generation)
        still.record(connection, registry.schema, at.position)
        return Retried(len(known), letters.of(connection, at.name, at.generation))


@frozen
class _Refold:
    source: LogSource
    connection: Connection
    projection: Projection
    at: Checkpoint
    schema: str | None
    known: Sequence[DeadLetter]

    def run(self) -> DeadLetters:
        """Replace the rows of the groups concerned; return what is still in the way."""
        wanted, still = self._concerned(), DeadLetters(self.at.name, self.at.generation, ())
        before = {one.position: Policy(one.policy) for one in self.known}
        while True:
            try:
                with self.connection.begin_nested():
                    self._fold(wanted, still)
                return still
            except PoisonError as poison:  # the rows are half changed: begin again without it
                policy = before.get(poison.position, poison.policy(self.projection))
                if policy is Policy.STOP:
                    raise poison.stopped(self.projection.name) from poison.traced
                still.add(poison.position, poison.topic, poison.groups, policy, str(poison))

    def _concerned(self) -> set[str]:
        """The groups of dead letters, and all that share an event with one, over any number of steps."""
        positions, size = {one.position for one in self.known}, -1
        wanted = {group for one in self.known for group in one.groups}
        while len(wanted) > size:
            size = len(wanted)
            for event in self._events():
                groups = self._groups(event)
                if event.position in positions or not wanted.isdisjoint(groups):
                    wanted.update(groups)
        return wanted

    def _fold(self, wanted: set[str], still: DeadLetters) -> None:
        tables = generation_tables(self.projection, self.at.generation, self.schema)
        rows = MemoryRows(tables, self.projection.finish, self.projection.working)
        rows.clear(self.connection, wanted)
        tried = {one.position for one in self.known}
        with localcontext(EXACT):
            for event in self._events():
                if event.position in still:
                    continue
                if event.position in tried:
                    groups_of(
                        self.projection, event
                    )  # as long as it cannot be read, it is a dead letter
                groups = self._groups(event)
                if wanted.isdisjoint(groups) or still.lead_past(event, groups):
                    continue
                groups = groups_of(self.projection, event)
                try:
                    rows.change(groups, self.projection.apply, event, rows)
                    if event.position in tried:
                        rows.flush(self.connection, self.source.insert)
                except Exception as error:
                    if not isinstance(error, exc.DBAPIError) or refuses_rows(error):
                        raise PoisonError(event, groups, error) from error
                    raise
        rows.flush(self.connection, self.source.insert)

    def _events(self) -> Iterator[Recorded]:
        after: int | None = 0
        while after is not None:
            page = self.source.events(
                self.connection,
                self.projection.reads,
                after,
                PAGE,
                provenance=self.projection.provenance,
                upto=self.at.position,
            )
            yield from page.events
            after = page.last

    def _groups(self, event: Recorded) -> Sequence[str]:
        try:
            return groups_of(self.projection, event)
        except PoisonError as poison:
            return () if poison.is_none_of(self.projection) else poison.groups
