"""Questions to the live rows: as of the position asked for or an error, and mistakes told as such."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Column, MetaData, Table, Text, func, select

import crmcore
from crmcore.errors import (
    MisuseError,
    NotReachedError,
    ProjectionStoppedError,
    StoreReadOnlyError,
    StoreUnavailableError,
)
from crmcore.projections.marketing.campaign_results import CAMPAIGN_RESULTS
from tests.histories import Clock, a_rich_history, send
from tests.projections.engine.hosting import COUNTED, FIRST, NAMES, SECOND, shown
from tests.projections.examples import ANN, at, named
from tests.scenario import uid

FAR = 10**9
TEXT: Any = sa.text("SELECT 1 AS one")
MOMENT = at("2026-06-01")


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as opened:
        yield opened


questions = pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda read: read.customers.history(ANN), id="history"),
        pytest.param(lambda read: read.loyalty.get(ANN), id="loyalty"),
        pytest.param(lambda read: read.loyalty.get(ANN, as_of=MOMENT), id="loyalty of the past"),
        pytest.param(lambda read: read.loyalty.tiers(), id="tiers"),
        pytest.param(lambda read: read.cases.get("N-1"), id="case"),
        pytest.param(lambda read: read.cases.find(), id="cases"),
        pytest.param(lambda read: read.service_levels.compliance(), id="service levels"),
        pytest.param(lambda read: read.service_levels.period(), id="period"),
        pytest.param(lambda read: read.cases.escalations(), id="escalations"),
        pytest.param(lambda read: read.surveys.find(), id="surveys"),
        pytest.param(lambda read: read.customers.find("Ann").items, id="search"),
        pytest.param(lambda read: read.campaigns.find().items, id="campaigns"),
        pytest.param(lambda read: read.query(select(NAMES)), id="query"),
        pytest.param(lambda read: read.query(TEXT), id="text"),
    ],
)


# As of a position


@questions
@pytest.mark.parametrize("followed", [True, False])
def test_a_position_that_the_log_has_not_come_to_is_an_error(
    crm: crmcore.CRM, ask: Callable[[Any], object], followed: bool
) -> None:
    send(crm, a_rich_history())
    if followed:
        crm.catch_up()
    for position in (FAR, crm.position + 1):
        with pytest.raises(NotReachedError, match=f"ends at position {crm.position}, not"):
            ask(crm.read.at_least(position))
    ask(crm.read.at_least(crm.position))


@questions
def test_an_answer_before_the_hosts_own_commit_is_an_error_at_once(
    crm: crmcore.CRM, database_url: str, ask: Callable[[Any], object]
) -> None:
    send(crm, [named("Ann")])
    crm.catch_up()
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        receipt = crm.execute(named("Ben", uid(2)), by="me", connection=connection)
        with pytest.raises(NotReachedError, match=r"ends at position 1, not 2: was .* committed\?"):
            ask(crm.read.at_least(receipt.position))
    ask(crm.read.at_least(receipt.position))
    engine.dispose()


def test_a_query_as_of_a_position_brings_the_tables_that_it_names_there(crm: crmcore.CRM) -> None:
    send(crm, [named("Ann")])
    nested = select(func.count().label("n")).select_from(select(NAMES).subquery())
    assert crm.read.at_least(crm.position).query(nested) == [{"n": 1}]
    assert {one.name for one in crm.status() if one.state == "caught up"} == {"guests"}
    crm.read.at_least(crm.position).query(TEXT)  # names none: any may be meant
    assert {one.state for one in crm.status()} == {"caught up"}


def test_a_read_model_that_cannot_come_to_a_position_says_why(
    crm: crmcore.CRM, database_url: str
) -> None:
    send(crm, [named("Ann")])
    crm.catch_up()
    send(crm, [named("Ben", uid(2))])
    with crmcore.open(database_url, clock=Clock(), projections=[SECOND]) as later:
        assert later.read.at_least(1).query(select(NAMES))  # so far it has come
        with pytest.raises(ProjectionStoppedError, match="rebuild needed: its version is 2"):
            later.read.at_least(2).query(select(NAMES))


# What the host got wrong


def other(*columns: Column[Any], name: str = "guests") -> Table:
    return Table(name, MetaData(), Column("customer_id", Text, primary_key=True), *columns)


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        pytest.param(select(other(Column("nmae", Text))), "nmae", id="a wrong column"),
        pytest.param(select(other(name="gests")), "gests", id="a wrong table"),
        pytest.param(select(func.nonsense(NAMES.c.name)), "nonsense", id="a wrong function"),
        pytest.param(sa.text("SELEC 1"), "SELEC", id="a typing error"),
        pytest.param("SELECT 1", "got a str", id="a string"),
        pytest.param(NAMES, "got a Table", id="a table"),
        pytest.param(None, "got a NoneType", id="nothing"),
    ],
)
def test_a_statement_that_cannot_be_answered_is_told_as_a_mistake(
    crm: crmcore.CRM, statement: Any, said: str
) -> None:
    send(crm, [named("Ann")])
    crm.catch_up()
    with pytest.raises(MisuseError, match=said) as mistaken:
        crm.read.query(statement)
    assert "\n" not in str(mistaken.value)
    assert len(shown(crm)) == 1


def test_a_column_that_comes_with_a_rebuild_says_so(crm: crmcore.CRM, database_url: str) -> None:
    send(crm, [named("Ann")])
    crm.catch_up()
    with crmcore.open(database_url, clock=Clock(), projections=[SECOND]) as later:
        with pytest.raises(
            ProjectionStoppedError, match="guests: rebuild needed: its version is 2"
        ):
            later.read.query(select(COUNTED.c.names))
        later.maintenance.rebuild("guests")
        later.maintenance.switch("guests")
        assert later.read.query(select(COUNTED.c.names)) == [{"names": 1}]


def test_a_question_that_needs_a_column_of_a_later_definition_says_so(crm: crmcore.CRM) -> None:
    send(crm, a_rich_history())
    crm.catch_up()
    with crm._database.write() as connection:
        connection.exec_driver_sql("DROP VIEW campaign_results")
        connection.exec_driver_sql("CREATE VIEW campaign_results AS SELECT 1 AS old")
    with pytest.raises(StoreUnavailableError):  # of this definition: the database is to blame
        crm.read.campaigns.find()
    with crm._database.write() as connection:
        connection.exec_driver_sql(
            "UPDATE crm_projections SET version = 0, definition = 'older'"
            " WHERE name = 'campaign_results'"
        )
    for ask in (
        crm.read.campaigns.find,
        lambda: crm.read.query(select(CAMPAIGN_RESULTS)),
    ):
        with pytest.raises(ProjectionStoppedError, match="campaign_results: rebuild needed"):
            ask()


def test_rows_that_nobody_has_followed_say_so(crm: crmcore.CRM) -> None:
    for ask in (crm.read.campaigns.find, lambda: crm.read.query(select(NAMES))):
        with pytest.raises(ProjectionStoppedError, match="has no rows yet: run"):
            ask()


def test_a_missing_permission_is_the_operators_matter(postgres_url: str) -> None:
    owner = sa.create_engine(postgres_url)
    with crmcore.open(owner, clock=Clock(), projections=[FIRST]) as crm:
        send(crm, [named("Ann")])
        crm.catch_up()
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP ROLE IF EXISTS crm_guest")
        connection.exec_driver_sql("CREATE ROLE crm_guest LOGIN")
        connection.exec_driver_sql("GRANT SELECT ON crm_head, crm_projections TO crm_guest")
    with (
        crmcore.open(
            owner.url.set(username="crm_guest"), clock=Clock(), projections=[FIRST]
        ) as crm,
        pytest.raises(StoreReadOnlyError, match="lacks a permission"),
    ):
        crm.read.query(select(NAMES))
    with owner.begin() as connection:
        connection.exec_driver_sql("DROP OWNED BY crm_guest")
        connection.exec_driver_sql("DROP ROLE crm_guest")
    owner.dispose()
