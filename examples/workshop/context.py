"""A bike workshop: a bounded context of a host's own, beside those that come along.

    python examples/workshop/context.py

Repair jobs are about a customer, so they stand in that customer's history.  A rule that asks another
context (may a job begin for this customer?) is a service; all else is decided on the job alone.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, ClassVar, assert_never
from uuid import UUID

import attrs
from sqlalchemy import Column, MetaData, Table, Text, select

import crmcore
from crmcore import commands, new_id
from crmcore.contexts import (
    Aggregate,
    Context,
    Customers,
    Handler,
    Length,
    Page,
    Questions,
    Work,
    command,
    either_way,
    event,
    page,
    result,
)
from crmcore.errors import NotAllowedError, NotFoundError
from crmcore.projections import Instant, Projection, Recorded, Rows, by_stream


@command
class ReceiveBike:
    """Take in a customer's bike."""

    TOPIC: ClassVar[str] = "workshop.receive-bike"
    job_id: UUID
    customer_id: UUID
    fault: Annotated[str, Length(200)]
    at: datetime


@command
class ReturnBike:
    """Give a bike back."""

    TOPIC: ClassVar[str] = "workshop.return-bike"
    job_id: UUID
    at: datetime


@event
class BikeReceived:
    """A customer brought a bike."""

    TOPIC: ClassVar[str] = "workshop.bike-received"
    SENTENCE: ClassVar[str] = "brought a bike: {fault}"
    job_id: UUID
    customer_id: UUID
    fault: str
    at: datetime


@event
class BikeReturned:
    """The customer has the bike again."""

    TOPIC: ClassVar[str] = "workshop.bike-returned"
    SENTENCE: ClassVar[str] = "has the bike again"
    job_id: UUID
    at: datetime


# State and decisions


@attrs.frozen
class Job:
    """A repair job: nothing yet, or the bike that was brought, and whether it was given back."""

    received: BikeReceived | None = None
    returned: bool = False


def evolve(job: Job, event: BikeReceived | BikeReturned) -> Job:
    """The job after one more event."""
    match event:
        case BikeReceived():
            return Job(event)
        case BikeReturned():
            return attrs.evolve(job, returned=True)
        case _:
            assert_never(event)


def decide(command: ReceiveBike | ReturnBike, job: Job) -> Sequence[BikeReceived | BikeReturned]:
    """What follows from a command; a ``DomainError`` refuses it."""
    match command:
        case ReceiveBike():
            return receive(command, job)
        case ReturnBike():
            if job.received is None:
                raise NotFoundError("repair job", command.job_id)
            return [] if job.returned else [BikeReturned(job_id=command.job_id, at=command.at)]
        case _:
            assert_never(command)


def receive(command: ReceiveBike, job: Job) -> Sequence[BikeReceived]:
    """The same bike again changes nothing; another one is another job."""
    received = BikeReceived(
        job_id=command.job_id,
        customer_id=command.customer_id,
        fault=command.fault,
        at=command.at,
    )
    if job.received not in (None, received):
        raise NotAllowedError(f"repair job {command.job_id} is about another bike")
    return [received] if job.received is None else []


JOB: Aggregate[Job, BikeReceived | BikeReturned] = Aggregate(
    kind="repair job",
    initial=Job(),
    evolve=evolve,
    events=(BikeReceived, BikeReturned),
    subject=lambda job: None if job.received is None else job.received.customer_id,
    commands=(ReceiveBike, ReturnBike),
    decide=decide,
    stream_id=lambda command: command.job_id,
)


@attrs.frozen
class JobService:
    """Carries out what needs more than the job: a bike is taken in for an active customer."""

    customers: Customers

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """The handlers of these commands."""
        return {ReceiveBike: self.receive}

    def receive(self, command: ReceiveBike, work: Work) -> None:
        """Take in a bike, of a customer who is registered and active."""
        events = receive(command, work.state(JOB, command.job_id))
        if events:
            self.customers.require(work, command.customer_id)
            work.record(JOB, command.job_id, events)


# The read model and its questions

BIKES = Table(
    "workshop_bikes",
    MetaData(),
    Column("job_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("fault", Text, nullable=False),
    Column("since", Instant, nullable=False),
)


def received(event: BikeReceived, recorded: Recorded, rows: Rows) -> None:
    """A bike waits."""
    row = {"job_id": recorded.stream, "customer_id": recorded.subject}
    rows.put(BIKES, row | {"fault": event.fault, "since": event.at})


def returned(_event: BikeReturned, recorded: Recorded, rows: Rows) -> None:
    """A bike waits no more."""
    rows.delete(BIKES, recorded.stream)


WAITING = Projection(
    name="workshop_bikes",
    version=1,
    tables=(BIKES,),
    handlers={BikeReceived: received, BikeReturned: returned},
    groups=by_stream,
)


@result
class Bike:
    """A bike that waits; ``since`` in UTC."""

    job_id: UUID
    customer_id: UUID
    fault: str
    since: datetime


class Bikes(Questions):
    """``crm.read.workshop``: which bikes wait."""

    def find(self, *, limit: int = 20, after: str | None = None) -> Page[Bike]:
        """The bikes that wait, the longest first."""
        with self.reading(BIKES) as connection:
            return page(
                connection,
                select(BIKES),
                either_way(BIKES.c.job_id, BIKES.c.since),
                lambda row: Bike(UUID(row.job_id), UUID(row.customer_id), row.fault, row.since),
                order_by="since",
                limit=limit,
                after=after,
            )


class WorkshopQuestions:
    """What can be asked under ``crm.read``."""

    workshop: Bikes


WORKSHOP = Context(
    name="workshop",
    aggregates=(JOB,),
    services=(JobService,),
    projections=(WAITING,),
    questions=WorkshopQuestions,
)


def main() -> None:
    """Take in a bike, and ask which wait."""
    ann, job, now = new_id(), new_id(), datetime.now(UTC)
    with (
        TemporaryDirectory() as folder,
        crmcore.open(f"sqlite:///{Path(folder, 'crm.db')}", contexts=[WORKSHOP]) as crm,
    ):
        person = commands.CustomerKind.PERSON
        registered = commands.RegisterCustomer(customer_id=ann, kind=person, name="Ann", at=now)
        crm.execute(registered, by="kim")
        bike = ReceiveBike(job_id=job, customer_id=ann, fault="flat tyre", at=now)
        receipt = crm.execute(bike, by="kim")
        for waiting in crm.read.at_least(receipt.position).workshop.find().items:
            print(f"waits: {waiting.fault}")


if __name__ == "__main__":
    main()
