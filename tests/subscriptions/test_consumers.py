"""One consumer works, the others wait and take over; who was taken over moves nothing any more."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import pytest
from sqlalchemy import create_engine, select, text

import crmcore
from crmcore.errors import SubscriptionStoppedError
from crmcore.subscriptions import Delivery, Retry, Subscription, lease
from crmcore.subscriptions.places import Places, places_table
from tests.patience import PATIENCE, eventually
from tests.subscriptions.consuming import Notes, at_positions, buy, shop, state_of


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    with shop(database_url) as opened:
        yield opened


def looking_often(subscription: Subscription, lease: float = 3_600.0) -> Subscription:
    """The same, which looks often whether it may work; with a lease that lapses within a test or not."""
    desk = attrs.evolve(subscription._desk, lease_seconds=lease, every=0.05)
    return attrs.evolve(subscription, desk=desk)


@contextmanager
def running(subscription: Subscription, waits: list[str] | None = None) -> Iterator[None]:
    stop = threading.Event()
    told = [] if waits is None else waits
    thread = threading.Thread(target=subscription.run, args=(stop, told.append))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_following_delivers_what_is_recorded_meanwhile(crm: crmcore.CRM) -> None:
    notes = Notes()
    with crm.subscribe("mailer", notes).follow():
        buy(crm, 2)
        eventually(lambda: notes.positions == [1, 2, 3, 4, 5, 6])
        assert state_of(crm, "mailer").holder
    assert state_of(crm, "mailer").holder is None


def test_what_another_process_records_is_delivered(database_url: str) -> None:
    notes = Notes()
    with shop(database_url) as crm, crm.subscribe("mailer", notes).follow():
        with crmcore.open(database_url) as other:
            buy(other, 1)
        eventually(lambda: 5 in notes.positions)


def test_of_two_consumers_one_works_and_the_other_takes_over(database_url: str) -> None:
    first, second, waits = Notes(), Notes(), list[str]()
    with shop(database_url) as crm, crmcore.open(database_url) as other:
        theirs = looking_often(other.subscribe("mailer", second))
        with running(looking_often(crm.subscribe("mailer", first))):
            eventually(lambda: first.positions == [1, 2, 3, 4])
            with running(theirs, waits):
                eventually(lambda: bool(waits))
                assert waits == [state_of(crm, "mailer").holder]
                buy(crm, 1)
                eventually(lambda: first.positions == [1, 2, 3, 4, 5])
                assert second.positions == []
        with running(theirs):
            buy(crm, 1)
            eventually(lambda: second.positions == [6])
    assert first.positions == [1, 2, 3, 4, 5]


def test_a_lease_is_renewed_while_a_handler_works(
    crm: crmcore.CRM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "SIGNS", 36_000)  # ten a second
    busy, go_on, second = threading.Event(), threading.Event(), Notes()

    def works(_delivery: Delivery) -> None:
        busy.set()
        go_on.wait(PATIENCE)

    def leased_until() -> int:
        with crm._database.read() as connection:
            schema = crm._database.tables.events.schema
            found: int = connection.execute(
                select(places_table(schema).c.leased_until)
            ).scalar_one()
            return found

    with running(looking_often(crm.subscribe("mailer", works, start=3))):
        assert busy.wait(PATIENCE)
        holder, first = state_of(crm, "mailer").holder, leased_until()
        with running(looking_often(crm.subscribe("mailer", second))):
            eventually(lambda: leased_until() > first)
            assert state_of(crm, "mailer").holder == holder
            assert state_of(crm, "mailer").state == "working"
            go_on.set()
            eventually(lambda: state_of(crm, "mailer").state == "caught up")
    assert second.positions == []


def test_who_was_taken_over_moves_nothing_any_more(crm: crmcore.CRM) -> None:
    """The first is asleep in its handler for so long that its lease lapses."""
    busy, go_on, second = threading.Event(), threading.Event(), Notes()
    first = Notes()

    def sleeps(delivery: Delivery) -> None:
        first(delivery)
        if len(first.seen) == 1:
            busy.set()
            go_on.wait(PATIENCE)

    sleeper = looking_often(crm.subscribe("mailer", sleeps), lease=0.5)
    stop = threading.Event()
    thread = threading.Thread(target=sleeper.run, args=(stop,))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Places, "renew", lambda *_: True)  # as if its machine stood still
        thread.start()
        assert busy.wait(PATIENCE)
        looking_often(crm.subscribe("mailer", second)).catch_up()
    assert second.positions == [1, 2, 3, 4]
    go_on.set()
    buy(crm, 1)
    eventually(lambda: 5 in first.positions)
    stop.set()
    thread.join()
    assert first.positions == [1, 5]  # the first again: at least once
    assert first.ids[0] == second.ids[0]
    assert state_of(crm, "mailer").position == 5


def test_catching_up_waits_for_the_one_who_works(crm: crmcore.CRM) -> None:
    go_on, second = threading.Event(), Notes()
    with running(looking_often(crm.subscribe("mailer", lambda _: go_on.wait(PATIENCE)))):
        eventually(lambda: state_of(crm, "mailer").state == "working")
        threading.Timer(0.3, go_on.set).start()
        done = looking_often(crm.subscribe("mailer", second)).catch_up()
    assert (done.delivered, done.position) == (0, 4)
    assert second.positions == []


def test_who_is_set_back_while_at_work_goes_on_from_there(crm: crmcore.CRM) -> None:
    busy, go_on, notes = threading.Event(), threading.Event(), Notes()

    def works(delivery: Delivery) -> None:
        notes(delivery)
        if delivery.position == 3:
            busy.set()
            go_on.wait(PATIENCE)

    with running(looking_often(crm.subscribe("mailer", works))):
        assert busy.wait(PATIENCE)
        crm.subscriptions.reset("mailer", 1)
        go_on.set()
        eventually(lambda: notes.positions == [1, 2, 3, 2, 3, 4])


def test_what_is_removed_while_it_is_followed_is_followed_no_more(
    crm: crmcore.CRM, caplog: pytest.LogCaptureFixture
) -> None:
    notes = Notes()
    with caplog.at_level(logging.WARNING), looking_often(crm.subscribe("mailer", notes)).follow():
        eventually(lambda: notes.positions == [1, 2, 3, 4])
        crm.subscriptions.remove("mailer")
        buy(crm, 1)
        eventually(lambda: "was removed" in caplog.text)
    assert crm.subscriptions.status() == []


def test_a_wait_to_try_again_ends_when_it_is_told_to(crm: crmcore.CRM) -> None:
    notes = Notes(at_positions(1))
    day = Retry(first=86_400, longest=86_400)
    with crm.subscribe("mailer", notes, retry=day).follow():
        eventually(lambda: state_of(crm, "mailer").state == "retrying")
        found = state_of(crm, "mailer")
        assert (found.failed_position, found.attempts) == (1, 1)
        assert found.reason.startswith("ValueError in __call__")
    assert notes.positions == [1]
    assert state_of(crm, "mailer").position == 0


def test_a_stop_is_logged_and_the_thread_ends(
    crm: crmcore.CRM, caplog: pytest.LogCaptureFixture
) -> None:
    broken = crm.subscribe("mailer", Notes(at_positions(2)), retry=Retry(1), on_failure="stop")
    with caplog.at_level(logging.WARNING), broken.follow():
        eventually(lambda: "stopped at position 2" in caplog.text)
    assert "ann@example.com" not in caplog.text
    assert state_of(crm, "mailer").state == "stopped"
    stop = threading.Event()
    with pytest.raises(SubscriptionStoppedError):
        broken.run(stop)


def test_dead_letters_are_sent_again_by_the_one_who_follows(crm: crmcore.CRM) -> None:
    notes = Notes(at_positions(2))
    with crm.subscribe("mailer", notes, retry=Retry(1)).follow():
        eventually(lambda: notes.positions == [1, 2, 3, 4])
        notes.fails = at_positions()
        crm.subscriptions.retry("mailer")
        eventually(lambda: notes.positions == [1, 2, 3, 4, 2])
        eventually(lambda: not crm.subscriptions.dead_letters("mailer"))


def test_a_lost_connection_is_gone_on_after(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    killer, notes = create_engine(postgres_url), Notes()
    with (
        caplog.at_level(logging.CRITICAL),
        shop(postgres_url) as crm,
        looking_often(crm.subscribe("mailer", notes)).follow(),
    ):
        eventually(lambda: notes.positions == [1, 2, 3, 4])
        with killer.begin() as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        buy(crm, 1)
        eventually(lambda: notes.positions[-1:] == [5])
    killer.dispose()


def test_a_log_that_was_restored_is_noticed_until_it_is_reset(crm: crmcore.CRM) -> None:
    notes = Notes()
    mailer = crm.subscribe("mailer", notes)
    mailer.catch_up()
    with crm._database.write() as connection:
        table = places_table(crm._database.tables.events.schema)
        connection.execute(table.update().values(link=b"another".ljust(32)))
    found = state_of(crm, "mailer")
    assert found.state == "reset needed"
    assert "the record at position 4 is not the one that it has seen" in found.reason
    with pytest.raises(SubscriptionStoppedError, match=r"restored .* subscriptions reset mailer"):
        mailer.catch_up()
    crm.subscriptions.reset("mailer", 4)
    buy(crm, 1)
    mailer.catch_up()
    assert notes.positions == [1, 2, 3, 4, 5]


def test_many_followers_listen_on_one_connection(postgres_url: str) -> None:
    def listening() -> int:
        with engine.connect() as connection:
            ours = "query LIKE 'LISTEN%' AND datname = current_database()"
            found: int = connection.scalar(
                text(f"SELECT count(*) FROM pg_stat_activity WHERE {ours}")
            )
            return found

    engine = create_engine(postgres_url)
    with shop(postgres_url) as crm:
        one, other = Notes(), Notes()
        first, second = crm.subscribe("one", one), crm.subscribe("other", other)
        with first.follow():
            with second.follow(), crm.follow():
                eventually(lambda: listening() == 1)
                eventually(lambda: one.positions == other.positions == [1, 2, 3, 4])
                assert listening() == 1
            buy(crm, 1)
            eventually(lambda: one.positions == [1, 2, 3, 4, 5])
            assert listening() == 1
        eventually(lambda: listening() == 0)
        with second.follow():
            eventually(lambda: other.positions == [1, 2, 3, 4, 5])
            eventually(lambda: listening() == 1)
    engine.dispose()
