"""Rebuilding: the same rows beside the live ones, whatever happens meanwhile, switched and undone."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from itertools import count
from multiprocessing import get_context
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Table, create_engine, inspect

import crmcore
from crmcore.domain.kernel import Command
from crmcore.errors import ProjectionStoppedError
from crmcore.projections.engine.rebuild.progress import Progress
from crmcore.projections.engine.rebuild.worker import Limits
from tests.histories import CUSTOMERS, Clock, a_rich_history, histories, send
from tests.projections.contract import check, fresh, rows_of
from tests.projections.engine.hosting import (
    COUNTED,
    FIRST,
    SECOND,
    Wrapped,
    generations,
    maintenance,
    shown,
)
from tests.projections.engine.test_poison import stands, store, stored
from tests.projections.examples import at, named, order
from tests.scenario import uid

number = count()
TINY = Limits(page=3, commit=7, growing=2, kept=2)


@pytest.fixture
def rich(database_url: str) -> Iterator[crmcore.CRM]:
    """A log with events of every context, and a host's own read model."""
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as crm:
        send(crm, a_rich_history())
        crm.catch_up()
        yield crm


def rebuild_all(crm: crmcore.CRM, limits: Limits, parts: int) -> None:
    """Rebuild every read model, see that nothing differs, and switch."""
    with ThreadPoolExecutor(parts) as executor:
        keep = maintenance(crm, limits)
        for projection in crm.projections:
            pool = executor if parts > 1 else None
            built = keep.rebuild(projection.name, executor=pool, parts=parts)
            assert (built.position, built.resumed) == (crm.position, False)
            assert (found := keep.compare(projection.name)).equal, found
            keep.switch(projection.name)


@settings(max_examples=12, deadline=None)
@given(histories(), st.sampled_from([1, 1, 3]), st.sampled_from([TINY, Limits(), Limits(page=5)]))
def test_a_rebuild_without_a_change_differs_in_nothing(
    history: list[Command], parts: int, limits: Limits
) -> None:
    with fresh() as crm:
        send(crm, history)
        crm.catch_up()
        rebuild_all(crm, limits, parts)
        check(crm)


@settings(
    max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(history=histories(), parts=st.sampled_from([1, 3]))
def test_a_rebuild_without_a_change_differs_in_nothing_on_postgresql(
    postgres_url: str, history: list[Command], parts: int
) -> None:
    with crmcore.open(postgres_url, tenant=f"t{next(number)}", clock=Clock()) as crm:
        send(crm, history)
        crm.catch_up()
        rebuild_all(crm, TINY, parts)
        check(crm)


def test_many_parts_make_the_rows_of_the_whole(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        send(crm, a_rich_history())
        crm.catch_up()
        rebuild_all(crm, TINY, 3)
        check(crm)
        with ThreadPoolExecutor(2) as executor:
            maintenance(crm).rebuild("customer_history", executor=executor, parts=300)
        assert maintenance(crm).compare("customer_history").equal


def test_other_processes_fill_the_parts(postgres_url: str) -> None:
    seen: list[Progress] = []
    context = get_context("forkserver")
    with (
        crmcore.open(postgres_url, clock=Clock(), projections=[FIRST]) as crm,
        ProcessPoolExecutor(2, mp_context=context) as executor,
    ):
        send(crm, a_rich_history())
        crm.catch_up()
        for name in ("customer_history", "guests"):  # append-only rows; a host's own tables
            crm.maintenance.rebuild(name, executor=executor, parts=2, report=seen.append)
            assert crm.maintenance.compare(name).equal
        done = [one for one in seen if one.name == "guests" and one.phase == "fill"]
        assert (done[0].done, done[-1].done) == (0, done[-1].total)
        with pytest.raises(ValueError, match="at least 1"):
            crm.maintenance.rebuild("guests", parts=0)


def test_events_that_come_in_meanwhile_are_in_it(rich: crmcore.CRM) -> None:
    names = iter(["While filling", *[f"Later {n}" for n in range(99)]])
    seen: list[str] = []

    def somebody_comes(*_progress: object) -> None:
        name = next(names)
        send(rich, [named(name, uid(100 + len(seen)))])
        rich.catch_up()  # the live generation goes on
        seen.append(name)
        assert name in [row["name"] for row in shown(rich)]

    keep = maintenance(rich, TINY)
    keep.rebuild("guests", report=somebody_comes)
    assert seen
    assert stands(rich)["guests"].building is not None
    somebody_comes()
    assert keep.compare("guests").equal
    somebody_comes()
    before = shown(rich)
    keep.switch("guests")
    assert shown(rich) == before
    assert stands(rich)["guests"].generation == 2
    somebody_comes()
    assert stands(rich)["guests"].state == "caught up"


def test_another_definition_is_switched_to_and_back(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as crm:
        send(crm, [named("Ann", uid(1))])
        crm.catch_up()
        assert shown(crm) == [{"customer_id": str(uid(1)), "name": "Ann"}]
    with crmcore.open(database_url, clock=Clock(), projections=[SECOND]) as crm:
        crm.maintenance.rebuild("guests")
        send(crm, [named("Ben", uid(2))])
        crm.maintenance.switch("guests")
        assert [row["names"] for row in shown(crm, COUNTED)] == [1, 1]
        assert stands(crm)["guests"].state == "caught up"
        crm.maintenance.rollback("guests")
        assert stands(crm)["guests"].state == "rebuild needed"
        assert [row["name"] for row in shown(crm)] == ["Ann"]
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as crm:
        crm.catch_up()
        assert [row["name"] for row in shown(crm)] == ["Ann", "Ben"]
        assert generations(crm) == {1: "live", 2: "previous"}
        assert [one.generation for one in crm.maintenance.retire("guests")] == [2]
        with pytest.raises(ProjectionStoppedError, match="no previous generation"):
            crm.maintenance.rollback("guests")


def test_going_back_is_to_what_was_shown_last(rich: crmcore.CRM) -> None:
    keep = rich.maintenance
    for _ in range(2):
        keep.rebuild("guests")
        keep.switch("guests")
    assert generations(rich) == {1: "older", 2: "previous", 3: "live"}
    send(rich, [named("Late", uid(77))])
    assert keep.rollback("guests").generation == 2
    assert "Late" in [row["name"] for row in shown(rich)], "it is caught up first"
    keep.rebuild("guests")
    keep.switch("guests")  # generation 3 was gone back from: nobody goes back to that
    assert generations(rich) == {1: "older", 2: "previous", 3: "older", 4: "live"}
    keep.retire("guests")
    engine = create_engine(rich._database.address)
    assert [name for name in inspect(engine).get_table_names() if "guests" in name] == [
        "guests__g4"
    ]
    engine.dispose()
    keep.rebuild("guests")
    keep.retire("guests")
    assert keep.rebuild("guests").generation == 6, "a number is not given twice"


class PowerCutError(BaseException):
    """The power went."""


def cut(after: int) -> Any:
    left = [after]

    def before(_table: object, _rows: object) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise PowerCutError

    return before


@pytest.mark.parametrize("name", ["customer_history", "loyalty_status", "campaign_results"])
@pytest.mark.parametrize("flushes", [0, 2])
def test_a_rebuild_that_was_cut_off_goes_on(rich: crmcore.CRM, name: str, flushes: int) -> None:
    send(rich, [order(n, "9", at("2025-05-01"), customer=CUSTOMERS[n % 3]) for n in range(20)])
    rich.catch_up()
    broken = Wrapped(rich.maintenance._source, cut(flushes))
    with pytest.raises(PowerCutError):
        maintenance(rich, TINY, source=broken).rebuild(name)
    with pytest.raises(ProjectionStoppedError, match="generation 2 is not filled yet"):
        rich.maintenance.switch(name)
    with pytest.raises(ProjectionStoppedError, match="generation 2 is not filled yet"):
        rich.maintenance.compare(name)
    (standing,) = [one.building for one in rich.status() if one.name == name]
    assert standing is not None
    seen = list[Progress]()
    built = maintenance(rich, TINY).rebuild(name, report=seen.append)
    assert (built.generation, built.resumed, built.before) == (2, True, standing.position)
    assert {one.before for one in seen} == {standing.position}
    assert seen[0].rate == 0  # what was done before does not count
    assert rich.maintenance.compare(name).equal
    rich.maintenance.switch(name)
    (projection,) = [one for one in rich.projections if one.name == name]
    assert any(rows_of(rich, projection).values())


def test_what_takes_long_to_write_is_written_in_smaller_transactions(
    rich: crmcore.CRM, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmcore.projections.engine.rebuild.worker.LONG_SECONDS", 0.02)
    send(rich, [named(f"Nr {n}", uid(n)) for n in range(200, 300)])
    rich.catch_up()
    written: list[int] = []

    def insert(table: Table, rows: Sequence[object]) -> None:
        if table.name.startswith("customer_history"):
            written.append(len(rows))
            time.sleep(0.03 if len(rows) > 10 else 0)

    slow = Wrapped(rich.maintenance._source, insert)
    maintenance(rich, Limits(page=5, growing=40), source=slow).rebuild("customer_history")
    first, second, *others = written
    assert first >= 40 > second >= 20 > max(others)
    assert rich.maintenance.compare("customer_history").equal


def test_only_parts_that_are_not_done_are_filled_again(rich: crmcore.CRM) -> None:
    inserted: list[int] = []

    def fail_once(_table: object, rows: Sequence[Any]) -> None:
        inserted.append(len(rows))
        if len(inserted) == 2:
            raise PowerCutError

    source = Wrapped(rich.maintenance._source, fail_once)
    send(rich, [named(f"Nr {n}", uid(n)) for n in range(40)])
    rich.catch_up()
    with ThreadPoolExecutor(1) as executor:
        keep = maintenance(rich, source=source)
        with pytest.raises(PowerCutError):
            keep.rebuild("guests", executor=executor, parts=4)
        assert keep.rebuild("guests", executor=executor, parts=4).resumed
    assert rich.maintenance.compare("guests").equal
    assert sum(inserted) == len(shown(rich)) + inserted[1]


def test_a_rebuild_that_other_code_began_is_refused(rich: crmcore.CRM) -> None:
    rich.maintenance.rebuild("guests")
    url = rich._database.address
    with crmcore.open(url, clock=Clock(), projections=[SECOND]) as crm:
        with pytest.raises(
            ProjectionStoppedError,
            match=r"cannot be gone on with: its version is 2, .*retire it first",
        ):
            crm.maintenance.rebuild("guests")
        crm.maintenance.retire("guests")
        assert crm.maintenance.rebuild("guests").generation == 3


def test_poison_stops_a_rebuild_and_leaves_the_live_rows(rich: crmcore.CRM) -> None:
    send(rich, [named("Late", uid(77))])
    rich.catch_up()
    bad, before = rich.position, shown(rich)
    data = stored(rich, bad)
    store(rich, bad, data="{")
    keep = maintenance(rich, TINY)
    for _ in range(2):
        with pytest.raises(ProjectionStoppedError, match=f"stopped at position {bad} "):
            keep.rebuild("guests")
    assert shown(rich) == before
    assert stands(rich)["guests"].state == "caught up"
    store(rich, bad, data=data)
    assert keep.rebuild("guests").resumed
    assert keep.compare("guests").equal
