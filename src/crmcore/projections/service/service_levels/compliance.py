"""Service level compliance: how many targets were met, breached, or are still open (metric V7)."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from operator import itemgetter
from typing import Any, Final
from uuid import UUID

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.levels.clock import Mode, Verdict
from crmcore.domain.service.levels.policy import TargetKind
from crmcore.domain.service.priority import Priority
from crmcore.projections.results import result
from crmcore.projections.service.periods import Period, PeriodLength
from crmcore.projections.service.service_levels.assignments import Assignment


class Grouping(StrEnum):
    """What a compliance report may be broken down by.

    Priority, queue, agent, kind and customer are those of the case as of the moment asked for;
    policy and version are those of the target.
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


@result
class Compliance:
    """How many verdicts of a group were met, were breached or are open.

    ``rate`` is met of met and breached (domain metric V7); None where nothing was judged.
    """

    group: str
    met: int
    breached: int
    running: int
    paused: int
    none: int
    rate: Decimal | None

    @classmethod
    def of(cls, group: str, counts: Mapping[Verdict, int]) -> "Compliance":
        """The figures of a group, from how many there are of each verdict."""
        met, breached = counts.get(Verdict.MET, 0), counts.get(Verdict.BREACHED, 0)
        judged = met + breached
        return cls(
            group=group,
            met=met,
            breached=breached,
            running=counts.get(Verdict.RUNNING, 0),
            paused=counts.get(Verdict.PAUSED, 0),
            none=counts.get(Verdict.NONE, 0),
            rate=Decimal(met) / judged if judged else None,
        )

    @property
    def counts(self) -> Mapping[Verdict, int]:
        """How many there are of each verdict."""
        return {verdict: getattr(self, verdict.value) for verdict in Verdict}


@result
class ComplianceReport:
    """Compliance by group, sorted (priorities: critical first), and in total."""

    groups: tuple[Compliance, ...]
    total: Compliance


@result
class PeriodCompliance:
    """Compliance in a day, week or month, ``[since, until)`` (UTC): by group, and in total.

    ``groups`` are those of which something was judged in it; ``total`` has the local date with which
    it begins as its group.
    """

    since: datetime
    until: datetime
    groups: tuple[Compliance, ...]
    total: Compliance


@result
class TargetVerdict:
    """The verdict on one target (None: on a cycle without any), and when it was judged (UTC)."""

    case_id: UUID
    number: str | None
    cycle: int
    target: TargetKind | None
    occurrence: int
    policy: str | None
    version: str | None
    verdict: Verdict
    judged_at: datetime


_BEST: Final = (Verdict.NONE, Verdict.MET, Verdict.PAUSED, Verdict.RUNNING, Verdict.BREACHED)
_RANK: Final = {verdict: rank for rank, verdict in enumerate(_BEST)}
_GROUP: Final[Mapping[Grouping, Callable[[Assignment], str | None]]] = {
    Grouping.PRIORITY: lambda one: one.case["priority"],
    Grouping.QUEUE: lambda one: one.case["queue"],
    Grouping.POLICY: lambda one: None if one.target is None else one.target.policy,
    Grouping.VERSION: lambda one: None if one.target is None else one.target.version,
    Grouping.KIND: lambda one: one.case["kind"],
    Grouping.AGENT: lambda one: one.case["agent"],
    Grouping.TARGET: lambda one: None if one.target is None else one.target.kind.value,
    Grouping.CUSTOMER: lambda one: one.case["customer_id"],
}
_Judged = tuple[int, datetime]
"""The rank of a verdict, and the instant to which it counts."""
_at = itemgetter(1)


def compliance(
    assignments: Iterable[Assignment],
    by: Grouping | None = None,
    *,
    mode: Mode = Mode.TO_DATE,
    unit: Unit = Unit.TARGET,
    since: datetime | None = None,
    until: datetime | None = None,
) -> ComplianceReport:
    """Compliance by group and in total, over what is judged in ``[since, until)``.

    A target is judged at the instant when it was completed, or else when it is due; one that
    has neither (paused, or no target was assigned) counts where its cycle begins.  Each target of a
    cycle is counted once, however many questions of the customer it covers: by the worst of
    its verdicts, and the last of those (INV-S10).  By *unit* case the same goes for all
    targets of a case, so that it is met if all are.  Cycles without a target are counted apart
    (``none``), and so is what is running or paused.
    """
    verdicts = _Verdicts.of(assignments, by, mode, unit)
    return ComplianceReport(*verdicts.within(since, until, "total"))


def compliance_over_time(
    assignments: Iterable[Assignment],
    period: Period,
    length: PeriodLength,
    by: Grouping | None = None,
    *,
    mode: Mode = Mode.TO_DATE,
    unit: Unit = Unit.TARGET,
) -> Iterator[PeriodCompliance]:
    """Compliance in each day, week or month of *period*, those in which nothing was judged included."""
    verdicts = _Verdicts.of(assignments, by, mode, unit)
    for part in period.parts(length):
        groups, total = verdicts.within(part.since, part.until, part.name)
        yield PeriodCompliance(part.since, part.until, groups, total)


def verdict_of(one: Assignment, mode: Mode) -> TargetVerdict:
    """The verdict on a target, with what it is about."""
    target = one.target
    return TargetVerdict(
        case_id=UUID(one.case.case_id),
        number=one.case["number"],
        cycle=one.cycle,
        target=None if target is None else target.kind,
        occurrence=1 if target is None else target.occurrence,
        policy=None if target is None else target.policy,
        version=None if target is None else target.version,
        verdict=one.verdict(mode),
        judged_at=one.judged_at,
    )


@frozen
class _Verdicts:
    """The verdicts on targets or cases in the order of their instants, by group and in total."""

    grouped: Mapping[str, Sequence[_Judged]]
    total: Sequence[_Judged]

    @classmethod
    def of(
        cls, assignments: Iterable[Assignment], by: Grouping | None, mode: Mode, unit: Unit
    ) -> "_Verdicts":
        """The worst verdict on each target of a cycle, or on each case."""
        worst = dict[tuple[Any, ...], _Judged]()
        by_group = dict[str, dict[tuple[Any, ...], _Judged]]()
        group_of = None if by is None else _GROUP[by]
        for one in assignments:
            judged = _RANK[one.verdict(mode)], one.judged_at
            key: tuple[Any, ...] = (one.case.case_id,)
            if unit is Unit.TARGET:
                key = (one.case.case_id, one.cycle, None if one.target is None else one.target.kind)
            worst[key] = max(worst.get(key, judged), judged)
            if group_of is not None:
                group = by_group.setdefault(group_of(one) or "(none)", {})
                group[key] = max(group.get(key, judged), judged)
        pressing = [one.value for one in Priority] if by is Grouping.PRIORITY else []
        names = [name for name in pressing if name in by_group]
        names += sorted(by_group.keys() - set(names))
        grouped = {name: _in_order(by_group[name].values()) for name in names}
        return cls(grouped, _in_order(worst.values()))

    def within(
        self, since: datetime | None, until: datetime | None, name: str
    ) -> tuple[tuple[Compliance, ...], Compliance]:
        """The figures of ``[since, until)``: of the groups, and in total under a *name*."""
        groups = (
            Compliance.of(group, counts)
            for group, judged in self.grouped.items()
            if (counts := _count(judged, since, until))
        )
        return tuple(groups), Compliance.of(name, _count(self.total, since, until))


def _in_order(judged: Iterable[_Judged]) -> Sequence[_Judged]:
    return sorted(judged, key=_at)


def _count(
    judged: Sequence[_Judged], since: datetime | None, until: datetime | None
) -> Counter[Verdict]:
    first = 0 if since is None else bisect_left(judged, since, key=_at)
    last = len(judged) if until is None else bisect_left(judged, until, key=_at)
    return Counter(_BEST[rank] for rank, _ in judged[first:last])
