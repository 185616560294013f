"""All subscriptions of a log: begun, looked at, and what an operator does with them."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from difflib import get_close_matches
from inspect import iscoroutinefunction
from typing import Any, Final, Literal

from sqlalchemy import Connection

from crmcore.application.catalogue import Catalogue
from crmcore.application.errors import MisuseError, UnknownSubscriptionError, UnknownTopicError
from crmcore.application.log import Place
from crmcore.domain.kernel import shown
from crmcore.domain.kernel.frozen import frozen
from crmcore.subscriptions.consumer import PARK, STOP, Rules
from crmcore.subscriptions.dead_letters import DeadLetter
from crmcore.subscriptions.delivery import Delivery
from crmcore.subscriptions.places import SubscriptionRow
from crmcore.subscriptions.retry import STANDARD, Retry, require_retry
from crmcore.subscriptions.status import SubscriptionStatus, statuses
from crmcore.subscriptions.subscription import Desk, Subscription

NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
BEGINNING: Final = "beginning"
NOW: Final = "now"
Start = Literal["beginning", "now"] | int


@frozen
class Subscriptions:
    """What is done when something has happened: ``crm.subscriptions``."""

    _desk: Desk
    _catalogue: Catalogue

    def __repr__(self) -> str:
        return "Subscriptions()"

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
        """A subscription by this *name*, which is begun if the log has none of it yet.

        *handler* is given one ``Delivery`` at a time, or with *batch* a list of at most so many.  It is given
        the events of *topics* (or classes of events) and of all topics of *contexts*; of all, where
        neither is named.  ``start`` says after which position the first is, for one that is
        begun now: at the "beginning", "now", or after a position; later it goes on where it was.

        A handler that raises is tried again as *retry* says.  Then the delivery is a dead letter, and the next one
        comes ("park"), or the subscription stops there ("stop").

        Raises ``MisuseError`` for what cannot be, ``UnknownTopicError``, and ``StoreError``.
        """
        if not isinstance(name, str) or not NAME.fullmatch(name):
            expected = "letters, digits, _ . and -, at most 100, such as 'mailer'"
            raise MisuseError(f"name of a subscription: expected {expected}, got {shown(name)}")
        if not callable(handler):
            raise MisuseError(f"{name}: handler: expected a function, got {shown(handler)}")
        if any(map(iscoroutinefunction, (handler, getattr(handler, "__call__", None)))):  # noqa: B004  # of its kind
            raise MisuseError(f"{name}: handler: a coroutine function is for `crm.aio.subscribe`")
        if on_failure not in (PARK, STOP):
            raise MisuseError(
                f"{name}: on_failure: expected 'park' or 'stop', got {shown(on_failure)}"
            )
        if batch is not None and not _is_count(batch, 1):
            raise MisuseError(f"{name}: batch: expected a whole number from 1, got {shown(batch)}")
        asked = self._topics(name, topics, contexts)
        rules = Rules(name, handler, asked, require_retry(retry or STANDARD), on_failure, batch)
        return self.begun(rules, start)

    def begun(self, rules: Rules, start: Start) -> Subscription:
        """The subscription with these rules, begun after *start* if the log has none of its name."""
        self.begin(rules.name, rules.topics, start)
        return Subscription(self._desk, rules)

    def begin(self, name: str, topics: Sequence[str] | None, start: Start) -> None:
        """Begin a subscription after *start* if the log has none of its name."""
        desk = self._desk
        with desk.feed.source.read() as connection:
            if desk.places.find(connection, name) is not None:
                return
        with desk.feed.source.write() as connection:
            place = self._place(connection, f"{name}: start", start)
            desk.places.begin(connection, name, place, topics)
            desk.letters.make(connection)

    def status(self) -> list[SubscriptionStatus]:
        """Where each subscription of the log stands, by name; those of processes are among them."""
        return statuses(self._desk.feed, self._desk.places, self._desk.letters)

    def dead_letters(self, name: str) -> list[DeadLetter]:
        """What a subscription went past, in the order of the log; ``UnknownSubscriptionError``."""
        with self._desk.feed.source.read() as connection:
            self._require(connection, name)
            return [one.shown() for one in self._desk.letters.of(connection, name)]

    def is_dead_letter(self, name: str, delivery: Delivery) -> bool:
        """Whether a delivery is a dead letter that nobody wants sent again."""
        with self._desk.feed.source.read() as connection:
            return self._desk.letters.holds(
                connection, name, delivery.position, delivery.recorded.part
            )

    def retry(self, name: str, positions: Collection[int] | None = None) -> int:
        """Let dead letters be sent again, those at *positions* or all; return how many these are.

        They are sent in the order of the log, by whoever consumes the subscription, before anything new.
        Raises ``UnknownSubscriptionError``.
        """
        with self._desk.feed.source.write() as connection:
            self._require(connection, name)
            marked = self._desk.letters.mark(connection, name, positions)
        self._desk.notifier.notify()
        return marked

    def discard(self, name: str, positions: Collection[int] | None = None) -> int:
        """Drop dead letters, those at *positions* or all; return how many these were.

        Raises ``UnknownSubscriptionError``.
        """
        with self._desk.feed.source.write() as connection:
            self._require(connection, name)
            return self._desk.letters.drop(connection, name, positions)

    def reset(self, name: str, to: Start) -> None:
        """Let a subscription go on after *to*: the "beginning", "now" or a position.

        Whoever works on it goes on from there.  What comes after it is delivered again, under the ids that it had.
        Raises ``UnknownSubscriptionError``, and ``MisuseError`` for a position that the log has not.
        """
        with self._desk.feed.source.write() as connection:
            self._require(connection, name)
            place = self._place(connection, f"{name}: reset", to)
            self._desk.places.reset(connection, name, place)
        self._desk.notifier.notify()

    def remove(self, name: str) -> None:
        """Forget a subscription and its dead letters; ``UnknownSubscriptionError``.

        Whoever works on it stops.
        """
        with self._desk.feed.source.write() as connection:
            self._require(connection, name)
            self._desk.places.remove(connection, name)
            self._desk.letters.drop(connection, name, None)

    def _topics(
        self,
        name: str,
        topics: Iterable[str | type] | None,
        contexts: Iterable[str] | None,
    ) -> list[str] | None:
        if topics is None and contexts is None:
            return None
        known, asked = self._catalogue.contexts, set[str]()
        for one in _several(f"{name}: topics", topics):
            topic = getattr(one, "TOPIC", None) if isinstance(one, type) else one
            if not isinstance(topic, str) or topic not in known:
                near = get_close_matches(str(topic), known, n=1)
                raise UnknownTopicError(
                    "event", str(topic), f"did you mean {near[0]}?" if near else ""
                )
            asked.add(topic)
        names = set(known.values())
        for one in _several(f"{name}: contexts", contexts):
            if one not in names:
                there = ", ".join(sorted(names))
                raise MisuseError(f"{name}: contexts: expected some of {there}, got {shown(one)}")
            asked |= {topic for topic, context in known.items() if context == one}
        if not asked:
            raise MisuseError(f"{name}: topics: expected at least one; leave it out for all")
        return sorted(asked)

    def _place(self, connection: Connection, where: str, start: Start) -> Place:
        source = self._desk.feed.source
        head = source.head(connection)
        if start == NOW:
            return head
        position = 0 if start == BEGINNING else start
        if not _is_count(position, 0) or position > head.position:
            expected = f"'beginning', 'now' or a position up to {head.position}"
            raise MisuseError(f"{where}: expected {expected}, got {shown(start)}")
        return Place(int(position), source.link(connection, int(position)))

    def _require(self, connection: Connection, name: str) -> SubscriptionRow:
        found = self._desk.places.find(connection, name)
        if found is None:
            known = [one.name for one in self._desk.places.all(connection)]
            raise UnknownSubscriptionError(str(name), known)
        return found


def _is_count(given: Any, least: int) -> bool:
    return isinstance(given, int) and not isinstance(given, bool) and given >= least


def _several(where: str, given: Any) -> Iterable[Any]:
    if given is None:
        return ()
    if isinstance(given, str | type) or not isinstance(given, Iterable):
        raise MisuseError(f"{where}: expected a list, got {shown(given)}")
    return given
