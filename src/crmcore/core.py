"""The parts of a core on one log, wired together: the composition root.

With ``workers``, which does so for other processes, the only module that imports all layers.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection

from crmcore.application.clock import Clock
from crmcore.application.deciding import Decider, InFutureError
from crmcore.application.envelope import Batch, Envelope, Refused
from crmcore.application.errors import StoreReadOnlyError, UnreadableEventError
from crmcore.application.executing import CommandService, FollowAtOnce
from crmcore.application.log import Receipt, Recorded
from crmcore.application.policies import STANDARD_POLICIES, Policies
from crmcore.application.sales.lead_addresses import Pseudonym
from crmcore.application.sentences import sentence_of
from crmcore.application.service.escalation import BY, Escalated, escalate
from crmcore.application.streams import Streams
from crmcore.application.telemetry import Telemetry
from crmcore.composition import Composition
from crmcore.contexts.context import Context
from crmcore.domain.kernel import Command, NotFoundError
from crmcore.domain.service.case.naming import cases_by_id
from crmcore.domain.service.case_number import normal_case_number
from crmcore.infrastructure.commands.codec import CommandCodec
from crmcore.infrastructure.database.borrowed import HostConnection
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.identity import new_id
from crmcore.infrastructure.log.event_log import SqlEventLog
from crmcore.infrastructure.log.notification import LogNotifier
from crmcore.infrastructure.log.projection_source import ProjectionSource
from crmcore.infrastructure.log.pseudonym_key import LogPseudonyms, verify_with_key
from crmcore.infrastructure.log.read import LogReader
from crmcore.infrastructure.log.streams import LogStreams
from crmcore.infrastructure.log.verify import Verdict
from crmcore.infrastructure.telemetry.observers import OBSERVERS
from crmcore.previews import Preview, previews_of
from crmcore.projections.engine.follow.follower import Follower
from crmcore.projections.engine.follow.inline import Inline
from crmcore.projections.engine.generations.names import check_names, require_projections
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.maintenance.maintenance import Maintenance, find_projection
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.query.live_rows import LiveRows
from crmcore.projections.engine.rebuild.rebuilder import Rebuilder
from crmcore.projections.instants import about_instants
from crmcore.reading import ReadModels
from crmcore.workers import Submit

if TYPE_CHECKING:
    from crmcore.subscriptions.processes import Processes
    from crmcore.subscriptions.subscriptions import Subscriptions


class Core:
    """What executes commands, follows the log and answers questions, on one database.

    Raises ``MisuseError`` if one of the *contexts* clashes with another, or asks for what nothing
    provides; ``UnknownProjectionError`` if there is no read model of a name in *inline*.
    """

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        *,
        policies: Policies | None,
        contexts: Sequence[Context],
        projections: Sequence[Projection],
        inline: Sequence[str],
    ) -> None:
        projections = require_projections(projections)
        self._database, self._clock = database, clock
        policies = policies or STANDARD_POLICIES
        composition = Composition(contexts, policies)
        self.catalogue, codec = composition.catalogue, composition.codec
        self.reader = LogReader(database.tables, codec)
        streams = LogStreams(database, self.reader)
        wiring = composition.wiring(
            {Clock: clock, Pseudonym: LogPseudonyms(database), Streams: streams}
        )
        handlers = composition.handlers(wiring)
        for own in contexts:
            own.require_answerable(wiring)
        self.commands = CommandCodec(handlers)
        self.source = source = ProjectionSource(database, self.reader)
        registry = Registry(database.tables.events.schema)
        kept = (*composition.projections(wiring), *projections)
        check_names(kept)
        at_once = [find_projection(kept, name) for name in dict.fromkeys(inline)]
        self._telemetry = telemetry = Telemetry(OBSERVERS, database.told_as)
        self.inline = Inline(source, registry, at_once, telemetry=telemetry)
        self.log = SqlEventLog(database, codec, self.commands, clock, self.inline.fold)
        self._processes = composition.processes(wiring)
        decider = Decider(handlers, clock, new_id)
        self.service = CommandService(self.log, decider, telemetry, self._at_once())
        self.follower = Follower(source, kept, registry, telemetry=telemetry)
        submit = Submit(
            database.address,
            database.tables.events.schema,
            policies,
            tuple(one.for_reading(wiring) for one in contexts),
            tuple(projections),
        )
        rebuilder = Rebuilder(source, registry, submit, telemetry=telemetry)
        self.maintenance = Maintenance(kept, source, registry, rebuilder, telemetry)
        self.notifier = LogNotifier(database)
        self.read = ReadModels(
            LiveRows(source, registry, kept, self.follower.catch_up_one, self._about),
            composition.questions,
            lambda kind, rows: wiring.make(kind, rows=rows),
        )
        if self._processes:
            with suppress(StoreReadOnlyError):  # then nothing is acted on here either
                self.processes.begin()

    def _at_once(self) -> FollowAtOnce | None:
        """What acts in the transactions of commands; None where nothing does."""
        acting = [one for one in self._processes if one.at_once]
        if not acting:
            return None
        from crmcore.application.at_once import AtOnce
        from crmcore.subscriptions.wiring import keep_dead_letters_in

        return AtOnce(acting, keep_dead_letters_in(self._database)).follow

    @cached_property
    def subscriptions(self) -> "Subscriptions":
        """All subscriptions of the log; imported when they are needed."""
        from crmcore.subscriptions.wiring import subscriptions_of

        return subscriptions_of(
            self._database,
            self.source,
            self.reader,
            self.catalogue,
            self.notifier,
            self._telemetry,
        )

    @cached_property
    def processes(self) -> "Processes":
        """The processes of all contexts, which are imported where there are any."""
        from crmcore.subscriptions.processes import Processes

        return Processes(self.subscriptions, self._processes, self._send)

    def _send(self, envelope: Envelope) -> Receipt:
        """Carry a command of a process out, and wake those who follow the log."""
        receipt = self.service.execute(envelope)
        self.notifier.notify()
        return receipt

    def execute(
        self, command: Command, connection: Connection | HostConnection | None, **particulars: Any
    ) -> Receipt:
        """Carry a command out, and wake those who follow the log."""
        envelope = Envelope(command=command, **particulars)
        receipt = self.service.execute(envelope, connection=connection)
        self.notifier.notify()
        return receipt

    def execute_many(
        self,
        commands: Iterable[Command | Envelope],
        *,
        by: str,
        source: str | None = None,
        progress: Callable[[Batch], None] | None = None,
        **how: Any,
    ) -> Batch:
        """Carry many commands out, and wake those who follow the log after each batch."""
        envelopes = _envelopes(commands, by, source)

        def notify(done: Batch) -> None:
            self.notifier.notify()
            if progress is not None:
                progress(done)

        return self.service.execute_many(envelopes, progress=notify, **how)

    def preview(
        self, command: Command, connection: Connection | HostConnection | None, **particulars: Any
    ) -> Preview:
        """What carrying a command out would do; raises what refuses it."""
        envelope = Envelope(command=command, **particulars)
        (outcome,) = self._previews([envelope], connection)
        if isinstance(outcome, Refused):
            raise outcome.error
        return outcome

    def preview_many(
        self,
        commands: Iterable[Command | Envelope],
        connection: Connection | HostConnection | None,
        *,
        by: str,
        source: str | None,
    ) -> Iterator[Preview | Refused]:
        """What carrying many commands out would do, each upon those before it."""
        previews = self._previews(_envelopes(commands, by, source), connection)
        # A host's transaction is left as it was before the host goes on with it.
        return previews if connection is None else iter(list(previews))

    def _previews(
        self, envelopes: Iterable[Envelope], connection: Connection | HostConnection | None
    ) -> Iterator[Preview | Refused]:
        return previews_of(self.service.preview(envelopes, connection=connection), self.log.events)

    def sentence(self, recorded: Recorded, names: Mapping[str, str]) -> str:
        """What a recorded event says, in a line."""
        fields = json.loads(recorded.data)
        return sentence_of(self.catalogue.events, recorded.topic, fields, names)

    def command(self, topic: str, fields: Mapping[str, Any], cases: Mapping[str, UUID]) -> Command:
        """The command *topic* with *fields* as JSON gives them, cases named by their numbers."""
        if isinstance(topic, str) and isinstance(fields, Mapping):
            kind = self.commands.topics.get(topic)
            fields = cases_by_id(kind, fields, lambda one: cases.get(one) or self.case_id(one))
        return self.commands.decode(topic, fields, now=self._clock())

    @property
    def position(self) -> int:
        """The last position of the log."""
        with self._database.read() as connection:
            return self.reader.head(connection).position

    def case_id(self, number: str) -> UUID:
        """The case that people call by a number, in the log as it is now."""
        position = self.position
        if not position:  # no read model has rows yet
            raise NotFoundError("case", normal_case_number(number))
        return self.read.at_least(position).cases.numbered(number)

    @about_instants
    def due(self, until: datetime | None = None) -> Escalated:
        """Record the warnings and breaches of service levels that came about before *until* (now)."""
        moment = self._clock()
        if until is not None and until > moment:
            raise InFutureError(until, moment)
        self.follower.catch_up_one("service_levels")
        begun = self.position

        def recorded(run: UUID) -> Iterator[Recorded]:
            with self._database.read() as connection:
                for one in self.reader.recorded(connection, after=begun):
                    if one.correlation_id == run:
                        yield one

        until = until or moment
        return escalate(
            until,
            self.read.cases.due(until),
            run=new_id(),
            execute=lambda commands: self.execute_many(commands, by=BY),
            recorded=recorded,
        )

    def page(
        self, *, after: int, upto: int, stream_id: UUID | None
    ) -> tuple[list[Recorded], int, UnreadableEventError | None]:
        """The next events after a position and up to *upto*, in a transaction of their own.

        With them come the position up to which they are all, and why they end before, if one cannot
        be read.
        """
        events = list[Recorded]()
        with self._database.read() as connection:
            end = self.reader.end_of_page(connection, after=after, stream_id=stream_id)
            end = upto if end is None else min(end, upto)
            read = self.reader.recorded(connection, after=after, upto=end, stream_id=stream_id)
            try:
                events.extend(read)
            except UnreadableEventError as error:
                return events, end, error
        return events, end, None

    def verify(self, progress: Callable[[int, int], None] | None) -> Verdict:
        """Recompute the chain of the log, and compare its other tables with what the records say."""
        with self._database.read() as connection:
            return verify_with_key(connection, self._database.tables, self.reader, progress)

    def _about(
        self, connection: Connection, subjects: Sequence[UUID] | None, topics: Sequence[str]
    ) -> Iterator[Recorded]:
        return self.reader.recorded(connection, subjects=subjects, topics=topics)


def _envelopes(
    commands: Iterable[Command | Envelope], by: str, source: str | None
) -> Iterator[Envelope]:
    """*commands*, each with its sender: *by* where it brings none."""
    for one in commands:
        yield one if isinstance(one, Envelope) else Envelope(command=one, by=by, source=source)
