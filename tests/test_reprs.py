"""What the core and its parts are called in a debugger or a log: one line, without what is secret or personal."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import make_url

import crmcore
from crmcore import commands as ask
from crmcore import new_id
from crmcore.errors import NotFoundError

NAME = "Ann Lovelace"
PARTS: Mapping[str, Callable[[crmcore.CRM], object]] = {
    "the core": lambda crm: crm,
    "the core for tasks": lambda crm: crm.aio,
    "questions": lambda crm: crm.read,
    "rows": lambda crm: crm.read.at_least(1),
    "maintenance": lambda crm: crm.maintenance,
    "processes": lambda crm: crm.processes,
    "a subscription": lambda crm: crm.subscribe("mailer", print),
    "a delivery": lambda crm: delivered(crm),
    "subscriptions": lambda crm: crm.subscriptions,
    "the catalogue": lambda crm: crm.catalogue,
    "a command of the catalogue": lambda crm: crm.catalogue.commands["place-order"],
    "an event of the catalogue": lambda crm: crm.catalogue.events["order-placed"],
    "a status": lambda crm: crm.status()[0],
    "a verdict": lambda crm: crm.verify(),
    "a recorded event": lambda crm: next(iter(crm.events())),
    "questions about cases": lambda crm: crm.read.cases,
    "questions about customers": lambda crm: crm.read.customers,
    "questions about leads": lambda crm: crm.read.leads,
    "questions about loyalty": lambda crm: crm.read.loyalty,
    "questions about orders": lambda crm: crm.read.orders,
    "questions about service levels": lambda crm: crm.read.service_levels,
}


def delivered(crm: crmcore.CRM) -> object:
    found = list[object]()
    crm.subscribe("mailer", found.append).catch_up()
    return found[0]


def joins() -> Any:
    at = crmcore.crm.now()
    person = ask.CustomerKind.PERSON
    return ask.RegisterCustomer(customer_id=new_id(), kind=person, name=NAME, at=at)


def require_a_line(shown: str) -> None:
    assert "\n" not in shown
    assert len(shown) < 300
    assert NAME not in shown
    assert " object at 0x" not in shown


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    with crmcore.open(database_url) as crm:
        crm.execute(joins(), by="kim")
        yield crm


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_a_line(crm: crmcore.CRM, part: str) -> None:
    require_a_line(repr(PARTS[part](crm)))


def test_what_is_handed_over_and_given_back_is_a_line(crm: crmcore.CRM) -> None:
    receipt = crm.execute(joins(), by="kim")
    require_a_line(repr(receipt))
    assert "customer-registered" in repr(receipt)
    require_a_line(repr(crmcore.Envelope(command=joins(), by="kim")))
    refused = crm.execute_many([joins(), ask.RecordNote(
        note_id=new_id(), customer_id=new_id(), text=NAME, at=crm.now()
    )], by="kim")  # fmt: skip
    assert isinstance(refused.refused[0].error, NotFoundError)
    require_a_line(repr(refused))


def test_what_a_context_is_made_of_is_a_line(crm: crmcore.CRM) -> None:
    for context in crmcore.all_contexts():
        require_a_line(repr(context))
        for aggregate in context.aggregates:
            require_a_line(repr(aggregate))
    for projection in crm.projections:
        assert repr(projection) == f"Projection({projection.name!r}, version={projection.version})"
    require_a_line(repr(crmcore.policies.CasePolicy()))


def test_a_line_names_the_database_without_its_password(postgres_url: str) -> None:
    url = make_url(postgres_url).set(password="hunter2")
    with crmcore.open(url) as crm:
        for part in (crm, crm.aio, crm.read.cases):
            assert "hunter2" not in repr(part)
        assert str(url.database) in repr(crm)
