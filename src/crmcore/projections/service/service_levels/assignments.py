"""Service level assignments: which target of which policy holds for which cycle of a case.

The rows tell how each stands after everything that happened to its case.  Where a moment before
the latest change is asked for, the case's life is cut there and tells.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import Connection, select

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.levels.clock import Mode, TargetClock, Verdict, verdict
from crmcore.domain.service.levels.policy import TargetKind
from crmcore.projections.service.service_levels.snapshots import CaseSnapshot, read_snapshots
from crmcore.projections.service.service_levels.tables import (
    GIVEN,
    SERVICE_CYCLES,
    SERVICE_LEVELS,
)
from crmcore.projections.service.service_levels.timelines import Packing

_REPORTED: Final = ("number", "customer_id", "priority", "queue", "agent", "kind")
"""The columns of a case that reports about all of them need."""
_ORDER: Final = {target: place for place, target in enumerate(TargetKind)}


@frozen
class Target:
    """A target that was assigned; ``occurrence`` counts the customer's questions, or our updates."""

    kind: TargetKind
    occurrence: int
    policy: str
    version: str | None
    started_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    withdrawn_at: datetime | None
    paused_since: datetime | None


@frozen
class Assignment:
    """A case in one of its cycles, and a target for that; None: no target was assigned in it."""

    case: CaseSnapshot
    cycle: int
    begun_at: datetime
    target: Target | None
    as_of: datetime

    def verdict(self, mode: Mode = Mode.TO_DATE) -> Verdict:
        """Met, breached, running, paused or none (``crmcore.domain.service.levels``)."""
        target = self.target
        if target is None:
            return Verdict.NONE
        return verdict(
            target.due_at,
            target.completed_at,
            self.as_of,
            withdrawn_at=target.withdrawn_at,
            paused=target.paused_since is not None,
            mode=mode,
        )

    @property
    def judged_at(self) -> datetime:
        """The instant to which a report counts the verdict.

        When it was completed, or else is due; the beginning of the cycle where it is neither.
        """
        if self.target is None:
            return self.begun_at
        completed = self.target.completed_at
        if completed is not None and completed <= self.as_of:
            return completed
        return self.target.due_at or self.begun_at


def target_of(clock: TargetClock) -> Target:
    """The target that a clock measures."""
    return Target(
        kind=clock.kind,
        occurrence=clock.occurrence,
        policy=clock.policy or GIVEN,
        version=clock.version,
        started_at=clock.started_at,
        due_at=clock.due_at,
        completed_at=clock.completed_at,
        withdrawn_at=clock.withdrawn_at,
        paused_since=None if clock.completed_at else clock.paused_since,
    )


def read_assignments(
    connection: Connection, packing: Packing, as_of: datetime
) -> Iterator[Assignment]:
    """What was assigned in every cycle begun by *as_of*, by case, cycle and target."""
    cases = read_snapshots(connection, packing, as_of, briefly=_REPORTED)
    assigned = _by_cycle(connection)
    columns = SERVICE_CYCLES.c
    query = select(columns.case_id, columns.cycle, columns.begun_at)
    query = query.where(columns.begun_at <= as_of).order_by(columns.case_id, columns.cycle)
    for case_id, cycle, begun_at in connection.execute(query).all():
        case = cases[case_id]
        targets: Sequence[Target | None] = (
            assigned.get((case_id, cycle), ())
            if case.changed_at <= as_of
            else [target_of(one) for one in case.clocks(as_of) if one.cycle == cycle]
        )
        for target in targets or (None,):
            yield Assignment(case, cycle, begun_at, target, as_of)


def _by_cycle(connection: Connection) -> Mapping[tuple[str, int], Sequence[Target]]:
    """The targets of each cycle, by kind and occurrence."""
    columns = SERVICE_LEVELS.c
    names = [field.name for field in attrs.fields(Target) if field.name != "kind"]
    query = select(columns.case_id, columns.cycle, columns.target, *(columns[one] for one in names))
    assigned: dict[tuple[str, int], list[Target]] = {}
    values: Any
    for case_id, cycle, kind, *values in connection.execute(query):
        target = Target(TargetKind(kind), *values)
        assigned.setdefault((case_id, cycle), []).append(target)
    for several in assigned.values():
        several.sort(key=lambda one: (_ORDER[one.kind], one.occurrence))
    return assigned
