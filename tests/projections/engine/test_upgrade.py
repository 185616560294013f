"""Logs of earlier releases, as these left them: what is opened, brought forward, and refused.

The fixtures were written by those releases on each of the databases: four records, read models that
were followed, and in the later ones a generation that was built and a rebuild that ended in the middle.
"""

import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
import sqlalchemy as sa

import crmcore
from crmcore.application.policies import STANDARD_POLICIES
from crmcore.commands import CorrectCustomerName
from crmcore.errors import StoreBusyError, StoreError, StoreFormatError, StoreReadOnlyError
from crmcore.eventsourcing import Factory
from crmcore.projections.engine.generations import upgrade
from crmcore.projections.engine.generations.upgrade import STEPS
from crmcore.workers import fill_parts
from tests.cli.command_line import CommandLine

ROOT = Path(__file__).parents[3]
BEN = UUID(int=2)
LOGS = ROOT / "tests" / "fixtures" / "logs"
ANEW, LINKS, PART_LINKS, TOPICS = (step.what for step in STEPS)
DUE = {
    "without-states": [ANEW],
    "without-links": [LINKS, PART_LINKS, TOPICS],
    "without-topics": [TOPICS],
}
REFUSED = ("without-states", "without-links")

KILLED = """
import os, signal, sys
import sqlalchemy as sa
import crmcore
from crmcore.projections.engine.maintenance.maintenance import Maintenance

def upgrade(left):
    engine = sa.create_engine(sys.argv[1])

    @sa.event.listens_for(engine, "before_cursor_execute")
    def count(_connection, _cursor, statement, *_):
        nonlocal left
        if statement.startswith(("ALTER", "DROP", "LOCK")):
            left -= 1
            if left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    crmcore.open(engine).maintenance.upgrade()

killed = 0
while True:
    child = os.fork()
    if not child:
        upgrade(2**killed - 1)
        os._exit(0)
    if os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0:
        break
    killed += 1
print(killed)
"""
"""Processes that are killed at the first statement, the second, the fourth ..., until one comes to the end."""


def write(url: str, layout: str, schema: str | None = None) -> None:
    """Make the log that a release left, in a fresh database."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == "sqlite":
        with sqlite3.connect(str(parsed.database)) as connection:
            connection.executescript((LOGS / f"{layout}.sqlite.sql").read_text())
            connection.execute("PRAGMA journal_mode = WAL")
        connection.close()
        return
    script = (LOGS / f"{layout}.postgresql.sql").read_text()
    with psycopg.connect(url.replace("+psycopg", "")) as server:
        if schema is not None:
            server.execute(f"CREATE SCHEMA {schema}".encode())
            script = script.replace("public.", f"{schema}.")
        server.execute(script.encode())


@pytest.fixture(params=DUE)
def layout(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def old(database_url: str, layout: str) -> str:
    write(database_url, layout)
    return database_url


def require_whole(crm: crmcore.CRM, position: int = 4) -> None:
    """The log is what it was, and its read models can be had as if it were new."""
    verdict = crm.verify()
    assert (verdict.intact, verdict.records, crm.position) == (True, position, position)
    for one in crm.status():
        if one.building is not None:
            crm.maintenance.retire(one.name)
    crm.maintenance.rebuild_all()
    for one in crm.status():
        crm.maintenance.switch(one.name)
    assert {one.state for one in crm.status()} == {"caught up"}
    [found] = crm.read.customers.find("Ann Hills").items
    assert found.name == "Ann Hills"


def test_what_an_earlier_release_left_is_brought_forward(old: str, layout: str) -> None:
    with crmcore.open(old, create=False) as crm:
        seen: list[tuple[str, int, int]] = []
        assert crm.maintenance.upgrade(lambda *step: seen.append(step)) == DUE[layout]
        count = len(DUE[layout])
        assert seen == [
            *((what, done, count) for done, what in enumerate(DUE[layout])),
            (DUE[layout][-1], count, count),
        ]
        assert crm.maintenance.upgrade() == []
        require_whole(crm)


@pytest.mark.parametrize("layout", REFUSED, indirect=True)
def test_until_then_read_models_say_what_helps_and_commands_go_on(old: str) -> None:
    with crmcore.open(old) as crm:
        for ask in (crm.status, crm.catch_up):
            with pytest.raises(StoreFormatError, match=r"earlier release .* `crmcore upgrade`"):
                ask()
        command = CorrectCustomerName(customer_id=BEN, name="Ben Oder", at=crm.now())
        crm.execute(command, by="desk")
        crm.maintenance.upgrade()
        require_whole(crm, 5)


@pytest.mark.parametrize("layout", ["without-links"], indirect=True)
def test_rows_of_before_are_shown_until_they_are_rebuilt(old: str) -> None:
    with crmcore.open(old) as crm:
        crm.maintenance.upgrade()
        states = {one.name: one.state for one in crm.status()}
        assert states["customer_history"] == "rebuild needed"
        assert states["orders"] == "not begun"
    engine = sa.create_engine(old)
    with engine.connect() as connection:
        rows = connection.execute(sa.text("SELECT name FROM customer_directory ORDER BY 1"))
        assert rows.scalars().all() == ["Ann Hill", "Ben Ode", "Cid Roy"]
    engine.dispose()


def test_a_log_of_this_release_is_left_as_it_is(database_url: str) -> None:
    with crmcore.open(database_url) as crm:
        assert crm.maintenance.upgrade() == []
        crm.catch_up()
        assert crm.maintenance.upgrade() == []


@pytest.mark.skipif(sys.platform == "win32", reason="kill -9")
def test_killed_at_any_statement_it_goes_on_where_it_was(old: str) -> None:
    program = [sys.executable, "-c", KILLED, old]
    done = subprocess.run(program, capture_output=True, check=True, text=True)
    assert int(done.stdout) >= 1
    with crmcore.open(old) as crm:
        require_whole(crm)


def test_of_two_at_once_each_step_is_taken_by_one(old: str, layout: str) -> None:
    done: list[str] = []

    def run() -> None:
        with crmcore.open(old) as crm:
            done.extend(crm.maintenance.upgrade())

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == sorted(DUE[layout])


def test_it_is_refused_while_somebody_follows(
    old: str, monkeypatch: pytest.MonkeyPatch, layout: str
) -> None:
    monkeypatch.setattr(upgrade, "PATIENCE", "100ms")
    engine, url = sa.create_engine(old), old + ("?timeout=0.1" if "sqlite" in old else "")
    with engine.connect() as following, crmcore.open(url) as crm:
        if following.dialect.name == "sqlite":
            following.exec_driver_sql("BEGIN IMMEDIATE")
        following.exec_driver_sql("UPDATE crm_projections SET position = position")
        with pytest.raises(StoreBusyError, match="another writer holds it; try again"):
            crm.maintenance.upgrade()
        following.rollback()
        assert crm.maintenance.upgrade() == DUE[layout]
    engine.dispose()


@pytest.mark.parametrize("layout", ["without-links"], indirect=True)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_file_that_is_only_read_is_not_changed(old: str) -> None:
    with (
        crmcore.open(old + "?mode=ro") as crm,
        pytest.raises(StoreReadOnlyError, match="cannot be written to"),
    ):
        crm.maintenance.upgrade()
    with crmcore.open(old) as crm:
        assert crm.maintenance.upgrade() == DUE["without-links"]


def test_whoever_does_not_own_the_tables_is_refused(postgres_url: str) -> None:
    write(postgres_url, "without-links")
    role = "clerk_" + sa.make_url(postgres_url).database[5:17]  # type: ignore[index]  # it has one
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as server:
        server.execute(f"CREATE ROLE {role} LOGIN".encode())
        server.execute(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}".encode())
    url = sa.make_url(postgres_url).set(username=role)
    try:
        with (
            crmcore.open(url) as crm,
            pytest.raises(StoreReadOnlyError, match="must be owner of table crm_projections"),
        ):
            crm.maintenance.upgrade()
    finally:
        with psycopg.connect(postgres_url.replace("+psycopg", "")) as server:
            server.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


@pytest.mark.parametrize("layout", REFUSED)
def test_a_tenants_log_is_brought_forward_alone(database_url: str, layout: str) -> None:
    tenants_file = database_url.replace("crm.db", "crm.acme.db")
    write(tenants_file, layout, schema="crm_acme")
    with crmcore.open(database_url) as crm, crmcore.open(database_url, tenant="acme") as acme:
        assert crm.maintenance.upgrade() == []
        assert acme.maintenance.upgrade() == DUE[layout]
        require_whole(acme)
        assert crm.position == 0


WAYS: dict[str, Callable[[str], Any]] = {
    "by its url": crmcore.open,
    "by an engine": lambda url: crmcore.open(sa.create_engine(url, poolclass=sa.NullPool)),
    "to read": lambda url: crmcore.open(url, create=False),
    "an application": lambda url: Factory({Factory.CRMCORE_URL: url}).application_recorder(),
    "a worker": lambda url: fill_parts(url, None, STANDARD_POLICIES, (), (), ()),
}
LATER = "its log has format 7, of a later release of crmcore; this one reads format 1: update"


def change_format(url: str, to: int) -> None:
    crmcore.open(url).close()
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE crm_head SET format = {to}")
    engine.dispose()


@pytest.mark.parametrize("way", WAYS)
def test_a_later_format_is_refused_by_its_number_whoever_opens(database_url: str, way: str) -> None:
    change_format(database_url, 7)
    with pytest.raises(Exception, match=LATER) as refused:
        WAYS[way](database_url)
    assert isinstance(refused.value, StoreFormatError) or way == "an application"


def test_the_command_line_brings_a_log_forward_and_says_what_is_to_be_rebuilt(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = CommandLine(capsys, tmp_path / "crm.db")
    write(f"sqlite:///{run.database}", "without-links")
    assert "`crmcore upgrade` brings them forward" in run("projections", "status").complaint
    said = run("upgrade").out
    assert f"Done: {TOPICS}." in said
    assert "To be rebuilt: customer_history, " in said
    assert run("--json", "upgrade").document["done"] == []
    assert run("audit", "verify").status == 0


def test_the_command_line_refuses_a_later_format_as_well(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run = CommandLine(capsys, tmp_path / "crm.db")
    change_format(f"sqlite:///{run.database}", 7)
    for words in (("upgrade",), ("projections", "status"), ("audit", "verify")):
        done = run(*words)
        assert done.status == 1
        assert LATER in done.complaint


def test_a_format_that_no_release_wrote_is_no_log_to_go_on_with(database_url: str) -> None:
    change_format(database_url, 0)
    with pytest.raises(StoreError, match=r"format 0, which no release wrote; .* from a backup"):
        crmcore.open(database_url)
