"""The workshop's rules as its own authors would test them: with ``crmcore.testing`` alone."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest
from examples.workshop.context import (
    JOB,
    WAITING,
    WORKSHOP,
    BikeReceived,
    BikeReturned,
    ReceiveBike,
    ReturnBike,
)

from crmcore import CRM, commands
from crmcore.errors import InFutureError, NotAllowedError, NotFoundError, OutOfOrderError
from crmcore.projections import Recorded, Row
from crmcore.testing import Clock, ProjectionContract, Scenario, Story, strategies

NOW = Clock()()
ANN, STRANGER = strategies.ids("customer_id", 2)
JOB_1 = strategies.ids("job_id")[0]
REGISTERED = commands.RegisterCustomer(
    customer_id=ANN, kind=commands.CustomerKind.PERSON, name="Ann", at=NOW
)
BROUGHT = ReceiveBike(job_id=JOB_1, customer_id=ANN, fault="flat tyre", at=NOW)
RECEIVED = BikeReceived(job_id=JOB_1, customer_id=ANN, fault="flat tyre", at=NOW)
BACK = ReturnBike(job_id=JOB_1, at=NOW)
RETURNED = BikeReturned(job_id=JOB_1, at=NOW)


@pytest.fixture
def crm_parts() -> dict[str, Any]:
    return {"contexts": [WORKSHOP]}


# A repair job

job = Scenario(JOB)


def test_a_bike_that_was_received_can_be_returned() -> None:
    job.given(RECEIVED).when(BACK).then(RETURNED)


def test_a_bike_is_returned_once() -> None:
    job.given(RECEIVED).when(BACK).then(RETURNED).when(BACK).then_nothing()


def test_a_bike_that_nobody_brought_cannot_be_returned() -> None:
    job.when(BACK).then_refused(NotFoundError, "repair job")


def test_a_job_is_about_one_bike() -> None:
    other = ReceiveBike(job_id=JOB_1, customer_id=ANN, fault="rust", at=NOW)
    job.given(RECEIVED).when(other).then_refused(NotAllowedError, "another bike")


def test_a_bike_is_not_returned_before_it_was_received() -> None:
    early = ReturnBike(job_id=JOB_1, at=NOW - timedelta(days=1))
    job.given(RECEIVED).when(early).then_refused(OutOfOrderError, field="at")


# With the customers beside it


def test_a_bike_is_taken_in_for_a_customer(story: Story) -> None:
    story.given(REGISTERED).when(BROUGHT).then(RECEIVED)


def test_a_bike_is_not_taken_in_for_a_stranger(story: Story) -> None:
    strange = ReceiveBike(job_id=JOB_1, customer_id=STRANGER, fault="rust", at=NOW)
    story.given(REGISTERED).when(strange).then_refused(NotFoundError, field="customer_id")


def test_a_bike_that_waits_is_listed_until_it_is_returned(story: Story, crm: CRM) -> None:
    def faults() -> list[str]:
        items = crm.read.at_least(crm.position).workshop.find().items
        return [bike.fault for bike in items]

    story.given(REGISTERED, BROUGHT)
    assert faults() == ["flat tyre"]
    story.given(BACK)
    assert faults() == []


def test_a_bike_is_not_received_tomorrow(story: Story, clock: Clock) -> None:
    tomorrow = ReceiveBike(
        job_id=JOB_1, customer_id=ANN, fault="rust", at=NOW + timedelta(hours=24)
    )
    story.given(REGISTERED).when(tomorrow).then_refused(InFutureError, field="at")
    clock.advance(hours=24)
    story.when(tomorrow).then(
        BikeReceived(job_id=JOB_1, customer_id=ANN, fault="rust", at=tomorrow.at)
    )


# The read model


class TestWaitingBikes(ProjectionContract):
    projection = WAITING
    contexts = (WORKSHOP,)
    before = (REGISTERED,)

    def naive(self, log: Sequence[Recorded]) -> Mapping[str, Iterable[Row]]:
        events = [one.event for one in log]
        returned = {event.job_id for event in events if isinstance(event, BikeReturned)}
        waiting = [
            {
                "job_id": str(event.job_id),
                "customer_id": str(event.customer_id),
                "fault": event.fault,
                "since": event.at,
            }
            for event in events
            if isinstance(event, BikeReceived) and event.job_id not in returned
        ]
        return {"workshop_bikes": waiting}
