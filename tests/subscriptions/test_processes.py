"""A process: an event leads to commands, each carried out once, whatever is killed, replayed or rebuilt."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine

import crmcore
from crmcore.commands import RegisterCustomer, SolveCase
from crmcore.contexts import Context, Customers, Process
from crmcore.domain.customers.customer.messages.registration import CustomerKind
from crmcore.errors import ConcurrencyError, DomainError, MisuseError
from crmcore.events import OrderPlaced, SurveyOffered
from crmcore.policies import Channel, FeedbackPolicy, Policies, SurveyKind
from crmcore.projections import Recorded
from crmcore.subscriptions.retry import Retry
from tests.domain.service.case_examples import CUSTOMER, open_case
from tests.histories import Clock
from tests.patience import eventually
from tests.scenario import at, uid
from tests.subscriptions.consuming import state_of
from tests.subscriptions.pinging import (
    BALL,
    PASSING,
    BallPassed,
    FlatError,
    PassBall,
    at_once,
    flat,
    next_ball,
    on,
    pinging,
)

NAME = "process:passing"


@pytest.fixture(autouse=True)
def all_round() -> Iterator[None]:
    yield
    flat.clear()


@contextmanager
def opened(url: str, *processes: Any, **more: Any) -> Iterator[crmcore.CRM]:
    with crmcore.open(url, contexts=[pinging(*processes)], clock=Clock(), **more) as crm:
        yield crm


def kick(crm: crmcore.CRM, left: int, number: int = 1, **more: Any) -> crmcore.Receipt:
    return crm.execute(PassBall(ball_id=uid(number), left=left), by="kim", **more)


def passed(crm: crmcore.CRM) -> list[int]:
    return [one.event.left for one in crm.events()]


# Following


def test_an_event_leads_to_a_command_and_that_to_the_next(database_url: str) -> None:
    with opened(database_url) as crm:
        kick(crm, 2, correlation_id=uid(7), command_id=uid(8))
        assert passed(crm) == [2]
        assert crm.processes.catch_up() == 3
        assert passed(crm) == [2, 1, 0]
        first, second, third = crm.events()
    assert {one.actor for one in (second, third)} == {NAME}
    assert {one.correlation_id for one in (first, second, third)} == {uid(7)}
    assert (second.causation_id, third.causation_id) == (uid(8), second.command_id)


def test_what_belongs_to_nothing_belongs_to_the_command_that_began_it(sqlite_url: str) -> None:
    with opened(sqlite_url) as crm:
        kick(crm, 2, command_id=uid(8))
        crm.processes.catch_up()
        assert [one.correlation_id for one in crm.events()] == [None, uid(8), uid(8)]


def test_it_happens_once_whatever_is_replayed_or_rebuilt(database_url: str) -> None:
    with opened(database_url) as crm:
        kick(crm, 2)
        crm.processes.catch_up()
        ids = [one.command_id for one in crm.events()]
        crm.subscriptions.reset(NAME, "beginning")
        assert crm.processes.catch_up() == 3
        crm.catch_up()
        crm.maintenance.rebuild("customer_history")
        crm.subscriptions.remove(NAME)
    replaying = attrs.evolve(PASSING, start="beginning")
    with opened(database_url, replaying) as crm:
        assert crm.processes.catch_up() == 3
        assert [one.command_id for one in crm.events()] == ids


def test_two_releases_that_mean_different_things_act_once(sqlite_url: str) -> None:
    def further(event: BallPassed, _recorded: Recorded) -> Sequence[PassBall]:
        return [next_ball(event, step=9)] if event.left else []

    with opened(sqlite_url) as crm:
        kick(crm, 1)
        crm.processes.catch_up()
        crm.subscriptions.reset(NAME, "beginning")
    with opened(sqlite_url, Process("passing", {BallPassed: further})) as crm:
        crm.processes.catch_up()
        assert passed(crm) == [1, 0]
        assert crm.subscriptions.dead_letters(NAME) == []


def test_it_is_followed_in_a_thread(database_url: str) -> None:
    with opened(database_url) as crm, crm.processes.follow():
        kick(crm, 3)
        eventually(lambda: passed(crm) == [3, 2, 1, 0])


def test_a_refused_command_is_listed_and_the_process_goes_on(database_url: str) -> None:
    def both(event: BallPassed, _recorded: Recorded) -> Sequence[PassBall]:
        if event.left != 5:
            return []
        return [next_ball(event), PassBall(ball_id=uid(77), left=1)]

    flat.add(4)
    with opened(database_url, Process("passing", {BallPassed: both})) as crm:
        kick(crm, 5)
        kick(crm, 9, number=2)
        crm.processes.catch_up()
        assert passed(crm) == [5, 9, 1]  # the second command was carried out
        (letter,) = crm.subscriptions.dead_letters(NAME)
        assert (letter.position, letter.attempts) == (1, 1)
        assert letter.cause == "pinging.pass-ball: FlatError: a ball with 4 to go is flat"
        assert state_of(crm, NAME).position == 3
        flat.clear()
        crm.subscriptions.retry(NAME)
        crm.processes.catch_up()
        assert passed(crm) == [5, 9, 1, 4]  # and not a second time
        assert crm.subscriptions.dead_letters(NAME) == []


def test_a_refusal_that_is_expected_is_not_listed(database_url: str) -> None:
    flat.add(1)
    calm = attrs.evolve(PASSING, expected=(FlatError,))
    for number, process in enumerate([calm, at_once(calm)], start=1):
        with opened(database_url, process) as crm:
            kick(crm, 2, number)
            crm.processes.catch_up()
            assert passed(crm) == [2] * number
            assert crm.subscriptions.dead_letters(NAME) == []


def test_a_process_that_fails_is_tried_again_and_then_listed(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Retry, "pause", lambda *_: 0.0)

    def broken(event: BallPassed, _recorded: Recorded) -> Sequence[PassBall]:
        raise KeyError(event.ball_id)

    with opened(sqlite_url, Process("passing", {BallPassed: broken})) as crm:
        kick(crm, 2)
        crm.processes.catch_up()
        (letter,) = crm.subscriptions.dead_letters(NAME)
    assert letter.attempts == Retry().attempts
    assert letter.cause.startswith("KeyError in broken (test_processes.py")


@pytest.mark.parametrize(
    "returned",
    [
        pytest.param(None, id="nothing"),
        pytest.param("commands", id="text"),
        pytest.param([3], id="no command"),
        pytest.param([PassBall(ball_id=uid(1), left=1, at=at(days=30_000))], id="in the future"),
    ],
)
@pytest.mark.parametrize("acting", [PASSING, at_once()], ids=["following", "at once"])
def test_what_is_no_command_is_listed(sqlite_url: str, acting: Process, returned: Any) -> None:
    process = attrs.evolve(acting, handlers={BallPassed: lambda *_: returned})
    with opened(sqlite_url, process) as crm:
        kick(crm, 2)
        crm.processes.catch_up()
        (letter,) = crm.subscriptions.dead_letters(NAME)
    assert letter.attempts == 1
    assert "Error: " in letter.cause


def test_other_writers_are_waited_for_and_not_listed(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Retry, "pause", lambda *_: 0.0)
    with opened(sqlite_url) as crm:
        kick(crm, 1)
        send, failures = crm._core.service.execute, [3]

        def busy(*args: Any, **more: Any) -> Any:
            if failures[0]:
                failures[0] -= 1
                raise ConcurrencyError(uid(1), 1, 2)
            return send(*args, **more)

        service = type("Busy", (), {"execute": staticmethod(busy)})
        monkeypatch.setattr(crm._core, "service", service)
        crm.processes.catch_up()
        assert passed(crm) == [1, 0]
        crm.subscriptions.reset(NAME, "beginning")
        failures[0] = 1_000
        with pytest.raises(ConcurrencyError):
            crm.processes.catch_up()
        assert crm.subscriptions.dead_letters(NAME) == []
        assert state_of(crm, NAME).position == 0


def test_where_a_process_begins_is_told(database_url: str) -> None:
    with crmcore.open(database_url, contexts=[Context(name="pinging", aggregates=[BALL])]) as crm:
        kick(crm, 1)
        assert crm.processes.status() == []
    late = attrs.evolve(PASSING, name="from-the-beginning", start="beginning")
    with opened(database_url, PASSING, late) as crm:
        kick(crm, 0, number=2)
        started = {one.name: one.started_after for one in crm.processes.status()}
        assert started == {"process:from-the-beginning": 0, NAME: 1}
        crm.processes.catch_up()
        assert passed(crm) == [1, 0, 0]
        assert {one.state for one in crm.processes.status()} == {"caught up"}


def test_processes_without_an_end_are_told(sqlite_url: str) -> None:
    endless = Process("passing", {BallPassed: lambda event, _: [next_ball(event)]})
    with opened(sqlite_url, endless) as crm:
        kick(crm, 1)
        with pytest.raises(
            MisuseError, match="process:passing: what follows is followed more than"
        ):
            crm.processes.catch_up()


# At once


def test_at_once_what_follows_is_recorded_in_the_same_transaction(database_url: str) -> None:
    with opened(database_url, at_once(), inline=["customer_history"]) as crm:
        receipt = kick(crm, 2, command_id=uid(8))
        assert passed(crm) == [2, 1, 0]
        assert (receipt.position, len(receipt.events)) == (1, 1)
        assert [one.causation_id for one in crm.events()][1:] == [
            uid(8), [*crm.events()][1].command_id,
        ]  # fmt: skip
        assert kick(crm, 2, command_id=uid(8)).repeated
        (history,) = [one for one in crm.status() if one.name == "customer_history"]
        assert history.position == 3
        assert crm.processes.catch_up() == 3  # passed by, and done already
        assert passed(crm) == [2, 1, 0]
        assert crm.verify().intact


def test_at_once_in_the_transaction_of_a_host(database_url: str) -> None:
    engine = create_engine(database_url)
    with opened(database_url, at_once()) as crm:
        with engine.connect() as connection:
            flat.add(0)
            with connection.begin() as transaction:
                kick(crm, 2, connection=connection)
                transaction.rollback()
        assert passed(crm) == []
        assert crm.subscriptions.dead_letters(NAME) == []
        with engine.begin() as connection:
            kick(crm, 2, connection=connection)
        assert passed(crm) == [2, 1]
        assert [one.position for one in crm.subscriptions.dead_letters(NAME)] == [2]
    engine.dispose()


def test_at_once_in_batches(database_url: str) -> None:
    with opened(database_url, at_once()) as crm:
        flat.add(7)
        balls = [PassBall(ball_id=uid(one), left=left) for one, left in ((1, 1), (2, 7), (3, 2))]
        done = crm.execute_many(balls, by="kim")
        assert (done.executed, done.events, len(done.refused)) == (2, 2, 1)
        assert passed(crm) == [1, 2, 0, 1, 0]


def test_a_command_that_is_refused_at_once_does_not_refuse_the_one_it_follows(
    database_url: str,
) -> None:
    flat.add(1)
    with opened(database_url, at_once()) as crm:
        kick(crm, 2)
        assert passed(crm) == [2]
        (letter,) = crm.subscriptions.dead_letters(NAME)
        assert (letter.position, letter.attempts) == (1, 1)
        assert letter.cause == "FlatError: a ball with 1 to go is flat"
        flat.clear()
        crm.processes.catch_up()
        assert passed(crm) == [2]  # it stays listed until somebody wants it tried again
        assert len(crm.subscriptions.dead_letters(NAME)) == 1
        crm.subscriptions.retry(NAME)
        crm.processes.catch_up()
        assert passed(crm) == [2, 1, 0]
        assert crm.subscriptions.dead_letters(NAME) == []


def test_a_process_that_fails_at_once_is_listed(sqlite_url: str) -> None:
    def fails(event: BallPassed, _recorded: Recorded) -> Sequence[PassBall]:
        raise KeyError(event.ball_id)

    broken = Process("passing", {BallPassed: fails}, at_once=True)
    with opened(sqlite_url, broken) as crm:
        kick(crm, 2)
        (letter,) = crm.subscriptions.dead_letters(NAME)
    assert letter.cause.startswith("KeyError in fails (test_processes.py")


def test_what_a_release_without_it_recorded_is_seen_to_by_who_follows(database_url: str) -> None:
    with opened(database_url, at_once()) as crm:
        kick(crm, 1)
    with crmcore.open(database_url, contexts=[Context(name="pinging", aggregates=[BALL])]) as other:
        kick(other, 1, number=5)
        assert passed(other) == [1, 0, 1]
    with opened(database_url, at_once()) as crm:
        crm.processes.catch_up()
        assert passed(crm) == [1, 0, 1, 0]


def test_without_an_end_nothing_at_all_is_recorded(database_url: str) -> None:
    endless = Process("passing", {BallPassed: lambda event, _: [next_ball(event)]}, at_once=True)
    with opened(database_url, endless) as crm:
        with pytest.raises(
            MisuseError, match="process:passing: what follows is followed more than"
        ):
            kick(crm, 2)
        assert crm.position == 0


# The manifest


def asks(customers: Customers) -> Process:
    assert isinstance(customers, Customers)
    return Process("asking", {OrderPlaced: lambda *_: []})


def test_a_process_is_made_of_what_it_asks_for(sqlite_url: str) -> None:
    with opened(sqlite_url, asks) as crm:
        assert [one.name for one in crm.processes.status()] == ["process:asking"]
        assert state_of(crm, "process:asking").topics == ("order-placed",)


def untyped(what) -> Process:  # type: ignore[no-untyped-def]  # noqa: ARG001
    return PASSING


@pytest.mark.parametrize(
    ("make", "says"),
    [
        pytest.param(lambda: Process("Passing", {}), "name of a process: expected", id="name"),
        pytest.param(lambda: Process("x", 3), "process:x: handlers: expected a mapping", id="map"),  # type: ignore[arg-type]
        pytest.param(lambda: Process("x", {"a": on}), "a class of events", id="no class"),  # type: ignore[dict-item]
        pytest.param(lambda: Process("x", {BallPassed: 3}), "BallPassed: 3", id="no function"),  # type: ignore[dict-item]
        pytest.param(lambda: Process("x", {}, at_once=1), "expected a bool", id="at once"),  # type: ignore[arg-type]
        pytest.param(lambda: Process("x", {}, start="then"), "'now' or", id="start"),  # type: ignore[arg-type]
        pytest.param(lambda: Process("x", {}, expected=(KeyError,)), "DomainError", id="expected"),  # type: ignore[arg-type]
        pytest.param(lambda: pinging(3), "expected a Process, or a function", id="a number"),
        pytest.param(lambda: Context(name="x", processes=PASSING), "a list of Process", id="one"),  # type: ignore[arg-type]
    ],
)
def test_what_is_no_process_is_refused_when_it_is_made(make: Any, says: str) -> None:
    with pytest.raises(MisuseError, match=says):
        make()


@pytest.mark.parametrize(
    ("processes", "says"),
    [
        pytest.param([PASSING, PASSING], "there is a process passing already", id="twice"),
        pytest.param(
            [Process("offer-survey", {})], "offer-survey already, of context service", id="ours"
        ),
        pytest.param([lambda: 3], "expected a Process to be returned, got 3", id="no process"),
        pytest.param([untyped], "does not say of which type what is", id="untyped"),
        pytest.param(
            [Process("x", {DomainError: on})], "DomainError is no event of a context", id="no event"
        ),
    ],
)
def test_processes_that_cannot_be_are_refused_when_the_log_is_opened(
    sqlite_url: str, processes: list[Any], says: str
) -> None:
    with pytest.raises(MisuseError, match=says):
        crmcore.open(sqlite_url, contexts=[pinging(*processes)])


# Ours


def solved(crm: crmcore.CRM, number: int, when: timedelta) -> None:
    case = uid(number)
    crm.execute(open_case(case, customer_id=CUSTOMER), by="ann")
    solve = SolveCase(case_id=case, resolution_code="done", at=at() + when)
    crm.execute(solve, by="ann")


@pytest.mark.parametrize("policy", [None, SurveyKind.NPS], ids=["by itself none", "by the policy"])
def test_a_solved_case_offers_a_survey_where_the_policy_says_so(
    database_url: str, policy: SurveyKind | None
) -> None:
    feedback = FeedbackPolicy(version="ours-1", offer_when_solved=policy, channel=Channel.POST)
    with crmcore.open(database_url, clock=Clock(), policies=Policies(feedback=feedback)) as crm:
        crm.execute(
            RegisterCustomer(
                customer_id=CUSTOMER, kind=CustomerKind.PERSON, name="Ada", at=at(days=-9)
            ),
            by="ann",
        )
        solved(crm, 1, timedelta(days=1))
        solved(crm, 2, timedelta(days=2))  # she was asked yesterday
        crm.processes.catch_up()
        offered = [one.event for one in crm.events() if isinstance(one.event, SurveyOffered)]
        if policy is None:
            assert (offered, crm.processes.status()) == ([], [])
            return
        assert [(one.case_id, one.kind, one.channel, one.at) for one in offered] == [
            (uid(1), SurveyKind.NPS, Channel.POST, at(days=1))
        ]
        assert crm.subscriptions.dead_letters("process:offer-survey") == []


def test_who_may_only_read_has_no_process(sqlite_url: str) -> None:
    with crmcore.open(sqlite_url, contexts=[Context(name="pinging", aggregates=[BALL])]) as crm:
        kick(crm, 1)
    with opened(f"{sqlite_url}?mode=ro") as crm:
        assert crm.processes.status() == []
        assert passed(crm) == [1]
    with opened(sqlite_url) as crm:
        assert [one.started_after for one in crm.processes.status()] == [1]


def test_many_writers_at_once_leave_no_chain_half_done(database_url: str) -> None:
    with opened(database_url, at_once()) as crm, ThreadPoolExecutor(4) as pool:
        balls = [number % 6 for number in range(24)]  # several kick the same ball
        list(pool.map(lambda number: kick(crm, 3, number), balls))
        begun = [one.stream for one in crm.events() if one.event.left == 3]
        assert len(begun) == len(set(begun)) == 6
        assert sorted(passed(crm)) == [0] * 6 + [1] * 6 + [2] * 6 + [3] * 6
        assert crm.subscriptions.dead_letters(NAME) == []
        assert crm.verify().intact
