"""A subscription in the hands of a host: caught up once, followed in a thread, or run until told to stop."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from traceback import format_tb
from typing import Final

import attrs

from crmcore.application.errors import (
    StoreError,
    SubscriptionStoppedError,
    UnknownSubscriptionError,
)
from crmcore.application.telemetry import SILENT, Telemetry
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.log.notification import LogNotifier
from crmcore.projections.engine.poison.poison import describe_error
from crmcore.subscriptions.consumer import Done, InterruptedTurnError, Rules, Turn
from crmcore.subscriptions.dead_letters import DeadLetters
from crmcore.subscriptions.feed import Feed
from crmcore.subscriptions.lease import LEASE_SECONDS, Lease, LeaseLostError, new_holder
from crmcore.subscriptions.places import Places

AFTER_TROUBLE: Final = 2.0
"""Seconds after which a consumer that met trouble with the database tries again."""

LONGEST_LOOK: Final = 1.0
"""Seconds, at most, between two looks whether another consumer still holds it."""

logger = logging.getLogger(__name__)


@frozen
class Desk:
    """What every subscription of a log works with."""

    feed: Feed
    places: Places
    letters: DeadLetters
    notifier: LogNotifier
    every: float
    """Seconds after which the log is looked at though nobody told of anything new."""
    lease_seconds: float = LEASE_SECONDS
    telemetry: Telemetry = SILENT


@frozen(eq=False)
class Subscription:
    """A handler that is given the events of a log: in order, each at least once, by one consumer at a time.

    Where it stands is kept in the log's database under its name.  Made by ``crm.subscribe``.
    """

    _desk: Desk
    _rules: Rules
    _holder: str = attrs.field(factory=new_holder)

    @property
    def name(self) -> str:
        """The name under which its place is kept."""
        return self._rules.name

    def __repr__(self) -> str:
        return f"Subscription({self.name!r})"

    def catch_up(self) -> Done:
        """See that all that is recorded by now was delivered, or put aside; tell what was done here.

        Waits for another consumer who holds it to get there.  Raises ``SubscriptionStoppedError``
        where it cannot go on, and ``StoreError``.
        """
        end, turn, stop = self._desk.feed.end().position, None, threading.Event()
        while True:
            lease = self._claimed()
            if lease is None:
                if (at := self._position()) >= end:
                    return turn.done if turn else Done(0, 0, 0, at)
                stop.wait(self._look)
                continue
            try:
                with lease:
                    turn = self._turn(lease, stop)
                    turn.go_on(end)
                    return turn.done
            except LeaseLostError:
                continue

    @contextmanager
    def follow(self) -> Iterator[None]:
        """Deliver in a thread whatever is recorded, until the end of the block.

        The handler at work is let to its end.  What stops the subscription is logged, and told by
        the status.
        """
        stop = threading.Event()
        thread = threading.Thread(
            target=self._follow, args=(stop,), name=f"crmcore-{self.name}", daemon=True
        )
        with self._desk.notifier.listen(stop):
            thread.start()
            try:
                yield
            finally:
                stop.set()
                self._desk.notifier.notify()
                thread.join()

    def run(
        self, stop: threading.Event, waits_for: Callable[[str], object] = lambda _holder: None
    ) -> None:
        """Deliver whatever is recorded, until *stop* is set: by this thread, which it takes for itself.

        *waits_for* is called where another consumer holds the subscription, with the name of that one.
        Trouble with the database is logged, and tried again; raises ``SubscriptionStoppedError``.
        """
        with self._desk.notifier.listen(stop):
            self._go_on(stop, waits_for)

    def _follow(self, stop: threading.Event) -> None:
        try:
            self._go_on(stop, lambda _holder: None)
        except SubscriptionStoppedError as error:
            logger.warning("%s", error)
        except UnknownSubscriptionError:
            logger.warning("%s: was removed, and is followed no more", self.name)

    def _go_on(self, stop: threading.Event, waits_for: Callable[[str], object]) -> None:
        told = ""
        while not stop.is_set():
            try:
                lease = self._claimed()
                if lease is None:
                    holder = self._held_by()
                    if holder != told:
                        told = holder
                        waits_for(holder)
                    stop.wait(self._look)
                    continue
                told = ""
                self._hold(lease, stop)
            except InterruptedTurnError:
                return
            except LeaseLostError:
                continue
            except (SubscriptionStoppedError, UnknownSubscriptionError):
                raise
            except StoreError as error:
                logger.warning("%s: not consumed, tried again soon: %s", self.name, error)
                stop.wait(AFTER_TROUBLE)
            except Exception as error:  # a thread that ended would leave all behind, unseen
                where = "".join(
                    format_tb(error.__traceback__)
                )  # no message: it may tell of a person
                said = describe_error(error)
                logger.error("%s: not consumed, tried again soon: %s\n%s", self.name, said, where)
                stop.wait(AFTER_TROUBLE)

    def _hold(self, lease: Lease, stop: threading.Event) -> None:
        """Deliver for as long as it is held."""
        seen, notifier = 0, self._desk.notifier
        with lease:
            turn = self._turn(lease, stop)
            while not stop.is_set() and not lease.lost.is_set():
                turn.go_on()
                seen = notifier.wait(seen, self._desk.every)

    def _turn(self, lease: Lease, stop: threading.Event) -> Turn:
        desk = self._desk
        told = desk.telemetry
        return Turn(self._rules, desk.feed, desk.places, desk.letters, lease, stop, telemetry=told)

    @property
    def _look(self) -> float:
        return min(LONGEST_LOOK, self._desk.every)

    def _claimed(self) -> Lease | None:
        """The right to consume it; None where another has it."""
        desk, name = self._desk, self.name
        with desk.feed.source.read() as connection:
            if not desk.places.is_free(connection, name):
                return None
        with desk.feed.source.write() as connection:
            row = desk.places.claim(
                connection, name, self._holder, desk.lease_seconds, self._rules.topics
            )
            if row is None:
                self._require_there(desk.places.find(connection, name) is not None)
                return None
        return Lease(desk.feed.source, desk.places, row, desk.lease_seconds)

    def _require_there(self, is_there: bool) -> None:
        if not is_there:
            raise UnknownSubscriptionError(self.name, ())

    def _held_by(self) -> str:
        with self._desk.feed.source.read() as connection:
            found = self._desk.places.find(connection, self.name)
        return (found.holder if found else None) or ""

    def _position(self) -> int:
        with self._desk.feed.source.read() as connection:
            found = self._desk.places.find(connection, self.name)
        if found is None:
            raise UnknownSubscriptionError(self.name, ())
        return found.position
