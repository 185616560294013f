"""Carrying out commands on a real log, on both databases: once each, all or nothing, in order."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

import crmcore
from crmcore import CRM, Batch, Envelope, Receipt
from crmcore.commands import (
    ConfirmConsent,
    CustomerKind,
    GiveConsent,
    IncurCost,
    LawfulBasis,
    RegisterCustomer,
    SendMessage,
    TargetMember,
    WithdrawConsent,
)
from crmcore.errors import (
    AlreadyExistsError,
    CommandIdReusedError,
    CommandInProgressError,
    ConcurrencyError,
    DomainError,
    InFutureError,
    InvalidCommandError,
    NotFoundError,
    OtherKindError,
    StoreError,
    UnreadableEventError,
)
from tests.application.hammer import SPRING, cost, plan, spent
from tests.composed import HANDLERS
from tests.patience import PATIENCE
from tests.scenario import START, at, uid

ROOT = Path(__file__).parents[2]
NOW = at(days=100)
ANN = uid(1)


@pytest.fixture
def crm(database_url: str) -> Iterator[CRM]:
    """A log that holds a planned campaign."""
    with crmcore.open(database_url, clock=lambda: NOW) as crm:
        crm.execute(plan(), by="me")
        yield crm


def register(customer_id: UUID = ANN, name: str = "Ann", **fields: Any) -> RegisterCustomer:
    return RegisterCustomer(
        customer_id=customer_id, kind=CustomerKind.PERSON, name=name, **{"at": START, **fields}
    )


def send(command: Any, number: int, **fields: Any) -> Envelope:
    return Envelope(command=command, by="me", command_id=uid(number), **fields)


# One command


def test_a_receipt_tells_what_was_recorded(crm: CRM) -> None:
    receipt = crm.execute(
        register(), by="me", command_id=uid(50), correlation_id=uid(51), causation_id=uid(52),
        source="shop",
    )  # fmt: skip
    assert (receipt.command_id, receipt.position, receipt.repeated) == (uid(50), 2, False)
    (recorded,) = crm.events(after=1)
    assert receipt.events == (recorded.event,)
    assert (recorded.stream_id, recorded.stream_version, recorded.subject_id) == (ANN, 1, ANN)
    assert (recorded.occurred_at, recorded.recorded_at) == (START, NOW)
    assert (recorded.actor, recorded.source) == ("me", "shop")
    assert (recorded.command_id, recorded.correlation_id, recorded.causation_id) == (
        uid(50), uid(51), uid(52),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("command", "fields"),
    [
        pytest.param(register(at=NOW + timedelta(days=1)), ["at"], id="an instant to come"),
        pytest.param(
            TargetMember(campaign_id=uid(9), customer_id=ANN, list_name="spring", at=START), ["campaign_id"],
            id="a campaign that is not there",
        ),
        pytest.param(
            ConfirmConsent(customer_id=ANN, consent_id=uid(9), evidence="link", at=START), ["consent_id"],
            id="a consent that is not there",
        ),
        pytest.param(register(name="Bob"), ["customer_id"], id="an id that is taken"),
    ],
)  # fmt: skip
def test_a_refusal_names_the_field_that_it_is_about(
    crm: CRM, command: Any, fields: list[str]
) -> None:
    crm.execute(register(), by="me")
    with pytest.raises(DomainError) as refused:
        crm.execute(command, by="me")
    assert [one.field for one in refused.value.errors] == fields
    assert all(one.message in str(refused.value) for one in refused.value.errors)


def test_a_command_whose_effect_holds_records_nothing(crm: CRM) -> None:
    crm.execute(register(), by="me")
    receipt = crm.execute(register(), by="me")
    assert (receipt.events, receipt.position, receipt.repeated) == ((), None, False)
    assert crm.position == 2


@pytest.mark.parametrize("by", ["", "  ", "\0", "x" * 1_001, None, 5])
def test_a_sender_without_a_name_is_refused(crm: CRM, by: Any) -> None:
    with pytest.raises(InvalidCommandError, match="by: expected"):
        crm.execute(register(), by=by)
    assert crm.position == 1


def test_a_blank_source_is_refused(crm: CRM) -> None:
    with pytest.raises(InvalidCommandError, match="source: expected text that is not blank"):
        crm.execute(register(), by="me", source=" ")


def test_what_is_no_command_is_refused(crm: CRM) -> None:
    with pytest.raises(InvalidCommandError, match="str is no command"):
        crm.execute("register-customer", by="me")  # type: ignore[arg-type]


def test_a_command_from_the_future_is_refused(crm: CRM) -> None:
    crm.execute(register(at=NOW + timedelta(minutes=5)), by="me")  # a clock that is a little ahead
    with pytest.raises(InFutureError, match="expected an instant that has come"):
        crm.execute(register(uid(2), at=NOW + timedelta(minutes=6)), by="me")
    assert crm.position == 2


def test_an_id_that_stands_for_another_thing_is_refused(crm: CRM) -> None:
    with pytest.raises(OtherKindError, match=f"{SPRING} is no customer, but the id of another"):
        crm.execute(register(SPRING), by="me")
    assert crm.position == 1


def test_one_command_cannot_use_one_id_for_two_things(crm: CRM) -> None:
    """A lead that is to be converted into a customer with the lead's own id."""
    for topic, fields in (
        ("capture-lead", {"source": "event", "name": "Bob"}),
        ("assign-lead", {"assignee": "ann"}),
        ("accept-lead", {}),
        ("qualify-lead", {"stage": "sales", "explicit": True}),
    ):
        crm.execute(crm.command(topic, {"lead_id": uid(7), "at": START, **fields}), by="me")
    before = crm.position
    opportunity = {"opportunity_id": uid(8), "name": "Big"}
    for ids in (
        {"lead_id": uid(7), "customer_id": uid(7)},
        {"lead_id": uid(7), "customer_id": uid(8), "opportunity": opportunity},
    ):
        convert = crm.command("convert-lead", {**ids, "at": START})
        with pytest.raises(OtherKindError):
            crm.execute(convert, by="me")
        assert crm.position == before


def test_a_stream_that_cannot_be_read_is_named_by_its_position(crm: CRM, database_url: str) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE crm_events SET data = '{}'"))
    engine.dispose()
    with pytest.raises(UnreadableEventError, match=r"position 1 \(campaign-planned\): "):
        crm.execute(cost(), by="me")
    done = crm.execute_many([cost(), register()], by="me")
    assert [type(one.error) for one in done.refused] == [UnreadableEventError]
    assert done.executed == 1


# Once each, by the command's id


def test_the_same_id_again_gives_the_first_receipt(crm: CRM) -> None:
    first = crm.execute(register(), by="me", command_id=uid(50))
    crm.execute(cost(), by="me")
    again = crm.execute(register(), by="someone else", command_id=uid(50))
    assert again == Receipt(uid(50), first.position, first.events, repeated=True)
    assert crm.position == 3


def test_a_command_of_several_events_gives_all_of_them_again(crm: CRM) -> None:
    """Conversion records on the lead, the customer and the opportunity."""
    for topic, fields in (
        ("capture-lead", {"source": "event", "name": "Bob", "email": "bob@example.com"}),
        ("assign-lead", {"assignee": "ann"}),
        ("accept-lead", {}),
        ("qualify-lead", {"stage": "sales", "explicit": True}),
    ):
        crm.execute(crm.command(topic, {"lead_id": uid(7), "at": START, **fields}), by="me")
    opportunity = {"opportunity_id": uid(9), "name": "Big"}
    fields = {"lead_id": uid(7), "customer_id": uid(8), "opportunity": opportunity, "at": START}
    convert = crm.command("convert-lead", fields)
    first = crm.execute(convert, by="me", command_id=uid(50))
    assert len({type(event) for event in first.events}) > 2
    again = crm.execute(convert, by="me", command_id=uid(50))
    assert (again.position, again.events) == (first.position, first.events)
    assert first.position == crm.position


def test_a_command_without_effect_is_remembered_too(crm: CRM) -> None:
    crm.execute(register(), by="me")
    assert crm.execute(register(), by="me", command_id=uid(50)).events == ()
    assert crm.execute(register(), by="me", command_id=uid(50)).repeated
    with pytest.raises(CommandIdReusedError):
        crm.execute(register(uid(2)), by="me", command_id=uid(50))


def test_an_id_stands_for_one_command(crm: CRM) -> None:
    crm.execute(register(), by="me", command_id=uid(50))
    for other in (register(name="Anne"), register(uid(2)), cost()):
        with pytest.raises(CommandIdReusedError, match="used before for a different command"):
            crm.execute(other, by="me", command_id=uid(50))
    assert crm.position == 2


def test_a_refused_command_is_not_remembered(crm: CRM) -> None:
    with pytest.raises(NotFoundError):
        crm.execute(targeted(), by="me", command_id=uid(50))
    crm.execute(register(), by="me", command_id=uid(50))
    assert crm.position == 2


def test_one_command_sent_by_many_at_once_is_carried_out_once(crm: CRM) -> None:
    booked = cost(uid(60))
    with ThreadPoolExecutor(8) as pool:
        jobs = [pool.submit(crm.execute, booked, by="me", command_id=uid(50)) for _ in range(16)]
        receipts = [job.result() for job in jobs]
    assert sorted(receipt.repeated for receipt in receipts) == [False] + [True] * 15
    assert {receipt.position for receipt in receipts} == {2}
    assert {receipt.events for receipt in receipts} == {receipts[0].events}


def test_one_command_without_effect_sent_by_many_at_once(crm: CRM) -> None:
    crm.execute(register(), by="me")
    with ThreadPoolExecutor(8) as pool:
        jobs = [
            pool.submit(crm.execute, register(), by="me", command_id=uid(50)) for _ in range(16)
        ]
        assert sorted(job.result().repeated for job in jobs) == [False] + [True] * 15


# Pinned versions


def test_a_pinned_version_is_that_of_the_stream(crm: CRM) -> None:
    crm.execute(cost(), by="me", expected_version=1)
    with pytest.raises(ConcurrencyError, match=f"stream {SPRING} is at version 2, expected 1"):
        crm.execute(cost(), by="me", expected_version=1)
    crm.execute(register(), by="me", expected_version=0)
    with pytest.raises(ConcurrencyError, match="is at version 1, expected 0"):
        crm.execute(register(), by="me", expected_version=0)
    assert crm.position == 3


def test_of_many_who_pin_the_same_version_one_succeeds(crm: CRM) -> None:
    def book(_: int) -> bool:
        try:
            crm.execute(cost(), by="me", expected_version=1)
        except ConcurrencyError:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(book, range(6))) == 1
    assert spent(crm) == 1


def test_a_pinned_version_in_a_batch_concerns_its_command_alone(crm: CRM) -> None:
    pinned = [Envelope(command=cost(), by="me", expected_version=1) for _ in range(3)]
    done = crm.execute_many([*pinned, cost()], by="me")
    assert [(one.index, type(one.error)) for one in done.refused] == [
        (1, ConcurrencyError), (2, ConcurrencyError),
    ]  # fmt: skip
    assert spent(crm) == 2


# Many writers


def test_threads_that_hammer_one_stream_lose_nothing(crm: CRM) -> None:
    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(lambda _: crm.execute(cost(), by="me"), range(90)))
    assert sorted(receipt.position or 0 for receipt in receipts) == list(range(2, 92))
    assert spent(crm) == 90
    assert [one.stream_version for one in crm.events()] == list(range(1, 92))
    assert crm.verify().intact


def test_processes_that_hammer_one_stream_lose_nothing(crm: CRM, database_url: str) -> None:
    arguments = [sys.executable, "-m", "tests.application.hammer", database_url, "40"]
    children = [
        subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    lines = [
        line.split()
        for child in children
        for line in child.communicate(timeout=PATIENCE)[0].splitlines()
    ]
    assert [child.returncode for child in children] == [0, 0]
    told = {int(position): UUID(cost_id) for position, cost_id in lines}
    assert told == {one.position: one.event.cost_id for one in crm.events(after=1)}
    assert sorted(told) == list(range(2, 82))
    assert spent(crm) == 80
    assert crm.verify().intact


def test_batches_on_one_stream_at_once_lose_nothing(crm: CRM) -> None:
    def book(_: int) -> Batch:
        return crm.execute_many([cost() for _ in range(30)], by="me", batch=10)

    with ThreadPoolExecutor(3) as pool:
        assert [done.executed for done in pool.map(book, range(3))] == [30, 30, 30]
    assert spent(crm) == 90


def between(crm: CRM, kind: type, *others: Any) -> list[int]:
    """Let *others* be executed by another writer after *kind*'s decision, the first time.

    Returns a list that counts the decisions: the handler is real, the other writer too.
    """
    handlers: dict[type, Any] = crm._core.service.decider.handlers  # type: ignore[assignment]  # a Mapping to others, a dict here
    decide = HANDLERS[kind]
    seen = [0]

    def decide_while_others_write(command: Any, work: Any) -> None:
        decide(command, work)
        seen[0] += 1
        if seen[0] == 1:
            with ThreadPoolExecutor(1) as pool:
                for other in others:
                    pool.submit(crm.execute, other, by="another").result()

    handlers[kind] = decide_while_others_write
    return seen


@pytest.fixture
def postgres_crm(postgres_url: str) -> Iterator[CRM]:
    """On SQLite nobody can write between reading and recording; on PostgreSQL somebody can."""
    with crmcore.open(postgres_url, clock=lambda: NOW) as crm:
        crm.execute(plan(), by="me")
        yield crm


def targeted(customer_id: UUID = ANN) -> TargetMember:
    return TargetMember(campaign_id=SPRING, customer_id=customer_id, list_name="regulars", at=START)


def test_a_decision_rests_on_every_stream_it_read(postgres_crm: CRM) -> None:
    """A consent that is withdrawn between reading and recording: the message is decided anew."""
    crm = postgres_crm
    by_post: dict[str, Any] = {"customer_id": ANN, "channel": "post", "purpose": "marketing"}
    consent = GiveConsent(consent_id=uid(20), lawful_basis=LawfulBasis.CONSENT, at=START, **by_post)
    start = {"campaign_id": SPRING, "at": START}
    done = crm.execute_many(
        [
            register(),
            consent,
            crm.command("attach-target-list", {
                "list_id": uid(21), "name": "regulars", "kind": "default", "size": 1, **start}),
            crm.command("set-campaign-budget", {"budget": {"amount": 9, "currency": "EUR"}, **start}),
            crm.command("approve-campaign", start),
            targeted(),
            crm.command("launch-campaign", start),
        ],
        by="me",
    )  # fmt: skip
    assert done.refused == []
    withdrawal = WithdrawConsent(at=at(hours=1), **by_post)
    decisions = between(crm, SendMessage, withdrawal)
    message = SendMessage(campaign_id=SPRING, customer_id=ANN, message_id=uid(30), at=at(hours=2))
    receipt = crm.execute(message, by="me")
    assert decisions == [2]
    assert [type(event).__name__ for event in receipt.events] == ["MemberSuppressed"]
    topics = [one.topic for one in crm.events()]
    assert "message-sent" not in topics
    assert topics.index("consent-withdrawn") < topics.index("member-suppressed")


def test_a_conflict_in_a_batch_decides_the_whole_batch_anew(postgres_crm: CRM) -> None:
    crm = postgres_crm
    between(crm, RegisterCustomer, cost(), register(uid(2), name="Other"))
    done = crm.execute_many([cost(), register(), register(uid(2), name="Ben"), cost()], by="me")
    assert (done.executed, done.events) == (3, 3)
    assert [(one.index, type(one.error)) for one in done.refused] == [(2, AlreadyExistsError)]
    assert spent(crm) == 3
    assert crm.verify().intact


def test_a_pinned_version_is_not_decided_anew(postgres_crm: CRM) -> None:
    decisions = between(postgres_crm, IncurCost, plan_budget(postgres_crm))
    with pytest.raises(ConcurrencyError, match="is at version 2, expected 1"):
        postgres_crm.execute(cost(), by="me", expected_version=1)
    assert decisions == [1]


def plan_budget(crm: CRM) -> Any:
    fields = {"campaign_id": SPRING, "budget": {"amount": 9, "currency": "EUR"}, "at": START}
    return crm.command("set-campaign-budget", fields)


def test_who_loses_a_race_for_a_command_id_in_the_hosts_transaction_is_told(
    postgres_crm: CRM, postgres_url: str
) -> None:
    crm, engine = postgres_crm, sa.create_engine(postgres_url)
    crm.execute(register(), by="me")

    def first() -> Receipt:
        return crm.execute(register(), by="another", command_id=uid(50))

    handlers: dict[type, Any] = crm._core.service.decider.handlers  # type: ignore[assignment]  # a Mapping to others, a dict here
    decide = handlers[RegisterCustomer]

    def decide_later(command: Any, work: Any) -> None:
        handlers[RegisterCustomer] = decide
        with ThreadPoolExecutor(1) as pool:
            assert not pool.submit(first).result().repeated
        decide(command, work)

    handlers[RegisterCustomer] = decide_later
    with engine.connect() as connection:
        with pytest.raises(CommandInProgressError, match="carried out by another writer"):
            crm.execute(register(), by="me", command_id=uid(50), connection=connection)
        assert crm.execute(register(), by="me", command_id=uid(50), connection=connection).repeated
        connection.commit()
    engine.dispose()


# Many commands


def test_refused_commands_are_told_by_index_and_the_others_recorded(crm: CRM) -> None:
    commands: list[Any] = [
        register(),
        targeted(uid(9)),  # refused: there is no such customer
        register(name="Anne"),  # refused: other particulars
        register(uid(2), at=NOW + timedelta(days=1)),  # refused: the future
        register(),  # nothing new
        cost(),
        "no command",
    ]
    seen: list[tuple[int, int, int]] = []
    done = crm.execute_many(
        commands,
        by="me",
        batch=3,
        progress=lambda total: seen.append((total.commands, total.executed, len(total.refused))),
    )
    assert [one.index for one in done.refused] == [1, 2, 3, 6]
    assert [one.command for one in done.refused] == [commands[index] for index in (1, 2, 3, 6)]
    assert [type(one.error) for one in done.refused] == [
        NotFoundError, AlreadyExistsError, InFutureError, InvalidCommandError,
    ]  # fmt: skip
    assert (done.executed, done.unchanged, done.events, done.position) == (2, 1, 2, crm.position)
    assert (done.commands, crm.position) == (7, 3)
    assert seen == [(3, 1, 2), (6, 2, 3), (7, 2, 4)]


def test_a_command_sees_what_those_before_it_did(crm: CRM) -> None:
    commands: list[Any] = [register(), crm.command("deactivate-customer", {
        "customer_id": ANN, "reason": "asked", "at": at(hours=1)})]  # fmt: skip
    assert crm.execute_many(commands, by="me").executed == 2
    assert [one.stream_version for one in crm.events(stream_id=ANN)] == [1, 2]


def test_with_stop_the_first_refusal_ends_it_and_what_was_before_is_recorded(crm: CRM) -> None:
    commands: list[Any] = [
        register(),
        cost(),
        register(name="Anne"),
        register(uid(2)),
        register(uid(4)),
    ]
    done = crm.execute_many(commands, by="me", stop=True)
    assert (done.executed, [one.index for one in done.refused], done.commands) == (2, [2], 3)
    assert crm.position == 3
    done = crm.execute_many(commands, by="me", stop=True, batch=2)
    assert (done.executed, done.unchanged, [one.index for one in done.refused]) == (0, 2, [2])


def test_nothing_to_do_is_done(crm: CRM) -> None:
    assert crm.execute_many([], by="me") == Batch()


@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_of_nothing_is_refused(crm: CRM, batch: int) -> None:
    with pytest.raises(ValueError, match="batch: expected a number of 1 or more"):
        crm.execute_many([register()], by="me", batch=batch)


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_ids_are_carried_out_once_within_and_across_batches(crm: CRM, batch: int) -> None:
    commands = [
        send(register(), 50),
        send(register(uid(2), name="Ben"), 51),
        send(register(), 50),  # again
        send(register(uid(4)), 50),  # another command with the id
        send(register(), 52),  # nothing new, and remembered
        send(register(), 52),
        send(cost(uid(60)), 53),
    ]
    done = crm.execute_many(commands, by="me", batch=batch)
    assert (done.executed, done.unchanged) == (3, 3)
    assert [(one.index, type(one.error)) for one in done.refused] == [(3, CommandIdReusedError)]
    again = crm.execute_many(commands, by="me", batch=batch)
    assert (again.executed, again.unchanged, len(again.refused)) == (0, 6, 1)
    assert crm.position == 4
    for number, position in ((50, 2), (51, 3), (52, None), (53, 4)):
        envelope = next(one for one in commands if one.command_id == uid(number))
        receipt = crm.execute(envelope.command, by="me", command_id=uid(number))
        assert (receipt.repeated, receipt.position) == (True, position)
        assert len(receipt.events) == (0 if position is None else 1)


def test_a_refused_command_may_be_sent_again_in_the_same_batch(crm: CRM) -> None:
    """It was not carried out, so its id is still free."""
    deactivate = crm.command(
        "deactivate-customer", {"customer_id": ANN, "reason": "asked", "at": at(hours=1)}
    )
    commands = [send(deactivate, 50), send(register(), 51), send(deactivate, 50)]
    done = crm.execute_many(commands, by="me")
    assert (done.executed, done.unchanged, [one.index for one in done.refused]) == (2, 0, [0])


def test_a_source_of_commands_that_fails_loses_no_batch_before(crm: CRM) -> None:
    def commands() -> Iterator[Any]:
        yield from (cost() for _ in range(5))
        raise OSError("the file ended")

    with pytest.raises(OSError, match="the file ended"):
        crm.execute_many(commands(), by="me", batch=2)
    assert spent(crm) == 4


TRIGGERS = {
    "sqlite": (
        "CREATE TRIGGER fails BEFORE INSERT ON crm_events WHEN NEW.position = 8"
        " BEGIN SELECT RAISE(ABORT, 'no more'); END",
    ),
    "postgresql": (
        "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'no more'; END $$",
        "CREATE TRIGGER fails BEFORE INSERT ON crm_events FOR EACH ROW"
        " WHEN (NEW.position = 8) EXECUTE FUNCTION fail()",
    ),
}


@pytest.mark.parametrize("batch", [5, 30], ids=["insert", "copy"])
def test_a_batch_whose_record_fails_is_undone_as_a_whole(
    crm: CRM, database_url: str, batch: int
) -> None:
    engine = sa.create_engine(database_url)
    with engine.begin() as connection:
        for statement in TRIGGERS[engine.dialect.name]:
            connection.exec_driver_sql(statement)
    kept = 6 if batch == 5 else 1
    commands = [send(cost(uid(number)), 100 + number) for number in range(60, 90)]
    with pytest.raises(StoreError, match="no more") as failed:
        crm.execute_many(commands, by="me", batch=batch)
    assert "\n" not in str(failed.value)
    assert crm.position == kept
    assert crm.verify().records == kept
    with engine.begin() as connection:
        on = " ON crm_events" if engine.dialect.name == "postgresql" else ""
        connection.exec_driver_sql(f"DROP TRIGGER fails{on}")
    engine.dispose()
    done = crm.execute_many(commands, by="me", batch=batch)
    assert (done.executed, done.unchanged) == (31 - kept, kept - 1)
    assert crm.position == 31
    assert crm.verify().intact


def test_the_clock_may_run_backwards(database_url: str) -> None:
    clock = [at(days=5)]
    with crmcore.open(database_url, clock=lambda: clock[0]) as crm:
        crm.execute(register(), by="me")
        clock[0] = at(days=1)
        crm.execute(register(uid(2)), by="me")
        stamps: list[datetime] = [one.recorded_at for one in crm.events()]
    assert stamps == [at(days=5), at(days=5)]
