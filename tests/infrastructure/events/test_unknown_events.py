"""Events that nothing here knows: read past, never decided on, taken in once their context is loaded."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import attrs
import pytest
from examples.workshop.context import WORKSHOP, ReceiveBike

import crmcore
from crmcore import CRM
from crmcore.application.log import UnknownEvent
from crmcore.errors import ProjectionStoppedError, UnreadableEventError
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.projections import Projection
from crmcore.projections.engine.poison.dead_letters import Policy
from tests.histories import Clock, send
from tests.projections.engine.hosting import guests
from tests.projections.examples import ANN, BEN, at, named
from tests.scenario import uid

RECEIVED = "workshop.bike-received"
JOB = uid(77)


@pytest.fixture
def crm(database_url: str) -> Iterator[CRM]:
    """Ann is known, brought her bike and was put right; the workshop is not loaded."""
    with opened(database_url, contexts=[WORKSHOP]) as recording:
        send(recording, [named("Ann"), received(), corrected("Anna")])
    with opened(database_url) as opened_:
        yield opened_


def opened(url: str, **particulars: Any) -> CRM:
    return crmcore.open(url, clock=Clock(), **particulars)


def received(job: UUID = JOB) -> ReceiveBike:
    return ReceiveBike(job_id=job, customer_id=ANN, fault="flat tyre", at=at("2021-01-01"))


def corrected(name: str, customer: UUID = ANN) -> crmcore.commands.CorrectCustomerName:
    return crmcore.commands.CorrectCustomerName(
        customer_id=customer, name=name, at=at("2021-02-01")
    )


def stored(
    crm: CRM, topic: str, data: str, *, stream: UUID = JOB, version: int = 1, **more: Any
) -> None:
    with crm._database.write() as connection:
        one = NewRecord(str(stream), version, topic, data, **more)
        append(connection, crm._database.tables, [one], 0)


def states(crm: CRM) -> dict[str, str]:
    return {one.name: one.state for one in crm.status()}


def test_whoever_reads_the_log_sees_it_in_its_place(crm: CRM) -> None:
    _, unknown, known = crm.events()
    assert unknown.event == UnknownEvent(
        RECEIVED,
        1,
        at("2021-01-01"),
        {
            "job_id": str(JOB),
            "customer_id": str(ANN),
            "fault": "flat tyre",
            "at": "2021-01-01T00:00:00Z",
        },
    )
    assert (unknown.position, unknown.topic, unknown.subject_id) == (2, RECEIVED, ANN)
    assert (unknown.occurred_at, unknown.stream_id) == (at("2021-01-01"), JOB)
    assert known.topic == "customer-name-corrected"
    assert len({unknown.event, unknown.event}) == 1, "it can be kept in a set"


@pytest.mark.parametrize(
    "data", ["=eJzT0yMAAGTvBe8=", "[1, 2]", "[" * 100_000], ids=["binary", "list", "deep"]
)
def test_what_is_no_object_has_no_fields(crm: CRM, data: str) -> None:
    stored(crm, RECEIVED, data, version=2)
    *_, last = crm.events()
    assert last.event.data == {}
    assert last.data == data


def test_nothing_that_goes_through_the_log_is_blocked(crm: CRM) -> None:
    assert crm.verify().intact
    crm.catch_up()
    assert set(states(crm).values()) == {"caught up"}
    assert {len(one.dead_letters) for one in crm.status()} == {0}, "no read model here lacks it"
    assert {one.dead_letters for one in crm.maintenance.rebuild_all()} == {0}
    for projection in crm.projections:
        assert crm.maintenance.compare(projection.name).equal
        assert crm.maintenance.retry(projection.name).tried == 0
    assert [one.topic for one in crm.read.customers.history(ANN)] == [
        "customer-registered",
        "customer-name-corrected",
    ]


def test_retrying_what_was_put_aside_goes_past_it(crm: CRM) -> None:
    stored(crm, "moon-landed", "{}", stream=uid(9), subject_id=str(ANN))
    crm.catch_up()
    assert {len(one.dead_letters) for one in crm.status()} == {1}
    for projection in crm.projections:
        assert [one.position for one in crm.maintenance.retry(projection.name).remaining] == [4]


@pytest.mark.usefixtures("crm")
@pytest.mark.parametrize("how", ["follow", "rebuild"])
@pytest.mark.parametrize(
    ("policy", "aside"), [(Policy.SKIP, []), (Policy.HOLD, [2]), (Policy.STOP, None)]
)
def test_a_read_model_may_choose_otherwise(
    database_url: str, policy: Policy, aside: list[int] | None, how: str
) -> None:
    def go() -> None:
        if how == "follow":
            choosing.catch_up()
        else:
            choosing.maintenance.rebuild("guests")
            choosing.maintenance.switch("guests")

    projection: Projection = attrs.evolve(guests(), on_unknown=policy)
    with opened(database_url, projections=[projection]) as choosing:
        if aside is None:
            with pytest.raises(
                ProjectionStoppedError, match=rf"guests: .*position 2 \({RECEIVED}\)"
            ):
                go()
            return
        go()
        (status,) = [one for one in choosing.status() if one.name == "guests"]
        assert [one.position for one in status.dead_letters] == aside


def test_nothing_is_decided_on_a_stream_that_holds_one(crm: CRM) -> None:
    stored(crm, "customer-knighted", "{}", stream=ANN, version=3, subject_id=str(ANN))
    said = (
        r"position 4 \(customer-knighted\): unknown event topic 'customer-knighted': it is of a"
        " later release, or of a context that is not loaded"
    )
    with pytest.raises(UnreadableEventError, match=said):
        crm.execute(corrected("Annie"), by="kim")
    done = crm.execute_many([corrected("Annie"), named("Ben", BEN)], by="kim")
    assert [type(one.error) for one in done.refused] == [UnreadableEventError]
    assert done.executed == 1


def test_once_its_context_is_loaded_what_reads_it_asks_for_a_rebuild(
    crm: CRM, database_url: str
) -> None:
    crm.catch_up()
    with opened(database_url, contexts=[WORKSHOP]) as loaded:
        found = states(loaded)
        assert found["customer_history"] == "rebuild needed"
        assert found["loyalty_status"] == "caught up"
        loaded.maintenance.rebuild("customer_history")
        loaded.maintenance.switch("customer_history")
        loaded.catch_up()
        assert [one.topic for one in loaded.read.customers.history(ANN)][1] == RECEIVED
    assert set(states(crm).values()) == {"caught up"}
    crm.catch_up()
    assert [one.topic for one in crm.read.customers.history(ANN)][1] == RECEIVED
