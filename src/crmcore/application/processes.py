"""Processes: an event leads to commands, of this context or of another.

A process decides by itself what is to follow from an event; whether it may, the rules of whoever carries
the commands out say.  Each command has an id that follows from the event, the process and its
number, so that it is carried out once, however often the event is seen.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, Literal
from uuid import UUID

from crmcore.application.envelope import Envelope
from crmcore.application.errors import MisuseError
from crmcore.application.log import Recorded
from crmcore.domain.kernel import Command, DomainError, derived_id, shown
from crmcore.domain.kernel.frozen import frozen

NAME: Final = re.compile(r"[a-z][a-z0-9_-]{0,79}")
PREFIX: Final = "process:"
"""Before the name of a process, where it acts: in the log, and among the subscriptions."""

React = Callable[[Any, Recorded], Iterable[Command]]
"""What follows from an event: given the event and its record, the commands."""


@frozen
class Process:
    """What follows from events: for each class of them a function that returns commands.

    The function is pure, as one of a read model is: it is given the event and its record, and asks
    nobody.  ``at_once``: its commands are carried out in the transaction of the command that the event came from, so that both are
    recorded or none is; otherwise by whoever follows the processes, soon after.  It acts on events
    that are recorded from its ``start`` on: from when a core that has it opens the log ("now"),
    or from the "beginning".  Refusals that are ``expected`` are no news: all others are listed as dead letters.
    With no ``handlers`` it does nothing.

    Raises ``MisuseError`` for parts that are none.
    """

    name: str
    handlers: Mapping[type, React]
    at_once: bool = False
    start: Literal["now", "beginning"] = "now"
    expected: tuple[type[DomainError], ...] = ()

    def __attrs_post_init__(self) -> None:
        name: Any = self.name
        if not isinstance(name, str) or not NAME.fullmatch(name):
            expected = "small letters, digits, _ and -, such as 'offer-survey'"
            raise MisuseError(f"name of a process: expected {expected}, got {shown(name)}")
        handlers: Any = self.handlers
        if not isinstance(handlers, Mapping):
            expected = "a mapping from classes of events to functions"
            raise MisuseError(f"{self.title}: handlers: expected {expected}, got {shown(handlers)}")
        for kind, react in handlers.items():
            if not isinstance(kind, type) or not callable(react):
                expected = "a class of events with a function"
                given = f"{getattr(kind, '__name__', shown(kind))}: {shown(react)}"
                raise MisuseError(f"{self.title}: handlers: expected {expected}, got {given}")
        if not isinstance(self.at_once, bool):
            raise MisuseError(f"{self.title}: at_once: expected a bool, got {shown(self.at_once)}")
        if self.start not in ("now", "beginning"):
            expected = "'now' or 'beginning'"
            raise MisuseError(f"{self.title}: start: expected {expected}, got {shown(self.start)}")

        refusals: Any = self.expected
        if not isinstance(refusals, tuple) or not all(map(_is_refusal, refusals)):
            expected = "a tuple of classes of DomainError"
            raise MisuseError(f"{self.title}: expected: expected {expected}, got {shown(refusals)}")

    def __repr__(self) -> str:
        return f"Process({self.name!r}, {', '.join(self.topics) or 'nothing'})"

    @property
    def title(self) -> str:
        """Its name where it acts: who sends its commands, and the subscription by which it follows."""
        return f"{PREFIX}{self.name}"

    @property
    def topics(self) -> list[str]:
        """The topics of the events that it acts on."""
        return sorted(kind.TOPIC for kind in self.handlers)  # type: ignore[attr-defined]  # events have one

    def commands(self, delivery_id: UUID, recorded: Recorded) -> Iterator[Envelope]:
        """What follows from an event that is delivered under an id, each command with its own.

        The event's command is the cause; what that belonged to, or the command itself, is what these belong to.
        Raises ``MisuseError`` where the function returns what is no list of commands.
        """
        found: Any = self.handlers[type(recorded.event)](recorded.event, recorded)
        where = f"{self.title}: expected a list of commands for {recorded.topic}, got"
        if isinstance(found, str) or not isinstance(found, Iterable):
            raise MisuseError(f"{where} {shown(found)}")
        for number, command in enumerate(found):
            if not hasattr(command, "TOPIC"):
                raise MisuseError(f"{where} one of {shown(command)}")
            yield Envelope(
                command=command,
                by=self.title,
                command_id=derived_id("process", self.name, str(delivery_id), str(number)),
                correlation_id=recorded.correlation_id or recorded.command_id,
                causation_id=recorded.command_id,
            )


def _is_refusal(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, DomainError)
