"""A host's own read model is kept beside ours, in every tenant's log, and can be queried."""

from collections.abc import Iterator
from uuid import UUID

import pytest
import sqlalchemy as sa

import crmcore
from crmcore import CRM, commands, new_id
from crmcore.application.log import Recorded
from crmcore.domain.customers.registration import CustomerNameCorrected, CustomerRegistered
from crmcore.projections.engine import Projection, Rows, fold

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
    assert [found.customer_id for found in crm.read.find_customers("ada")] == [ada]


def test_one_view_for_two_handlers_is_refused() -> None:
    def other(_event: object, _recorded: Recorded, _rows: Rows) -> None:
        raise AssertionError

    class Nothing:
        """A view."""

    both = {CustomerRegistered: named, CustomerNameCorrected: other}
    with pytest.raises(ValueError, match="CustomerRegistered has another handler"):
        Projection(
            name="x", version=1, tables=(NAMES,), handlers=both, views=dict.fromkeys(both, Nothing)
        )
