"""A host's own read model is kept beside ours, in every tenant's log, and can be queried."""

from collections.abc import Iterator, Mapping
from types import NoneType
from typing import Any
from uuid import UUID

import attrs
import pytest
import sqlalchemy as sa

import crmcore
from crmcore import CRM, commands, new_id
from crmcore.application.log import Recorded
from crmcore.domain.customers.customer.messages.registration import (
    CustomerNameCorrected,
    CustomerRegistered,
)
from crmcore.errors import MisuseError
from crmcore.projections.engine.fold import fold
from crmcore.projections.engine.projection import Projection, Rows

NAMES = sa.Table(
    "host_names",
    sa.MetaData(),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("names", sa.Integer, nullable=False),
)


def named(_event: object, recorded: Recorded, rows: Rows) -> None:
    customer_id = str(recorded.subject_id)
    row = rows.get(NAMES, customer_id) or {"customer_id": customer_id, "names": 0}
    rows.put(NAMES, row | {"names": row["names"] + 1})


HOST_NAMES = Projection(
    name="host_names",
    version=1,
    tables=(NAMES,),
    handlers={CustomerRegistered: named, CustomerNameCorrected: named},
)


@pytest.fixture(params=[None, "acme"], ids=["one log", "a tenant's log"])
def crm(database_url: str, request: pytest.FixtureRequest) -> Iterator[CRM]:
    with crmcore.open(database_url, tenant=request.param, projections=[HOST_NAMES]) as crm:
        yield crm


def register(crm: CRM, *names: str) -> UUID:
    customer_id, person = new_id(), commands.CustomerKind.PERSON
    first, *later = names
    crm.execute(
        commands.RegisterCustomer(customer_id=customer_id, kind=person, name=first, at=crm.now()),
        by="host",
    )
    for name in later:
        crm.execute(
            commands.CorrectCustomerName(customer_id=customer_id, name=name, at=crm.now()),
            by="host",
        )
    return customer_id


def test_its_rows_follow_the_log_and_can_be_queried(crm: CRM) -> None:
    ada, grace = register(crm, "Ada"), register(crm, "Grace", "Grace Hopper")
    crm.catch_up()
    query = sa.select(NAMES.c.names).where(NAMES.c.customer_id == str(grace))
    assert crm.read.query(query) == [{"names": 2}]
    assert len(crm.read.query(sa.select(NAMES))) == 2
    assert {one.name: one.state for one in crm.status()}["host_names"] == "caught up"
    assert list(fold(HOST_NAMES, crm.events()).group(NAMES, str(ada))) == [
        {"customer_id": str(ada), "names": 1}
    ]


def test_ours_are_kept_as_well(crm: CRM) -> None:
    ada = register(crm, "Ada")
    crm.catch_up()
    assert [found.customer_id for found in crm.read.customers.find("ada").items] == [ada]


def test_one_view_for_two_handlers_is_refused() -> None:
    def other(_event: object, _recorded: Recorded, _rows: Rows) -> None:
        raise AssertionError

    class Nothing:
        """A view."""

    both = {CustomerRegistered: named, CustomerNameCorrected: other}
    with pytest.raises(MisuseError, match="CustomerRegistered has another handler"):
        Projection(
            name="x", version=1, tables=(NAMES,), handlers=both, views=dict.fromkeys(both, Nothing)
        )


# What a handler sees of an event, in the engine and in the helper for tests

SEEN = sa.Table(
    "host_seen",
    sa.MetaData(),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("told", sa.Text, nullable=False),
)


@attrs.frozen
class Named:
    """A view of an event: its name alone."""

    name: str


def host_seen(told: Any, **particulars: Any) -> Projection:
    """Keeps what *told* makes of each event and its record."""

    def handle(event: Any, recorded: Recorded, rows: Rows) -> None:
        key = {"customer_id": str(recorded.subject_id), "position": recorded.position}
        rows.put(SEEN, key | {"told": str(told(event, recorded))})

    handlers = dict.fromkeys((CustomerRegistered, CustomerNameCorrected), handle)
    return Projection(name="host_seen", version=1, tables=(SEEN,), handlers=handlers, **particulars)


def in_engine(crm: CRM, projection: Projection, *names: str) -> list[Any]:
    """What the views show once *projection* was followed, or rebuilt with *names*."""
    with crmcore.open(crm.where, projections=[projection]) as opened:
        if names:
            opened.maintenance.rebuild_all(names)
            opened.maintenance.switch("host_seen")
        else:
            opened.catch_up()
        return opened.read.query(sa.select(SEEN).order_by(SEEN.c.position))


@pytest.fixture
def file(sqlite_url: str) -> Iterator[CRM]:
    with crmcore.open(sqlite_url) as crm:
        register(crm, "Ada", "Ada L.")
        yield crm


def test_an_event_tells_by_default_who_recorded_it_when_and_why(file: CRM) -> None:
    def told(_event: Any, recorded: Recorded) -> Any:
        return (
            recorded.actor,
            recorded.recorded_at,
            recorded.stream_version,
            recorded.command_id,
            recorded.source,
        )

    projection = host_seen(told)
    expected = [str(told(one.event, one)) for one in file.events()]
    assert "host" in expected[0]
    assert [row["told"] for row in in_engine(file, projection)] == expected
    assert [row["told"] for row in fold(projection, file.events()).rows(SEEN)] == expected


@pytest.mark.parametrize(
    "asked",
    [
        "actor",
        "recorded_at",
        "source",
        "stream_version",
        "command_id",
        "correlation",
        "causation_id",
    ],
)
def test_without_provenance_a_handler_that_asks_is_told_so(file: CRM, asked: str) -> None:
    projection = host_seen(lambda _, recorded: getattr(recorded, asked), provenance=False)
    with pytest.raises(crmcore.errors.ProjectionStoppedError, match="asked for no provenance"):
        in_engine(file, projection)
    with pytest.raises(LookupError, match="asked for no provenance"):
        fold(projection, file.events())


@pytest.mark.parametrize(
    ("views", "told"),
    [
        ({}, lambda event, _: (event.name, type(event).__name__)),
        (dict.fromkeys((CustomerRegistered, CustomerNameCorrected), Named), lambda event, _: event),
        (dict.fromkeys((CustomerRegistered, CustomerNameCorrected), NoneType), lambda e, _: e),
    ],
    ids=["as it is", "a view of it", "nothing of it"],
)
def test_the_helper_for_tests_shows_the_events_that_the_engine_shows(
    file: CRM, views: Mapping[type, type], told: Any
) -> None:
    projection = host_seen(told, views=views)
    found = in_engine(file, projection)
    assert list(fold(projection, file.events()).rows(SEEN)) == found
    assert in_engine(file, projection, "host_seen", "customer_history") == found


def test_the_helper_for_tests_finishes_rows_as_the_engine_does(file: CRM) -> None:
    def finish(row: Any) -> None:
        row["told"] = row["told"].upper()

    projection = host_seen(lambda event, _: event.name, finish={SEEN: finish})
    (row, *_) = found = in_engine(file, projection)
    assert row["told"] == "ADA"
    assert list(fold(projection, file.events()).rows(SEEN)) == found
