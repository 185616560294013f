"""What a cancelled task leaves: nothing before its turn, all or nothing after, and never a thread of its own."""

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

import crmcore
from crmcore.aio.threads import OTHERS, Progress, StoppedError
from crmcore.errors import MisuseError, NotFoundError
from tests.application.hammer import cost, plan
from tests.scenario import uid

WAIT = 60
"""Seconds after which a test that hangs gives up."""


class Gate:
    """Work that tells when it begins, and ends when it is let go."""

    def __init__(self) -> None:
        self.begun, self.open = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.open.wait(WAIT)
        return "done"

    async def reached(self) -> None:
        assert await asyncio.to_thread(self.begun.wait, WAIT)


@asynccontextmanager
async def writer_held(crm: crmcore.CRM) -> AsyncIterator[None]:
    """Another writer holds the log, so that a command which has begun cannot end."""
    with crm._database.engine.connect() as other:
        other.exec_driver_sql("UPDATE crm_head SET position = position")
        yield
        other.rollback()


async def ended(task: "asyncio.Task[Any]") -> None:
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(asyncio.shield(task), WAIT)


# Commands


def test_a_command_is_carried_out_in_a_thread(crm: crmcore.CRM) -> None:
    receipt = asyncio.run(crm.aio.execute(plan(), by="me", command_id=uid(1)))
    assert (receipt.position, receipt.command_id, crm.position) == (1, uid(1), 1)


def test_a_refusal_is_raised_as_it_is(crm: crmcore.CRM) -> None:
    with pytest.raises(NotFoundError, match="there is no campaign"):
        asyncio.run(crm.aio.execute(cost(), by="me"))


def test_a_command_that_is_cancelled_before_its_turn_records_nothing(
    crm: crmcore.CRM,
) -> None:
    async def act() -> None:
        aio = crm.aio
        await aio.execute(plan(), by="me")
        async with writer_held(crm):
            first = [asyncio.create_task(aio.execute(cost(), by="me")) for _ in range(4)]
            await asyncio.sleep(0.05)
            late = asyncio.create_task(aio.execute(cost(), by="me"))
            await asyncio.sleep(0.05)
            late.cancel()
            await ended(late)  # while the others still wait
        await asyncio.gather(*first)
        assert crm.position == 5

    asyncio.run(act())


def test_a_command_that_is_cancelled_at_work_is_settled_when_its_task_ends(
    crm: crmcore.CRM,
) -> None:
    async def act() -> None:
        aio = crm.aio
        await aio.execute(plan(), by="me")
        async with writer_held(crm):
            task = asyncio.create_task(aio.execute(cost(uid(70)), by="me", command_id=uid(70)))
            await asyncio.sleep(0.3)  # a thread has taken it up, and waits for the other writer
            for _ in range(3):  # as often as you like
                task.cancel()
                await asyncio.sleep(0.01)
        await ended(task)
        position = crm.position
        again = await aio.execute(cost(uid(70)), by="me", command_id=uid(70))
        assert (again.position, again.repeated) == (2, position == 2)

    asyncio.run(act())


def test_time_that_is_up_is_told_as_such(crm: crmcore.CRM) -> None:
    async def act() -> None:
        await crm.aio.execute(plan(), by="me")
        async with writer_held(crm):
            task = asyncio.create_task(timed())
            await asyncio.sleep(0.3)
        with pytest.raises(TimeoutError):
            await task

    async def timed() -> None:
        async with asyncio.timeout(0.1):
            await crm.aio.execute(cost(), by="me")

    asyncio.run(act())


def test_many_commands_end_after_the_transaction_in_which_they_were_cancelled(
    crm: crmcore.CRM,
) -> None:
    gate, told = Gate(), list[int]()

    def commands() -> Iterator[Any]:
        yield plan()
        for number in range(99):
            if number == 25:
                gate()
            yield cost()

    async def act() -> None:
        task = asyncio.create_task(
            crm.aio.execute_many(
                commands(), by="me", batch=10, progress=lambda done: told.append(done.executed)
            )
        )
        await gate.reached()
        task.cancel()
        await asyncio.sleep(0)
        gate.open.set()
        await ended(task)
        assert crm.position == 30

    asyncio.run(act())
    assert told == [10, 20]


# Questions, and what takes its time


def test_a_question_that_is_cancelled_does_not_hold_up_its_task(crm: crmcore.CRM) -> None:
    async def act() -> None:
        gate = Gate()
        task = asyncio.create_task(crm.aio.ask(gate))
        await gate.reached()
        task.cancel()
        await ended(task)
        gate.open.set()
        assert await crm.aio.position() == 0

    asyncio.run(act())


def test_long_questions_do_not_hold_up_commands(crm: crmcore.CRM) -> None:
    async def act() -> None:
        gates = [Gate() for _ in range(OTHERS)]
        tasks = [asyncio.create_task(crm.aio.ask(gate)) for gate in gates]
        for gate in gates:
            await gate.reached()
        assert (await crm.aio.execute(plan(), by="me")).position == 1
        for gate in gates:
            gate.open.set()
        assert await asyncio.gather(*tasks) == ["done"] * OTHERS

    asyncio.run(act())


@pytest.mark.parametrize("work", ["catch_up", "verify"])
def test_progress_is_reported_on_the_loop_where_the_task_may_be_cancelled(
    crm: crmcore.CRM, work: str
) -> None:
    async def act() -> None:
        await crm.aio.execute_many([plan(), *(cost() for _ in range(50))], by="me")

        def progress(*_report: Any) -> None:
            assert threading.current_thread() is threading.main_thread()
            task.cancel()

        task = asyncio.create_task(getattr(crm.aio, work)(progress))
        await ended(task)
        await getattr(crm.aio, work)()

    asyncio.run(act())


def test_what_was_told_to_stop_ends_at_its_next_report() -> None:
    told = list[int]()

    async def act() -> None:
        progress = Progress(told.append)
        progress(1)
        await asyncio.sleep(0)
        progress.stop()
        with pytest.raises(StoppedError):
            progress(2)

    asyncio.run(act())
    assert told == [1]


def test_context_variables_go_along(crm: crmcore.CRM) -> None:
    request = contextvars.ContextVar("request", default="none")

    async def act(name: str) -> tuple[str, str]:
        request.set(name)
        return await crm.aio.ask(request.get), name

    async def both() -> tuple[tuple[str, str], tuple[str, str]]:
        first, second = await asyncio.gather(act("first"), act("second"))
        return first, second

    assert asyncio.run(both()) == (("first", "first"), ("second", "second"))


# The end


def test_closing_waits_for_what_was_begun(crm: crmcore.CRM) -> None:
    async def act() -> None:
        gate = Gate()
        task = asyncio.create_task(crm.aio.ask(gate))
        await gate.reached()
        closing = asyncio.create_task(crm.aio.close())
        await asyncio.sleep(0.05)
        assert not closing.done()
        gate.open.set()
        await closing
        assert await task == "done"
        with pytest.raises(MisuseError, match="the core was closed"):
            await crm.aio.execute(plan(), by="me")
        await crm.aio.close()

    asyncio.run(act())


def test_a_core_closes_what_it_made_for_tasks(database_url: str) -> None:
    def of_ours() -> list[str]:
        names = (one.name for one in threading.enumerate())
        return [name for name in names if name.startswith("crmcore")]

    with crmcore.open(database_url) as crm:
        asyncio.run(crm.aio.execute(plan(), by="me"))
        asyncio.run(crm.aio.execute(cost(), by="me"))  # on another loop
        assert of_ours()
    assert of_ours() == []


def test_following_for_tasks(crm: crmcore.CRM) -> None:
    async def act() -> None:
        async with crm.aio as aio:
            async with aio.follow(every=0.05):
                receipt = await aio.execute(plan(), by="me")
                async with asyncio.timeout(WAIT):
                    while {one.position for one in await aio.status()} != {receipt.position}:
                        await asyncio.sleep(0.01)
            names = [one.name for one in threading.enumerate()]
            assert not {"crmcore-follow", "crmcore-listen"} & set(names)

    asyncio.run(act())
