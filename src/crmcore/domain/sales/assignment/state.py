"""An assignment policy in force: its rules, its roster, and whose turn it was last under each rule."""

from collections.abc import Mapping
from datetime import date
from typing import assert_never

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.assignment.messages import (
    AssignmentPolicyDefined,
    AssignmentPolicyRevised,
    AssignmentRule,
    LeadRouted,
    RosterMember,
)

Event = AssignmentPolicyDefined | AssignmentPolicyRevised | LeadRouted


@frozen
class Undefined:
    """No such policy yet."""


@frozen(kw_only=True)
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


def business_email(state: State, assignee: str) -> str | None:
    """The business address of a member of the roster, if there is one."""
    member = state.roster.get(assignee) if isinstance(state, Policy) else None
    return member.business_email if member else None
