"""A synthetic log of any size, the same for the same seed: what `make bench` measures with.

The mix is a shop's: nine in ten events are purchases of one to three lines, the rest
registrations, e-mail addresses, returns and cases.  Events are real ones, encoded by the
codec and chained; only the deciders are left out, which would take longer than what is measured.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from crmcore.application.contexts import EVENTS
from crmcore.domain.customers.contact_point import ContactKind, ContactPointAdded
from crmcore.domain.customers.registration import CustomerKind, CustomerRegistered
from crmcore.domain.kernel import Money
from crmcore.domain.kernel.instants import to_micros
from crmcore.domain.sales.order_events import OrderPlaced, OrderReturned
from crmcore.domain.sales.order_line import OrderLine, ReturnedLine
from crmcore.domain.service.case import CaseOpened, CaseSolved
from crmcore.domain.service.case.terms import CaseChannel, CaseKind
from crmcore.infrastructure.codec import EventCodec
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.infrastructure.log.database import Database

START = datetime(2024, 1, 1, tzinfo=UTC)
BATCH = 5_000


def fill(database: Database, events: int, *, customers: int = 10_000, seed: int = 1) -> None:
    """Append *events* events about *customers* customers."""
    codec, pending = EventCodec(EVENTS), list[NewRecord]()
    history = _history(events, customers, seed)
    for written, (stream_id, version, subject, event) in enumerate(history, start=1):
        pending.append(
            NewRecord(
                stream_id=str(stream_id),
                stream_version=version,
                topic=event.TOPIC,
                data=codec.encode(event),
                subject_id=None if subject is None else str(subject),
                occurred_at=to_micros(event.at),
                actor="benchmark",
                command_id=str(UUID(int=random.Random(written).getrandbits(128), version=4)),
            )
        )
        if len(pending) == BATCH or written == events:
            with database.write() as connection:
                append(connection, database.tables, pending, to_micros(event.at))
            pending = []


def _history(
    events: int, customers: int, seed: int
) -> Iterator[tuple[UUID, int, UUID | None, Any]]:
    chance, at, done = random.Random(seed), START, 0
    step = timedelta(days=700) / max(events, 1)
    people: list[UUID] = []

    def new() -> UUID:
        return UUID(int=chance.getrandbits(128), version=4)

    while done < events:
        at += step
        made: list[tuple[UUID, int, UUID | None, Any]]
        if len(people) < customers and (not people or chance.random() < 0.5):
            made = _newcomer(new(), new(), at, len(people))
            people.append(made[0][0])
        else:
            customer = people[int(len(people) * chance.random() ** 1.5)]
            made = _deed(chance, new, customer, at)
        yield from made[: events - done]
        done += len(made)


def _newcomer(
    customer: UUID, point: UUID, at: datetime, number: int
) -> list[tuple[UUID, int, UUID | None, Any]]:
    registered = CustomerRegistered(
        customer_id=customer, kind=CustomerKind.PERSON, name=f"Customer {number}", stage=None,
        legal_name=None, registration_number=None, country=None, at=at,
    )  # fmt: skip
    address = f"customer{number}@example.com"
    added = ContactPointAdded(
        customer_id=customer, point_id=point, kind=ContactKind.EMAIL, value=address,
        normalised=address, label=None, is_primary=True, at=at,
    )  # fmt: skip
    return [(customer, 1, customer, registered), (customer, 2, customer, added)]


def _deed(
    chance: random.Random, new: Any, customer: UUID, at: datetime
) -> list[tuple[UUID, int, UUID | None, Any]]:
    key, kind = new(), chance.random()
    if kind < 0.02:
        opened = CaseOpened(
            case_id=key, customer_id=customer, kind=CaseKind.COMPLAINT, channel=CaseChannel.EMAIL,
            subject="Where is my parcel?", at=at,
        )  # fmt: skip
        solved = CaseSolved(
            case_id=key, cycle=1, resolution_code="answered", note=None, agent="ann",
            at=at + timedelta(hours=3),
        )  # fmt: skip
        return [(key, 1, customer, opened), (key, 2, customer, solved)]
    lines = tuple(
        OrderLine(
            line=number, product=f"product-{chance.randrange(5_000)}", quantity=Decimal(1),
            goods=Money(Decimal(chance.randrange(99, 9_999)).scaleb(-2), "EUR"),
        )
        for number in range(1, chance.randint(1, 3) + 1)
    )  # fmt: skip
    net = Money.total((line.goods for line in lines), "EUR")
    placed = OrderPlaced(
        order_id=key, customer_id=customer, channel="store", campaign_id=None, lines=lines,
        discount=None, delivery=None, net=net, total=net, handed_over=True, number=None, at=at,
    )  # fmt: skip
    made: list[tuple[UUID, int, UUID | None, Any]] = [(key, 1, customer, placed)]
    if kind > 0.98:
        first = lines[0]
        part = ReturnedLine(
            line=1, product=first.product, quantity=first.quantity, refund=first.goods,
            net=first.goods,
        )  # fmt: skip
        returned = OrderReturned(
            order_id=key, return_id=new(), customer_id=customer, campaign_id=None, placed_at=at,
            returned=(part,), delivery=None, net=first.goods, kept_net=net - first.goods,
            refund=first.goods, reason="wrong size", at=at + timedelta(days=3),
        )  # fmt: skip
        made.append((key, 2, customer, returned))
    return made
