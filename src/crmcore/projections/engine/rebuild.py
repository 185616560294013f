"""Rebuilding: a new generation beside the live one, filled in parts, then following the log as well.

The live generation goes on serving meanwhile.  A rebuild that was killed goes on where it was,
part by part; one that fails leaves the live generation as it is and says why.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from typing import Any

import attrs
from sqlalchemy import Connection

from crmcore.projections.engine.aside import AsideTable
from crmcore.projections.engine.batch import (
    Batch,
    LogSource,
    PoisonError,
    ProjectionStoppedError,
    drift,
)
from crmcore.projections.engine.filling import STANDARD_LIMITS, Limits, fill
from crmcore.projections.engine.generation import (
    BUILDING,
    Checkpoint,
    Registry,
)
from crmcore.projections.engine.parts import Part, Parts
from crmcore.projections.engine.projection import Projection

__all__ = ["Progress", "Rebuilder", "Rebuilt"]

BATCH = 10_000
LOOK_SECONDS = 0.5
"""How often the progress of the parts is looked at."""

PATIENCE_SECONDS = 60.0
"""How long a part that another rebuild fills may stand still before it is given up."""


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
    """Fills generations that are not live."""

    _source: LogSource
    _registry: Registry
    _submit: Submit
    _limits: Limits = STANDARD_LIMITS
    _patience: float = PATIENCE_SECONDS

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
        projection whose groups do not follow from one id is filled as a whole.  Parts that
        another rebuild is filling are left to it, and waited for.  Raises
        ``ProjectionStoppedError`` at an event that cannot be applied, or where a worker died:
        the generation is kept, and the next call goes on with it.
        """
        if parts < 1:
            raise ValueError(f"parts: expected at least 1, got {parts}")
        begun = time.monotonic()
        building, planned, resumed = self._plan(projection, parts if executor else 1)
        clock = _Clock(projection.name, building.generation, report, begun)
        clock.show("fill", planned)
        todo = [part for part in planned if not part.done]
        if executor is None:
            for part in todo:
                fill(self._source, self._registry, projection, part, self._limits)
                clock.show("fill", self._parts(building))
        else:
            self._fill_by(executor, building, todo, clock)
        self._await_others(building, clock)
        self._filled(building, planned)
        position = self.catch_up(projection, building.generation)
        aside = self._put_aside(projection, building.generation)
        seconds = time.monotonic() - begun
        return Rebuilt(projection.name, building.generation, position, seconds, resumed, aside)

    def catch_up(self, projection: Projection, generation: int) -> int:
        """Follow the log with a generation that is not live; return the position it reached."""
        batch = Batch(self._source, self._registry, BATCH)
        while True:
            try:
                position, head = batch.fold(projection, generation)
            except PoisonError as poison:
                raise poison.stopped(projection.name) from poison.cause
            if position >= head:
                return position

    def built(self, projection: Projection) -> Checkpoint:
        """The generation that was built; ``ProjectionStoppedError`` if there is none, or not all of it."""
        with self._source.read() as connection:
            built = self._registry.in_state(connection, projection.name, BUILDING)
            unfilled = built is not None and bool(self._parts_of(connection, built))
        again = f"`crmcore projections rebuild {projection.name}`"
        if built is None:
            raise ProjectionStoppedError(
                f"{projection.name}: there is no newly built generation: {again}"
            )
        if unfilled:
            raise ProjectionStoppedError(
                f"{projection.name}: generation {built.generation} is not filled yet: {again} goes on"
            )
        return built

    def _plan(self, projection: Projection, count: int) -> tuple[Checkpoint, Sequence[Part], bool]:
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

    def _fill_by(
        self, executor: Executor, building: Checkpoint, todo: Sequence[Part], clock: "_Clock"
    ) -> None:
        futures = [self._submit(executor, part) for part in todo]
        while wait(futures, timeout=LOOK_SECONDS).not_done:
            clock.show("fill", self._parts(building))
        try:
            for future in futures:
                future.result()
        except BrokenExecutor as error:
            raise ProjectionStoppedError(
                f"{building.name}: a worker died while it filled generation"
                f" {building.generation}: rebuild again, it goes on where it was"
            ) from error
        clock.show("fill", self._parts(building))

    def _await_others(self, building: Checkpoint, clock: "_Clock") -> None:
        """Wait for the parts that another rebuild fills, as long as it gets on."""
        parts, moved = self._parts(building), time.monotonic()
        while left := [part for part in parts if not part.done]:
            if time.monotonic() - moved > self._patience:
                raise ProjectionStoppedError(
                    f"{building.name}: another rebuild of generation {building.generation} has"
                    f" {len(left)} parts and does not get on: end it, and rebuild again"
                )
            time.sleep(min(LOOK_SECONDS, self._patience))
            clock.show("fill", parts)
            before, parts = parts, self._parts(building)
            moved = moved if parts == before else time.monotonic()

    def _filled(self, building: Checkpoint, planned: Sequence[Part]) -> None:
        """Note that all parts are done, unless another rebuild did: from here on it follows the log."""
        with self._source.write() as connection:
            self._registry.claim(connection, building.name)
            found = self._registry.generation(connection, building.name, building.generation)
            if found is None or found.state != BUILDING:
                state = "retired" if found is None else found.state
                raise ProjectionStoppedError(
                    f"{building.name}: generation {building.generation} is {state} meanwhile"
                )
            if self._parts_of(connection, building):
                self._registry.advance(connection, building, planned[0].upto)
                Parts(self._registry.schema).forget(connection, building.name, building.generation)

    def _parts(self, building: Checkpoint) -> Sequence[Part]:
        with self._source.read() as connection:
            return self._parts_of(connection, building)

    def _parts_of(self, connection: Connection, building: Checkpoint) -> Sequence[Part]:
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
