"""What is told late restates a verdict: what was known then and what is true can both be asked for."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

import crmcore
from crmcore import calendars
from crmcore import commands as ask
from crmcore.domain.kernel import Command
from crmcore.projections.service.periods import Period
from crmcore.projections.service.service_levels.tables import SERVICE_LEVELS
from crmcore.testing import Clock
from tests.histories import histories, send
from tests.projections.conftest import Tell
from tests.projections.contract import fresh
from tests.projections.examples import START, case, one_case
from tests.scenario import uid

HOUR = timedelta(hours=1)
WHOLE = Period(START, START + 100 * HOUR, "UTC")
LEVELS = ask.DefineServiceLevels(
    version="1",
    policies=(
        ask.ServiceLevelPolicy(
            name="all",
            targets=(
                ask.ServiceTarget(
                    kind=ask.TargetKind.FIRST_RESPONSE,
                    within=HOUR,
                    calendar=calendars.ELAPSED.name,
                ),
            ),
        ),
    ),
    calendars=(calendars.ELAPSED,),
    at=START - HOUR,
)


@pytest.fixture
def desk_clock() -> Clock:
    return Clock(START)


@pytest.fixture
def desk(database_url: str, desk_clock: Clock) -> Iterator[crmcore.CRM]:
    with crmcore.open(database_url, clock=desk_clock) as crm:
        yield crm


def answered(hours: float, number: int, case_id: int = 1) -> ask.ReplyToCase:
    return ask.ReplyToCase(
        case_id=uid(case_id),
        message_id=uid(number),
        author_role=ask.AuthorRole.AGENT,
        agent="kim",
        text="",
        at=START + hours * HOUR,
    )


def solved(hours: float, case_id: int = 1) -> ask.SolveCase:
    at = START + hours * HOUR
    return ask.SolveCase(case_id=uid(case_id), resolution_code="done", at=at)


def test_a_breach_that_was_told_is_restated_and_what_was_known_is_kept(
    desk: crmcore.CRM, desk_clock: Clock
) -> None:
    """Replies of 120 and 30 minutes after the opening, delivered in this order."""
    for hours, command in ((0, LEVELS), (0, case(1)), (2, answered(2, 11))):
        desk_clock.set(START + hours * HOUR)
        desk.execute(command, by="desk")
    reported = desk_clock.set(START + 3 * HOUR)
    (breach,) = desk.due().events
    assert breach.topic == "service-target-breached"
    desk_clock.set(START + 9 * HOUR)
    desk.execute(answered(0.5, 12), by="gateway")
    assert desk.due().events == ()
    desk.catch_up()

    def told(read: Any) -> tuple[Any, ...]:
        (level,) = read.cases.get(str(uid(1)), as_of=reported).targets
        total = read.service_levels.compliance(as_of=reported).total
        (listed,) = read.service_levels.verdicts(as_of=reported)
        figures = read.service_levels.metrics(
            WHOLE, metrics=["first-response-median"], as_of=reported
        )
        value = figures["first-response-median"].value
        assert listed.verdict is level.verdict
        return level.verdict, level.completed_at, (total.met, total.breached), value / HOUR

    true, known = told(desk.read), told(desk.read.known_at(reported))
    assert true == ("met", START + 0.5 * HOUR, (1, 0), 0.5)
    assert known == ("breached", START + 2 * HOUR, (0, 1), 2)
    assert breach in list(desk.events())  # what was told stands in the log


def test_before_anything_was_known_nothing_was(desk: crmcore.CRM, desk_clock: Clock) -> None:
    desk_clock.set(START + 5 * HOUR)
    desk.execute(case(1, hours=4), by="import")
    desk.catch_up()
    before = desk.read.known_at(START + 4 * HOUR)
    assert before.cases.find(as_of=START + 4 * HOUR).items == ()
    assert before.cases.find(is_open=True).items == ()
    assert before.service_levels.period() is None
    assert before.query(select(SERVICE_LEVELS.c.due_at)) == []
    since = desk.read.known_at(desk_clock())
    assert since.query(select(SERVICE_LEVELS.c.due_at)) == [{"due_at": START + 4 * HOUR}]
    bounds = START, START + 9 * HOUR
    assert since.surveys.coverage(ask.SurveyKind.CSAT, *bounds).missing == ()


@given(histories())
@settings(max_examples=5, deadline=None)
def test_what_is_known_at_last_is_what_the_rows_say(history: list[Command]) -> None:
    with fresh() as crm:
        send(crm, history)
        crm.catch_up()
        now = crm.now()
        last = crm.read.known_at(now)
        compliance = crm.read.service_levels.compliance(as_of=now)
        assert last.service_levels.compliance(as_of=now) == compliance
        assert last.cases.find(as_of=now) == crm.read.cases.find(as_of=now)
        assert last.loyalty.tiers() == crm.read.loyalty.tiers()
        assert last.campaigns.find().items == crm.read.campaigns.find().items
        assert last.surveys.results(as_of=now) == crm.read.surveys.results(as_of=now)
        customers = [one.stream_id for one in crm.events() if one.topic == "customer-registered"]
        for customer in customers[:2]:
            assert last.customers.history(customer) == crm.read.customers.history(customer)
            assert last.loyalty.get(customer, as_of=now) == crm.read.loyalty.get(
                customer, as_of=now
            )


@pytest.mark.parametrize(
    ("replies", "verdict", "hours"),
    [
        pytest.param([], "none", None, id="never-answered"),
        pytest.param([3], "none", None, id="answered-after-the-solution"),
        pytest.param([3, 0.25], "met", 0.25, id="answered-before"),
    ],
)
def test_INV_S5_report_and_metric_agree_on_a_case_solved_without_a_reply(
    crm: crmcore.CRM, tell: Tell, replies: list[float], verdict: str, hours: float | None
) -> None:
    tell(LEVELS, case(1), solved(0.5), *(answered(one, n) for n, one in enumerate(replies, 11)))
    now = START + 9 * HOUR
    (level,) = one_case(crm, "C-1", now).targets
    figure = crm.read.service_levels.metrics(WHOLE, metrics=["first-response-median"], as_of=now)
    found = figure["first-response-median"]
    assert level.verdict.value == verdict
    assert found.denominator == (0 if hours is None else 1)
    took = None if level.completed_at is None else level.completed_at - START
    assert found.value == took == (None if hours is None else hours * HOUR)


@given(
    st.lists(
        st.tuples(st.sampled_from(["answer", "solve", "reopen"]), st.integers(1, 9)), max_size=6
    )
)
@settings(max_examples=15, deadline=None)
def test_INV_S5_a_first_response_is_as_long_in_the_report_as_in_the_metric(
    told: list[tuple[str, int]],
) -> None:
    with fresh() as crm:
        send(crm, [LEVELS, case(1)])
        for number, (what, hour) in enumerate(told):
            at = START + hour * HOUR
            reopened = ask.ReopenCase(case_id=uid(1), reason="again", at=at)
            kinds: dict[str, Command] = {
                "answer": answered(hour, 50 + number),
                "solve": solved(hour),
                "reopen": reopened,
            }
            send(crm, [kinds[what]])
        crm.catch_up()
        now = START + 50 * HOUR
        targets = one_case(crm, "C-1", now).targets
        completed = [one.completed_at for one in targets if one.completed_at]
        figures = crm.read.service_levels.metrics(
            WHOLE, metrics=["first-response-median"], as_of=now
        )
        figure = figures["first-response-median"]
        assert figure.denominator == len(completed)
        assert figure.value == (completed[0] - START if completed else None)
