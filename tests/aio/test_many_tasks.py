"""Many tasks at once, cancelled at random: all of a transaction or none, and no connection is lost.

With ``CRMCORE_TASKS=2000`` (``make task-tests``) ten times as many.
"""

import asyncio
import gc
import os
import random
from collections.abc import Awaitable, Callable
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

import crmcore
from crmcore import AsyncCRM
from tests.aio.test_joining import Base, Note
from tests.conftest import Place
from tests.histories import Clock
from tests.patience import PATIENCE
from tests.scenario import uid
from tests.test_crm import register

TASKS = int(os.environ.get("CRMCORE_TASKS", "200"))
PATIENT = {"connect_args": {"timeout": 120}}
"""For SQLite's file, whose writers wait for each other without a queue."""


async def cancelled_at_random(act: Callable[[int], Awaitable[object]]) -> set[int]:
    """Run *act* for many numbers at once; return those that ended well."""
    chance = random.Random(TASKS)
    tasks = [asyncio.ensure_future(act(number)) for number in range(1000, 1000 + TASKS)]
    loop = asyncio.get_running_loop()
    for task in chance.sample(tasks, TASKS // 2):
        loop.call_later(chance.random() * TASKS / 150, task.cancel)
    ended = await asyncio.gather(*tasks, return_exceptions=True)
    trouble = [one for one in ended if isinstance(one, Exception)]
    assert trouble == []
    return {
        number
        for number, one in enumerate(ended, 1000)
        if not isinstance(one, asyncio.CancelledError)
    }


async def check_whole(aio: AsyncCRM, well: set[int]) -> set[UUID]:
    """Whoever was told so is in the log, each with its receipt; return the customers in it."""
    assert (await aio.verify()).intact
    events = [one async for one in aio.events()]
    recorded = {one.stream_id for one in events}
    assert len(recorded) == len(events)
    assert {uid(number) for number in well} <= recorded
    tables = aio._crm._database.tables
    count = sa.select(sa.func.count()).select_from(tables.commands)
    with aio._crm._database.read() as connection:
        assert connection.scalar(count) == len(events)
    return recorded


def test_tasks_that_are_cancelled_leave_all_of_a_command_or_nothing(database_url: str) -> None:
    async def act() -> None:
        crm = crmcore.open(database_url, clock=Clock())
        async with crm.aio as aio:

            async def sign_up(number: int) -> None:
                key = uid(number)
                receipt = await aio.execute(register("Ann", number), by="me", command_id=key)
                if number % 10 == 0:
                    assert await aio.read.at_least(receipt.position).customers.get(key)

            await check_whole(aio, await cancelled_at_random(sign_up))
        assert crm._database.engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a QueuePool

    asyncio.run(asyncio.wait_for(act(), PATIENCE))


# A connection that aiosqlite was making for a task that was cancelled is closed when it is collected.
@pytest.mark.filterwarnings("ignore:unclosed database:ResourceWarning")
def test_tasks_that_are_cancelled_in_the_hosts_transaction(place: Place) -> None:
    """Rows and events remain together, or neither."""

    async def act() -> None:
        settings = PATIENT if "sqlite" in place.host else {}
        engine = create_async_engine(place.host, pool_timeout=120, **settings)
        async with engine.begin() as connection:
            await connection.run_sync(Base.metadata.create_all)
        async with crmcore.open(place.url, clock=Clock()).aio as aio:

            async def sign_up(number: int) -> None:
                async with AsyncSession(engine) as session, session.begin():
                    session.add(Note(n=number))
                    if number % 2:
                        await session.flush()
                    await aio.execute(
                        register("Ann", number),
                        by="me",
                        command_id=uid(number),
                        connection=session,
                    )

            recorded = await check_whole(aio, await cancelled_at_random(sign_up))
            async with engine.connect() as connection:
                notes = await connection.scalars(sa.select(Note.n))
                assert {uid(n) for n in notes} == recorded
        assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]  # a QueuePool
        await engine.dispose()

    asyncio.run(asyncio.wait_for(act(), PATIENCE))
    gc.collect()
