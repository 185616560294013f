"""One part of a new generation: folded in memory from the first event on, and written in bulk.

Rows stay in memory while they may change again.  What was written and how far the part has come
are committed together, so that a killed worker goes on where it was.  A worker that finds that
another one has moved its part leaves the part to it.
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import attrs
from sqlalchemy import Connection

from crmcore.application.log import Page, Recorded
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.generations.tables import generation_tables
from crmcore.projections.engine.poison.dead_letters import DeadLetters
from crmcore.projections.engine.poison.poison import PoisonError, groups_of, refuses_rows
from crmcore.projections.engine.projection import Projection, append_only
from crmcore.projections.engine.rebuild.parts import Part, Parts
from crmcore.projections.engine.rows.memory import MemoryRows
from crmcore.projections.engine.source import LogSource


@frozen
class Limits:
    """How much is read, kept and written at a time."""

    page: int = 4_000
    """Records to a query."""
    commit: int = 500_000
    """Records after which a part writes what it has and commits, so that a kill loses no more."""
    growing: int = 100_000
    """Rows that only ever grow in number are written when there are so many."""
    kept: int = 1_000_000
    """Rows that may change are kept up to so many; then they are written and read again."""

    def halved(self) -> "Limits":
        """Half as much to a transaction, but not less than a page."""
        commit, growing = max(self.commit // 2, self.page), max(self.growing // 2, self.page)
        return attrs.evolve(self, commit=commit, growing=growing)


STANDARD_LIMITS = Limits()


NOBODY: Sequence[str] = ()

LONG_SECONDS = 5.0
"""A transaction that takes longer is followed by smaller ones: in SQLite other writers wait for it."""


class OvertakenError(Exception):
    """Another worker has moved the part."""


class RefusedError(Exception):
    """The database refuses the rows."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if refuses_rows(error):
            raise RefusedError(error) from error
        raise


def next_page(
    source: LogSource, connection: Connection, readers: Sequence["Worker"], after: int, upto: int
) -> Page:
    """The records after a position and up to another, read once for several parts divided alike."""
    first = readers[0]
    views: Mapping[str, type | None] = {
        topic: view for one in readers for topic, view in one.projection.reads.items()
    }
    return source.events(
        connection,
        views,
        after,
        min(one.limits.page for one in readers),
        provenance=any(one.projection.provenance for one in readers),
        part=first.part.divided_by(first.projection.partition),
        upto=upto,
    )


class Worker:
    """Folds one part: ``fold`` a page of the log, then ``write`` what is due, until it is ``done``."""

    def __init__(
        self,
        source: LogSource,
        registry: Registry,
        projection: Projection,
        part: Part,
        limits: Limits = STANDARD_LIMITS,
        dead_letters: DeadLetters | None = None,
    ) -> None:
        self._source, self._registry = source, registry
        self.projection, self.part, self.limits = projection, part, limits
        none = DeadLetters(part.name, part.generation, ())
        self._dead_letters = none if dead_letters is None else dead_letters
        self._tables = generation_tables(projection, part.generation, registry.schema)
        self._growing = [declared for declared, _ in self._tables if append_only(declared)]
        self._goals = [part.upto]
        self._committed = self.position = part.position
        """How far it has read, which may be further than what is committed."""
        self._rows = MemoryRows(
            self._tables, projection.finish, projection.working, empty=part.position == 0
        )

    @property
    def done(self) -> bool:
        """Whether the part is folded, written and committed to its end."""
        return self._committed >= self.part.upto

    @property
    def goal(self) -> int:
        """How far it is to read before it writes: the part's end, or what comes before trouble."""
        return self._goals[-1]

    def fold(self, page: Page, reached: int) -> None:
        """Fold a page that reaches up to a position.

        At poison it goes back, to come to it again when what is before it is committed; then
        ``PoisonError`` is raised if the projection stops there.
        """
        try:
            self._fold(page)
        except PoisonError as poison:  # rows are half changed
            self._go_back_before(poison)
        else:
            self.position = reached

    def write(self) -> None:
        """Write and commit what was folded, if it is due.

        Rows that the database refuses are folded again, half as far; ``PoisonError`` is raised
        as by ``fold`` once the event that makes them is found.
        """
        if not self._is_due():
            return
        try:
            self._write()
        except RefusedError as refused:
            at = self.position
            if at > self._committed + 1:
                self._go_back((self._committed + at) // 2)
            else:
                self._go_back_before(self._poison(at, refused.cause))
        while len(self._goals) > 1 and self.goal <= self._committed:
            self._goals.pop()

    def sample(self) -> None:
        """Fold the part in memory, and write nothing; raises ``PoisonError``."""
        while self.position < self.part.upto:
            with self._source.read() as connection:
                page = next_page(self._source, connection, [self], self.position, self.goal)
                try:
                    self._fold(page)
                except PoisonError as poison:
                    if not poison.go_past(self.projection, self._dead_letters):
                        raise
                    self._go_back()
                else:
                    self.position = self.goal if page.last is None else page.last

    def _is_due(self) -> bool:
        growing = sum(self._rows.count(table) for table in self._growing)
        return self.position > self._committed and (
            self.position - self._committed >= self.limits.commit
            or growing >= self.limits.growing
            or self._rows.size >= self.limits.kept
            or self.position >= self.goal
        )

    def _fold(self, page: Page) -> None:
        projection, rows, dead_letters = self.projection, self._rows, self._dead_letters
        events = page.read(projection.reads)
        if not rows.empty:
            known = list(events)
            with self._source.read() as connection:  # of its own: what fails here is its own matter
                rows.load(connection, self._groups(known))
            events = iter(known)
        handlers, groups_named, watchful = (
            projection.handler_of,
            projection.groups,
            bool(dead_letters),
        )
        for recorded in events:
            event, groups = recorded.event, NOBODY
            try:
                handle = handlers.get(type(event))
                if handle is None:
                    self._go_past(recorded)
                    watchful = bool(dead_letters)
                    continue
                groups = groups_named(recorded)
                if groups and not (watchful and dead_letters.lead_past(recorded, groups)):
                    rows.named = groups
                    handle(event, recorded, rows)
            except PoisonError:
                raise
            except Exception as error:
                raise PoisonError(recorded, groups, error) from error

    def _go_past(self, event: Recorded) -> None:
        """Record an event that cannot be read as a dead letter, or stop at it: no row has seen it yet."""
        if event.position in self._dead_letters:
            return
        try:
            groups_of(self.projection, event)
        except PoisonError as poison:
            if not poison.go_past(self.projection, self._dead_letters):
                raise

    def _groups(self, events: Sequence[Recorded]) -> Iterator[str]:
        for event in events:
            try:
                yield from groups_of(self.projection, event)
            except PoisonError:  # its turn comes
                continue

    def _write(self) -> None:
        schema = self._registry.schema
        with _refusals():  # before the transaction, which others wait for
            changes = self._rows.changes(self._source.dialect)
        with self._source.write() as connection:
            begun = time.monotonic()
            parts = Parts(schema)
            if not parts.advance(connection, self.part, self._committed, self.position):
                raise OvertakenError
            with _refusals():
                self._rows.flush(connection, self._source.insert, changes)
            self._dead_letters.record(connection, schema, self.position)
        if time.monotonic() - begun > LONG_SECONDS:
            self.limits = self.limits.halved()
        self._committed = self.position
        if self._rows.size >= self.limits.kept:
            self._rows = MemoryRows(self._tables, self.projection.finish, self.projection.working)

    def _go_back_before(self, poison: PoisonError) -> None:
        if self._committed < poison.position - 1:
            self._go_back(poison.position - 1)  # keep what comes before it
        elif poison.go_past(self.projection, self._dead_letters):
            self._go_back()
        else:
            raise poison from poison.cause

    def _go_back(self, goal: int | None = None) -> None:
        """Go back to what is committed, and from there to *goal* first."""
        self.position = self._committed
        self._rows = MemoryRows(
            self._tables,
            self.projection.finish,
            self.projection.working,
            empty=self._committed == 0,
        )
        if goal is not None:
            self._goals.append(goal)

    def _poison(self, position: int, cause: Exception) -> PoisonError:
        """The event that made the rows which the database refuses."""
        with self._source.read() as connection:
            page = next_page(self._source, connection, [self], position - 1, position)
            (event, *_) = page.read(self.projection.reads)
            return PoisonError(event, groups_of(self.projection, event), cause)
