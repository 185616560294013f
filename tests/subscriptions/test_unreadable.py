"""Events of other releases and of contexts that are not loaded; and what older versions stored."""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import attrs
import pytest
from examples.workshop.context import WORKSHOP, ReceiveBike

import crmcore
from crmcore import CRM, composition
from crmcore.contexts.customers import CUSTOMERS
from crmcore.errors import SubscriptionStoppedError
from crmcore.infrastructure.events.upcasting import Fields, Upcaster
from crmcore.infrastructure.log.append import NewRecord, append
from crmcore.subscriptions import Delivery, Retry
from tests.projections.examples import ANN, at
from tests.scenario import uid
from tests.subscriptions.consuming import Notes, shop, state_of


def stored(crm: CRM, topic: str, fields: object = None, *, stream: int, schema: int = 1) -> None:
    """Record what another release would have recorded."""
    one = NewRecord(str(uid(7_000 + stream)), 1, topic, json.dumps(fields or {}), schema)
    with crm._database.write() as connection:
        append(connection, crm._database.tables, [one], 0)


def test_events_of_a_context_that_is_not_loaded_are_passed_by(database_url: str) -> None:
    bike = ReceiveBike(job_id=uid(77), customer_id=ANN, fault="flat", at=at("2021-01-01"))
    with shop(database_url, orders=0, contexts=[WORKSHOP]) as crm:
        crm.execute(bike, by="kim")
    everything, orders = Notes(), Notes()
    with crmcore.open(database_url) as crm:
        crm.subscribe("everything", everything).catch_up()
        crm.subscribe("orders", orders, topics=["order-placed"]).catch_up()
        assert {one.position for one in crm.subscriptions.status()} == {2}
        assert crm.subscriptions.dead_letters("everything") == []
    assert (everything.positions, orders.positions) == ([1], [])


def test_an_event_of_a_later_release_is_a_dead_letter_of_who_asks_for_all(
    database_url: str,
) -> None:
    everything, orders = Notes(), Notes()
    with shop(database_url) as crm:
        stored(crm, "customer-beamed", stream=1)
        crm.subscribe("everything", everything).catch_up()
        crm.subscribe("orders", orders, topics=["order-placed"]).catch_up()
        (letter,) = crm.subscriptions.dead_letters("everything")
        assert (letter.position, letter.topic, letter.attempts) == (5, "customer-beamed", 0)
        assert letter.cause.startswith("UnknownTopicError: ")
        assert crm.subscriptions.dead_letters("orders") == []
        assert {one.position for one in crm.subscriptions.status()} == {5}
        crm.subscriptions.retry("everything")
        assert crm.subscribe("everything", everything).catch_up().sent_again == 0
        assert len(crm.subscriptions.dead_letters("everything")) == 1
    assert everything.positions == [1, 2, 3, 4]


@pytest.mark.parametrize("batch", [None, 10], ids=["one by one", "together"])
def test_an_event_that_cannot_be_read_is_put_aside_in_its_place(
    database_url: str, batch: int | None
) -> None:
    got: list[Any] = []

    def note(given: Any) -> None:
        got.append([one.position for one in given] if batch else given.position)

    with shop(database_url, orders=2) as crm:
        stored(crm, "order-placed", {"order_id": 3}, stream=1)
        stored(crm, "order-placed", {}, stream=2, schema=99)
        crm.subscribe("mailer", note, batch=batch, topics=["order-placed"]).catch_up()
        causes = [one.cause.partition(":")[0] for one in crm.subscriptions.dead_letters("mailer")]
    assert causes == ["CorruptEventError", "LaterVersionError"]
    assert got == ([[2, 3]] if batch else [2, 3])


def test_who_wants_to_stop_stops_there(database_url: str) -> None:
    with shop(database_url, orders=1) as crm:
        stored(crm, "order-placed", {"order_id": 3}, stream=1)
        mailer = crm.subscribe("mailer", Notes(), on_failure="stop")
        with pytest.raises(SubscriptionStoppedError, match=r"position 3 \(order-placed\): Corrupt"):
            mailer.catch_up()
        assert state_of(crm, "mailer").state == "stopped"


# What an older version stored has become two events


def split(fields: Fields) -> Sequence[tuple[str, Fields]]:
    right = {"customer_id": fields["customer_id"], "at": fields["at"]}
    names = (fields["first"], fields["second"])
    return [("customer-name-corrected", {**right, "name": name}) for name in names]


@pytest.fixture
def upcasting(monkeypatch: pytest.MonkeyPatch) -> None:
    one = Upcaster("customer-renamed-twice", 1, {"customer-name-corrected": 1}, split)
    changed = attrs.evolve(CUSTOMERS, upcasters=[*CUSTOMERS.upcasters, one])
    contexts = tuple(changed if one is CUSTOMERS else one for one in composition.CONTEXTS)
    monkeypatch.setattr(composition, "CONTEXTS", contexts)


@pytest.mark.usefixtures("upcasting")
def test_the_parts_of_a_record_have_ids_of_their_own_and_are_passed_together(
    database_url: str,
) -> None:
    twice = {"customer_id": str(ANN), "first": "An", "second": "Ann", "at": "2025-01-01T00:00:00Z"}
    seen = list[tuple[int, int, UUID]]()

    def fails_at_the_second(delivery: Delivery) -> None:
        seen.append((delivery.position, delivery.recorded.part, delivery.id))
        if delivery.recorded.part:
            raise ValueError

    with shop(database_url, orders=0) as crm:
        stored(crm, "customer-renamed-twice", twice, stream=1)
        mailer = crm.subscribe("mailer", fails_at_the_second, retry=Retry(1), on_failure="stop")
        with pytest.raises(SubscriptionStoppedError):
            mailer.catch_up()
        assert state_of(crm, "mailer").position == 1  # half a record is not passed
        parked = crm.subscribe("mailer", fails_at_the_second, retry=Retry(1))
        parked.catch_up()
        (letter,) = crm.subscriptions.dead_letters("mailer")
        assert (letter.position, letter.part, letter.id) == seen[-1]
        crm.subscriptions.retry("mailer")
        crm.subscribe("mailer", lambda delivery: seen.append(letter_of(delivery))).catch_up()
    assert [one[:2] for one in seen] == [(1, 0), (2, 0), (2, 1), (2, 0), (2, 1), (2, 1)]
    assert seen[1:3] == seen[3:5]
    assert seen[-1] == seen[-2]
    assert len({one[2] for one in seen}) == 3


def letter_of(delivery: Delivery) -> tuple[int, int, UUID]:
    return delivery.position, delivery.recorded.part, delivery.id
