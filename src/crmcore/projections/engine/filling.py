"""Filling a new generation: one part of the groups, folded from the first event on.

Rows stay in memory while they may change again, and are written in bulk.  What was written and
how far the part has come are committed together, so that a killed worker goes on where it was.
A worker that finds that another one has moved its part leaves the part to it.
"""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from decimal import localcontext

import attrs
from sqlalchemy import Connection

from crmcore.application.errors import UnreadableEventError
from crmcore.application.log import Page, Recorded
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.aside import AsideTable, Detours
from crmcore.projections.engine.batch import (
    LogSource,
    PoisonError,
    ProjectionStoppedError,
    drift,
    groups_of,
    refuses_rows,
)
from crmcore.projections.engine.generation import Registry, generation_tables
from crmcore.projections.engine.memory import MemoryRows
from crmcore.projections.engine.parts import Part, Parts
from crmcore.projections.engine.projection import Projection, append_only

__all__ = ["STANDARD_LIMITS", "Limits", "Part", "Worker", "fill"]


@attrs.frozen
class Limits:
    """How much is read, kept and written at a time."""

    page: int = 10_000
    """Records to a query."""
    commit: int = 250_000
    """Records after which a part writes what it has and commits, so that a kill loses no more."""
    growing: int = 100_000
    """Rows that only ever grow in number are written when there are so many."""
    kept: int = 1_000_000
    """Rows that may change are kept up to so many; then they are written and read again."""


STANDARD_LIMITS = Limits()


class OvertakenError(Exception):
    """Another worker has moved the part."""


class RefusedError(Exception):
    """The database refuses the rows."""

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause


def fill(
    source: LogSource,
    registry: Registry,
    projection: Projection,
    part: Part,
    limits: Limits = STANDARD_LIMITS,
) -> int:
    """Fold a part to its end; return how many events it took.

    Raises ``ProjectionStoppedError`` at an event that stops the projection, once what came
    before it is committed, and where the generation was begun by other code than runs here.
    """
    with source.read() as connection:
        building = registry.generation(connection, part.name, part.generation)
        parts = Parts(registry.schema).of(connection, part.name, part.generation)
        known = AsideTable(registry.schema).of(connection, part.name, part.generation)
    if building is not None and building.definition != projection.definition():
        raise ProjectionStoppedError(
            f"{part.name}: generation {part.generation} was begun by other code than this worker"
            f" runs ({drift(projection, building)})"
        )
    now = next((one for one in parts if one.number == part.number), None)
    if building is None or now is None:
        return 0  # it is filled, or given up
    detours = Detours(part.name, part.generation, known)
    worker = Worker(source, registry, projection, now, limits, detours)
    with _without_collector(), localcontext(EXACT):
        try:
            return worker.run()
        except OvertakenError:
            return 0
        except PoisonError as poison:
            raise poison.stopped(projection.name) from poison.cause


class Worker:
    """Folds one part; ``fill`` is how it is used."""

    def __init__(
        self,
        source: LogSource,
        registry: Registry,
        projection: Projection,
        part: Part,
        limits: Limits = STANDARD_LIMITS,
        detours: Detours | None = None,
    ) -> None:
        self._source, self._registry, self._projection = source, registry, projection
        self._part, self._limits = part, limits
        none = Detours(part.name, part.generation, ())
        self._detours = none if detours is None else detours
        self._tables = generation_tables(projection, part.generation, registry.schema)
        self._growing = [declared for declared, _ in self._tables if append_only(declared)]
        self._committed = self._position = part.position
        self._rows = MemoryRows(self._tables, empty=part.position == 0)

    def sample(self) -> None:
        """Fold the part in memory, and write nothing; raises ``ProjectionStoppedError``."""
        with localcontext(EXACT):
            while self._position < self._part.upto:
                try:
                    self._page(self._part.upto)
                except PoisonError as poison:
                    if not poison.go_past(self._projection, self._detours):
                        raise poison.stopped(self._projection.name) from poison.cause
                    self._begin_again()

    def run(self) -> int:
        """Fold the part and write it; return how many events it took."""
        folded, upto = 0, self._part.upto
        while self._committed < self._part.upto:
            try:
                folded += self._fold(upto)
                upto = self._part.upto
            except PoisonError as poison:  # rows are half changed
                self._begin_again()
                if self._committed < poison.position - 1:
                    upto = poison.position - 1  # keep what comes before it
                elif not poison.go_past(self._projection, self._detours):
                    raise
        return folded

    def _fold(self, upto: int) -> int:
        """Fold and write up to a position.  Rows that are refused are folded again, half as far."""
        folded = 0
        while self._committed < upto:
            try:
                folded += self._page(upto)
                if self._must_write(upto):
                    self._write()
            except RefusedError as refused:
                refused_at, cause = self._position, refused.cause
                self._begin_again()
                if refused_at == self._committed + 1:
                    raise self._poison(refused_at, cause) from cause
                folded += self._fold((self._committed + refused_at) // 2)
        return folded

    def _must_write(self, upto: int) -> bool:
        growing = sum(self._rows.count(table) for table in self._growing)
        return (
            self._position - self._committed >= self._limits.commit
            or growing >= self._limits.growing
            or self._rows.size >= self._limits.kept
            or self._position >= upto
        )

    def _page(self, upto: int) -> int:
        projection, rows, detours = self._projection, self._rows, self._detours
        with self._source.read() as connection:
            page = self._read(connection, self._position, upto)
            events, count = page.events, 0
            if not rows.empty:
                known = list(events)
                rows.load(connection, self._groups(known))
                events = iter(known)
            handlers = projection.handler_of
            for event in events:
                groups: Sequence[str] = ()
                try:
                    if type(event.event) is UnreadableEventError:
                        self._go_past(event)
                        continue
                    groups = projection.groups(event)
                    if groups and not (detours and detours.lead_past(event, groups)):
                        rows.name(groups)
                        handlers[type(event.event)](event.event, event, rows)
                except PoisonError:
                    raise
                except Exception as error:
                    raise PoisonError(event, groups, error) from error
                count += 1
        self._position = upto if page.last is None else page.last
        return count

    def _go_past(self, event: Recorded) -> None:
        """Put an event that cannot be read aside, or stop at it: no row has seen it yet."""
        if event.position in self._detours:
            return
        try:
            groups_of(self._projection, event)
        except PoisonError as poison:
            if not poison.go_past(self._projection, self._detours):
                raise

    def _groups(self, events: Sequence[Recorded]) -> Iterator[str]:
        for event in events:
            try:
                yield from groups_of(self._projection, event)
            except PoisonError:  # its turn comes
                continue

    def _read(self, connection: Connection, after: int, upto: int) -> Page:
        part, column = self._part, self._projection.partition
        low, below = part.low, part.below
        divided = None if low is None or below is None or column is None else (column, low, below)
        return self._source.events(
            connection,
            self._projection.reads,
            after,
            self._limits.page,
            provenance=self._projection.provenance,
            part=divided,
            upto=upto,
        )

    def _write(self) -> None:
        schema = self._registry.schema
        with self._source.write() as connection:
            parts = Parts(schema)
            if not parts.advance(connection, self._part, self._committed, self._position):
                raise OvertakenError
            try:
                self._rows.flush(connection, self._source.insert)
            except Exception as error:
                if refuses_rows(error):
                    raise RefusedError(error) from error
                raise
            self._detours.record(connection, schema, self._position)
        self._committed = self._position
        if self._rows.size >= self._limits.kept:
            self._rows = MemoryRows(self._tables)

    def _begin_again(self) -> None:
        """Go back to what is committed."""
        self._position = self._committed
        self._rows = MemoryRows(self._tables, empty=self._committed == 0)

    def _poison(self, position: int, cause: Exception) -> PoisonError:
        """The event that made the rows which the database refuses."""
        with self._source.read() as connection:
            (event, *_) = self._read(connection, position - 1, position).events
            return PoisonError(event, groups_of(self._projection, event), cause)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Python's cycle collector, which would look through all rows again and again, off."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
