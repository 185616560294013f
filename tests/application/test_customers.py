"""The customer service: normal forms, references, and what other contexts may ask."""

from typing import Any
from uuid import UUID

import pytest

from crmcore.application.customers.public import Customers
from crmcore.application.customers.service import CustomerService
from crmcore.contexts.customers import CUSTOMERS
from crmcore.domain.customers.consent.messages import (
    ConfirmConsent,
    GiveConsent,
    RaiseObjection,
    WithdrawConsent,
)
from crmcore.domain.customers.customer.decisions import CustomerDeactivatedError
from crmcore.domain.customers.customer.messages.contact_point import (
    AddContactPoint,
    ContactKind,
    ContactPointAdded,
)
from crmcore.domain.customers.customer.messages.lifecycle import AdvanceLifecycle, LifecycleStage
from crmcore.domain.customers.customer.messages.registration import (
    CustomerKind,
    DeactivateCustomer,
    ReactivateCustomer,
    RegisterCustomer,
)
from crmcore.domain.customers.external_identity import (
    ExternalIdentityClaimedError,
    LinkExternalIdentity,
    UnlinkExternalIdentity,
)
from crmcore.domain.customers.interaction import (
    CorrectInteraction,
    Direction,
    RecordInteraction,
)
from crmcore.domain.customers.note import CorrectNote, RecordNote
from crmcore.domain.kernel import Channel, InvalidValueError, NotFoundError, Purpose
from crmcore.infrastructure.customers.contact_points import LibraryContactNormaliser
from tests.composed import WIRING
from tests.memory_work import Existing, MemoryWork
from tests.scenario import at, uid

ANN, BOB, POINT, CASE = uid(1), uid(2), uid(3), uid(4)


CASES: Any = Existing("case", CASE)
LEADS: Any = Existing("lead", CASE)
OPPORTUNITIES: Any = Existing("opportunity", CASE)
service = CustomerService(LibraryContactNormaliser(), Customers(), CASES, LEADS, OPPORTUNITIES)


def register(customer_id: UUID) -> RegisterCustomer:
    return RegisterCustomer(
        customer_id=customer_id, kind=CustomerKind.PERSON, name="Somebody", at=at()
    )


ADD = AddContactPoint(
    customer_id=ANN,
    point_id=POINT,
    kind=ContactKind.PHONE,
    value="(617) 635-4500",
    region="US",
    at=at(),
)
LINK = LinkExternalIdentity(customer_id=ANN, source="shop", external_id="4711", at=at())
RECORD = RecordNote(note_id=uid(11), customer_id=ANN, text="likes tea", at=at())
GIVE = GiveConsent(
    customer_id=ANN,
    consent_id=uid(12),
    channel=Channel.EMAIL,
    purpose=Purpose.MARKETING,
    to_be_confirmed=True,
    at=at(),
)


def call(**fields: Any) -> RecordInteraction:
    told: dict[str, Any] = {
        "interaction_id": uid(13),
        "customer_id": ANN,
        "channel": Channel.PHONE,
        "direction": Direction.INBOUND,
        "summary": "asked",
        "at": at(),
    }
    return RecordInteraction(**{**told, **fields})


STOP = DeactivateCustomer(customer_id=ANN, reason="moved", at=at(days=5))


@pytest.fixture
def work() -> MemoryWork:
    work = MemoryWork(service.handlers)
    work.execute(register(ANN))
    work.execute(register(BOB))
    return work


def test_every_command_has_a_handler_and_every_event_an_aggregate() -> None:
    commands: Any = CUSTOMERS.handlers(WIRING)
    assert {command.TOPIC for command in commands} == {
        "register-customer",
        "correct-customer-name",
        "deactivate-customer",
        "reactivate-customer",
        "add-contact-point",
        "verify-contact-point",
        "invalidate-contact-point",
        "remove-contact-point",
        "change-primary-contact-point",
        "advance-lifecycle",
        "correct-lifecycle",
        "set-preference",
        "set-contact-pause",
        "lift-contact-pause",
        "link-external-identity",
        "unlink-external-identity",
        "record-note",
        "correct-note",
        "record-interaction",
        "correct-interaction",
        "give-consent",
        "confirm-consent",
        "withdraw-consent",
        "raise-objection",
    }
    events: list[Any] = [event for aggregate in CUSTOMERS.aggregates for event in aggregate.events]
    topics = [event.TOPIC for event in events]
    assert len(topics) == len(set(topics)) == 24


def test_a_contact_point_is_brought_into_normal_form(work: MemoryWork) -> None:
    (added,) = work.execute(ADD)
    assert isinstance(added, ContactPointAdded)
    assert (added.value, added.normalised) == ("(617) 635-4500", "+16176354500")
    assert work.execute(ADD) == []
    with pytest.raises(InvalidValueError, match="a telephone number of US"):
        work.execute(
            AddContactPoint(
                customer_id=ANN,
                point_id=uid(9),
                kind=ContactKind.PHONE,
                value="12",
                region="US",
                at=at(),
            )
        )


def test_commands_on_the_customer_itself_are_carried_out(work: MemoryWork) -> None:
    advance = AdvanceLifecycle(customer_id=ANN, stage=LifecycleStage.LEAD, at=at())
    assert len(work.execute(advance)) == 1
    assert Customers().require(work, ANN).stage is LifecycleStage.LEAD


@pytest.mark.parametrize(
    "command", [ADD, LINK, RECORD, call(), GIVE], ids=lambda command: command.TOPIC
)
def test_nothing_is_added_to_an_unknown_or_a_deactivated_customer(
    work: MemoryWork, command: Any
) -> None:
    with pytest.raises(NotFoundError, match="there is no customer"):
        MemoryWork(service.handlers).execute(command)
    repeated = MemoryWork(service.handlers, {k: [*v] for k, v in work.streams.items()})
    work.execute(STOP)
    with pytest.raises(CustomerDeactivatedError, match="is deactivated"):
        work.execute(command)
    repeated.execute(command)
    repeated.execute(STOP)
    assert repeated.execute(command) == [], "what holds already is not refused"


def test_entries_and_consents_are_followed_up(work: MemoryWork) -> None:
    for command in (RECORD, call(case_id=CASE), GIVE):
        assert len(work.execute(command)) == 1
    later = at(days=1)
    for again in (
        CorrectNote(note_id=uid(11), text="likes coffee", at=later),
        CorrectInteraction(interaction_id=uid(13), summary="ordered", at=later),
        ConfirmConsent(customer_id=ANN, consent_id=uid(12), at=later),
    ):
        (event,) = work.execute(again)
        assert event.customer_id == ANN
        assert work.execute(again) == []
    assert Customers().may_contact(work, ANN, Channel.EMAIL, Purpose.MARKETING, later).allowed


def test_a_foreign_record_stands_for_one_customer(work: MemoryWork) -> None:
    work.execute(LINK)
    other = LinkExternalIdentity(customer_id=BOB, source="shop", external_id="4711", at=at())
    with pytest.raises(ExternalIdentityClaimedError, match=f"stands for customer {ANN}"):
        work.execute(other)
    work.execute(STOP)
    release = UnlinkExternalIdentity(customer_id=ANN, source="shop", external_id="4711", at=at())
    assert len(work.execute(release)) == 1
    assert work.execute(release) == []
    assert len(work.execute(other)) == 1


@pytest.mark.parametrize("field", ["case_id", "lead_id", "opportunity_id"])
def test_an_interaction_belongs_to_what_exists(work: MemoryWork, field: str) -> None:
    with pytest.raises(NotFoundError, match=f"there is no {field[:-3]} {uid(99)}"):
        work.execute(call(**{field: uid(99)}))


def test_a_deactivated_customer_may_still_withdraw_and_object(work: MemoryWork) -> None:
    work.execute(STOP)
    withdraw = WithdrawConsent(customer_id=ANN, at=at(days=6))
    assert len(work.execute(withdraw)) == 1
    assert work.execute(withdraw) == []
    objection = RaiseObjection(customer_id=ANN, purpose=Purpose.MARKETING, at=at(days=6))
    assert len(work.execute(objection)) == 1
    assert len(Customers().consents(work, ANN).entries) == 2
    with pytest.raises(NotFoundError, match="there is no customer"):
        work.execute(WithdrawConsent(customer_id=uid(99), at=at()))


def test_a_consent_names_a_contact_point_on_record(work: MemoryWork) -> None:
    told: dict[str, Any] = {"customer_id": ANN, "channel": Channel.SMS, "point_id": POINT}
    give = GiveConsent(**told, consent_id=uid(14), purpose=Purpose.MARKETING, at=at())
    withdraw = WithdrawConsent(**told, at=at(days=1))
    for command in (give, withdraw):
        with pytest.raises(NotFoundError, match="there is no contact point"):
            work.execute(command)
    work.execute(ADD)
    assert len(work.execute(give)) == len(work.execute(withdraw)) == 1


def test_what_other_contexts_may_ask(work: MemoryWork) -> None:
    ask = (work, ANN, Channel.EMAIL, Purpose.SERVICE, at(days=9))
    assert Customers().may_contact(*ask).allowed
    work.execute(STOP)
    assert Customers().may_contact(*ask).reasons == ("the customer is deactivated",)
    assert Customers().known(work, ANN).name == "Somebody"
    with pytest.raises(CustomerDeactivatedError):
        Customers().require(work, ANN)
    work.execute(ReactivateCustomer(customer_id=ANN, at=at(days=8)))
    assert Customers().require(work, ANN).customer_id == ANN
    with pytest.raises(NotFoundError):
        Customers().may_contact(work, uid(99), Channel.EMAIL, Purpose.SERVICE, at())
