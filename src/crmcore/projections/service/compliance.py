"""Service level compliance: how many targets were met, breached, or are still open (metric V7)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

import attrs

from crmcore.domain.service.levels.clock import Mode, Verdict
from crmcore.domain.service.priority import Priority
from crmcore.projections.service.levels import ServiceLevel
from crmcore.projections.service.periods import Period, PeriodLength

__all__ = ["Compliance", "Grouping", "Unit", "compliance", "compliance_over_time"]


class Grouping(StrEnum):
    """What a compliance report may be broken down by.

    Priority, queue, agent, kind and customer are those of the case as of the moment asked for;
    policy and version are those that owed the target.
    """

    PRIORITY = "priority"
    QUEUE = "queue"
    POLICY = "policy"
    VERSION = "version"
    KIND = "kind"
    AGENT = "agent"
    TARGET = "target"
    CUSTOMER = "customer"


class Unit(StrEnum):
    """What is counted: each target of a cycle, or each case (met if all of its targets are)."""

    TARGET = "target"
    CASE = "case"


@attrs.define
class Compliance:
    """How many verdicts of a group were met, were breached or are open."""

    group: str
    met: int = 0
    breached: int = 0
    running: int = 0
    paused: int = 0
    none: int = 0

    @property
    def rate(self) -> Decimal | None:
        """Met of met and breached (domain metric V7); None where nothing was judged."""
        judged = self.met + self.breached
        return Decimal(self.met) / judged if judged else None

    def count(self, found: Verdict) -> None:
        """Count one verdict."""
        setattr(self, found.value, getattr(self, found.value) + 1)


GROUP: Mapping[Grouping, Callable[[ServiceLevel], str | None]] = {
    Grouping.PRIORITY: lambda level: level.case.priority,
    Grouping.QUEUE: lambda level: level.case.queue,
    Grouping.POLICY: lambda level: level.policy,
    Grouping.VERSION: lambda level: level.version,
    Grouping.KIND: lambda level: level.case.kind,
    Grouping.AGENT: lambda level: level.case.agent,
    Grouping.TARGET: lambda level: None if level.target is None else level.target.value,
    Grouping.CUSTOMER: lambda level: level.case.customer_id,
}
BEST = (Verdict.NONE, Verdict.MET, Verdict.PAUSED, Verdict.RUNNING, Verdict.BREACHED)
RANK = {verdict: rank for rank, verdict in enumerate(BEST)}
Judged = tuple[int, datetime]
"""The rank of a verdict, and the instant to which it counts."""


def compliance(
    levels: Iterable[ServiceLevel],
    by: Grouping | None = None,
    *,
    mode: Mode = Mode.TO_DATE,
    unit: Unit = Unit.TARGET,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[list[Compliance], Compliance]:
    """Compliance by group, sorted (priorities: critical first), and in total, over what is judged in ``[since, until)``.

    A target is judged at the instant when it was completed, or else when it is due; one that
    has neither (paused, or nothing is owed) counts where its cycle begins.  Each target of a
    cycle is counted once, however many questions of the customer it covers: by the worst of
    its verdicts, and the last of those (INV-S10).  By *unit* case the same goes for all
    targets of a case, so that it is met if all are.  What nothing is owed for is counted apart
    (``none``), and so is what is running or paused.
    """
    grouped, counted = _judged(levels, by, mode, unit)
    groups, total = dict[str, Compliance](), Compliance("total")
    for (group, *_), judged in grouped.items():
        if _within(judged, since, until):
            groups.setdefault(group, Compliance(group)).count(BEST[judged[0]])
    for judged in counted.values():
        if _within(judged, since, until):
            total.count(BEST[judged[0]])
    pressing = tuple(Priority) if by is Grouping.PRIORITY else ()
    known = [groups[name] for name in pressing if name in groups]
    return known + [groups[name] for name in sorted(groups) if name not in pressing], total


def compliance_over_time(
    levels: Iterable[ServiceLevel],
    period: Period,
    length: PeriodLength,
    *,
    mode: Mode = Mode.TO_DATE,
    unit: Unit = Unit.TARGET,
) -> Iterator[tuple[Period, Compliance]]:
    """Compliance in each day, week or month of *period*, those in which nothing was judged included."""
    _, counted = _judged(levels, None, mode, unit)
    in_order = sorted(counted.values(), key=lambda judged: judged[1])
    begun = 0
    for part in period.parts(length):
        found = Compliance(part.name)
        while begun < len(in_order) and in_order[begun][1] < part.until:
            rank, at = in_order[begun]
            if at >= part.since:
                found.count(BEST[rank])
            begun += 1
        yield part, found


def _judged(
    levels: Iterable[ServiceLevel], by: Grouping | None, mode: Mode, unit: Unit
) -> tuple[dict[tuple[Any, ...], Judged], dict[tuple[Any, ...], Judged]]:
    """The verdict on each target or case, in its group (where *by* names one) and in total."""
    grouped, counted = dict[tuple[Any, ...], Judged](), dict[tuple[Any, ...], Judged]()
    group_of = None if by is None else GROUP[by]
    for level in levels:
        judged = RANK[level.verdict(mode)], level.judged_at or level.begun_at
        key: tuple[Any, ...] = (level.case.case_id,)
        if unit is Unit.TARGET:
            key = (level.case.case_id, level.cycle, level.target)
        counted[key] = max(counted.get(key, judged), judged)
        if group_of is not None:
            of = (group_of(level) or "(none)", *key)
            grouped[of] = max(grouped.get(of, judged), judged)
    return grouped, counted


def _within(judged: Judged, since: datetime | None, until: datetime | None) -> bool:
    at = judged[1]
    return (since is None or at >= since) and (until is None or at < until)
