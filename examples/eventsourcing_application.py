"""Someone's own ``eventsourcing`` application and projection, running on crmcore's log.

    python examples/eventsourcing_application.py [URL]

URL is ``sqlite:///FILE`` (by default in a temporary folder) or
``postgresql+psycopg://USER@HOST/NAME``.  Nothing below is special but two settings,
PERSISTENCE_MODULE and CRMCORE_URL, and the class that the view extends.

The events stand in one log with those of the core, chained like them.  Their topics begin with the
application's name, so that the core reads past them; a topic of its own it refuses.  A host's transaction takes them in together with a command of the core's.
"""

import sys
from collections.abc import Sequence
from functools import singledispatchmethod
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.projection import Projection, ProjectionRunner
from sqlalchemy import Column, Integer, MetaData, Table, Text, create_engine, insert, select, update

import crmcore
from crmcore import commands, new_id
from crmcore.eventsourcing import CrmTrackingRecorder, joining
from crmcore.projections import UnknownEvent


class Workshop(Aggregate):
    """A workshop for customers, with so many seats."""

    class Announced(Aggregate.Created):
        """The workshop can be booked."""

        TOPIC = "workshops.announced"

        title: str
        seats: int

    class SeatTaken(Aggregate.Event):
        """Somebody comes."""

        TOPIC = "workshops.seat-taken"

        attendee: str

    @event(Announced)
    def __init__(self, title: str, seats: int) -> None:
        self.title = title
        self.seats = seats
        self.attendees: list[str] = []

    def take_seat(self, attendee: str) -> None:
        """Book a seat, if one is left."""
        if len(self.attendees) == self.seats:
            raise ValueError(f"{self.title!r} is full")
        self._seat_taken(attendee)

    @event(SeatTaken)
    def _seat_taken(self, attendee: str) -> None:
        self.attendees.append(attendee)


class Workshops(Application[UUID]):
    """What can be done with workshops."""

    snapshotting_intervals: ClassVar = {Workshop: 5}

    def announce(self, title: str, seats: int) -> UUID:
        """Open a workshop for booking."""
        workshop = Workshop(title, seats)
        self.save(workshop)
        return workshop.id

    def take_seat(self, workshop_id: UUID, attendee: str) -> int:
        """Book a seat; returns the id of the event in the log."""
        workshop: Workshop = self.repository.get(workshop_id)
        workshop.take_seat(attendee)
        return self.save(workshop)[-1].notification.id


class Bookings(CrmTrackingRecorder):
    """A view: how many seats of each workshop are taken."""

    rows = Table(
        "workshop_bookings",
        MetaData(),
        Column("workshop_id", Text, primary_key=True),
        Column("title", Text, nullable=False),
        Column("taken", Integer, nullable=False),
    )

    def tables(self) -> Sequence[Table]:
        """What the factory makes for this view."""
        return (*super().tables(), self.rows)

    def add(self, workshop_id: UUID, title: str, tracking: Tracking) -> None:
        """Show a workshop that was announced."""
        with self.transaction() as connection:
            values = {"workshop_id": str(workshop_id), "title": title, "taken": 0}
            connection.execute(insert(self.rows).values(values))
            self.insert_tracking(tracking, connection=connection)

    def count(self, workshop_id: UUID, tracking: Tracking) -> None:
        """Show one more seat as taken."""
        row = self.rows.c
        with self.transaction() as connection:
            connection.execute(
                update(self.rows)
                .where(row.workshop_id == str(workshop_id))
                .values(taken=row.taken + 1)
            )
            self.insert_tracking(tracking, connection=connection)

    def taken(self) -> dict[str, int]:
        """The seats taken, by title."""
        with self.reading() as connection:
            query = select(self.rows.c.title, self.rows.c.taken).order_by(self.rows.c.title)
            return {row.title: row.taken for row in connection.execute(query)}


class BookingsProjection(Projection[Bookings]):
    """Keeps the view."""

    @singledispatchmethod
    def process_event(self, _event: Any, tracking: Tracking) -> None:
        """Pass over what does not matter here, and note that it was seen."""
        self.view.insert_tracking(tracking)

    @process_event.register
    def announced(self, event: Workshop.Announced, tracking: Tracking) -> None:
        """A workshop appears in the view."""
        self.view.add(event.originator_id, event.title, tracking)

    @process_event.register
    def seat_taken(self, event: Workshop.SeatTaken, tracking: Tracking) -> None:
        """One more seat."""
        self.view.count(event.originator_id, tracking)


def run(url: str) -> dict[str, int]:
    """Book some seats, and return what the view shows when it has caught up."""
    settings = {"PERSISTENCE_MODULE": "crmcore.eventsourcing", "CRMCORE_URL": url}
    with ProjectionRunner(
        application_class=Workshops,
        projection_class=BookingsProjection,
        view_class=Bookings,
        env=settings,
    ) as runner:
        tasting = runner.app.announce("Coffee tasting", seats=12)
        baking = runner.app.announce("Baking bread", seats=3)
        last = 0
        for number in range(1, 10):
            last = runner.app.take_seat(tasting, f"guest {number}")
        for name in ("Ada", "Grace", "Barbara"):
            last = runner.app.take_seat(baking, name)
        try:
            runner.app.take_seat(baking, "too late")
        except ValueError as refusal:
            print(refusal)
        runner.wait(last, timeout=30)
        return runner.view.taken()


def book_for_a_new_customer(url: str, title: str, name: str) -> UUID:
    """Register a customer, and book a seat for them, in one transaction of the host's."""
    settings = {"PERSISTENCE_MODULE": "crmcore.eventsourcing", "CRMCORE_URL": url}
    customer_id, engine = new_id(), create_engine(url)
    with (
        crmcore.open(engine) as crm,
        Workshops(settings) as workshops,
        engine.begin() as connection,
        joining(workshops, connection),
    ):
        person = commands.CustomerKind.PERSON
        customer = commands.RegisterCustomer(
            customer_id=customer_id, kind=person, name=name, at=crm.now()
        )
        crm.execute(customer, by="workshops", connection=connection)
        workshop_id = workshops.announce(title, seats=1)
        workshops.take_seat(workshop_id, str(customer_id))
    engine.dispose()
    return customer_id


def seen_by_the_core(url: str) -> tuple[int, bool]:
    """How many events of the workshops the core finds in the log, and whether the chain is intact."""
    with crmcore.open(url) as crm:
        crm.catch_up()
        return sum(isinstance(one.event, UnknownEvent) for one in crm.events()), crm.verify().intact


def main(arguments: Sequence[str]) -> None:
    """Run it on the database that was named, or on a new SQLite file."""
    with TemporaryDirectory() as folder:
        url = arguments[0] if arguments else f"sqlite:///{Path(folder) / 'workshops.db'}"
        for title, taken in run(url).items():
            print(f"{title}: {taken} seats taken")
        book_for_a_new_customer(url, "Latte art", "Ada")
        found, intact = seen_by_the_core(url)
        print(f"{found} events of the workshops beside the core's; the chain is intact: {intact}")


if __name__ == "__main__":
    main(sys.argv[1:])
