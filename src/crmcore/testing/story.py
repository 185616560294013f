"""Rules of whole contexts as tests, on a log: commands that services decide on several streams."""

from typing import Any, Final

from crmcore.application.errors import ConcurrencyError, InvalidCommandError
from crmcore.crm import CRM
from crmcore.domain.kernel import Command, DomainError
from crmcore.domain.kernel.frozen import frozen
from crmcore.testing.outcome import Outcome

SENDER: Final = "somebody"


@frozen
class Story:
    """``Story(crm).given(*commands).when(command).then(*events)`` on a log, a throw-away one as a rule.

    Everything runs as in production: services, other contexts, what is decided at once.
    """

    crm: CRM

    def given(self, *commands: Command) -> "Story":
        """What happened so far, as the commands that led to it; none may be refused."""
        for number, command in enumerate(commands, 1):
            try:
                self.crm.execute(command, by=SENDER)
            except DomainError as refusal:
                said = f"given: command {number} ({command.TOPIC}) is refused: {refusal}"
                raise AssertionError(said) from refusal
        return self

    def when(self, command: Command, *, by: str = SENDER, **particulars: Any) -> "Outcome[Story]":
        """Carry *command* out, with the *particulars* of ``CRM.execute``; ``then`` is told all that was recorded."""
        before = self.crm.position
        try:
            self.crm.execute(command, by=by, **particulars)
        except (DomainError, InvalidCommandError, ConcurrencyError) as refusal:
            return Outcome((), refusal, self._itself)
        events = tuple(one.event for one in self.crm.events(after=before))
        return Outcome(events, None, self._itself)

    def _itself(self) -> "Story":
        return self
