"""Decisions on the service levels of a case: which policy is assigned to it, what came due.

A change that is recorded late, dated before the last assignment, counts from that assignment on:
what held before it is never rewritten.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

import attrs

from crmcore.domain.service.case.facts import Facts
from crmcore.domain.service.case.messages.service_levels import (
    ObserveServiceLevels,
    ReapplyServiceLevels,
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
    ServiceLevelsCommand,
    ServiceLevelsEvent,
    ServiceTargetBreached,
    ServiceTargetWarned,
)
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import require_active
from crmcore.domain.service.case.state import Active, Opened, State, Unopened
from crmcore.domain.service.levels.clock import BREACH, Escalation, TargetClock
from crmcore.domain.service.levels.policy import CaseFacts, ServiceLevelPolicy, first_match
from crmcore.domain.service.levels.target_clocks import escalations
from crmcore.domain.service.levels.timeline import Agreement
from crmcore.domain.service.levels.version.state import InForce, ServiceLevelVersion

_IN_A_CONDITION: Final = frozenset(field.name for field in attrs.fields(CaseFacts))


def assign_after(
    before: State,
    after: State,
    at: datetime,
    policy: CasePolicy,
    in_force: InForce,
) -> Sequence[ServiceLevelsEvent]:
    """The service level policy that a change of a case brings with it, if another one holds.

    That is asked wherever something changed on which the assignment rests, whatever event says so,
    of the version that is in force when the new assignment would begin.
    """
    if not isinstance(after, Active) or not _is_reassignable(before, after):
        return []
    since = max(_assignable_from(before, at), _assignable_from(after, at))
    return _assign(after.facts, at, in_force(since) or policy.service_levels)


def attend_service_levels(
    command: ServiceLevelsCommand, state: Opened, policy: CasePolicy, in_force: InForce
) -> Sequence[ServiceLevelsEvent]:
    """Let the version in force hold, or record what came due."""
    match command:
        case ReapplyServiceLevels():
            return _reapply(command, state, policy, in_force)
        case ObserveServiceLevels():
            return _observe(command, state)
        case _:
            assert_never(command)


def _reapply(
    command: ReapplyServiceLevels,
    state: Opened,
    policy: CasePolicy,
    in_force: InForce,
) -> Sequence[ServiceLevelsEvent]:
    """Let the version in force hold for a case that is being worked on."""
    facts = require_active(command, state).facts
    since = _assignable_from(state, command.at)
    return _assign(facts, command.at, in_force(since) or policy.service_levels)


def _observe(command: ObserveServiceLevels, state: Opened) -> Sequence[ServiceLevelsEvent]:
    """Record what came due before the command's instant and was not recorded yet."""
    return [
        _record(state.facts, clock, escalation, command.at)
        for clock, escalation in escalations(state.facts.timeline, command.at)
    ]


def _is_reassignable(before: State, after: Active) -> bool:
    """Whether anything changed on which an assignment rests: what a policy's condition asks, since
    when it has been so as far as is known, or the cycle of work.
    """
    if isinstance(before, Unopened):
        return True
    was, now = before.facts, after.facts
    if (was.cycle.number, was.cycle.begun_at) != (now.cycle.number, now.cycle.begun_at):
        return True
    assessed = was.held is not now.held and _condition_history(was) != _condition_history(now)
    return assessed or was.condition != now.condition


def _condition_history(facts: Facts) -> Sequence[tuple[datetime, str, object]]:
    return [
        (since, name, value)
        for since, held in facts.held
        for name, value in held.items()
        if name in _IN_A_CONDITION
    ]


def _assignable_from(state: State, at: datetime) -> datetime:
    return at if isinstance(state, Unopened) else state.facts.timeline.assignable_from(at)


def _assign(
    facts: Facts, at: datetime, version: ServiceLevelVersion
) -> Sequence[ServiceLevelsEvent]:
    """The policy that holds now, if it is not the one that held."""
    held = facts.cycle.agreements[-1] if facts.cycle.agreements else None
    at = facts.timeline.assignable_from(at)
    policy = first_match(version.policies, facts.condition)
    if policy is not None and policy.targets:
        return _attach(facts, at, version, policy, held)
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


def _attach(
    facts: Facts,
    at: datetime,
    version: ServiceLevelVersion,
    policy: ServiceLevelPolicy,
    held: Agreement | None,
) -> Sequence[ServiceLevelsEvent]:
    wanted = {target.calendar for target in policy.targets}
    calendars = tuple(one for one in version.calendars if one.name in wanted)
    if held is None or held.policy is None:
        return [
            ServiceLevelAttached(
                case_id=facts.case_id,
                cycle=facts.cycle.number,
                policy=policy.name,
                version=version.version,
                targets=policy.targets,
                calendars=calendars,
                at=at,
            )
        ]
    now = Agreement(held.at, policy.name, version.version, policy.targets, calendars)
    if held == now:
        return []
    return [
        ServiceLevelReplaced(
            case_id=facts.case_id,
            cycle=facts.cycle.number,
            replaced=held.policy,
            policy=policy.name,
            version=version.version,
            targets=policy.targets,
            calendars=calendars,
            at=at,
        )
    ]


def _record(
    facts: Facts, clock: TargetClock, escalation: Escalation, observed_at: datetime
) -> ServiceLevelsEvent:
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
