"""An instant says its time zone, in every question and for both databases alike, or is refused."""

import inspect
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from operator import attrgetter
from typing import Any, get_args
from uuid import UUID

import pytest
import sqlalchemy as sa

import crmcore
from crmcore import CRM, Period, PeriodLength
from crmcore.commands import CustomerKind, RegisterCustomer
from crmcore.composition import Composition
from crmcore.domain.customers.customer.messages.registration import CustomerRegistered
from crmcore.domain.service.survey.messages import SurveyKind
from crmcore.errors import InvalidValueError, ProjectionStoppedError
from crmcore.projections.engine.columns import Instant
from crmcore.projections.engine.projection import Projection, Rows
from crmcore.reading import ReadModels
from tests.scenario import START, uid

AWARE = datetime(2026, 1, 5, 9, tzinfo=UTC)
NAIVE = AWARE.replace(tzinfo=None)
REGISTER = RegisterCustomer(customer_id=uid(1), kind=CustomerKind.PERSON, name="Ann", at=START)
GIVEN: dict[str, Any] = {
    "case": "C-1",
    "kind": SurveyKind.CSAT,
    "period": Period(AWARE, AWARE + timedelta(days=1)),
    "length": PeriodLength.DAY,
    "since": AWARE,
    "until": AWARE,
    "known_at": AWARE,
}


def instants_of(question: Any) -> list[str]:
    return [
        name
        for name, one in inspect.signature(question).parameters.items()
        if datetime in (one.annotation, *get_args(one.annotation))
    ]


CLASSES = {"": ReadModels, **{f"{name}.": kind for name, kind in Composition().questions.items()}}
QUESTIONS = [
    pytest.param(f"{prefix}{question}", name, id=f"{prefix}{question}({name})")
    for prefix, kind in CLASSES.items()
    for question, asked in inspect.getmembers(kind, inspect.isfunction)
    if not question.startswith("_")
    for name in instants_of(asked)
]


@pytest.fixture
def crm(database_url: str) -> Iterator[CRM]:
    with crmcore.open(database_url) as crm:
        crm.execute(REGISTER, by="test")
        crm.catch_up()
        yield crm


def asked(crm: CRM, question: str, name: str, instant: object) -> object:
    ask = attrgetter(question)(crm.read)
    required = {
        key: uid(1) if one.annotation is UUID else GIVEN[key]
        for key, one in inspect.signature(ask).parameters.items()
        if one.default is one.empty and one.kind is not one.VAR_KEYWORD
    }
    return ask(**required | {name: instant})


def test_there_are_questions_with_instants() -> None:
    assert len(QUESTIONS) >= 20


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(NAIVE, id="no zone"),
        pytest.param(date(2026, 1, 5), id="a date"),
        pytest.param("2026-01-05T09:00:00Z", id="text"),
    ],
)
def test_every_question_refuses_what_is_no_instant(crm: CRM, wrong: object) -> None:
    for question, name in (one.values for one in QUESTIONS):
        with pytest.raises(InvalidValueError, match=f"{name}: expected an instant") as refusal:
            asked(crm, str(question), str(name), wrong)
        assert refusal.value.field == name


def test_every_question_takes_an_instant_with_a_zone(crm: CRM) -> None:
    for question, name in (one.values for one in QUESTIONS):
        asked(crm, str(question), str(name), AWARE)


def test_what_is_due_until_an_instant_without_a_zone_is_refused(crm: CRM) -> None:
    with pytest.raises(InvalidValueError, match="until: expected an instant with a time zone"):
        crm.due(NAIVE)


@pytest.mark.parametrize("ends", ["since", "until"])
def test_a_period_without_a_zone_is_refused(ends: str) -> None:
    period = {"since": AWARE, "until": AWARE + timedelta(days=1)} | {ends: NAIVE}
    with pytest.raises(InvalidValueError, match=f"{ends}: expected an instant with a time zone"):
        Period(**period)


def test_a_clock_that_says_no_zone_is_refused(sqlite_url: str) -> None:
    with (
        crmcore.open(sqlite_url, clock=lambda: NAIVE) as crm,
        pytest.raises(InvalidValueError, match="clock: expected an instant with a time zone"),
    ):
        crm.execute(REGISTER, by="test")


FIRST_SEEN = sa.Table(
    "first_seen",
    sa.MetaData(),
    sa.Column("customer_id", sa.Text, primary_key=True),
    sa.Column("at", Instant, nullable=False),
)


def keeping(at: datetime) -> Projection:
    """A host's read model of one instant for each customer."""

    def registered(event: CustomerRegistered, _recorded: object, rows: Rows) -> None:
        rows.put(FIRST_SEEN, {"customer_id": str(event.customer_id), "at": at})

    return Projection(
        name="first_seen",
        version=1,
        tables=(FIRST_SEEN,),
        handlers={CustomerRegistered: registered},
    )


def test_a_hosts_question_of_its_own_rows_refuses_an_instant_without_a_zone(
    database_url: str,
) -> None:
    with crmcore.open(database_url, projections=[keeping(START)]) as crm:
        crm.execute(REGISTER, by="test")
        crm.catch_up()
        rows = sa.select(FIRST_SEEN.c.customer_id)
        [row] = crm.read.query(rows.where(FIRST_SEEN.c.at <= START))
        assert UUID(row["customer_id"]) == uid(1)
        with pytest.raises(InvalidValueError, match="expected an instant with a time zone"):
            crm.read.query(rows.where(FIRST_SEEN.c.at <= NAIVE))


def test_a_hosts_handler_cannot_keep_an_instant_without_a_zone(database_url: str) -> None:
    with crmcore.open(database_url, projections=[keeping(NAIVE)]) as crm:
        crm.execute(REGISTER, by="test")
        with pytest.raises(ProjectionStoppedError, match="InvalidValueError in zoned"):
            crm.catch_up()
