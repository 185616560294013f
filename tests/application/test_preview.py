"""A preview tells what a command would do, and does nothing: the log is as it was, and nobody waits."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
import sqlalchemy as sa
from fastapi.encoders import jsonable_encoder
from hypothesis import given, settings
from hypothesis import strategies as st

import crmcore
from crmcore import CRM, Command, Envelope, Preview, Recorded, Refused
from crmcore.commands import CorrectCustomerName, CustomerKind, RegisterCustomer
from crmcore.errors import (
    AlreadyExistsError,
    CommandIdReusedError,
    ConcurrencyError,
    DomainError,
    InFutureError,
    InvalidCommandError,
    MisuseError,
    NotFoundError,
    StoreReadOnlyError,
)
from crmcore.infrastructure.database.host_transaction import is_begun
from tests.histories import History, histories, send
from tests.projections.contract import fresh
from tests.scenario import START, at, uid

NOW = at(days=100)
LATER = at(hours=1)
ANN, BEN = uid(1), uid(2)


@pytest.fixture
def crm(database_url: str) -> Iterator[CRM]:
    with crmcore.open(database_url, clock=lambda: NOW) as crm:
        yield crm


@pytest.fixture
def engine(database_url: str) -> Iterator[sa.Engine]:
    """The host's own engine on the same log."""
    engine = sa.create_engine(database_url)
    yield engine
    engine.dispose()


def register(customer_id: UUID = ANN, name: str = "Ann") -> RegisterCustomer:
    return RegisterCustomer(customer_id=customer_id, kind=CustomerKind.PERSON, name=name, at=START)


def rename(name: str, customer_id: UUID = ANN, then: datetime = LATER) -> CorrectCustomerName:
    return CorrectCustomerName(customer_id=customer_id, name=name, at=then)


def foreseen(preview: Preview) -> list[tuple[Any, ...]]:
    return [
        (one.topic, one.fields, one.stream_id, one.stream_version, one.subject_id, one.event)
        for one in preview.events
    ]


def recorded(log: Iterable[Recorded]) -> list[tuple[Any, ...]]:
    return [
        (
            *(one.topic, json.loads(one.data)),
            *(one.stream_id, one.stream_version, one.subject_id, one.event),
        )
        for one in log
    ]


@contextmanager
def untouched(crm: CRM) -> Iterator[None]:
    """Nothing is written to the file within the block, be it to the log or to anything else."""
    with crm._database.engine.connect() as other:
        version = sa.text("PRAGMA data_version")  # another one where somebody else has written
        before = other.scalar(version)
        yield
        assert other.scalar(version) == before


def outcome(ask: Callable[..., Any], sent: dict[str, Any]) -> tuple[Any, Exception | None]:
    """What is answered, or what is refused."""
    try:
        return ask(**sent), None
    except (DomainError, CommandIdReusedError) as refusal:
        return None, refusal


# What would be recorded


@settings(max_examples=20, deadline=None)
@given(histories(most=40), st.data())
def test_what_is_foreseen_is_what_is_then_recorded(history: History, data: st.DataObject) -> None:
    with fresh() as crm:
        for command in history:
            key = data.draw(st.none() | st.sampled_from([uid(1), uid(2)]))
            sent: dict[str, Any] = {"command": command, "by": "me", "command_id": key}
            with untouched(crm):
                preview, refusal = outcome(crm.preview, sent)
            position = crm.position
            receipt, refused = outcome(crm.execute, sent)
            assert str(refused) == str(refusal)
            if refusal is not None:
                continue
            assert foreseen(preview) == recorded(crm.events(after=position))
            assert (preview.changed, preview.repeated) == (
                receipt.position is not None and not receipt.repeated,
                receipt.repeated,
            )


@settings(max_examples=15, deadline=None)
@given(histories(most=60), st.data())
def test_many_are_foreseen_each_upon_those_before(history: History, data: st.DataObject) -> None:
    commands = [
        Envelope(command=one, by="me", command_id=data.draw(st.none() | st.sampled_from([uid(1)])))
        for one in history
    ]
    with fresh() as crm:
        send(crm, history[: data.draw(st.integers(0, len(history)))])
        position = crm.position
        with untouched(crm):
            outcomes = list(crm.preview_many(commands, by=""))
        done = crm.execute_many(commands, by="", batch=data.draw(st.integers(1, 1_000)))
        events = [one for each in outcomes if isinstance(each, Preview) for one in foreseen(each)]
        assert events == recorded(crm.events(after=position))
        refused = [one for one in outcomes if isinstance(one, Refused)]
        assert [(one.index, one.command, str(one.error)) for one in refused] == [
            (one.index, one.command, str(one.error)) for one in done.refused
        ]
        assert done.executed == sum(isinstance(one, Preview) and one.changed for one in outcomes)


def test_both_databases_foresee_the_same(crm: CRM) -> None:
    crm.execute(register(), by="me")
    found = crm.preview(rename("Anne"), by="me")
    ((topic, fields, stream, version, subject, event),) = foreseen(found)
    assert (topic, stream, version, subject) == ("customer-name-corrected", ANN, 2, ANN)
    assert fields["name"] == event.name == "Anne"
    assert crm.position == 1


def test_what_holds_already_would_change_nothing(crm: CRM) -> None:
    crm.execute(register(), by="me", command_id=uid(50))
    assert crm.preview(register(), by="me") == Preview(changed=False, events=())
    again = crm.preview(register(), by="me", command_id=uid(50))
    assert again == Preview(changed=False, events=(), repeated=True)
    later, repeated = crm.preview_many(
        [Envelope(command=rename("Anne"), by="me", command_id=uid(51))] * 2, by=""
    )
    assert later != repeated == Preview(changed=False, events=(), repeated=True)


def refusals() -> dict[str, tuple[type[Exception], dict[str, Any]]]:
    return {
        "a rule": (AlreadyExistsError, {"command": register(name="Ben")}),
        "nobody": (NotFoundError, {"command": rename("Ben", BEN)}),
        "an id of another command": (
            CommandIdReusedError,
            {"command": rename("Ben"), "command_id": uid(50)},
        ),
        "another version": (ConcurrencyError, {"command": rename("Ben"), "expected_version": 7}),
        "an instant to come": (
            InFutureError,
            {"command": rename("Ben", then=at(days=200))},
        ),
        "a blank sender": (InvalidCommandError, {"command": rename("Ben"), "by": " "}),
        "no command": (InvalidCommandError, {"command": "rename"}),
    }


@pytest.mark.parametrize(("kind", "sent"), refusals().values(), ids=refusals())
def test_what_would_be_refused_is_refused(
    crm: CRM, engine: sa.Engine, kind: type[Exception], sent: dict[str, Any]
) -> None:
    crm.execute(register(), by="me", command_id=uid(50))
    said = []
    with engine.connect() as connection:
        for ask in (crm.preview, crm.execute):
            for more in ({}, {"connection": connection}):
                with pytest.raises(kind) as refused:
                    ask(**{"by": "me", **sent, **more})
                said.append(str(refused.value))
                connection.rollback()
    assert len(set(said)) == 1


def test_a_preview_is_written_as_json(crm: CRM) -> None:
    preview = crm.preview(register(), by="me")
    plain = msgspec.json.decode(msgspec.json.encode(preview))
    assert plain == jsonable_encoder(preview)
    assert plain["events"][0]["fields"]["name"] == "Ann"
    assert plain["events"][0].keys() == {
        *("topic", "fields", "stream_id", "stream_version", "subject_id")
    }


def test_ten_thousand_commands_on_one_stream(sqlite_url: str) -> None:
    with crmcore.open(sqlite_url, clock=lambda: NOW) as crm:
        commands: list[Command] = [register(), *(rename(f"Ann {n}") for n in range(10_000))]
        last = None
        for last in crm.preview_many(commands, by="me"):  # noqa: B007  # it is what is asked
            pass
        assert isinstance(last, Preview)
        assert last.events[0].stream_version == 10_001
        assert crm.position == 0


# Nothing is left, and nobody waits


def test_the_file_is_byte_for_byte_what_it_was(sqlite_url: str, tmp_path: Path) -> None:
    with crmcore.open(sqlite_url, clock=lambda: NOW) as crm:
        crm.execute(register(), by="me")

        def stored() -> dict[str, bytes]:
            return {one.name: one.read_bytes() for one in tmp_path.glob("crm.db*")}

        shared = "crm.db-shm"  # who reads what, which is no part of the database
        before = stored()
        crm.preview(rename("Anne"), by="me")
        list(crm.preview_many([rename("Anne"), register(BEN, "Ben")], by="me"))
        assert {**stored(), shared: b""} == {**before, shared: b""}


def test_a_preview_waits_for_no_writer_and_holds_none_up(crm: CRM, engine: sa.Engine) -> None:
    crm.execute(register(), by="me")
    with engine.begin() as connection:
        crm.execute(rename("Anne"), by="me", connection=connection)  # holds the right to append
        (event,) = crm.preview(rename("Anna"), by="me").events
        assert event.stream_version == 2  # what is not committed is not seen
    outcomes = crm.preview_many([rename("Bea"), rename("Cleo")], by="me")
    assert isinstance(next(outcomes), Preview)
    crm.execute(rename("Dora"), by="me")  # while the other list is being decided
    last = next(outcomes)
    assert isinstance(last, Preview)
    assert last.events[0].stream_version == 4  # upon the moment at which it began


def read_only(url: str) -> str:
    more = "mode=ro" if url.startswith("sqlite") else "options=-cdefault_transaction_read_only%3Don"
    return f"{url}{'&' if '?' in url else '?'}{more}"


def test_a_database_that_is_only_read(crm: CRM, database_url: str) -> None:
    crm.execute(register(), by="me")
    with crmcore.open(read_only(database_url), clock=lambda: NOW) as reader:
        assert reader.preview(rename("Anne"), by="me").changed
        with pytest.raises(StoreReadOnlyError):
            reader.execute(rename("Anne"), by="me")


# The host's transaction


def test_what_the_host_has_not_committed_is_seen(crm: CRM, engine: sa.Engine) -> None:
    with engine.connect() as connection:
        crm.execute(register(), by="me", connection=connection)
        (event,) = crm.preview(rename("Anne"), by="me", connection=connection).events
        assert event.stream_version == 2
        with pytest.raises(NotFoundError):
            crm.preview(rename("Anne"), by="me")
        first, second = crm.preview_many(
            [rename("Anne"), rename("Bea", BEN)], by="me", connection=connection
        )
        assert isinstance(first, Preview)
        assert isinstance(second, Refused)
        crm.execute(rename("Anna"), by="me", connection=connection)
        connection.commit()
    assert crm.position == 2
    assert crm.verify().intact


@pytest.mark.parametrize("begun", ["nothing", "by a look", "by SQLAlchemy"])
def test_the_hosts_transaction_is_left_as_it_was(crm: CRM, engine: sa.Engine, begun: str) -> None:
    crm.execute(register(), by="me")
    with engine.connect() as connection:
        if begun == "by a look":
            connection.execute(sa.text("SELECT position FROM crm_head"))
        elif begun == "by SQLAlchemy":
            connection.begin()
        before = connection.in_transaction(), is_begun_in(connection)
        crm.preview(rename("Anne"), by="me", connection=connection)
        with pytest.raises(NotFoundError):
            crm.preview(rename("Ben", BEN), by="me", connection=connection)
        assert (connection.in_transaction(), is_begun_in(connection)) == before
        thread = threading.Thread(target=crm.execute, args=(rename("Bea"),), kwargs={"by": "other"})
        thread.start()
        thread.join(20)
        assert crm.position == 2  # the other one did not wait for the host


def is_begun_in(connection: sa.Connection) -> bool:
    return connection.dialect.name == "sqlite" and is_begun(connection)


def test_a_connection_that_cannot_be_the_logs_is_refused(
    crm: CRM, engine: sa.Engine, tmp_path: Path
) -> None:
    other = sa.create_engine(f"sqlite:///{tmp_path / 'other.db'}")
    with other.connect() as connection, pytest.raises(MisuseError):
        crm.preview(register(), by="me", connection=connection)
    by_itself = engine.execution_options(isolation_level="AUTOCOMMIT")
    with by_itself.connect() as connection, pytest.raises(MisuseError, match="AUTOCOMMIT"):
        crm.preview(register(), by="me", connection=connection)
    other.dispose()
