"""A log with older versions in it: streams, read models and questions see the present terms."""

import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
import pytest
from sqlalchemy import select

import crmcore
from crmcore import CRM, composition
from crmcore.application.log import NewEvent, Provenance, UnknownEvent
from crmcore.commands import CorrectCustomerName
from crmcore.contexts.customers import CUSTOMERS
from crmcore.domain.customers.customer.messages.registration import (
    CustomerKind,
    CustomerNameCorrected,
    CustomerRegistered,
)
from crmcore.domain.kernel import version_of
from crmcore.domain.kernel.instants import to_micros
from crmcore.domain.sales.order.messages import OrderPlaced
from crmcore.errors import ConcurrencyError, ProjectionStoppedError, UnreadableEventError
from crmcore.infrastructure.events.codec import EventCodec
from crmcore.infrastructure.events.upcasting import Fields, Upcaster, UpcasterChainError
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.projections.engine.projection import Projection
from tests.histories import Clock
from tests.projections.contract import catch_up, check
from tests.projections.examples import ANN, BEN, at, named, order
from tests.scenario import uid

MAY = at("2025-05-01")
NOW = version_of(CustomerRegistered)
"""The version of this release; tests are of the next one, which reads all that this one does."""
NEXT = NOW + 1


def split(fields: Fields) -> Sequence[tuple[str, Fields]]:
    """Version 1 held the name as first told, and the one that it was put right to."""
    corrected = {name: fields[name] for name in ("customer_id", "at")}
    first = {name: one for name, one in fields.items() if name != "corrected"}
    return [
        ("customer-registered", first),
        ("customer-name-corrected", {**corrected, "name": fields["corrected"]}),
    ]


PRESENT = composition.CONTEXTS
UPCASTERS = (
    Upcaster(
        "customer-registered",
        NOW,
        {
            "customer-registered": NEXT,
            "customer-name-corrected": version_of(CustomerNameCorrected),
        },
        split,
    ),
    Upcaster(
        "person-registered",
        1,
        {"customer-registered": NOW},
        lambda fields: [("customer-registered", {**fields, "kind": "person"})],
    ),
    Upcaster("page-viewed", 1, {}, lambda _: []),
    Upcaster(
        "goods-bought",
        1,
        {"order-placed": version_of(OrderPlaced)},
        lambda fields: [("order-placed", fields)],
    ),
)
LATER = tuple(
    attrs.evolve(one, upcasters=UPCASTERS) if one is CUSTOMERS else one for one in PRESENT
)


@pytest.fixture(autouse=True)
def later_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """The code of a later release."""
    monkeypatch.setattr(CustomerRegistered, "SCHEMA_VERSION", NEXT, raising=False)
    monkeypatch.setattr(composition, "CONTEXTS", LATER)


@pytest.fixture
def crm(database_url: str) -> Iterator[CRM]:
    with crmcore.open(database_url, clock=Clock()) as opened:
        yield opened


def person(customer_id: UUID = ANN, **changed: Any) -> dict[str, Any]:
    """A registration as it was stored first, under the name ``person-registered``."""
    return {
        "customer_id": str(customer_id),
        "name": "An",
        "corrected": "Ann",
        "stage": None,
        "legal_name": None,
        "registration_number": None,
        "country": None,
        "at": "2025-01-01T00:00:00Z",
        **changed,
    }


def store(
    crm: CRM,
    topic: str,
    fields: object,
    *,
    version: int = 1,
    schema: int = 1,
    stream: UUID = ANN,
    subject: UUID = ANN,
    when: datetime | None = None,
) -> None:
    """Record what an earlier or a later release would have recorded."""
    record = NewRecord(
        stream_id=str(stream),
        stream_version=version,
        topic=topic,
        data=json.dumps(fields),
        schema_version=schema,
        subject_id=str(subject),
        occurred_at=to_micros(when or at("2025-01-01")),
        actor="the past",
        command_id=str(uid(version)),
    )
    with crm._database.write() as connection:
        append(connection, crm._database.tables, [record], to_micros(MAY))


def renamed(name: str) -> CorrectCustomerName:
    return CorrectCustomerName(customer_id=ANN, name=name, at=MAY)


def registered(name: str = "An") -> CustomerRegistered:
    return CustomerRegistered(
        customer_id=ANN,
        kind=CustomerKind.PERSON,
        name=name,
        stage=None,
        legal_name=None,
        registration_number=None,
        country=None,
        at=at("2025-01-01"),
    )


CORRECTED = CustomerNameCorrected(customer_id=ANN, name="Ann", at=at("2025-01-01"))


@pytest.fixture
def old(crm: CRM) -> CRM:
    """A log in which Ann was registered under another topic, twice versions ago, and seen since."""
    store(crm, "person-registered", person())
    store(crm, "page-viewed", {"url": "/tea"}, version=2)
    return crm


# Start-up


@pytest.mark.parametrize(
    "use",
    [
        pytest.param(lambda crm: crm.position, id="the log"),
        pytest.param(lambda crm: crm.read, id="the read models"),
        pytest.param(lambda crm: crm.execute(renamed("Anna"), by="test"), id="a command"),
    ],
)
def test_a_gap_in_the_chain_stops_whatever_reads_or_records(
    use: Callable[[CRM], object], sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composition, "CONTEXTS", PRESENT)
    missing = f"customer-registered version {NOW} has no upcaster"
    with crmcore.open(sqlite_url) as crm, pytest.raises(UpcasterChainError, match=missing):
        use(crm)


# Streams


def test_a_stream_is_folded_in_present_terms_and_its_version_counts_records(old: CRM) -> None:
    assert old.execute(renamed("Ann"), by="kim").events == ()  # which is her name already
    receipt = old.execute(renamed("Anna"), by="kim", expected_version=2)
    assert receipt.position == 3
    assert [one.stream_version for one in old.events(stream_id=ANN)] == [1, 1, 3]
    assert old.verify().broken_at is None


@pytest.mark.parametrize("expected", [1, 3])
def test_a_split_event_counts_once_and_a_dropped_one_too(old: CRM, expected: int) -> None:
    with pytest.raises(ConcurrencyError, match=f"at version 2, expected {expected}"):
        old.execute(renamed("Anna"), by="kim", expected_version=expected)
    assert old.position == 2


def test_of_two_that_read_the_same_version_one_records(old: CRM) -> None:
    old.execute(renamed("Anna"), by="kim", expected_version=2)
    with pytest.raises(ConcurrencyError, match="at version 3, expected 2"):
        old.execute(renamed("Anne"), by="ola", expected_version=2)


def test_a_writer_that_comes_between_is_noticed(postgres_url: str) -> None:
    def record(crm: CRM) -> None:
        with crm._core.log.session() as session:
            version, _ = session.read_stream(ANN)
            crm.execute(renamed("Anna"), by="ola")  # on a connection of its own
            session.append([NewEvent(ANN, version + 1, ANN, CORRECTED, by_kim)], {ANN: version})

    by_kim = Provenance(actor="kim", command_id=uid(77))
    with crmcore.open(postgres_url, clock=Clock()) as crm:
        store(crm, "person-registered", person())
        with pytest.raises(ConcurrencyError, match="at version 2, expected 1"):
            record(crm)
        assert crm.position == 2


def test_a_stream_of_which_nothing_is_left_goes_on(crm: CRM) -> None:
    store(crm, "page-viewed", {"url": "/tea"})
    crm.execute(named("Ann"), by="kim", expected_version=1)
    (one,) = crm.events()
    assert (one.position, one.stream_version, one.event.name) == (2, 2, "Ann")


def test_a_command_of_the_past_is_answered_in_present_terms(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as then:
        then.setattr(CustomerRegistered, "SCHEMA_VERSION", NOW)
        then.setattr(composition, "CONTEXTS", PRESENT)
        encode = EventCodec.encode

        def with_correction(codec: EventCodec, one: Any) -> str:
            return encode(codec, one).replace("{", '{"corrected":"Ann",', 1)

        then.setattr(EventCodec, "encode", with_correction)
        with crmcore.open(database_url, clock=Clock()) as earlier:
            earlier.execute(named("An", at=at("2025-01-01")), by="kim", command_id=uid(5))
    with crmcore.open(database_url, clock=Clock()) as crm:
        again = crm.execute(named("An", at=at("2025-01-01")), by="kim", command_id=uid(5))
    assert again.repeated
    assert again.position == 1
    assert again.events == (registered(), CORRECTED)


# The log


def test_both_parts_of_a_split_event_are_told_and_dropped_ones_are_not(old: CRM) -> None:
    told = list(old.events())
    assert [one.event for one in told] == [registered(), CORRECTED]
    assert [(one.position, one.part, one.stream_version) for one in told] == [(1, 0, 1), (1, 1, 1)]
    assert [one.topic for one in told] == ["customer-registered", "customer-name-corrected"]
    assert [json.loads(one.data) for one in told] == [
        {name: one for name, one in person(kind="person").items() if name != "corrected"},
        {"customer_id": str(ANN), "name": "Ann", "at": "2025-01-01T00:00:00Z"},
    ]
    assert {one.actor for one in told} == {"the past"}
    assert told[0] != told[1]
    assert len(set(told)) == 2


def test_what_is_stored_stays_as_it_was(old: CRM) -> None:
    old.execute(renamed("Anna"), by="kim")
    table = old._database.tables.events.c
    with old._database.read() as connection:
        query = select(table.topic, table.schema_version, table.data).order_by(table.position)
        first, *_ = connection.execute(query)
    assert tuple(first) == ("person-registered", 1, json.dumps(person()))


# Read models


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_read_models_are_folded_in_present_terms(old: CRM, batch: int) -> None:
    order_id = uid(51)
    old.execute(order(50, "20", MAY), by="kim")
    (placed,) = [one for one in old.events() if isinstance(one.event, OrderPlaced)]
    store(
        old,
        "goods-bought",
        json.loads(placed.data) | {"order_id": str(order_id)},
        stream=order_id,
        when=MAY,
    )
    catch_up(old, batch)
    check(old)
    assert [one.name for one in old.read.customers.find("Ann").items] == ["Ann"]
    now: Any = old.read.loyalty.get(ANN, now=MAY)
    then: Any = old.read.loyalty.get(ANN, as_of=MAY)
    assert now.orders == then.orders == 2
    assert now.points == then.points == 40


def test_a_rebuild_in_parts_gives_the_same_rows(old: CRM) -> None:
    for number in range(40):
        other = uid(2_000 + number)
        fields = person(other, corrected=f"Person {number}")
        store(old, "person-registered", fields, stream=other, subject=other)
    old.catch_up()
    for name in ("customer_history", "customer_directory"):
        with ThreadPoolExecutor(2) as executor:
            old.maintenance.rebuild(name, executor=executor, parts=3)
        assert old.maintenance.compare(name).equal
        old.maintenance.switch(name)
    check(old)


def test_the_history_shows_both_parts(old: CRM) -> None:
    old.execute(renamed("Anna"), by="kim")
    old.catch_up()
    history = old.read.customers.history(ANN)
    assert [(one.position, one.topic) for one in history] == [
        (1, "customer-registered"),
        (1, "customer-name-corrected"),
        (3, "customer-name-corrected"),
    ]
    assert history[1].details["name"] == "Ann"
    assert [one.state for one in old.status()] == ["caught up"] * len(old.projections)


def test_questions_about_a_topic_find_it_under_its_earlier_names(old: CRM) -> None:
    with old._database.read() as connection:
        reader = old._core.reader
        found = list(reader.recorded(connection, topics=["customer-name-corrected"]))
        (both, _) = reader.recorded(
            connection, topics=["customer-name-corrected", "customer-registered"]
        )
        assert not list(reader.recorded(connection, topics=["order-placed"]))
    assert [(one.event, one.part) for one in found] == [(CORRECTED, 1)]
    assert both.event == registered()


def test_a_projection_of_one_part_sees_that_part_alone(database_url: str) -> None:
    names: list[tuple[str, int]] = []
    corrected = Projection(
        name="corrected",
        version=1,
        tables=(),
        handlers={
            CustomerNameCorrected: lambda one, recorded, _rows: names.append(
                (one.name, recorded.part)
            )
        },
    )
    with crmcore.open(database_url, clock=Clock(), projections=[corrected]) as crm:
        store(crm, "person-registered", person())
        crm.catch_up()
    assert names == [("Ann", 1)]


# What cannot be read


@pytest.mark.parametrize(
    ("topic", "schema", "fields", "said"),
    [
        pytest.param(
            "customer-registered", NEXT + 1, {},
            f"customer-registered is stored in version {NEXT + 1}, which this crmcore does not"
            " read: a later one wrote it",
            id="a later version",
        ),
        pytest.param(
            "person-registered", 2, {}, "person-registered is stored in version 2, which",
            id="a later version of an earlier name",
        ),
        pytest.param("customer-vanished", 1, {}, "unknown event topic 'customer-vanished'",
                     id="unknown"),
        pytest.param("customer-registered", NOW, {}, f"customer-registered version {NOW}: KeyError in ",
                     id="a field that an upcaster needs is missing"),
        pytest.param("person-registered", 1, [], "person-registered version 1: TypeError in ",
                     id="no object"),
        pytest.param(
            "person-registered", 1, person(corrected=5),
            "person-registered version 1, read as customer-name-corrected: Expected `str`, got `int`",
            id="of another type in the end",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_by_topic_and_version(
    crm: CRM, topic: str, schema: int, fields: object, said: str
) -> None:
    store(crm, topic, fields, schema=schema)
    crm.execute(named("Ben", BEN), by="kim")
    if "is stored in version" in said or "unknown" in said:  # whoever reads all goes past it
        unknown = next(crm.events()).event
        assert isinstance(unknown, UnknownEvent)
        assert (unknown.topic, unknown.schema_version) == (topic, schema)
    else:
        with pytest.raises(UnreadableEventError) as unreadable:
            list(crm.events())
        assert str(unreadable.value).startswith(f"position 1 ({topic}): {said}")
    with pytest.raises(UnreadableEventError) as refused:
        crm.execute(renamed("Anna"), by="kim")
    assert str(refused.value).startswith(f"position 1 ({topic}): {said}")
    assert crm.position == 2
    with suppress(ProjectionStoppedError):
        crm.catch_up()
    status = {one.name: one for one in crm.status()}["customer_directory"]
    if topic == "customer-vanished":  # skipped
        assert status.state == "caught up"
    else:
        assert status.state == "stopped"
        assert said in str(status.reason)
    assert {one.name: one.state for one in crm.status()}["loyalty_status"] == "caught up"
