"""Decisions on the phases of a case: whose turn it is, and how it ends."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from crmcore.domain.service.case.commands import (
    CloseCase,
    HoldCase,
    MarkCaseSpam,
    PendCase,
    Phasing,
    ReopenCase,
    ResumeCase,
    SolveCase,
    StartCase,
)
from crmcore.domain.service.case.events import (
    CaseClosed,
    CaseEvent,
    CaseHeld,
    CasePended,
    CaseReopened,
    CaseResumed,
    CaseSolved,
    CaseSpamMarked,
    CaseStarted,
)
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.refusals import (
    CaseNotSolvedError,
    CaseSolvedError,
    ReopenWindowPassedError,
    active,
    in_order,
    not_ended,
)
from crmcore.domain.service.case.state import (
    Active,
    Closed,
    Facts,
    Opened,
    Solved,
    Spam,
)
from crmcore.domain.service.terms import StatusCategory

WAITING = (StatusCategory.PENDING, StatusCategory.ON_HOLD)


def phase(command: Phasing, state: Opened, policy: CasePolicy) -> Sequence[CaseEvent]:
    """Move the case to another phase, if it may go there."""
    match command:
        case StartCase() | PendCase() | HoldCase() | ResumeCase():
            return _work(command, state)
        case SolveCase():
            return _solve(command, state)
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
) -> Sequence[CaseEvent]:
    """Start, wait, or wait no longer; a case that already does stays as it is."""
    category = active(command, state).category
    case_id, at = command.case_id, command.at
    events: Sequence[CaseEvent] = ()
    match command:
        case StartCase() if category is StatusCategory.NEW:
            events = [CaseStarted(case_id=case_id, agent=command.agent, at=at)]
        case PendCase() if category is not StatusCategory.PENDING:
            events = [CasePended(case_id=case_id, reason=command.reason, at=at)]
        case HoldCase() if category is not StatusCategory.ON_HOLD:
            events = [CaseHeld(case_id=case_id, third_party=command.third_party, at=at)]
        case ResumeCase() if category in WAITING:
            events = [CaseResumed(case_id=case_id, message_id=None, at=at)]
        case _:
            return []
    in_order(command, state)
    return events


def _solve(command: SolveCase, state: Opened) -> Sequence[CaseEvent]:
    cycle = state.facts.cycle
    if (
        isinstance(state, Solved | Closed)
        and state.facts.resolution_code == command.resolution_code
    ):
        return []
    living = not_ended(command.case_id, state)
    if isinstance(living, Solved):
        raise CaseSolvedError(command, hint=f"as {state.facts.resolution_code}; reopen it first")
    in_order(command, state)
    return [
        CaseSolved(
            case_id=command.case_id,
            cycle=cycle.number,
            resolution_code=command.resolution_code,
            note=command.note,
            agent=command.agent,
            at=command.at,
        )
    ]


def _reopen(command: ReopenCase, state: Opened, policy: CasePolicy) -> Sequence[CaseEvent]:
    if isinstance(not_ended(command.case_id, state), Active):
        return []
    in_order(command, state)
    return reopening(state.facts, command.at, command.reason, None, policy)


def reopening(
    facts: Facts, at: datetime, reason: str, message_id: UUID | None, policy: CasePolicy
) -> Sequence[CaseEvent]:
    """A new cycle of work, counted from its own beginning."""
    solved_at = facts.cycle.solved_at
    if solved_at is not None and at > solved_at + policy.reopen_window:
        raise ReopenWindowPassedError(facts.case_id, solved_at, policy.reopen_window)
    return [
        CaseReopened(
            case_id=facts.case_id,
            cycle=facts.cycle.number + 1,
            reason=reason,
            message_id=message_id,
            at=at,
        )
    ]


def _close(command: CloseCase, state: Opened) -> Sequence[CaseEvent]:
    if isinstance(state, Closed):
        return []
    in_order(command, state)
    if isinstance(not_ended(command.case_id, state), Active):
        raise CaseNotSolvedError(command.case_id, state.category.value)
    return [CaseClosed(case_id=command.case_id, at=command.at)]


def _mark_spam(command: MarkCaseSpam, state: Opened) -> Sequence[CaseEvent]:
    if isinstance(state, Spam):
        return []
    active(command, state)
    in_order(command, state)
    return [CaseSpamMarked(case_id=command.case_id, at=command.at)]
