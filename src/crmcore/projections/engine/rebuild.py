"""Rebuilding: a new generation beside the live one, filled in parts, switched to when it is ready.

The live generation goes on serving meanwhile.  A rebuild that was killed goes on where it was,
part by part; one that fails leaves the live generation as it is and says why.  Switching is a
matter of the views, in one transaction; so is going back.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, wait
from typing import Any

import attrs
from sqlalchemy import Connection, text

from crmcore.application.errors import StoreBusyError
from crmcore.projections.engine.aside import AsideTable
from crmcore.projections.engine.batch import Batch, LogSource, ProjectionStoppedError, drift
from crmcore.projections.engine.filling import Part, Parts, fill
from crmcore.projections.engine.generation import (
    BUILDING,
    PREVIOUS,
    Checkpoint,
    Registry,
)
from crmcore.projections.engine.projection import Projection

__all__ = ["Progress", "Rebuilder", "Rebuilt"]

BATCH = 10_000
LOOK_SECONDS = 0.5
"""How often the progress of the parts is looked at."""

SWITCH_TRIES = 20
SWITCH_WAIT = "500ms"
"""How long a switch waits for readers on PostgreSQL before it lets them through and tries again."""


@attrs.frozen
class Progress:
    """How far a rebuild has come: records of the log done and in all, over all parts."""

    name: str
    generation: int
    phase: str
    done: int
    total: int
    seconds: float

    @property
    def rate(self) -> float:
        """Records a second."""
        return self.done / self.seconds if self.seconds else 0.0

    @property
    def remaining_seconds(self) -> float | None:
        """How long it will still take at that rate."""
        return (self.total - self.done) / self.rate if self.rate else None


@attrs.frozen
class Rebuilt:
    """A generation that was filled: how many records of the log in how long, and from where it went on."""

    name: str
    generation: int
    position: int
    seconds: float
    resumed: bool
    put_aside: int


Report = Callable[[Progress], None]
Submit = Callable[[Executor, Part], "Future[Any]"]
"""Lets an executor fill a part, be it in another process or on another machine."""


@attrs.frozen
class Rebuilder:
    """Rebuilds, switches, rolls back and retires generations."""

    _source: LogSource
    _registry: Registry
    _submit: Submit

    def rebuild(
        self,
        projection: Projection,
        *,
        executor: Executor | None = None,
        parts: int = 1,
        report: Report | None = None,
    ) -> Rebuilt:
        """Fill a new generation up to the end of the log, or go on with one that was begun.

        With an *executor* the groups are divided into *parts* that it fills side by side; a
        projection whose groups do not follow from one id is filled as a whole.  Raises
        ``ProjectionStoppedError`` at an event that cannot be applied: the generation is kept,
        and the next call goes on with it.
        """
        begun = time.monotonic()
        building, planned, resumed = self._plan(projection, parts if executor else 1)
        clock = _Clock(projection.name, building.generation, report, begun)
        if executor is None:
            for part in planned:
                if not part.done:
                    fill(self._source, self._registry, projection, part)
                    clock.show("fill", self._parts(building))
        else:
            futures = [
                self._submit(executor, part) for part in planned if not part.done
            ]
            while not wait(futures, timeout=LOOK_SECONDS).done == set(futures):
                clock.show("fill", self._parts(building))
            for future in futures:
                future.result()
        position = self._filled(building, planned)
        position = self.catch_up(projection, building.generation) or position
        aside = self._put_aside(projection, building.generation)
        seconds = time.monotonic() - begun
        return Rebuilt(projection.name, building.generation, position, seconds, resumed, aside)

    def catch_up(self, projection: Projection, generation: int) -> int:
        """Follow the log with a generation that is not live; return the position it reached."""
        batch = Batch(self._source, self._registry, BATCH)
        while True:
            position, head = batch.fold(projection, generation)
            if position >= head:
                return position

    def switch(self, projection: Projection) -> Checkpoint:
        """Let the views show the generation that was built, caught up to the end of the log.

        Waits only briefly for readers at a time and lets them through in between; raises
        ``ProjectionStoppedError`` if there is nothing to switch to, or no chance to do so.
        """
        with self._source.read() as connection:
            built = self._registry.in_state(connection, projection.name, BUILDING)
            unfilled = built is not None and bool(self._parts_of(connection, built))
        if built is None:
            raise ProjectionStoppedError(
                f"{projection.name}: there is nothing to switch to: rebuild it first"
            )
        if unfilled:
            raise ProjectionStoppedError(
                f"{projection.name}: generation {built.generation} is not filled yet: rebuild goes on"
            )
        self.catch_up(projection, built.generation)
        return self._switched(projection.name, lambda _: built)

    def rollback(self, projection: Projection) -> Checkpoint:
        """Let the views show the previous generation again."""

        def previous(connection: Connection) -> Checkpoint:
            found = self._registry.in_state(connection, projection.name, PREVIOUS)
            if found is None:
                raise ProjectionStoppedError(
                    f"{projection.name}: there is no previous generation to go back to"
                )
            return found

        return self._switched(projection.name, previous)

    def retire(self, projection: Projection) -> list[Checkpoint]:
        """Drop every generation that is not live, those half built included."""
        gone = []
        with self._source.write() as connection:
            self._registry.claim(connection, projection.name)
            for one in self._registry.generations(connection, projection.name):
                if one.state in (BUILDING, PREVIOUS):
                    self._registry.drop(connection, one)
                    Parts(self._registry.schema).forget(connection, one.name, one.generation)
                    AsideTable(self._registry.schema).forget(connection, one.name, one.generation)
                    gone.append(one)
        return gone

    def _plan(self, projection: Projection, count: int) -> tuple[Checkpoint, list[Part], bool]:
        """The generation to fill and its parts: those of a rebuild that was begun, or new ones."""
        parts = Parts(self._registry.schema)
        with self._source.write() as connection:
            self._registry.claim(connection, projection.name)
            building = self._registry.in_state(connection, projection.name, BUILDING)
            if building is not None and building.definition != projection.definition():
                raise ProjectionStoppedError(
                    f"{projection.name}: generation {building.generation} was begun by other code"
                    f" ({drift(projection, building)}): retire it first"
                )
            if building is not None:
                return building, self._parts_of(connection, building), True
            building = self._registry.begin(connection, projection, BUILDING)
            divided = count if projection.partition is not None else 1
            head = self._source.head(connection)
            planned = parts.plan(connection, building.name, building.generation, divided, head)
            return building, planned, False

    def _filled(self, building: Checkpoint, planned: Sequence[Part]) -> int:
        """Note that all parts are done: from here on the generation follows the log."""
        if not planned:
            return building.position
        upto = planned[0].upto
        with self._source.write() as connection:
            self._registry.claim(connection, building.name)
            self._registry.advance(connection, building, upto)
            Parts(self._registry.schema).forget(connection, building.name, building.generation)
        return upto

    def _switched(self, name: str, to: Callable[[Connection], Checkpoint]) -> Checkpoint:
        for attempt in range(1, SWITCH_TRIES + 1):
            try:
                with self._source.write() as connection:
                    if connection.dialect.name == "postgresql":
                        connection.execute(text(f"SET LOCAL lock_timeout = '{SWITCH_WAIT}'"))
                    self._registry.claim(connection, name)
                    found = to(connection)
                    self._registry.switch(connection, found)
                    return found
            except StoreBusyError:
                if attempt == SWITCH_TRIES:
                    raise
                time.sleep(0.1 * attempt)
        raise AssertionError("at least one attempt is made")

    def _parts(self, building: Checkpoint) -> list[Part]:
        with self._source.read() as connection:
            return self._parts_of(connection, building)

    def _parts_of(self, connection: Connection, building: Checkpoint) -> list[Part]:
        parts = Parts(self._registry.schema)
        return parts.of(connection, building.name, building.generation)

    def _put_aside(self, projection: Projection, generation: int) -> int:
        with self._source.read() as connection:
            table = AsideTable(self._registry.schema)
            return len(table.of(connection, projection.name, generation))


@attrs.frozen
class _Clock:
    name: str
    generation: int
    report: Report | None
    begun: float

    def show(self, phase: str, parts: Sequence[Part]) -> None:
        if self.report is not None:
            self.report(
                Progress(
                    self.name,
                    self.generation,
                    phase,
                    sum(min(part.position, part.upto) for part in parts),
                    sum(part.upto for part in parts),
                    time.monotonic() - self.begun,
                )
            )
