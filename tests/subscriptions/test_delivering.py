"""A subscription is given what it asks for: in order, from its place on, each event under one id."""

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from examples.workshop.context import WORKSHOP, ReceiveBike
from sqlalchemy import inspect

import crmcore
from crmcore.errors import (
    MisuseError,
    StoreReadOnlyError,
    SubscriptionStoppedError,
    UnknownSubscriptionError,
    UnknownTopicError,
)
from crmcore.events import OrderPlaced
from crmcore.subscriptions import Delivery, Retry
from tests.projections.examples import ANN, at
from tests.scenario import uid
from tests.subscriptions.consuming import AT_ONCE, Notes, at_positions, buy, shop, state_of


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    with shop(database_url) as opened:
        yield opened


def test_every_event_is_delivered_in_order_and_once_if_nothing_fails(crm: crmcore.CRM) -> None:
    notes = Notes()
    mailer = crm.subscribe("mailer", notes)
    done = mailer.catch_up()
    assert notes.positions == [1, 2, 3, 4]
    assert (done.delivered, done.dead_letters, done.position) == (4, 0, 4)
    assert [one.recorded for one in notes.seen] == list(crm.events())
    assert {one.attempt for one in notes.seen} == {1}
    assert mailer.catch_up().delivered == 0
    buy(crm, 2)
    assert mailer.catch_up().delivered == 2
    assert notes.positions == [1, 2, 3, 4, 5, 6]


def test_another_process_goes_on_where_the_first_was(database_url: str) -> None:
    first, second = Notes(), Notes()
    with shop(database_url) as crm:
        crm.subscribe("mailer", first).catch_up()
        buy(crm, 1)
    with crmcore.open(database_url) as crm:
        crm.subscribe("mailer", second, start="beginning").catch_up()
    assert (first.positions, second.positions) == ([1, 2, 3, 4], [5])


def test_an_id_is_the_same_for_everyone_and_every_time(crm: crmcore.CRM) -> None:
    one, other = Notes(), Notes()
    crm.subscribe("one", one).catch_up()
    crm.subscribe("other", other, topics=[OrderPlaced]).catch_up()
    crm.subscriptions.reset("one", "beginning")
    crm.subscribe("one", one).catch_up()
    assert one.ids[:4] == one.ids[4:]
    assert other.ids == one.ids[1:4]
    assert len(set(one.ids)) == 4


def test_a_log_that_was_restored_and_went_on_otherwise_gives_no_id_twice(
    sqlite_url: str, tmp_path: Path
) -> None:
    notes = Notes()
    with shop(sqlite_url, orders=0) as crm:
        crm.subscribe("mailer", notes)
    file, copy = tmp_path / "crm.db", tmp_path / "copy.db"
    shutil.copy(file, copy)
    for url in (sqlite_url, f"sqlite:///{copy}"):
        with crmcore.open(url) as crm:
            buy(crm, 1)
            crm.subscribe("mailer", notes).catch_up()
    assert notes.positions == [1, 2, 1, 2]
    assert notes.ids[0] == notes.ids[2]
    assert len(set(notes.ids)) == 3


@pytest.mark.parametrize(
    ("start", "positions"),
    [
        pytest.param("beginning", [1, 2, 3, 4, 5], id="at the beginning"),
        pytest.param("now", [5], id="now"),
        pytest.param(2, [3, 4, 5], id="after a position"),
        pytest.param(0, [1, 2, 3, 4, 5], id="after nothing"),
    ],
)
def test_where_a_subscription_begins(crm: crmcore.CRM, start: Any, positions: list[int]) -> None:
    notes = Notes()
    mailer = crm.subscribe("mailer", notes, start=start)
    buy(crm, 1)
    mailer.catch_up()
    assert notes.positions == positions
    assert state_of(crm, "mailer").started_after == positions[0] - 1


@pytest.mark.parametrize(
    ("asked", "positions"),
    [
        pytest.param({"topics": ["order-placed"]}, [2, 3, 4], id="a topic"),
        pytest.param({"topics": [OrderPlaced]}, [2, 3, 4], id="a class"),
        pytest.param({"topics": ("customer-registered",)}, [1], id="the topic of the first"),
        pytest.param({"contexts": ["sales"]}, [2, 3, 4], id="a context"),
        pytest.param(
            {"contexts": ["sales"], "topics": ["customer-registered"]},
            [1, 2, 3, 4],
            id="a context and a topic",
        ),
        pytest.param({"contexts": ["marketing"]}, [], id="nothing of it"),
    ],
)
def test_what_a_subscription_asks_for(
    crm: crmcore.CRM, asked: dict[str, Any], positions: list[int]
) -> None:
    notes = Notes()
    crm.subscribe("mailer", notes, **asked).catch_up()
    assert notes.positions == positions
    found = state_of(crm, "mailer")
    assert (found.state, found.position) == ("caught up", 4)  # what it was not given is behind it


def test_a_batch_is_given_together_and_is_as_long_as_there_is_something(crm: crmcore.CRM) -> None:
    got: list[list[int]] = []

    def note(batch: list[Delivery]) -> None:
        got.append([one.position for one in batch])

    assert crm.subscribe("loader", note, batch=3).catch_up().delivered == 4
    assert got == [[1, 2, 3], [4]]
    crm.subscribe("orders", note, batch=100, topics=["order-placed"]).catch_up()
    assert got[2:] == [[2, 3, 4]]


def test_a_handler_works_outside_of_any_transaction(crm: crmcore.CRM) -> None:
    """It may record in the same log, on SQLite too, where there is one writer at a time."""

    def buys_again(delivery: Delivery) -> None:
        if delivery.position <= 4:
            buy(crm, 1)

    crm.subscribe("buyer", buys_again).catch_up()
    assert crm.position == 8


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        pytest.param({"name": ""}, "name of a subscription: expected letters", id="no name"),
        pytest.param({"name": "process:x"}, "expected letters", id="the name of a process"),
        pytest.param({"name": "x" * 101}, "at most 100", id="a long name"),
        pytest.param({"handler": 3}, "mailer: handler: expected a function, got 3", id="handler"),
        pytest.param({"batch": 0}, "batch: expected a whole number from 1, got 0", id="batch"),
        pytest.param({"batch": True}, "batch: expected", id="a truth for a batch"),
        pytest.param({"start": 5}, "start: expected .* a position up to 4, got 5", id="beyond"),
        pytest.param({"start": "then"}, "start: expected 'beginning', 'now' or", id="start"),
        pytest.param({"start": -1}, "start: expected", id="before the beginning"),
        pytest.param({"on_failure": "skip"}, "expected 'park' or 'stop'", id="on_failure"),
        pytest.param({"retry": 3}, "retry: expected Retry, got 3", id="retry"),
        pytest.param({"topics": "order-placed"}, "topics: expected a list", id="one topic"),
        pytest.param({"topics": []}, "topics: expected at least one", id="no topic"),
        pytest.param({"contexts": ["sale"]}, "expected some of customers, ", id="context"),
    ],
)
def test_what_cannot_be_is_refused(crm: crmcore.CRM, wrong: dict[str, Any], says: str) -> None:
    right: dict[str, Any] = {"name": "mailer", "handler": print}
    with pytest.raises(MisuseError, match=says):
        crm.subscribe(**(right | wrong))
    assert crm.subscriptions.status() == []


def test_a_topic_that_is_not_there_is_told_with_one_that_is(crm: crmcore.CRM) -> None:
    with pytest.raises(UnknownTopicError, match="'order-place': did you mean order-placed"):
        crm.subscribe("mailer", print, topics=["order-place"])


@pytest.mark.parametrize(
    "wrong",
    [{"attempts": 0}, {"attempts": 1.5}, {"first": -1}, {"factor": 0.5}, {"longest": float("nan")}],
    ids=str,
)
def test_a_retry_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(MisuseError, match=f"retry: {next(iter(wrong))}: expected"):
        Retry(**wrong)


def test_waits_grow_up_to_the_longest_and_differ() -> None:
    retry = Retry(first=1, factor=2, longest=10)
    for failed, most in ((1, 1), (2, 2), (3, 4), (4, 8), (5, 10), (10_000, 10)):
        pauses = {retry.pause(failed) for _ in range(50)}
        assert len(pauses) > 1
        assert most / 2 <= min(pauses) <= max(pauses) <= most


# Failing


def test_a_delivery_that_fails_is_tried_again(crm: crmcore.CRM) -> None:
    notes = Notes(lambda delivery: delivery.position == 2 and delivery.attempt < 3)
    done = crm.subscribe("mailer", notes, retry=AT_ONCE).catch_up()
    assert notes.positions == [1, 2, 2, 2, 3, 4]
    assert [one.attempt for one in notes.seen] == [1, 1, 2, 3, 1, 1]
    assert (done.delivered, done.dead_letters) == (4, 0)
    assert state_of(crm, "mailer").reason is None


def test_after_the_last_attempt_it_is_a_dead_letter_and_the_next_one_comes(
    crm: crmcore.CRM,
) -> None:
    notes = Notes(at_positions(2, 4))
    done = crm.subscribe("mailer", notes, retry=AT_ONCE).catch_up()
    assert notes.positions == [1, 2, 2, 2, 3, 4, 4, 4]
    assert (done.delivered, done.dead_letters, done.position) == (2, 2, 4)
    first, second = crm.subscriptions.dead_letters("mailer")
    assert (first.position, second.position) == (2, 4)
    assert (first.id, first.topic, first.attempts) == (notes.seen[1].id, "order-placed", 3)
    assert first.cause.startswith("ValueError in __call__ (consuming.py, line ")  # no address
    assert state_of(crm, "mailer").dead_letters == (first, second)


def test_a_subscription_may_stop_instead(crm: crmcore.CRM) -> None:
    notes = Notes(at_positions(2))
    mailer = crm.subscribe("mailer", notes, retry=AT_ONCE, on_failure="stop")
    with pytest.raises(SubscriptionStoppedError, match=r"stopped at position 2 \(order-placed\)"):
        mailer.catch_up()
    found = state_of(crm, "mailer")
    assert (found.state, found.position, found.failed_position, found.attempts) == (
        "stopped", 1, 2, 3,
    )  # fmt: skip
    assert crm.subscriptions.dead_letters("mailer") == []
    notes.fails = at_positions()
    assert mailer.catch_up().position == 4
    assert state_of(crm, "mailer").state == "caught up"


def test_a_batch_that_fails_is_halved_down_to_the_event_that_does(crm: crmcore.CRM) -> None:
    buy(crm, 4)
    got: list[list[int]] = []

    def load(batch: list[Delivery]) -> None:
        got.append([one.position for one in batch])
        if 5 in got[-1]:
            raise ValueError

    done = crm.subscribe("loader", load, batch=8, retry=Retry(2, first=0)).catch_up()
    assert got == [[*range(1, 9)]] * 2 + [
        [1, 2, 3, 4], [5, 6, 7, 8], [5, 6], [5], [5], [6], [7, 8],
    ]  # fmt: skip
    assert (done.delivered, done.dead_letters) == (7, 1)
    assert [one.position for one in crm.subscriptions.dead_letters("loader")] == [5]


def test_dead_letters_are_sent_again_in_order_before_anything_new(crm: crmcore.CRM) -> None:
    notes = Notes(at_positions(2, 3, 4))
    mailer = crm.subscribe("mailer", notes, retry=Retry(1))
    mailer.catch_up()
    notes.seen.clear()
    notes.fails = at_positions(4)
    buy(crm, 1)
    assert crm.subscriptions.retry("mailer", [4, 3]) == 2
    done = mailer.catch_up()
    assert notes.positions == [3, 4, 5]
    assert (done.delivered, done.dead_letters, done.sent_again) == (1, 0, 1)
    left = crm.subscriptions.dead_letters("mailer")
    assert [(one.position, one.attempts, one.again) for one in left] == [
        (2, 1, False), (4, 2, False),
    ]  # fmt: skip
    notes.fails = at_positions()
    assert crm.subscriptions.retry("mailer") == 2
    assert mailer.catch_up().sent_again == 2
    assert crm.subscriptions.dead_letters("mailer") == []


def test_dead_letters_can_be_dropped(crm: crmcore.CRM) -> None:
    crm.subscribe("mailer", Notes(at_positions(2, 3, 4)), retry=Retry(1)).catch_up()
    assert crm.subscriptions.discard("mailer", [3, 99]) == 1
    assert [one.position for one in crm.subscriptions.dead_letters("mailer")] == [2, 4]
    assert crm.subscriptions.discard("mailer") == 2
    assert crm.subscriptions.dead_letters("mailer") == []


def test_a_handler_that_always_fails_stops_only_itself(crm: crmcore.CRM) -> None:
    notes = Notes()
    broken = crm.subscribe("broken", Notes(lambda _: True), retry=Retry(1), on_failure="stop")
    with pytest.raises(SubscriptionStoppedError):
        broken.catch_up()
    assert crm.subscribe("mailer", notes).catch_up().delivered == 4
    states = {one.name: one.state for one in crm.subscriptions.status()}
    assert states == {"broken": "stopped", "mailer": "caught up"}


# Operating


def test_the_status_tells_the_lag(crm: crmcore.CRM) -> None:
    crm.subscribe("mailer", Notes(), topics=["order-placed"], start=1)
    found = state_of(crm, "mailer")
    assert (found.state, found.behind, found.holder) == ("behind", 3, None)
    assert found.topics == ("order-placed",)
    waits = found.lag(crm.now())
    assert waits is not None
    assert waits > timedelta(0)
    crm.subscribe("mailer", Notes()).catch_up()
    found = state_of(crm, "mailer")
    assert (found.state, found.behind, found.lag(crm.now())) == ("caught up", 0, None)


def test_a_subscription_is_set_back_and_removed(crm: crmcore.CRM) -> None:
    notes = Notes()
    mailer = crm.subscribe("mailer", notes)
    mailer.catch_up()
    crm.subscriptions.reset("mailer", 2)
    mailer.catch_up()
    assert notes.positions == [1, 2, 3, 4, 3, 4]
    crm.subscriptions.reset("mailer", "beginning")
    crm.subscriptions.reset("mailer", "now")
    assert mailer.catch_up().delivered == 0
    with pytest.raises(MisuseError, match="reset: expected 'beginning', 'now' or a position up to"):
        crm.subscriptions.reset("mailer", 9)
    crm.subscriptions.remove("mailer")
    assert crm.subscriptions.status() == []
    with pytest.raises(UnknownSubscriptionError, match="there is no subscription 'mailer'"):
        mailer.catch_up()


@pytest.mark.parametrize("ask", ["dead_letters", "retry", "discard", "remove"])
def test_a_name_that_is_not_there_is_told(crm: crmcore.CRM, ask: str) -> None:
    with pytest.raises(UnknownSubscriptionError, match="there is none yet"):
        getattr(crm.subscriptions, ask)("mailer")
    crm.subscribe("mailer", print)
    with pytest.raises(UnknownSubscriptionError, match="did you mean mailer"):
        getattr(crm.subscriptions, ask)("mailr")


def test_tables_are_made_at_first_use_in_the_schema_of_the_tenant(
    sqlite_url: str, postgres_url: str
) -> None:
    ours = {"crm_subscriptions", "crm_subscription_dead_letters"}
    for url, schema in ((sqlite_url, None), (postgres_url, "crm_acme")):
        with shop(url, tenant="acme") as crm:
            assert crm.subscriptions.status() == []
            with crm._database.read() as connection:
                assert not ours & set(inspect(connection).get_table_names(schema))
            crm.subscribe("mailer", Notes()).catch_up()
            with crm._database.read() as connection:
                assert ours <= set(inspect(connection).get_table_names(schema))
        with crmcore.open(url) as other:
            assert other.subscriptions.status() == []


def test_a_rebuild_delivers_nothing(crm: crmcore.CRM) -> None:
    notes = Notes()
    crm.subscribe("mailer", notes).catch_up()
    crm.catch_up()
    crm.maintenance.rebuild("orders")
    crm.maintenance.switch("orders")
    crm.subscribe("mailer", notes).catch_up()
    assert notes.positions == [1, 2, 3, 4]


def test_a_topic_that_is_added_counts_from_where_the_subscription_stands(crm: crmcore.CRM) -> None:
    notes = Notes()
    crm.subscribe("mailer", notes, topics=["customer-registered"]).catch_up()
    buy(crm, 1)
    both = crm.subscribe("mailer", notes, topics=["customer-registered", OrderPlaced])
    both.catch_up()
    assert notes.positions == [1, 5]
    assert state_of(crm, "mailer").topics == ("customer-registered", "order-placed")


def test_the_status_tells_of_subscriptions_to_a_context_that_is_not_loaded(sqlite_url: str) -> None:
    bike = ReceiveBike(job_id=uid(77), customer_id=ANN, fault="flat", at=at("2021-01-01"))
    with shop(sqlite_url, orders=0, contexts=[WORKSHOP]) as crm:
        crm.subscribe("mechanic", print, contexts=["workshop"])
        crm.execute(bike, by="kim")
        assert state_of(crm, "mechanic").behind_since is not None
    with crmcore.open(sqlite_url) as crm:
        found = state_of(crm, "mechanic")
        assert (found.state, found.behind, found.behind_since) == ("behind", 2, None)
        crm.subscriptions.reset("mechanic", "now")
        assert state_of(crm, "mechanic").state == "caught up"


def test_who_may_only_read_sees_the_status_and_consumes_nothing(sqlite_url: str) -> None:
    with shop(sqlite_url) as crm:
        crm.subscribe("mailer", print)
    with crmcore.open(f"{sqlite_url}?mode=ro") as crm:
        assert state_of(crm, "mailer").state == "behind"
        with pytest.raises(StoreReadOnlyError):
            crm.subscribe("mailer", print).catch_up()
        with pytest.raises(StoreReadOnlyError):
            crm.subscribe("other", print)


@pytest.mark.parametrize("handler", [Notes(), print], ids=["a handler", "a function"])
def test_an_empty_log_is_caught_up(sqlite_url: str, handler: Any) -> None:
    with crmcore.open(sqlite_url) as crm:
        assert crm.subscribe("mailer", handler).catch_up().position == 0
        assert state_of(crm, "mailer").state == "caught up"
