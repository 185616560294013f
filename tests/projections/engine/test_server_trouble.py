"""A PostgreSQL server of its own, crashed and restarted while read models are followed and rebuilt."""

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import AbstractContextManager, nullcontext, suppress
from uuid import uuid4

import attrs
import pytest

import crmcore
from crmcore.cli.projections.processes import processes
from crmcore.errors import StoreError
from crmcore.infrastructure.log import notification as waking
from tests.histories import a_rich_history, send
from tests.own_server import OwnServer, own_server
from tests.projections.engine.disturbing import (
    TROUBLES,
    eventually,
    followed_through,
    rebuilt_through,
)
from tests.projections.examples import ANN, at, known, order
from tests.slow.judging import judge
from tests.slow.read_models import opened


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    with own_server() as running:
        yield running


@pytest.fixture
def database(server: OwnServer) -> Iterator[str]:
    """The name of a database with a log that nobody has followed yet."""
    name = f"trouble_{uuid4().hex}"
    with opened(server.make(name)) as crm:
        send(crm, a_rich_history())
        send(crm, known(ANN))
        send(crm, [order(n, "5", at("2025-05-01")) for n in range(1, 200)])
    yield name
    server.drop(name)


@pytest.fixture
def crm(
    server: OwnServer,
    database: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> Iterator[crmcore.CRM]:
    """That log; whatever is in the way is tried again very soon."""
    caplog.set_level(logging.ERROR)
    monkeypatch.setattr(waking, "RECONNECT_SECONDS", 0.1)
    with opened(server.url(database)) as crm:
        crm._core.follower = attrs.evolve(crm._core.follower, batch=10, retry=0.1)
        yield crm


def purchase(crm: crmcore.CRM) -> Callable[[], object]:
    return lambda: crm.execute(order(900, "5", at("2025-06-01")), by="test")


def well(crm: crmcore.CRM) -> None:
    """Every row is that of a serial fold, also in what was built."""
    for status in crm.status():
        if status.building is not None:
            crm.maintenance.rebuild(status.name)
    judge(crm)


def sessions(server: OwnServer, database: str, *, waiting: bool) -> list[int]:
    """Those that wait to be the consumer of a read model, or are it."""
    held = server.run(
        "SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database"
        f" WHERE locktype = 'advisory' AND datname = '{database}' AND granted = {not waiting}"
    )
    return [int(str(pid)) for (pid,) in held]


@pytest.mark.parametrize("trouble", TROUBLES)
def test_following_goes_on_by_itself(
    server: OwnServer, database: str, crm: crmcore.CRM, trouble: str
) -> None:
    followed_through(crm, lambda: TROUBLES[trouble](server, database), purchase(crm))
    well(crm)


@pytest.mark.parametrize(
    ("trouble", "pool"),
    [
        pytest.param("a crash", nullcontext, id="a crash"),
        pytest.param("a restart", nullcontext, id="a restart"),
        pytest.param("the others' sessions killed", nullcontext, id="sessions killed"),
        pytest.param("a crash", lambda: processes(2), id="a crash, by 2"),
    ],
)
def test_a_rebuild_goes_on_when_it_is_called_again(
    server: OwnServer,
    database: str,
    crm: crmcore.CRM,
    trouble: str,
    pool: Callable[[], AbstractContextManager[Executor | None]],
) -> None:
    crm.catch_up()

    def rebuild(executor: Executor | None) -> None:
        for projection in crm.projections:
            crm.maintenance.rebuild(projection.name, executor=executor, parts=4)

    rebuilt_through(crm, rebuild, lambda: TROUBLES[trouble](server, database), pool)
    well(crm)


def test_two_consumers_do_each_others_work_but_once(
    server: OwnServer, database: str, crm: crmcore.CRM
) -> None:
    url = server.url(database)
    with opened(url) as first, first.follow(every=0.05), crm.follow(every=0.05):
        eventually(lambda: {one.state for one in crm.status()} == {"caught up"})
        purchase(crm)()
        eventually(lambda: {one.state for one in crm.status()} == {"caught up"})
    well(crm)


def test_a_second_consumer_takes_over_from_a_dead_one(
    server: OwnServer, database: str, crm: crmcore.CRM
) -> None:
    with opened(server.url(database)) as first, crm.follow(every=0.05):
        registry, source = first.maintenance._registry, first.maintenance._source
        with suppress(StoreError), source.write() as connection:
            for projection in first.projections:
                registry.claim(connection, projection.name)
            eventually(lambda: bool(sessions(server, database, waiting=True)))
            (holder,) = set(sessions(server, database, waiting=False))
            server.run(f"SELECT pg_terminate_backend({holder})")
            eventually(lambda: {one.state for one in crm.status()} == {"caught up"})
    well(crm)
