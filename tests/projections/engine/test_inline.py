"""Inline read models: rows that commit with the events, and never stand in a command's way."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, func, select, text
from sqlalchemy.event import listen

import crmcore
from crmcore import commands as ask
from crmcore import errors
from crmcore.domain.kernel import Command
from crmcore.projections.engine.follow.batch import Batch
from crmcore.projections.engine.follow.status import Status
from crmcore.projections.engine.poison.dead_letters import Policy
from crmcore.projections.engine.projection import Projection
from tests.histories import Clock, a_rich_history, histories, send
from tests.projections.contract import check, comparable, fresh, rows_of
from tests.projections.engine.hosting import (
    COUNTED,
    FIRST,
    SECOND,
    Wrapped,
    generations,
    guests,
    noting,
    shown,
)
from tests.projections.examples import ANN, BEN, at, known, named, order
from tests.scenario import uid

ALL = (
    "customer_history",
    "customer_directory",
    "loyalty_status",
    "service_levels",
    "campaign_results",
    "feedback",
    "orders",
    "leads",
    "opportunities",
)

number = count()


@contextmanager
def counting(
    url: str, projection: Projection = SECOND, **particulars: Any
) -> Iterator[crmcore.CRM]:
    """A log whose host counts names inline."""
    told: dict[str, Any] = {"inline": ["guests"], "clock": Clock(), **particulars}
    with crmcore.open(url, projections=[projection], **told) as crm:
        yield crm


def change(crm: crmcore.CRM, **changes: Any) -> None:
    """Let *crm* fold inline with other settings."""
    inline = attrs.evolve(crm._core.inline, **changes)
    log = attrs.evolve(crm._core.log, recorded=inline.fold)
    crm._core.service = attrs.evolve(crm._core.service, log=log)


def correct(name: str, customer: int = 1) -> ask.CorrectCustomerName:
    return ask.CorrectCustomerName(customer_id=uid(customer), name=name, at=at("2021-01-01"))


def stands(crm: crmcore.CRM, name: str = "guests") -> Status:
    return next(status for status in crm.status() if status.name == name)


def counted(crm: crmcore.CRM) -> dict[str, int]:
    return {row["name"]: row["names"] for row in shown(crm, COUNTED)}


def warnings_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if "left to whoever" in one.getMessage()]


# What is read right after a command


def test_your_own_write_is_read_at_once(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock(), inline=ALL) as crm:
        send(crm, known(ANN))
        crm.execute(order(1, "5", at("2025-05-01")), by="test")
        status = crm.read.loyalty.get(ANN)
        assert status is not None
        assert status.orders == 1
        assert {one.state for one in crm.status()} == {"caught up"}
        check(crm)


def test_only_what_is_named_is_kept_inline(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock(), inline="loyalty_status") as crm:
        send(crm, a_rich_history())
        states = {one.name: one.state for one in crm.status()}
        assert states.pop("loyalty_status") == "caught up"
        assert set(states.values()) == {"not begun"}


@pytest.mark.parametrize("inline", ["loyalty", ["loyalty_status", "loyalty"]])
def test_a_name_that_nobody_knows_is_refused(database_url: str, inline: Sequence[str]) -> None:
    with pytest.raises(errors.UnknownProjectionError, match="did you mean loyalty_status"):
        crmcore.open(database_url, inline=inline)


@settings(max_examples=15, deadline=None)
@given(histories(), st.integers(1, 40))
def test_rows_are_those_of_following_and_of_a_naive_recomputation(
    history: list[Command], sent: int
) -> None:
    with fresh() as following, fresh(inline=ALL) as inline:
        check_both(following, inline, history, sent)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories(), sent=st.integers(1, 40))
def test_on_postgresql_too(postgres_url: str, history: list[Command], sent: int) -> None:
    tenant = f"t{next(number)}"
    with (
        fresh() as following,
        crmcore.open(postgres_url, tenant=tenant, clock=Clock(), inline=ALL) as inline,
    ):
        check_both(following, inline, history, sent)


def check_both(
    following: crmcore.CRM, inline: crmcore.CRM, history: list[Command], sent: int
) -> None:
    for crm in following, inline:
        for start in range(0, len(history), sent):
            send(crm, history[start : start + sent])
    following.catch_up()
    check(inline)
    for projection in following.projections:
        ours, theirs = rows_of(inline, projection), rows_of(following, projection)
        assert comparable(ours) == comparable(theirs)
    if following.position:
        assert [attrs.evolve(one, behind_since=None) for one in inline.status()] == [
            attrs.evolve(one, behind_since=None) for one in following.status()
        ]


def test_tenants_have_rows_of_their_own(database_url: str) -> None:
    for tenant in ("acme", "globex"):
        with counting(database_url, tenant=tenant) as crm:
            crm.execute(named(tenant, uid(1)), by="test")
    for tenant in ("acme", "globex"):
        with counting(database_url, tenant=tenant) as crm:
            assert counted(crm) == {tenant: 1}


# Once for each transaction


@pytest.fixture
def folds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The positions from which was folded."""
    seen, fold_on = list[int](), Batch.fold_on

    def noted(self: Batch, connection: Any, projection: Any, at: Any, head: Any) -> Any:
        seen.append(at.position)
        return fold_on(self, connection, projection, at, head)

    monkeypatch.setattr(Batch, "fold_on", noted)
    return seen


def test_a_batch_is_folded_once_and_what_is_refused_leaves_no_row(
    database_url: str, folds: list[int]
) -> None:
    names: list[Command] = [
        named("Ann", uid(1)),
        correct("Nobody", 7),
        correct("Anna"),
        named("Ben", uid(2)),
    ]
    with counting(database_url) as crm:
        done = crm.execute_many(names, by="test")
        assert [one.index for one in done.refused] == [1]
        assert counted(crm) == {"Anna": 2, "Ben": 1}
        assert folds == [0]
        crm.execute_many([correct("Ann"), correct("Anna"), correct("Eve")], by="test", batch=2)
        assert counted(crm) == {"Eve": 5, "Ben": 1}
        assert folds == [0, 3, 5]


def test_what_records_nothing_folds_nothing(database_url: str, folds: list[int]) -> None:
    with counting(database_url) as crm:
        command_id = uid(33)
        first = crm.execute(named("Ann", uid(1)), by="test", command_id=command_id)
        again = crm.execute(named("Ann", uid(1)), by="test", command_id=command_id)
        assert (again.position, again.repeated) == (first.position, True)
        assert not crm.execute(named("Ann", uid(1)), by="test").events
        with pytest.raises(errors.NotFoundError):
            crm.execute(correct("Nobody", 7), by="test")
        assert folds == [0]
        assert counted(crm) == {"Ann": 1}


# The host's own transaction


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


def seen_by(connection: Connection) -> list[tuple[Any, ...]]:
    query = text("SELECT name, names FROM guests ORDER BY name")
    return [tuple(row) for row in connection.execute(query)]


@pytest.mark.parametrize("begun", [True, False], ids=["begun", "not begun"])
def test_rows_are_part_of_the_hosts_transaction(
    database_url: str, engine: Engine, begun: bool
) -> None:
    with counting(database_url) as crm:
        if begun:
            crm.execute(named("Zoe", uid(9)), by="test")
        before = [("Zoe", 1)] if begun else []
        with engine.connect() as connection, connection.begin() as transaction:
            crm.execute(named("Ann", uid(1)), by="test", connection=connection)
            crm.execute(correct("Anna"), by="test", connection=connection)
            assert seen_by(connection) == [("Anna", 2), *before]
            transaction.rollback()
        assert crm.position == len(before)
        assert stands(crm).state == ("caught up" if begun else "not begun")
        with engine.begin() as connection:
            crm.execute(named("Ann", uid(1)), by="test", connection=connection)
        assert counted(crm) == {"Ann": 1, **dict(before)}


def test_what_the_host_undoes_in_part_is_undone_in_rows_too(
    database_url: str, engine: Engine
) -> None:
    with counting(database_url) as crm:
        with engine.begin() as connection:
            crm.execute(named("Ann", uid(1)), by="test", connection=connection)
            savepoint = connection.begin_nested()
            crm.execute(correct("Anna"), by="test", connection=connection)
            savepoint.rollback()
            with pytest.raises(errors.NotFoundError):
                crm.execute(correct("Nobody", 7), by="test", connection=connection)
            crm.execute(correct("Eve"), by="test", connection=connection)
        assert counted(crm) == {"Eve": 2}


# What stands in the way of a read model stands in no command's way


def is_eve(event: Any) -> bool:
    return bool(event.name == "Eve")


NAMED = [named("Ann", uid(1)), named("Eve", uid(2)), named("Ben", uid(3))]


@pytest.mark.parametrize("together", [True, False], ids=["one transaction", "three"])
@pytest.mark.parametrize("policy", Policy)
def test_poison_never_refuses_a_command(
    database_url: str, policy: Policy, together: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with counting(database_url, noting([], policy, is_eve)) as crm:
        assert not crm.execute_many(NAMED, by="test", batch=500 if together else 1).refused
        assert crm.position == 3
        status = stands(crm)
        if policy is Policy.STOP:
            assert (status.state, status.position) == ("stopped", 1)
            assert "position 2 (customer-registered): RuntimeError" in str(status.reason)
            assert counted(crm) == {"Ann": 1}
            assert len(warnings_of(caplog)) == 1
        else:
            assert (status.state, status.position) == ("caught up", 3)
            assert [(one.position, one.policy) for one in status.dead_letters] == [(2, policy)]
            assert counted(crm) == {"Ann": 1, "Ben": 1}
    with counting(database_url, noting([], policy, lambda _: False)) as mended:
        mended.catch_up()
        if policy is not Policy.STOP:
            mended.maintenance.retry("guests")
        mended.execute(correct("Eva", 2), by="test")
        assert counted(mended) == {"Ann": 1, "Ben": 1, "Eva": 2}


def test_rows_that_the_database_refuses_are_poison_too(database_url: str) -> None:
    def nameless(event: Any, recorded: Any, rows: Any) -> None:
        name = None if is_eve(event) else event.name
        rows.put(COUNTED, {"customer_id": str(recorded.subject_id), "name": name, "names": 1})

    with counting(database_url, guests(nameless, COUNTED, version=2)) as crm:
        assert not crm.execute_many(NAMED, by="test").refused
        assert (crm.position, stands(crm).state, stands(crm).position) == (3, "stopped", 1)
        assert counted(crm) == {"Ann": 1}


def test_rows_of_another_definition_are_left_alone(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with counting(database_url, FIRST) as crm:
        crm.execute(named("Ann", uid(1)), by="test")
    with counting(database_url) as crm:
        for name in ("Anna", "Anne"):
            crm.execute(correct(name), by="test")
        assert stands(crm).state == "rebuild needed"
        assert [row["name"] for row in shown(crm)] == ["Ann"]
        (warning,) = warnings_of(caplog)
        assert warning.startswith("guests is left to whoever follows or catches up: rebuild needed")
        crm.maintenance.rebuild("guests")
        crm.maintenance.switch("guests")
        crm.execute(correct("Ann"), by="test")
        assert counted(crm) == {"Ann": 4}


def test_a_long_backlog_is_not_folded_within_a_command(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock(), projections=[SECOND]) as crm:
        send(crm, [named("Ann", uid(1)), correct("Anna"), correct("Anne"), correct("Ann")])
    with counting(database_url) as crm:
        change(crm, batch=3)
        crm.execute(correct("Eve"), by="test")
        assert stands(crm).state == "not begun"
        crm.catch_up()
        assert counted(crm) == {"Eve": 5}
        send(crm, [correct(name) for name in ("a", "b", "c", "d", "e", "f", "g")])
        assert counted(crm) == {"g": 12}, "a transaction's own events are always folded"
    with crmcore.open(database_url, clock=Clock(), projections=[SECOND]) as crm:
        send(crm, [correct(name) for name in ("a", "b", "c", "d")])
    with counting(database_url) as crm:
        change(crm, batch=3)
        crm.execute(correct("e"), by="test")
        assert (stands(crm).state, stands(crm).behind) == ("behind", 5)
        change(crm, batch=5)
        crm.execute(correct("f"), by="test")
        assert counted(crm) == {"f": 18}


def test_an_error_in_folding_leaves_rows_and_checkpoint_as_they_were(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("a bug")

    with counting(database_url) as crm:
        crm.execute(named("Ann", uid(1)), by="test")
        change(crm, source=Wrapped(crm._core.source, fail))
        for name in ("Anna", "Anne"):
            crm.execute(correct(name), by="test")
        assert (crm.position, stands(crm).state, stands(crm).position) == (3, "behind", 1)
        assert counted(crm) == {"Ann": 1}
        (warning,) = warnings_of(caplog)
        said = (
            "guests is left to whoever follows or catches up: RuntimeError in fail (test_inline.py,"
        )
        assert warning.startswith(said)
        change(crm, source=crm._core.source)
        crm.execute(correct("Eve"), by="test")
        assert counted(crm) == {"Eve": 4}


def test_rows_that_were_dropped_refuse_no_command(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with counting(database_url) as crm:
        crm.execute(named("Ann", uid(1)), by="test")
        with crm._database.write() as connection:
            connection.exec_driver_sql("DROP VIEW guests")
            connection.exec_driver_sql("DROP TABLE guests__g1")
        crm.execute(correct("Anna Secret"), by="test")
        assert (crm.position, stands(crm).state) == (2, "behind")
        assert len(warnings_of(caplog)) == 1
        assert "Secret" not in caplog.text


class GivingUp(Wrapped):
    """A database that gives up the transaction: SQLite on some errors, a server that goes away."""

    def insert(self, connection: Connection, *_rows: Any, **_: Any) -> None:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("ROLLBACK")
            connection.exec_driver_sql("INSERT INTO no_such_table VALUES (1)")
        connection.exec_driver_sql("SELECT pg_terminate_backend(pg_backend_pid())")


def test_a_database_that_gives_up_the_transaction_fails_the_command(database_url: str) -> None:
    with counting(database_url) as crm:
        crm.execute(named("Ann", uid(1)), by="test")
        change(crm, source=GivingUp(crm._core.source, lambda *_: None))
        with pytest.raises(errors.StoreError):
            crm.execute(correct("Anna"), by="test")
        assert (crm.position, stands(crm).position) == (1, 1)
        change(crm, source=crm._core.source)
        crm.execute(correct("Eve"), by="test")
        assert counted(crm) == {"Eve": 2}


def test_a_full_disk_leaves_rows_that_catch_up_with_what_was_accepted(sqlite_url: str) -> None:
    engine, accepted = create_engine(sqlite_url), list[int | None]()
    listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 60"))

    def fill(crm: crmcore.CRM) -> None:
        for nth in range(10_000):
            command = named(f"{nth} {'x' * 200}", uid(nth + 1))
            accepted.append(crm.execute(command, by="test").position)

    with crmcore.open(engine, clock=Clock(), projections=[SECOND], inline=["guests"]) as crm:
        with pytest.raises(errors.StoreFullError):
            fill(crm)
        assert crm.position == len(accepted) > 1
        assert crm.verify().intact
    engine.dispose()
    with counting(sqlite_url) as crm:
        crm.catch_up()
        assert list(counted(crm).values()) == [1] * len(accepted)


# Beside other consumers


def test_a_consumer_that_holds_a_read_model_for_long_holds_up_no_command(
    postgres_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    engine = create_engine(postgres_url)
    with counting(postgres_url) as crm:
        crm.execute(named("Ann", uid(1)), by="test")
        change(crm, patience=50)
        with crm._database.write() as other:
            crm.maintenance._registry.claim(other, "guests")
            begun = time.monotonic()
            with engine.begin() as connection:
                connection.execute(text("SET LOCAL lock_timeout = '700s'"))
                crm.execute(correct("Anna"), by="test", connection=connection)
                assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "700s"
            assert (
                time.monotonic() - begun < 700
            )  # it waited its own 50 ms, not as long as the host's
        assert (stands(crm).state, stands(crm).behind) == ("behind", 1)
        assert warnings_of(caplog)[-1].endswith("another consumer holds it")
        crm.execute(correct("Eve"), by="test")
        assert counted(crm) == {"Eve": 3}
    engine.dispose()


def test_a_consumer_that_is_done_soon_is_waited_for(postgres_url: str) -> None:
    engine = create_engine(postgres_url)
    with counting(postgres_url) as crm:
        crm.execute(named("Ann", uid(1)), by="test")
        change(crm, patience=20_000)
        held, done = threading.Event(), threading.Event()

        def hold() -> None:
            with crm._database.write() as other:
                crm.maintenance._registry.claim(other, "guests")
                held.set()
                done.wait(0.3)

        thread = threading.Thread(target=hold)
        thread.start()
        held.wait()
        with engine.begin() as connection:
            connection.execute(text("SET LOCAL lock_timeout = '7s'"))
            crm.execute(correct("Anna"), by="test", connection=connection)
            assert connection.execute(text("SHOW lock_timeout")).scalar_one() == "7s"
        assert counted(crm) == {"Anna": 2}
        thread.join()
    engine.dispose()


def test_a_host_that_has_read_the_rows_and_a_switch_do_not_wait_for_each_other(
    postgres_url: str,
) -> None:
    engine = create_engine(postgres_url)
    with counting(postgres_url) as crm:
        crm.execute(named("Ann", uid(1)), by="test")
        crm.maintenance.rebuild("guests")
        switcher = threading.Thread(target=crm.maintenance.switch, args=("guests",))
        with engine.begin() as connection:
            assert seen_by(connection) == [("Ann", 1)]  # the switch waits for this reader now
            switcher.start()
            time.sleep(0.2)
            crm.execute(correct("Anna"), by="test", connection=connection)
        switcher.join()
        assert generations(crm) == {1: "previous", 2: "live"}
        crm.execute(correct("Eve"), by="test")
        assert counted(crm) == {"Eve": 3}
    engine.dispose()


def in_threads(*work: Callable[[], object]) -> None:
    failed = list[BaseException]()

    def run(one: Callable[[], object]) -> None:
        try:
            one()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []


def naming(crm: crmcore.CRM, customer: UUID, times: int) -> Callable[[], object]:
    """Gives everybody one name after another, besides one of their own."""

    def work() -> None:
        crm.execute(named("first", customer), by="test")
        for name in range(times):
            command = ask.CorrectCustomerName(
                customer_id=customer, name=f"{customer} {name}", at=at("2021-01-01")
            )
            crm.execute(command, by="test")

    return work


def check_counted(crm: crmcore.CRM, *customers: UUID, times: int) -> None:
    assert counted(crm) == {f"{customer} {times - 1}": times + 1 for customer in customers}
    assert crm.read.query(select(func.count().label("n")).select_from(COUNTED)) == [
        {"n": len(customers)}
    ]


@pytest.mark.parametrize("following", [False, True], ids=["alone", "and a follower"])
def test_two_threads_lose_and_double_nothing(database_url: str, following: bool) -> None:
    with (
        counting(database_url, inline=["guests", "customer_history"]) as crm,
        counting(database_url) as other,
    ):
        work = naming(crm, ANN, 25), naming(other, BEN, 25)
        if following:
            with crm.follow(every=0.01), other.follow(every=0.01):
                in_threads(*work)
        else:
            in_threads(*work)
            assert stands(crm).state == "caught up"
        crm.catch_up()  # a follower may have held a read model when the last command came
        check_counted(crm, ANN, BEN, times=25)


def test_rebuilding_switching_and_going_back_under_load(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    with counting(database_url) as crm:

        def maintenance() -> None:
            while not crm.position:
                time.sleep(0.01)
            for _ in range(2):
                crm.maintenance.rebuild("guests")
                crm.maintenance.switch("guests")
                crm.maintenance.rollback("guests")
                crm.maintenance.retire("guests")

        in_threads(naming(crm, ANN, 40), naming(crm, BEN, 40), maintenance)
        assert len(generations(crm)) == 1
        crm.catch_up()
        check_counted(crm, ANN, BEN, times=40)
