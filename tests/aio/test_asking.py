"""What is awaited is what is asked synchronously: the same parameters, the same answers."""

import asyncio
import inspect
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, assert_type

import pytest
import sqlalchemy as sa

import crmcore
from crmcore import AsyncCRM
from crmcore.errors import NotReachedError, UnreadableEventError
from crmcore.infrastructure.log import read
from crmcore.projections.customers.directory import CustomerCard
from tests.histories import CUSTOMERS, Clock, a_rich_history, send
from tests.projections.engine.hosting import FIRST
from tests.scenario import uid

ANN = CUSTOMERS[0]


# The face is that of the synchronous core

SAME = sorted(
    name
    for name, one in vars(AsyncCRM).items()
    if inspect.isfunction(one) and not name.startswith("_") and hasattr(crmcore.CRM, name)
)


def parameters(function: Any) -> list[tuple[str, Any, Any]]:
    found = inspect.signature(function).parameters.values()
    return [(one.name, one.kind, one.default) for one in found]


@pytest.mark.parametrize("name", [one for one in SAME if one not in ("close", "position")])
def test_a_method_takes_what_the_synchronous_one_takes(name: str) -> None:
    assert parameters(getattr(AsyncCRM, name)) == parameters(getattr(crmcore.CRM, name))


def test_it_says_which_database_it_is_on(crm: crmcore.CRM) -> None:
    assert repr(crm.aio) == f"AsyncCRM({crm.where!r})"


def test_what_is_there_for_tasks() -> None:
    assert {"execute", "execute_many", "events", "verify", "due", "status", "follow"} <= {*SAME}


# Questions


@pytest.fixture
def history(crm: crmcore.CRM) -> crmcore.CRM:
    send(crm, a_rich_history())
    crm.catch_up()
    return crm


def test_every_question_can_be_awaited(history: crmcore.CRM) -> None:
    async def act() -> None:
        aio = history.aio
        assert await aio.read.customers.get(ANN) == history.read.customers.get(ANN)
        assert await aio.read.customers.find("ann", limit=2) == history.read.customers.find(
            "ann", limit=2
        )
        past = history.now() - timedelta(days=20_000)
        assert await aio.read.known_at(past).customers.get(ANN) is None
        assert await aio.read.at_least(3).customers.get(ANN)
        with pytest.raises(NotReachedError):
            await aio.read.at_least(history.position + 1).customers.get(ANN)
        kind = type(history.read.loyalty)
        moment = history.now()
        told = history.read.loyalty.get(ANN, as_of=moment)
        assert await aio.read.of(kind).get(ANN, as_of=moment) == told
        statement = sa.select(history.projections[0].tables[0])
        assert await aio.read.query(statement) == history.read.query(statement)

    asyncio.run(act())


def test_a_question_may_be_asked_so_that_type_checkers_know_its_answer(
    history: crmcore.CRM,
) -> None:
    async def act() -> tuple[str, int]:
        card = await history.aio.ask(history.read.customers.get, ANN)
        assert_type(card, CustomerCard | None)
        both = await history.aio.ask(lambda: (history.position, history.read.loyalty.get(ANN)))
        assert card is not None
        return card.name, both[0]

    assert asyncio.run(act()) == (history.read.customers.get(ANN).name, history.position)  # type: ignore[union-attr]  # she is there


def test_a_name_that_nobody_answers_to_is_told(crm: crmcore.CRM) -> None:
    with pytest.raises(AttributeError, match="did you mean customers"):
        asyncio.run(crm.aio.read.custommers.get(ANN))
    with pytest.raises(AttributeError, match="nothing"):
        asyncio.run(crm.aio.read.customers.nothing())
    assert not hasattr(crm.aio.read, "__deepcopy__")
    assert not hasattr(crm.aio.read.customers, "__deepcopy__")


# The log


@pytest.mark.parametrize("page", [1, 2, 7, 1000])
def test_events_come_in_order_a_page_at_a_time(
    crm: crmcore.CRM, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    send(crm, a_rich_history())
    log = list(crm.events())
    monkeypatch.setattr(read, "PAGE", page)
    assert list(crm.events()) == log

    async def act() -> None:
        async def told(**which: Any) -> list[crmcore.Recorded]:
            return [one async for one in crm.aio.events(**which)]

        assert await told() == log
        for after in (0, 1, 2, 5, len(log) - 1, len(log), 99):
            assert await told(after=after) == log[after:]
        for stream in {one.stream_id for one in log}:
            one_stream = [one for one in log if one.stream_id == stream]
            assert await told(stream_id=stream) == one_stream
            assert list(crm.events(stream_id=stream)) == one_stream
        assert await told(stream_id=uid(99)) == []

    asyncio.run(act())


def test_no_connection_is_held_while_an_event_is_worked_on(history: crmcore.CRM) -> None:
    async def act() -> None:
        pool: Any = history._database.engine.pool
        before = pool.checkedout()
        async for _ in history.aio.events():
            assert pool.checkedout() == before
            break

    asyncio.run(act())


def test_what_was_recorded_meanwhile_is_left_to_the_next_time(history: crmcore.CRM) -> None:
    async def act() -> None:
        count, position = 0, history.position
        async for _ in history.aio.events():
            if not count:
                command = crmcore.commands.CorrectCustomerName(
                    customer_id=ANN, name="Other", at=history.now()
                )
                await history.aio.execute(command, by="me")
            count += 1
        assert (count, history.position) == (position, position + 1)

    asyncio.run(act())


def test_events_before_one_that_cannot_be_read_are_told(history: crmcore.CRM) -> None:
    with history._database.engine.begin() as connection:
        events = history._database.tables.events
        connection.execute(sa.update(events).where(events.c.position == 4).values(data="{"))

    async def act() -> None:
        log = history.aio.events()
        assert [(await anext(log)).position for _ in range(3)] == [1, 2, 3]
        with pytest.raises(UnreadableEventError, match="position 4"):
            await anext(log)

    asyncio.run(act())


# The rest


def test_commands_are_made_and_cases_found(crm: crmcore.CRM) -> None:
    async def act() -> None:
        fields = {"customer_id": str(ANN), "kind": "person", "name": "Ann"}
        command = await crm.aio.command("register-customer", fields)
        assert (await crm.aio.execute(command, by="me")).position == 1
        with pytest.raises(crmcore.errors.NotFoundError):
            await crm.aio.case_id("INC1")
        moment = crm.now()
        assert (await crm.aio.due(moment)) == crm.due(moment)
        await crm.aio.catch_up()
        assert await crm.aio.status() == crm.status()
        assert await crm.aio.verify() == crm.verify()

    asyncio.run(act())


def test_a_hosts_own_questions_are_asked_the_same_way(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as crm:
        send(crm, a_rich_history())
        crm.catch_up()
        (table,) = FIRST.tables
        assert asyncio.run(crm.aio.read.query(sa.select(table))) == crm.read.query(sa.select(table))


def test_nothing_is_imported_before_it_is_asked_for(tmp_path: Path) -> None:
    program = (
        "import sys, crmcore; crm = crmcore.open('sqlite:///crm.db'); crm.position; crm.close();"
        " print([one for one in sys.modules"
        " if one.startswith(('greenlet', 'crmcore.aio', 'sqlalchemy.ext.asyn'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_an_asynchronous_engine_is_told_how_to_open() -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    with pytest.raises(crmcore.errors.StoreUnavailableError, match=r"crmcore.open\(engine.url\)"):
        crmcore.open(create_async_engine("sqlite+aiosqlite:///crm.db"))  # type: ignore[arg-type]  # what is tested
