"""A host's transaction on an asynchronous driver: its rows and our events commit together."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import attrs
import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_scoped_session,
    async_sessionmaker,
    create_async_engine,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

import crmcore
from crmcore.commands import CorrectCustomerName
from crmcore.errors import InvalidCommandError, MisuseError, NotFoundError
from crmcore.events import CustomerRegistered
from crmcore.infrastructure.database import driver
from crmcore.projections import Projection, Recorded, Rows
from tests.application.hammer import cost, plan
from tests.conftest import Place
from tests.histories import Clock, a_rich_history
from tests.projections.contract import check
from tests.projections.engine.hosting import COUNTED
from tests.projections.engine.test_inline import ALL
from tests.scenario import START, uid
from tests.test_crm import register


class Base(DeclarativeBase):
    """The host's tables."""


class Note(Base):
    """A row of the host's."""

    __tablename__ = "notes"
    n: Mapped[int] = mapped_column(primary_key=True)


@attrs.frozen
class Host:
    """A host on an asynchronous engine, with a core beside."""

    engine: AsyncEngine
    crm: crmcore.CRM

    async def notes(self) -> list[int]:
        async with self.engine.connect() as connection:
            return list(await connection.scalars(sa.select(Note.n).order_by(Note.n)))

    async def stored(self) -> tuple[list[int], int]:
        """The host's rows, and the last position of a log that is intact."""
        assert (await self.crm.aio.verify()).intact
        return await self.notes(), await self.crm.aio.position()


@asynccontextmanager
async def hosting(place: Place, **told: Any) -> AsyncIterator[Host]:
    """A host with a table of its own, and a log with one event."""
    engine = create_async_engine(place.host)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with crmcore.open(place.url, **{"clock": Clock(), **told}).aio as crm:
            await crm.execute(plan(), by="me")
            yield Host(engine, crm._crm)
    finally:
        await engine.dispose()


HELD = sa.text("UPDATE crm_head SET position = position")
"""Holds up all other writers."""


def renamed() -> CorrectCustomerName:
    """A command about a customer who is not there."""
    return CorrectCustomerName(customer_id=uid(9), name="Ann", at=START)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def test_rows_and_events_commit_together(place: Place) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            async with host.engine.begin() as connection:
                await connection.execute(sa.insert(Note).values(n=1))
                receipt = await host.crm.aio.execute(cost(), by="me", connection=connection)
                assert await host.crm.aio.position() == 1  # nobody else sees it yet
            assert receipt.position == 2
            assert await host.stored() == ([1], 2)

    run(act())


def test_rows_and_events_are_rolled_back_together(place: Place) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            aio = host.crm.aio
            async with host.engine.connect() as connection:
                await connection.execute(sa.insert(Note).values(n=1))
                await aio.execute(cost(uid(60)), by="me", command_id=uid(60), connection=connection)
                many = [cost() for _ in range(30)]
                done = await aio.execute_many(many, by="me", connection=connection)
                assert done.executed == 30
                await connection.rollback()
            assert await host.stored() == ([], 1)
            again = await aio.execute(cost(uid(60)), by="me", command_id=uid(60))
            assert (again.position, again.repeated) == (2, False)

    run(act())


@pytest.mark.parametrize("scoped", [False, True], ids=["session", "scoped session"])
def test_objects_of_a_session_commit_with_the_events(place: Place, scoped: bool) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            maker = async_sessionmaker(host.engine)
            for n, ends in ((1, True), (2, False)):
                session: Any = (
                    async_scoped_session(maker, asyncio.current_task) if scoped else maker()
                )
                session.add(Note(n=n))
                await host.crm.aio.execute(cost(), by="me", connection=session)
                await (session.commit() if ends else session.rollback())
                await session.close()
            assert await host.stored() == ([1], 2)

    run(act())


def test_a_refusal_leaves_the_transaction_as_it_was(place: Place) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            async with host.engine.begin() as connection:
                await connection.execute(sa.insert(Note).values(n=1))
                with pytest.raises(NotFoundError):
                    await host.crm.aio.execute(renamed(), by="me", connection=connection)
                with pytest.raises(InvalidCommandError):
                    await host.crm.aio.execute(cost(), by="", connection=connection)
                done = await host.crm.aio.execute_many(
                    [renamed(), cost()],
                    by="me",
                    connection=connection,
                )
                assert [type(one.error) for one in done.refused] == [NotFoundError]
            assert await host.stored() == ([1], 2)

    run(act())


def test_a_preview_sees_what_the_transaction_has_recorded_so_far(place: Place) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            aio = host.crm.aio
            assert len((await aio.preview(cost(), by="me")).events) == 1
            async with host.engine.connect() as connection:
                await connection.execute(sa.insert(Note).values(n=1))
                await aio.execute(register(), by="me", connection=connection)
                command = CorrectCustomerName(customer_id=uid(1), name="Other", at=START)
                seen = await aio.preview(command, by="me", connection=connection)
                assert [one.stream_version for one in seen.events] == [2]
                many = await aio.preview_many([cost(), renamed()], by="me", connection=connection)
                assert [type(one).__name__ for one in many] == ["Preview", "Refused"]
                await connection.commit()
            many = await aio.preview_many([cost(), renamed()], by="me")
            assert [type(one).__name__ for one in many] == ["Preview", "Refused"]
            assert await host.stored() == ([1], 2)

    run(act())


def test_the_same_command_again_is_told_as_repeated(place: Place) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            for repeated in (False, True):
                async with host.engine.begin() as connection:
                    receipt = await host.crm.aio.execute(
                        cost(uid(60)), by="me", command_id=uid(60), connection=connection
                    )
                assert (receipt.position, receipt.repeated) == (2, repeated)
            assert await host.stored() == ([], 2)

    run(act())


def test_a_savepoint_of_the_hosts_takes_the_events_with_it(place: Place) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            async with host.engine.begin() as connection:
                await host.crm.aio.execute(cost(), by="me", connection=connection)
                nested = await connection.begin_nested()
                await connection.execute(sa.insert(Note).values(n=1))
                await host.crm.aio.execute(cost(), by="me", connection=connection)
                await nested.rollback()
            assert await host.stored() == ([], 2)

    run(act())


def test_what_is_recorded_and_shown_is_the_same_with_each_driver(place: Place) -> None:
    """A whole history, with every read model brought up to date in the host's transaction."""
    history = a_rich_history()

    async def act() -> None:
        async with hosting(place, inline=ALL) as host:
            for some in (history[:15], history[15:20], history[20:-1]):
                async with host.engine.begin() as connection:
                    await host.crm.aio.execute_many(some, by="me", connection=connection)
            async with host.engine.begin() as connection:
                await host.crm.aio.execute(history[-1], by="me", connection=connection)
            assert {one.behind for one in await host.crm.aio.status()} == {0}
            assert (await host.crm.aio.verify()).intact
            await host.crm.aio.ask(check, host.crm)

    run(act())


def test_a_synchronous_function_of_the_hosts_may_join_too(place: Place) -> None:
    async def act() -> None:
        async with hosting(place) as host:

            def work(session: Session) -> None:
                session.add(Note(n=1))
                host.crm.execute(cost(), by="me", connection=session.connection())

            async with AsyncSession(host.engine) as session, session.begin():
                await session.run_sync(work)
            assert await host.stored() == ([1], 2)

    run(act())


def too_large(event: CustomerRegistered, recorded: Recorded, rows: Rows) -> None:
    rows.put(COUNTED, {"customer_id": str(recorded.subject_id), "name": event.name, "names": 2**40})


def test_a_value_that_the_database_refuses_is_not_told(postgres_url: str) -> None:
    """What asyncpg says of it quotes the value."""
    place = Place(postgres_url, postgres_url.replace("+psycopg", "+asyncpg", 1))
    large = Projection("guests", 1, (COUNTED,), {CustomerRegistered: too_large})

    async def act() -> None:
        async with hosting(place, projections=[large], inline=["guests"]) as host:
            async with host.engine.begin() as connection:
                await host.crm.aio.execute(register(), by="me", connection=connection)
            assert await host.crm.aio.position() == 2
            (status,) = [one for one in await host.crm.aio.status() if one.name == "guests"]
            assert status.state == "stopped"
            assert "invalid input for query argument" in str(status.reason)
            assert str(2**40) not in str(status)

    run(act())


# A task that is cancelled, and a host that goes on


@pytest.mark.parametrize("ends", ["rolled back", "committed"])
def test_a_command_whose_time_is_up_leaves_nothing_in_the_transaction(
    place: Place, ends: str
) -> None:
    """It waits for another writer; the host goes on, or not."""

    async def release_soon(other: AsyncConnection) -> None:
        await asyncio.sleep(0.6)  # aiosqlite cannot end a statement before its wait ends
        await other.rollback()

    async def act() -> None:
        async with hosting(place) as host:
            async with host.engine.connect() as other, host.engine.connect() as connection:
                await other.execute(HELD)
                release = asyncio.get_running_loop().create_task(release_soon(other))
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await host.crm.aio.execute(cost(), by="me", connection=connection)
                await release
                if ends == "committed":
                    with suppress(
                        sa.exc.SQLAlchemyError
                    ):  # the driver may have lost its connection
                        await connection.execute(sa.insert(Note).values(n=1))
                        await connection.commit()
                else:
                    await connection.rollback()
            assert await host.crm.aio.position() == 1
            async with host.engine.begin() as connection:
                await host.crm.aio.execute(cost(), by="me", connection=connection)
            assert (await host.stored())[1] == 2
            assert host.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a QueuePool

    run(act())


def test_a_task_that_is_cancelled_at_any_statement_leaves_all_or_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the first of the transaction, at the second, ...: SQLAlchemy's and ours counted."""
    steps = iter(list[int]())
    tasks = list["asyncio.Task[None]"]()
    waiting = driver._waiting

    def step(*_statement: Any) -> None:
        if tasks and asyncio.current_task() is tasks[-1] and next(steps, 0) == len(tasks):
            tasks[-1].cancel()

    def stepping(*told: Any) -> Any:
        step()
        return waiting(*told)

    async def act() -> None:
        nonlocal steps
        async with hosting(place) as host:

            async def book(key: UUID) -> None:
                async with AsyncSession(host.engine) as session, session.begin():
                    session.add(Note(n=len(tasks)))
                    await session.flush()
                    await host.crm.aio.execute(
                        cost(key), by="me", command_id=key, connection=session
                    )

            monkeypatch.setattr(driver, "_waiting", stepping)
            sa.event.listen(host.engine.sync_engine, "before_cursor_execute", step)
            outcome: BaseException | None = asyncio.CancelledError()
            while outcome is not None:
                steps, key, before = iter(range(1, 100)), uid(70 + len(tasks)), await host.stored()
                tasks.append(asyncio.ensure_future(book(key)))
                (outcome,) = await asyncio.gather(tasks[-1], return_exceptions=True)
                assert outcome is None or isinstance(outcome, asyncio.CancelledError)
                notes, position = await host.stored()
                if outcome is None:
                    assert (len(notes), position) == (len(before[0]) + 1, before[1] + 1)
                else:
                    assert (notes, position) == before
                assert host.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a QueuePool
            assert len(tasks) > 8

    run(act())


# What is refused


@pytest.mark.parametrize(
    "made",
    [
        pytest.param(
            lambda url: create_async_engine(url, isolation_level="AUTOCOMMIT"), id="engine"
        ),
        pytest.param(
            lambda url: create_async_engine(url).execution_options(isolation_level="AUTOCOMMIT"),
            id="options",
        ),
    ],
)
def test_a_connection_in_autocommit_is_refused(
    place: Place, made: Callable[[str], AsyncEngine]
) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            engine = made(place.host)
            async with engine.connect() as connection:
                for _ in range(2):
                    with pytest.raises(MisuseError, match="commits each statement by itself"):
                        await host.crm.aio.execute(cost(), by="me", connection=connection)
                    await connection.execute(sa.select(Note))
            await engine.dispose()
            assert await host.stored() == ([], 1)

    run(act())


@pytest.mark.parametrize("setting", [{"isolation_level": None}, {"autocommit": True}], ids=str)
def test_a_driver_in_autocommit_is_refused(sqlite_url: str, setting: dict[str, Any]) -> None:
    if "autocommit" in setting and not hasattr(sqlite3, "LEGACY_TRANSACTION_CONTROL"):
        pytest.skip("sqlite3 has no autocommit before Python 3.12")

    async def act() -> None:
        url = sqlite_url.replace("sqlite", "sqlite+aiosqlite", 1)
        engine = create_async_engine(url, connect_args=setting)
        async with crmcore.open(sqlite_url).aio as crm, engine.connect() as connection:
            with pytest.raises(MisuseError, match="commits each statement by itself"):
                await crm.execute(plan(), by="me", connection=connection)
            assert await crm.position() == 0
        await engine.dispose()

    asyncio.run(act())


def test_a_connection_to_another_database_is_refused(place: Place) -> None:
    async def act() -> None:
        url = sa.make_url(place.host)
        file = url.get_backend_name() == "sqlite"
        engine = create_async_engine(url.set(database=f"{url.database}.2" if file else "postgres"))
        async with hosting(place) as host:
            async with engine.connect() as connection:
                with pytest.raises(MisuseError, match="another database, schema or tenant"):
                    await host.crm.aio.execute(cost(), by="me", connection=connection)
                assert not connection.in_transaction()
            assert await host.stored() == ([], 1)
        await engine.dispose()

    run(act())


def test_a_connection_to_another_tenant_is_refused(place: Place) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            with crmcore.open(place.url, tenant="north") as north:
                async with host.engine.connect() as connection:
                    if "sqlite" in place.url:
                        with pytest.raises(MisuseError, match="another database"):
                            await north.aio.execute(plan(), by="me", connection=connection)
                        return
                    await north.aio.execute(plan(), by="me", connection=connection)
                    await connection.commit()
                assert (north.position, host.crm.position) == (1, 1)

    run(act())


def test_a_connection_to_another_kind_of_database_is_refused(
    sqlite_url: str, postgres_url: str
) -> None:
    async def act() -> None:
        theirs = create_async_engine(sqlite_url.replace("sqlite", "sqlite+aiosqlite", 1))
        async with crmcore.open(postgres_url).aio as crm, theirs.connect() as connection:
            with pytest.raises(MisuseError, match=r"one of postgresql\+psycopg, got one of sqlite"):
                await crm.execute(plan(), by="me", connection=connection)
        await theirs.dispose()

    run(act())


def test_what_is_no_asynchronous_connection_is_told_as_such(place: Place) -> None:
    async def act() -> None:
        async with hosting(place) as host:
            unopened = host.engine.connect()
            async with host.engine.connect() as closed:
                pass
            synchronous = sa.create_engine(place.url)
            with synchronous.connect() as connection:
                wrong: list[Any] = [unopened, closed, host.engine, connection, "text", 0]
                for one in wrong:
                    with pytest.raises(MisuseError, match="connection: expected an"):
                        await host.crm.aio.execute(cost(), by="me", connection=one)
            synchronous.dispose()
            async with host.engine.connect() as theirs:
                with pytest.raises(MisuseError, match=r"await crm\.aio\.execute"):
                    host.crm.execute(cost(), by="me", connection=theirs)  # type: ignore[arg-type]  # what is tested
            assert await host.stored() == ([], 1)

    run(act())
