"""Following processes: each is a subscription whose handler carries out what follows from an event."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final

from crmcore.application.at_once import REFUSALS, KeepDeadLetter
from crmcore.application.describing import described
from crmcore.application.envelope import Envelope
from crmcore.application.errors import (
    CommandIdReusedError,
    ConcurrencyError,
    MisuseError,
    StoreError,
)
from crmcore.application.log import LogSession, Recorded
from crmcore.application.processes import PREFIX, Process
from crmcore.domain.kernel.frozen import frozen
from crmcore.subscriptions.consumer import Rules
from crmcore.subscriptions.dead_letters import DeadLetters, Letter
from crmcore.subscriptions.delivery import Delivery
from crmcore.subscriptions.places import Places
from crmcore.subscriptions.status import SubscriptionStatus
from crmcore.subscriptions.subscription import Subscription
from crmcore.subscriptions.subscriptions import Subscriptions

ROUNDS: Final = 20
"""How often all processes are caught up, as one may lead to another."""


class RefusedError(Exception):
    """Commands of a process were refused; its text says which and why."""


@frozen
class Processes:
    """The processes of a core: ``crm.processes``."""

    _subscriptions: Subscriptions
    _processes: Sequence[Process]
    _execute: Callable[[Envelope], Any]

    def __repr__(self) -> str:
        return f"Processes({', '.join(one.name for one in self._processes)})"

    def begin(self) -> None:
        """Let those that the log does not know yet act from where it stands, or from its beginning."""
        for one in self._processes:
            self._subscriptions.begin(one.title, one.topics, one.start)

    def catch_up(self) -> int:
        """Carry out all that follows from what is recorded, and from that; return how many events were seen to.

        Raises ``MisuseError`` where processes go on leading to each other, ``SubscriptionStoppedError``
        in a log that was restored, and ``ConcurrencyError`` or ``StoreError`` where several attempts
        were of no use.
        """
        seen, going_on = 0, list[str]()
        for _ in range(ROUNDS):
            going_on = []
            for process in self._processes:
                done = self._subscription(process).catch_up()
                seen += done.delivered + done.dead_letters + done.sent_again
                if done.delivered:
                    going_on.append(process.title)
            if not going_on:
                return seen
        raise MisuseError(
            f"{', '.join(going_on)}: what follows is followed more than {ROUNDS} times: let one of"
            " these processes return no commands where there is nothing left to do"
        )

    @contextmanager
    def follow(self) -> Iterator[None]:
        """Carry out, in a thread for each process, what follows from whatever is recorded meanwhile."""
        with ExitStack() as following:
            for process in self._processes:
                following.enter_context(self._subscription(process).follow())
            yield

    def status(self) -> list[SubscriptionStatus]:
        """Where each process stands, by name; those of contexts that are not loaded too."""
        return [one for one in self._subscriptions.status() if one.name.startswith(PREFIX)]

    def _subscription(self, process: Process) -> Subscription:
        rules = Rules(
            name=process.title,
            handler=_Reaction(process, self._execute, self._subscriptions),
            topics=process.topics,
            is_trouble=_is_trouble,
            is_final=lambda error: isinstance(error, (RefusedError, *REFUSALS)),
            describe=reason,
        )
        return self._subscriptions.begun(rules, process.start)


@frozen
class _Reaction:
    """What a process does about a delivery."""

    process: Process
    execute: Callable[[Envelope], Any]
    subscriptions: Subscriptions

    def __call__(self, delivery: Delivery) -> None:
        """Carry its commands out; those that are refused do not hold up the others.

        Raises ``RefusedError`` in the end.
        """
        if self.process.at_once and self._was_refused(delivery):
            return
        refused = list[str]()
        for envelope in self.process.commands(delivery.id, delivery.recorded):
            try:
                self.execute(envelope)
            except CommandIdReusedError:  # what an earlier release meant by it was carried out
                continue
            except self.process.expected:
                continue
            except REFUSALS as error:
                refused.append(f"{envelope.command.TOPIC}: {reason(error)}")
        if refused:
            raise RefusedError("; ".join(refused))

    def _was_refused(self, delivery: Delivery) -> bool:
        """Whether it was refused at once, and nobody wants it tried again."""
        return self.subscriptions.is_dead_letter(self.process.title, delivery)


def _is_trouble(error: Exception) -> bool:
    """Whether an error is none of the command's: another writer, or the database."""
    is_ours = isinstance(error, ConcurrencyError | StoreError)
    return is_ours and not isinstance(error, MisuseError)


def reason(error: Exception) -> str:
    """What is kept of an error: of a refusal its words, which tell nothing about a person."""
    if isinstance(error, RefusedError):
        return str(error)
    if isinstance(error, REFUSALS):
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return described(error)


def dead_letters_at_once(places: Places, letters: DeadLetters) -> KeepDeadLetter:
    """What lists a refusal in the transaction of the command that was not refused."""

    def put(
        session: LogSession, title: str, link: bytes, recorded: Recorded, error: Exception
    ) -> None:
        where = title, recorded.position, recorded.part, link, recorded.topic
        now = places.now(session.connection)
        letters.put(session.connection, Letter(*where, 1, reason(error)[:1_000], now))

    return put
