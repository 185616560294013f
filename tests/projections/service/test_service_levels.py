"""Service levels: by when each case was to be solved, and whether it was."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import Command
from crmcore.domain.service.case.decisions.decide import AGGREGATE
from crmcore.domain.service.levels.clock import Mode, Verdict
from crmcore.projections.service.periods import Period
from crmcore.projections.service.service_levels.compliance import Grouping
from tests.domain.service.case_examples import verdicts
from tests.histories import CASES, histories, send
from tests.projections.conftest import Tell
from tests.projections.contract import fresh
from tests.projections.examples import ANN, START, case, known, one_case
from tests.projections.naive import service_levels
from tests.scenario import uid

HOUR = timedelta(hours=1)
TICK = timedelta(microseconds=1)
LATER = START + 1000 * HOUR


def solve(number: int, hours: float) -> ask.SolveCase:
    at = START + timedelta(hours=hours)
    return ask.SolveCase(case_id=uid(number), resolution_code="done", at=at)


def reopen(number: int, hours: float) -> ask.ReopenCase:
    return ask.ReopenCase(case_id=uid(number), reason="still leaks", at=START + hours * HOUR)


def seen(
    crm: crmcore.CRM, number: int, as_of: datetime = LATER, mode: Mode = Mode.TO_DATE
) -> list[str]:
    found = crm.read.service_levels.verdicts(as_of=as_of, mode=mode)
    return [one.verdict.value for one in found if one.case_id == uid(number)]


def tally(crm: crmcore.CRM, as_of: datetime = LATER, **report: Any) -> tuple[int, int, int, int]:
    total = crm.read.service_levels.compliance(as_of=as_of, **report).total
    return total.met, total.breached, total.running, total.none


@pytest.mark.parametrize(
    ("late", "verdict"),
    [(-TICK, "met"), (timedelta(0), "met"), (TICK, "breached")],
    ids=["just before", "exactly at due", "just after"],
)
def test_solved_exactly_at_due_is_met(
    crm: crmcore.CRM, tell: Tell, late: timedelta, verdict: str
) -> None:
    tell(case(1, hours=4), solve(1, 4 + late / HOUR))
    assert seen(crm, 1) == [verdict]


def test_INV_S10_overdue_and_open_is_breached_to_date_and_left_out_of_completed(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(case(1, hours=4), case(2, hours=4), solve(2, 1))
    due = START + 4 * HOUR
    assert tally(crm, due) == (1, 0, 1, 0)
    assert tally(crm, due + TICK) == (1, 1, 0, 0)
    assert tally(crm, due + TICK, mode=Mode.COMPLETED) == (1, 0, 1, 0)
    completed = crm.read.service_levels.compliance(as_of=due + TICK, mode=Mode.COMPLETED)
    assert completed.total.rate == 1
    to_date = crm.read.service_levels.compliance(as_of=due + TICK)
    assert to_date.total.rate == Decimal("0.5")


def test_INV_S10_each_cycle_of_a_reopened_case_is_counted_once(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(
        case(1, impact=ask.Impact.HIGH, urgency=ask.Urgency.HIGH),  # 4 hours
        solve(1, 5),
        reopen(1, 10),
        solve(1, 13),
        reopen(1, 20),
    )
    assert seen(crm, 1) == ["breached", "met", "breached"]
    assert seen(crm, 1, START + 24 * HOUR) == ["breached", "met", "running"]
    assert seen(crm, 1, START + 15 * HOUR) == ["breached", "met"]
    assert tally(crm, START + 24 * HOUR) == (1, 1, 1, 0)


def test_INV_S11_closing_later_changes_no_verdict(crm: crmcore.CRM, tell: Tell) -> None:
    tell(case(1, hours=4), solve(1, 3), ask.CloseCase(case_id=uid(1), at=START + 9 * HOUR))
    found = one_case(crm, "C-1", LATER)
    (target,) = found.targets
    assert (target.verdict, target.elapsed, target.remaining) == (Verdict.MET, 3 * HOUR, HOUR)
    assert (found.status, found.closed_at) == ("closed", START + 9 * HOUR)


@pytest.mark.parametrize(("merged_after", "verdict"), [(2, "none"), (6, "breached")])
def test_INV_S7_a_merged_case_owes_nothing_from_then_on(
    crm: crmcore.CRM, tell: Tell, merged_after: int, verdict: str
) -> None:
    at = START + merged_after * HOUR
    tell(case(1, hours=4), case(2, hours=9))
    tell(ask.MergeCase(case_id=uid(1), into_case_id=uid(2), at=at))
    assert seen(crm, 1) == [verdict]
    assert seen(crm, 1, at - TICK) == ["running" if merged_after < 4 else "breached"]
    assert seen(crm, 2) == ["breached"]


@pytest.mark.parametrize("hours", [2, 6], ids=["before due", "when overdue"])
def test_INV_S7_spam_owed_nobody_anything(crm: crmcore.CRM, tell: Tell, hours: int) -> None:
    tell(case(1, hours=4), ask.MarkCaseSpam(case_id=uid(1), at=START + hours * HOUR))
    assert seen(crm, 1) == ["none"]
    assert tally(crm) == (0, 0, 0, 1)


def test_a_period_is_half_open(crm: crmcore.CRM, tell: Tell) -> None:
    tell(case(1, hours=4), solve(1, 2), case(2, hours=4))  # judged at +2 and at +4
    two, four = START + 2 * HOUR, START + 4 * HOUR
    assert tally(crm, since=two, until=four) == (1, 0, 0, 0)
    assert tally(crm, since=two + TICK, until=four + TICK) == (0, 1, 0, 0)
    assert tally(crm, since=four + TICK) == (0, 0, 0, 0)
    assert tally(crm, until=two) == (0, 0, 0, 0)


def test_a_solution_that_was_yet_to_come_is_judged_at_due(crm: crmcore.CRM, tell: Tell) -> None:
    tell(case(1, hours=4), solve(1, 100))
    as_of, until = START + 10 * HOUR, START + 5 * HOUR
    assert tally(crm, as_of, since=START, until=until) == (0, 1, 0, 0)
    assert tally(crm, since=START, until=until) == (0, 0, 0, 0)  # by now: judged when solved
    (target,) = one_case(crm, "C-1", as_of).targets
    assert (target.elapsed, target.remaining) == (10 * HOUR, -6 * HOUR)


def test_cases_are_counted_from_their_opening_on(crm: crmcore.CRM, tell: Tell) -> None:
    tell(case(1, hours=4))
    assert tally(crm, START - TICK) == (0, 0, 0, 0)
    assert tally(crm, START) == (0, 0, 1, 0)


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (Grouping.PRIORITY, {"critical": 1, "low": 1, "(none)": 1}),
        (Grouping.QUEUE, {"(none)": 1, "pipes": 2}),
        (Grouping.POLICY, {"given": 1, "standard critical": 1, "standard low": 1}),
        (Grouping.KIND, {"complaint": 2, "incident": 1}),
        (Grouping.AGENT, {"(none)": 2, "kim": 1}),
    ],
)
def test_compliance_by_each_grouping(
    crm: crmcore.CRM, tell: Tell, by: Grouping, groups: dict[str, int]
) -> None:
    low, high = (ask.Impact.LOW, ask.Urgency.LOW), (ask.Impact.HIGH, ask.Urgency.HIGH)
    tell(
        case(1, impact=high[0], urgency=high[1], queue="pipes"),
        case(2, impact=low[0], urgency=low[1], queue="roads", kind=ask.CaseKind.INCIDENT),
        ask.TransferCase(case_id=uid(2), queue="pipes", at=START + HOUR),
        case(3, hours=1),
        ask.AssignCase(case_id=uid(3), agent="kim", at=START + HOUR),
    )
    found = crm.read.service_levels.compliance(as_of=START + 2 * HOUR, by=by)
    counted = {one.group: one.met + one.breached + one.running + one.none for one in found.groups}
    assert counted == groups
    assert [one.group for one in found.groups] == list(groups)  # in this order
    assert (found.total.group, sum(counted.values())) == ("total", 3)


def test_V7_no_rate_where_nothing_was_judged(crm: crmcore.CRM, tell: Tell) -> None:
    tell(case(1), case(2, hours=4))
    total = crm.read.service_levels.compliance(as_of=START + HOUR).total
    assert (total.met, total.breached, total.running, total.none) == (0, 0, 1, 1)
    assert total.rate is None


def test_EC_S14_nobody_need_have_looked_in_time(crm: crmcore.CRM, tell: Tell) -> None:
    tell(case(1, hours=4), solve(1, 30))
    assert seen(crm, 1) == ["breached"]


def test_a_new_priority_moves_a_target_until_it_is_overdue(crm: crmcore.CRM, tell: Tell) -> None:
    raised: dict[str, Any] = {
        "priority": ask.Priority.CRITICAL,
        "override_reason": "flood",
        "at": START + HOUR,
    }
    low: dict[str, Any] = {"impact": ask.Impact.LOW, "urgency": ask.Urgency.LOW}
    tell(case(1, **low), ask.PrioritiseCase(case_id=uid(1), **raised))
    found = one_case(crm, "C-1", LATER)
    assert (found.priority, found.targets[0].due_at) == ("critical", START + 4 * HOUR)


def test_a_released_agent_and_the_first_response_are_shown(crm: crmcore.CRM, tell: Tell) -> None:
    reply = ask.ReplyToCase(
        case_id=uid(1),
        message_id=uid(71),
        author_role=ask.AuthorRole.AGENT,
        agent="kim",
        text="We come",
        at=START + HOUR,
    )
    tell(
        *known(ANN),
        case(1, queue="pipes", customer_id=ANN),
        ask.AssignCase(case_id=uid(1), agent="kim", at=START),
        reply,
        ask.TransferCase(case_id=uid(1), queue="roads", at=START + 2 * HOUR),
    )
    found = one_case(crm, str(uid(1)).upper(), LATER)
    assert (found.agent, found.queue, found.status) == (None, "roads", "open")
    assert (found.first_response_at, found.customer_id) == (START + HOUR, ANN)


def test_an_unknown_case_is_none(crm: crmcore.CRM, tell: Tell) -> None:
    tell(case(1))
    assert crm.read.cases.get("C-9", as_of=LATER) is None
    assert crm.read.cases.get("C-1", as_of=START - TICK) is None


@settings(max_examples=20, deadline=None)
@given(
    histories(),
    st.lists(st.integers(0, 900), min_size=1, max_size=4),
    st.sampled_from(list(Mode)),
)
def test_INV_S4_verdicts_are_those_of_the_case_itself(
    history: list[Command], days: list[int], mode: Mode
) -> None:
    with fresh() as crm:
        send(crm, history)
        crm.catch_up()
        moments = [history[0].at + timedelta(days=day) for day in days]
        moments += [one.occurred_at for one in crm.events() if one.topic == "case-solved"][:3]
        for key in CASES:
            state = AGGREGATE.fold(one.event for one in crm.events(stream_id=key))
            for moment in moments:
                found = [
                    (one.cycle, one.verdict)
                    for one in crm.read.service_levels.verdicts(as_of=moment, mode=mode)
                    if one.case_id == key
                ]
                assert found == list(verdicts(state, moment, mode))
                shown = crm.read.cases.get(key, as_of=moment)
                assert standing(shown) == list(verdicts(state, moment, Mode.TO_DATE))


def standing(shown: Any) -> list[tuple[int, Verdict]]:
    """The verdicts on the targets of a case; none on a cycle without any."""
    return [
        (cycle.number, target.verdict if target is not None else Verdict.NONE)
        for cycle in (() if shown is None else shown.cycles)
        for target in cycle.targets or (None,)
    ]


WAS = (
    "case_id", "customer_id", "number", "subject", "kind", "channel", "category", "request_type",
    "priority", "queue", "agent", "status", "opened_at", "first_response_at", "closed_at", "contacts",
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(histories(), st.lists(st.integers(0, 900), min_size=1, max_size=4))
def test_a_case_as_of_an_instant_is_what_was_true_by_then(
    history: list[Command], days: list[int]
) -> None:
    with fresh() as crm:
        send(crm, history)
        crm.catch_up()
        log = list(crm.events())
        moments = [history[0].at + timedelta(days=day) for day in days]
        moments += [one.occurred_at for one in log if one.topic.startswith("case-")][-9:]
        for moment in moments:
            by_then = [one for one in log if one.occurred_at <= moment]
            expected = {row["case_id"]: row for row in service_levels(by_then)["service_cases"]}
            found = {
                str(one.case_id): one for one in crm.read.cases.find(as_of=moment, limit=1000).items
            }
            assert found.keys() == expected.keys()
            for key, was in found.items():
                ids = {"case_id": key, "customer_id": was.customer_id and str(was.customer_id)}
                shown = {name: getattr(was, name) for name in WAS} | ids
                assert shown == {name: expected[key][name] for name in WAS}


def test_a_report_of_the_past_groups_by_what_was_then_known(crm: crmcore.CRM, tell: Tell) -> None:
    tell(
        case(1, hours=4, priority=ask.Priority.LOW, override_reason="a drop", queue="pipes"),
        ask.PrioritiseCase(
            case_id=uid(1),
            priority=ask.Priority.CRITICAL,
            override_reason="a flood",
            at=START + 2 * HOUR,
        ),
        ask.TransferCase(case_id=uid(1), queue="roads", at=START + 3 * HOUR),
    )

    def groups(hours: int, by: Grouping) -> list[str]:
        found = crm.read.service_levels.compliance(as_of=START + hours * HOUR, by=by)
        return [one.group for one in found.groups]

    assert [groups(hours, Grouping.PRIORITY) for hours in (1, 2)] == [["low"], ["critical"]]
    assert [groups(hours, Grouping.QUEUE) for hours in (2, 3)] == [["pipes"], ["roads"]]
    whole = Period(START, START + 100 * HOUR, "UTC")
    at_first = crm.read.service_levels.metrics(whole, metrics=["backlog"], as_of=START + HOUR)
    assert list(at_first["backlog"].groups) == ["low"]


def test_a_start_that_was_earlier_than_known_does_not_follow_a_solution_in_between(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(
        case(1),
        ask.StartCase(case_id=uid(1), at=START + 5 * HOUR),
        ask.AssignCase(case_id=uid(1), agent="kim", at=START + 2 * HOUR),
        ask.SolveCase(case_id=uid(1), resolution_code="done", at=START + 3 * HOUR),
    )
    (found,) = crm.read.cases.find(as_of=START + 6 * HOUR).items
    assert found.status == "solved"
