"""The decider of a case: which events answer a command, or why it is refused."""

from collections.abc import Sequence
from typing import Final, assert_never, get_args
from uuid import UUID

from crmcore.domain.kernel import Aggregate, NotFoundError
from crmcore.domain.service.case.decisions.conversation import converse
from crmcore.domain.service.case.decisions.life_cycle import change_phase
from crmcore.domain.service.case.decisions.opening import describe, open_case
from crmcore.domain.service.case.decisions.routing import route
from crmcore.domain.service.case.decisions.service_levels import (
    assign_after,
    attend_service_levels,
)
from crmcore.domain.service.case.messages.conversation import ConversationCommand
from crmcore.domain.service.case.messages.life_cycle import LifeCycleCommand
from crmcore.domain.service.case.messages.opening import DescriptionCommand, OpenCase
from crmcore.domain.service.case.messages.routing import RoutingCommand
from crmcore.domain.service.case.messages.service_levels import ServiceLevelsCommand
from crmcore.domain.service.case.messages.unions import (
    CaseCommand,
    CaseEvent,
    SingleCaseCommand,
)
from crmcore.domain.service.case.policy import STANDARD_POLICY, CasePolicy
from crmcore.domain.service.case.refusals import CaseOutOfOrderError
from crmcore.domain.service.case.state import State, Unopened, evolve
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
    if isinstance(command, DescriptionCommand):
        return describe(command, state, policy)
    if isinstance(command, RoutingCommand):
        return route(command, state)
    if isinstance(command, ConversationCommand):
        return converse(command, state, policy)
    if isinstance(command, LifeCycleCommand):
        return change_phase(command, state, policy)
    if isinstance(command, ServiceLevelsCommand):
        return attend_service_levels(command, state, policy, in_force)
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
