"""The face of the core that is awaited.

The core itself is synchronous.  What it does on connections of its own it does in threads of its own;
what joins a transaction of the host's runs on the host's loop, on the host's asynchronous driver.
"""

from __future__ import annotations  # of types whose modules are not imported to open a log

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, ParamSpec, Self, TypeVar
from uuid import UUID

from crmcore.aio.questions import AsyncReadModels
from crmcore.aio.threads import Progress, Threads
from crmcore.crm import NO_CASES

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_scoped_session

    from crmcore.aio.subscriptions import AsyncSubscription
    from crmcore.application.envelope import Batch, Envelope, Refused
    from crmcore.application.log import Receipt, Recorded
    from crmcore.application.service.escalation import Escalated
    from crmcore.core import Core
    from crmcore.crm import CRM
    from crmcore.domain.kernel import Command
    from crmcore.infrastructure.log.verify import Verdict
    from crmcore.previews import Preview
    from crmcore.projections.engine.follow.status import Status
    from crmcore.subscriptions import Retry
    from crmcore.subscriptions.subscriptions import Start

    Joinable = AsyncConnection | AsyncSession | async_scoped_session[AsyncSession]

P = ParamSpec("P")
T = TypeVar("T")


class AsyncCRM:
    """A core for tasks of asyncio: what ``CRM`` does, to be awaited (``crm.aio``).

    Used as an asynchronous context manager it closes the core at the end.  It may be shared by
    tasks, and by loops of several threads.
    """

    def __init__(self, crm: CRM, wired: Callable[[], Core], *, one_writes: bool) -> None:
        self._crm, self._wired = crm, wired
        self._core: Core | None = None
        self._threads = Threads(one_writes=one_writes)

    def __repr__(self) -> str:
        return f"AsyncCRM({self._crm.where!r})"

    async def __aenter__(self) -> Self:
        await self._ready()
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Wait for what was begun, then give the database back, as ``CRM.close`` does."""
        await asyncio.to_thread(self._crm.close)

    def end(self) -> None:
        """Wait for what was begun, and take on nothing more: ``CRM.close`` calls it."""
        self._threads.close()

    # Commands

    async def execute(
        self,
        command: Command,
        *,
        by: str,
        command_id: UUID | None = None,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
        source: str | None = None,
        expected_version: int | None = None,
        connection: Joinable | None = None,
    ) -> Receipt:
        """Carry a command out, as ``CRM.execute``.

        With *connection* the events become part of the host's own transaction: an ``AsyncConnection``
        or ``AsyncSession`` on aiosqlite, asyncpg or psycopg.  Cancelled before its turn it records
        nothing; cancelled later, all of its events or none, and with a *command_id* the same command
        again tells which.  The task ends when that is settled.
        """
        work = partial(
            self._crm.execute,
            command,
            by=by,
            command_id=command_id,
            correlation_id=correlation_id,
            causation_id=causation_id,
            source=source,
            expected_version=expected_version,
        )
        if connection is None:
            return await self._threads.execute(work)
        return await self._joined(connection, lambda own: work(connection=own))

    async def preview(
        self,
        command: Command,
        *,
        by: str,
        command_id: UUID | None = None,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
        source: str | None = None,
        expected_version: int | None = None,
        connection: Joinable | None = None,
    ) -> Preview:
        """What ``execute`` would do with a command now, as ``CRM.preview``: nothing is recorded."""
        work = partial(
            self._crm.preview,
            command,
            by=by,
            command_id=command_id,
            correlation_id=correlation_id,
            causation_id=causation_id,
            source=source,
            expected_version=expected_version,
        )
        if connection is None:
            return await self.ask(work)
        return await self._joined(connection, lambda own: work(connection=own))

    async def preview_many(
        self,
        commands: Iterable[Command | Envelope],
        *,
        by: str,
        source: str | None = None,
        connection: Joinable | None = None,
    ) -> list[Preview | Refused]:
        """What ``execute_many`` would do, as ``CRM.preview_many``."""
        work = partial(self._crm.preview_many, commands, by=by, source=source)
        if connection is None:
            return await self.ask(lambda: list(work()))
        return await self._joined(connection, lambda own: list(work(connection=own)))

    async def execute_many(
        self,
        commands: Iterable[Command | Envelope],
        *,
        by: str,
        source: str | None = None,
        batch: int = 500,
        stop: bool = False,
        progress: Callable[[Batch], None] | None = None,
        connection: Joinable | None = None,
    ) -> Batch:
        """Carry many commands out, as ``CRM.execute_many``; *progress* is called on the loop.

        *commands* are taken in a thread; with *connection*, on the loop.  Cancelled, it ends after the
        transaction that was begun: what came before it is recorded.
        """
        work = partial(
            self._crm.execute_many, commands, by=by, source=source, batch=batch, stop=stop
        )
        if connection is not None:
            return await self._joined(
                connection, lambda own: work(progress=progress, connection=own)
            )
        told = Progress(progress)
        return await self._threads.advance(partial(work, progress=told), told.stop)

    async def command(
        self, topic: str, fields: Mapping[str, Any], *, cases: Mapping[str, UUID] = NO_CASES
    ) -> Command:
        """The command *topic* with *fields* as JSON gives them, as ``CRM.command``."""
        return await self.ask(self._crm.command, topic, fields, cases=cases)

    # Read models

    @property
    def read(self) -> AsyncReadModels:
        """The questions of ``CRM.read``, each to be awaited: ``await aio.read.customers.get(one)``."""
        return AsyncReadModels(self._threads.ask, lambda: self._crm.read)

    async def ask(self, question: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What *question* answers, asked in a thread; type checkers know what that is.

        ``await aio.ask(crm.read.customers.get, customer_id)``.  It may be whatever the core does
        synchronously, or a function of yours that asks it several things.
        """
        return await self._threads.ask(partial(question, *args, **kwargs))

    async def catch_up(self, progress: Callable[[str, int, int], None] | None = None) -> None:
        """Bring every read model to the end of the log; *progress* is called on the loop.

        Cancelled, it ends after the batch that was begun.
        """
        told = Progress(progress)
        await self._threads.advance(partial(self._crm.catch_up, told), told.stop)

    @asynccontextmanager
    async def follow(self, every: float | None = None) -> AsyncIterator[None]:
        """Keep the read models up to date in a thread, until the end of the block, as ``CRM.follow``."""
        await self._ready()
        following = self._crm.follow(every)
        following.__enter__()  # starts threads, and waits for nothing
        try:
            yield
        finally:
            await self._threads.finish(lambda: following.__exit__(None, None, None))

    async def status(self) -> list[Status]:
        """Where each read model stands."""
        return await self.ask(self._crm.status)

    # Subscriptions

    async def subscribe(
        self,
        name: str,
        handler: Callable[[Any], object],
        *,
        topics: Iterable[str | type] | None = None,
        contexts: Iterable[str] | None = None,
        start: Start = "beginning",
        batch: int | None = None,
        retry: Retry | None = None,
        on_failure: Literal["park", "stop"] = "park",
    ) -> AsyncSubscription:
        """Begin a subscription, or go on with the one of that name, as ``CRM.subscribe``.

        *handler* is called on the loop of the task that subscribes; a coroutine function is awaited there.
        """
        from crmcore.aio.subscriptions import AsyncSubscription, Handing

        handing = Handing(handler)
        subscribe = partial(
            self._crm.subscribe,
            name,
            handing if callable(handler) else handler,
            topics=topics,
            contexts=contexts,
            start=start,
            batch=batch,
            retry=retry,
            on_failure=on_failure,
        )
        return AsyncSubscription(self._threads, handing, await self._threads.execute(subscribe))

    # Service levels

    async def due(self, until: datetime | None = None) -> Escalated:
        """Record the warnings and breaches of service levels before *until* (now), as ``CRM.due``."""
        return await self._threads.advance(partial(self._crm.due, until))

    async def case_id(self, number: str) -> UUID:
        """The case that people call by a number, as ``CRM.case_id``."""
        return await self.ask(self._crm.case_id, number)

    # The log

    async def position(self) -> int:
        """The last position of the log."""
        return await self.ask(lambda: self._crm.position)

    async def events(
        self, *, after: int = 0, stream_id: UUID | None = None
    ) -> AsyncIterator[Recorded]:
        """What was recorded after a position, of one stream or of all, in order; up to now.

        Read a page at a time: no transaction is open while you work on an event.
        """
        core = await self._ready()
        upto, place = await self.position(), after
        while place < upto:
            page = partial(core.page, after=place, upto=upto, stream_id=stream_id)
            events, place, unreadable = await self._threads.ask(page)
            for one in events:
                yield one
            if unreadable is not None:
                raise unreadable

    async def verify(self, progress: Callable[[int, int], None] | None = None) -> Verdict:
        """Recompute the chain of the log, as ``CRM.verify``; *progress* is called on the loop."""
        told = Progress(progress)
        return await self._threads.advance(partial(self._crm.verify, told), told.stop)

    def now(self) -> datetime:
        """The present instant by this core's clock (UTC)."""
        return self._crm.now()

    async def _ready(self) -> Core:
        """The parts of the core, which are imported and wired in a thread, not on the loop."""
        if self._core is None:
            self._core = await self._threads.ask(self._wired)
        return self._core

    async def _joined(self, connection: Joinable, work: Callable[[Connection], T]) -> T:
        from crmcore.aio.joining import joined  # whoever has such a connection has its packages

        await self._ready()
        return await joined(connection, self._crm.where, work)
