"""A host's transaction on its driver's own connection: joined, never ended, whatever it is set up for."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from psycopg.rows import dict_row

import crmcore
from crmcore.errors import MisuseError, NotFoundError
from tests.application.hammer import cost, plan
from tests.histories import Clock, a_rich_history
from tests.projections.contract import check
from tests.scenario import uid


def connect(url: str, **told: Any) -> Any:
    """A connection as a host makes it, without SQLAlchemy."""
    kind, _, rest = url.partition("://")
    if kind == "sqlite":
        return sqlite3.connect(rest.removeprefix("/"), **told)
    return psycopg.connect(f"postgresql://{rest}", **told)


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    """A log with one event, and a table of the host's."""
    with crmcore.open(database_url, clock=Clock()) as opened:
        opened.execute(plan(), by="me")
        with closing(connect(database_url)) as host:
            host.execute("CREATE TABLE notes (n INTEGER)")
            host.commit()
        yield opened


@pytest.fixture
def host(crm: crmcore.CRM, database_url: str) -> Iterator[Any]:  # noqa: ARG001  # there is a log
    with closing(connect(database_url)) as connection:
        yield connection


def notes(connection: Any) -> int:
    ((count,),) = connection.execute("SELECT count(*) FROM notes").fetchall()
    return int(count)


@pytest.mark.parametrize("first", ["row", "event"])
def test_rows_and_events_commit_together_or_not_at_all(
    crm: crmcore.CRM, host: Any, first: str
) -> None:
    for end, expected in ((host.rollback, (0, 1)), (host.commit, (1, 2))):
        if first == "row":
            host.execute("INSERT INTO notes VALUES (1)")
        receipt = crm.execute(cost(), by="me", connection=host)
        if first == "event":
            host.execute("INSERT INTO notes VALUES (1)")
        assert (receipt.position, crm.position) == (2, 1)
        end()
        assert (notes(host), crm.position) == expected
        host.rollback()
    assert crm.verify().intact


def test_a_refusal_leaves_the_transaction_as_it_was(crm: crmcore.CRM, host: Any) -> None:
    host.execute("INSERT INTO notes VALUES (1)")
    missing = crmcore.commands.CorrectCustomerName(customer_id=uid(9), name="Ann", at=crm.now())
    with pytest.raises(NotFoundError):
        crm.execute(missing, by="me", connection=host)
    done = crm.execute_many([missing, cost(), cost()], by="me", connection=host)
    assert (done.executed, len(done.refused)) == (2, 1)
    host.commit()
    assert (notes(host), crm.position) == (1, 3)


def test_a_preview_sees_what_the_transaction_has_recorded_so_far(
    crm: crmcore.CRM, host: Any
) -> None:
    assert len(crm.preview(cost(), by="me", connection=host).events) == 1
    host.execute("INSERT INTO notes VALUES (1)")
    crm.execute(cost(uid(70)), by="me", connection=host)
    assert crm.preview(cost(uid(70)), by="me", connection=host).events == ()
    host.commit()
    assert (notes(host), crm.position) == (1, 2)


def as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {one[0]: value for one, value in zip(cursor.description, row, strict=True)}


@pytest.mark.parametrize("rows", ["plain", "by name", "objects"])
def test_rows_are_read_as_we_need_them_however_the_host_wants_them(
    database_url: str, rows: str
) -> None:
    history = a_rich_history()
    names = ["customer_history", "orders", "feedback"]
    with (
        crmcore.open(database_url, clock=Clock(), inline=names) as crm,
        closing(connect(database_url)) as host,
    ):
        sqlite = isinstance(host, sqlite3.Connection)
        if rows == "by name":
            host.row_factory = as_dict if sqlite else dict_row
        elif rows == "objects" and sqlite:
            host.row_factory = sqlite3.Row
        elif rows == "objects":
            host.cursor_factory = psycopg.ClientCursor
        factory = host.row_factory
        crm.execute_many(history[:15], by="me", connection=host)
        for one in history[15:]:
            crm.execute(one, by="me", connection=host, command_id=crmcore.new_id())
        host.commit()
        assert host.row_factory is factory
        assert {one.behind for one in crm.status() if one.name in names} == {0}
        crm.catch_up()
        check(crm)
        assert crm.verify().intact


def test_one_that_commits_each_statement_by_itself_is_refused(
    crm: crmcore.CRM, database_url: str
) -> None:
    sqlite = database_url.startswith("sqlite")
    told = {"isolation_level": None} if sqlite else {"autocommit": True}
    with closing(connect(database_url, **told)) as host:
        with pytest.raises(MisuseError, match="commits each statement by itself"):
            crm.execute(cost(), by="me", connection=host)
        host.execute("BEGIN")
        crm.execute(cost(), by="me", connection=host)
        assert crm.position == 1
        host.execute("COMMIT")
    assert crm.position == 2


def test_one_to_another_database_is_refused(crm: crmcore.CRM, database_url: str) -> None:
    url = sa.make_url(database_url)
    file = url.get_backend_name() == "sqlite"
    other = url.set(database=f"{url.database}.other" if file else "postgres")
    with closing(connect(other.render_as_string(hide_password=False))) as host:
        with pytest.raises(MisuseError, match="another database, schema or tenant"):
            crm.execute(cost(), by="me", connection=host)
        host.rollback()
    assert crm.position == 1


def test_one_of_another_kind_or_one_that_was_closed_is_refused(
    crm: crmcore.CRM, sqlite_url: str, postgres_url: str, database_url: str
) -> None:
    other = postgres_url if database_url.startswith("sqlite") else sqlite_url
    with closing(connect(other)) as host, pytest.raises(MisuseError, match="connection: expected"):
        crm.execute(cost(), by="me", connection=host)
    closed = connect(database_url)
    closed.close()
    with pytest.raises(crmcore.errors.StoreError):
        crm.execute(cost(), by="me", connection=closed)
    assert crm.position == 1
