"""Carrying out commands: read, decide, record; all of a command's events or none.

Commands are carried out once each, by their id; a conflict with another writer makes the
service read and decide again, a bounded number of times.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any, TypeVar
from uuid import UUID

import attrs

from crmcore.application.errors import (
    CommandIdReusedError,
    ConcurrencyError,
    InvalidCommandError,
    UnreadableEventError,
)
from crmcore.application.log import EventLog, LogSession, LogView, NewEvent, Provenance, Receipt
from crmcore.application.telemetry import SILENT, UNTOLD, Operation, Particulars, Telemetry
from crmcore.application.told_commands import (
    COMMAND,
    REFUSAL,
    REFUSED,
    RETRY,
    TRANSACTION,
    outcome_in_batch,
    outcome_of,
    refusal,
    sent,
)
from crmcore.application.unit_of_work import LoadedStreams, UnitOfWork
from crmcore.application.work import Handler, Work
from crmcore.domain.kernel import (
    CLOCK_SKEW,
    AlreadyExistsError,
    Command,
    DomainError,
    FieldError,
    InvalidValueError,
    NotFoundError,
    Presumed,
    for_instant,
    marked_personal,
    shape,
)
from crmcore.domain.kernel.frozen import frozen

T = TypeVar("T")

ATTEMPTS = 3
"""How often a command is decided when other writers come between: first beside them, then alone."""

BATCH = 500
"""Commands to a transaction in ``execute_many``."""

REFUSALS = (
    DomainError,
    InvalidCommandError,
    CommandIdReusedError,
    ConcurrencyError,  # a pinned version
    UnreadableEventError,
)
"""What concerns one command of a batch, and not the others."""

_actor = shape(str)


class InFutureError(DomainError):
    """The command tells of an instant that has not come yet."""

    def __init__(self, at: datetime, now: datetime) -> None:
        expected = f"expected an instant that has come, got {at.isoformat()}"
        error = FieldError("at", f"{expected} (it is {now.isoformat()})")
        super().__init__(str(error))
        self.errors = (error,)


@frozen(kw_only=True)
class Envelope:
    """A command, who sends it and what it belongs to."""

    command: Command
    by: str
    command_id: UUID | None = None
    correlation_id: UUID | None = None
    causation_id: UUID | None = None
    source: str | None = None
    expected_version: int | None = None

    def __repr__(self) -> str:
        return f"Envelope({self.command.TOPIC!r}, command_id={self.command_id})"


@frozen
class Refused:
    """A command of a batch that was refused: its place in the batch (from 0) and why."""

    index: int
    command: Command
    error: Exception

    def __repr__(self) -> str:
        return f"Refused({self.index}, {self.command.TOPIC!r}: {self.error})"


@attrs.define
class Batch:
    """What ``execute_many`` did.

    ``executed`` commands recorded ``events``, the last at ``position``; ``unchanged`` ones
    had no effect that did not hold already; ``refused`` ones recorded nothing.
    """

    executed: int = 0
    unchanged: int = 0
    events: int = 0
    position: int | None = None
    refused: list[Refused] = attrs.Factory(list)

    @property
    def commands(self) -> int:
        """How many commands were seen."""
        return self.executed + self.unchanged + len(self.refused)

    def add(self, later: "Batch") -> None:
        """Count what a *later* batch did."""
        seen = self.commands
        self.refused += [attrs.evolve(one, index=seen + one.index) for one in later.refused]
        self.executed += later.executed
        self.unchanged += later.unchanged
        self.events += later.events
        self.position = self.position if later.position is None else later.position


@frozen
class Decided:
    """What commands have done so far in one session: each is decided upon those before it."""

    view: LogView
    streams: LoadedStreams = attrs.field(init=False)
    sent: dict[UUID, Command] = attrs.field(init=False, factory=dict)
    """The commands that came with an id of their own, by that."""

    @streams.default
    def _no_streams(self) -> LoadedStreams:
        return LoadedStreams(self.view)


FollowAtOnce = Callable[[LogSession, Callable[[Envelope], Receipt]], None]
"""Given a session that has recorded something, and what carries a command out in it."""


@frozen
class CommandService:
    """Executes every command that a context's service has a handler for."""

    _log: EventLog
    _handlers: Mapping[type, Handler]
    _clock: Callable[[], datetime]
    _new_id: Callable[[], UUID]
    _telemetry: Telemetry = SILENT
    _at_once: FollowAtOnce | None = None
    """Carries out what follows from the events of a session."""

    def execute(self, envelope: Envelope, *, connection: Any = None) -> Receipt:
        """Carry one command out.

        Raises what refuses it (a ``DomainError``, ``InvalidCommandError`` or
        ``CommandIdReusedError``), or ``ConcurrencyError`` if the pinned version is not the
        stream's or other writers kept coming between.
        """
        return self._telling(envelope, lambda told: self._execute(envelope, connection, told))

    def _telling(self, envelope: Envelope, carry_out: Callable[[Operation], Receipt]) -> Receipt:
        """What *carry_out* gives; a command and its outcome are told of."""

        def explain(error: BaseException) -> Particulars:
            return self._refused(envelope, error)

        with self._telemetry.operation(COMMAND, explain) as told:
            if told:
                told.note(**sent(envelope))
            receipt = carry_out(told)
            if told:
                told.note(**outcome_of(receipt))
        return receipt

    def _execute(self, envelope: Envelope, connection: Any, told: Operation) -> Receipt:
        envelope = self._checked(envelope)

        def run(session: LogSession) -> Receipt:
            streams = LoadedStreams(session)
            told.note_later("stream_kind", lambda: streams.kind)
            receipt = self._carry_out(session, envelope, streams)
            self._follow_at_once(session)
            return receipt

        # A stale read cannot be mended by reading again inside the host's transaction.
        pinned = connection is not None or envelope.expected_version is not None
        return self._attempt(run, 1 if pinned else ATTEMPTS, connection, told)

    def execute_many(
        self,
        envelopes: Iterable[Envelope],
        *,
        batch: int = BATCH,
        stop: bool = False,
        progress: Callable[[Batch], None] | None = None,
        connection: Any = None,
    ) -> Batch:
        """Carry many commands out, *batch* to a transaction; a refused one does not hold up others.

        With *stop*, end at the first refusal; what came before it is recorded.  *progress* is
        called after each transaction with the totals so far.
        """
        if batch < 1:
            raise ValueError(f"batch: expected a number of 1 or more, got {batch}")
        total, pending = Batch(), iter(envelopes)
        while chunk := list(islice(pending, batch)):
            total.add(self._execute_batch(chunk, stop, connection))
            if progress is not None:
                progress(total)
            if stop and total.refused:
                break
        return total

    def _execute_batch(self, chunk: Sequence[Envelope], stop: bool, connection: Any) -> Batch:
        outcomes: list[Particulars] = []

        def run(session: LogSession) -> Batch:
            return self._run_batch(session, chunk, stop, outcomes)

        attempts = 1 if connection is not None else ATTEMPTS
        with self._telemetry.operation(TRANSACTION, commands=len(chunk)) as told:
            done = self._attempt(run, attempts, connection, told)
            if told:
                self._tell(told, chunk, done, outcomes)
        return done

    def preview(
        self, envelopes: Iterable[Envelope], *, connection: Any = None
    ) -> Generator[UnitOfWork | Refused | None]:
        """What each command would do, decided upon those before it; nothing is recorded.

        None for one that was carried out before.  The log is seen as it is when the first is decided.
        """
        seen, pending = 0, iter(envelopes)
        with self._log.view(connection) as view:
            before = Decided(view)
            while chunk := list(islice(pending, BATCH)):
                self._look_ahead(view, chunk)
                for index, envelope in enumerate(chunk, seen):
                    try:
                        yield self._decide_next(before, envelope)
                    except REFUSALS as error:
                        yield Refused(index, envelope.command, error)
                seen += len(chunk)

    def _attempt(
        self,
        run: Callable[[LogSession], T],
        attempts: int,
        connection: Any,
        told: Operation = UNTOLD,
    ) -> T:
        attempt = 1
        while True:
            try:
                with self._log.session(connection, alone=attempt > 1) as session:
                    return run(session)
            except ConcurrencyError:
                if attempt >= attempts:
                    raise
            told.note(retries=attempt)
            self._telemetry.report(RETRY, topic=told.particulars.get("topic"))
            attempt += 1

    def _carry_out(
        self, session: LogSession, envelope: Envelope, streams: LoadedStreams
    ) -> Receipt:
        """Carry a command out in a session, upon what it has recorded so far."""
        repeated = _repeated(session, envelope)
        if repeated is not None:
            return repeated
        try:
            work = self._decide(streams, envelope)
        except DomainError:
            repeated = _repeated(session, envelope)  # by another writer, since we looked
            if repeated is None:
                raise
            return repeated
        position = session.append(work.events, streams.versions())
        receipt = _receipt(work, position)
        if envelope.command_id is not None:
            session.keep_receipts([(envelope.command, receipt)])
        return receipt

    def _follow_at_once(self, session: LogSession) -> None:
        """Carry out what follows from what a session has recorded."""
        if self._at_once is None:
            return

        def carry_out(envelope: Envelope) -> Receipt:
            def run(_told: Operation) -> Receipt:
                checked = self._checked(envelope)
                return self._carry_out(session, checked, LoadedStreams(session))

            return self._telling(envelope, run)

        self._at_once(session, carry_out)

    def _refused(self, envelope: Envelope, error: BaseException) -> Particulars:
        """Tell of a command that was refused; return what is told of it."""
        told = refusal(envelope.command, error)
        if told["outcome"] == REFUSED:
            self._telemetry.report(REFUSAL, **{**sent(envelope), **told})
        return told

    def _tell(
        self,
        told: Operation,
        chunk: Sequence[Envelope],
        done: Batch,
        outcomes: Sequence[Particulars],
    ) -> None:
        """Tell of a batch, and of each of its commands, once it is recorded."""
        told.note(
            outcome="done",
            executed=done.executed,
            unchanged=done.unchanged,
            refused=len(done.refused),
            events=done.events,
            position=done.position,
        )
        for one in outcomes:
            self._telemetry.report(COMMAND, **one)
        for refused in done.refused:
            envelope = chunk[refused.index]
            why = self._refused(envelope, refused.error)
            self._telemetry.report(COMMAND, **{**sent(envelope), **why})

    def _run_batch(
        self,
        session: LogSession,
        chunk: Sequence[Envelope],
        stop: bool,
        outcomes: list[Particulars],
    ) -> Batch:
        done, before = Batch(), Decided(session)
        repeated = list[Envelope]()
        self._look_ahead(session, chunk)
        works: list[tuple[Envelope, UnitOfWork]] = []
        for index, envelope in enumerate(chunk):
            try:
                work = self._decide_next(before, envelope)
                if work is None:
                    repeated.append(envelope)
                    continue
                works.append((envelope, work))
            except REFUSALS as error:
                if _is_repeated_by_now(session, envelope, error):
                    repeated.append(envelope)
                    continue
                done.refused.append(Refused(index, envelope.command, error))
                if stop:
                    break
        events = [event for _, work in works for event in work.events]
        done.position = last = session.append(events, before.streams.versions())
        receipts: list[tuple[Command, Receipt]] = []
        for envelope, work in reversed(works):
            if envelope.command_id is not None:
                receipt = _receipt(work, last if work.events else None)
                receipts.append((envelope.command, receipt))
            last = None if last is None else last - len(work.events)
        session.keep_receipts(receipts)
        self._follow_at_once(session)
        done.executed = sum(bool(work.events) for _, work in works)
        done.unchanged = len(repeated) + len(works) - done.executed
        done.events = len(events)
        if self._telemetry.wants(COMMAND):
            outcomes[:] = [outcome_in_batch(*one) for one in works]
            outcomes += [outcome_in_batch(one, None) for one in repeated]
        return done

    def _decide_next(self, before: Decided, envelope: Envelope) -> UnitOfWork | None:
        """Decide a command upon those *before* it; None if it was carried out, then or earlier."""
        envelope = self._checked(envelope)
        if _is_repeated(before.view, before.sent, envelope):
            return None
        work = self._decide(before.streams, envelope)
        if envelope.command_id is not None:
            before.sent[envelope.command_id] = envelope.command
        return work

    def _look_ahead(self, view: LogView, chunk: Sequence[Envelope]) -> None:
        """Look up at once what each command of a batch would ask for: its receipt, its streams."""
        known = view.carried_out({one.command_id for one in chunk if one.command_id is not None})
        streams: set[UUID] = set()
        for one in chunk:
            if one.command_id not in known and type(one.command) in self._handlers:
                streams.update(_named(one.command))
        view.read_ahead(streams)

    def _decide(self, streams: LoadedStreams, envelope: Envelope) -> UnitOfWork:
        provenance = Provenance(
            actor=envelope.by,
            command_id=envelope.command_id or self._new_id(),
            correlation_id=envelope.correlation_id,
            causation_id=envelope.causation_id,
            source=envelope.source,
        )
        work = self._carried_out(envelope.command, UnitOfWork(streams, provenance))
        addressed, expected = work.addressed(), envelope.expected_version
        if expected is not None and addressed is not None and addressed[1] != expected:
            raise ConcurrencyError(addressed[0], expected, addressed[1])
        work.keep()
        return work

    def _carried_out(self, command: Command, work: UnitOfWork) -> UnitOfWork:
        """*work* with what the command does.

        Where the sender named no instant, the same command as before is a repetition whenever
        it comes: it is decided for the instant that was presumed the first time.
        """
        handle, at = _by_field(self._handlers[type(command)]), command.at
        if not isinstance(at, Presumed):
            handle(command, work)
            return work
        try:
            handle(for_instant(command, at.instant), work)
        except DomainError as refusal:
            if refusal.repeats_at is None:
                raise
            work = UnitOfWork(work.loaded, work.provenance)
            try:
                handle(for_instant(command, refusal.repeats_at), work)
            except DomainError:
                raise refusal from None
            if work.events:
                raise
        return work

    def _checked(self, envelope: Envelope) -> Envelope:
        command = envelope.command
        if type(command) not in self._handlers:
            raise InvalidCommandError(
                f"{type(command).__name__} is no command: `crmcore commands` lists them"
            )
        now = self._clock()
        if command.at > now + CLOCK_SKEW:
            raise InFutureError(command.at, now)
        try:
            by = _actor("by", envelope.by)
            source = None if envelope.source is None else _actor("source", envelope.source)
        except InvalidValueError as error:
            raise InvalidCommandError("", error.errors) from None
        if by == envelope.by and source == envelope.source:
            return envelope
        return attrs.evolve(envelope, by=by, source=source)


def _by_field(handle: Handler) -> Handler:
    """*handle* with refusals that name the fields they are about; the values of personal fields,
    or of unknown ones, they do not show.
    """

    def refusing(command: Command, work: Work) -> None:
        try:
            handle(command, work)
        except InvalidValueError as error:
            with suppress(LookupError):
                if not marked_personal(type(command), error.field):
                    raise
            raise error.untold() from None
        except (NotFoundError, AlreadyExistsError) as error:
            if error.errors:  # whoever refuses knows better
                raise
            named = [name for name, value in _fields(command) if value == error.key]
            error.about(*named)
            raise

    return refusing


def _fields(command: Any) -> Iterator[tuple[str, Any]]:
    return ((field.name, getattr(command, field.name)) for field in attrs.fields(type(command)))


def _repeated(session: LogSession, envelope: Envelope) -> Receipt | None:
    if envelope.command_id is None:
        return None
    return session.receipt(envelope.command_id, envelope.command)


def _is_repeated(view: LogView, sent: dict[UUID, Command], envelope: Envelope) -> bool:
    """Whether a command was carried out before, or in the same batch, by its id."""
    if envelope.command_id is None:
        return False
    if envelope.command_id not in sent:
        return view.is_repeated(envelope.command_id, envelope.command)
    if not _is_same(envelope.command, sent[envelope.command_id]):
        raise CommandIdReusedError(envelope.command_id)
    return True


def _is_same(command: Command, earlier: Command) -> bool:
    """Whether *command* wants what an *earlier* one of its batch did; an instant, if it names one."""
    if isinstance(command.at, Presumed):
        return command == for_instant(earlier, command.at)
    return command == earlier and not isinstance(earlier.at, Presumed)


def _is_repeated_by_now(session: LogSession, envelope: Envelope, error: Exception) -> bool:
    """Whether a command was refused because another writer carried it out since we looked."""
    key = envelope.command_id
    if key is None or isinstance(error, CommandIdReusedError) or not session.carried_out((key,)):
        return False
    try:
        return session.is_repeated(key, envelope.command)
    except CommandIdReusedError:
        return False


def _receipt(work: UnitOfWork, position: int | None) -> Receipt:
    events: Sequence[NewEvent] = work.events
    return Receipt(work.provenance.command_id, position, tuple(new.event for new in events))


def _named(command: Command) -> list[UUID]:
    """The ids that a command names, of streams most of them, and the streams that it claims."""
    ids = [getattr(command, name) for name in _ids(type(command))]
    return [key for key in (*ids, *getattr(command, "claims", ())) if key is not None]


@cache
def _ids(kind: type) -> tuple[str, ...]:
    fields = attrs.fields(kind)
    return tuple(field.name for field in fields if field.type in (UUID, UUID | None))
