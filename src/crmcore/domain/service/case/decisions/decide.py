"""The decider of a case: which events answer a command, or why it is refused."""

from collections.abc import Sequence
from typing import Final, assert_never, get_args
from uuid import UUID

from crmcore.domain.kernel import Aggregate, NotFoundError
from crmcore.domain.service.case.decisions.conversation import add_note, reply
from crmcore.domain.service.case.decisions.life_cycle import change_phase
from crmcore.domain.service.case.decisions.opening import (
    classify,
    identify,
    open_case,
    prioritise,
)
from crmcore.domain.service.case.decisions.routing import assign, queue, transfer
from crmcore.domain.service.case.decisions.service_levels import assign_after, observe, reapply
from crmcore.domain.service.case.messages.conversation import (
    AddCaseNote,
    ConversationCommand,
    ReplyToCase,
)
from crmcore.domain.service.case.messages.life_cycle import (
    CloseCase,
    HoldCase,
    MarkCaseSpam,
    PendCase,
    ReopenCase,
    ResumeCase,
    SolveCase,
    StartCase,
)
from crmcore.domain.service.case.messages.opening import (
    ClassifyCase,
    IdentifyCaseCustomer,
    OpenCase,
    PrioritiseCase,
)
from crmcore.domain.service.case.messages.routing import (
    AssignCase,
    QueueCase,
    RoutingCommand,
    TransferCase,
)
from crmcore.domain.service.case.messages.service_levels import (
    ObserveServiceLevels,
    ReapplyServiceLevels,
)
from crmcore.domain.service.case.messages.unions import (
    CaseCommand,
    CaseEvent,
    SingleCaseCommand,
)
from crmcore.domain.service.case.policy import STANDARD_POLICY, CasePolicy
from crmcore.domain.service.case.refusals import CaseOutOfOrderError
from crmcore.domain.service.case.state import Opened, State, Unopened, evolve
from crmcore.domain.service.levels.version.state import InForce, none_in_force


def decide(
    command: SingleCaseCommand,
    state: State,
    policy: CasePolicy = STANDARD_POLICY,
    in_force: InForce = none_in_force,
) -> Sequence[CaseEvent]:
    """The events that answer *command* on a case in *state*, under *policy*.

    *in_force* finds the service levels; those of *policy* hold where it finds none.

    Raises:
        NotFoundError: the case was never opened.
        AlreadyExistsError: it was opened with other particulars.
        NotAllowedError: its phase, or the order of events, rules the command out.
        InvalidValueError: the command contradicts itself.
    """
    events = _decide(command, state, policy, in_force)
    after = AGGREGATE.fold(events, state)
    return [*events, *assign_after(state, after, command.at, policy, in_force)]


def _decide(
    command: SingleCaseCommand,
    state: State,
    policy: CasePolicy,
    in_force: InForce,
) -> Sequence[CaseEvent]:
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
        case AssignCase() | QueueCase() | TransferCase():
            return _route(command, state)
        case ReplyToCase() | AddCaseNote():
            return _say(command, state, policy)
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
            return change_phase(command, state, policy)
        case ReapplyServiceLevels():
            return reapply(command, state, policy, in_force)
        case ObserveServiceLevels():
            return observe(command, state)
        case _:
            assert_never(command)


def _route(command: RoutingCommand, state: Opened) -> Sequence[CaseEvent]:
    match command:
        case AssignCase():
            return assign(command, state)
        case QueueCase():
            return queue(command, state)
        case TransferCase():
            return transfer(command, state)
        case _:
            assert_never(command)


def _say(command: ConversationCommand, state: Opened, policy: CasePolicy) -> Sequence[CaseEvent]:
    match command:
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
    version=3,
    commands=get_args(CaseCommand),
    stream_id=lambda command: command.case_id,
)
