"""Upkeep of the read models, by name: rebuild, compare, switch, roll back, retire, try again."""

import difflib
import time
from collections.abc import Sequence
from concurrent.futures import Executor

import attrs
from sqlalchemy import Connection, func, select

from crmcore.projections.engine.batch import LogSource, ProjectionStoppedError
from crmcore.projections.engine.compare import Comparison, compare
from crmcore.projections.engine.filling import Worker
from crmcore.projections.engine.generation import Checkpoint, Registry
from crmcore.projections.engine.parts import Part
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild import Rebuilder, Rebuilt, Report
from crmcore.projections.engine.retry import Retried, retry
from crmcore.projections.engine.switching import Switcher

__all__ = ["Estimate", "UnknownProjectionError", "Upkeep"]

SAMPLE = 20_000
"""Records of the log that an estimate folds."""

TRIES = 10
"""How often two generations are caught up to be compared at the same position."""


class UnknownProjectionError(LookupError):
    """There is no read model of that name."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
        super().__init__(f"there is no read model {name[:60]!r}: {hint}")


@attrs.frozen
class Estimate:
    """What a rebuild will take: measured on a sample, so the truth may lie some way off."""

    name: str
    records: int
    sampled: int
    seconds: float
    rows: int | None
    """The rows that the live generation holds now; None without one."""
    bytes: int | None
    """What those take in the database; None where it cannot tell."""


@attrs.frozen
class Upkeep:
    """What an operator does with read models after a change of their tables or their rules."""

    projections: Sequence[Projection]
    _source: LogSource
    _registry: Registry
    _rebuilder: Rebuilder

    def rebuild(
        self,
        name: str,
        *,
        executor: Executor | None = None,
        parts: int = 1,
        report: Report | None = None,
    ) -> Rebuilt:
        """Fill a new generation beside the live one (``Rebuilder.rebuild``)."""
        projection = self._projection(name)
        return self._rebuilder.rebuild(projection, executor=executor, parts=parts, report=report)

    def estimate(self, name: str) -> Estimate:
        """How long a rebuild in one process would take and how much space, without doing it."""
        projection = self._projection(name)
        with self._source.read() as connection:
            head = self._source.head(connection)
            live = self._registry.live(connection, name)
            rows, size = (None, None) if live is None else _size(connection, self._registry, live)
        upto = min(head, SAMPLE)
        part = Part(name, 0, 0, None, None, 0, upto)
        begun = time.perf_counter()
        Worker(self._source, self._registry, projection, part).sample()
        seconds = time.perf_counter() - begun
        return Estimate(name, head, upto, seconds * head / upto if upto else 0.0, rows, size)

    def compare(self, name: str) -> Comparison:
        """How the generation that was built differs from the live one, both at the same position.

        Where events come in faster than both can be caught up, the positions differ.
        """
        projection, left = self._projection(name), TRIES
        while True:
            live, built = self._live(projection), self._rebuilder.built(projection)
            ours = [one for one in (live, built) if one.definition == projection.definition()]
            for one in ours:
                self._rebuilder.catch_up(projection, one.generation)
            left -= 1
            with self._source.read() as connection:
                before = self._registry.generation(connection, name, live.generation) or live
                after = self._registry.generation(connection, name, built.generation) or built
                if before.position == after.position or len(ours) < 2 or not left:
                    return compare(connection, self._registry.schema, before, after)

    def switch(self, name: str) -> Checkpoint:
        """Let the views show the generation that was built."""
        return self._switcher.switch(self._projection(name))

    def rollback(self, name: str) -> Checkpoint:
        """Let the views show the previous generation again."""
        return self._switcher.rollback(self._projection(name))

    def retire(self, name: str) -> list[Checkpoint]:
        """Drop every generation that is not live."""
        return self._switcher.retire(self._projection(name))

    def retry(self, name: str) -> Retried:
        """Try again what was put aside."""
        return retry(self._source, self._registry, self._projection(name))

    @property
    def _switcher(self) -> Switcher:
        return Switcher(self._source, self._registry, self._rebuilder)

    def _projection(self, name: str) -> Projection:
        for projection in self.projections:
            if projection.name == name:
                return projection
        raise UnknownProjectionError(name, [projection.name for projection in self.projections])

    def _live(self, projection: Projection) -> Checkpoint:
        with self._source.read() as connection:
            live = self._registry.live(connection, projection.name)
        if live is None:
            raise ProjectionStoppedError(
                f"{projection.name}: there is no live generation to compare with: switch to this one"
            )
        return live


def _size(connection: Connection, registry: Registry, live: Checkpoint) -> tuple[int, int | None]:
    rows, size = 0, None
    for name in live.tables.values():
        table = registry.table(name)
        rows += int(connection.execute(select(func.count()).select_from(table)).scalar_one())
        if connection.dialect.name == "postgresql":
            quoted = connection.dialect.identifier_preparer.format_table(table)
            query = select(func.pg_total_relation_size(quoted))
            size = (size or 0) + int(connection.execute(query).scalar_one())
    return rows, size
