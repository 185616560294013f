"""Threads of a core's own, where its work waits for the database without holding up the host's loop.

Few of them: more would wait for each other in the database, where a task that waits cannot be
cancelled.  What finds no thread free waits in the loop.
"""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from contextvars import copy_context
from typing import Any, TypeVar

from crmcore.application.errors import MisuseError

T = TypeVar("T")

OTHERS = 8
"""Threads for all but single commands: with the writers, fewer than an engine's pool has connections."""


class StoppedError(BaseException):
    """Ends what reports its progress, after its task was cancelled; no trouble of a read model's."""


class Progress:
    """Reports from a thread to the loop: *told* is called there; ``stop`` ends the work at its next report."""

    def __init__(self, told: Callable[..., object] | None) -> None:
        self._loop, self._told = asyncio.get_running_loop(), told
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Let the work end at its next report."""
        self._stopped.set()

    def __call__(self, *report: Any) -> None:
        """Report, in the thread."""
        if self._stopped.is_set():
            raise StoppedError
        if self._told is not None:
            try:
                self._loop.call_soon_threadsafe(self._told, *report)
            except RuntimeError:  # the loop was closed
                raise StoppedError from None


class Threads:
    """Runs a core's work for tasks, with their context variables.

    Single commands have threads apart, so that no report holds them up: one where only *one_writes*.
    """

    def __init__(self, *, one_writes: bool) -> None:
        self._commands = ThreadPoolExecutor(1 if one_writes else 4, "crmcore-command")
        self._others = ThreadPoolExecutor(OTHERS, "crmcore-work")

    async def execute(self, work: Callable[[], T]) -> T:
        """Run what may record something.

        Cancelled before a thread took it up, it never runs.  After that the task ends when the work has
        ended, so that whatever was recorded is recorded by then.
        """
        running = self._submit(self._commands, work)
        return await _settled(running, running.cancel)

    async def advance(self, work: Callable[[], T], stop: Callable[[], None] | None = None) -> T:
        """Run what takes its time, as ``execute``; *stop*, called if it is cancelled, lets it end sooner."""
        running = self._submit(self._others, work)

        def cancel() -> None:
            if not running.cancel() and stop is not None:
                stop()

        return await _settled(running, cancel)

    async def finish(self, work: Callable[[], T]) -> T:
        """Run what has to be done, even for a task that is cancelled meanwhile."""
        return await _settled(self._submit(self._others, work), lambda: None)

    async def ask(self, work: Callable[[], T]) -> T:
        """Run what changes nothing; cancelled, the task leaves it to end by itself."""
        return await asyncio.wrap_future(self._submit(self._others, work))

    def close(self) -> None:
        """Wait until all that was asked for has ended, and take on nothing more."""
        self._commands.shutdown()
        self._others.shutdown()

    def _submit(self, threads: ThreadPoolExecutor, work: Callable[[], T]) -> "Future[T]":
        try:
            return threads.submit(copy_context().run, work)
        except RuntimeError:
            raise MisuseError("the core was closed: open it again") from None


async def _settled(running: "Future[T]", when_cancelled: Callable[[], object]) -> T:
    """The result; a task that is cancelled meanwhile ends when the work has."""
    ended = asyncio.wrap_future(running)
    try:
        await asyncio.wait([ended])
    except asyncio.CancelledError:
        when_cancelled()
        while not ended.done():
            with suppress(asyncio.CancelledError):  # the one that is raised below stands for all
                await asyncio.wait([ended])
        if not ended.cancelled():
            ended.exception()  # the task is told of its cancellation alone
        raise
    return ended.result()
