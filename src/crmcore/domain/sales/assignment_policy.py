"""How leads find their salesperson: rules, the first that matches, then turn and turn about.

A policy is a stream of its own.  It holds the rules, the roster, and for each rule a cursor:
whose turn it was last.  So neither a lead that vanishes nor one that is assigned by hand can
make the rota skip or repeat anyone.  Whose turn it is follows the order of the rule's members;
who is inactive, away, or has had enough leads is passed over and keeps the same place.
``lead_routing`` finds whose turn it is.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Annotated, ClassVar, Final, assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    Between,
    InvalidValueError,
    Length,
    NotFoundError,
    command,
    event,
    value,
)
from crmcore.domain.sales.lead_origin import LeadAttribute, LeadSource

__all__ = [
    "AGGREGATE",
    "Absence",
    "AssignmentPolicyDefined",
    "AssignmentPolicyRevised",
    "AssignmentRule",
    "DefineAssignmentPolicy",
    "LeadRouted",
    "Policy",
    "ReviseAssignmentPolicy",
    "RosterMember",
    "State",
    "Undefined",
    "business_email",
    "decide",
    "evolve",
]

Handle = Annotated[str, Length(100)]


@value
class Absence:
    """Out of office from an instant until another, which is worked again: [since, until)."""

    since: datetime
    until: datetime


@value
class RosterMember:
    """Someone who may be given leads; *most_per_month* None: no limit, 0: none.

    The business address is the organisation's own; a lead with that address is never theirs.
    """

    assignee: Handle
    active: bool = True
    most_per_month: Annotated[int, Between(0, 100_000)] | None = None
    absences: tuple[Absence, ...] = ()
    business_email: Annotated[str, Length(320)] | None = None


@value
class AssignmentRule:
    """Leads that meet every condition given go to the *members* in turn, or to the only one."""

    key: Annotated[str, Length(100)]
    source: LeadSource | None = None
    campaign_id: UUID | None = None
    attributes: tuple[LeadAttribute, ...] = ()
    members: tuple[Handle, ...]


@event
class AssignmentPolicyDefined:
    """An organisation said how its leads are handed out."""

    TOPIC: ClassVar[str] = "assignment-policy-defined"
    policy_id: UUID
    name: str
    rules: tuple[AssignmentRule, ...]
    roster: tuple[RosterMember, ...]
    paced: bool
    at: datetime


@event
class AssignmentPolicyRevised:
    """The rules or the roster changed; everyone keeps the place in the rota."""

    TOPIC: ClassVar[str] = "assignment-policy-revised"
    policy_id: UUID
    rules: tuple[AssignmentRule, ...]
    roster: tuple[RosterMember, ...]
    paced: bool
    at: datetime


@event
class LeadRouted:
    """A lead fell to someone under a rule; the rule's next lead falls to the next in turn."""

    TOPIC: ClassVar[str] = "lead-routed"
    policy_id: UUID
    lead_id: UUID
    rule: str
    assignee: str
    at: datetime


@command
class DefineAssignmentPolicy:
    """Say how leads are handed out; *paced* spreads each member's month over its days."""

    TOPIC: ClassVar[str] = "define-assignment-policy"
    policy_id: UUID
    name: Annotated[str, Length(200)]
    rules: tuple[AssignmentRule, ...]
    roster: tuple[RosterMember, ...]
    paced: bool = False
    at: datetime


@command
class ReviseAssignmentPolicy:
    """Change the rules or the roster as a whole."""

    TOPIC: ClassVar[str] = "revise-assignment-policy"
    policy_id: UUID
    rules: tuple[AssignmentRule, ...]
    roster: tuple[RosterMember, ...]
    paced: bool = False
    at: datetime


@attrs.frozen
class Undefined:
    """No such policy yet."""


@attrs.frozen(kw_only=True)
class Policy:
    """A policy in force: *turns* says for each rule whose turn it was last."""

    defined: AssignmentPolicyDefined
    rules: tuple[AssignmentRule, ...]
    roster: Mapping[str, RosterMember]
    paced: bool
    turns: Mapping[str, str] = attrs.field(factory=dict)
    months: Mapping[tuple[str, int, int], int] = attrs.field(factory=dict)
    latest_day: date | None = None
    today: Mapping[str, int] = attrs.field(factory=dict)


State = Undefined | Policy
Event = AssignmentPolicyDefined | AssignmentPolicyRevised | LeadRouted
Command = DefineAssignmentPolicy | ReviseAssignmentPolicy


def evolve(state: State, event: Event) -> State:
    """The state after one more event."""
    match event:
        case AssignmentPolicyDefined():
            roster = {member.assignee: member for member in event.roster}
            return Policy(defined=event, rules=event.rules, roster=roster, paced=event.paced)
        case AssignmentPolicyRevised():
            return _revised(state, event) if isinstance(state, Policy) else state
        case LeadRouted():
            return _routed(state, event) if isinstance(state, Policy) else state
        case _:
            assert_never(event)


def _revised(state: Policy, event: AssignmentPolicyRevised) -> Policy:
    turns = dict[str, str]()
    before = {rule.key: rule.members for rule in state.rules}
    for rule in event.rules:
        last = state.turns.get(rule.key)
        # Who left hands the place to whoever came before, so that the next in turn stays the next.
        members = before.get(rule.key, ())
        back = members[members.index(last) :: -1] if last in members else ()
        kept = [member for member in back if member in rule.members]
        if kept:
            turns[rule.key] = kept[0]
    roster = {member.assignee: member for member in event.roster}
    return attrs.evolve(state, rules=event.rules, roster=roster, paced=event.paced, turns=turns)


def _routed(state: Policy, event: LeadRouted) -> Policy:
    month = (event.assignee, event.at.year, event.at.month)
    day = event.at.date()
    today = dict(state.today)
    if state.latest_day is None or day > state.latest_day:
        today = {}
    if state.latest_day is None or day >= state.latest_day:
        today[event.assignee] = today.get(event.assignee, 0) + 1
    return attrs.evolve(
        state,
        turns={**state.turns, event.rule: event.assignee},
        months={**state.months, month: state.months.get(month, 0) + 1},
        latest_day=max(day, state.latest_day or day),
        today=today,
    )


def decide(command: Command, state: State) -> Sequence[Event]:
    """The events that *command* causes; refuses rules naming someone who is not on the roster."""
    _check(command.rules, command.roster)
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


def _check(rules: Sequence[AssignmentRule], roster: Sequence[RosterMember]) -> None:
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


def business_email(state: State, assignee: str) -> str | None:
    """The business address of a member of the roster, if there is one."""
    member = state.roster.get(assignee) if isinstance(state, Policy) else None
    return member.business_email if member else None


AGGREGATE: Final = Aggregate[State, Event](
    kind="assignment_policy",
    initial=Undefined(),
    evolve=evolve,
    events=(AssignmentPolicyDefined, AssignmentPolicyRevised, LeadRouted),
)
