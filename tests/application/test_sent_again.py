"""A request sent again changes nothing, whether or not its sender names an instant."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa

import crmcore
from crmcore.domain.kernel import Presumed, for_instant
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.messages import OpenOpportunity
from crmcore.errors import AlreadyExistsError, CommandIdReusedError
from tests.scenario import uid

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
EUR = {"amount": "20.00", "currency": "EUR"}
LINE = {"line": 1, "product": "p", "quantity": 2, "goods": EUR}
OFFICE = {"name": "office", "zone": "UTC", "weekly": [{"weekday": 1, "opens": "09:00", "closes": "17:00"}]}  # fmt: skip
POLICY = {"name": "all", "targets": [{"kind": "resolution", "within": "PT4H", "calendar": "office"}]}  # fmt: skip
LEVELS = {"policies": [POLICY], "calendars": [OFFICE]}

HISTORY: tuple[tuple[str, dict[str, Any]], ...] = (
    ("register-customer", {"customer_id": uid(1), "kind": "person", "name": "Ada"}),
    ("add-contact-point", {"customer_id": uid(1), "point_id": uid(20), "kind": "email",
     "value": "ada@example.com"}),
    ("link-external-identity", {"customer_id": uid(1), "source": "shop", "external_id": "4711"}),
    ("give-consent", {"customer_id": uid(1), "consent_id": uid(21), "channel": "post",
     "purpose": "marketing", "expires_at": "2026-01-20T00:00:00Z"}),
    ("record-note", {"note_id": uid(22), "customer_id": uid(1), "text": "Called back"}),
    ("record-interaction", {"interaction_id": uid(23), "customer_id": uid(1), "channel": "phone",
     "direction": "inbound", "summary": "Asked for a price"}),
    ("place-order", {"order_id": uid(11), "customer_id": uid(1), "channel": "store",
     "lines": [LINE]}),
    ("ship-order", {"order_id": uid(11), "shipment_id": uid(24)}),
    ("return-order", {"order_id": uid(11), "return_id": uid(25), "reason": "too small",
     "returned": [{"line": 1, "quantity": 1}]}),
    ("capture-lead", {"lead_id": uid(7), "source": "website", "name": "Bob"}),
    ("open-opportunity", {"opportunity_id": uid(9), "customer_id": uid(1), "name": "Big",
     "pipeline": "sales"}),
    ("define-assignment-policy", {"policy_id": uid(13), "name": "Turns",
     "rules": [{"key": "all", "members": ["ann"]}], "roster": [{"assignee": "ann"}]}),
    ("plan-campaign", {"campaign_id": uid(3), "name": "Spring", "kind": "coupons",
     "channel": "post", "currency": "EUR", "starts_at": "2026-01-05T10:00:00Z",
     "ends_at": "2026-12-05T10:00:00Z"}),
    ("incur-cost", {"campaign_id": uid(3), "cost_id": uid(26), "cost": EUR}),
    ("attach-target-list", {"campaign_id": uid(3), "list_id": uid(27), "name": "regulars",
     "kind": "default", "size": 2}),
    ("define-service-levels", {"version": "1", **LEVELS}),
    ("define-service-levels", {"version": "2", **LEVELS}),
    ("open-case", {"case_id": uid(5), "customer_id": uid(1), "kind": "incident",
     "channel": "email", "subject": "Broken", "resolve_by": "2026-03-05T10:00:00Z"}),
    ("solve-case", {"case_id": uid(5), "resolution_code": "done"}),
    ("offer-survey", {"case_id": uid(5), "cycle": 1, "kind": "csat", "channel": "web"}),
)  # fmt: skip


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    ticks = count()
    with crmcore.open(database_url, clock=lambda: START + timedelta(hours=6 * next(ticks))) as crm:
        yield crm


def test_a_file_without_instants_may_be_sent_twice(crm: crmcore.CRM) -> None:
    def sent() -> crmcore.Batch:
        return crm.execute_many([crm.command(*one) for one in HISTORY], by="Ada", stop=True)

    first = sent()
    assert (first.executed, first.refused) == (len(HISTORY), [])
    again = sent()
    assert (again.unchanged, again.refused) == (len(HISTORY), [])
    for topic, fields in HISTORY:
        assert crm.execute(crm.command(topic, fields), by="Ada").events == ()


def test_a_request_without_an_instant_is_the_same_by_its_command_id(crm: crmcore.CRM) -> None:
    receipts = []
    for number, one in enumerate(HISTORY):
        key = uid(100 + number)
        first = crm.execute(crm.command(*one), by="Ada", command_id=key)
        again = crm.execute(crm.command(*one), by="Ada", command_id=key)
        assert again.repeated
        assert (again.position, again.events) == (first.position, first.events)
        receipts.append(first)
    assert all(type(event.at) is datetime for receipt in receipts for event in receipt.events)


NOTE = {"note_id": uid(22), "customer_id": uid(1), "text": "Called back"}
AT = "2026-01-02T09:00:00Z"


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"text": "Did not call back"}, id="another text"),
        pytest.param({"at": AT}, id="an instant, where none was named"),
    ],
)
@pytest.mark.parametrize("batch", [True, False])
def test_two_requests_are_told_apart(crm: crmcore.CRM, other: dict[str, str], batch: bool) -> None:
    def sent(fields: dict[str, Any], key: UUID | None) -> None:
        command = crm.command("record-note", fields)
        if batch:
            envelope = crmcore.Envelope(command=command, by="Ada", command_id=key)
            done = crm.execute_many([first, envelope] if key else [envelope], by="")
            raise done.refused[0].error
        crm.execute(command, by="Ada", command_id=key)

    crm.execute(crm.command(*HISTORY[0]), by="Ada")
    crm.execute(crm.command("record-note", NOTE), by="Ada", command_id=uid(90))
    first = crmcore.Envelope(
        command=crm.command("record-note", NOTE | {"note_id": uid(23)}),
        by="Ada",
        command_id=uid(91),
    )
    with pytest.raises(CommandIdReusedError):
        sent(NOTE | other, uid(90))
    if batch:
        with pytest.raises(CommandIdReusedError):
            sent(NOTE | {"note_id": uid(23)} | other, uid(91))
    with pytest.raises(AlreadyExistsError):
        sent(NOTE | other, None)


def test_an_instant_that_was_named_stays_a_part_of_the_request(crm: crmcore.CRM) -> None:
    crm.execute(crm.command(*HISTORY[0]), by="Ada")
    command = crm.command("record-note", NOTE | {"at": AT})
    crm.execute(command, by="Ada", command_id=uid(90))
    assert crm.execute(command, by="Ada", command_id=uid(90)).repeated
    assert crm.execute(crm.command("record-note", NOTE), by="Ada", command_id=uid(90)).repeated
    later = crm.command("record-note", NOTE | {"at": "2026-01-03T09:00:00Z"})
    with pytest.raises(CommandIdReusedError):
        crm.execute(later, by="Ada", command_id=uid(90))


def test_a_repetition_is_recognised_by_the_receipt_of_an_older_log(
    crm: crmcore.CRM, database_url: str
) -> None:
    """Receipts used to hold the instant that was presumed."""
    crm.execute(crm.command(*HISTORY[0]), by="Ada")
    command = crm.command("record-note", NOTE)
    receipt = crm.execute(command, by="Ada", command_id=uid(90))
    then = for_instant(command, receipt.events[0].at)
    encoded = msgspec.json.encode(then, order="deterministic")
    digest = sha256(b"record-note\0" + encoded).digest()
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        where = {"digest": digest, "id": str(uid(90))}
        statement = "UPDATE crm_commands SET digest = :digest WHERE command_id = :id"
        assert connection.execute(sa.text(statement), where).rowcount == 1
    engine.dispose()
    assert crm.execute(crm.command("record-note", NOTE), by="Ada", command_id=uid(90)).repeated


def test_the_first_stage_of_a_deal_may_change_before_its_request_comes_again() -> None:
    """What the pipeline filled in is no part of the wish."""
    command = OpenOpportunity(opportunity_id=uid(9), customer_id=uid(1), name="Big", at=START)
    first = opportunity.decide(command, opportunity.AGGREGATE.initial)
    state = opportunity.AGGREGATE.fold(first)
    assert opportunity.decide(command, state, pipelines={}) == []


def test_a_presumed_instant_is_the_instant_that_it_is() -> None:
    presumed = Presumed.at(START.astimezone())
    assert presumed == START
    assert hash(presumed) == hash(START)
    assert type(presumed.instant) is datetime
    assert presumed.instant.utcoffset() == timedelta(0)
