"""The peer: `eventsourcing`'s own application and projection, on its own recorders.

The events are those of our log: the same streams, versions, instants and facts.  The read model
is the same as ours (``peers.py``), written as the package's documentation writes one: a
transaction for each event, with the event's tracking record in it.
"""

import threading
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import attrs
import msgspec
from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import InfrastructureFactory, Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.sqlite import SQLiteTrackingRecorder
from eventsourcing.utils import Environment, get_topic
from psycopg.sql import SQL
from sqlalchemy import make_url

from crmcore.application.log import Recorded
from peer import Shown
from timing import timed

BATCH, PAGE = 500, 1_000


@dataclass(frozen=True)
class Fact(DomainEvent):
    """Something that happened, with what our event tells of it."""

    facts: dict[str, Any]


@dataclass(frozen=True)
class Placed(Fact):
    """An order."""


@dataclass(frozen=True)
class Returned(Fact):
    """A part of an order came back."""


KINDS: Final[Mapping[str, type[Fact]]] = {"order-placed": Placed, "order-returned": Returned}
TABLE = "customer_orders (customer_id text PRIMARY KEY, orders bigint, cents bigint)"
ADD = (
    "INSERT INTO customer_orders VALUES ({0}, {0}, {0}) ON CONFLICT (customer_id) DO UPDATE"
    " SET orders = customer_orders.orders + excluded.orders,"
    " cents = customer_orders.cents + excluded.cents"
)


class Shop(Application[UUID]):
    """The application whose events are projected."""


class PostgresOrders(PostgresTrackingRecorder):
    """The view in PostgreSQL; tells when it has come to the end."""

    end, reached = 0, threading.Event()

    def __init__(self, *given: Any, **particulars: Any) -> None:
        super().__init__(*given, **particulars)
        self.sql_create_statements.append(SQL("CREATE TABLE IF NOT EXISTS " + TABLE).format())

    def add(self, customer: str, orders: int, cents: int, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(ADD.format("%s").encode(), (customer, orders, cents), prepare=True)
            self._insert_tracking(cursor, tracking)
        if tracking.notification_id >= self.end:
            self.reached.set()

    def forget(self) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(f"DROP TABLE customer_orders, {self.tracking_table_name}".encode())

    def rows(self) -> Shown:
        with self.datastore.transaction() as cursor:
            found = cursor.execute("SELECT * FROM customer_orders").fetchall()
        return {
            row["customer_id"]: (row["orders"], Decimal(row["cents"]).scaleb(-2)) for row in found
        }


class SqliteOrders(SQLiteTrackingRecorder):
    """The view in a SQLite file."""

    def construct_create_table_statements(self) -> list[str]:
        made: list[str] = super().construct_create_table_statements()
        return [*made, "CREATE TABLE IF NOT EXISTS " + TABLE]

    def add(self, customer: str, orders: int, cents: int, tracking: Tracking) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            cursor.execute(ADD.format("?"), (customer, orders, cents))
            self._insert_tracking(cursor, tracking)

    def rows(self) -> Shown:
        with self.datastore.transaction(commit=False) as cursor:
            cursor.execute("SELECT customer_id, orders, cents FROM customer_orders")
            found = cursor.fetchall()
        return {row[0]: (row[1], Decimal(row[2]).scaleb(-2)) for row in found}


class OrdersProjection(Projection[Any]):
    """Orders and revenue of each customer."""

    topics = tuple(get_topic(kind) for kind in KINDS.values())

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        net = Decimal(domain_event.facts["net"]["amount"])
        orders, cents = (1, net) if isinstance(domain_event, Placed) else (0, -net)
        customer = domain_event.facts["customer_id"]
        self.view.add(customer, orders, int(cents.scaleb(2)), tracking)


def write(application: Shop, log: Iterable[Recorded]) -> int:
    """Record the events of our *log*; return the last one that is projected."""
    batch, last = [], 0
    for number, recorded in enumerate(log, start=1):
        kind = KINDS.get(recorded.topic, Fact)
        event = kind(
            originator_id=recorded.stream_id,
            originator_version=recorded.stream_version,
            timestamp=recorded.occurred_at,
            facts=msgspec.json.decode(recorded.data),
        )
        batch.append(application.mapper.to_stored_event(event))
        last = number if kind is not Fact else last
        if len(batch) == BATCH:
            application.recorder.insert_events(batch)
            batch = []
    application.recorder.insert_events(batch)
    return last


@attrs.frozen
class PostgresPeer:
    """Its application and ``ProjectionRunner`` in a PostgreSQL database."""

    url: str

    @property
    def settings(self) -> dict[str, str]:
        url = make_url(self.url)
        host = str(url.host or url.query.get("host") or "")
        return {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": str(url.database),
            "POSTGRES_HOST": host,
            "POSTGRES_PORT": str(url.port or 5432),
            "POSTGRES_USER": str(url.username),
            "POSTGRES_PASSWORD": str(url.password or ""),
        }

    def write(self, log: Iterable[Recorded]) -> None:
        with Shop(self.settings) as application:
            PostgresOrders.end = write(application, log)

    def project(self) -> tuple[float, Shown]:
        """The seconds from the runner's start to the last event's commit, and the rows."""
        PostgresOrders.reached.clear()
        view: PostgresOrders

        def work() -> None:
            nonlocal view
            with ProjectionRunner(
                application_class=Shop,
                projection_class=OrdersProjection,
                view_class=PostgresOrders,
                env=self.settings,
            ) as runner:
                view = runner.projection.view
                while not PostgresOrders.reached.wait(0.5):
                    runner.run_forever(timeout=0)  # raises what the projection raised

        seconds = timed(work)
        with closing(view.datastore):
            rows = view.rows()
            view.forget()
        return seconds, rows


@attrs.frozen
class SqlitePeer:
    """Its application in a SQLite file.

    ``ProjectionRunner`` needs a subscription, which its SQLite recorder has not; so the same
    projection is called for each event of the notification log, as the runner would.
    """

    file: Path

    @property
    def settings(self) -> dict[str, str]:
        return {"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(self.file)}

    def write(self, log: Iterable[Recorded]) -> None:
        with Shop(self.settings) as application:
            write(application, log)

    def project(self) -> tuple[float, Shown]:
        """The seconds from opening to the last event's commit, and the rows."""
        view_file = self.file.with_suffix(".view")
        for file in view_file.parent.glob(f"{view_file.name}*"):
            file.unlink()
        environment = Environment("Orders", self.settings | {"SQLITE_DBNAME": str(view_file)})
        view = InfrastructureFactory[Any].construct(environment).tracking_recorder(SqliteOrders)
        projection = OrdersProjection(view)

        def work() -> None:
            with Shop(self.settings) as application:
                after = 0
                while page := application.recorder.select_notifications(
                    after + 1, PAGE, topics=projection.topics
                ):
                    for found in page:
                        tracking = Tracking(application.name, found.id)
                        projection.process_event(
                            application.mapper.to_domain_event(found), tracking
                        )
                    after = page[-1].id

        seconds = timed(work)
        return seconds, view.rows()
