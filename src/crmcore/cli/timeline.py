"""What happened, line by line: the table of a customer's history and of a case."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import attrs

import crmcore
from crmcore.cli.output import Column, instant, say, table

LATE: Final = timedelta(minutes=5)
"""Recorded so much later than it was true, an event says so."""


@attrs.frozen
class Line:
    """One thing that happened: when it was true and recorded (UTC), in words, and who told of it."""

    position: int
    occurred_at: datetime
    recorded_at: datetime
    says: str
    who: str

    @property
    def recorded(self) -> str:
        """The day when it was recorded, if that was later."""
        late = self.recorded_at - self.occurred_at > LATE
        return f"on {self.recorded_at:%Y-%m-%d}" if late else "at once"


MERGED: Final = ("into_case_id", "source_case_id")


def case_numbers_in(crm: crmcore.CRM, documents: Iterable[str]) -> dict[str, str]:
    """The numbers of the cases that merges name in *documents* (JSON), by their ids."""
    cases = {json.loads(one).get(name) for one in documents for name in MERGED if name in one}
    numbers = {}
    for case_id in cases - {None}:
        first = next(crm.events(stream_id=UUID(case_id)), None)
        number = None if first is None else getattr(first.event, "number", None)
        if number is not None:
            numbers[case_id] = number
    return numbers


def who(actor: str | None, source: str | None) -> str:
    """Who told of it, and from which system."""
    named = actor or "unknown"
    return f"{named} ({source})" if source and source != named else named


def timeline(lines: Sequence[Line]) -> None:
    """A table of *lines*; what is the same in all of them stands below it once."""
    recorded, people = {line.recorded for line in lines}, {line.who for line in lines}
    columns = [Column("When (UTC)", whole=True), Column("What")]
    columns += [Column("Recorded")] if len(recorded) > 1 else []
    columns += [Column("Who")] if len(people) > 1 else []
    rows = []
    for line in lines:
        row: list[object] = [instant(line.occurred_at), line.says]
        row += [line.recorded] if len(recorded) > 1 else []
        row += [line.who] if len(people) > 1 else []
        rows.append([*row, line.position])
    table([*columns, Column("Position", number=True)], rows)
    alike = [f"recorded {recorded.pop()}"] if len(recorded) == 1 else []
    alike += [f"by {people.pop()}"] if len(people) == 1 else []
    if alike and lines:
        say(f"{'All' if len(lines) > 1 else 'It was'} {' '.join(alike)}.", style="dim")
