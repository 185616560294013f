"""What an operator meets: others' views and rights, readers that stay, a second operator, writers."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

import crmcore
from crmcore.errors import InTheWayError, ProjectionStoppedError, StoreBusyError, StoreError
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.maintenance import switch as switching
from crmcore.projections.engine.maintenance.compare import Comparison
from crmcore.projections.engine.projection import Projection
from tests.histories import Clock, send
from tests.projections.engine.hosting import FIRST, SECOND, generations, guests, maintenance, shown
from tests.projections.engine.test_poison import stands, store, stored
from tests.projections.examples import named
from tests.scenario import uid


@contextmanager
def opened(url: str, projection: Projection = FIRST) -> Iterator[crmcore.CRM]:
    with crmcore.open(url, clock=Clock(), projections=[projection]) as crm:
        yield crm


@contextmanager
def begun(url: str) -> Iterator[crmcore.CRM]:
    """A log with one customer, shown by the first version of the read model."""
    with opened(url) as crm:
        send(crm, [named("Ann", uid(1))])
        crm.catch_up()
        yield crm


def run(crm: crmcore.CRM, *statements: str) -> list[Any]:
    """Carry statements out as a database administrator; the rows of the last."""
    with crm._database.engine.begin() as connection:
        for statement in statements:
            result = connection.execute(text(statement))
        return [tuple(row) for row in result] if result.returns_rows else []


def reading(crm: crmcore.CRM, statement: str) -> Connection:
    """A reader in a transaction that stays open; whoever asks for it closes it."""
    connection: Connection = crm._database.engine.connect()
    if crm._database.is_sqlite:
        connection.exec_driver_sql("BEGIN")
    connection.execute(text(statement)).all()
    return connection


# What others have put on the views


@pytest.fixture
def analyst(postgres_url: str) -> Iterator[str]:
    """A role of a tool for reports."""
    role = f"analyst_{uuid4().hex}"
    with opened(postgres_url) as crm:
        run(crm, f"CREATE ROLE {role}")
    yield role
    with opened(postgres_url) as crm:
        run(crm, f"DROP OWNED BY {role}", f"DROP ROLE {role}")


def rights(crm: crmcore.CRM, role: str, view: str = "guests") -> list[str]:
    query = "SELECT privilege_type FROM information_schema.role_table_grants WHERE"
    found = run(crm, f"{query} table_name = '{view}' AND grantee = '{role}'")
    return sorted(right for (right,) in found)


def test_rights_and_views_of_others_outlive_a_switch(postgres_url: str, analyst: str) -> None:
    report = "SELECT name FROM report"
    with begun(postgres_url) as crm:
        run(crm, f"GRANT SELECT ON guests TO {analyst}", "CREATE VIEW report AS TABLE guests")
        crm.maintenance.rebuild("guests")
        crm.maintenance.switch("guests")
        send(crm, [named("Ben", uid(2))])
        crm.catch_up()
        assert rights(crm, analyst) == ["SELECT"]
        assert run(crm, report) == [("Ann",), ("Ben",)]
        crm.maintenance.retire("guests")
        assert run(crm, report) == [("Ann",), ("Ben",)]
    with opened(postgres_url, SECOND) as crm:  # a column more, at the end
        crm.maintenance.rebuild("guests")
        crm.maintenance.switch("guests")
        assert rights(crm, analyst) == ["SELECT"]
        assert run(crm, report) == [("Ann",), ("Ben",)]


def test_rights_are_given_again_where_columns_are_gone(postgres_url: str, analyst: str) -> None:
    with opened(postgres_url, SECOND) as crm:
        send(crm, [named("Ann", uid(1))])
        crm.catch_up()
        run(
            crm,
            f"GRANT SELECT ON guests TO {analyst} WITH GRANT OPTION",
            "GRANT SELECT ON guests TO PUBLIC",
        )
    with opened(postgres_url, guests(version=3)) as crm:
        crm.maintenance.rebuild("guests")
        crm.maintenance.switch("guests")
        assert shown(crm) == [{"customer_id": str(uid(1)), "name": "Ann"}]
        assert rights(crm, analyst) == rights(crm, "PUBLIC") == ["SELECT"]
        crm.maintenance.rollback("guests")
        assert rights(crm, analyst) == rights(crm, "PUBLIC") == ["SELECT"]


def test_a_view_that_rests_on_columns_that_go_is_named_and_nothing_changes(
    postgres_url: str,
) -> None:
    with opened(postgres_url, SECOND) as crm:
        send(crm, [named("Ann", uid(1))])
        crm.catch_up()
        run(crm, "CREATE VIEW report AS SELECT name, names FROM guests")
    with opened(postgres_url, guests(version=3)) as crm:
        crm.maintenance.rebuild("guests")
        with pytest.raises(InTheWayError, match=r"view report depends on view guests.*drop those"):
            crm.maintenance.switch("guests")
        assert generations(crm) == {1: "live", 2: "building"}
        assert run(crm, "SELECT * FROM report") == [("Ann", 1)]
        assert crm.maintenance.compare("guests").after == 2
        run(crm, "DROP VIEW report")
        crm.maintenance.switch("guests")
        assert generations(crm) == {1: "previous", 2: "live"}


def test_a_view_on_a_generation_keeps_it_from_being_retired(postgres_url: str) -> None:
    with begun(postgres_url) as crm:
        run(crm, "CREATE VIEW report AS TABLE guests__g1")
        crm.maintenance.rebuild("guests")
        crm.maintenance.switch("guests")
        with pytest.raises(InTheWayError, match="view report depends on table guests__g1"):
            crm.maintenance.retire("guests")
        assert generations(crm) == {1: "previous", 2: "live"}


def test_a_view_in_sqlite_sees_the_generation_that_is_live(sqlite_url: str) -> None:
    with begun(sqlite_url) as crm:
        run(crm, "CREATE VIEW report AS SELECT name FROM guests")
    with opened(sqlite_url, SECOND) as crm:
        crm.maintenance.rebuild("guests")
        crm.maintenance.switch("guests")
        send(crm, [named("Ben", uid(2))])
        crm.catch_up()
        assert run(crm, "SELECT name FROM report") == [("Ann",), ("Ben",)]


# Readers that stay


def test_a_long_reader_in_sqlite_keeps_nobody_from_switching(sqlite_url: str) -> None:
    with begun(sqlite_url) as crm:
        crm.maintenance.rebuild("guests")
        with reading(crm, "SELECT * FROM guests") as reader:
            crm.maintenance.switch("guests")
            crm.maintenance.rollback("guests")
            crm.maintenance.retire("guests")
            assert reader.execute(text("SELECT name FROM guests")).all() == [("Ann",)]
        assert generations(crm) == {1: "live"}


def test_a_writer_that_stays_in_sqlite_ends_a_switch_in_bounded_time(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "PATIENCE_SECONDS", 0.1)
    with opened(f"{sqlite_url}?timeout=0.2") as crm:
        crm.catch_up()
        crm.maintenance.rebuild("guests")
        busy = pytest.raises(StoreBusyError, match="another writer holds it")
        with crm._database.write(), busy:
            crm.maintenance.switch("guests")
        assert crm.maintenance.switch("guests").generation == 2


def test_retiring_waits_for_a_reader_and_drops_nothing_if_it_stays(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(switching, "SHORT_WAIT", "50ms")
    monkeypatch.setattr(switching, "PATIENCE_SECONDS", 0.1)
    with begun(postgres_url) as crm:
        crm.maintenance.rebuild("guests")
        crm.maintenance.switch("guests")
        with reading(crm, "SELECT * FROM guests__g1") as reader:  # no longer by the view
            with pytest.raises(StoreBusyError, match="lock timeout"):
                crm.maintenance.retire("guests")
            assert generations(crm) == {1: "previous", 2: "live"}
            assert len(reader.execute(text("SELECT * FROM guests__g1")).all()) == 1
        assert [one.generation for one in crm.maintenance.retire("guests")] == [1]


# A second operator


def both(*actions: Callable[[], object]) -> list[object]:
    """Do all at once; what each gave, or the error that it raised."""
    gate = threading.Barrier(len(actions))

    def act(action: Callable[[], object]) -> object:
        gate.wait()
        try:
            return action()
        except (ProjectionStoppedError, StoreError) as error:
            return error

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(act, actions))


def test_of_two_switches_at_once_one_is_told_that_it_was_done(database_url: str) -> None:
    with begun(database_url) as crm, opened(database_url) as other:
        crm.maintenance.rebuild("guests")
        done = both(
            lambda: crm.maintenance.switch("guests"), lambda: other.maintenance.switch("guests")
        )
        assert sorted(isinstance(one, Checkpoint) for one in done) == [False, True]
        (refused,) = [one for one in done if not isinstance(one, Checkpoint)]
        assert "switched to or retired meanwhile" in str(refused) or "no newly built" in str(
            refused
        )
        assert generations(crm) == {1: "previous", 2: "live"}


def test_two_operators_from_rebuild_to_retire_end_in_one_live_generation(
    database_url: str,
) -> None:
    with begun(database_url) as crm, opened(database_url) as other:

        def through(keep: Any) -> None:
            for _ in range(3):
                for step in (keep.rebuild, keep.compare, keep.switch, keep.rollback, keep.retire):
                    with suppress(ProjectionStoppedError, StoreError):
                        step("guests")

        both(lambda: through(crm.maintenance), lambda: through(other.maintenance))
        assert sorted(generations(crm).values()).count("live") == 1
        crm.catch_up()
        assert [row["name"] for row in shown(crm)] == ["Ann"]
        crm.maintenance.rebuild("guests")
        assert crm.maintenance.compare("guests").equal
        crm.maintenance.retire("guests")
        assert list(generations(crm).values()) == ["live"]


# Writers that do not stop


@pytest.mark.parametrize("following", [False, True], ids=["nobody follows", "a follower"])
def test_comparing_while_events_come_in_ends_and_says_where(
    database_url: str, following: bool
) -> None:
    stop = threading.Event()
    with begun(database_url) as crm, opened(database_url) as other:
        crm.maintenance.rebuild("guests")

        def write() -> None:
            number = 100
            while not stop.is_set():
                send(other, [named("Somebody", uid(number))])
                number += 1

        def follow() -> None:
            while following and not stop.is_set():
                crm._core.follower.catch_up_one("guests")

        with ThreadPoolExecutor(2) as pool:
            others = [pool.submit(write), pool.submit(follow)]
            try:
                found: list[Comparison] = [crm.maintenance.compare("guests") for _ in range(3)]
            finally:
                stop.set()
            for one in others:
                one.result()
    positions = [(one.position_before, one.position_after) for one in found]
    assert all(min(pair) > 0 for pair in positions)
    if not following:
        assert all(before == after for before, after in positions)
    assert [one.equal for one in found] == [before == after for before, after in positions]


# A rebuild that stopped


class Dying(ThreadPoolExecutor):
    """Its workers are killed at once."""

    def submit(self, *_given: Any, **_named: Any) -> Any:
        raise BrokenExecutor("a process was terminated abruptly")


def test_the_status_tells_why_a_rebuild_stopped_until_it_goes_on(database_url: str) -> None:
    with begun(database_url) as crm:
        bad = crm.position
        data = stored(crm, bad)
        store(crm, bad, data="{")
        with pytest.raises(ProjectionStoppedError):
            maintenance(crm).rebuild("guests")
        building = stands(crm)["guests"].building
        assert building is not None
        assert building.stopped is not None
        assert (building.stopped.position, building.stopped.topic) == (bad, "customer-registered")
        assert str(building.stopped).startswith(f"position {bad} (customer-registered): ")
        assert stands(crm)["guests"].state == "caught up", "the live rows are served all the same"

        store(crm, bad, data=data)
        with Dying(1) as executor, pytest.raises(ProjectionStoppedError, match="a worker died"):
            maintenance(crm).rebuild("guests", executor=executor, parts=2)
        building = stands(crm)["guests"].building
        assert building is not None
        assert building.stopped is not None
        assert building.stopped.position is None
        assert "a worker died while it filled generation 2" in str(building.stopped)

        seen = []
        maintenance(crm).rebuild(
            "guests", report=lambda _: seen.append(stands(crm)["guests"].building)
        )
        assert all(one is not None and one.stopped is None for one in seen)
        assert crm.maintenance.compare("guests").equal
