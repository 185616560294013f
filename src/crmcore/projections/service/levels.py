"""What is owed to cases, as of an instant: read from the rows, or from a case's own clock.

The rows tell how a case stands after everything that happened to it.  Where a moment before
its latest change is asked for, its clock is cut there and tells.
"""

from collections import ChainMap
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import ColumnElement, Connection, Table, func, select, sql

from crmcore.domain.kernel.instants import to_micros
from crmcore.domain.service.levels.clock import Mode, TargetClock, TargetStatus, Verdict, verdict
from crmcore.domain.service.levels.policy import TargetKind
from crmcore.domain.service.levels.target_clocks import clocks
from crmcore.domain.service.levels.timeline import Timeline
from crmcore.projections.service.periods import Period
from crmcore.projections.service.service_levels import GIVEN, Packing

__all__ = ["ServiceCase", "ServiceLevel", "read_cases", "read_levels", "whole_period"]


OPEN = ("new", "open", "pending", "on_hold")


@attrs.frozen(slots=False)
class ServiceCase:
    """A case as it was at an instant (all in UTC); ``timeline`` is its life for the clock."""

    _packing: Packing = attrs.field(repr=False)
    case_id: UUID
    customer_id: str | None
    number: str | None
    subject: str
    kind: str
    channel: str
    category: str | None
    request_type: str | None
    priority: str | None
    queue: str | None
    agent: str | None
    status: str
    opened_at: datetime
    first_response_at: datetime | None
    closed_at: datetime | None
    contacts: int
    changed_at: datetime
    facts_at: datetime
    _facts: Sequence[tuple[int, dict[str, Any]]] | None = attrs.field(repr=False)
    _clock: Timeline | str | None = attrs.field(repr=False)

    @cached_property
    def timeline(self) -> Timeline:
        """The case's life in instants, what came later included."""
        assert self._clock is not None, "a case whose timeline is asked for is read with it"
        return self._packing.unpack(self._clock) if isinstance(self._clock, str) else self._clock

    @property
    def is_open(self) -> bool:
        """Whether it is not solved, closed, merged or spam."""
        return self.status in OPEN

    def clocks(self, as_of: datetime) -> list[TargetClock]:
        """Everything owed by what had happened by *as_of*."""
        return clocks(self.timeline.until(as_of))


@attrs.frozen(slots=False)
class ServiceLevel:
    """How a case stands against one target of one cycle, as of an instant (all in UTC).

    ``target`` is None for a cycle in which nothing was owed.  ``occurrence`` counts the
    customer's questions, or our updates.
    """

    case: ServiceCase
    as_of: datetime
    cycle: int
    begun_at: datetime
    target: TargetKind | None
    occurrence: int
    policy: str | None
    version: str | None
    started_at: datetime | None
    due_at: datetime | None
    completed_at: datetime | None
    withdrawn_at: datetime | None
    paused_since: datetime | None

    def verdict(self, mode: Mode = Mode.TO_DATE) -> Verdict:
        """Met, breached, running, paused or none (``crmcore.domain.service.levels``)."""
        if self.target is None:
            return Verdict.NONE
        return verdict(
            self.due_at,
            self.completed_at,
            self.as_of,
            withdrawn_at=self.withdrawn_at,
            paused=self.paused_since is not None,
            mode=mode,
        )

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done, in time or late."""
        ended = [one for one in (self.completed_at, self.withdrawn_at) if one is not None]
        return self.target is not None and all(one > self.as_of for one in ended)

    @property
    def judged_at(self) -> datetime | None:
        """The instant to which a report counts the verdict: completed by ``as_of``, or else due."""
        completed = self.completed_at
        return completed if completed is not None and completed <= self.as_of else self.due_at

    @cached_property
    def standing(self) -> TargetStatus | None:
        """Working time used and left, and what comes next; None where nothing is owed."""
        of = (self.cycle, self.target, self.occurrence)
        for clock in self.case.clocks(self.as_of):
            if (clock.cycle, clock.kind, clock.occurrence) == of:
                return clock.status(self.as_of)
        return None

    @property
    def elapsed(self) -> timedelta | None:
        """The working time used, without the pauses."""
        return None if self.standing is None else self.standing.elapsed

    @property
    def remaining(self) -> timedelta | None:
        """The working time left; negative when overdue."""
        return None if self.standing is None else self.standing.remaining


def read_cases(
    connection: Connection,
    cases: Table,
    packing: Packing,
    as_of: datetime,
    *,
    case: str | None = None,
    ids: Sequence[str] | None = None,
    timelines: bool = True,
) -> dict[str, ServiceCase]:
    """Every case opened by *as_of*, as it was then, by its id; the one *case* (its id or its
    number), or those of some *ids*.

    Without *timelines*, which are long, the cases that have not changed since have none.
    """
    names = [name.lstrip("_") for name in attrs.fields_dict(ServiceCase) if name != "_packing"]
    columns: list[ColumnElement[Any]] = [cases.c[name] for name in names]
    columns[-2] = sql.expression.case((cases.c.facts_at > as_of, cases.c.facts))
    if not timelines:
        columns[-1] = sql.expression.case((cases.c.changed_at > as_of, cases.c.clock))
    query = select(*columns).where(cases.c.opened_at <= as_of).order_by(cases.c.case_id)
    if case is not None:
        query = query.where((cases.c.case_id == case.lower()) | (cases.c.number == case))
    parts = (
        [query] if ids is None else [query.where(cases.c.case_id.in_(some)) for some in _few(ids)]
    )
    return {
        case_id: _as_of(ServiceCase(packing, UUID(case_id), *fields), as_of)
        for part in parts
        for case_id, *fields in connection.execute(part).all()
    }


def _as_of(case: ServiceCase, as_of: datetime) -> ServiceCase:
    """A case, read as it is now, as it was at an instant from its opening on."""
    otherwise: dict[str, Any] = {}
    if case.facts_at > as_of:
        assert case._facts is not None, "a case whose past is asked for is read with its facts"
        told = [facts for at, facts in case._facts if at <= to_micros(as_of)]
        otherwise = dict(ChainMap(*reversed(told)))
    if case.changed_at > as_of:
        past = case.timeline.until(as_of)
        otherwise["clock"] = case.timeline  # unpacked once
        otherwise["status"] = past.statuses[-1].category.value
        otherwise["first_response_at"] = past.first_response_at
        otherwise["contacts"] = 1 + sum(not one.by_agent for one in past.messages)
        if case.closed_at is not None and case.closed_at > as_of:
            otherwise["closed_at"] = None
    return attrs.evolve(case, **otherwise) if otherwise else case


def _few(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), IDS_A_QUERY):
        yield ids[start : start + IDS_A_QUERY]


def read_levels(
    connection: Connection,
    tables: Sequence[Table],
    packing: Packing,
    as_of: datetime,
    *,
    case: str | None = None,
    standings: bool = True,
) -> Iterator[ServiceLevel]:
    """What is owed in every cycle begun by *as_of* (of one *case*), by case, cycle and target.

    *tables* are the cases, their cycles and the levels.  Without *standings* they tell verdicts,
    not how much time was used: that takes every case's timeline.
    """
    cases, cycles, levels = tables
    found = read_cases(connection, cases, packing, as_of, case=case, timelines=standings)
    wanted = None if case is None else list(found)
    owed = _by_cycle(connection, levels, wanted)
    query = select(cycles.c.case_id, cycles.c.cycle, cycles.c.begun_at)
    query = query.where(cycles.c.begun_at <= as_of).order_by(cycles.c.case_id, cycles.c.cycle)
    if wanted is not None:
        query = query.where(cycles.c.case_id.in_(wanted))
    for case_id, cycle, begun_at in connection.execute(query).all():
        of = found[case_id]
        told = owed.get((case_id, cycle), []) if of.changed_at <= as_of else _cut(of, cycle, as_of)
        for fields in told or [NOTHING]:
            yield ServiceLevel(of, as_of, cycle, begun_at, *fields)


def whole_period(
    connection: Connection, cases: Table, levels: Table, as_of: datetime, zone: str
) -> Period | None:
    """From the first case to the last thing that happened or fell due by *as_of*; None without cases."""
    first, last = connection.execute(
        select(func.min(cases.c.opened_at), func.max(cases.c.changed_at))
    ).one()
    if first is None or first > as_of:
        return None
    overdue = select(func.max(levels.c.due_at)).where(levels.c.completed_at.is_(None))
    due = connection.execute(overdue).scalar_one()
    return Period(first, min(max(last, due or last), as_of) + timedelta(microseconds=1), zone)


IDS_A_QUERY = 500
NOTHING = (None, 1, None, None, None, None, None, None, None)
Fields = tuple[Any, ...]
"""A level from its target to ``paused_since``."""


def _by_cycle(
    connection: Connection, levels: Table, wanted: Sequence[str] | None
) -> dict[tuple[str, int], list[Fields]]:
    names = [one.name for one in attrs.fields(ServiceLevel)]
    first, last = names.index("target"), names.index("paused_since")
    columns = [levels.c[name] for name in names[first : last + 1]]
    query = select(levels.c.case_id, levels.c.cycle, *columns)
    if wanted is not None:
        query = query.where(levels.c.case_id.in_(wanted))
    owed: dict[tuple[str, int], list[Fields]] = {}
    order = list(TargetKind)
    for case_id, cycle, target, *fields in connection.execute(query).all():
        owed.setdefault((case_id, cycle), []).append((TargetKind(target), *fields))
    for several in owed.values():
        several.sort(key=lambda fields: (order.index(fields[0]), fields[1]))
    return owed


def _cut(case: ServiceCase, cycle: int, as_of: datetime) -> list[Fields]:
    """The levels of a cycle by what had happened by *as_of*."""
    return [
        (
            clock.kind,
            clock.occurrence,
            clock.policy or GIVEN,
            clock.version,
            clock.started_at,
            clock.due_at,
            clock.completed_at,
            clock.withdrawn_at,
            None if clock.completed_at else clock.paused_since,
        )
        for clock in case.clocks(as_of)
        if clock.cycle == cycle
    ]
