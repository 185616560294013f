"""The core as products see it: what is recorded, followed, asked and verified on one log.

Its parts are wired by ``core``, which is imported when the first of them is needed.
"""

from __future__ import annotations  # of types whose modules are not imported to open a log

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from uuid import UUID

from sqlalchemy import URL, Connection, Engine

from crmcore.domain.kernel import zoned
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.database.tenants import tenant_target

if TYPE_CHECKING:
    from crmcore.aio import AsyncCRM
    from crmcore.application.envelope import Batch, Envelope, Refused
    from crmcore.application.log import Receipt, Recorded
    from crmcore.application.policies import Policies
    from crmcore.application.service.escalation import Escalated
    from crmcore.catalogue import MessageCatalogue
    from crmcore.contexts.context import Context
    from crmcore.core import Core
    from crmcore.domain.kernel import Command
    from crmcore.infrastructure.database.borrowed import HostConnection
    from crmcore.infrastructure.log.verify import Verdict
    from crmcore.previews import Preview
    from crmcore.projections.engine.follow.status import Status
    from crmcore.projections.engine.maintenance.maintenance import Maintenance
    from crmcore.projections.engine.projection import Projection
    from crmcore.reading import ReadModels
    from crmcore.subscriptions import Retry, Subscription, Subscriptions
    from crmcore.subscriptions.processes import Processes
    from crmcore.subscriptions.subscriptions import Start

NO_CASES: Final[Mapping[str, UUID]] = MappingProxyType({})
NO_NAMES: Final[Mapping[str, str]] = MappingProxyType({})


def now() -> datetime:
    """The present instant (UTC)."""
    return datetime.now(UTC)


class CRM:
    """A CRM core on one log: executes commands, keeps read models, answers questions.

    Made by ``crmcore.open``; a context manager that closes what it opened.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Callable[[], datetime] = now,
        policies: Policies | None = None,
        contexts: Sequence[Context] = (),
        projections: Sequence[Projection] = (),
        inline: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._clock = _zoned(clock)
        self._own: Any = {
            "policies": policies,
            "contexts": contexts,
            "projections": projections,
            "inline": inline,
        }
        self._wiring = threading.Lock()
        self._wired: Core | None = None
        self._aio: AsyncCRM | None = None
        if (policies, contexts, projections, inline) != (None, (), (), ()):
            self._core  # noqa: B018  # what is wrong with what is a host's own is told at once

    @property
    def _core(self) -> Core:
        """The parts, which are imported and wired when the first of them is needed."""
        with self._wiring:
            if self._wired is None:
                from crmcore.core import Core

                self._wired = Core(self._database, self._clock, **self._own)
            return self._wired

    def __repr__(self) -> str:
        return f"CRM({self.where!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the database back; what was begun through ``aio`` ends before."""
        if self._aio is not None:
            self._aio.end()
        self._database.close()

    @property
    def aio(self) -> AsyncCRM:
        """The same for hosts on asyncio: ``await crm.aio.execute(...)``."""
        with self._wiring:
            if self._aio is None:
                from crmcore.aio import AsyncCRM

                self._aio = AsyncCRM(self, lambda: self._core, one_writes=self._database.is_sqlite)
            return self._aio

    @property
    def where(self) -> str:
        """The database, without a password."""
        return self._database.where

    # Commands

    def execute(
        self,
        command: Command,
        *,
        by: str,
        command_id: UUID | None = None,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
        source: str | None = None,
        expected_version: int | None = None,
        connection: Connection | HostConnection | None = None,
    ) -> Receipt:
        """Carry a command out; return its events and the position after them.

        *by* is who wants it.  The same *command_id* again returns the first receipt and records
        nothing.  *expected_version* pins the version of the stream that the command is about.
        With *connection* the events become part of the host's own transaction: SQLAlchemy's, the
        driver's (sqlite3, psycopg), or Django's (``django.db.connection``).

        Raises ``DomainError`` (refused by a rule), ``InvalidCommandError``,
        ``CommandIdReusedError``, ``ConcurrencyError`` or ``StoreError``.
        """
        return self._core.execute(
            command,
            connection,
            by=by,
            command_id=command_id,
            correlation_id=correlation_id,
            causation_id=causation_id,
            source=source,
            expected_version=expected_version,
        )

    def execute_many(
        self,
        commands: Iterable[Command | Envelope],
        *,
        by: str,
        source: str | None = None,
        batch: int = 500,
        stop: bool = False,
        progress: Callable[[Batch], None] | None = None,
        connection: Connection | HostConnection | None = None,
    ) -> Batch:
        """Carry many commands out, *batch* to a transaction; report what was done and refused.

        A command that is refused records nothing and does not hold up the others, unless *stop*.
        An ``Envelope`` brings its own sender and ids.
        """
        return self._core.execute_many(
            commands,
            by=by,
            source=source,
            batch=batch,
            stop=stop,
            progress=progress,
            connection=connection,
        )

    def preview(
        self,
        command: Command,
        *,
        by: str,
        command_id: UUID | None = None,
        correlation_id: UUID | None = None,
        causation_id: UUID | None = None,
        source: str | None = None,
        expected_version: int | None = None,
        connection: Connection | HostConnection | None = None,
    ) -> Preview:
        """What ``execute`` would do with a command now: the events that it would record, or its refusal.

        Nothing is recorded, and nobody waits.  What the core fills in when it records is not foreseen:
        positions, ``recorded_at``, and the command's id where it is left out.  With *connection* it
        is decided upon what the host's own transaction has recorded so far.

        Raises what ``execute`` would raise; but never ``StoreBusyError`` or ``StoreReadOnlyError``, for
        it does not write.
        """
        return self._core.preview(
            command,
            connection,
            by=by,
            command_id=command_id,
            correlation_id=correlation_id,
            causation_id=causation_id,
            source=source,
            expected_version=expected_version,
        )

    def preview_many(
        self,
        commands: Iterable[Command | Envelope],
        *,
        by: str,
        source: str | None = None,
        connection: Connection | HostConnection | None = None,
    ) -> Iterator[Preview | Refused]:
        """What ``execute_many`` would do: each command is decided upon those before it, in order.

        Gives a ``Preview`` for each, or what it would be ``Refused`` for, as they are asked for.  The
        log is seen as it is when the first is; the streams that they change are kept in memory.
        """
        return self._core.preview_many(commands, connection, by=by, source=source)

    def command(
        self, topic: str, fields: Mapping[str, Any], *, cases: Mapping[str, UUID] = NO_CASES
    ) -> Command:
        """The command *topic* with *fields* as JSON gives them; ``at`` is now where it is left out.

        A case may be named by its number, as ``case_id`` finds it; *cases* are numbers that are given
        to cases in the same batch, before this.  Raises ``UnknownTopicError``, ``InvalidCommandError``
        with all that is wrong, and what ``case_id`` raises.
        """
        return self._core.command(topic, fields, cases)

    def fields(self, command: Command) -> dict[str, Any]:
        """The fields of *command* in what JSON has, as ``command`` reads them."""
        return self._core.commands.fields(command)

    @property
    def command_kinds(self) -> Mapping[str, type]:
        """The class of every command by its topic."""
        return self._core.commands.topics

    @property
    def event_kinds(self) -> Mapping[str, type]:
        """The class of every event of the contexts that are loaded, by its topic."""
        return self._core.catalogue.events

    def context_of(self, topic: str) -> str | None:
        """The name of the context that an event's topic belongs to; None where none is loaded."""
        return self._core.catalogue.contexts.get(topic)

    def sentence(self, recorded: Recorded, *, names: Mapping[str, str] = NO_NAMES) -> str:
        """What a recorded event says, in a line for people; its topic where nothing is written.

        *names* of campaigns, cases and contact points, by their ids, stand instead of these.
        """
        return self._core.sentence(recorded, names)

    @property
    def catalogue(self) -> MessageCatalogue:
        """Every command and every event of the contexts that are loaded, with schemas and examples."""
        from crmcore.catalogue import MessageCatalogue

        return MessageCatalogue(self._own["contexts"])

    def command_schema(self, topic: str) -> dict[str, Any]:
        """The JSON Schema (2020-12) of a command's fields; raises ``UnknownTopicError``."""
        return self.catalogue.command_schema(topic)

    def event_schema(self, topic: str) -> dict[str, Any]:
        """The JSON Schema (2020-12) of an event's fields as they are stored now.

        ``x-version`` is the version that it describes, ``x-older-versions`` are those that are still
        read, ``x-personal`` marks what tells something about a natural person.
        Raises ``UnknownTopicError``.
        """
        return self.catalogue.event_schema(topic)

    def asyncapi(self) -> dict[str, Any]:
        """The AsyncAPI 3.0 document of all events, those of a host's own contexts included."""
        return self.catalogue.asyncapi()

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document of all commands: ``POST /commands/TOPIC``, receipts and problems."""
        return self.catalogue.openapi()

    # Read models

    @property
    def read(self) -> ReadModels:
        """The questions that the read models answer."""
        return self._core.read

    @property
    def maintenance(self) -> Maintenance:
        """Rebuilding read models, comparing, switching and rolling back."""
        return self._core.maintenance

    @property
    def projections(self) -> Sequence[Projection]:
        """The read models that are kept."""
        return self._core.follower.projections

    def catch_up(self, progress: Callable[[str, int, int], None] | None = None) -> None:
        """Bring every read model to the end of the log; *progress* sees name, position and end."""
        self._core.follower.catch_up(progress)

    @contextmanager
    def follow(self, every: float | None = None) -> Iterator[None]:
        """Keep the read models up to date in a thread, until the end of the block.

        It looks when something is recorded: by this process, and on PostgreSQL by any other.
        And it looks *every* so many seconds: 0.2 on SQLite, 2 on PostgreSQL.
        """
        stop, notifier = threading.Event(), self._core.notifier
        seconds = every or (0.2 if self._database.is_sqlite else 2.0)
        seen = 0

        def wait() -> None:
            nonlocal seen
            seen = notifier.wait(seen, seconds)

        thread = threading.Thread(
            target=self._core.follower.follow, args=(stop, wait), name="crmcore-follow", daemon=True
        )
        with notifier.listen(stop):
            thread.start()
            try:
                yield
            finally:
                stop.set()
                notifier.notify()
                thread.join()

    def status(self) -> list[Status]:
        """Where each read model stands."""
        return self._core.follower.status()

    # What is done when something has happened

    @property
    def subscriptions(self) -> Subscriptions:
        """Handlers that are given what is recorded: where they stand, what they could not handle."""
        return self._core.subscriptions

    @property
    def processes(self) -> Processes:
        """What follows from events, by the processes of contexts: carried out once, or followed."""
        return self._core.processes

    def subscribe(
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
    ) -> Subscription:
        """Begin a subscription, or go on with the one of that name: ``subscriptions.subscribe``."""
        return self._core.subscriptions.subscribe(
            name,
            handler,
            topics=topics,
            contexts=contexts,
            start=start,
            batch=batch,
            retry=retry,
            on_failure=on_failure,
        )

    # Service levels

    def due(self, until: datetime | None = None) -> Escalated:
        """Record the warnings and breaches of service levels that came about before *until* (now).

        Each is recorded once, however often and by however many this is called; verdicts are
        the same if it never is.  Returns what was recorded, for whoever is to be told.
        Raises ``InFutureError`` for an instant that has not come: ``read.cases.escalations`` lists those.
        """
        return self._core.due(until)

    def case_id(self, number: str) -> UUID:
        """The case that people call by a number.

        Raises ``NotFoundError``, and ``AmbiguousNumberError`` where several are called so: in a log
        of the time before numbers were claimed.
        """
        return self._core.case_id(number)

    # The log

    @property
    def position(self) -> int:
        """The last position of the log."""
        return self._core.position

    def events(self, *, after: int = 0, stream_id: UUID | None = None) -> Iterator[Recorded]:
        """What was recorded after a position, of one stream or of all, in order."""
        reader = self._core.reader
        with self._database.read() as connection:
            yield from reader.in_pages(connection, after=after, stream_id=stream_id)

    def verify(self, progress: Callable[[int, int], None] | None = None) -> Verdict:
        """Recompute the chain of the log, and compare its other tables with what the records tell.

        Was anything altered, removed, inserted, reordered?  What no record tells is not covered: the
        digests of receipts, receipts of commands that recorded nothing, receipts that are missing.
        """
        return self._core.verify(progress)

    def now(self) -> datetime:
        """The present instant by this core's clock (UTC)."""
        return self._clock()


def open(  # noqa: A001  # as `crmcore.open`, which is how it reads
    target: str | URL | Engine,
    *,
    tenant: str | None = None,
    clock: Callable[[], datetime] = now,
    policies: Policies | None = None,
    contexts: Sequence[Context] = (),
    projections: Sequence[Projection] = (),
    inline: Sequence[str] = (),
    create: bool = True,
) -> CRM:
    """Open (and on first use make) the log at *target*, a database URL or the host's own engine.

    ``sqlite:///crm.db`` is a file, ``postgresql+psycopg://user@host/name`` a server.  Each
    *tenant* has a log apart: a file of its own (``crm.acme.db``), or a schema (``crm_acme``).
    *policies* are what the organisation decides for itself (``crmcore.policies``).
    *contexts* are the host's own (``crmcore.contexts``): aggregates, commands, read models, questions.
    *projections* are the host's own read models, kept beside those that come along.  The read
    models named in *inline* are brought up to date in each command's own transaction.
    With *create* False a log that is not there is not made: ``StoreMissingError``.

    Raises ``StoreError`` if the database cannot be reached, written to or understood,
    ``UnknownProjectionError`` if there is no read model of a name in *inline*, ``MisuseError``
    if one of the *contexts* or *projections* is none, clashes with another or with ours, or asks for
    what nothing provides.
    """
    target, schema = tenant_target(target, tenant)
    database = Database.open(target, schema=schema, create=create)
    inline = (inline,) if isinstance(inline, str) else inline
    try:
        return CRM(
            database,
            clock=clock,
            policies=policies,
            contexts=contexts,
            projections=projections,
            inline=inline,
        )
    except BaseException:
        database.close()
        raise


def _zoned(clock: Callable[[], datetime]) -> Callable[[], datetime]:
    """*clock*, whose instants all say their zone: ``InvalidValueError`` where one does not."""
    return lambda: zoned("clock", clock())
