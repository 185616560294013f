"""Whatever the order in which the facts of a case come in, the verdicts are those of their instants.

Messages come in at any time; people decide one after the other, on what they know then.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from crmcore.domain.kernel import DomainError
from crmcore.domain.kernel.working_time import ELAPSED
from crmcore.domain.service.case.decisions.decide import AGGREGATE, decide
from crmcore.domain.service.case.messages.conversation import CaseReplied, ReplyToCase
from crmcore.domain.service.case.messages.life_cycle import (
    CaseReopened,
    CaseResumed,
    CaseStarted,
    HoldCase,
    PendCase,
    ReopenCase,
    ResumeCase,
    SolveCase,
)
from crmcore.domain.service.case.messages.opening import ClassifyCase, PrioritiseCase
from crmcore.domain.service.case.messages.routing import AssignCase
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.case.state import Unopened
from crmcore.domain.service.levels.clock import Verdict
from crmcore.domain.service.levels.policy import ServiceLevelPolicy
from crmcore.domain.service.levels.target_clocks import clocks
from crmcore.domain.service.levels.version.state import ServiceLevelVersion
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import AuthorRole, StatusCategory
from tests.domain.service.case_examples import CASE_ID, open_case, reply
from tests.domain.service_levels.examples import (
    FIRST,
    NEXT,
    OFFICE,
    PENDING,
    SOLUTION,
    UPDATE,
    WAITING,
    but,
    hours,
    target,
)
from tests.domain.service_levels.ticking import HALF_HOUR, Desk
from tests.scenario import START, at, uid

AGENT, CUSTOMER, MACHINE = AuthorRole.AGENT, AuthorRole.CUSTOMER, AuthorRole.AUTOMATIC
TARGETS = (
    target(FIRST, hours(2), calendar=ELAPSED.name, pauses=(StatusCategory.NEW,)),
    target(NEXT, hours(1.5), pauses=WAITING),
    target(UPDATE, hours(4), calendar=ELAPSED.name),
    target(SOLUTION, hours(6), calendar=ELAPSED.name, pauses=(StatusCategory.NEW, PENDING)),
)
POLICY = CasePolicy(
    service_levels=ServiceLevelVersion(
        START, "1", (ServiceLevelPolicy(name="all", targets=TARGETS),), (OFFICE, ELAPSED)
    )
)


def after(*sent: Any) -> list[Any]:
    """The stream of a case after these commands."""
    stream: list[Any] = list(decide(open_case(), Unopened(), POLICY))
    for command in sent:
        stream += decide(command, AGGREGATE.fold(stream), POLICY)
    return stream


def said(role: AuthorRole, hour: float, number: int) -> ReplyToCase:
    return reply(role, at(hours=hour), message_id=uid(number))


def life(stream: Sequence[Any]) -> Any:
    """All that verdicts follow from."""
    state = AGGREGATE.fold(stream)
    assert not isinstance(state, Unopened)
    timeline = attrs.evolve(state.facts.timeline, observed=())
    return timeline, state.category, state.since, clocks(timeline)


def pend(hour: float) -> PendCase:
    return PendCase(case_id=CASE_ID, at=at(hours=hour))


def solve(hour: float) -> SolveCase:
    return SolveCase(case_id=CASE_ID, resolution_code="done", at=at(hours=hour))


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param([said(AGENT, 0.5, 1), said(AGENT, 3, 2)], id="two-answers"),
        pytest.param([said(AGENT, 1, 1), pend(2)], id="an-answer-and-a-wait"),
        pytest.param(
            [pend(1), said(CUSTOMER, 2, 1), said(CUSTOMER, 3, 2)], id="a-wait-ended-twice"
        ),
        pytest.param([pend(1), said(CUSTOMER, 2, 1)], id="a-wait-told-after-its-end"),
        pytest.param([solve(1), said(CUSTOMER, 2, 1), said(CUSTOMER, 3, 2)], id="reopened-twice"),
        pytest.param([solve(1), said(CUSTOMER, 2, 1)], id="a-solution-told-after-its-reopening"),
        pytest.param([said(CUSTOMER, 1, 1), pend(2), solve(3)], id="asked-before-all"),
        pytest.param([pend(1), said(CUSTOMER, 2, 1), solve(3)], id="a-wait-ended-before-solution"),
    ],
)
def test_a_case_is_the_same_in_whichever_order_it_was_told(sent: list[Any]) -> None:
    in_time = life(after(*sent))
    messages = [one for one in sent if isinstance(one, ReplyToCase)]
    decisions = [one for one in sent if not isinstance(one, ReplyToCase)]
    assert life(after(*decisions, *reversed(messages))) == in_time
    if len(decisions) < 2 and not isinstance(sent[-1], PendCase):
        assert life(after(*reversed(messages), *decisions)) == in_time


def test_the_earliest_reply_is_the_first_response_and_says_so() -> None:
    """Replies after 120 and after 30 minutes, in this order: met within an hour."""
    late, early = after(said(AGENT, 2, 1)), after(said(AGENT, 2, 1), said(AGENT, 0.5, 2))
    replies = [one for one in early if isinstance(one, CaseReplied)]
    assert [one.first_response for one in replies] == [True, True]
    found = [life(stream)[0].first_response_at for stream in (late, early)]
    assert found == [at(hours=2), at(hours=0.5)]
    started = [one.at for one in early if isinstance(one, CaseStarted)]
    assert started == [at(hours=2), at(hours=0.5)]


def test_a_message_delivered_late_moves_what_it_would_have_moved() -> None:
    resumed = after(pend(1), said(CUSTOMER, 3, 1), said(CUSTOMER, 2, 2))
    assert [one.at for one in resumed if isinstance(one, CaseResumed)] == [at(hours=3), at(hours=2)]
    again = after(solve(1), said(CUSTOMER, 3, 1), said(CUSTOMER, 2, 2))
    reopened = [(one.cycle, one.at) for one in again if isinstance(one, CaseReopened)]
    assert reopened == [(2, at(hours=3)), (2, at(hours=2))]


def test_what_a_case_is_held_to_be_is_told_by_its_instants() -> None:
    """The same twice changes nothing, however late."""
    priority = [
        PrioritiseCase(case_id=CASE_ID, priority=one, override_reason="so", at=at(hours=hour))
        for one, hour in ((Priority.LOW, 1), (Priority.HIGH, 2))
    ]
    kinds = [
        ClassifyCase(case_id=CASE_ID, category=one, at=at(hours=hour))
        for one, hour in (("lamps", 1), ("cables", 2))
    ]
    agents = [
        AssignCase(case_id=CASE_ID, agent=one, at=at(hours=hour))
        for one, hour in (("kim", 1), ("ali", 2))
    ]
    backwards: list[Any] = [*reversed(priority), *reversed(kinds), *reversed(agents)]
    stream = after(*backwards)
    state = AGGREGATE.fold(stream)
    assert not isinstance(state, Unopened)
    held = state.facts.priority, state.facts.category, state.facts.agent
    assert held == (Priority.HIGH, "cables", "ali")
    assert state.facts.timeline.statuses[1].at == at(hours=1)  # when it was started
    assert [decide(one, state, POLICY) for one in backwards] == [[]] * 6


MESSAGES: dict[str, dict[str, Any]] = {
    "answer": {"author_role": AGENT},
    "ask": {"author_role": CUSTOMER},
    "remark": {"author_role": AGENT, "public": False},
    "machine": {"author_role": MACHINE},
}
DECISIONS: dict[str, Any] = {
    "pend": PendCase,
    "hold": HoldCase,
    "resume": ResumeCase,
    "solve": SolveCase,
    "reopen": ReopenCase,
}
GIVEN: dict[str, dict[str, Any]] = {"solve": {"resolution_code": "done"}, "reopen": {"reason": "x"}}
Fact = tuple[int, str]
"""So many half hours after the opening, and what happens then."""


def command(fact: Fact) -> Any:
    half, what = fact
    sent: dict[str, Any] = {"case_id": CASE_ID, "at": START + half * HALF_HOUR}
    if what in MESSAGES:
        return ReplyToCase(message_id=uid(half), text="", **sent, **MESSAGES[what])
    return DECISIONS[what](**sent, **GIVEN.get(what, {}))


def ticked(facts: Sequence[Fact], until: int) -> Desk:
    """The desk that lives through the facts, half hour by half hour."""
    desk = Desk(START)
    desk.assign(TARGETS)
    desk.open()
    happens = dict(facts)
    for half in range(until + 1):
        if half in happens:
            _live(desk, happens[half])
        if half < until:
            desk.pass_time(1)
    return desk


def _live(desk: Desk, what: str) -> None:
    solved = desk.category is StatusCategory.SOLVED
    if what == "reopen" or (what == "ask" and solved):
        desk.category, desk.targets = StatusCategory.OPEN, {}
        desk.open()
        desk.assign(TARGETS)
    match what:
        case "answer" if solved:
            desk.responded = True
        case "answer":
            desk.answer()
            if desk.category is StatusCategory.NEW:
                desk.category = StatusCategory.OPEN
        case "ask":
            desk.ask()
            if desk.category is StatusCategory.PENDING:
                desk.category = StatusCategory.OPEN
        case "solve":
            desk.solve()
            desk.category = StatusCategory.SOLVED
        case "pend":
            desk.category = StatusCategory.PENDING
        case "hold":
            desk.category = StatusCategory.ON_HOLD
        case "resume":
            desk.category = StatusCategory.OPEN


def delivered(facts: Sequence[Fact]) -> tuple[list[Any], list[Fact]]:
    """The stream after the facts in this order, and those of them that changed the case."""
    stream, kept = after(), []
    for fact in facts:
        try:
            events = decide(command(fact), AGGREGATE.fold(stream), POLICY)
        except DomainError:
            continue
        if events:
            stream += events
            kept.append(fact)
    return stream, kept


whats = st.sampled_from([*MESSAGES, "answer", "ask", *DECISIONS])
lives = st.dictionaries(st.integers(1, 40), whats, max_size=9).map(
    lambda sent: sorted(sent.items())
)


@given(lives, st.data(), st.integers(0, 45))
@settings(deadline=None, max_examples=300)
def test_INV_S4_verdicts_do_not_depend_on_the_order_of_delivery(
    sent: list[Fact], data: st.DataObject, later: int
) -> None:
    """The desk lives through all of it in time; the case is told of messages in any order.

    A decision that would have found another case than in time is not independent, and left out.
    """
    in_time, facts = delivered(sent)
    shuffled = data.draw(st.permutations(facts))
    decisions = iter([fact for fact in facts if fact[1] in DECISIONS])
    order = [next(decisions) if fact[1] in DECISIONS else fact for fact in shuffled]
    stream, kept = delivered(order)
    assume(kept == order)
    assert life(stream) == life(in_time)
    now = max([half for half, _ in facts], default=0) + later
    desk = ticked(facts, now)
    state = AGGREGATE.fold(stream)
    assert not isinstance(state, Unopened)
    found = {(one.cycle, one.kind, one.occurrence): one for one in clocks(state.facts.timeline)}
    assert {key: one.verdict(desk.now) for key, one in found.items()} == desk.verdicts()
    assert state.category is desk.category


@given(st.lists(st.integers(1, 12), unique=True, min_size=1, max_size=4), st.data())
def test_INV_S5_the_first_response_by_a_naive_count(halves: list[int], data: st.DataObject) -> None:
    """The earliest reply decides: within two hours of the opening it is met."""
    order = data.draw(st.permutations(halves))
    stream, _ = delivered([(half, "answer") for half in order])
    plain = but(TARGETS[0], pauses=())
    agreed = [but(one, targets=(plain,)) if hasattr(one, "targets") else one for one in stream]
    (clock,) = life(agreed)[3]
    met = min(halves) * HALF_HOUR <= hours(2)
    assert clock.verdict(at(days=9)) is (Verdict.MET if met else Verdict.BREACHED)


def test_a_desk_lives_through_a_day() -> None:
    desk = ticked([(1, "answer"), (4, "pend"), (6, "ask"), (20, "solve")], 20)
    assert isinstance(desk.now, datetime)
    assert desk.verdicts() == {
        (1, FIRST, 1): Verdict.MET,
        (1, NEXT, 1): Verdict.BREACHED,
        (1, UPDATE, 1): Verdict.BREACHED,
        (1, SOLUTION, 1): Verdict.BREACHED,
    }
