"""Consuming a subscription while it is held: deliver, try again, put aside, move on.

No transaction is open while a handler works.  The place moves behind what was delivered, or put
aside with it in one transaction; so each event is delivered at least once, in the order of the log.
"""

import threading
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any, Final

import attrs
from sqlalchemy import Connection

from crmcore.application.describing import described
from crmcore.application.errors import SubscriptionStoppedError
from crmcore.application.log import Place
from crmcore.application.telemetry import SILENT, Telemetry
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.results import result
from crmcore.subscriptions.dead_letters import DeadLetters, Letter
from crmcore.subscriptions.delivery import Delivery
from crmcore.subscriptions.feed import Feed, Piece
from crmcore.subscriptions.happenings import DEAD_LETTER, DELIVERED, DELIVERY, delivery
from crmcore.subscriptions.lease import Lease, LeaseLostError
from crmcore.subscriptions.places import Places
from crmcore.subscriptions.retry import STANDARD, Retry

PARK: Final = "park"
STOP: Final = "stop"
AT_A_TIME: Final = 100
"""Events that are read at once where they are delivered one by one."""
LOOK_UP: Final = 0.25
"""Seconds after which one who waits to try again sees that they hold the subscription no more."""
LONGEST_CAUSE: Final = 1_000


class InterruptedTurnError(Exception):
    """Whoever started the consumer wants it to end; what was not delivered will be."""


@result
class Done:
    """What a consumer did: events delivered, put aside and delivered from there; and where it stands."""

    delivered: int
    dead_letters: int
    sent_again: int
    position: int


@frozen
class Rules:
    """What holds for a subscription: its handler, how often it is tried, what happens then.

    With *batch* the handler gets lists of up to so many deliveries.  Of an error, ``is_trouble`` says
    whether it is none of the event's, so that it is raised in the end and the event not put aside;
    ``is_final``, whether trying again is of no use; ``describe``, what is kept of it.
    """

    name: str
    handler: Callable[[Any], object]
    topics: Sequence[str] | None = None
    retry: Retry = STANDARD
    on_failure: str = PARK
    batch: int | None = None
    is_trouble: Callable[[Exception], bool] = lambda _error: False
    is_final: Callable[[Exception], bool] = lambda _error: False
    describe: Callable[[Exception], str] = described


@frozen
class Failure:
    """What a delivery met at the last of so many attempts."""

    attempts: int
    cause: str
    error: Exception | None = None


@attrs.define
class Turn:
    """One consumer's time with a subscription, for as long as its lease lasts and nobody says *stop*."""

    _rules: Rules
    _feed: Feed
    _places: Places
    _letters: DeadLetters
    _lease: Lease
    _stop: threading.Event
    _at: Place = attrs.field(init=False)
    delivered: int = 0
    dead_letters: int = 0
    sent_again: int = 0
    _telemetry: Telemetry = SILENT

    @_at.default
    def _stands(self) -> Place:
        return self._lease.row.place

    @property
    def done(self) -> Done:
        """What was done so far."""
        return Done(self.delivered, self.dead_letters, self.sent_again, self._at.position)

    def go_on(self, upto: int | None = None) -> None:
        """Deliver what there is, to the end of the log, or until *upto* is reached.

        Raises ``SubscriptionStoppedError`` where it cannot go on, ``LeaseLostError`` where another has
        taken over, ``InterruptedTurnError``, and trouble with the database.
        """
        self._send_again()
        why = self._feed.mismatch(self._at)
        if why is not None:
            helps = f"`crmcore subscriptions reset {self._rules.name} --to POSITION`"
            raise SubscriptionStoppedError(self._rules.name, f"{why}: {helps}")
        while upto is None or self._at.position < upto:
            page = self._feed.page(self._at, self._rules.topics, self._rules.batch or AT_A_TIME)
            for run in _runs(page.pieces, self._rules.batch or 1):
                self._deliver(run, self._rules.retry.attempts)
            if self._at != page.end:
                self._move(page.end)
            if not page.goes_on:
                return

    def _deliver(self, run: Sequence[Piece], attempts: int) -> None:
        """Deliver events together; where they fail, by halves, down to the one that is put aside."""
        failure = self._tried(run, attempts)
        if failure is None:
            self.delivered += len(run)
            self._move_behind(run)
        elif len(run) == 1:
            self._give_up(run[0], failure)
        else:
            middle = len(run) // 2
            for half in (run[:middle], run[middle:]):
                self._deliver(half, self._rules.retry.attempts if len(half) == 1 else 1)

    def _tried(self, run: Sequence[Piece], attempts: int) -> Failure | None:
        """Let the handler have the events, at most so often; return what they failed at."""
        unreadable = run[0].unreadable
        if unreadable is not None:
            return Failure(0, unreadable)
        attempt = 0
        while True:
            self._require_going_on()
            attempt += 1
            deliveries = [one.delivery(attempt) for one in run]
            try:
                self._hand_over(deliveries)
            except InterruptedTurnError:  # by what hands it over to the host's handler
                raise
            except Exception as error:
                failure = Failure(attempt, self._rules.describe(error)[:LONGEST_CAUSE], error)
                if attempt >= attempts or self._rules.is_final(error):
                    if self._rules.is_trouble(error):
                        raise
                    return failure
            else:
                return None
            self._tell(run[0], failure, stopped=False)
            self._pause(self._rules.retry.pause(attempt))

    def _hand_over(self, deliveries: Sequence[Delivery]) -> None:
        with self._telemetry.operation(DELIVERY) as told:
            if told:
                told.note(**delivery(self._rules.name, deliveries))
            self._rules.handler(deliveries if self._rules.batch else deliveries[0])
            told.note(outcome=DELIVERED)

    def _give_up(self, piece: Piece, failure: Failure) -> None:
        recorded = piece.recorded
        if self._rules.on_failure == STOP:
            self._tell(piece, failure, stopped=True)
            position, topic = recorded.position, recorded.topic
            stopped = SubscriptionStoppedError(self._rules.name, failure.cause, position, topic)
            raise stopped from failure.error
        with self._feed.source.write() as connection:
            self._letters.put(connection, self._letter(connection, piece, failure))
            self._move_in(connection, piece.place if piece.ends else self._at)
        self.dead_letters += 1
        told = {"position": recorded.position, "attempts": failure.attempts}
        self._telemetry.report(
            DEAD_LETTER, subscription=self._rules.name, topic=recorded.topic, **told
        )

    def _letter(self, connection: Connection, piece: Piece, failure: Failure) -> Letter:
        recorded, now = piece.recorded, self._places.now(connection)
        where = self._rules.name, recorded.position, recorded.part, piece.link, recorded.topic
        return Letter(*where, failure.attempts, failure.cause, now)

    def _send_again(self) -> None:
        """Deliver the dead letters that somebody wants sent again, in the order of the log."""
        with self._feed.source.read() as connection:
            wanted = self._letters.of(connection, self._rules.name, again=True)
        for letter in wanted:
            piece = self._feed.at(letter.position, letter.part)
            if piece is None or piece.link != letter.link:
                failure: Failure | None = Failure(0, "the log was restored or replaced")
            else:
                failure = self._tried([piece], self._rules.retry.attempts)
            with self._feed.source.write() as connection:
                self._move_in(connection, self._at)  # it stays, and is not failing here any more
                if failure is None:
                    self._letters.forget(connection, letter)
                else:
                    attempts = letter.attempts + failure.attempts
                    still = attrs.evolve(letter, attempts=attempts, cause=failure.cause, again=0)
                    self._letters.put(connection, still)
            self.sent_again += failure is None

    def _tell(self, piece: Piece, failure: Failure, *, stopped: bool) -> None:
        at = piece.recorded.position, piece.recorded.topic
        told = {"failure": failure.cause, "attempts": failure.attempts, "stopped": int(stopped)}
        with self._feed.source.write() as connection:
            if not self._places.fail(connection, self._rules.name, self._lease.token, at, **told):
                raise LeaseLostError

    def _pause(self, seconds: float) -> None:
        until = monotonic() + seconds
        while (left := until - monotonic()) > 0:
            self._require_going_on()
            self._stop.wait(min(left, LOOK_UP))

    def _require_going_on(self) -> None:
        if self._stop.is_set():
            raise InterruptedTurnError
        if self._lease.lost.is_set():
            raise LeaseLostError

    def _move_behind(self, run: Sequence[Piece]) -> None:
        ended = [one for one in run if one.ends]
        if ended:
            self._move(ended[-1].place)

    def _move(self, to: Place) -> None:
        with self._feed.source.write() as connection:
            self._move_in(connection, to)

    def _move_in(self, connection: Connection, to: Place) -> None:
        if not self._places.move(connection, self._rules.name, self._lease.token, to):
            raise LeaseLostError
        self._at = to


def _runs(pieces: Sequence[Piece], size: int) -> Sequence[Sequence[Piece]]:
    """*pieces* in runs of at most *size*; one that cannot be read stands alone."""
    runs = list[list[Piece]]()
    alone = True
    for piece in pieces:
        if alone or piece.unreadable is not None or len(runs[-1]) == size:
            runs.append([piece])
        else:
            runs[-1].append(piece)
        alone = piece.unreadable is not None
    return runs
