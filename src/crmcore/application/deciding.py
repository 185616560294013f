"""Deciding commands: each upon the log, and upon what those before it have done.

What is decided is recorded by somebody else, or by nobody where it is a preview.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

import attrs

from crmcore.application.envelope import Envelope
from crmcore.application.errors import (
    CommandIdReusedError,
    ConcurrencyError,
    InvalidCommandError,
    UnreadableEventError,
)
from crmcore.application.log import LogView, Provenance
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


@frozen
class Decider:
    """Decides every command that a context's service has a handler for."""

    handlers: Mapping[type, Handler]
    _clock: Callable[[], datetime]
    _new_id: Callable[[], UUID]

    def decide_next(self, before: Decided, envelope: Envelope) -> UnitOfWork | None:
        """Decide a command upon those *before* it; None if it was carried out, then or earlier."""
        envelope = self.checked(envelope)
        if _is_repeated(before.view, before.sent, envelope):
            return None
        work = self.decide(before.streams, envelope)
        if envelope.command_id is not None:
            before.sent[envelope.command_id] = envelope.command
        return work

    def look_ahead(self, view: LogView, chunk: Sequence[Envelope]) -> None:
        """Look up at once what each command of a batch would ask for: its receipt, its streams."""
        known = view.carried_out({one.command_id for one in chunk if one.command_id is not None})
        streams: set[UUID] = set()
        for one in chunk:
            if one.command_id not in known and type(one.command) in self.handlers:
                streams.update(_named(one.command))
        view.read_ahead(streams)

    def decide(self, streams: LoadedStreams, envelope: Envelope) -> UnitOfWork:
        """What a command does upon *streams*; raises what refuses it."""
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
        handle, at = _by_field(self.handlers[type(command)]), command.at
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

    def checked(self, envelope: Envelope) -> Envelope:
        """*envelope* in the form in which it is recorded; raises what no handler need look at."""
        command = envelope.command
        if type(command) not in self.handlers:
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


def _named(command: Command) -> list[UUID]:
    """The ids that a command names, of streams most of them, and the streams that it claims."""
    ids = [getattr(command, name) for name in _ids(type(command))]
    return [key for key in (*ids, *getattr(command, "claims", ())) if key is not None]


@cache
def _ids(kind: type) -> tuple[str, ...]:
    fields = attrs.fields(kind)
    return tuple(field.name for field in fields if field.type in (UUID, UUID | None))
