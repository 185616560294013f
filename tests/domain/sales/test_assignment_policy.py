"""Assignment policies: the right rule, a fair turn, nobody beyond capacity."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.kernel import AlreadyExistsError, InvalidValueError, NotFoundError
from crmcore.domain.sales.assignment.decisions import AGGREGATE, decide
from crmcore.domain.sales.assignment.messages import (
    Absence,
    AssignmentPolicyDefined,
    AssignmentPolicyRevised,
    AssignmentRule,
    DefineAssignmentPolicy,
    LeadRouted,
    ReviseAssignmentPolicy,
    RosterMember,
)
from crmcore.domain.sales.assignment.routing import RoutableLead, Unrouted, daily_quota, route
from crmcore.domain.sales.assignment.state import State
from crmcore.domain.sales.lead.messages.capture import LeadAttribute, LeadSource
from tests.scenario import START, Scenario, at, uid

POLICY = uid(1)
EVERYONE = (AssignmentRule(key="all", members=("ann", "bob", "cy")),)
ROSTER = tuple(RosterMember(assignee=name) for name in ("ann", "bob", "cy"))
policies = Scenario(AGGREGATE, decide)


def defined(
    rules: tuple[AssignmentRule, ...] = EVERYONE,
    roster: tuple[RosterMember, ...] = ROSTER,
    *,
    paced: bool = False,
) -> AssignmentPolicyDefined:
    return AssignmentPolicyDefined(
        policy_id=POLICY, name="inbound", rules=rules, roster=roster, paced=paced, at=START
    )


def revised(
    rules: tuple[AssignmentRule, ...] = EVERYONE, roster: tuple[RosterMember, ...] = ROSTER
) -> AssignmentPolicyRevised:
    return AssignmentPolicyRevised(
        policy_id=POLICY, rules=rules, roster=roster, paced=False, at=at(days=1)
    )


def lead(number: int = 9, **known: Any) -> RoutableLead:
    plain: dict[str, Any] = {
        "source": LeadSource.WEBSITE,
        "campaign_id": None,
        "attributes": {},
        "email": None,
    }
    return RoutableLead(lead_id=uid(number), **plain | known)


def turns(state: State, count: int, when: Any = START) -> tuple[list[str | None], State]:
    """Who gets *count* leads, one after the other; None: nobody."""
    got: list[str | None] = []
    for number in range(count):
        routed = route(lead(number), POLICY, state, when)
        if isinstance(routed, LeadRouted):
            state = AGGREGATE.evolve(state, routed)
        got.append(routed.assignee if isinstance(routed, LeadRouted) else None)
    return got, state


def test_defined_once_revised_when_something_changes() -> None:
    define = DefineAssignmentPolicy(
        policy_id=POLICY, name="inbound", rules=EVERYONE, roster=ROSTER, at=START
    )
    other = DefineAssignmentPolicy(
        policy_id=POLICY, name="other", rules=EVERYONE, roster=ROSTER, at=START
    )
    same = ReviseAssignmentPolicy(policy_id=POLICY, rules=EVERYONE, roster=ROSTER, at=at(days=1))
    fewer = ReviseAssignmentPolicy(
        policy_id=POLICY,
        rules=(AssignmentRule(key="all", members=("bob",)),),
        roster=ROSTER[1:2],
        at=at(days=1),
    )
    policies.when(same).then_refused(NotFoundError)
    known = policies.when(define).then(defined())
    known.when(define).then()
    known.when(other).then_refused(AlreadyExistsError)
    known.when(same).then()
    known.when(fewer).then(revised(fewer.rules, fewer.roster)).when(fewer).then()


@pytest.mark.parametrize(
    ("rules", "roster"),
    [
        pytest.param((AssignmentRule(key="a", members=("zoe",)),), ROSTER, id="not on the roster"),
        pytest.param((AssignmentRule(key="a", members=()),), ROSTER, id="no members"),
        pytest.param((AssignmentRule(key="a", members=("ann", "ann")),), ROSTER, id="twice"),
        pytest.param(EVERYONE * 2, ROSTER, id="two rules of one key"),
        pytest.param((), ROSTER, id="no rules"),
        pytest.param(EVERYONE, ROSTER * 2, id="two of one name"),
    ],
)
def test_rules_that_cannot_work_are_refused(
    rules: tuple[AssignmentRule, ...], roster: tuple[RosterMember, ...]
) -> None:
    command = DefineAssignmentPolicy(
        policy_id=POLICY, name="x", rules=rules, roster=roster, at=START
    )
    policies.when(command).then_refused(InvalidValueError)


RULES = (
    AssignmentRule(key="fair", source=LeadSource.EVENT, campaign_id=uid(7), members=("cy",)),
    AssignmentRule(
        key="north", attributes=(LeadAttribute(key="region", value="North"),), members=("bob",)
    ),
    AssignmentRule(key="events", source=LeadSource.EVENT, members=("ann",)),
)


@pytest.mark.parametrize(
    ("known", "rule"),
    [
        pytest.param({"source": LeadSource.EVENT, "campaign_id": uid(7)}, "fair", id="both match"),
        pytest.param({"source": LeadSource.EVENT, "campaign_id": uid(8)}, "events", id="one does"),
        pytest.param(
            {"source": LeadSource.EVENT, "attributes": {"region": "north"}}, "north", id="first"
        ),
        pytest.param({"attributes": {"region": "south"}}, None, id="none"),
    ],
)
def test_the_first_rule_that_matches_decides(known: dict[str, Any], rule: str | None) -> None:
    assert route(lead(**known), POLICY, AGGREGATE.fold([defined(RULES)]), START).rule == rule


def test_an_unknown_policy_is_refused() -> None:
    with pytest.raises(NotFoundError):
        route(lead(), POLICY, AGGREGATE.initial, START)


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(RosterMember(assignee="bob", active=False), id="inactive"),
        pytest.param(RosterMember(assignee="bob", most_per_month=0), id="EC_L5 takes none"),
        pytest.param(
            RosterMember(assignee="bob", absences=(Absence(since=START, until=at(days=1)),)),
            id="out of office",
        ),
        pytest.param(RosterMember(assignee="bob", business_email="Bob@Acme.io"), id="his own lead"),
    ],
)
def test_INV_L5_only_eligible_members_get_leads(member: RosterMember) -> None:
    policy = AGGREGATE.fold([defined(roster=(ROSTER[0], member, ROSTER[2]))])
    own = lead(email="bob@acme.io")
    alone = AGGREGATE.fold([defined((AssignmentRule(key="all", members=("bob",)),), (member,))])
    assert isinstance(route(own, POLICY, alone, START), Unrouted)
    first = route(own, POLICY, policy, START)
    assert isinstance(first, LeadRouted)
    then = route(own, POLICY, AGGREGATE.evolve(policy, first), START)
    assert isinstance(then, LeadRouted)
    assert (first.assignee, then.assignee) == ("ann", "cy")


def test_an_absence_is_over_at_its_end() -> None:
    away = RosterMember(assignee="bob", absences=(Absence(since=START, until=at(days=1)),))
    policy = AGGREGATE.fold([defined((AssignmentRule(key="all", members=("bob",)),), (away,))])
    assert turns(policy, 1, at(days=1))[0] == ["bob"]


def test_INV_L5_capacity_of_the_month_starts_afresh_with_the_next() -> None:
    roster = (RosterMember(assignee="ann", most_per_month=2),)
    policy = AGGREGATE.fold([defined((AssignmentRule(key="all", members=("ann",)),), roster)])
    got, policy = turns(policy, 3)
    assert got == ["ann", "ann", None]
    assert turns(policy, 3, at(days=31))[0] == ["ann", "ann", None]


@settings(max_examples=50, deadline=None)
@given(size=st.integers(1, 8), rounds=st.integers(1, 6))
def test_INV_L5_after_whole_rounds_everyone_has_as_many(size: int, rounds: int) -> None:
    names = [f"m{number}" for number in range(size)]
    policy = AGGREGATE.fold(
        [
            defined(
                (AssignmentRule(key="all", members=tuple(names)),),
                tuple(RosterMember(assignee=name) for name in names),
            )
        ]
    )
    got, _ = turns(policy, size * rounds)
    assert Counter(got) == dict.fromkeys(names, rounds)


@pytest.mark.parametrize(
    ("gone", "then"),
    [
        pytest.param("cy", ["ann", "bob"], id="who is next leaves"),
        pytest.param("bob", ["cy", "ann"], id="who was last leaves"),
        pytest.param("ann", ["cy", "bob"], id="another leaves"),
    ],
)
def test_EC_L4_the_turn_survives_changes_of_the_roster(gone: str, then: list[str]) -> None:
    _, policy = turns(AGGREGATE.fold([defined()]), 2)  # ann, bob
    rest = tuple(member for member in ROSTER if member.assignee != gone)
    rule = AssignmentRule(key="all", members=tuple(member.assignee for member in rest))
    assert turns(AGGREGATE.evolve(policy, revised((rule,), rest)), 2)[0] == then


@pytest.mark.parametrize(
    ("most", "a_day"),
    [(0, 0), (1, 1), (15, 1), (30, 1), (44, 1), (45, 2), (60, 2), (75, 2), (76, 3), (300, 10)],
)
def test_EC_L5_a_month_of_leads_spread_over_its_days(most: int, a_day: int) -> None:
    assert daily_quota(most) == a_day
    member = RosterMember(assignee="ann", most_per_month=most)
    rule = AssignmentRule(key="all", members=("ann",))
    got, policy = turns(AGGREGATE.fold([defined((rule,), (member,), paced=True)]), a_day + 2)
    assert got == ["ann"] * a_day + [None, None]
    tomorrow = turns(policy, a_day + 1, at(days=1))[0]
    left = min(a_day, most - a_day)
    assert tomorrow == ["ann"] * left + [None] * (a_day + 1 - left)


class Rota(machine.RuleBasedStateMachine):
    """Whatever happens to the roster, a plain list agrees whose turn it is and who is full."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[Any] = [defined()]
        self.queue = ["ann", "bob", "cy"]  # the next in turn comes first
        self.inactive: set[str] = set()
        self.months: Counter[tuple[str, int]] = Counter()
        self.number = 0

    def members(self) -> tuple[RosterMember, ...]:
        return tuple(
            RosterMember(assignee=name, active=name not in self.inactive, most_per_month=3)
            for name in ("ann", "bob", "cy")
        )

    @machine.rule(name=st.sampled_from(["ann", "bob", "cy"]))
    def toggle(self, name: str) -> None:
        self.inactive ^= {name}
        command = ReviseAssignmentPolicy(
            policy_id=POLICY, rules=EVERYONE, roster=self.members(), at=START
        )
        self.events += decide(command, AGGREGATE.fold(self.events))

    @machine.rule(month=st.integers(0, 2))
    def capture(self, month: int) -> None:
        limited = any(isinstance(event, AssignmentPolicyRevised) for event in self.events)
        free = [
            name
            for name in self.queue
            if name not in self.inactive and (not limited or self.months[name, month] < 3)
        ]
        self.number += 1
        when = START + month * timedelta(days=31)
        routed = route(lead(self.number), POLICY, AGGREGATE.fold(self.events), when)
        if not free:
            assert isinstance(routed, Unrouted)
            return
        assert isinstance(routed, LeadRouted)
        assert routed.assignee == free[0]
        self.events.append(routed)
        self.months[free[0], month] += 1
        turn = self.queue.index(free[0]) + 1
        self.queue = self.queue[turn:] + self.queue[:turn]

    @machine.invariant()
    def deciding_again_changes_nothing(self) -> None:
        state = AGGREGATE.fold(self.events)
        assert state == AGGREGATE.fold(self.events[1:], AGGREGATE.fold(self.events[:1]))


TestRota = Rota.TestCase
TestRota.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
