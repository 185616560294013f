"""What questions about cases answer with: a case, its cycles, and how each of its targets stands."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import cache
from types import NoneType
from typing import Any, get_args, get_type_hints
from uuid import UUID

from sqlalchemy import Connection, select

from crmcore.domain.service.levels.clock import TargetClock, Verdict
from crmcore.domain.service.levels.policy import TargetKind
from crmcore.projections.results import result
from crmcore.projections.service.service_levels.assignments import target_of
from crmcore.projections.service.service_levels.case_row import CaseColumns
from crmcore.projections.service.service_levels.snapshots import CaseSnapshot, in_parts
from crmcore.projections.service.service_levels.tables import SERVICE_CYCLES


@result
class NextEscalation:
    """A warning level by its name, or the ``breach``, and what the policy wants done then."""

    name: str
    at: datetime
    action: str | None


@result
class TargetStatus:
    """How a case stands against a target of one of its cycles, as of an instant (all in UTC).

    ``occurrence`` counts the customer's questions, or our updates.  ``policy`` is ``given`` (and
    ``version`` None) for a deadline that came with the case; its times are elapsed time, all others
    working time without the pauses.  ``remaining`` is negative when overdue.  ``due_at`` is None while
    a pause lasts; ``due_if_resumed`` is then when it would be due if the clock went on now.
    """

    target: TargetKind
    occurrence: int
    policy: str
    version: str | None
    started_at: datetime
    due_at: datetime | None
    completed_at: datetime | None
    withdrawn_at: datetime | None
    paused_since: datetime | None
    is_open: bool
    """Whether it is still to be met, in time or late."""
    verdict: Verdict
    elapsed: timedelta
    remaining: timedelta
    next_escalation: NextEscalation | None
    due_if_resumed: datetime | None


@result
class CaseCycle:
    """The work from the opening of a case, or a reopening, to a solution, and the targets for it.

    ``owner`` had the case when it was solved.  Without ``targets`` no service level held.
    """

    number: int
    begun_at: datetime
    solved_at: datetime | None
    resolution_code: str | None
    owner: str | None
    targets: tuple[TargetStatus, ...]


@result
class Case(CaseColumns):
    """A case as it was at an instant (``as_of``; all in UTC).

    ``next_due_at`` is when the first of the targets that are still to be met is due: None where none
    is, or all are paused.
    """

    is_open: bool
    next_due_at: datetime | None
    cycles: tuple[CaseCycle, ...]
    as_of: datetime

    @property
    def targets(self) -> tuple[TargetStatus, ...]:
        """The targets of all cycles."""
        return tuple(target for cycle in self.cycles for target in cycle.targets)


def read_cases(
    connection: Connection, snapshots: Sequence[CaseSnapshot], as_of: datetime
) -> list[Case]:
    """The cases of *snapshots*, in their order, with all that was so by *as_of*."""
    columns = SERVICE_CYCLES.c
    solutions: dict[tuple[str, int], tuple[str | None, str | None]] = {}
    query = select(columns.case_id, columns.cycle, columns.resolution_code, columns.owner)
    for ids in in_parts([one.case_id for one in snapshots]):
        for case_id, cycle, *solution in connection.execute(query.where(columns.case_id.in_(ids))):
            code, owner = solution
            solutions[case_id, cycle] = code, owner
    return [_case(one, solutions, as_of) for one in snapshots]


@cache
def _columns() -> Mapping[str, Callable[[Any], Any]]:
    """The columns of a case's row, each with what makes a field of it."""
    return {name: _reading(kind) for name, kind in get_type_hints(CaseColumns).items()}


def _reading(kind: Any) -> Callable[[Any], Any]:
    """What makes a value of a *kind* of what a column holds: ids and enums are text there."""
    [one, *_] = [part for part in get_args(kind) or (kind,) if part is not NoneType]
    if not issubclass(one, (UUID, Enum)):
        return lambda value: value
    return lambda value: None if value is None else one(value)


def _case(
    snapshot: CaseSnapshot,
    solutions: dict[tuple[str, int], tuple[str | None, str | None]],
    as_of: datetime,
) -> Case:
    clocks = snapshot.clocks(as_of)
    cycles = []
    for one in snapshot.timeline.until(as_of).cycles:
        unsolved = one.solved_at is None
        code, owner = (None, None) if unsolved else solutions[snapshot.case_id, one.number]
        cycles.append(
            CaseCycle(
                number=one.number,
                begun_at=one.begun_at,
                solved_at=one.solved_at,
                resolution_code=code,
                owner=owner,
                targets=tuple(
                    _status(clock, as_of) for clock in clocks if clock.cycle == one.number
                ),
            )
        )
    return Case(
        **{name: convert(snapshot[name]) for name, convert in _columns().items()},
        is_open=snapshot.is_open,
        next_due_at=next_due(clocks),
        cycles=tuple(cycles),
        as_of=as_of,
    )


def next_due(clocks: Sequence[TargetClock]) -> datetime | None:
    """When the first of the targets that are still to be met is due."""
    due = (one.due_at for one in clocks if is_open(one))
    return min((at for at in due if at is not None), default=None)


def is_open(clock: TargetClock) -> bool:
    """Whether a target is still to be met, by what its clock knows."""
    return clock.completed_at is None and clock.withdrawn_at is None


def _status(clock: TargetClock, as_of: datetime) -> TargetStatus:
    target, status = target_of(clock), clock.status(as_of)
    coming = status.next_escalation
    return TargetStatus(
        target=target.kind,
        occurrence=target.occurrence,
        policy=target.policy,
        version=target.version,
        started_at=target.started_at,
        due_at=target.due_at,
        completed_at=target.completed_at,
        withdrawn_at=target.withdrawn_at,
        paused_since=target.paused_since,
        is_open=is_open(clock),
        verdict=status.verdict,
        elapsed=status.elapsed,
        remaining=status.remaining,
        next_escalation=None
        if coming is None
        else NextEscalation(coming.name, coming.at, coming.action),
        due_if_resumed=status.due_if_resumed,
    )
