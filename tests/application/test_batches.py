"""Batches of commands read ahead what they need, and decide as if each had read for itself."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

import crmcore
from crmcore import CRM, Envelope
from crmcore.commands import CorrectCustomerName, CustomerKind, IncurCost, RegisterCustomer
from crmcore.errors import (
    CommandIdReusedError,
    CommandInProgressError,
    NotFoundError,
    UnreadableEventError,
)
from crmcore.infrastructure.log.statements import AHEAD
from tests.application.hammer import SPRING, cost, plan, spent
from tests.scenario import START, at, uid

NOW = at(days=100)
ANN, BEN = uid(1), uid(2)


@pytest.fixture
def crm(database_url: str) -> Iterator[CRM]:
    with crmcore.open(database_url, clock=lambda: NOW) as crm:
        yield crm


@pytest.fixture
def postgres_crm(postgres_url: str) -> Iterator[CRM]:
    with crmcore.open(postgres_url, clock=lambda: NOW) as crm:
        yield crm


def register(customer_id: UUID = ANN, name: str = "Ann") -> RegisterCustomer:
    return RegisterCustomer(customer_id=customer_id, kind=CustomerKind.PERSON, name=name, at=START)


def rename(name: str, customer_id: UUID = ANN) -> CorrectCustomerName:
    return CorrectCustomerName(customer_id=customer_id, name=name, at=at(hours=1))


def send(command: Any, number: int) -> Envelope:
    return Envelope(command=command, by="me", command_id=uid(number))


def names(crm: CRM, customer_id: UUID = ANN) -> list[str]:
    return [str(getattr(one.event, "name", "")) for one in crm.events(stream_id=customer_id)]


@pytest.mark.parametrize("records", [1, AHEAD - 1, AHEAD, AHEAD + 1, 3 * AHEAD])
def test_a_stream_of_any_length_is_read_whole(crm: CRM, records: int) -> None:
    crm.execute(register(), by="me")
    for number in range(1, records):
        crm.execute(rename(f"Ann {number}"), by="me")
    last = names(crm)[-1]
    done = crm.execute_many([rename(last), rename("Anna"), rename("Anna"), rename(last)], by="me")
    assert (done.executed, done.unchanged, done.refused) == (2, 2, [])
    assert names(crm)[records:] == ["Anna", last]
    versions = [one.stream_version for one in crm.events(stream_id=ANN)]
    assert versions == list(range(1, records + 3))


def test_many_streams_at_once(crm: CRM) -> None:
    """More than older versions of SQLite take as parameters of one statement."""
    people = [uid(number) for number in range(1, 1_301)]
    crm.execute_many([register(one) for one in people[::2]], by="me", batch=2_000)
    done = crm.execute_many([rename("Bo", one) for one in people], by="me", batch=2_000)
    assert (done.executed, len(done.refused)) == (650, 650)
    assert {type(one.error) for one in done.refused} == {NotFoundError}
    assert [one.index for one in done.refused] == list(range(1, 1_300, 2))


def test_a_stream_that_cannot_be_read_refuses_its_own_commands_alone(
    crm: CRM, database_url: str
) -> None:
    crm.execute_many([register(), register(BEN, "Ben")], by="me")
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE crm_events SET data = '{}' WHERE position = 1"))
    engine.dispose()
    done = crm.execute_many([rename("Anna"), rename("Benno", BEN)], by="me")
    assert [(one.index, type(one.error)) for one in done.refused] == [(0, UnreadableEventError)]
    assert names(crm, BEN) == ["Ben", "Benno"]


def test_commands_sent_again_are_not_decided_again(crm: CRM) -> None:
    commands = [send(register(uid(number)), 5_000 + number) for number in range(1, 41)]
    commands += [send(rename("Bo", uid(number)), 6_000 + number) for number in range(1, 41)]
    assert crm.execute_many(commands, by="me", batch=30).executed == 80
    handlers: dict[type, Any] = crm._core.service.decider.handlers  # type: ignore[assignment]  # a Mapping to others, a dict here
    handlers[RegisterCustomer] = handlers[CorrectCustomerName] = None  # would fail if called
    again = crm.execute_many(commands, by="me", batch=30)
    assert (again.executed, again.unchanged, again.refused) == (0, 80, [])
    other = [send(rename("Other"), 5_001), *commands[:2]]
    mixed = crm.execute_many(other, by="me")
    assert [(one.index, type(one.error)) for one in mixed.refused] == [(0, CommandIdReusedError)]
    assert (mixed.unchanged, crm.position) == (2, 80)


def meanwhile(crm: CRM, kind: type, other: Callable[[], object]) -> None:
    """Let *other* happen in another thread just before the first command of *kind* is decided."""
    handlers: dict[type, Any] = crm._core.service.decider.handlers  # type: ignore[assignment]  # a Mapping to others, a dict here
    decide = handlers[kind]

    def decide_later(command: Any, work: Any) -> None:
        handlers[kind] = decide
        with ThreadPoolExecutor(1) as pool:
            pool.submit(other).result()
        decide(command, work)

    handlers[kind] = decide_later


@pytest.mark.parametrize("many", [True, False], ids=["batch", "one"])
def test_a_command_that_another_carried_out_since_we_looked_is_not_refused(
    postgres_crm: CRM, many: bool
) -> None:
    """Its customer was registered, renamed and deactivated by another before it was decided here."""
    crm = postgres_crm
    deactivate = crm.command(
        "deactivate-customer", {"customer_id": ANN, "reason": "asked", "at": at(hours=2)}
    )

    def others() -> None:
        crm.execute_many([send(rename("Anna"), 50), rename("Else"), deactivate], by="other")

    long = [rename(f"{number}") for number in range(AHEAD + 1)]  # too long to be read ahead
    crm.execute_many([register(), *long], by="me")
    meanwhile(crm, CorrectCustomerName, others)
    if many:
        done = crm.execute_many([send(rename("Anna"), 50)], by="me")
        assert (done.executed, done.unchanged, done.refused) == (0, 1, [])
    else:
        assert crm.execute(rename("Anna"), by="me", command_id=uid(50)).repeated
    assert names(crm).count("Anna") == 1


def test_in_a_batch_the_command_that_another_has_just_carried_out_is_named(
    postgres_crm: CRM, postgres_url: str
) -> None:
    crm, engine = postgres_crm, sa.create_engine(postgres_url)
    crm.execute_many([plan(), register()], by="me")
    meanwhile(crm, IncurCost, lambda: crm.execute(register(), by="other", command_id=uid(51)))
    commands = [send(cost(), 52), send(register(), 51), send(register(BEN), 50)]
    with engine.connect() as connection:
        with pytest.raises(CommandInProgressError, match=str(uid(51))):
            crm.execute_many(commands, by="me", connection=connection)
        done = crm.execute_many(commands, by="me", connection=connection)
        assert (done.executed, done.unchanged) == (2, 1)
        connection.commit()
    engine.dispose()
    assert spent(crm) == 1


def test_batches_with_the_same_ids_at_once_are_carried_out_once(crm: CRM) -> None:
    crm.execute(plan(), by="me")
    commands = [send(cost(uid(5_000 + number)), 5_000 + number) for number in range(60)]

    def run(turn: int) -> tuple[int, int]:
        order = commands if turn % 2 else commands[::-1]
        done = crm.execute_many(order, by=f"thread {turn}", batch=7)
        assert done.refused == []
        return done.executed, done.unchanged

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(4)))
    assert sum(executed for executed, _ in results) == 60
    assert sum(unchanged for _, unchanged in results) == 180
    assert spent(crm) == 60
    assert {one.stream_id for one in crm.events()} == {SPRING}
    assert crm.verify().intact
