"""An application on ``eventsourcing`` beside the core: its events are read past, or refused before."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

import pytest
from eventsourcing import persistence
from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import StoredEvent
from sqlalchemy import Engine, create_engine

import crmcore
from crmcore import CRM
from crmcore.application.log import UnknownEvent
from crmcore.eventsourcing import CrmApplicationRecorder, Factory, joining
from tests.histories import Clock, send
from tests.projections.examples import ANN, BEN, named

SETTINGS = {"PERSISTENCE_MODULE": "crmcore.eventsourcing"}


class Parcel(Aggregate):
    """A parcel, which is seen at one place after the other."""

    class Sent(Aggregate.Created):
        TOPIC = "parcels.sent"
        customer: str

    @event(Sent)
    def __init__(self, customer: str) -> None:
        self.customer = customer
        self.places: list[str] = []

    @event("Seen")
    def see(self, place: str) -> None:
        self.places.append(place)


class Parcels(Application[UUID]):
    """Sends parcels; a snapshot of each second event."""

    snapshotting_intervals: ClassVar = {Parcel: 2}

    def send(self, customer: UUID) -> UUID:
        parcel = Parcel(str(customer))
        self.save(parcel)
        return parcel.id

    def see(self, parcel_id: UUID, place: str) -> None:
        parcel: Parcel = self.repository.get(parcel_id)
        parcel.see(place)
        self.save(parcel)

    def places(self, parcel_id: UUID) -> list[str]:
        parcel: Parcel = self.repository.get(parcel_id)
        return parcel.places


@pytest.fixture
def parcels(database_url: str) -> Iterator[Parcels]:
    with Parcels({**SETTINGS, "CRMCORE_URL": database_url}) as application:
        yield application


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    own = create_engine(database_url)
    yield own
    own.dispose()


@pytest.fixture
def crm(database_url: str) -> Iterator[CRM]:
    with crmcore.open(database_url, clock=Clock()) as opened:
        yield opened


@pytest.fixture
def recorder(parcels: Parcels) -> CrmApplicationRecorder:
    assert isinstance(parcels.recorder, CrmApplicationRecorder)
    return parcels.recorder


def test_the_core_reads_past_what_an_application_records(crm: CRM, parcels: Parcels) -> None:
    send(crm, [named("Ann")])
    parcel = parcels.send(ANN)
    parcels.see(parcel, "Hamburg")
    send(crm, [named("Ben", BEN)])
    _, sent, seen, _ = (one.event for one in crm.events())
    assert (sent.topic, sent.data["customer"]) == ("parcels.sent", str(ANN))
    assert isinstance(seen, UnknownEvent)
    assert seen.topic == f"{__name__}:Parcel.Seen", "its package names it"
    crm.catch_up()
    assert {(one.state, one.dead_letters) for one in crm.status()} == {("caught up", ())}
    assert crm.verify().intact
    assert parcels.places(parcel) == ["Hamburg"]


@pytest.mark.parametrize("topic", ["order-placed", "customer-registered"])
def test_a_topic_of_the_core_is_refused_before_it_is_written(
    recorder: CrmApplicationRecorder, topic: str
) -> None:
    with pytest.raises(persistence.ProgrammingError, match=f"TOPIC = 'shop.{topic}'"):
        recorder.insert_events([StoredEvent(UUID(int=5), 1, topic, b"{}")])
    assert recorder.max_notification_id() is None


def test_a_stream_of_the_core_is_refused_before_it_is_written(
    crm: CRM, recorder: CrmApplicationRecorder
) -> None:
    send(crm, [named("Ann")])
    with pytest.raises(persistence.ProgrammingError, match=f"stream {ANN} is the core's"):
        recorder.insert_events([StoredEvent(ANN, 2, "parcels.sent", b"{}")])
    assert crm.position == 1


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_an_application_takes_part_in_the_transaction_of_the_host(
    crm: CRM, parcels: Parcels, engine: Engine, end: str
) -> None:
    """Its events, its snapshots and what it reads, together with a command of the core's."""
    with engine.connect() as connection:
        transaction = connection.begin()
        with joining(parcels, connection):
            crm.execute(named("Ann"), by="shop", connection=connection)
            parcel = parcels.send(ANN)
            parcels.see(parcel, "Hamburg")
            assert parcels.places(parcel) == ["Hamburg"]
        getattr(transaction, end)()
    if end == "rollback":
        assert crm.position == 0
        with pytest.raises(Exception, match=str(parcel)):
            parcels.places(parcel)
        return
    assert [one.topic for one in crm.events()][:2] == ["customer-registered", "parcels.sent"]
    assert parcels.snapshots is not None
    assert len(list(parcels.snapshots.get(parcel))) == 1
    assert parcels.places(parcel) == ["Hamburg"]


def test_only_an_application_on_this_log_can_join(engine: Engine) -> None:
    with (
        Parcels() as elsewhere,
        engine.connect() as connection,
        pytest.raises(persistence.ProgrammingError, match="set PERSISTENCE_MODULE"),
        joining(elsewhere, connection),
    ):
        raise AssertionError("it does not come so far")


def test_whoever_waits_for_a_writer_waits_no_longer_than_was_said(
    database_url: str, crm: CRM
) -> None:
    waiting = "timeout=0.2" if crm._database.is_sqlite else "options=-clock_timeout=200ms"
    url = f"{database_url}{'&' if '?' in database_url else '?'}{waiting}"
    factory = Factory({Factory.CRMCORE_URL: url})
    recorder: Any = factory.application_recorder()
    with crm._core.log.session(alone=True), pytest.raises(persistence.OperationalError):
        recorder.insert_events([StoredEvent(UUID(int=5), 1, "parcels.sent", b"{}")])
    assert recorder.insert_events([StoredEvent(UUID(int=5), 1, "parcels.sent", b"{}")]) == [1]
    factory.close()
