"""Carrying out commands: read, decide, record; all of a command's events or none.

Commands are carried out once each, by their id; a conflict with another writer makes the
service read and decide again, a bounded number of times.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import islice
from typing import Any, TypeVar

from crmcore.application.deciding import REFUSALS, Decided, Decider
from crmcore.application.envelope import Batch, Envelope, Refused
from crmcore.application.errors import CommandIdReusedError, ConcurrencyError
from crmcore.application.happenings import (
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
from crmcore.application.log import EventLog, LogSession, NewEvent, Receipt
from crmcore.application.telemetry import SILENT, UNTOLD, Operation, Particulars, Telemetry
from crmcore.application.unit_of_work import LoadedStreams, UnitOfWork
from crmcore.domain.kernel import Command, DomainError
from crmcore.domain.kernel.frozen import frozen

T = TypeVar("T")

ATTEMPTS = 3
"""How often a command is decided when other writers come between: first beside them, then alone."""

BATCH = 500
"""Commands to a transaction in ``execute_many``."""


FollowAtOnce = Callable[[LogSession, Callable[[Envelope], Receipt]], None]
"""Given a session that has recorded something, and what carries a command out in it."""


@frozen
class CommandService:
    """Executes commands, and records what was decided."""

    _log: EventLog
    decider: Decider
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
        envelope = self.decider.checked(envelope)

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
                self.decider.look_ahead(view, chunk)
                for index, envelope in enumerate(chunk, seen):
                    try:
                        yield self.decider.decide_next(before, envelope)
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
            work = self.decider.decide(streams, envelope)
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
                checked = self.decider.checked(envelope)
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
        self.decider.look_ahead(session, chunk)
        works: list[tuple[Envelope, UnitOfWork]] = []
        for index, envelope in enumerate(chunk):
            try:
                work = self.decider.decide_next(before, envelope)
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


def _repeated(session: LogSession, envelope: Envelope) -> Receipt | None:
    if envelope.command_id is None:
        return None
    return session.receipt(envelope.command_id, envelope.command)


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
