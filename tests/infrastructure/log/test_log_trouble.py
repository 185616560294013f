"""Trouble with the database: one line that says what and where; nothing accepted is lost."""

import shutil
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import crmcore
from crmcore.errors import (
    StoreBusyError,
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from crmcore.infrastructure.database.database import Database
from tests.application.hammer import cost, plan, spent
from tests.patience import PATIENCE

ACCEPTED = 5
SECRET = "s3cr3t"


@pytest.fixture
def accepted(database_url: str) -> str:
    """The URL of a log that holds a few events."""
    with crmcore.open(database_url) as crm:
        crm.execute(plan(), by="me")
        crm.execute_many([cost() for _ in range(ACCEPTED - 1)], by="me")
    return database_url


@pytest.fixture
def accepted_file(sqlite_url: str, tmp_path: Path) -> Path:
    """A file of a log that holds a few events."""
    with crmcore.open(sqlite_url) as crm:
        crm.execute(plan(), by="me")
        crm.execute_many([cost() for _ in range(ACCEPTED - 1)], by="me")
    return tmp_path / "crm.db"


@contextmanager
def trouble(kind: type[StoreError], said: str) -> Iterator[None]:
    """A block that fails with exactly this kind of error, in one line."""
    with pytest.raises(StoreError) as failed:
        yield
    assert type(failed.value) is kind
    assert said in str(failed.value)
    assert "\n" not in str(failed.value)
    assert len(str(failed.value)) < 500
    assert SECRET not in str(failed.value)


def check_is_whole(url: str, events: int = ACCEPTED) -> None:
    """What was accepted is there, and work goes on."""
    with crmcore.open(url) as crm:
        assert crm.verify().records == events
        assert crm.verify().intact
        assert spent(crm) == events - 1
        assert crm.execute(cost(), by="me").position == events + 1
        crm.catch_up()


# Locked


@contextmanager
def locked_by_another_process(url: str) -> Iterator[None]:
    """Another process has the right to write, and does not end its transaction."""
    program = (
        "import sqlalchemy as sa, sys\n"
        "with sa.create_engine(sys.argv[1]).connect() as connection:\n"
        "    sqlite = connection.dialect.name == 'sqlite'\n"
        "    connection.exec_driver_sql('BEGIN IMMEDIATE' if sqlite else\n"
        "        'SELECT * FROM crm_head FOR UPDATE')\n"
        "    print('locked', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    arguments = [sys.executable, "-c", program, url]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"locked\n"
        yield
        holder.communicate(timeout=PATIENCE)


def impatient(url: str) -> str:
    """*url*, waiting a fifth of a second for other writers."""
    option = "timeout=0.2" if url.startswith("sqlite") else "options=-clock_timeout%3D200ms"
    return f"{url}{'&' if '?' in url else '?'}{option}"


def test_another_process_that_holds_the_lock(accepted: str) -> None:
    with crmcore.open(impatient(accepted)) as crm, locked_by_another_process(accepted):
        with trouble(StoreBusyError, "another writer holds it; try again"):
            crm.execute(cost(), by="me")
        with trouble(StoreBusyError, "another writer holds it; try again"):
            crm.execute_many([cost(), cost()], by="me")
        assert crm.position == ACCEPTED  # reading goes on
        assert crm.verify().intact
        with crmcore.open(impatient(accepted)) as second:  # and so does opening
            assert second.position == ACCEPTED
    check_is_whole(accepted)


def test_a_new_file_that_another_process_has_locked(sqlite_url: str) -> None:
    with locked_by_another_process(sqlite_url), trouble(StoreBusyError, "database is locked"):
        crmcore.open(impatient(sqlite_url))
    with crmcore.open(sqlite_url) as crm:
        assert crm.position == 0


def test_many_processes_that_open_a_new_database_at_once(database_url: str) -> None:
    arguments = [sys.executable, "-m", "tests.application.hammer", database_url, "0"]
    children = [subprocess.Popen(arguments, cwd=Path(__file__).parents[3]) for _ in range(4)]
    assert [child.wait(PATIENCE) for child in children] == [0] * 4
    with crmcore.open(database_url) as crm:
        assert crm.verify().intact


def test_opening_a_new_file_waits_for_whoever_writes_to_it(sqlite_url: str) -> None:
    writer = sa.create_engine(sqlite_url)
    with writer.connect() as connection, ThreadPoolExecutor(1) as executor:
        connection.exec_driver_sql("BEGIN IMMEDIATE")  # the file is not in WAL mode yet
        opening = executor.submit(crmcore.open, sqlite_url)
        with pytest.raises(TimeoutError):
            opening.result(0.3)
        connection.rollback()
        with opening.result() as crm:
            assert crm.verify().intact
    writer.dispose()


def test_a_writer_waits_for_a_short_lock(accepted: str) -> None:
    with crmcore.open(accepted) as crm:
        with crmcore.open(accepted) as other:
            engine = other._database.engine
            with engine.connect() as connection:
                other.execute(cost(), by="other", connection=connection)
                program = [sys.executable, "-m", "tests.application.hammer", accepted, "1"]
                with subprocess.Popen(
                    program, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE
                ) as waiting:
                    with pytest.raises(subprocess.TimeoutExpired):
                        waiting.wait(2.5)
                    connection.commit()
                    assert waiting.wait(PATIENCE) == 0
        assert crm.position == ACCEPTED + 2
    check_is_whole(accepted, ACCEPTED + 2)


# Read-only


def test_a_file_that_is_opened_read_only(accepted_file: Path) -> None:
    url = f"sqlite:///file:{accepted_file}?mode=ro&uri=true"
    with crmcore.open(url) as crm:
        assert crm.position == ACCEPTED
        assert crm.verify().intact
        with trouble(StoreReadOnlyError, "cannot be written to"):
            crm.execute(cost(), by="me")
        with trouble(StoreReadOnlyError, "cannot be written to"):
            crm.catch_up()
    check_is_whole(f"sqlite:///{accepted_file}")


def test_a_new_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    with trouble(StoreReadOnlyError, "cannot be written to"):
        crmcore.open(f"sqlite:///file:{tmp_path}/empty.db?mode=ro&uri=true")
    with trouble(StoreMissingError, "there is no such file"):
        crmcore.open(f"sqlite:///file:{tmp_path}/none.db?mode=ro&uri=true")


def test_a_hosts_engine_that_only_reads(accepted_file: Path) -> None:
    engine = sa.create_engine(f"sqlite:///{accepted_file}")
    sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA query_only = 1"))
    with crmcore.open(engine) as crm, trouble(StoreReadOnlyError, "cannot be written to"):
        crm.execute(cost(), by="me")
    engine.dispose()
    check_is_whole(f"sqlite:///{accepted_file}")


def test_a_server_that_takes_no_writes(postgres_url: str) -> None:
    option = "options=-cdefault_transaction_read_only%3Don"
    reading = f"{postgres_url}{'&' if '?' in postgres_url else '?'}{option}"
    with trouble(StoreReadOnlyError, "the server takes no writes"):
        crmcore.open(reading)
    with crmcore.open(postgres_url) as crm:
        crm.execute(plan(), by="me")
    with crmcore.open(reading) as crm:
        assert crm.position == 1
        with trouble(StoreReadOnlyError, "the server takes no writes"):
            crm.execute(cost(), by="me")
    check_is_whole(postgres_url, 1)


def test_a_user_without_permission(postgres_url: str) -> None:
    with crmcore.open(postgres_url) as crm:
        crm.execute(plan(), by="me")
    owner = sa.create_engine(postgres_url)
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS crm_reader")
        connection.exec_driver_sql("CREATE ROLE crm_reader LOGIN")
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO crm_reader")
    with crmcore.open(owner.url.set(username="crm_reader")) as crm:
        assert crm.position == 1
        with trouble(StoreReadOnlyError, "lacks a permission"):
            crm.execute(cost(), by="me")
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP OWNED BY crm_reader")
        connection.exec_driver_sql("DROP ROLE crm_reader")
    owner.dispose()
    check_is_whole(postgres_url, 1)


# Full


def test_a_full_disk(accepted_file: Path) -> None:
    """SQLite's own limit of pages gives the very error that a full disk gives."""
    url = f"sqlite:///{accepted_file}"
    engine = sa.create_engine(url)
    sa.event.listen(engine, "connect", lambda raw, _: raw.execute("PRAGMA max_page_count = 40"))
    done = ACCEPTED
    with crmcore.open(engine) as crm:
        with trouble(StoreFullError, "free some space; what was accepted is kept"):
            for _ in range(10_000):
                crm.execute(cost(), by="me")
                done += 1
        with trouble(StoreFullError, "database or disk is full"):
            crm.execute_many([cost() for _ in range(200)], by="me")
        assert crm.position == done
        assert crm.verify().intact
    engine.dispose()
    assert done > ACCEPTED
    check_is_whole(url, done)


def test_a_full_disk_of_the_server(postgres_url: str) -> None:
    """The server's error for a full disk (53100), raised while it stores a record."""
    with crmcore.open(postgres_url) as crm:
        crm.execute(plan(), by="me")
    engine = sa.create_engine(postgres_url)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION"
            " 'could not extend file \"base/1\": No space left on device' USING"
            " ERRCODE = '53100', HINT = 'Check free disk space.'; END $$"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER fills BEFORE INSERT ON crm_events FOR EACH ROW"
            " WHEN (NEW.position = 4) EXECUTE FUNCTION fill()"
        )
    with crmcore.open(postgres_url) as crm:
        with trouble(StoreFullError, "free some space; what was accepted is kept"):
            for _ in range(10):
                crm.execute(cost(), by="me")
        with trouble(StoreFullError, "free some space; what was accepted is kept"):
            crm.execute_many([cost() for _ in range(30)], by="me")
        assert crm.position == 3
    with engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER fills ON crm_events")
    engine.dispose()
    check_is_whole(postgres_url, 3)


# Not a log, or no longer


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"customer;name\n1;Ann\n" * 200, id="a table of text"),
        pytest.param(b"\x00" * 4_096, id="zeros"),
        pytest.param(b"x", id="a letter"),
        pytest.param(b"SQLite format 3\0" + b"\xff" * 4_080, id="a header and no more"),
    ],
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "crm.db").write_bytes(content)
    with trouble(StoreFormatError, "is no SQLite database"):
        crmcore.open(f"sqlite:///{tmp_path}/crm.db")
    assert (tmp_path / "crm.db").read_bytes() == content


def test_a_file_that_one_process_has_open_twice_stays_whole(accepted_file: Path) -> None:
    """Opening it again must not give up the locks that keep other processes from tidying up."""
    url = f"sqlite:///{accepted_file}"
    with crmcore.open(url) as crm:
        crm.execute(cost(), by="me")
        crmcore.open(url).close()
        for recorded in (ACCEPTED + 2, ACCEPTED + 4):
            another = [sys.executable, "-m", "tests.application.hammer", url, "1"]
            said = subprocess.run(
                another, check=True, capture_output=True, text=True, timeout=PATIENCE
            )
            assert int(said.stdout.split()[0]) == recorded
            crm.execute(cost(), by="me")
    check_is_whole(url, ACCEPTED + 5)


def test_a_damaged_file(accepted_file: Path) -> None:
    with crmcore.open(f"sqlite:///{accepted_file}") as crm:
        crm.execute_many([cost() for _ in range(300)], by="me")
    shutil.copy(accepted_file, backup := accepted_file.with_suffix(".backup"))
    content = bytearray(accepted_file.read_bytes())
    for page in range(2, len(content) // 4_096, 2):
        content[page * 4_096 : page * 4_096 + 200] = b"\xff" * 200
    accepted_file.write_bytes(content)

    with trouble(StoreFormatError, "restore it from a backup"):
        use(f"sqlite:///{accepted_file}")
    shutil.copy(backup, accepted_file)
    check_is_whole(f"sqlite:///{accepted_file}", ACCEPTED + 300)


def test_a_file_cut_short(accepted_file: Path) -> None:
    content = accepted_file.read_bytes()
    accepted_file.write_bytes(content[: len(content) // 2])
    with trouble(StoreFormatError, "restore it from a backup"):
        use(f"sqlite:///{accepted_file}")


def use(url: str) -> None:
    with crmcore.open(url) as crm:
        for _ in range(50):
            crm.execute(cost(), by="me")
        crm.verify()


def test_a_log_from_the_future(accepted: str) -> None:
    change_head(accepted, "format = 2")
    with trouble(StoreFormatError, "its log has format 2, of a later release of crmcore"):
        crmcore.open(accepted)
    change_head(accepted, "format = 1")
    check_is_whole(accepted)


def change_head(url: str, change: str) -> None:
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE crm_head SET {change}")
    engine.dispose()


def test_a_log_without_a_head(accepted: str) -> None:
    engine = sa.create_engine(accepted)
    with crmcore.open(accepted) as crm:
        with engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM crm_head")
        with trouble(StoreFormatError, "the log has no head"):
            crm.execute(cost(), by="me")
        assert not crm.verify().intact
    with trouble(StoreFormatError, "its log has format None"):
        crmcore.open(accepted)
    engine.dispose()


def test_a_head_that_was_set_back(accepted: str) -> None:
    """Positions are not given twice: the database itself refuses."""
    change_head(accepted, "position = position - 1")
    with crmcore.open(accepted) as crm, trouble(StoreError, "refused to record"):
        crm.execute(cost(), by="me")
    change_head(accepted, "position = position + 1")
    check_is_whole(accepted)


def test_tables_of_the_same_name_that_are_not_ours(database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE crm_head (mine INTEGER)")
    engine.dispose()
    with trouble(StoreFormatError, "holds other tables than those of a crmcore log"):
        crmcore.open(database_url)


# Not there


def test_a_missing_folder(tmp_path: Path) -> None:
    with trouble(StoreUnavailableError, f"the folder {tmp_path}/none does not exist"):
        crmcore.open(f"sqlite:///{tmp_path}/none/crm.db")
    assert not list(tmp_path.iterdir())


def test_a_folder_in_place_of_a_file(tmp_path: Path) -> None:
    with trouble(StoreUnavailableError, "unable to open database file"):
        crmcore.open(f"sqlite:///{tmp_path}")


def test_a_log_that_is_not_to_be_made(tmp_path: Path, postgres_url: str) -> None:
    with trouble(StoreMissingError, "there is no such file"):
        crmcore.open(f"sqlite:///{tmp_path}/crm.db", create=False)
    assert not list(tmp_path.iterdir())
    sqlite3.connect(tmp_path / "crm.db").close()
    (tmp_path / "crm.db").touch()
    with trouble(StoreMissingError, "no crmcore log in this database"):
        crmcore.open(f"sqlite:///{tmp_path}/crm.db", create=False)
    with trouble(StoreMissingError, "no crmcore log in this database"):
        crmcore.open(postgres_url, create=False)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite://",
        "sqlite:///",
        "sqlite:///:memory:",
        "sqlite:///file::memory:?uri=true",
        "sqlite:///file:crm?mode=memory&uri=true",
    ],
)
def test_a_database_in_memory(url: str) -> None:
    with trouble(StoreUnavailableError, "name a file, such as sqlite:///crm.db"):
        crmcore.open(url)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("crm.db", "is not a database URL: write sqlite:///crm.db for a file"),
        ("", "is not a database URL"),
        (f"postgresql//me:{SECRET}@host/db", "is not a database URL"),
        (f"postgresql://me:{SECRET}@host:port/db", "is not a database URL"),
        (f"postgresql://me:{SECRET}@host:1:2/db", "is not a database URL"),
        (f"mysql://me:{SECRET}@host/db", "mysql is not supported: use sqlite:///FILE"),
        (
            f"xyzzy://me:{SECRET}@host/db",
            "that kind of database is not supported: use sqlite:///FILE",
        ),
    ],
)
@pytest.mark.parametrize("tenant", [None, "north"])
def test_a_wrong_url(url: str, said: str, tenant: str | None) -> None:
    with trouble(StoreUnavailableError, said):
        crmcore.open(url, tenant=tenant)


@pytest.mark.parametrize("driver", ["sqlite+xyzzy", "sqlite+aiosqlite", "sqlite+pysqlite"])
def test_any_driver_of_sqlite_means_the_one_in_python(tmp_path: Path, driver: str) -> None:
    with crmcore.open(f"{driver}:///{tmp_path}/crm.db") as crm:
        assert crm.position == 0


def refused_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.mark.parametrize("driver", ["postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_a_server_that_does_not_answer(driver: str) -> None:
    url = f"{driver}://me:{SECRET}@127.0.0.1:{refused_port()}/crm"
    with trouble(StoreUnavailableError, "Connection refused"):
        crmcore.open(url)


def test_a_password_in_the_query_is_not_shown_either() -> None:
    url = f"postgresql://me@127.0.0.1:{refused_port()}/crm?password={SECRET}"
    with trouble(StoreUnavailableError, "Connection refused"):
        crmcore.open(url)


def test_a_database_that_the_server_does_not_have(postgres_url: str) -> None:
    url = sa.make_url(postgres_url).set(database="nowhere")
    with trouble(StoreUnavailableError, 'database "nowhere" does not exist'):
        crmcore.open(url)


def test_a_server_that_goes_away_comes_back(postgres_url: str) -> None:
    with crmcore.open(postgres_url) as crm:
        crm.execute(plan(), by="me")
        engine = sa.create_engine(postgres_url)
        for _ in range(3):
            with engine.connect() as connection:
                connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            crm.execute(cost(), by="me")
        engine.dispose()
    check_is_whole(postgres_url, 4)


def test_all_connections_in_use(accepted: str) -> None:
    pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}
    engine = sa.create_engine(accepted, **pool)
    in_use = trouble(StoreBusyError, "all connections are in use")
    with crmcore.open(engine) as crm, engine.connect(), in_use:
        crm.execute(cost(), by="me")
    engine.dispose()


# The store's errors themselves


def test_a_database_that_fails_to_open_holds_no_connection(accepted: str) -> None:
    change_head(accepted, "format = 2")
    with pytest.raises(StoreFormatError):
        Database.open(accepted)
    engine = sa.create_engine(accepted)
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            others = connection.exec_driver_sql(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).scalar_one()
        assert others == 0
    engine.dispose()
