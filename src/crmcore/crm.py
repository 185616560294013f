"""The composition root: wires the log, the command services and the read models together.

With ``workers``, which does so for other processes, the only module that imports all layers.
"""

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from types import MappingProxyType, TracebackType
from typing import Any, Final, Self
from uuid import UUID

from sqlalchemy import URL, Connection, Engine

from crmcore.application.clock import Clock
from crmcore.application.executing import Batch, CommandService, Envelope, InFutureError
from crmcore.application.log import Receipt, Recorded
from crmcore.application.policies import STANDARD_POLICIES, Policies
from crmcore.application.sales.lead_addresses import Pseudonym
from crmcore.application.service.escalation import BY, Escalated, escalate
from crmcore.application.streams import Streams
from crmcore.composition import Composition
from crmcore.contexts.context import Context
from crmcore.domain.kernel import Command, NotFoundError, zoned
from crmcore.domain.service.case.naming import cases_by_id
from crmcore.domain.service.case_number import normal_case_number
from crmcore.infrastructure.commands.codec import CommandCodec
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.database.tenants import tenant_target
from crmcore.infrastructure.identity import new_id
from crmcore.infrastructure.log.event_log import SqlEventLog
from crmcore.infrastructure.log.notification import LogNotifier
from crmcore.infrastructure.log.projection_source import ProjectionSource
from crmcore.infrastructure.log.pseudonym_key import pseudonyms_of, verify_with_key
from crmcore.infrastructure.log.read import LogReader
from crmcore.infrastructure.log.streams import LogStreams
from crmcore.infrastructure.log.verify import Verdict
from crmcore.projections.engine.follow.follower import Follower
from crmcore.projections.engine.follow.inline import Inline
from crmcore.projections.engine.follow.status import Status
from crmcore.projections.engine.generations.names import check_names
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.maintenance.maintenance import Maintenance, find_projection
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.query.live_rows import LiveRows
from crmcore.projections.engine.rebuild.rebuilder import Rebuilder
from crmcore.projections.instants import about_instants
from crmcore.reading import ReadModels
from crmcore.workers import Submit

NO_CASES: Final[Mapping[str, UUID]] = MappingProxyType({})


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
        policies: Policies = STANDARD_POLICIES,
        contexts: Sequence[Context] = (),
        projections: Sequence[Projection] = (),
        inline: Sequence[str] = (),
    ) -> None:
        self._database = database
        self._clock = clock = _zoned(clock)
        with database.read() as connection:
            pseudonyms = pseudonyms_of(connection, database.tables)
        composition = Composition(contexts, policies)
        self._catalogue, codec = composition.catalogue, composition.codec
        reader = LogReader(database.tables, codec)
        streams = LogStreams(database, reader)
        wiring = composition.wiring({Clock: clock, Pseudonym: pseudonyms, Streams: streams})
        handlers = composition.handlers(wiring)
        self._commands = CommandCodec(handlers)
        self._source = ProjectionSource(database, reader)
        registry = Registry(database.tables.events.schema)
        kept = (*composition.projections(wiring), *projections)
        check_names(kept)
        at_once = [find_projection(kept, name) for name in dict.fromkeys(inline)]
        self._inline = Inline(self._source, registry, at_once)
        self._log = SqlEventLog(database, codec, self._commands, clock, self._inline.fold)
        self._service = CommandService(self._log, handlers, clock, new_id)
        self._follower = Follower(self._source, kept, registry)
        submit = Submit(
            database.address,
            database.tables.events.schema,
            policies,
            tuple(one.for_reading(wiring) for one in contexts),
            tuple(projections),
        )
        self.maintenance = Maintenance(
            kept, self._source, registry, Rebuilder(self._source, registry, submit)
        )
        """Rebuilding read models, comparing, switching and rolling back."""
        self._notifier = LogNotifier(database)
        self.read = ReadModels(
            LiveRows(self._source, registry, kept, self._follower.catch_up_one, self._about),
            composition.questions,
            lambda kind, rows: wiring.make(kind, rows=rows),
        )
        """The questions that the read models answer."""

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
        """Give the database back."""
        self._database.close()

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
        connection: Connection | None = None,
    ) -> Receipt:
        """Carry a command out; return its events and the position after them.

        *by* is who wants it.  The same *command_id* again returns the first receipt and records
        nothing.  *expected_version* pins the version of the stream that the command is about.
        With *connection* the events become part of the host's own transaction.

        Raises ``DomainError`` (refused by a rule), ``InvalidCommandError``,
        ``CommandIdReusedError``, ``ConcurrencyError`` or ``StoreError``.
        """
        envelope = Envelope(
            command=command,
            by=by,
            command_id=command_id,
            correlation_id=correlation_id,
            causation_id=causation_id,
            source=source,
            expected_version=expected_version,
        )
        receipt = self._service.execute(envelope, connection=connection)
        self._notifier.notify()
        return receipt

    def execute_many(
        self,
        commands: Iterable[Command | Envelope],
        *,
        by: str,
        source: str | None = None,
        batch: int = 500,
        stop: bool = False,
        progress: Callable[[Batch], None] | None = None,
        connection: Connection | None = None,
    ) -> Batch:
        """Carry many commands out, *batch* to a transaction; report what was done and refused.

        A command that is refused records nothing and does not hold up the others, unless *stop*.
        An ``Envelope`` brings its own sender and ids.
        """
        envelopes = (
            one if isinstance(one, Envelope) else Envelope(command=one, by=by, source=source)
            for one in commands
        )

        def report(done: Batch) -> None:
            self._notifier.notify()
            if progress is not None:
                progress(done)

        return self._service.execute_many(
            envelopes, batch=batch, stop=stop, progress=report, connection=connection
        )

    def command(
        self, topic: str, fields: Mapping[str, Any], *, cases: Mapping[str, UUID] = NO_CASES
    ) -> Command:
        """The command *topic* with *fields* as JSON gives them; ``at`` is now where it is left out.

        A case may be named by its number, as ``case_id`` finds it; *cases* are numbers that are given
        to cases in the same batch, before this.  Raises ``UnknownTopicError``, ``InvalidCommandError``
        with all that is wrong, and what ``case_id`` raises.
        """
        if isinstance(topic, str) and isinstance(fields, Mapping):
            kind = self.command_kinds.get(topic)
            fields = cases_by_id(kind, fields, lambda one: cases.get(one) or self.case_id(one))
        return self._commands.decode(topic, fields, now=self._clock())

    def fields(self, command: Command) -> dict[str, Any]:
        """The fields of *command* in what JSON has, as ``command`` reads them."""
        return self._commands.fields(command)

    @property
    def command_kinds(self) -> Mapping[str, type]:
        """The class of every command by its topic."""
        return self._commands.topics

    @property
    def event_kinds(self) -> Mapping[str, type]:
        """The class of every event of the contexts that are loaded, by its topic."""
        return self._catalogue.events

    def context_of(self, topic: str) -> str | None:
        """The name of the context that an event's topic belongs to; None where none is loaded."""
        return self._catalogue.contexts.get(topic)

    def command_schema(self, topic: str) -> dict[str, Any]:
        """The JSON Schema of a command."""
        return self._commands.schema(topic)

    # Read models

    @property
    def projections(self) -> Sequence[Projection]:
        """The read models that are kept."""
        return self._follower.projections

    def catch_up(self, progress: Callable[[str, int, int], None] | None = None) -> None:
        """Bring every read model to the end of the log; *progress* sees name, position and end."""
        self._follower.catch_up(progress)

    @contextmanager
    def follow(self, every: float | None = None) -> Iterator[None]:
        """Keep the read models up to date in a thread, until the end of the block.

        It looks when something is recorded: by this process, and on PostgreSQL by any other.
        And it looks *every* so many seconds: 0.2 on SQLite, 2 on PostgreSQL.
        """
        stop, notifier = threading.Event(), self._notifier
        seconds = every or (0.2 if self._database.is_sqlite else 2.0)
        seen = 0

        def wait() -> None:
            nonlocal seen
            seen = notifier.wait(seen, seconds)

        thread = threading.Thread(
            target=self._follower.follow, args=(stop, wait), name="crmcore-follow", daemon=True
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
        return self._follower.status()

    # Service levels

    @about_instants
    def due(self, until: datetime | None = None) -> Escalated:
        """Record the warnings and breaches of service levels that came about before *until* (now).

        Each is recorded once, however often and by however many this is called; verdicts are
        the same if it never is.  Returns what was recorded, for whoever is to be told.
        Raises ``InFutureError`` for an instant that has not come: ``read.cases.escalations`` lists those.
        """
        moment = self._clock()
        if until is not None and until > moment:
            raise InFutureError(until, moment)
        self._follower.catch_up_one("service_levels")
        begun = self.position

        def recorded(run: UUID) -> Iterator[Recorded]:
            return (one for one in self.events(after=begun) if one.correlation_id == run)

        until = until or moment
        return escalate(
            until,
            self.read.cases.due(until),
            run=new_id(),
            execute=lambda asked: self.execute_many(asked, by=BY),
            recorded=recorded,
        )

    def case_id(self, number: str) -> UUID:
        """The case that people call by a number.

        Raises ``NotFoundError``, and ``AmbiguousNumberError`` where several are called so: in a log
        of the time before numbers were claimed.
        """
        position = self.position
        if not position:  # no read model has rows yet
            raise NotFoundError("case", normal_case_number(number))
        return self.read.at_least(position).cases.numbered(number)

    # The log

    @property
    def position(self) -> int:
        """The last position of the log."""
        with self._database.read() as connection:
            return self._log.reader.head(connection).position

    def events(self, *, after: int = 0, stream_id: UUID | None = None) -> Iterator[Recorded]:
        """What was recorded after a position, of one stream or of all, in order."""
        with self._database.read() as connection:
            yield from self._log.reader.recorded(connection, after=after, stream_id=stream_id)

    def verify(self, progress: Callable[[int, int], None] | None = None) -> Verdict:
        """Recompute the chain of the log, and compare its other tables with what the records tell.

        Was anything altered, removed, inserted, reordered?  What no record tells is not covered: the
        digests of receipts, receipts of commands that recorded nothing, receipts that are missing.
        """
        with self._database.read() as connection:
            tables, reader = self._database.tables, self._log.reader
            return verify_with_key(connection, tables, reader, progress)

    def now(self) -> datetime:
        """The present instant by this core's clock (UTC)."""
        return self._clock()

    def _about(
        self, connection: Connection, subjects: Sequence[UUID] | None, topics: Sequence[str]
    ) -> Iterator[Recorded]:
        return self._log.reader.recorded(connection, subjects=subjects, topics=topics)


def open(  # noqa: A001  # as `crmcore.open`, which is how it reads
    target: str | URL | Engine,
    *,
    tenant: str | None = None,
    clock: Callable[[], datetime] = now,
    policies: Policies = STANDARD_POLICIES,
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
    if one of the *contexts* clashes with another, or asks for what nothing provides.
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
