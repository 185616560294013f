"""Rebuilding: a new generation beside the live one, filled in parts, then following the log as well.

The live generation goes on serving meanwhile.  A rebuild that was killed goes on where it was,
part by part; one that fails leaves the live generation as it is and says why.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, wait
from typing import Any

from sqlalchemy import Connection

from crmcore.application.telemetry import SILENT, Telemetry
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.follow.batch import Batch
from crmcore.projections.engine.generations.checkpoint import BUILDING, Checkpoint
from crmcore.projections.engine.generations.drift import log_mismatch, resume_obstacle
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.happenings import REBUILD, REBUILT, STOP, stop
from crmcore.projections.engine.poison.dead_letters import DeadLetterTable
from crmcore.projections.engine.poison.poison import PoisonError, ProjectionStoppedError
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.fill import Stopped, fill
from crmcore.projections.engine.rebuild.outcome import RebuildStoppedError, Rebuilt, died
from crmcore.projections.engine.rebuild.parts import Part, Parts
from crmcore.projections.engine.rebuild.progress import Clock, Report
from crmcore.projections.engine.rebuild.worker import STANDARD_LIMITS, Limits
from crmcore.projections.engine.source import LogSource

BATCH = 10_000
LOOK_SECONDS = 0.5
"""How often the progress of the parts is looked at."""

PATIENCE_SECONDS = 60.0
"""How long a part that another rebuild fills may stand still before it is given up."""


Submit = Callable[[Executor, Sequence[Part]], "Future[Stopped]"]
"""Lets an executor ``fill`` parts in one reading, be it in another process or on another machine."""


@frozen
class _Run:
    """A generation on its way: the parts that were planned or found, and whether it goes on with them."""

    projection: Projection
    building: Checkpoint
    planned: Sequence[Part]
    resumed: bool
    clock: Clock


@frozen
class Rebuilder:
    """Fills generations that are not live."""

    _source: LogSource
    _registry: Registry
    _submit: Submit
    _limits: Limits = STANDARD_LIMITS
    _patience: float = PATIENCE_SECONDS
    _telemetry: Telemetry = SILENT

    def rebuild(
        self,
        projections: Sequence[Projection],
        *,
        executor: Executor | None = None,
        parts: int = 1,
        report: Report | None = None,
    ) -> Sequence[Rebuilt]:
        """Fill new generations up to the end of the log in one reading, or go on with those begun.

        With an *executor* the groups are divided into *parts* that it fills side by side; a
        projection whose groups do not follow from one id is filled as a whole.  Parts that
        another rebuild is filling are left to it, and waited for.

        Raises ``RebuildStoppedError`` if some were not filled: an event cannot be applied, a
        worker died.  Their generations are kept, and the next call goes on with them.
        """
        if parts < 1:
            raise ValueError(f"parts: expected at least 1, got {parts}")
        names = tuple(projection.name for projection in projections)
        with self._telemetry.operation(REBUILD, stop, read_models=names, parts=parts) as told:
            done = self._rebuild(projections, executor, parts, report)
            told.note(outcome="done")
        return done

    def _rebuild(
        self,
        projections: Sequence[Projection],
        executor: Executor | None,
        parts: int,
        report: Report | None,
    ) -> Sequence[Rebuilt]:
        begun, runs = time.monotonic(), list[_Run]()
        rebuilt, stopped = list[Rebuilt](), Stopped()
        for projection in projections:
            try:
                run = self._begin(projection, parts if executor else 1, report, begun)
            except Exception as error:  # a read model's trouble is its own
                stopped[projection.name] = error
            else:
                runs.append(run)
        stopped |= self._fill(runs) if executor is None else self._fill_by(executor, runs)
        for run in runs:
            if run.building.name not in stopped:
                try:
                    done = self._finished(run)
                except Exception as error:
                    stopped[run.building.name] = error
                else:
                    rebuilt.append(done)
                    self._tell(done)
        for name, cause in stopped.items():
            self._telemetry.report(STOP, read_model=name, **stop(cause))
        if stopped:
            raise RebuildStoppedError(rebuilt, stopped)
        return rebuilt

    def _tell(self, done: Rebuilt) -> None:
        self._telemetry.report(
            REBUILT,
            read_model=done.name,
            generation=done.generation,
            position=done.position,
            duration_seconds=done.seconds,
            resumed=done.resumed,
            dead_letters=done.dead_letters,
        )

    def _begin(
        self, projection: Projection, count: int, report: Report | None, begun: float
    ) -> _Run:
        building, planned, resumed = self._plan(projection, count)
        done = [part.position for part in planned] or [building.position]
        before = sum(done) // len(done)
        clock = Clock(projection.name, building.generation, report, begun, before)
        clock.show(planned)
        return _Run(projection, building, planned, resumed, clock)

    def _fill(self, runs: Sequence[_Run]) -> Stopped:
        """Fill all parts in this process; return what stopped."""
        stopped, by_name = Stopped(), {}
        for run in runs:
            by_name[run.building.name] = run

        def seen(part: Part, position: int) -> None:
            run = by_name[part.name]
            run.clock.seen(part, position, run.planned)

        for parts in _alike(runs):
            left = [part for part in parts if part.name not in stopped]
            projections = [by_name[part.name].projection for part in left]
            stopped |= fill(self._source, self._registry, projections, left, self._limits, seen)
        return stopped

    def _fill_by(self, executor: Executor, runs: Sequence[_Run]) -> Stopped:
        """Let *executor* fill all parts; return what stopped."""
        stopped = Stopped()
        futures = dict[Future[Stopped], Sequence[Part]]()
        for together in _alike(runs):
            try:
                futures[self._submit(executor, together)] = together
            except BrokenExecutor as error:
                stopped |= {part.name: died(part, error) for part in together}
        while wait(futures, timeout=LOOK_SECONDS).not_done:
            self._show(runs)
        self._show(runs)
        for future, parts in futures.items():
            try:
                stopped |= future.result()
            except BrokenExecutor as error:
                stopped |= {part.name: died(part, error) for part in parts}
            except Exception as error:  # nothing was begun: the worker did not get to the log
                stopped |= {part.name: error for part in parts}
        return stopped

    def _show(self, runs: Sequence[_Run]) -> None:
        for run in runs:
            run.clock.show(self._parts(run.building))

    def _finished(self, run: _Run) -> Rebuilt:
        """Follow the log with what is filled; raises ``ProjectionStoppedError``."""
        name, generation = run.building.name, run.building.generation
        self._await_others(run)
        self._filled(run.building, run.planned)
        position = self.catch_up(run.projection, generation)
        count = self._dead_letters(run.projection, generation)
        clock = run.clock
        return Rebuilt(name, generation, position, clock.seconds, run.resumed, count, clock.before)

    def catch_up(self, projection: Projection, generation: int, upto: int | None = None) -> int:
        """Follow the log, or no further than *upto*, with a generation; return the position it reached."""
        batch = Batch(self._source, self._registry, BATCH, self._telemetry)
        while True:
            try:
                position, head = batch.fold(projection, generation, upto)
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
            if building is not None:
                begun = self._parts_of(connection, building)
                why = resume_obstacle(self._source, connection, projection, building, begun)
                if why is not None:
                    raise ProjectionStoppedError(
                        f"{projection.name}: generation {building.generation} cannot be gone on"
                        f" with: {why}: retire it first"
                    )
                return building, begun, True
            building = self._registry.begin(connection, projection, BUILDING)
            divided = count if projection.partition is not None else 1
            head = self._source.head(connection)
            planned = parts.plan(connection, building.name, building.generation, divided, head)
            return building, planned, False

    def _await_others(self, run: _Run) -> None:
        """Wait for the parts that another rebuild fills, as long as it gets on."""
        building = run.building
        parts, moved = self._parts(building), time.monotonic()
        while left := [part for part in parts if not part.done]:
            if time.monotonic() - moved > self._patience:
                raise ProjectionStoppedError(
                    f"{building.name}: another rebuild of generation {building.generation} has"
                    f" {len(left)} parts and does not get on: end it, and rebuild again"
                )
            time.sleep(min(LOOK_SECONDS, self._patience))
            run.clock.show(parts)
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
                end = planned[0].end
                why = log_mismatch(self._source, connection, end)
                if why is not None:
                    raise ProjectionStoppedError(
                        f"{building.name}: generation {building.generation}: {why}"
                    )
                self._registry.advance(connection, building, end)
                Parts(self._registry.schema).forget(connection, building.name, building.generation)

    def _parts(self, building: Checkpoint) -> Sequence[Part]:
        with self._source.read() as connection:
            return self._parts_of(connection, building)

    def _parts_of(self, connection: Connection, building: Checkpoint) -> Sequence[Part]:
        parts = Parts(self._registry.schema)
        return parts.of(connection, building.name, building.generation)

    def _dead_letters(self, projection: Projection, generation: int) -> int:
        with self._source.read() as connection:
            table = DeadLetterTable(self._registry.schema)
            return len(table.of(connection, projection.name, generation))


def _alike(runs: Sequence[_Run]) -> list[list[Part]]:
    """The parts that are not done; together those that the same records of the log make.

    What is not divided comes first: it takes longest.
    """
    together = dict[Any, list[Part]]()
    for run in runs:
        for part in run.planned:
            if not part.done:
                divided = part.divided_by(run.projection.partition)
                together.setdefault(divided, []).append(part)
    return sorted(together.values(), key=lambda parts: parts[0].low is not None)
