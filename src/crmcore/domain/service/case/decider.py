"""The decider of a case: which events answer a command, or why it is refused."""

from collections.abc import Sequence
from typing import Final, assert_never, get_args
from uuid import UUID

from crmcore.domain.kernel import Aggregate, NotFoundError
from crmcore.domain.service.case.commands import (
    AddCaseNote,
    AssignCase,
    CaseCommand,
    ClassifyCase,
    CloseCase,
    Handling,
    HoldCase,
    IdentifyCaseCustomer,
    MarkCaseSpam,
    ObserveServiceLevels,
    OpenCase,
    PendCase,
    PrioritiseCase,
    QueueCase,
    ReapplyServiceLevels,
    ReopenCase,
    ReplyToCase,
    ResumeCase,
    SolveCase,
    StartCase,
    TransferCase,
)
from crmcore.domain.service.case.events import CaseEvent
from crmcore.domain.service.case.handling import add_note, assign, queue, reply, transfer
from crmcore.domain.service.case.life_cycle import phase
from crmcore.domain.service.case.opening import classify, identify, open_case, prioritise
from crmcore.domain.service.case.owing import observe, owed, reapply
from crmcore.domain.service.case.policy import STANDARD_POLICY, CasePolicy
from crmcore.domain.service.case.refusals import CaseOutOfOrderError
from crmcore.domain.service.case.state import Opened, State, Unopened, evolve

__all__ = ["AGGREGATE", "decide"]


def decide(
    command: CaseCommand, state: State, policy: CasePolicy = STANDARD_POLICY
) -> Sequence[CaseEvent]:
    """The events that answer *command* on a case in *state*, under *policy*.

    Raises:
        NotFoundError: the case was never opened.
        AlreadyExistsError: it was opened with other particulars.
        NotAllowedError: its phase, or the order of events, rules the command out.
        InvalidValueError: the command contradicts itself.
    """
    events = _decided(command, state, policy)
    after = AGGREGATE.fold(events, state)
    return [*events, *owed(after, events, command.at, policy.service_levels)]


def _decided(command: CaseCommand, state: State, policy: CasePolicy) -> Sequence[CaseEvent]:
    if isinstance(command, OpenCase):
        return open_case(command, state, policy)
    if isinstance(state, Unopened):
        raise NotFoundError("case", command.case_id)
    if command.at < state.facts.opening.at:
        raise CaseOutOfOrderError(command, state.facts.opening.at, "open")
    match command:
        case IdentifyCaseCustomer():
            return identify(command, state)
        case ClassifyCase():
            return classify(command, state)
        case PrioritiseCase():
            return prioritise(command, state, policy)
        case AssignCase() | QueueCase() | TransferCase() | ReplyToCase() | AddCaseNote():
            return _handle(command, state, policy)
        case (
            StartCase()
            | PendCase()
            | HoldCase()
            | ResumeCase()
            | SolveCase()
            | ReopenCase()
            | CloseCase()
            | MarkCaseSpam()
        ):
            return phase(command, state, policy)
        case ReapplyServiceLevels():
            return reapply(command, state, policy.service_levels)
        case ObserveServiceLevels():
            return observe(command, state)
        case _:
            assert_never(command)


def _handle(command: Handling, state: Opened, policy: CasePolicy) -> Sequence[CaseEvent]:
    match command:
        case AssignCase():
            return assign(command, state)
        case QueueCase():
            return queue(command, state)
        case TransferCase():
            return transfer(command, state)
        case ReplyToCase():
            return reply(command, state, policy)
        case AddCaseNote():
            return add_note(command, state)
        case _:
            assert_never(command)


def _customer(state: State) -> UUID | None:
    return None if isinstance(state, Unopened) else state.facts.customer_id


AGGREGATE: Final[Aggregate[State, CaseEvent]] = Aggregate(
    kind="case",
    initial=Unopened(),
    evolve=evolve,
    events=get_args(CaseEvent),
    subject=_customer,
    version=2,
)
