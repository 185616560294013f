"""Subscriptions whose handlers are coroutine functions.

A subscription works in a thread; what it delivers is handed over to the loop, and waited for there.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import wait
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import TYPE_CHECKING, Any

from crmcore.aio.threads import Threads
from crmcore.subscriptions.consumer import InterruptedTurnError

if TYPE_CHECKING:
    from crmcore.subscriptions import Done, Subscription

LOOK_UP = 0.5
"""Seconds after which a thread that waits for the loop sees that it was closed."""


class Handing:
    """Hands deliveries over to *handler* on the loop, from the thread of a subscription."""

    def __init__(self, handler: Callable[[Any], object]) -> None:
        self._handler, self._loop = handler, asyncio.get_running_loop()
        self._stopped = threading.Event()

    def go_on(self) -> None:
        """Take deliveries."""
        self._stopped.clear()

    def stop(self) -> None:
        """Take no more deliveries; the one at hand is handled to its end."""
        self._stopped.set()

    def __call__(self, given: Any) -> None:
        """Let *given* be handled, and wait for that.

        Raises what the handler raises; ``InterruptedTurnError`` where it was told to stop, was cancelled,
        or has no loop any more: then nothing was delivered.
        """
        if self._stopped.is_set() or self._loop.is_closed():
            raise InterruptedTurnError
        running = asyncio.run_coroutine_threadsafe(self._handled(given), self._loop)
        while not wait([running], LOOK_UP).done:
            if self._loop.is_closed():
                running.cancel()
        if running.cancelled():
            raise InterruptedTurnError
        running.result()

    async def _handled(self, given: Any) -> None:
        handled = self._handler(given)
        if isawaitable(handled):
            await handled


class AsyncSubscription:
    """A subscription in the hands of a task: caught up once, or followed.  Made by ``aio.subscribe``."""

    def __init__(self, threads: Threads, handing: Handing, subscription: "Subscription") -> None:
        self._threads, self._handing, self._subscription = threads, handing, subscription

    @property
    def name(self) -> str:
        """The name under which its place is kept."""
        return self._subscription.name

    def __repr__(self) -> str:
        return f"AsyncSubscription({self.name!r})"

    async def catch_up(self) -> "Done":
        """See that all that is recorded by now was delivered, or put aside; tell what was done here.

        Cancelled, it ends after the delivery at hand.  Raises ``SubscriptionStoppedError`` where it
        cannot go on.
        """
        self._handing.go_on()
        return await self._threads.advance(self._subscription.catch_up, self._handing.stop)

    @asynccontextmanager
    async def follow(self) -> AsyncIterator[None]:
        """Deliver whatever is recorded, until the end of the block: then, after the delivery at hand."""
        self._handing.go_on()
        following = self._subscription.follow()
        following.__enter__()  # starts threads, and waits for nothing
        try:
            yield
        finally:
            self._handing.stop()
            await self._threads.finish(lambda: following.__exit__(None, None, None))
