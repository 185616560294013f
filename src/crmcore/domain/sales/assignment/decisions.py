"""How leads find their salesperson: rules, the first that matches, then turn and turn about.

A policy is a stream of its own.  It holds the rules, the roster, and for each rule a cursor:
whose turn it was last.  So neither a lead that vanishes nor one that is assigned by hand can
make the rota skip or repeat anyone.  Whose turn it is follows the order of the rule's members;
who is inactive, away, or has had enough leads is passed over and keeps the same place.
``routing`` finds whose turn it is.
"""

from collections.abc import Sequence
from typing import Final, assert_never, get_args

from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    InvalidValueError,
    NotFoundError,
)
from crmcore.domain.sales.assignment.messages import (
    AssignmentPolicyDefined,
    AssignmentPolicyRevised,
    AssignmentRule,
    DefineAssignmentPolicy,
    ReviseAssignmentPolicy,
    RosterMember,
)
from crmcore.domain.sales.assignment.state import Event, State, Undefined, evolve

Command = DefineAssignmentPolicy | ReviseAssignmentPolicy


def decide(command: Command, state: State) -> Sequence[Event]:
    """The events that *command* causes; refuses rules naming someone who is not on the roster."""
    _require_roster(command.rules, command.roster)
    match command:
        case DefineAssignmentPolicy():
            return _define(command, state)
        case ReviseAssignmentPolicy():
            return _revise(command, state)
        case _:
            assert_never(command)


def _define(command: DefineAssignmentPolicy, state: State) -> Sequence[Event]:
    defined = AssignmentPolicyDefined(
        policy_id=command.policy_id,
        name=command.name,
        rules=command.rules,
        roster=command.roster,
        paced=command.paced,
        at=command.at if isinstance(state, Undefined) else state.defined.at,
    )
    if isinstance(state, Undefined):
        return [defined]
    if defined != state.defined:
        raise AlreadyExistsError("assignment policy", command.policy_id, "revise it instead")
    return []


def _revise(command: ReviseAssignmentPolicy, state: State) -> Sequence[Event]:
    if isinstance(state, Undefined):
        raise NotFoundError("assignment policy", command.policy_id)
    roster = {member.assignee: member for member in command.roster}
    if (command.rules, roster, command.paced) == (state.rules, state.roster, state.paced):
        return []
    return [
        AssignmentPolicyRevised(
            policy_id=command.policy_id,
            rules=command.rules,
            roster=command.roster,
            paced=command.paced,
            at=command.at,
        )
    ]


def _require_roster(rules: Sequence[AssignmentRule], roster: Sequence[RosterMember]) -> None:
    handles = [member.assignee for member in roster]
    keys = [rule.key for rule in rules]
    if len(set(handles)) < len(handles):
        raise InvalidValueError("roster", handles, "each assignee once")
    if not keys or len(set(keys)) < len(keys):
        raise InvalidValueError("rules", keys, "at least one rule, each with a key of its own")
    for index, rule in enumerate(rules):
        unknown = sorted(set(rule.members) - set(handles))
        if unknown or not rule.members or len(set(rule.members)) < len(rule.members):
            expected = "members of the roster, at least one, each once"
            raise InvalidValueError(f"rules[{index}].members", rule.members, expected)


AGGREGATE: Final = Aggregate[State, Event](
    kind="assignment_policy",
    initial=Undefined(),
    evolve=evolve,
    events=get_args(Event),
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: command.policy_id,
)
