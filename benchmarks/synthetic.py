"""A synthetic log of any size, the same for the same seed: what `make bench` measures with.

The mix is a shop's: nine in ten events are purchases of one to three lines, the rest
registrations, e-mail addresses, returns and cases.  Events are real ones: their texts are the
codec's own (``texts.py``), and they are appended and chained as any others.  Only the deciders are
left out, which would take longer than what is measured.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Final

import attrs
from sqlalchemy import Connection

from crmcore.domain.kernel.instants import to_micros
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.log.append import NewRecord, append
from texts import TOPICS, Texts

END: Final = datetime(2025, 12, 1, tzinfo=UTC)
DAYS: Final = 700
BATCH = 20_000
PRODUCTS = 5_000
CASE_MICROS, RETURN_MICROS = 3 * 3_600_000_000, 3 * 86_400_000_000


def fill(
    database: Database,
    events: int,
    *,
    customers: int = 10_000,
    days: float = DAYS,
    seed: int = 1,
) -> None:
    """Append *events* events about *customers* customers, which happen within *days* days."""
    history = Shop(random.Random(seed), customers, events, days).history()
    with database.engine.connect() as connection:
        _hurry(connection)
        while batch := list(islice(history, min(BATCH, events))):
            events -= len(batch)
            with connection.begin():
                append(connection, database.tables, batch, batch[-1].occurred_at or 0)
    database.engine.dispose()  # the connection that hurried is nobody else's


def _hurry(connection: Connection) -> None:
    """What is lost in a power cut here is made again."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA synchronous = OFF")
        connection.exec_driver_sql("PRAGMA cache_size = -400000")  # KiB
    else:
        connection.exec_driver_sql("SET synchronous_commit = off")
    connection.commit()


@attrs.define
class Shop:
    """Invents what happens in a shop, without an end."""

    chance: random.Random
    customers: int
    events: int
    days: float
    people: list[str] = attrs.field(factory=list)

    def history(self) -> Iterator[NewRecord]:
        """The events, one after the other; some were true a little later than the next one."""
        texts, chance, people = Texts.made(), self.chance, self.people
        at = to_micros(END - timedelta(days=self.days))
        step = max(1, int(self.days * 86_400_000_000 / max(self.events, 1)))
        while True:
            at += step
            if len(people) < self.customers and (not people or chance.random() < 0.5):
                yield from self._newcomer(texts, at)
            else:
                customer = people[int(len(people) * chance.random() ** 1.5)]
                kind = chance.random()
                if kind < 0.02:
                    yield from self._case(texts, customer, at)
                else:
                    yield from self._purchase(texts, customer, at, returned=kind > 0.98)

    def _newcomer(self, texts: Texts, at: int) -> Iterator[NewRecord]:
        customer, number = self._id(at), len(self.people)
        self.people.append(customer)
        told = {"customer": customer, "point": self._id(at), "number": number, "at": instant(at)}
        yield self._record(customer, 1, customer, at, "registered", texts.registered % told)
        yield self._record(customer, 2, customer, at, "addressed", texts.addressed % told)

    def _case(self, texts: Texts, customer: str, at: int) -> Iterator[NewRecord]:
        key, solved = self._id(at), at + CASE_MICROS
        told = {"case": key, "customer": customer, "at": instant(at)}
        yield self._record(key, 1, customer, at, "opened", texts.opened % told)
        told["at"] = instant(solved)
        yield self._record(key, 2, customer, solved, "solved", texts.solved % told)

    def _purchase(
        self, texts: Texts, customer: str, at: int, *, returned: bool
    ) -> Iterator[NewRecord]:
        key, chance = self._id(at), self.chance.random
        lines = 1 + int(chance() * 3)
        prices = [99 + int(chance() * 9_900) for _ in range(lines)]
        told: dict[str, object] = {"order": key, "customer": customer, "at": instant(at)}
        for number, cents in enumerate(prices, start=1):
            told[f"product{number}"] = int(chance() * PRODUCTS)
            told[f"goods{number}"] = euros(cents)
        told["net"] = euros(sum(prices))
        yield self._record(key, 1, customer, at, "placed", texts.placed[lines - 1] % told)
        if returned:
            back = at + RETURN_MICROS
            told |= {"placed": told["at"], "at": instant(back), "return": self._id(at)}
            told["kept"] = euros(sum(prices[1:]))
            yield self._record(key, 2, customer, back, "returned", texts.returned % told)

    def _record(
        self, stream: str, version: int, customer: str, at: int, kind: str, data: str
    ) -> NewRecord:
        return NewRecord(
            stream_id=stream,
            stream_version=version,
            topic=TOPICS[kind],
            data=data,
            subject_id=customer,
            occurred_at=at,
            actor="benchmark",
            command_id=self._id(at),
        )

    def _id(self, at: int) -> str:
        """A UUID of version 7 at an instant, as new ids are."""
        bits = self.chance.getrandbits(74)
        number = at // 1_000 << 80 | 7 << 76 | (bits >> 62) << 64 | 2 << 62 | bits & (1 << 62) - 1
        text = f"{number:032x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def instant(micros: int) -> str:
    """An instant as the codec writes it."""
    seconds, rest = divmod(micros, 1_000_000)
    text = datetime.fromtimestamp(seconds, UTC).isoformat()[:-6]
    return f"{text}.{rest:06d}Z" if rest else f"{text}Z"


def euros(cents: int) -> str:
    """An amount as the codec writes it."""
    return f"{cents // 100}.{cents % 100:02d}"
