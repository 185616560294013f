"""Decisions on the phases of a case: whose turn it is, and how it ends."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from crmcore.domain.service.case.facts import Facts
from crmcore.domain.service.case.messages.life_cycle import (
    CaseClosed,
    CaseHeld,
    CasePended,
    CaseReopened,
    CaseResumed,
    CaseSolved,
    CaseSpamMarked,
    CaseStarted,
    CloseCase,
    HoldCase,
    LifeCycleCommand,
    LifeCycleEvent,
    MarkCaseSpam,
    PendCase,
    ReopenCase,
    ResumeCase,
    SolveCase,
    StartCase,
)
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import (
    CaseNotSolvedError,
    CaseSolvedError,
    ReopenWindowPassedError,
    require_active,
    require_in_order,
    require_not_ended,
)
from crmcore.domain.service.case.state import Active, Closed, Opened, Solved, Spam
from crmcore.domain.service.terms import StatusCategory

CUSTOMER_REPLIED = "the customer replied"
WAITING = (StatusCategory.PENDING, StatusCategory.ON_HOLD)


def change_phase(
    command: LifeCycleCommand, state: Opened, policy: CasePolicy
) -> Sequence[LifeCycleEvent]:
    """Move the case to another phase, if it may go there."""
    match command:
        case StartCase() | PendCase() | HoldCase() | ResumeCase():
            return _work(command, state)
        case SolveCase():
            return _solve(command, state, policy)
        case ReopenCase():
            return _reopen(command, state, policy)
        case CloseCase():
            return _close(command, state)
        case MarkCaseSpam():
            return _mark_spam(command, state)
        case _:
            assert_never(command)


def _work(
    command: StartCase | PendCase | HoldCase | ResumeCase, state: Opened
) -> Sequence[LifeCycleEvent]:
    """Start, wait, or wait no longer; a case that already does, or did at that instant, stays as it is."""
    category = require_active(command, state).category
    case_id, at = command.case_id, command.at
    then = state.facts.timeline.category_at(at) if at < state.since else category
    events: Sequence[LifeCycleEvent] = ()
    match command:
        case StartCase() if state.facts.timeline.category_at(at) is StatusCategory.NEW:
            return [CaseStarted(case_id=case_id, agent=command.agent, at=at)]
        case PendCase() if then is not StatusCategory.PENDING:
            events = [
                CasePended(case_id=case_id, reason=command.reason, at=at),
                *_resuming_reply(state.facts, at),
            ]
        case HoldCase() if then is not StatusCategory.ON_HOLD:
            events = [CaseHeld(case_id=case_id, third_party=command.third_party, at=at)]
        case ResumeCase() if category in WAITING:
            events = [CaseResumed(case_id=case_id, message_id=None, at=at)]
        case _:
            return []
    require_in_order(command, state)
    return events


def _resuming_reply(facts: Facts, since: datetime) -> Iterator[LifeCycleEvent]:
    """The end of a wait for the customer who wrote after its beginning, though that was recorded late."""
    for at, message_id in _written_after(facts, since):
        yield CaseResumed(case_id=facts.case_id, message_id=message_id, at=at)


def _written_after(facts: Facts, since: datetime) -> Sequence[tuple[datetime, UUID]]:
    """The customer's first message after an instant, if there is one."""
    return [one for one in facts.written if one[0] > since][:1]


def _solve(command: SolveCase, state: Opened, policy: CasePolicy) -> Sequence[LifeCycleEvent]:
    cycle = state.facts.cycle
    if (
        isinstance(state, Solved | Closed)
        and state.facts.resolution_code == command.resolution_code
    ):
        return []
    living = require_not_ended(command.case_id, state)
    known = any(one.solved_at == command.at for one in state.facts.timeline.cycles)
    if command.at < state.since and known:
        return []  # and was reopened since
    if isinstance(living, Solved):
        raise CaseSolvedError(command, hint=f"as {state.facts.resolution_code}; reopen it first")
    require_in_order(command, state)
    solved = CaseSolved(
        case_id=command.case_id,
        cycle=cycle.number,
        resolution_code=command.resolution_code,
        note=command.note,
        agent=command.agent,
        at=command.at,
    )
    return [solved, *_reopening_reply(state.facts, command.at, policy)]


def _reopening_reply(
    facts: Facts, solved_at: datetime, policy: CasePolicy
) -> Iterator[LifeCycleEvent]:
    """The reopening by a customer who wrote after the solution, though that was recorded late."""
    for at, message_id in _written_after(facts, solved_at):
        if at <= solved_at + policy.reopen_window:
            yield _reopening(facts, at, CUSTOMER_REPLIED, message_id, facts.cycle.number + 1)


def _reopen(command: ReopenCase, state: Opened, policy: CasePolicy) -> Sequence[LifeCycleEvent]:
    if isinstance(require_not_ended(command.case_id, state), Active):
        return []
    require_in_order(command, state)
    return reopen(state.facts, command.at, command.reason, None, policy)


def reopen(
    facts: Facts, at: datetime, reason: str, message_id: UUID | None, policy: CasePolicy
) -> Sequence[LifeCycleEvent]:
    """A cycle of work after the solution that held at *at*, counted from its own beginning."""
    solved = [one for one in facts.timeline.cycles if one.solved_at and one.solved_at <= at][-1]
    assert solved.solved_at is not None, "a case is reopened that was solved"
    if at > solved.solved_at + policy.reopen_window:
        raise ReopenWindowPassedError(facts.case_id, solved.solved_at, policy.reopen_window)
    return [_reopening(facts, at, reason, message_id, solved.number + 1)]


def _reopening(
    facts: Facts, at: datetime, reason: str, message_id: UUID | None, cycle: int
) -> CaseReopened:
    return CaseReopened(
        case_id=facts.case_id, cycle=cycle, reason=reason, message_id=message_id, at=at
    )


def _close(command: CloseCase, state: Opened) -> Sequence[LifeCycleEvent]:
    if isinstance(state, Closed):
        return []
    require_in_order(command, state)
    if isinstance(require_not_ended(command.case_id, state), Active):
        raise CaseNotSolvedError(command.case_id, state.category.value)
    return [CaseClosed(case_id=command.case_id, at=command.at)]


def _mark_spam(command: MarkCaseSpam, state: Opened) -> Sequence[LifeCycleEvent]:
    if isinstance(state, Spam):
        return []
    require_active(command, state)
    require_in_order(command, state)
    return [CaseSpamMarked(case_id=command.case_id, at=command.at)]
