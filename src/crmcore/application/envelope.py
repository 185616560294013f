"""Commands on their way, one by one or many together: who sends them, and what became of them."""

from uuid import UUID

import attrs

from crmcore.domain.kernel import Command
from crmcore.domain.kernel.frozen import frozen


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
