"""Decisions on what is owed to a case: which service level policy holds, what came due.

A change that is told late, dated before the last agreement, counts from that agreement on: what
was owed before it is never rewritten.
"""

from collections.abc import Sequence
from datetime import datetime

from crmcore.domain.service.case.commands import ObserveServiceLevels, ReapplyServiceLevels
from crmcore.domain.service.case.events import (
    CaseClassified,
    CaseCustomerIdentified,
    CaseEvent,
    CaseOpened,
    CasePrioritised,
    CaseQueued,
    CaseReopened,
    CaseTransferred,
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
    ServiceTargetBreached,
    ServiceTargetWarned,
)
from crmcore.domain.service.case.refusals import active
from crmcore.domain.service.case.state import Active, Facts, Opened, State, Unopened
from crmcore.domain.service.levels import (
    BREACH,
    Agreement,
    BookVersion,
    CaseFacts,
    Escalation,
    ServiceLevelPolicy,
    TargetClock,
    escalations,
    first_match,
)

__all__ = ["observe", "owed", "owed_from", "reapply"]

TELLING = (
    CaseOpened,
    CaseCustomerIdentified,
    CaseClassified,
    CasePrioritised,
    CaseQueued,
    CaseTransferred,
    CaseReopened,
)
"""The events that change what a policy's condition asks, or begin a cycle."""


def owed_from(state: State, at: datetime) -> datetime:
    """From when what a command at *at* changes would hold: by the service levels in force then."""
    return at if isinstance(state, Unopened) else state.facts.timeline.agreeable(at)


def owed(
    after: State, events: Sequence[CaseEvent], at: datetime, book: BookVersion
) -> Sequence[CaseEvent]:
    """What changes in what is owed to a case that is *after* these *events*."""
    if isinstance(after, Active) and any(isinstance(event, TELLING) for event in events):
        return _agreed(after.facts, at, book)
    return []


def reapply(command: ReapplyServiceLevels, state: Opened, book: BookVersion) -> Sequence[CaseEvent]:
    """Let the version in force hold for a case that is being worked on."""
    return _agreed(active(command, state).facts, command.at, book)


def observe(command: ObserveServiceLevels, state: Opened) -> Sequence[CaseEvent]:
    """Record what came due before the command's instant and was not recorded yet."""
    return [
        _observed(state.facts, clock, escalation, command.at)
        for clock, escalation in escalations(state.facts.timeline, command.at)
    ]


def _agreed(facts: Facts, at: datetime, book: BookVersion) -> Sequence[CaseEvent]:
    """The policy that holds now, if it is not the one that held."""
    held = facts.cycle.agreements[-1] if facts.cycle.agreements else None
    at = facts.timeline.agreeable(at)
    policy = first_match(book.policies, _facts(facts))
    if policy is None or not policy.targets:
        if held is None or held.policy is None or held.version is None:
            return []
        return [
            ServiceLevelDetached(
                case_id=facts.case_id,
                cycle=facts.cycle.number,
                policy=held.policy,
                version=held.version,
                at=at,
            )
        ]
    return _attached(facts, at, book, policy, held)


def _attached(
    facts: Facts,
    at: datetime,
    book: BookVersion,
    policy: ServiceLevelPolicy,
    held: Agreement | None,
) -> Sequence[CaseEvent]:
    wanted = {target.calendar for target in policy.targets}
    calendars = tuple(one for one in book.calendars if one.name in wanted)
    if held is None or held.policy is None:
        return [
            ServiceLevelAttached(
                case_id=facts.case_id,
                cycle=facts.cycle.number,
                policy=policy.name,
                version=book.version,
                targets=policy.targets,
                calendars=calendars,
                at=at,
            )
        ]
    now = Agreement(held.at, policy.name, book.version, policy.targets, calendars)
    if held == now:
        return []
    return [
        ServiceLevelReplaced(
            case_id=facts.case_id,
            cycle=facts.cycle.number,
            replaced=held.policy,
            policy=policy.name,
            version=book.version,
            targets=policy.targets,
            calendars=calendars,
            at=at,
        )
    ]


def _facts(facts: Facts) -> CaseFacts:
    return CaseFacts(
        priority=facts.priority,
        kind=facts.kind,
        channel=facts.opening.channel,
        queue=facts.queue,
        category=facts.category,
        request_type=facts.request_type,
        customer=facts.customer_id,
    )


def _observed(
    facts: Facts, clock: TargetClock, escalation: Escalation, observed_at: datetime
) -> CaseEvent:
    if escalation.name == BREACH:
        return ServiceTargetBreached(
            case_id=facts.case_id,
            cycle=clock.cycle,
            target=clock.kind,
            occurrence=clock.occurrence,
            observed_at=observed_at,
            at=escalation.at,
        )
    return ServiceTargetWarned(
        case_id=facts.case_id,
        cycle=clock.cycle,
        target=clock.kind,
        occurrence=clock.occurrence,
        level=escalation.name,
        action=escalation.action,
        observed_at=observed_at,
        at=escalation.at,
    )
