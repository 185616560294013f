"""A host's transaction: refused in words, before anything is written, where it is none or not ours."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from eventsourcing import persistence
from eventsourcing.persistence import StoredEvent, Tracking
from sqlalchemy.orm import Session, scoped_session, sessionmaker

import crmcore
from crmcore.errors import MisuseError, StoreError
from crmcore.eventsourcing import CrmAggregateRecorder, CrmProcessRecorder
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.database.host_transaction import Location
from tests.application.hammer import cost, plan
from tests.histories import Clock
from tests.projections.engine.hosting import FIRST, shown
from tests.projections.examples import named
from tests.scenario import uid

Send = Callable[[crmcore.CRM, Any], object]
ALONE = "commits each statement by itself"
ELSEWHERE = "another database, schema or tenant"


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    """A log with one event."""
    with crmcore.open(database_url) as opened:
        opened.execute(plan(), by="me")
        yield opened


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """The host's own engine on the same database."""
    engine = sa.create_engine(database_url)
    yield engine
    engine.dispose()


sends = pytest.mark.parametrize(
    "send",
    [
        pytest.param(lambda crm, given: crm.execute(cost(), by="me", connection=given), id="one"),
        pytest.param(
            lambda crm, given: crm.execute(cost(), by="me", command_id=uid(5), connection=given),
            id="one with an id",
        ),
        pytest.param(
            lambda crm, given: crm.execute_many([cost(), cost()], by="me", connection=given),
            id="many",
        ),
    ],
)


def check_refused(crm: crmcore.CRM, send: Send, connection: Any, said: str) -> None:
    """Nothing comes into the log, nor into the database that *connection* reaches."""
    with pytest.raises(MisuseError, match=said) as refused:
        send(crm, connection)
    assert "\n" not in str(refused.value)
    assert (crm.position, crm.verify().intact) == (1, True)


# A transaction that is none


@pytest.fixture(params=["connection", "engine", "engine by options"])
def by_itself(
    request: pytest.FixtureRequest, database_url: str, engine: sa.Engine
) -> Iterator[sa.Connection]:
    """A connection that commits each statement by itself."""
    told = {"isolation_level": "AUTOCOMMIT"}
    if request.param == "engine":
        engine = sa.create_engine(database_url, isolation_level="AUTOCOMMIT")
    elif request.param == "engine by options":
        engine = engine.execution_options(**told)
    with engine.connect() as connection:
        if request.param == "connection":
            connection = connection.execution_options(**told)
        yield connection
    engine.dispose()


@sends
def test_a_connection_in_autocommit_is_refused(
    crm: crmcore.CRM, by_itself: sa.Connection, send: Send
) -> None:
    check_refused(crm, send, by_itself, ALONE)
    assert not by_itself.in_transaction()
    by_itself.exec_driver_sql("SELECT position FROM crm_head")
    check_refused(crm, send, by_itself, ALONE)


def test_a_transaction_that_the_host_begins_by_hand_in_autocommit_is_one(
    crm: crmcore.CRM, by_itself: sa.Connection
) -> None:
    for end, position in (("ROLLBACK", 1), ("COMMIT", 2)):
        by_itself.exec_driver_sql("BEGIN")
        crm.execute(cost(), by="me", connection=by_itself)
        by_itself.exec_driver_sql(end)
        assert crm.position == position
    assert crm.verify().intact


def autocommitting(url: str, kind: str) -> sa.Engine:
    if kind == "level":
        return sa.create_engine(url, isolation_level="AUTOCOMMIT")
    if kind == "options":
        return sa.create_engine(url).execution_options(isolation_level="AUTOCOMMIT")
    if url.startswith("postgresql"):
        return sa.create_engine(url, connect_args={"autocommit": True})
    if kind == "attribute":
        if not hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL"):
            pytest.skip("sqlite3 has no autocommit before Python 3.12")
        return sa.create_engine(url, connect_args={"autocommit": True})
    return sa.create_engine(url, connect_args={"isolation_level": None})


@pytest.mark.parametrize("kind", ["level", "options", "driver", "attribute"])
@pytest.mark.parametrize("made", [True, False], ids=["a log", "a new database"])
def test_an_engine_in_autocommit_is_refused(database_url: str, kind: str, made: bool) -> None:
    if made:
        crmcore.open(database_url).close()
    engine = autocommitting(database_url, kind)
    with pytest.raises(MisuseError, match=ALONE):
        crmcore.open(engine)
    engine.dispose()
    plain = sa.create_engine(database_url)
    assert bool(sa.inspect(plain).get_table_names()) is made
    plain.dispose()


# A transaction of another log


def other_file(url: str) -> sa.Engine:
    crmcore.open(changed := f"{url}.other").close()
    return sa.create_engine(changed)


def copied_file(url: str) -> sa.Engine:
    """The same log, with the same keys, in another file."""
    file = Path(url.removeprefix("sqlite:///"))
    with crmcore.open(url) as crm, crm._database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    shutil.copy(file, copy := file.with_suffix(".copy"))
    return sa.create_engine(f"sqlite:///{copy}")


def empty_file(url: str) -> sa.Engine:
    return sa.create_engine(f"{url}.empty")


def memory(_url: str) -> sa.Engine:
    return sa.create_engine("sqlite://")


def other_tenant(url: str) -> sa.Engine:
    crmcore.open(url, tenant="north").close()
    path = {"options": "-csearch_path=crm_north"}
    return sa.create_engine(sa.make_url(url).update_query_dict(path))


def no_schema(url: str) -> sa.Engine:
    path = {"options": "-csearch_path=nowhere"}
    return sa.create_engine(sa.make_url(url).update_query_dict(path))


def other_database(url: str) -> sa.Engine:
    return sa.create_engine(sa.make_url(url).set(database="postgres"))


@sends
@pytest.mark.parametrize("elsewhere", [other_file, copied_file, empty_file, memory])
def test_a_connection_to_another_file_is_refused(
    sqlite_url: str, send: Send, elsewhere: Callable[[str], sa.Engine]
) -> None:
    refuses_elsewhere(sqlite_url, elsewhere(sqlite_url), send)


@sends
@pytest.mark.parametrize("elsewhere", [other_tenant, no_schema, other_database])
def test_a_connection_to_another_schema_or_database_is_refused(
    postgres_url: str, send: Send, elsewhere: Callable[[str], sa.Engine]
) -> None:
    refuses_elsewhere(postgres_url, elsewhere(postgres_url), send)


def refuses_elsewhere(url: str, elsewhere: sa.Engine, send: Send) -> None:
    with crmcore.open(url) as crm, elsewhere.connect() as connection:
        before = events_on(connection)
        crm.execute(plan(), by="me")
        check_refused(crm, send, connection, ELSEWHERE)
        assert not connection.in_transaction()
        assert events_on(connection) == before
    elsewhere.dispose()


def events_on(connection: sa.Connection) -> int | None:
    """How many events are where *connection* looks for them; None where there is no log."""
    found: int | None = None
    if sa.inspect(connection).has_table("crm_events"):
        found = connection.exec_driver_sql("SELECT count(*) FROM crm_events").scalar()
    connection.rollback()
    return found


def test_a_connection_of_the_same_engine_that_looks_elsewhere_is_refused(
    postgres_url: str,
) -> None:
    crmcore.open(postgres_url, tenant="north").close()
    engine = sa.create_engine(postgres_url)
    with crmcore.open(engine) as crm:
        crm.execute(plan(), by="me")
        with engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL search_path TO crm_north")
            with pytest.raises(MisuseError, match=ELSEWHERE):
                crm.execute(cost(), by="me", connection=connection)
            connection.exec_driver_sql("SET LOCAL search_path TO public")
            crm.execute(cost(), by="me", connection=connection)
        assert crm.position == 2
    engine.dispose()


TABLES = ["crm_events", "crm_head", "crm_commands"]


@sends
@pytest.mark.parametrize("table", TABLES)
def test_a_connection_with_a_temporary_table_before_the_logs_is_refused(
    crm: crmcore.CRM, engine: sa.Engine, send: Send, table: str
) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE TEMP TABLE {table} AS SELECT * FROM {table}")
        before = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
        check_refused(crm, send, connection, ELSEWHERE)
        assert connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar() == before


@sends
@pytest.mark.parametrize("table", TABLES)
def test_a_connection_with_another_schemas_table_before_the_logs_is_refused(
    postgres_url: str, send: Send, table: str
) -> None:
    engine = sa.create_engine(postgres_url)
    with crmcore.open(postgres_url) as crm, engine.begin() as connection:
        crm.execute(plan(), by="me")
        connection.exec_driver_sql("CREATE SCHEMA app")
        connection.exec_driver_sql(f"CREATE TABLE app.{table} (LIKE {table} INCLUDING ALL)")
        connection.exec_driver_sql("SET LOCAL search_path TO app, public")
        check_refused(crm, send, connection, ELSEWHERE)
        assert connection.exec_driver_sql(f"SELECT count(*) FROM app.{table}").scalar() == 0
    engine.dispose()


def test_a_connection_of_another_kind_of_database_is_refused(
    sqlite_url: str, postgres_url: str
) -> None:
    for ours, theirs in ((sqlite_url, postgres_url), (postgres_url, sqlite_url)):
        engine = sa.create_engine(theirs)
        with crmcore.open(ours) as crm, engine.connect() as connection:
            with pytest.raises(MisuseError, match="connection: expected one of "):
                crm.execute(plan(), by="me", connection=connection)
            assert crm.position == 0
        engine.dispose()


def test_a_connection_of_another_engine_on_the_same_log_is_taken(
    crm: crmcore.CRM, engine: sa.Engine
) -> None:
    with engine.begin() as connection:
        crm.execute(cost(), by="me", connection=connection)
    assert crm.position == 2


def test_the_same_file_by_another_name_is_the_same_log(sqlite_url: str, tmp_path: Path) -> None:
    with crmcore.open(sqlite_url) as crm:
        (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
        engine = sa.create_engine(f"sqlite:///{tmp_path}/link/../link/crm.db")
        with engine.begin() as connection:
            crm.execute(plan(), by="me", connection=connection)
        assert crm.position == 1
        engine.dispose()


def test_a_hard_link_to_the_file_is_another_log(sqlite_url: str, tmp_path: Path) -> None:
    """It has a write-ahead log of its own: SQLite itself may refuse to read the file by it."""
    with crmcore.open(sqlite_url) as crm:
        crm.execute(plan(), by="me")
        (tmp_path / "second.db").hardlink_to(tmp_path / "crm.db")
        first, second = (Location(tmp_path / name) for name in ("crm.db", "second.db"))
        assert not second.is_that_of(first)
        engine = sa.create_engine(f"sqlite:///{tmp_path}/second.db")
        with engine.connect() as connection, pytest.raises(StoreError):
            crm.execute(cost(), by="me", connection=connection)
        engine.dispose()
        assert crm.position == 1


def test_a_log_whose_tables_were_made_anew_is_found_again(postgres_url: str) -> None:
    """A dump that is played back drops and makes the tables: the host's connection is right."""
    engine = sa.create_engine(postgres_url)
    with crmcore.open(postgres_url) as crm:
        tables = crm._database.tables
        with engine.begin() as connection:
            kept = connection.execute(sa.select(tables.head)).mappings().one()
            tables.head.drop(connection)
            tables.head.create(connection)
            connection.execute(sa.insert(tables.head).values(**kept))
        with engine.begin() as connection:
            crm.execute(plan(), by="me", connection=connection)
        assert crm.position == 1
    engine.dispose()


@pytest.mark.parametrize("tenant", [None, "north"])
def test_tables_that_the_host_has_renamed_for_a_tenant_stay_our_own(
    postgres_url: str, tenant: str | None
) -> None:
    engine = sa.create_engine(postgres_url)
    told: dict[str, Any] = {"clock": Clock(), "projections": [FIRST], "inline": ["guests"]}
    with crmcore.open(postgres_url, tenant=tenant, **told) as crm:
        renamed = {None: "hosts", "crm_north": "hosts"}
        with engine.begin() as connection:
            connection.execution_options(schema_translate_map=renamed)
            crm.execute(named("Ann"), by="me", connection=connection)
            options = connection.get_execution_options()
            assert options["schema_translate_map"] == renamed
        assert len(shown(crm)) == 1
        assert {one.behind for one in crm.status() if one.name == "guests"} == {0}
    engine.dispose()


# No connection at all


@sends
@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param(Session, r"expected session.connection\(\), got a Session", id="session"),
        pytest.param(
            lambda engine: scoped_session(sessionmaker(engine)),
            r"expected session.connection\(\), got a scoped_session",
            id="scoped session",
        ),
        pytest.param(lambda engine: engine, "engine.begin.*got an Engine", id="engine"),
        pytest.param(lambda engine: engine.raw_connection(), "Connection of a tra", id="driver's"),
        pytest.param(lambda _: "sqlite:///crm.db", "got a str", id="text"),
        pytest.param(lambda _: 0, "got an int", id="a number that is false"),
    ],
)
def test_what_is_no_connection_is_told_as_such(
    crm: crmcore.CRM, engine: sa.Engine, send: Send, given: Callable[..., Any], said: str
) -> None:
    connection = given(engine)
    check_refused(crm, send, connection, said)
    if hasattr(connection, "close"):
        connection.close()


def test_a_connection_that_was_closed_is_told_as_such(crm: crmcore.CRM, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        pass
    with pytest.raises(MisuseError, match="got one that was closed"):
        crm.execute(cost(), by="me", connection=connection)


# The recorders


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = Database.open(database_url)
    yield database
    database.close()


@pytest.mark.parametrize("wrong", ["autocommit", "session", "another file"])
def test_the_recorders_refuse_the_same(
    database: Database, engine: sa.Engine, tmp_path: Path, wrong: str
) -> None:
    events = CrmProcessRecorder(database)
    snapshots = CrmAggregateRecorder(database, purpose="snapshots")
    for recorder in (events, snapshots):
        recorder.create_table()
    elsewhere = sa.create_engine(f"sqlite:///{tmp_path}/elsewhere.db")
    connection: Any = (elsewhere if wrong == "another file" else engine).connect()
    given = connection
    if wrong == "autocommit":
        given = connection.execution_options(isolation_level="AUTOCOMMIT")
    elif wrong == "session":
        given = Session(connection)
    stored = [StoredEvent(UUID(int=1), 1, "topic", b"{}")]
    attempts: list[Callable[[], object]] = [
        lambda: events.insert_events(stored, connection=given),
        lambda: snapshots.insert_events(stored, connection=given),
        lambda: events.insert_tracking(Tracking("upstream", 1), connection=given),
    ]
    for attempt in attempts:
        with pytest.raises(persistence.ProgrammingError, match="connection"):
            attempt()
    assert events.max_notification_id() is None
    assert events.max_tracking_id("upstream") is None
    assert snapshots.select_events(UUID(int=1)) == []
    connection.rollback()
    connection.close()
    elsewhere.dispose()
