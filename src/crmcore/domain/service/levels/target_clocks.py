"""The clocks that a timeline starts: which targets ran in which cycle, from when, until when."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from operator import attrgetter

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.levels.allowance import allowance
from crmcore.domain.service.levels.clock import BREACH, Escalation, Pause, TargetClock, Verdict
from crmcore.domain.service.levels.policy import Anchor, PauseCategory, ServiceTarget, TargetKind
from crmcore.domain.service.levels.spans import Span, spans
from crmcore.domain.service.levels.timeline import (
    Agreement,
    Cycle,
    Observed,
    StatusChange,
    Timeline,
)

JUDGED = (Verdict.MET, Verdict.BREACHED)
_at = attrgetter("at")


@frozen
class PauseRule:
    """From an instant on a clock stands still in these categories."""

    at: datetime
    pauses: tuple[PauseCategory, ...]


def clocks(timeline: Timeline) -> list[TargetClock]:
    """Every target that held or holds, by cycle, kind and occurrence; for spam none.

    A target whose verdict was reached under one agreement keeps it when another comes to
    hold (INV-S8).  Any other keeps its start and the pauses it had, and follows the new agreement
    from then on; where that has none of its kind, it is withdrawn.
    """
    if timeline.spam_at is not None:
        return []
    if timeline.withdrawn_at is not None:
        timeline = timeline.until(timeline.withdrawn_at)
    return [
        clock
        for cycle in timeline.cycles
        for kind in _kinds_in(cycle)
        for span in spans(timeline, cycle, kind)
        if (clock := _clock(timeline, cycle, kind, span)) is not None
    ]


def escalations(timeline: Timeline, until: datetime) -> Iterator[tuple[TargetClock, Escalation]]:
    """The warnings and breaches before *until* that are not recorded, by what had happened then."""
    found = [
        (clock, escalation)
        for clock in clocks(timeline.until(until))
        for escalation in unrecorded(clock, timeline.observed)
        if escalation.at < until
    ]
    yield from sorted(found, key=lambda one: one[1].at)


def unrecorded(clock: TargetClock, observed: Iterable[Observed]) -> Iterator[Escalation]:
    """The warnings and breaches of a clock that were not recorded: each once in a cycle (INV-S9).

    A question has records of its own, and so has each update that was missed.  Which one a record
    is about follows from its instant: they are numbered anew where a message comes in late.
    """
    ended = clock.completed_at
    recorded = [
        (name, clock.started_at <= at and (ended is None or at <= ended))
        for cycle, kind, name, at in observed
        if (cycle, kind) == (clock.cycle, clock.kind)
    ]
    for escalation in clock.escalations():
        missed_update = clock.kind is TargetKind.PERIODIC_UPDATE and escalation.name == BREACH
        for_itself = clock.kind is TargetKind.NEXT_RESPONSE or missed_update
        if not any(name == escalation.name and (own or not for_itself) for name, own in recorded):
            yield escalation


def _kinds_in(cycle: Cycle) -> Sequence[TargetKind]:
    """The kinds of targets that held at any time in the cycle."""
    kinds = {target.kind for agreement in cycle.agreements for target in agreement.targets}
    if cycle.due_given is not None:
        kinds.add(TargetKind.RESOLUTION)
    return [kind for kind in TargetKind if kind in kinds] if kinds else ()


def _clock(timeline: Timeline, cycle: Cycle, kind: TargetKind, span: Span) -> TargetClock | None:
    """The clock of a span under the agreements that held, each in turn."""
    found: TargetClock | None = None
    if kind is TargetKind.RESOLUTION and cycle.due_given is not None:
        found = _deadline_clock(cycle, span, cycle.due_given)
    else:
        rules: list[PauseRule] = []
        for agreement in _agreements_since(cycle.agreements, span.here_since):
            target = _target(agreement, kind, span)
            if target is None:
                found = None if found is None else _withdraw(found, agreement.at)
            elif found is None or found.verdict(agreement.at) not in JUDGED:
                since = _start(target, span, agreement, found)
                if span.ended_at is None or since <= span.ended_at:  # else over before it held
                    rules.append(PauseRule(agreement.at, target.pauses))
                    here = max(since, span.here_since)
                    pauses = tuple(_pauses(timeline.statuses, rules, here, span.ended_at))
                    found = _policy_clock(cycle, span, agreement, target, since, pauses)
    if found is not None and span.until is None and found.withdrawn_at is None:
        return attrs.evolve(found, withdrawn_at=span.dropped_at or timeline.withdrawn_at)
    return found


def _agreements_since(agreements: Sequence[Agreement], since: datetime) -> Sequence[Agreement]:
    """The agreement that held at *since*, and those that came after it."""
    return agreements[max(bisect_right(agreements, since, key=_at) - 1, 0) :]


def _target(agreement: Agreement, kind: TargetKind, span: Span) -> ServiceTarget | None:
    target = agreement.target(kind)
    early = span.number == 0
    return None if target is not None and early and not target.from_creation else target


def _start(
    target: ServiceTarget, span: Span, agreement: Agreement, found: TargetClock | None
) -> datetime:
    """From when the target counts: as before, if it held before; else by its anchor."""
    if found is not None and found.withdrawn_at is None:
        return found.started_at
    attached = target.anchor is Anchor.ATTACHED
    return max(span.here_since, agreement.at) if attached else span.since


def _withdraw(clock: TargetClock, at: datetime) -> TargetClock:
    """*clock* where it does not hold from *at* on: a verdict that it had by then stays."""
    verdict = clock.verdict(at)
    if verdict is Verdict.MET or clock.withdrawn_at is not None:
        return clock
    completed_at = clock.completed_at if verdict is Verdict.BREACHED else None
    return attrs.evolve(clock, withdrawn_at=at, completed_at=completed_at)


def _deadline_clock(cycle: Cycle, span: Span, due: datetime) -> TargetClock:
    """The clock of a deadline that came with the case: elapsed time, whatever the policies."""
    return TargetClock(
        cycle=cycle.number,
        kind=TargetKind.RESOLUTION,
        occurrence=span.number,
        policy=None,
        version=None,
        started_at=span.since,
        within=due - span.since,
        calendar=None,
        completed_at=span.until,
    )


def _policy_clock(
    cycle: Cycle,
    span: Span,
    agreement: Agreement,
    target: ServiceTarget,
    since: datetime,
    pauses: tuple[Pause, ...],
) -> TargetClock:
    calendar = agreement.calendar(target.calendar)
    allowed = allowance(target, calendar, since)
    return TargetClock(
        cycle=cycle.number,
        kind=target.kind,
        occurrence=span.number,
        policy=agreement.policy,
        version=agreement.version,
        started_at=since,
        within=allowed.within,
        calendar=calendar,
        until=allowed.until,
        warnings=target.warnings,
        pauses=pauses,
        completed_at=span.until,
    )


def _pauses(
    statuses: Sequence[StatusChange],
    rules: Sequence[PauseRule],
    since: datetime,
    until: datetime | None,
) -> Iterator[Pause]:
    """When the clock stood still between its start and its end."""
    begun: datetime | None = None
    for at, still in _switches(statuses, rules):
        if until is not None and at >= until:
            break
        if still:
            begun = begun or at
        elif begun is not None:
            if at > since:
                yield Pause(max(begun, since), at)
            begun = None
    if begun is not None:
        yield Pause(max(begun, since), until)


def _switches(
    statuses: Sequence[StatusChange], rules: Sequence[PauseRule]
) -> Iterator[tuple[datetime, bool]]:
    """When the status or the rule changed, and whether the clock stands still from then on.

    Each rule holds until the next one (INV-S8), the first one also for the time before.
    """
    if not any(rule.pauses for rule in rules):
        return
    for at in sorted({*map(_at, statuses), *map(_at, rules[1:])}):
        status = statuses[bisect_right(statuses, at, key=_at) - 1]
        rule = rules[max(bisect_right(rules, at, key=_at) - 1, 0)]
        yield at, status.category.value in rule.pauses
