"""What is told of the lines of a file: how many did what, and why one was refused."""

import attrs

import crmcore
from crmcore.cli.faults import by_field, complain
from crmcore.cli.output import emit_line, one_line


@attrs.define
class Told:
    """The lines so far: with what they are read, and how many did what."""

    crm: crmcore.CRM
    by: str | None
    source: str | None
    stop: bool
    json: bool
    executed: int = attrs.field(default=0, init=False)
    unchanged: int = attrs.field(default=0, init=False)
    refused: int = attrs.field(default=0, init=False)
    events: int = attrs.field(default=0, init=False)

    def refuse(self, number: int, error: Exception) -> None:
        """Tell why a line was refused."""
        self.refused += 1
        reason = one_line(str(error))
        complain(f"line {number:,}: {reason}")
        if self.json:
            refusal = {"line": number, "kind": type(error).__name__, "reason": reason}
            emit_line({"refused": refusal | by_field(error)})

    def counted(self) -> dict[str, int]:
        """How many lines did what, and the events of all."""
        names = ("executed", "unchanged", "refused", "events")
        return {name: getattr(self, name) for name in names}
