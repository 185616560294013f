"""A host's context has what ours have: commands, history, read models, questions, rebuilds, files."""

import json
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from multiprocessing import get_context
from typing import Any, ClassVar
from uuid import UUID

import attrs
import pytest
from examples.workshop import context as workshop
from examples.workshop.context import (
    JOB,
    WORKSHOP,
    Bike,
    BikeReceived,
    BikeReturned,
    Job,
    ReceiveBike,
    ReturnBike,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, Table, Text, select

import crmcore
from crmcore import CRM, Envelope
from crmcore.commands import CustomerKind, DeactivateCustomer, RegisterCustomer
from crmcore.contexts import Aggregate, Clock, Context, Questions, Upcaster, command, event
from crmcore.errors import (
    CommandIdReusedError,
    ConcurrencyError,
    DomainError,
    InvalidCommandError,
    InvalidValueError,
    MisuseError,
    NotFoundError,
    OtherKindError,
    OutOfOrderError,
    UnreadableEventError,
)
from crmcore.projections import Projection, UnknownEvent
from crmcore.testing import Scenario
from tests.histories import Clock as FixedClock
from tests.projections.contract import fresh, rows_of
from tests.scenario import START, at, uid

ANN, JOB_1, JOB_2 = uid(1), uid(11), uid(12)
FLAT = ReceiveBike(job_id=JOB_1, customer_id=ANN, fault="flat tyre", at=at(days=1))
BACK = ReturnBike(job_id=JOB_1, at=at(days=2))


def another(wish: Any, **changed: Any) -> Any:
    return attrs.evolve(wish, **changed)


@pytest.fixture
def crm(database_url: str) -> Iterator[CRM]:
    with crmcore.open(database_url, contexts=[WORKSHOP], clock=FixedClock()) as opened:
        opened.execute(
            RegisterCustomer(customer_id=ANN, kind=CustomerKind.PERSON, name="Ann", at=START),
            by="kim",
        )
        yield opened


# Decisions

scenario = Scenario(JOB)
RECEIVED = BikeReceived(job_id=JOB_1, customer_id=ANN, fault="flat tyre", at=at(days=1))
RETURNED = BikeReturned(job_id=JOB_1, at=at(days=2))


def test_a_rule_is_tested_without_a_database() -> None:
    scenario.when(FLAT).then(RECEIVED).when(BACK).then(RETURNED).when(BACK).then()
    scenario.when(BACK).then_refused(NotFoundError, "repair job")
    scenario.given(RECEIVED).when(another(BACK, at=START)).then_refused(OutOfOrderError)


@pytest.mark.parametrize(
    ("expectation", "says"),
    [
        pytest.param(lambda: scenario.when(FLAT).then(), "expected", id="another event"),
        pytest.param(lambda: scenario.when(BACK).then(), "refused", id="a refusal"),
        pytest.param(
            lambda: scenario.when(FLAT).then_refused(NotFoundError), "not refused", id="no refusal"
        ),
        pytest.param(
            lambda: scenario.when(BACK).then_refused(OtherKindError),
            "expected",
            id="another refusal",
        ),
        pytest.param(
            lambda: scenario.when(BACK).then_refused(NotFoundError, "bike"),
            "bike",
            id="other words",
        ),
    ],
)
def test_a_wrong_expectation_fails(expectation: Any, says: str) -> None:
    with pytest.raises(AssertionError, match=says):
        expectation()


# Commands


def test_a_command_has_a_receipt_and_is_carried_out_once(crm: CRM) -> None:
    first = crm.execute(FLAT, by="kim", command_id=uid(5), source="counter")
    again = crm.execute(FLAT, by="kim", command_id=uid(5))
    assert (again.repeated, again.events) == (True, first.events) == (True, (RECEIVED,))
    with pytest.raises(CommandIdReusedError):
        crm.execute(BACK, by="kim", command_id=uid(5))
    (recorded,) = crm.events(stream_id=JOB_1)
    assert (recorded.actor, recorded.source, recorded.subject_id) == ("kim", "counter", ANN)


def test_a_service_asks_another_context(crm: CRM) -> None:
    stranger = another(FLAT, customer_id=uid(9))
    with pytest.raises(NotFoundError, match="customer"):
        crm.execute(stranger, by="kim")
    crm.execute(DeactivateCustomer(customer_id=ANN, reason="moved", at=START), by="kim")
    with pytest.raises(DomainError, match="deactivated"):
        crm.execute(FLAT, by="kim")
    assert crm.position == 2


def test_two_writers_of_one_stream_are_told_apart(crm: CRM) -> None:
    crm.execute(FLAT, by="kim", expected_version=0)
    with pytest.raises(ConcurrencyError):
        crm.execute(BACK, by="kim", expected_version=0)


def test_an_id_stands_for_one_thing_over_all_contexts(crm: CRM) -> None:
    with pytest.raises(OtherKindError, match="repair job"):
        crm.execute(another(FLAT, job_id=ANN), by="kim")


def test_commands_come_from_json_as_ours_do(crm: CRM) -> None:
    fields = crm.fields(FLAT)
    assert crm.command("workshop.receive-bike", json.loads(json.dumps(fields))) == FLAT
    with pytest.raises(InvalidCommandError, match="fault: expected text") as refused:
        crm.command("workshop.receive-bike", {**fields, "fault": 3})
    assert [one.field for one in refused.value.errors] == ["fault"]
    schema = crm.command_schema("workshop.receive-bike")
    assert schema["properties"]["fault"]["maxLength"] == 200
    assert crm.command_kinds["workshop.return-bike"] is ReturnBike
    assert crm.event_kinds["workshop.bike-returned"] is BikeReturned
    assert crm.context_of("workshop.bike-returned") == "workshop"


# History, read models and questions


def test_what_happened_stands_in_the_customers_history(crm: CRM) -> None:
    crm.execute_many([FLAT, BACK], by="kim")
    crm.catch_up()
    history = crm.read.customers.history(ANN)
    assert [entry.topic for entry in history] == [
        "customer-registered",
        "workshop.bike-received",
        "workshop.bike-returned",
    ]


def test_a_question_is_answered_by_rows_that_are_rebuilt_alike(crm: CRM) -> None:
    more = [another(FLAT, job_id=uid(20 + n), at=at(days=n)) for n in range(1, 6)]
    receipt = crm.execute_many([*more, FLAT], by="kim")
    asked = crm.read.at_least(receipt.position)
    first = asked.workshop.find(limit=4)
    rest = asked.workshop.find(limit=4, after=first.next)
    waiting = [*first.items, *rest.items]
    assert [one.since for one in waiting] == sorted(one.since for one in waiting)
    assert {one.job_id for one in waiting} == {JOB_1, *(one.job_id for one in more)}
    assert isinstance(asked.of(workshop.Bikes).find().items[0], Bike)
    before = rows_of(crm, workshop.WAITING)
    crm.maintenance.rebuild("workshop_bikes")
    crm.maintenance.switch("workshop_bikes")
    assert rows_of(crm, workshop.WAITING) == before
    earlier = crm.read.known_at(crm.now() - timedelta(days=3650))
    assert earlier.workshop.find().items == ()


def test_other_processes_rebuild_it(crm: CRM) -> None:
    crm.execute_many([FLAT, another(FLAT, job_id=JOB_2)], by="kim")
    crm.catch_up()
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        crm.maintenance.rebuild_all(["workshop_bikes", "customer_history"], executor=pool, parts=2)
    before = rows_of(crm, workshop.WAITING)
    crm.maintenance.switch("workshop_bikes")
    assert rows_of(crm, workshop.WAITING) == before != {"workshop_bikes": []}


# Contexts that are not loaded


def test_a_log_goes_on_without_the_context(database_url: str) -> None:
    with crmcore.open(database_url, contexts=[WORKSHOP], clock=FixedClock()) as crm:
        person = RegisterCustomer(customer_id=ANN, kind=CustomerKind.PERSON, name="Ann", at=START)
        crm.execute_many([person, FLAT], by="kim")
        crm.catch_up()
    with crmcore.open(database_url, clock=FixedClock()) as without:
        without.catch_up()
        assert without.verify().intact
        _, bike = without.events()
        assert isinstance(bike.event, UnknownEvent)
        assert bike.event.data["fault"] == "flat tyre"
        assert [status.state for status in without.status()].count("rebuild needed") == 0
        without.maintenance.rebuild("customer_directory")
        assert not hasattr(without.read, "workshop")
        with pytest.raises(UnreadableEventError, match=r"workshop\.bike-received"):
            without.execute(
                RegisterCustomer(customer_id=JOB_1, kind=CustomerKind.PERSON, name="B", at=START),
                by="kim",
            )
        assert len(without.read.customers.history(ANN)) == 2, (
            "which was entered while it was loaded"
        )
    with crmcore.open(database_url, contexts=[WORKSHOP], clock=FixedClock()) as crm:
        crm.catch_up()
        assert len(crm.read.customers.history(ANN)) == 2
        assert [one.fault for one in crm.read.workshop.find().items] == ["flat tyre"]


def test_what_was_passed_without_the_context_is_taken_in_by_a_rebuild(database_url: str) -> None:
    with crmcore.open(database_url, contexts=[WORKSHOP], clock=FixedClock()) as crm:
        person = RegisterCustomer(customer_id=ANN, kind=CustomerKind.PERSON, name="Ann", at=START)
        crm.execute_many([person, FLAT], by="kim")
        crm.catch_up()
        crm.execute(BACK, by="kim")
        with crmcore.open(database_url, clock=FixedClock()) as without:
            without.catch_up()
        states = {status.name: (status.state, status.reason) for status in crm.status()}
        state, reason = states["customer_history"]
        assert state == "rebuild needed"
        assert "it newly reads workshop.bike-returned, and was past position 3" in str(reason)
        crm.maintenance.rebuild("customer_history")
        crm.maintenance.switch("customer_history")
        crm.catch_up()
        assert len(crm.read.customers.history(ANN)) == 3


# Versions


def test_an_older_version_of_an_event_is_read_by_the_contexts_upcaster(sqlite_url: str) -> None:
    with crmcore.open(sqlite_url, contexts=[WORKSHOP], clock=FixedClock()) as crm:
        person = RegisterCustomer(customer_id=ANN, kind=CustomerKind.PERSON, name="Ann", at=START)
        crm.execute_many([person, FLAT], by="kim")

    @event
    class BikeReceivedLater:
        TOPIC: ClassVar[str] = "workshop.bike-received"
        SCHEMA_VERSION: ClassVar[int] = 2
        job_id: UUID
        customer_id: UUID
        faults: tuple[str, ...]
        at: Any

    def several(fields: Any) -> Any:
        return [("workshop.bike-received", {**fields, "faults": [fields["fault"]]})]

    later = Aggregate[Any, Any](
        kind="repair job",
        initial=None,
        evolve=lambda _job, event: event,
        events=(BikeReceivedLater,),
        subject=lambda job: job.customer_id,
    )
    upcaster = Upcaster("workshop.bike-received", 1, {"workshop.bike-received": 2}, several)
    context = Context(name="workshop", aggregates=[later], upcasters=[upcaster])
    with crmcore.open(sqlite_url, contexts=[context], clock=FixedClock()) as crm:
        *_, recorded = crm.events()
        assert recorded.event.faults == ("flat tyre",)


# What a decision may record


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"fault": 3}, r"Expected `str`, got `int` - at `\$.fault`", id="another type"),
        pytest.param({"job_id": "x"}, "Invalid UUID", id="no id"),
        pytest.param(
            {"at": START.replace(tzinfo=None)}, "at: expected an instant with", id="no zone"
        ),
        pytest.param({"at": "today"}, "at: expected an instant", id="no instant"),
    ],
)
def test_an_event_that_could_not_be_read_again_is_not_recorded(
    sqlite_url: str, changed: dict[str, Any], says: str
) -> None:
    def mistaken(_command: Any, _job: Any) -> list[Any]:
        return [another(RECEIVED, **changed)]

    context = attrs.evolve(WORKSHOP, aggregates=[attrs.evolve(JOB, decide=mistaken)], services=[])
    with crmcore.open(sqlite_url, contexts=[context]) as crm:
        with pytest.raises(MisuseError, match=says):
            crm.execute(FLAT, by="kim")
        assert crm.position == 0


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        pytest.param({"stream_id": lambda _: 5}, "expected a stream's id", id="a stream's id"),
        pytest.param({"subject": lambda _: "x"}, "expected `subject` to be a UUID", id="a subject"),
        pytest.param({"events": (BikeReturned,)}, "is none of the events", id="an event"),
        pytest.param({"decide": lambda *_: RECEIVED}, "to return a list of events", id="one event"),
        pytest.param({"decide": lambda *_: None}, "to return a list of events", id="nothing"),
    ],
)
def test_what_an_aggregate_says_wrongly_is_not_recorded(
    sqlite_url: str, changed: dict[str, Any], says: str
) -> None:
    job = attrs.evolve(JOB, **changed)
    received = Aggregate[Any, Any](
        kind="other job", initial=None, evolve=lambda s, _: s, events=(BikeReceived,)
    )
    context = attrs.evolve(WORKSHOP, aggregates=[job, received], services=[], projections=[])
    with crmcore.open(sqlite_url, contexts=[context]) as crm:
        with pytest.raises(MisuseError, match=says):
            crm.execute(FLAT, by="kim")
        assert crm.position == 0


# What clashes, and what is missing


def aggregate(topic: str, **particulars: Any) -> Aggregate[Any, Any]:
    @command
    class Wash:
        TOPIC: ClassVar[str] = topic
        at: datetime

    return Aggregate(
        kind="wash",
        initial=None,
        evolve=lambda _state, event: event,
        events=(),
        commands=(Wash,),
        **particulars,
    )


class Weather:
    """Something that nobody provides."""


class Forecast(Questions):
    """Questions that ask for it."""


@attrs.frozen
class NeedsWeather:
    weather: Weather
    handlers: Any = None


def carried_out(topic: str) -> Aggregate[Any, Any]:
    return aggregate(topic, decide=lambda _command, _state: [], stream_id=lambda _: uid(3))


class Taken:
    workshop: Forecast


class Plain:
    at: Any


class Sun:
    pass


class Moon:
    pass


def shine(_moon: Moon) -> Sun:
    return Sun()


def rise(_sun: Sun) -> Moon:
    return Moon()


@attrs.frozen
class NeedsMoon:
    moon: Moon
    handlers: Any = None


class Hidden:
    query: Forecast


def with_field(kind: Any) -> Aggregate[Any, Any]:
    @command
    class Weigh:
        TOPIC: ClassVar[str] = "wash.weigh"
        weight: kind
        at: datetime

    return Aggregate(
        kind="weight", initial=None, evolve=lambda state, _: state, events=(), commands=(Weigh,)
    )


@pytest.mark.parametrize(
    ("contexts", "says"),
    [
        pytest.param(
            [WORKSHOP, WORKSHOP], "workshop: there is one of this name", id="a name twice"
        ),
        pytest.param(
            [Context(name="sales")], "sales: there is one of this name", id="the name of ours"
        ),
        pytest.param(
            [Context(name="wash", aggregates=[carried_out("wash-car")])],
            r"Wash has the topic 'wash-car': expected one that begins .* 'wash.wash-car'",
            id="a topic without the name",
        ),
        pytest.param(
            [Context(name="wash", aggregates=[aggregate("wash.car")])],
            "nothing carries out Wash",
            id="no handler",
        ),
        pytest.param(
            [Context(name="wash", services=[NeedsWeather])],
            "NeedsWeather asks for weather: Weather, which nothing provides",
            id="nothing of that type",
        ),
        pytest.param(
            [WORKSHOP, Context(name="wash", questions=Taken)],
            "there are questions named workshop already",
            id="questions of one name",
        ),
        pytest.param(
            [Context(name="wash", provides={Sun: shine, Moon: rise}, services=[NeedsMoon])],
            "what is provided asks for itself: Moon for Sun for Moon",
            id="a circle",
        ),
        pytest.param(
            [Context(name="wash", questions=Hidden)],
            "questions cannot be named query",
            id="a name that is taken",
        ),
        pytest.param(
            [Context(name="wash", aggregates=[carried_out("wash.a\0b")])],
            "expected one that begins",
            id="a topic that no database holds",
        ),
        pytest.param(
            [Context(name="wash", questions=Forecast)],
            "questions: expected a class whose annotations name",
            id="questions without a name",
        ),
        pytest.param(
            [Context(name="wash", aggregates=[attrs.evolve(JOB, events=(Plain,))])],
            "Plain: expected a class made by @event",
            id="an event that is none",
        ),
        *(
            pytest.param(
                [Context(name="wash", aggregates=[with_field(kind)])],
                "Weigh: .*a field cannot be of the type",
                id=f"a field of {kind}",
            )
            for kind in (float, list[str], dict[str, str], object)
        ),
        pytest.param(
            [Context(name="wash", provides={Clock: Weather})],
            "Clock is provided already",
            id="what the core provides itself",
        ),
    ],
)
def test_contexts_that_do_not_fit_are_refused_when_the_log_is_opened(
    sqlite_url: str, contexts: list[Context], says: str
) -> None:
    with pytest.raises(MisuseError, match=says):
        crmcore.open(sqlite_url, contexts=contexts)


@pytest.mark.parametrize("name", ["", "Workshop", "bike.shop", "1st", "Fahrräder", 3, None])
def test_a_context_needs_a_plain_name(name: Any) -> None:
    with pytest.raises(MisuseError, match="expected a name"):
        Context(name=name)


def test_a_question_on_rows_that_nothing_keeps_says_so(crm: CRM) -> None:
    class Other(Questions):
        def all(self) -> Any:
            with self.reading(Table("others", MetaData(), Column("id", Text))):
                raise AssertionError

    with pytest.raises(MisuseError, match="no read model that is kept declares others"):
        crm.read.of(Other).all()


def test_a_wrong_value_in_a_question_is_told_as_one(crm: CRM) -> None:
    crm.catch_up()

    class Late(Questions):
        def count(self, at: datetime) -> int:
            with self.reading(workshop.BIKES) as connection:
                query = select(workshop.BIKES).where(workshop.BIKES.c.since < at)
                return len(connection.execute(query).all())

    assert crm.read.of(Late).count(START) == 0
    with pytest.raises(InvalidValueError, match="a time zone"):
        crm.read.of(Late).count(START.replace(tzinfo=None))


def test_the_questions_that_there_are_can_be_listed(crm: CRM) -> None:
    assert {"customers", "orders", "workshop"} <= set(dir(crm.read))
    with pytest.raises(AttributeError, match="did you mean workshop"):
        _ = crm.read.worksop


@pytest.mark.parametrize(
    "given",
    [5, None, int, "workshop", Job, WORKSHOP],
    ids=lambda one: f"{type(one).__name__} {getattr(one, 'name', one)}",
)
def test_what_is_no_class_of_questions_is_refused(crm: CRM, given: Any) -> None:
    with pytest.raises(MisuseError, match="of: expected a class of questions, such as Bikes, got"):
        crm.read.of(given)


def test_the_questions_are_one_thing_in_a_set(crm: CRM) -> None:
    assert {crm.read, crm.read, crm.read.at_least(0)} > {crm.read}
    assert crm.read == crm.read != crm.read.at_least(0)


@pytest.mark.parametrize("given", [WORKSHOP, ["workshop"], [Projection], 7])
def test_what_is_no_list_of_contexts_is_refused(sqlite_url: str, given: Any) -> None:
    with pytest.raises(MisuseError, match="contexts: expected a list of Context"):
        crmcore.open(sqlite_url, contexts=given)


@given(st.lists(st.sampled_from([FLAT, BACK, another(FLAT, job_id=JOB_2)]), max_size=8))
@settings(max_examples=10, deadline=None)
def test_whatever_is_sent_one_at_a_time_or_together_comes_to_the_same(sent: list[Any]) -> None:
    with fresh(contexts=[WORKSHOP]) as one, fresh(contexts=[WORKSHOP]) as many:
        person = RegisterCustomer(customer_id=ANN, kind=CustomerKind.PERSON, name="Ann", at=START)
        for crm in (one, many):
            crm.execute(person, by="kim")
        for wanted in sent:
            one.execute_many([wanted], by="kim")
        many.execute_many([Envelope(command=wanted, by="kim") for wanted in sent], by="kim")
        assert [(r.stream_id, r.event) for r in one.events()] == [
            (r.stream_id, r.event) for r in many.events()
        ]
        for crm in (one, many):
            crm.catch_up()
        assert rows_of(one, workshop.WAITING) == rows_of(many, workshop.WAITING)
