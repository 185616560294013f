"""Decisions on who handles a case."""

from collections.abc import Sequence
from typing import assert_never

from crmcore.domain.service.case.messages.life_cycle import CaseStarted
from crmcore.domain.service.case.messages.routing import (
    AssignCase,
    CaseAssigned,
    CaseQueued,
    CaseTransferred,
    QueueCase,
    RoutingCommand,
    TransferCase,
)
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.domain.service.case.refusals import QueueChangeError, require_not_ended
from crmcore.domain.service.case.state import Opened
from crmcore.domain.service.terms import StatusCategory


def route(command: RoutingCommand, state: Opened) -> Sequence[CaseEvent]:
    """Give the case to an agent, or to a queue."""
    match command:
        case AssignCase():
            return _assign(command, state)
        case QueueCase():
            return _queue(command, state)
        case TransferCase():
            return _transfer(command, state)
        case _:
            assert_never(command)


def _assign(command: AssignCase, state: Opened) -> Sequence[CaseEvent]:
    """Give the case to an agent; a new case is thereby started."""
    if state.facts.as_of(command.at).agent == command.agent:
        return []
    living = require_not_ended(command.case_id, state)
    assigned = CaseAssigned(case_id=command.case_id, agent=command.agent, at=command.at)
    if living.facts.timeline.category_at(command.at) is StatusCategory.NEW:
        return [assigned, CaseStarted(case_id=command.case_id, agent=command.agent, at=command.at)]
    return [assigned]


def _queue(command: QueueCase, state: Opened) -> Sequence[CaseEvent]:
    """Put the case into its first queue."""
    if state.facts.as_of(command.at).queue == command.queue:
        return []
    require_not_ended(command.case_id, state)
    if state.facts.queue is not None:
        raise QueueChangeError(
            f"case {command.case_id} is in the queue {state.facts.queue}; use transfer-case"
        )
    return [CaseQueued(case_id=command.case_id, queue=command.queue, at=command.at)]


def _transfer(command: TransferCase, state: Opened) -> Sequence[CaseEvent]:
    """Move the case to another queue, where it has no agent yet."""
    facts = state.facts.as_of(command.at)
    if facts.queue == command.queue:
        return []
    require_not_ended(command.case_id, state)
    if facts.queue is None:
        raise QueueChangeError(f"case {command.case_id} is in no queue yet; use queue-case")
    return [
        CaseTransferred(
            case_id=command.case_id,
            from_queue=facts.queue,
            queue=command.queue,
            released_agent=facts.agent,
            reason=command.reason,
            at=command.at,
        )
    ]
