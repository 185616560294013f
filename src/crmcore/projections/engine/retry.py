"""Trying again what was put aside: the groups concerned are folded anew, from their first event."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import localcontext

import attrs
from sqlalchemy import Connection

from crmcore.application.log import Recorded
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.aside import Aside, AsideTable, Policy
from crmcore.projections.engine.batch import LogSource, PoisonError, groups_of
from crmcore.projections.engine.generation import Checkpoint, Registry, generation_tables
from crmcore.projections.engine.memory import MemoryRows
from crmcore.projections.engine.projection import Projection

__all__ = ["Retried", "retry"]

PAGE = 10_000


@attrs.frozen
class Retried:
    """What became of the events put aside: so many, of which these still cannot be applied."""

    tried: int
    still_aside: Sequence[Aside]


def retry(source: LogSource, registry: Registry, projection: Projection) -> Retried:
    """Fold the groups of all events put aside anew, up to where the live generation stands.

    An event that still cannot be applied stays put aside under its policy: a group on hold
    keeps the rows that it had before it.
    """
    asides = AsideTable(registry.schema)
    with source.write() as connection:
        registry.claim(connection, projection.name)
        at = registry.live(connection, projection.name)
        if at is None:
            return Retried(0, ())
        known = asides.of(connection, at.name, at.generation)
        work = _Refold(source, connection, projection, at, registry.schema)
        still = work.run(known)
        asides.forget(connection, at.name, at.generation)
        for one in still:
            asides.put(connection, one)
    return Retried(len(known), still)


@attrs.frozen
class _Refold:
    source: LogSource
    connection: Connection
    projection: Projection
    at: Checkpoint
    schema: str | None

    def run(self, known: Sequence[Aside]) -> list[Aside]:
        """Replace the rows of the groups concerned; return what is still in the way."""
        wanted, still = self._concerned(known), dict[int, Aside]()
        tables = generation_tables(self.projection, self.at.generation, self.schema)
        while wanted:
            rows = MemoryRows(tables)
            rows.clear(self.connection, wanted)
            try:
                self._fold(rows, wanted, still)
            except PoisonError as poison:  # the rows are half changed: begin again without it
                before = [one.policy for one in known if one.position == poison.position]
                policy = before[0] if before else poison.policy(self.projection)
                still[poison.position] = poison.aside(self.at, Policy(policy))
                continue
            rows.flush(self.connection, self.source.insert)
            break
        return list(still.values())

    def _concerned(self, known: Sequence[Aside]) -> set[str]:
        """The groups put aside, and all that share an event with one of them, over any number of steps."""
        positions, size = {one.position for one in known}, -1
        wanted = {group for one in known for group in one.groups}
        while known and len(wanted) > size:
            size = len(wanted)
            for event in self._events():
                groups = self._groups(event)
                if event.position in positions or not wanted.isdisjoint(groups):
                    wanted.update(groups)
        return wanted

    def _fold(self, rows: MemoryRows, wanted: set[str], still: Mapping[int, Aside]) -> None:
        held = set[str]()
        with localcontext(EXACT):
            for event in self._events():
                groups = self._groups(event)
                if event.position in still:
                    if still[event.position].policy == Policy.HOLD:
                        held.update(groups)
                elif not wanted.isdisjoint(groups) and held.isdisjoint(groups):
                    groups_of(self.projection, event)
                    try:
                        rows.change(groups, self.projection.apply, event, rows)
                    except Exception as error:
                        raise PoisonError(event, groups, error) from error

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
            return poison.groups
