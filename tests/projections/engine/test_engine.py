"""The engine: where projections stand, who may move them, and what survives what."""

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    insert,
    select,
)

import crmcore
from crmcore.application.log import Place, Recorded
from crmcore.domain.customers.customer.messages.registration import CustomerRegistered
from crmcore.errors import ProjectionStoppedError, StoreBusyError
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.policies import LoyaltyProgram, Policies, Tier
from crmcore.projections.engine.columns import Exact, Instant
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.projection import Projection, Rows
from crmcore.testing.rows import following
from tests.histories import Clock, a_rich_history, send
from tests.patience import eventually
from tests.projections.contract import catch_up, check
from tests.projections.engine.hosting import Through
from tests.projections.examples import ANN, at, known, named, order
from tests.scenario import uid

MAY = at("2025-05-01")


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    """A log on each database."""
    with crmcore.open(database_url, clock=Clock()) as opened:
        yield opened


def states(crm: crmcore.CRM) -> dict[str, str]:
    return {status.name: status.state for status in crm.status()}


# Before the first catch-up


@pytest.mark.parametrize(
    "ask",
    [
        lambda read: read.customers.history(ANN),
        lambda read: read.loyalty.get(ANN, now=MAY),
        lambda read: read.loyalty.tiers(),
        lambda read: read.cases.get("C-1", as_of=MAY),
        lambda read: read.cases.find(as_of=MAY),
        lambda read: read.service_levels.compliance(as_of=MAY),
        lambda read: read.customers.find("Ann").items,
        lambda read: read.campaigns.find().items,
    ],
)
def test_a_question_before_the_first_catch_up_says_what_to_do(
    crm: crmcore.CRM, ask: Callable[[Any], object]
) -> None:
    with pytest.raises(ProjectionStoppedError, match="has no rows yet: run"):
        ask(crm.read)
    assert set(states(crm).values()) == {"not begun"}


def test_an_empty_log_is_caught_up_at_once(crm: crmcore.CRM) -> None:
    crm.catch_up()
    assert set(states(crm).values()) == {"caught up"}
    assert crm.read.customers.find("Ann").items == ()
    assert crm.read.campaigns.find().items == ()


def test_status_counts_what_is_behind_and_progress_tells_of_each_batch(crm: crmcore.CRM) -> None:
    send(crm, known(ANN))
    crm.catch_up()
    send(crm, [order(n, "1", MAY) for n in range(5)])
    assert {status.behind for status in crm.status()} == {5}
    assert set(states(crm).values()) == {"behind"}
    seen: list[tuple[str, int, int]] = []
    following(crm, batch=2).catch_up(lambda *progress: seen.append(progress))
    assert [at for name, at, _ in seen if name == "loyalty_status"] == [4, 6, 7]
    assert {status.behind for status in crm.status()} == {0}


# Rows and checkpoint are one


def test_rows_and_checkpoint_commit_together(
    crm: crmcore.CRM, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_given: object) -> None:
        raise RuntimeError("the power went")

    send(crm, [*known(ANN), order(1, "5", MAY)])
    crm.catch_up()
    send(crm, [order(2, "7", MAY)])
    with monkeypatch.context() as patch:
        patch.setattr(Registry, "advance", fail)
        with pytest.raises(RuntimeError, match="the power went"):
            crm.catch_up()
    status: Any = crm.read.loyalty.get(ANN, now=MAY)
    assert status.points == 5
    assert "stopped" in states(crm).values()
    crm.catch_up()
    check(crm)


@attrs.define
class Interrupted(Through):
    """A log to which somebody appends just after its head was read."""

    between: Callable[[], None]

    def head(self, connection: Connection) -> Place:
        head = self.source.head(connection)
        self.between()
        return head


def test_an_append_between_the_head_and_the_events_is_counted_once(postgres_url: str) -> None:
    with crmcore.open(postgres_url, clock=Clock()) as crm:
        send(crm, [*known(ANN), order(1, "5", MAY)])
        late = iter([[order(2, "7", MAY)], [order(3, "9", MAY)]])
        source = Interrupted(crm._core.source, lambda: send(crm, next(late, [])))
        following(crm, source=source).catch_up()
        crm.catch_up()
        check(crm)


# Drift


def test_another_program_needs_a_rebuild_and_is_not_followed(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        send(crm, [*known(ANN), order(1, "5", MAY)])
        crm.catch_up()
    program = LoyaltyProgram(
        version="2", points_per_unit=Decimal(2), tiers=(Tier("all", Decimal(0)),)
    )
    with crmcore.open(database_url, clock=Clock(), policies=Policies(loyalty=program)) as crm:
        send(crm, [order(2, "7", MAY)])
        with pytest.raises(ProjectionStoppedError, match="loyalty_status: rebuild needed"):
            crm.catch_up()
        found = states(crm)
        assert found.pop("loyalty_status") == "rebuild needed"
        assert set(found.values()) == {"caught up"}
        status: Any = crm.read.loyalty.get(ANN, now=MAY)
        assert status.points == 5  # the old rows go on answering
    with crmcore.open(database_url, clock=Clock()) as crm:
        crm.catch_up()
        check(crm)


def people(*columns: Column[Any], **changes: Any) -> Projection:
    """A host's own read model, in one of several versions."""
    table = Table(
        "people", MetaData(), Column("id", Text, primary_key=True), *columns, *changes.pop("by", ())
    )

    def note(_event: object, recorded: Recorded, rows: Rows) -> None:
        rows.put(table, {"id": str(recorded.subject_id)})

    kinds = changes.pop("kinds", (CustomerRegistered,))
    handlers = dict.fromkeys(kinds, note)
    told: dict[str, Any] = {"name": "people", "version": 1, "handlers": handlers, **changes}
    return Projection(tables=(table,), **told)


def since() -> Column[Any]:
    return Column("since", Text)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (people(since(), version=2), "its version is 2, its rows are of 1"),
        (people(), "its tables or its rules"),
        (people(since(), Column("more", Text)), "its tables"),
        (people(Column("since", Instant)), "its tables"),
        (people(Column("since", Integer)), "its tables"),
        (people(Column("since", Text, nullable=False)), "its tables"),
        (people(since(), by=[Index("people_since", "since")]), "its tables"),
        (people(since(), policy="stricter"), "its rules"),
    ],
    ids=[
        "version",
        "column gone",
        "column",
        "type",
        "number",
        "not null",
        "index",
        "policy",
    ],
)
def test_a_changed_definition_is_seen(sqlite_url: str, changed: Projection, reason: str) -> None:
    with crmcore.open(sqlite_url, clock=Clock(), projections=[people(since())]) as crm:
        send(crm, known(ANN))
        crm.catch_up()
    with crmcore.open(sqlite_url, clock=Clock(), projections=[changed]) as crm:
        (status,) = [one for one in crm.status() if one.name == "people"]
        assert status.state == "rebuild needed"
        assert reason in (status.reason or "")
        with pytest.raises(ProjectionStoppedError, match="people: rebuild needed"):
            crm.catch_up()
    with crmcore.open(sqlite_url, clock=Clock(), projections=[people(since())]) as crm:
        crm.catch_up()  # the same definition, made anew, is the same


def test_an_unknown_topic_is_passed_over(crm: crmcore.CRM) -> None:
    send(crm, [*known(ANN), order(1, "5", MAY)])
    with crm._database.write() as connection:
        foreign = NewRecord(str(uid(9)), 1, "moon-landed", "{}", subject_id=str(ANN))
        append(connection, crm._database.tables, [foreign], 0)
    send(crm, [order(2, "5", MAY)])
    crm.catch_up()
    assert {status.position for status in crm.status()} == {crm.position}
    status: Any = crm.read.loyalty.get(ANN, now=MAY)
    assert status.points == 10
    status = crm.read.loyalty.get(ANN, now=MAY, as_of=MAY)
    assert status.points == 10


# Several consumers


def run(*jobs: Callable[[], None]) -> list[BaseException]:
    """Run *jobs* at once, each in a thread; return what went wrong."""
    errors: list[BaseException] = []

    def guarded(job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return errors


def test_threads_that_catch_up_at_once_do_nothing_twice(crm: crmcore.CRM) -> None:
    send(crm, a_rich_history())

    def write() -> None:
        for number in range(100, 112):
            send(crm, [order(number, "3", MAY, customer=uid(8))])

    send(crm, [named("Ida", uid(8))])
    consumers = [lambda batch=batch: catch_up(crm, batch) for batch in (1, 2, 5)]
    assert run(write, *consumers) == []
    crm.catch_up()
    check(crm)


def start_consumer(url: str, batch: int) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "tests.projections.engine.consumer", url, str(batch)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_processes_that_catch_up_at_once_do_nothing_twice(
    crm: crmcore.CRM, database_url: str
) -> None:
    send(crm, [*a_rich_history(), *(order(n, "3", MAY, customer=uid(8)) for n in range(9))])
    consumers = [start_consumer(database_url, batch) for batch in (2, 3)]
    assert [consumer.communicate() and consumer.returncode for consumer in consumers] == [0, 0]
    assert {status.behind for status in crm.status()} == {0}
    check(crm)


def test_a_consumer_that_is_killed_loses_nothing_and_repeats_nothing(
    crm: crmcore.CRM, database_url: str
) -> None:
    send(crm, a_rich_history())
    for lines in (1, 9, 30):
        consumer = start_consumer(database_url, 1)
        assert consumer.stdout is not None
        for _ in range(lines):
            consumer.stdout.readline()
        consumer.send_signal(signal.SIGKILL)
        consumer.communicate()
        assert consumer.returncode == -signal.SIGKILL
    begun = [status.position for status in crm.status() if status.generation is not None]
    assert any(begun)
    crm.catch_up()
    check(crm)


def test_a_second_consumer_waits_for_the_first(postgres_url: str) -> None:
    with crmcore.open(postgres_url, clock=Clock()) as crm:
        send(crm, a_rich_history())
        crm.catch_up()
        send(crm, known(ANN))
        second = threading.Thread(target=crm.catch_up)
        with crm._database.write() as connection:
            Registry(None).claim(connection, "loyalty_status")
            second.start()
            names = [one.name for one in crm.projections]
            before = set(names[: names.index("loyalty_status")])

            def done() -> set[str]:
                return {status.name for status in crm.status() if not status.behind}

            eventually(lambda: done() == before)
            second.join(0.3)
            assert second.is_alive()
            assert done() == before
        second.join()
        assert {status.behind for status in crm.status()} == {0}


# In the background


def followers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "crmcore-follow"]


def test_following_shows_new_events_and_ends_with_its_block(crm: crmcore.CRM) -> None:
    with crm.follow(every=0.01):
        for number in range(1, 4):
            send(crm, known(ANN) if number == 1 else [order(number, "5", MAY)])
            eventually(lambda: all(status.state == "caught up" for status in crm.status()))
        assert len(followers()) == 1
    assert followers() == []
    check(crm)


def test_following_goes_on_past_a_projection_that_stopped(
    crm: crmcore.CRM, caplog: pytest.LogCaptureFixture
) -> None:
    send(crm, a_rich_history())
    events = crm._database.tables.events
    (bad,) = [one.position for one in crm.events() if one.topic == "order-placed"]
    with crm._database.write() as connection:
        connection.execute(events.update().where(events.c.position == bad).values(data=""))
    with caplog.at_level(logging.WARNING), crm.follow(every=0.01):
        eventually(lambda: states(crm)["service_levels"] == "caught up")
        eventually(lambda: states(crm)["loyalty_status"] == "stopped")
        send(crm, [named("Late", uid(8))])
        eventually(lambda: bool(crm.read.customers.find("Late").items))
    assert f"loyalty_status: stopped at position {bad}" in caplog.text


@attrs.define
class Failing(Through):
    """A log whose database is in trouble a few times."""

    trouble: list[Exception]

    def write(self) -> AbstractContextManager[Connection]:
        if self.trouble:
            raise self.trouble.pop()
        return super().write()


def test_following_survives_trouble_with_the_database(
    crm: crmcore.CRM, caplog: pytest.LogCaptureFixture
) -> None:
    send(crm, a_rich_history())
    noting = RuntimeError("while the reason is written down")
    trouble = [StoreBusyError("crm.db: locked"), noting, RuntimeError("of another kind")]
    stop = threading.Event()
    patient = following(crm, source=Failing(crm._core.source, trouble), retry=0.01)
    thread = threading.Thread(target=patient.follow, args=(stop, partial(stop.wait, 0.01)))
    thread.start()
    try:
        eventually(lambda: set(states(crm).values()) == {"caught up"})
    finally:
        stop.set()
        thread.join()
    assert "crm.db: locked" in caplog.text
    assert "RuntimeError in write (" in caplog.text  # its text might tell of a person
    check(crm)


def test_following_stops_between_batches(crm: crmcore.CRM) -> None:
    send(crm, a_rich_history())
    stop = threading.Event()

    class Stopping(Registry):
        def advance(
            self, connection: Connection, at: Checkpoint, to: Place, topics: Any = None
        ) -> None:
            super().advance(connection, at, to, topics)
            stop.set()

    following(crm, batch=1, registry=Stopping(None)).follow(stop, stop.wait)
    assert [status.position for status in crm.status()] == [1, *[0] * (len(crm.projections) - 1)]
    crm.catch_up()
    check(crm)


# What columns keep


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    amount=st.builds(
        lambda digits, places: Decimal(digits).scaleb(-places),
        st.integers(-(10**25), 10**25),
        st.integers(-3, 15),
    ),
    instant=st.datetimes(datetime(1900, 1, 1), datetime(8999, 1, 1)),  # noqa: DTZ001
    hours=st.integers(-12, 12),
)
def test_columns_give_back_what_went_in(
    keeping: tuple[Any, Table], amount: Decimal, instant: datetime, hours: int
) -> None:
    engine, table = keeping
    aware = instant.replace(tzinfo=UTC) + timedelta(hours=hours)
    empty = {"amount": None, "instant": None}
    with engine.begin() as connection:
        connection.execute(table.delete())
        connection.execute(insert(table), [{"amount": amount, "instant": aware}, empty])
        found = connection.execute(select(table).order_by(table.c.amount.is_(None))).all()
    assert tuple(found[0]) == (amount, aware)
    assert tuple(found[1]) == (None, None)


@pytest.fixture
def keeping(database_url: str) -> Iterator[tuple[Any, Table]]:
    """A table with the engine's own column types."""
    table = Table("kept", MetaData(), Column("amount", Exact), Column("instant", Instant))
    engine = create_engine(database_url)
    table.create(engine)
    yield engine, table
    engine.dispose()
