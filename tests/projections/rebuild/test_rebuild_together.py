"""Several read models rebuilt in one reading of the log: each with its own rows, place and trouble."""

from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import crmcore
from crmcore.domain.kernel import Command
from crmcore.errors import RebuildStoppedError, UnknownProjectionError
from crmcore.projections.engine.poison.dead_letters import Policy
from crmcore.projections.engine.rebuild.progress import Progress
from crmcore.projections.engine.rebuild.worker import Limits
from tests.histories import CUSTOMERS, Clock, a_rich_history, histories, send
from tests.projections.contract import check, fresh, rows_of
from tests.projections.engine.hosting import COUNTED, FIRST, Wrapped, maintenance, noting
from tests.projections.engine.test_poison import position_of, stands, store, stored
from tests.projections.examples import at, named, order
from tests.projections.rebuild.test_rebuild import TINY, PowerCutError
from tests.scenario import uid


@pytest.fixture
def rich(database_url: str) -> Iterator[crmcore.CRM]:
    """A log with events of every context, and a host's own read model, followed to its end."""
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as crm:
        send(crm, a_rich_history())
        crm.catch_up()
        yield crm


def names(crm: crmcore.CRM) -> list[str]:
    return [projection.name for projection in crm.projections]


def all_equal(crm: crmcore.CRM, only: Sequence[str] | None = None) -> None:
    """What was built is what following made."""
    for name in names(crm) if only is None else only:
        found = crm.maintenance.compare(name)
        assert found.equal, found


class Counted(Wrapped):
    """A log that counts the pages read of it."""

    pages = 0

    def events(self, connection: Any, *wanted: Any, **further: Any) -> Any:
        self.pages += 1
        return super().events(connection, *wanted, **further)


@pytest.mark.parametrize("parts", [1, 3])
def test_one_reading_makes_the_rows_of_following(rich: crmcore.CRM, parts: int) -> None:
    with ThreadPoolExecutor(2) as executor:
        pool = executor if parts > 1 else None
        built = maintenance(rich, TINY).rebuild_all(executor=pool, parts=parts)
    assert [one.name for one in built] == names(rich)
    assert {(one.position, one.resumed, one.dead_letters) for one in built} == {
        (rich.position, False, 0)
    }
    all_equal(rich)
    before = [rows_of(rich, projection) for projection in rich.projections]
    for name in names(rich):
        rich.maintenance.switch(name)
    assert [rows_of(rich, projection) for projection in rich.projections] == before


def test_the_log_is_read_once_for_all(rich: crmcore.CRM) -> None:
    one, all_ = (Counted(rich.maintenance._source, lambda *_given: None) for _ in range(2))
    maintenance(rich, Limits(page=10), source=one).rebuild("customer_history")
    rich.maintenance.retire("customer_history")
    maintenance(rich, Limits(page=10), source=all_).rebuild_all()
    follow_on = len(names(rich))  # each looks once for what came in meanwhile
    assert all_.pages - follow_on <= one.pages


@settings(max_examples=10, deadline=None)
@given(
    histories(),
    st.lists(
        st.sampled_from(
            ["loyalty_status", "customer_history", "service_levels", "campaign_results"]
        ),
        unique=True,
    ),
    st.builds(Limits, page=st.integers(1, 9), commit=st.integers(1, 9), kept=st.integers(1, 9)),
    st.integers(1, 12),
)
def test_wherever_each_was_cut_off_all_come_to_the_same_rows(
    history: list[Command], begun: list[str], limits: Limits, left: int
) -> None:
    def cut(_table: object, _rows: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise PowerCutError

    with fresh() as crm:
        send(crm, history)
        crm.catch_up()
        for name in begun:  # each gets to another place
            left = (left + 3) % 7
            try:
                maintenance(crm, limits, source=Wrapped(crm.maintenance._source, cut)).rebuild(name)
            except PowerCutError:
                continue
        send(crm, history[:5])
        built = maintenance(crm, limits).rebuild_all()
        assert {one.name for one in built if one.resumed} == set(begun)
        crm.catch_up()
        all_equal(crm)
        for name in names(crm):
            crm.maintenance.switch(name)
        check(crm)


def test_those_behind_come_to_where_the_others_stand(rich: crmcore.CRM) -> None:
    send(rich, [order(n, "9", at("2025-05-01"), customer=CUSTOMERS[n % 3]) for n in range(20)])
    rich.catch_up()
    flushes = []

    def cut(table: Any, _rows: object) -> None:
        flushes.append(table.name)
        if len(flushes) == 6:
            raise PowerCutError

    with pytest.raises(PowerCutError):
        maintenance(rich, TINY, source=Wrapped(rich.maintenance._source, cut)).rebuild_all()
    places = {name: stands(rich)[name].building for name in names(rich)}
    assert len({one.position for one in places.values() if one is not None}) > 1
    assert all(one.resumed for one in maintenance(rich, TINY).rebuild_all())
    all_equal(rich)


@pytest.mark.parametrize("parts", [1, 2])
def test_poison_stops_those_that_read_it_and_no_other(rich: crmcore.CRM, parts: int) -> None:
    bad = position_of(rich, "order-placed")
    data = stored(rich, bad)
    store(rich, bad, data="{")
    readers = {"loyalty_status", "customer_history", "campaign_results", "orders"}
    with (
        ThreadPoolExecutor(2) as executor,
        pytest.raises(RebuildStoppedError, match=f"stopped at position {bad} ") as stopped,
    ):
        maintenance(rich, TINY).rebuild_all(executor=executor if parts > 1 else None, parts=parts)
    assert set(stopped.value.stopped) == readers
    assert len(str(stopped.value).splitlines()) == len(readers)
    others = [name for name in names(rich) if name not in readers]
    assert [one.name for one in stopped.value.rebuilt] == others
    all_equal(rich, others)
    for name in names(rich):
        building = stands(rich)[name].building
        assert building is not None
        assert building.filled is (name in others)
    store(rich, bad, data=data)
    assert all(one.resumed for one in maintenance(rich, TINY).rebuild_all())
    all_equal(rich)


def test_what_one_goes_past_the_others_take(database_url: str) -> None:
    seen: list[int] = []
    skipping = noting(seen, Policy.SKIP, lambda event: event.name == "Eve")
    people = [named(name, uid(n)) for n, name in enumerate(["Ann", "Eve", "Gus"])]
    with crmcore.open(database_url, clock=Clock(), projections=[skipping]) as crm:
        send(crm, people)
        crm.catch_up()
        dead_letters = {one.name: one.dead_letters for one in maintenance(crm, TINY).rebuild_all()}
        assert {name for name, count in dead_letters.items() if count} == {"guests"}
        all_equal(crm)
        crm.maintenance.switch("guests")
        (guests,) = [one for one in crm.projections if one.name == "guests"]
        assert [row["name"] for row in rows_of(crm, guests)[COUNTED.name]] == ["Ann", "Gus"]


def test_progress_moves_with_every_page_and_counts_the_log_once(rich: crmcore.CRM) -> None:
    seen: list[Progress] = []
    maintenance(rich, Limits(page=3)).rebuild_all(
        ["customer_history", "loyalty_status"], report=seen.append
    )
    for name in ("customer_history", "loyalty_status"):
        done = [one.done for one in seen if one.name == name]
        assert done == sorted(done)
        assert (done[0], done[-1]) == (0, rich.position)
    assert len({one.done for one in seen if one.name == "customer_history"}) > 5
    rich.maintenance.retire("loyalty_status")
    seen.clear()
    with ThreadPoolExecutor(2) as executor:
        maintenance(rich).rebuild("loyalty_status", executor=executor, parts=4, report=seen.append)
    assert {one.total for one in seen} == {rich.position}
    assert seen[-1].done == rich.position


def test_a_name_that_nobody_knows_changes_nothing(rich: crmcore.CRM) -> None:
    with pytest.raises(UnknownProjectionError):
        rich.maintenance.rebuild_all(["guests", "gests"])
    assert stands(rich)["guests"].building is None
    assert rich.maintenance.rebuild_all([]) == []


class Dead(ThreadPoolExecutor):
    """Workers that die at once."""

    def submit(self, *_given: Any, **_further: Any) -> "Future[Any]":
        broken: Future[Any] = Future()
        broken.set_exception(BrokenExecutor())
        return broken


def test_workers_that_die_are_named_for_each_read_model(rich: crmcore.CRM) -> None:
    with Dead(1) as executor, pytest.raises(RebuildStoppedError) as stopped:
        rich.maintenance.rebuild_all(["guests", "loyalty_status"], executor=executor, parts=2)
    assert set(stopped.value.stopped) == {"guests", "loyalty_status"}
    assert "a worker died" in str(stopped.value)
    assert stopped.value.rebuilt == []
    assert all(one.resumed for one in rich.maintenance.rebuild_all(["guests", "loyalty_status"]))
    all_equal(rich, ["guests", "loyalty_status"])
