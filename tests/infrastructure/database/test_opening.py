"""Opening: read-only means so, what cannot be meant is a ``StoreError``, and nobody's tables are touched."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from eventsourcing import persistence

import crmcore
from crmcore.errors import (
    StoreError,
    StoreFormatError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from crmcore.eventsourcing import Factory
from crmcore.infrastructure.database.database import Database
from tests.application.hammer import cost, plan

# Read-only


@pytest.mark.parametrize("mode", ["ro", "rw"])
@pytest.mark.parametrize("tenant", [None, "north"])
def test_a_mode_that_makes_no_file_makes_none(
    tmp_path: Path, mode: str, tenant: str | None
) -> None:
    with pytest.raises(StoreMissingError, match="there is no such file"):
        crmcore.open(f"sqlite:///{tmp_path}/crm.db?mode={mode}", tenant=tenant)
    assert not list(tmp_path.iterdir())


def test_a_file_that_is_opened_read_only_is_only_read(sqlite_url: str, tmp_path: Path) -> None:
    with crmcore.open(sqlite_url) as crm:
        crm.execute(plan(), by="me")
    before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    with crmcore.open(f"{sqlite_url}?mode=ro") as crm:
        assert crm.where == f"{sqlite_url}?mode=ro"
        assert crm.position == 1
        assert crm.verify().intact
        for write in (lambda: crm.execute(cost(), by="me"), crm.catch_up):
            with pytest.raises(StoreReadOnlyError, match="cannot be written to"):
                write()
    assert before["crm.db"] == (tmp_path / "crm.db").read_bytes()
    with crmcore.open(f"{sqlite_url}?mode=rw") as crm:
        assert crm.execute(cost(), by="me").position == 2


def test_an_empty_file_that_is_opened_read_only_stays_empty(tmp_path: Path) -> None:
    (tmp_path / "crm.db").touch()
    with pytest.raises(StoreReadOnlyError):
        crmcore.open(f"sqlite:///{tmp_path}/crm.db?mode=ro")
    with pytest.raises(StoreMissingError):
        crmcore.open(f"sqlite:///{tmp_path}/crm.db?mode=ro", create=False)
    assert [(file.name, file.stat().st_size) for file in tmp_path.iterdir()] == [("crm.db", 0)]


@pytest.mark.parametrize("name", ["a b.db", "a#b.db", "50%41.db", "what?.db", "ä ✓.db", "a&b.db"])
def test_any_name_of_a_file_can_be_opened_read_only(tmp_path: Path, name: str) -> None:
    file = str(tmp_path / name)
    with crmcore.open(sa.URL.create("sqlite", database=file)) as crm:
        crm.execute(plan(), by="me")
    with crmcore.open(sa.URL.create("sqlite", database=file, query={"mode": "ro"})) as crm:
        assert crm.position == 1


def test_a_relative_name_can_be_opened_read_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    crmcore.open("sqlite:///crm.db").close()
    with crmcore.open("sqlite:///crm.db?mode=ro") as crm:
        assert crm.position == 0


@pytest.mark.parametrize("tenant", [None, "north"])
@pytest.mark.parametrize("name", ["file:{}/crm.db", "file://{}/crm.db", "file:{}/a%2520b.db"])
@pytest.mark.parametrize("setting", ["?uri=true", "?uri=true&mode=ro", ""])
def test_a_file_named_by_a_uri_is_not_made_either(
    tmp_path: Path, name: str, setting: str, tenant: str | None
) -> None:
    with pytest.raises(StoreMissingError, match="there is no such file"):
        crmcore.open(f"sqlite:///{name.format(tmp_path)}{setting}", create=False, tenant=tenant)
    assert not list(tmp_path.iterdir())


def test_a_file_named_by_a_uri_is_the_one_of_that_name(tmp_path: Path) -> None:
    with crmcore.open(f"sqlite:///file:{tmp_path}/a%20b.db?uri=true") as crm:
        crm.execute(plan(), by="me")
    with crmcore.open(f"sqlite:///{tmp_path}/a b.db", create=False) as crm:
        assert crm.position == 1


@pytest.mark.parametrize("setting", ["MODE=ro", "mod=ro", "journal=off", "timeout=1&nonsense=1"])
@pytest.mark.parametrize("name", ["crm.db", "file:crm.db"])
def test_a_setting_that_sqlite_does_not_know_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError, match=r"does not know: it knows .*mode, .*timeout"):
        crmcore.open(f"sqlite:///{name}?{setting}")
    assert not list(tmp_path.iterdir())


# What cannot be meant

PLACES: dict[str, Any] = {
    "nothing": None,
    "a number": 5,
    "bytes": b"sqlite:///crm.db",
    "a path": Path("crm.db"),
    "a zero": "sqlite:///a\0b/crm.db",
    "a zero in the name": "sqlite:///a\0b.db",
    "half a character": "sqlite:///\ud800.db",
    "a host": "sqlite://host/crm.db",
    "timeout": "sqlite:///crm.db?timeout=soon",
    "a kind of types": "sqlite:///crm.db?detect_types=all",
    "a number of statements": "sqlite:///crm.db?cached_statements=many",
    "an unknown mode": "sqlite:///crm.db?mode=nonsense",
    "a port": "postgresql://host:port/crm",
    "a setting of the server": "postgresql://127.0.0.1:9/crm?nonsense=1",
    "a zero for the server": "postgresql://127.0.0.1:9/c\0rm",
}


@pytest.mark.parametrize("target", PLACES.values(), ids=PLACES)
@pytest.mark.parametrize("tenant", [None, "north"])
def test_a_place_that_cannot_be_meant_is_a_store_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: Any, tenant: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StoreError) as failed:
        crmcore.open(target, tenant=tenant)
    assert "\n" not in str(failed.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "tenant",
    ["", "A", "1a", "a-b", "a\n", "ä", "x" * 41, "a.b", "a/b", 5, b"acme", ["acme"], "a\0"],
)
def test_a_name_that_no_tenant_has_is_a_store_error(sqlite_url: str, tenant: Any) -> None:
    with pytest.raises(StoreUnavailableError, match="expected a small letter, then up to 39"):
        crmcore.open(sqlite_url, tenant=tenant)


@pytest.mark.parametrize("schema", ["x" * 64, "ä" * 32, "a\0b"])
def test_a_schema_that_the_server_would_cut_is_a_store_error(
    postgres_url: str, schema: str
) -> None:
    with pytest.raises(StoreUnavailableError, match="a name of at most 63 bytes"):
        Database.open(postgres_url, schema=schema)
    with pytest.raises(persistence.OperationalError, match="a name of at most 63 bytes"):
        Factory({Factory.CRMCORE_URL: postgres_url, Factory.CRMCORE_SCHEMA: schema})


def test_a_schema_of_the_longest_name_is_opened_again(postgres_url: str) -> None:
    for _ in range(2):
        Database.open(postgres_url, schema="Ä" + "x" * 61).close()


@pytest.mark.parametrize("kind", ["mysql+pymysql", "postgresql+pg8000"])
@pytest.mark.parametrize("tenant", [None, "north"])
def test_an_engine_of_another_kind_is_a_store_error(kind: str, tenant: str | None) -> None:
    engine = sa.create_engine(f"{kind}://me@host/crm", module=sqlite3)
    with pytest.raises(StoreUnavailableError, match=rf"{kind.replace('+', '.')} is not supported"):
        crmcore.open(engine, tenant=tenant)


# The tables of others


@pytest.mark.parametrize(
    "made",
    [
        "CREATE TABLE crm_events (id INTEGER PRIMARY KEY, title TEXT)",
        "CREATE TABLE crm_commands (command_id TEXT)",
        "CREATE TABLE crm_head (id INTEGER, format INTEGER)",
        "CREATE VIEW crm_events AS SELECT 1 AS position",
    ],
    ids=["events", "commands", "head", "a view"],
)
@pytest.mark.parametrize("create", [True, False])
def test_a_database_with_another_applications_tables_is_left_alone(
    database_url: str, made: str, create: bool
) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(made)
        before = names_in(connection)
    with pytest.raises(StoreFormatError):
        crmcore.open(database_url, create=create)
    with engine.connect() as connection:
        assert names_in(connection) == before
    engine.dispose()


@pytest.mark.parametrize("table", ["crm_events", "crm_commands"])
@pytest.mark.parametrize("other", [None, "(mine INTEGER)"], ids=["missing", "another's"])
def test_a_log_that_lost_a_table_is_refused(
    database_url: str, table: str, other: str | None
) -> None:
    crmcore.open(database_url).close()
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"DROP TABLE {table}")
        if other is not None:
            connection.exec_driver_sql(f"CREATE TABLE {table} {other}")
        before = names_in(connection)
    with pytest.raises(StoreFormatError, match=rf"other tables .* \({table}\): .*restore"):
        crmcore.open(database_url)
    with engine.connect() as connection:
        assert names_in(connection) == before
    engine.dispose()


def names_in(connection: sa.Connection) -> set[str]:
    seen = sa.inspect(connection)
    return {*seen.get_table_names(), *seen.get_view_names()}
