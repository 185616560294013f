"""A subscription whose handler is awaited: on the loop, in order, and let to its end."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import crmcore
from crmcore.errors import MisuseError
from crmcore.subscriptions import Delivery
from tests.subscriptions.consuming import AT_ONCE, buy, shop

WAIT = 60


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    """A shop's log with four events."""
    with shop(database_url) as opened:
        yield opened


class Mailer:
    """Notes what it was given, after a moment in which others work."""

    def __init__(self) -> None:
        self.seen = list[int]()

    async def __call__(self, delivery: Delivery) -> None:
        await asyncio.sleep(0)
        self.seen.append(delivery.position)


def test_a_coroutine_function_is_awaited_on_the_loop(crm: crmcore.CRM) -> None:
    async def act() -> None:
        loop, mailer = asyncio.get_running_loop(), Mailer()

        async def mail(delivery: Delivery) -> None:
            assert asyncio.get_running_loop() is loop
            await crm.aio.position()  # it may ask the core
            await mailer(delivery)

        subscription = await crm.aio.subscribe("mailer", mail)
        assert repr(subscription) == "AsyncSubscription('mailer')"
        assert (await subscription.catch_up()).delivered == 4
        assert (await subscription.catch_up()).delivered == 0
        assert mailer.seen == [1, 2, 3, 4]

    asyncio.run(act())


def test_a_handler_may_be_a_plain_function_and_take_several_at_once(crm: crmcore.CRM) -> None:
    async def act() -> None:
        sizes = list[int]()
        subscription = await crm.aio.subscribe(
            "mailer", lambda many: sizes.append(len(many)), batch=3
        )
        await subscription.catch_up()
        assert sizes == [3, 1]

    asyncio.run(act())


def test_what_fails_is_tried_again_and_put_aside(crm: crmcore.CRM) -> None:
    async def act() -> None:
        attempts = list[int]()

        async def mail(delivery: Delivery) -> None:
            if delivery.position == 2:
                attempts.append(delivery.attempt)
                raise TimeoutError("no answer")

        subscription = await crm.aio.subscribe("mailer", mail, retry=AT_ONCE)
        done = await subscription.catch_up()
        assert (done.delivered, done.dead_letters) == (3, 1)
        assert len(attempts) == AT_ONCE.attempts
        (letter,) = await crm.aio.ask(crm.subscriptions.dead_letters, "mailer")
        assert "TimeoutError" in letter.cause

    asyncio.run(act())


def test_what_is_recorded_is_followed_until_the_end_of_the_block(crm: crmcore.CRM) -> None:
    async def act() -> None:
        mailer = Mailer()
        subscription = await crm.aio.subscribe("mailer", mailer)
        async with asyncio.timeout(WAIT), subscription.follow():
            await crm.aio.ask(buy, crm, 2)
            while len(mailer.seen) < 6:
                await asyncio.sleep(0.01)
        await crm.aio.ask(buy, crm, 1)
        assert mailer.seen == [1, 2, 3, 4, 5, 6]
        assert (await subscription.catch_up()).delivered == 1

    asyncio.run(act())


def test_the_delivery_at_hand_is_handled_to_its_end(crm: crmcore.CRM) -> None:
    async def act() -> None:
        begun, seen = asyncio.Event(), list[int]()

        async def mail(delivery: Delivery) -> None:
            begun.set()
            await asyncio.sleep(0.1)
            seen.append(delivery.position)

        subscription = await crm.aio.subscribe("mailer", mail)
        async with subscription.follow():
            await begun.wait()
        assert seen == [1]
        begun.clear()
        task = asyncio.create_task(subscription.catch_up())
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert seen == [1, 2]
        assert (await subscription.catch_up()).delivered == 2
        assert seen == [1, 2, 3, 4]
        assert await crm.aio.ask(crm.subscriptions.dead_letters, "mailer") == []

    asyncio.run(act())


def test_a_loop_that_ends_leaves_what_was_not_delivered(crm: crmcore.CRM) -> None:
    """The task that waits, the handler and the thread end with it; the next loop goes on."""
    seen = list[int]()

    async def hang(delivery: Delivery) -> None:
        if delivery.position == 3:
            raised.set()
            await asyncio.Event().wait()
        seen.append(delivery.position)

    async def act() -> None:
        subscription = await crm.aio.subscribe("mailer", hang)
        task = asyncio.create_task(subscription.catch_up())
        await raised.wait()
        assert not task.done()

    async def again() -> None:
        mailer = Mailer()
        await (await crm.aio.subscribe("mailer", mailer)).catch_up()
        seen.extend(mailer.seen)

    raised = asyncio.Event()
    asyncio.run(act())
    asyncio.run(again())
    assert seen == [1, 2, 3, 4]
    assert crm.subscriptions.dead_letters("mailer") == []


@pytest.mark.parametrize("handler", [Mailer(), Mailer().__call__], ids=["object", "function"])
def test_a_synchronous_subscription_refuses_a_coroutine_function(
    crm: crmcore.CRM, handler: Any
) -> None:
    with pytest.raises(MisuseError, match=r"crm\.aio\.subscribe"):
        crm.subscribe("mailer", handler)


def test_what_is_no_handler_is_refused(crm: crmcore.CRM) -> None:
    with pytest.raises(MisuseError, match="handler: expected a function"):
        asyncio.run(crm.aio.subscribe("mailer", 7))  # type: ignore[arg-type]  # what is tested
