"""The core as a product embeds it: in the host's own transactions, and for many tenants."""

import random
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

import crmcore
from crmcore import CRM
from crmcore.commands import CaptureLead, CustomerKind, LeadSource, RegisterCustomer
from crmcore.errors import (
    AlreadyExistsError,
    CommandIdReusedError,
    ConcurrencyError,
    StoreBusyError,
    StoreUnavailableError,
)
from tests.application.hammer import SPRING, cost, plan, spent
from tests.scenario import START, at, uid

NOW = at(days=100)
NOTES = sa.Table("notes", sa.MetaData(), sa.Column("n", sa.Integer, primary_key=True))


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """The host's own engine, on a database with a table of its own."""
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        NOTES.create(connection)
    yield engine
    engine.dispose()


@pytest.fixture
def crm(engine: sa.Engine) -> Iterator[CRM]:
    with crmcore.open(engine, clock=lambda: NOW) as crm:
        crm.execute(plan(), by="me")
        yield crm


def note(connection: sa.Connection, n: int) -> None:
    connection.execute(sa.insert(NOTES).values(n=n))


def notes(engine: sa.Engine) -> list[int]:
    with engine.connect() as connection:
        return list(connection.scalars(sa.select(NOTES.c.n).order_by(NOTES.c.n)))


def register(name: str = "Ann", number: int = 1) -> RegisterCustomer:
    return RegisterCustomer(customer_id=uid(number), kind=CustomerKind.PERSON, name=name, at=START)


# The host's transaction


def test_host_rows_and_events_are_committed_together(engine: sa.Engine, crm: CRM) -> None:
    with engine.begin() as connection:
        note(connection, 1)
        first = crm.execute(cost(), by="me", connection=connection)
        note(connection, 2)
        second = crm.execute(register(), by="me", connection=connection)
        assert crm.position == 1  # nobody else sees it yet
    assert (first.position, second.position) == (2, 3)
    assert (notes(engine), crm.position) == ([1, 2], 3)
    assert crm.verify().intact
    crm.catch_up()


def test_host_rows_and_events_are_rolled_back_together(engine: sa.Engine, crm: CRM) -> None:
    with engine.connect() as connection:
        note(connection, 1)
        crm.execute(cost(uid(60)), by="me", command_id=uid(60), connection=connection)
        crm.execute_many([cost() for _ in range(30)], by="me", connection=connection)
        connection.rollback()
    assert (notes(engine), crm.position) == ([], 1)
    again = crm.execute(cost(uid(60)), by="me", command_id=uid(60))
    assert (again.position, again.repeated) == (2, False)
    assert crm.verify().intact


def test_a_host_that_fails_records_nothing(engine: sa.Engine, crm: CRM) -> None:
    def fail() -> None:
        with engine.begin() as connection:
            note(connection, 1)
            crm.execute(cost(), by="me", connection=connection)
            note(connection, 1)

    with pytest.raises(sa.exc.IntegrityError):
        fail()
    assert (notes(engine), crm.position) == ([], 1)


def test_a_transaction_that_began_by_reading(engine: sa.Engine, crm: CRM) -> None:
    with engine.begin() as connection:
        assert connection.execute(sa.select(NOTES)).all() == []
        crm.execute(cost(), by="me", connection=connection)
        note(connection, 1)
    assert (notes(engine), crm.position) == ([1], 2)


def test_a_sqlite_host_that_begins_its_transactions_itself(sqlite_url: str) -> None:
    """SQLAlchemy's recipe for a real BEGIN: reading takes a snapshot, writing comes later."""
    engine = sa.create_engine(f"{sqlite_url}?timeout=0.2")

    @sa.event.listens_for(engine, "connect")
    def leave_it_to_us(connection: Any, _record: Any) -> None:
        connection.isolation_level = None

    @sa.event.listens_for(engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    with crmcore.open(engine, clock=lambda: NOW) as crm:
        with engine.begin() as connection:
            NOTES.create(connection)
        with engine.begin() as connection:
            assert connection.execute(sa.select(NOTES)).all() == []
            crm.execute(plan(), by="me", connection=connection)
            note(connection, 1)
        assert (notes(engine), crm.position) == ([1], 1)
    with crmcore.open(sqlite_url, clock=lambda: NOW) as other:
        other.execute(cost(), by="me")  # also makes the log readable while it is written
    with crmcore.open(engine, clock=lambda: NOW) as crm:
        with engine.connect() as connection:
            assert connection.execute(sa.select(NOTES)).all() == [(1,)]
            crm.execute(cost(), by="me")
            with pytest.raises(StoreBusyError, match="another writer holds it"):
                crm.execute(cost(), by="me", connection=connection)  # its snapshot is stale
            connection.rollback()
            crm.execute(cost(), by="me", connection=connection)
            connection.commit()
        assert spent(crm) == 3
        assert crm.verify().intact
    engine.dispose()


def test_a_snapshot_of_the_host_that_is_stale(postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url, isolation_level="REPEATABLE READ")
    with crmcore.open(postgres_url, clock=lambda: NOW) as crm:
        crm.execute(plan(), by="me")
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT * FROM crm_head")
            crm.execute(cost(), by="me")
            with pytest.raises(StoreBusyError, match="another writer came between"):
                crm.execute(cost(), by="me", connection=connection)
            connection.rollback()
            crm.execute(cost(), by="me", connection=connection)
            connection.commit()
        assert spent(crm) == 2
    engine.dispose()


def refusals(crm: CRM) -> list[tuple[type[Exception], dict[str, Any]]]:
    """What may be refused in a host's transaction, by a rule or by another writer's change."""
    crm.execute(register(), by="me", command_id=uid(50))
    return [
        (AlreadyExistsError, {"command": register(name="Anne")}),
        (CommandIdReusedError, {"command": cost(), "command_id": uid(50)}),
        (ConcurrencyError, {"command": cost(), "expected_version": 7}),
    ]


def test_a_refused_command_leaves_the_hosts_transaction_usable(engine: sa.Engine, crm: CRM) -> None:
    with engine.connect() as connection:
        for n, (kind, sent) in enumerate(refusals(crm)):
            note(connection, 2 * n)
            with pytest.raises(kind):
                crm.execute(by="me", connection=connection, **sent)
            note(connection, 2 * n + 1)
            connection.commit()
        done = crm.execute_many(
            [cost(), register(name="Anne"), cost()], by="me", connection=connection
        )
        assert (done.executed, len(done.refused)) == (2, 1)
        connection.commit()
    assert (notes(engine), crm.position) == ([0, 1, 2, 3, 4, 5], 4)
    assert crm.verify().intact


def test_a_conflict_in_the_hosts_transaction_is_the_hosts_to_handle(
    postgres_url: str,
) -> None:
    """It is not decided anew behind the host's back, and the host's own rows can be kept."""
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        NOTES.create(connection)
    with crmcore.open(engine, clock=lambda: NOW) as crm:
        crm.execute(plan(), by="me")
        handlers: dict[type, Any] = crm._core.service.decider.handlers  # type: ignore[assignment]  # a Mapping to others, a dict here
        decide = handlers[type(cost())]

        def decide_late(command: Any, work: Any) -> None:
            decide(command, work)
            handlers[type(cost())] = decide
            thread = threading.Thread(target=crm.execute, args=(cost(),), kwargs={"by": "other"})
            thread.start()
            thread.join()

        handlers[type(cost())] = decide_late
        with engine.connect() as connection:
            note(connection, 1)
            with pytest.raises(ConcurrencyError, match=f"stream {SPRING} is at version 2"):
                crm.execute(cost(), by="me", connection=connection)
            note(connection, 2)
            crm.execute(cost(), by="me", connection=connection)
            connection.commit()
        assert notes(engine) == [1, 2]
        assert spent(crm) == 2
        assert crm.verify().intact
    engine.dispose()


def test_a_failure_of_the_store_is_undone_up_to_the_command(postgres_url: str) -> None:
    """On PostgreSQL too the host may go on: only what the command did is undone."""
    engine = sa.create_engine(postgres_url)
    with crmcore.open(engine, clock=lambda: NOW) as crm, engine.connect() as connection:
        crm.execute(plan(), by="me")
        NOTES.create(connection)
        note(connection, 1)
        connection.exec_driver_sql("ALTER TABLE crm_events ADD CONSTRAINT few CHECK (position < 3)")
        crm.execute(cost(), by="me", connection=connection)
        with pytest.raises(crmcore.errors.StoreError, match="few"):
            crm.execute(cost(), by="me", connection=connection)
        note(connection, 2)
        connection.commit()
        assert (notes(engine), crm.position) == ([1, 2], 2)
        assert crm.verify().intact
    engine.dispose()


def test_the_hosts_engine_stays_open(engine: sa.Engine) -> None:
    with crmcore.open(engine):
        pass
    with engine.connect() as connection:
        assert connection.scalar(sa.select(sa.func.count()).select_from(NOTES)) == 0


# Tenants


TENANTS = ("north", "south", "n" + "0" * 39)


def test_tenants_are_logs_apart(database_url: str, tmp_path: Path) -> None:
    for number, tenant in enumerate(TENANTS, 1):
        with crmcore.open(database_url, tenant=tenant, clock=lambda: NOW) as crm:
            assert crm.position == 0
            assert crm.execute(register(tenant), by="me", command_id=uid(50)).position == 1
            assert crm.execute(plan(), by="me").position == 2
            crm.execute_many([cost() for _ in range(number)], by="me")
            crm.catch_up()
    for number, tenant in enumerate(TENANTS, 1):
        with crmcore.open(database_url, tenant=tenant, clock=lambda: NOW) as crm:
            assert crm.position == 2 + number
            assert spent(crm) == number
            assert crm.verify().records == 2 + number
            assert [one.name for one in crm.read.customers.find("o").items] in ([], [tenant])
            (named,) = crm.events(stream_id=uid(1))
            assert named.event.name == tenant
            crm.catch_up()
            assert {status.position for status in crm.status()} == {2 + number}
    with crmcore.open(database_url, clock=lambda: NOW) as crm:  # nobody's
        assert crm.position == 0
    if database_url.startswith("sqlite"):
        files = {file.name for file in tmp_path.glob("*.db")}
        assert files == {"crm.db", *(f"crm.{tenant}.db" for tenant in TENANTS)}


def test_tenants_have_chains_and_pseudonyms_of_their_own(database_url: str) -> None:
    lead = CaptureLead(
        lead_id=uid(7), source=LeadSource.EVENT, name="Bob", email="bob@example.com", at=START
    )
    other = CaptureLead(
        lead_id=uid(8), source=LeadSource.EVENT, name="Bob", email="bob@example.com", at=START
    )
    seen: list[tuple[bytes, set[Any]]] = []
    for tenant in ("north", "south"):
        with crmcore.open(database_url, tenant=tenant, clock=lambda: NOW) as crm:
            crm.execute(lead, by="me")
            crm.execute(register(tenant), by="me")
            crm.execute_many([other], by="me")
            streams = {one.stream_id for one in crm.events()}
            seen.append((crm.verify().head, streams - {uid(1), uid(7), uid(8)}))
    (one_head, one_streams), (other_head, other_streams) = seen
    assert one_head != other_head
    assert not one_streams & other_streams


def test_tenants_write_at_once_without_waiting_for_each_other(database_url: str) -> None:
    with (
        crmcore.open(database_url, tenant="north", clock=lambda: NOW) as north,
        crmcore.open(database_url, tenant="south", clock=lambda: NOW) as south,
        north._database.engine.connect() as connection,
    ):
        north.execute(plan(), by="me", connection=connection)  # holds north's head
        assert south.execute(plan(), by="me").position == 1
        connection.commit()
        assert (north.position, south.position) == (1, 1)


def test_tenants_of_one_engine_on_a_server(postgres_url: str) -> None:
    engine = sa.create_engine(postgres_url)
    with (
        crmcore.open(engine, tenant="north", clock=lambda: NOW) as north,
        crmcore.open(engine, tenant="south", clock=lambda: NOW) as south,
        engine.begin() as connection,
    ):
        north.execute(plan(), by="me", connection=connection)
        south.execute(plan(), by="me", connection=connection)
        south.execute(cost(), by="me", connection=connection)
    with crmcore.open(engine, tenant="south") as south:
        assert (south.position, south.verify().intact) == (2, True)
    engine.dispose()


@pytest.mark.parametrize(
    "tenant",
    ["", "North", "1north", "_north", "nörd", "a b", "a.b", "../a", "a/b", 'a"b', "a;b", "a\n",
     "x" * 41, "a-b"],
)  # fmt: skip
def test_a_bad_name_of_a_tenant_is_refused(database_url: str, tenant: str, tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="expected a small letter, then up to 39"):
        crmcore.open(database_url, tenant=tenant)
    assert not list(tmp_path.iterdir())


def test_a_sqlite_engine_is_one_file_and_has_no_tenants(sqlite_url: str) -> None:
    engine = sa.create_engine(sqlite_url)
    with pytest.raises(StoreUnavailableError, match="a tenant is a file of its own"):
        crmcore.open(engine, tenant="north")
    engine.dispose()


@pytest.mark.parametrize(
    ("file", "expected"),
    [("crm.db", "crm.north.db"), ("crm", "crm.north"), ("a.b/crm", "a.b/crm.north")],
)
def test_the_file_of_a_tenant_is_beside_the_one_named(
    tmp_path: Path, file: str, expected: str
) -> None:
    (tmp_path / "a.b").mkdir()
    with crmcore.open(f"sqlite:///{tmp_path}/{file}", tenant="north"):
        assert (tmp_path / expected).is_file()


# The whole


def test_the_log_and_the_read_models_survive_closing(database_url: str) -> None:
    with crmcore.open(database_url, clock=lambda: NOW) as crm:
        crm.execute_many([plan(), register(), *(cost() for _ in range(40))], by="me")
        crm.catch_up()
        before = list(crm.events()), crm.verify(), crm.status()
    with crmcore.open(database_url, clock=lambda: NOW) as crm:
        assert (list(crm.events()), crm.verify(), crm.status()) == before


def test_a_stream_is_told_apart_from_the_others(database_url: str) -> None:
    with crmcore.open(database_url, clock=lambda: NOW) as crm:
        sent: list[Any] = [plan(), register(), cost(), register("Ben", number=2), cost()]
        crm.execute_many(sent, by="me")
        assert [one.position for one in crm.events(stream_id=SPRING)] == [1, 3, 5]
        assert [one.position for one in crm.events(stream_id=SPRING, after=2)] == [3, 5]
        assert [one.position for one in crm.events(after=3)] == [4, 5]
        assert list(crm.events(stream_id=uid(99))) == []


def test_one_core_serves_many_threads(database_url: str) -> None:
    """Writers, readers and the follower share one core."""
    failures: list[BaseException] = []
    order = random.Random(1)
    with crmcore.open(database_url) as crm:
        crm.execute(plan(), by="me")

        def work(number: int) -> None:
            try:
                for _ in range(8):
                    crm.execute(cost(), by=f"writer {number}")
                    read: list[Callable[[], object]] = [
                        crm.verify,
                        crm.status,
                        lambda: list(crm.events()),
                    ]
                    order.choice(read)()
            except BaseException as failure:
                failures.append(failure)

        with crm.follow(every=0.01):
            threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        crm.catch_up()
        assert failures == []
        assert spent(crm) == 32
        assert {status.behind for status in crm.status()} == {0}


def test_a_far_clock_and_a_near_one_agree_on_the_past(database_url: str) -> None:
    """A log that was written by a clock ahead of ours is read as it was written."""
    with crmcore.open(database_url, clock=lambda: NOW + timedelta(days=3_650)) as ahead:
        ahead.execute(plan(), by="me")
    with crmcore.open(database_url, clock=lambda: NOW) as crm:
        crm.execute(cost(), by="me")
        stamps = [one.recorded_at for one in crm.events()]
    assert stamps == [NOW + timedelta(days=3_650)] * 2


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (lambda read: read.cases.get(None), "case: expected a case's id or its number"),
        (lambda read: read.cases.get(7), "case: expected a case's id or its number"),
        (lambda read: read.cases.numbered(None), "number: expected a case's id or its number"),
        (lambda read: read.customers.find(3), "text: expected text"),
        (lambda read: read.customers.find("ann", limit="3"), "limit: expected a whole number"),
        (lambda read: read.at_least("3"), "position: expected a whole number"),
    ],
)
def test_a_question_asked_with_another_kind_of_value_says_what_it_expects(
    asked: Callable[[Any], object], said: str, tmp_path: Path
) -> None:
    with (
        crmcore.open(f"sqlite:///{tmp_path}/crm.db") as crm,
        pytest.raises(crmcore.errors.InvalidValueError, match=said),
    ):
        asked(crm.read)


def test_a_case_is_asked_for_by_its_id_as_well(tmp_path: Path) -> None:
    with crmcore.open(f"sqlite:///{tmp_path}/crm.db") as crm:
        case_id = uuid4()
        opened = {"kind": "complaint", "channel": "phone", "subject": "late", "number": "T-1"}
        crm.execute(crm.command("open-case", {"case_id": str(case_id), **opened}), by="ann")
        crm.catch_up()
        for one in (case_id, str(case_id), "T-1"):
            found = crm.read.cases.get(one)
            assert found is not None
            assert found.case_id == case_id
