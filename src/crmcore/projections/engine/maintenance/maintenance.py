"""Maintenance of the read models, by name: rebuild, compare, switch, roll back, retire, try again."""

import difflib
from collections.abc import Sequence
from concurrent.futures import Executor

from sqlalchemy.exc import NoSuchTableError, ProgrammingError

from crmcore.application.telemetry import SILENT, Telemetry, Value
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.follow.stops import record_stops
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.generations.drift import rebuild_reason
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.generations.upgrade import Report as UpgradeReport
from crmcore.projections.engine.generations.upgrade import Upgrade
from crmcore.projections.engine.happenings import SWITCH
from crmcore.projections.engine.maintenance.compare import Comparison, compare
from crmcore.projections.engine.maintenance.switch import Switcher
from crmcore.projections.engine.poison.poison import ProjectionStoppedError
from crmcore.projections.engine.poison.retry import Retried, retry
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.estimate import Estimate, estimate
from crmcore.projections.engine.rebuild.outcome import RebuildStoppedError, Rebuilt
from crmcore.projections.engine.rebuild.progress import Report
from crmcore.projections.engine.rebuild.rebuilder import Rebuilder
from crmcore.projections.engine.source import LogSource

TRIES = 10
"""How often two generations are caught up to be compared at the same position."""


class UnknownProjectionError(LookupError):
    """There is no read model of that name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        super().__init__(f"there is no read model {name[:60]!r}: {hint}")


def find_projection(projections: Sequence[Projection], name: str) -> Projection:
    """The one of *projections* with this name; raises ``UnknownProjectionError``."""
    for projection in projections:
        if projection.name == name:
            return projection
    raise UnknownProjectionError(name, [projection.name for projection in projections])


@frozen
class Maintenance:
    """What an operator does with read models after a change of their tables or their rules."""

    projections: Sequence[Projection]
    _source: LogSource
    _registry: Registry
    _rebuilder: Rebuilder
    _telemetry: Telemetry = SILENT

    def __repr__(self) -> str:
        return f"Maintenance({', '.join(one.name for one in self.projections)})"

    def rebuild(
        self,
        name: str,
        *,
        executor: Executor | None = None,
        parts: int = 1,
        report: Report | None = None,
    ) -> Rebuilt:
        """Fill a new generation beside the live one, which goes on serving; see ``rebuild_all``.

        Raises ``ProjectionStoppedError`` where it cannot go on.
        """
        try:
            [rebuilt] = self.rebuild_all([name], executor=executor, parts=parts, report=report)
        except RebuildStoppedError as error:
            raise error.stopped[name] from error.stopped[name].__cause__
        return rebuilt

    def rebuild_all(
        self,
        names: Sequence[str] | None = None,
        *,
        executor: Executor | None = None,
        parts: int = 1,
        report: Report | None = None,
    ) -> Sequence[Rebuilt]:
        """Rebuild several read models, or all that there are, in one reading of the log.

        A rebuild that was interrupted goes on where it was.  With an *executor* the rows are
        divided into *parts* that it fills side by side, of those read models that allow it.
        *report* sees how far each has come.  One that stops does not hold up the others:
        ``RebuildStoppedError`` tells at the end of all that did, and of those rebuilt.
        """
        every = [projection.name for projection in self.projections]
        wanted = [
            self._projection(name) for name in dict.fromkeys(every if names is None else names)
        ]
        with record_stops(self._source, self._registry, wanted):
            return self._rebuilder.rebuild(wanted, executor=executor, parts=parts, report=report)

    def estimate(self, name: str) -> Estimate:
        """How long a rebuild in one process would take and how much space, without doing it."""
        return estimate(self._source, self._registry, self._projection(name))

    def compare(self, name: str) -> Comparison:
        """How the generation that was built differs from the live one, both at the same position.

        While events come in, the one that is behind is brought to where the other stands.  Where
        that does not succeed in several attempts, the positions differ, and it is not ``equal``.
        """
        projection, left, upto = self._projection(name), TRIES, None
        while True:
            live, built = self._live(projection), self._rebuilder.built(projection)
            with self._source.read() as connection:
                ours = [
                    one
                    for one in (live, built)
                    if rebuild_reason(self._source, connection, projection, one) is None
                ]
            for one in ours:
                self._rebuilder.catch_up(projection, one.generation, upto)
            left -= 1
            with self._source.read() as connection:
                before = self._registry.generation(connection, name, live.generation)
                after = self._registry.generation(connection, name, built.generation)
                if before is None or after is None:
                    raise _retired(name)
                if before.position == after.position or len(ours) < 2 or not left:
                    try:
                        return compare(connection, self._registry.schema, before, after)
                    except (NoSuchTableError, ProgrammingError):
                        if self._are_there(name, before, after):
                            raise
                        raise _retired(name) from None
            upto = max(before.position, after.position)

    def switch(self, name: str) -> Checkpoint:
        """Let the views show the generation that was built."""
        live = self._switcher.switch(self._projection(name))
        self._tell(live, "switch")
        return live

    def rollback(self, name: str) -> Checkpoint:
        """Let the views show the previous generation again."""
        live = self._switcher.rollback(self._projection(name))
        self._tell(live, "rollback")
        return live

    def retire(self, name: str) -> list[Checkpoint]:
        """Drop every generation that is not live."""
        gone = self._switcher.retire(self._projection(name))
        for one in gone:
            self._tell(one, "retire")
        return gone

    def retry(self, name: str) -> Retried:
        """Try the dead letters again."""
        return retry(self._source, self._registry, self._projection(name))

    def upgrade(self, report: UpgradeReport | None = None) -> Sequence[str]:
        """Bring the tables of read models that an earlier release made to what this one keeps.

        Returns what was done: nothing where they are of this release.  *report* is called with each
        step, how many are done, and how many there are.  Whoever is killed meanwhile goes on where it was.  Raises
        ``StoreBusyError`` while somebody follows or rebuilds, and ``StoreReadOnlyError``.
        """
        return Upgrade(self._source, self._registry.schema).run(report)

    def _are_there(self, name: str, *generations: Checkpoint) -> bool:
        """Whether none of these generations was retired."""
        with self._source.read() as connection:
            there = {one.generation for one in self._registry.generations(connection, name)}
        return there.issuperset(one.generation for one in generations)

    def _tell(self, one: Checkpoint, way: str) -> None:
        """Tell of a generation that is shown from now on, or gone."""
        told: dict[str, Value] = {"generation": one.generation, "position": one.position}
        self._telemetry.report(SWITCH, read_model=one.name, way=way, **told)

    @property
    def _switcher(self) -> Switcher:
        return Switcher(self._source, self._registry, self._rebuilder)

    def _projection(self, name: str) -> Projection:
        return find_projection(self.projections, name)

    def _live(self, projection: Projection) -> Checkpoint:
        with self._source.read() as connection:
            live = self._registry.live(connection, projection.name)
        if live is None:
            raise ProjectionStoppedError(
                f"{projection.name}: there is no live generation to compare with: switch to this one"
            )
        return live


def _retired(name: str) -> ProjectionStoppedError:
    return ProjectionStoppedError(f"{name}: a generation was retired meanwhile")
