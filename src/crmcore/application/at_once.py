"""Processes that act in the transaction of the command whose events they follow.

What follows is decided after the events, upon them, and is recorded with them or not at all.  A command
that is refused there is listed, and does not refuse the one that it follows.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from crmcore.application.delivering import delivery_id
from crmcore.application.envelope import Envelope
from crmcore.application.errors import InvalidCommandError, MisuseError, UnreadableEventError
from crmcore.application.log import LogSession, Recorded
from crmcore.application.processes import Process
from crmcore.domain.kernel import DomainError
from crmcore.domain.kernel.frozen import frozen

STEPS: Final = 10
"""How often what follows may be followed in one transaction."""

REFUSALS: Final = (DomainError, InvalidCommandError, UnreadableEventError, MisuseError)
"""What refuses a command of a process, whenever it comes: it is listed."""

KeepDeadLetter = Callable[[LogSession, str, bytes, Recorded, Exception], None]
"""Lists, under the title of a process, an event with its link, and what came of it."""


@frozen
class AtOnce:
    """Follows what a transaction records, by the *processes* that act at once."""

    _processes: Sequence[Process]
    _keep_dead_letter: KeepDeadLetter

    def follow(self, session: LogSession, carry_out: Callable[[Envelope], Any]) -> None:
        """Carry out what follows from the events of *session*, and from what follows.

        Raises ``MisuseError`` where processes go on leading to each other.
        """
        if session.began_after is None:
            return
        after, steps = session.began_after.position, 0
        topics = sorted({topic for one in self._processes for topic in one.topics})
        while session.end > after:
            found, after = session.appended(after, topics), session.end
            acting = [
                (process, link, recorded)
                for link, recorded in found
                for process in self._processes
                if type(recorded.event) in process.handlers
            ]
            if acting and steps == STEPS:
                raise MisuseError(_endless({process.title for process, _, _ in acting}))
            steps += 1
            for process, link, recorded in acting:
                refused = self._refusal(process, link, recorded, carry_out)
                if refused is not None:
                    self._keep_dead_letter(session, process.title, link, recorded, refused)

    def _refusal(
        self,
        process: Process,
        link: bytes,
        recorded: Recorded,
        carry_out: Callable[[Envelope], Any],
    ) -> Exception | None:
        """What came of an event that was not as the process would have it; None if all was."""
        try:
            envelopes = list(process.commands(delivery_id(link, recorded.part), recorded))
        except Exception as error:  # the process's mistake, not that of the command it follows
            return error
        refused: Exception | None = None
        for envelope in envelopes:
            try:
                carry_out(envelope)
            except process.expected:
                continue
            except REFUSALS as error:
                refused = refused or error
        return refused


def _endless(titles: set[str]) -> str:
    return (
        f"{', '.join(sorted(titles))}: what follows is followed more than {STEPS} times: let one of"
        " these processes return no commands where there is nothing left to do"
    )
