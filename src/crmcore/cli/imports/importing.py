"""Importing: foreign rows in, commands carried out, and a count of what became of each."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs

import crmcore
from crmcore.cli.importers.row import Planned, Refused, Remark, Row, Silent, SourceError, Unkept
from crmcore.cli.interruption import held
from crmcore.cli.output import one_line
from crmcore.cli.progress import Step

SAMPLES: Final = 3
BATCH: Final = 500
"""Commands to a transaction."""


@attrs.define
class Reason:
    """Why rows were refused: how many, and the first few of them."""

    count: int = 0
    first: list[str] = attrs.Factory(list)

    def add(self, place: str) -> None:
        """Count one more."""
        self.count += 1
        if len(self.first) < SAMPLES:
            self.first.append(place)


@attrs.define
class Imported:
    """What an import did, and how long it took.

    ``lines`` asked for commands, ``silent`` ones for none, the others are refused.
    """

    name: str
    lines: int = 0
    silent: int = 0
    commands: int = 0
    executed: int = 0
    unchanged: int = 0
    refused: int = 0
    events: int = 0
    seconds: float = 0.0
    by_rows: dict[str, Reason] = attrs.Factory(dict)
    by_rules: dict[str, Reason] = attrs.Factory(dict)
    remarks: dict[str, Reason] = attrs.Factory(dict)
    unkept: list[Unkept] = attrs.Factory(list)
    orders: Counter[UUID] = attrs.Factory(Counter)
    first_order: datetime | None = None

    def rate(self, count: int) -> int:
        """So many in a second; 0 where nothing was done."""
        return round(count / self.seconds) if self.seconds else 0

    def document(self) -> dict[str, Any]:
        """The figures for JSON."""
        figures = {
            name: getattr(self, name)
            for name in ("name", "lines", "silent", "commands", "executed", "unchanged", "events")
        }
        return figures | {
            "seconds": round(self.seconds, 3),
            "commands_per_second": self.rate(self.commands),
            "events_per_second": self.rate(self.events),
            "refused": {"rows": _listed(self.by_rows), "commands": _listed(self.by_rules)},
            "remarks": _listed(self.remarks),
            "unkept": [
                {"file": one.source, "column": one.column, "rows": one.rows} for one in self.unkept
            ],
        }


def _listed(reasons: dict[str, Reason]) -> list[dict[str, Any]]:
    return [
        {"reason": reason, "count": found.count, "first": found.first}
        for reason, found in reasons.items()
    ]


OnRefused = Callable[[str, int, str, str], None]
"""Hears of each refusal: the file, the line, what kind of refusal it is, and the reason."""


def bring_in(
    crm: crmcore.CRM,
    done: Imported,
    rows: Iterable[Row],
    step: Step,
    *,
    by: str,
    on_refused: OnRefused = lambda *_: None,
) -> None:
    """Carry out what the *rows* ask for, in bulk, and count in *done* what became of them.

    *by* is who sends what the rows do not say the sender of.  *on_refused* hears of each refusal when it is known.  If the import ends early, *done* says how far it got.
    """
    Importing(crm, done, by, on_refused).all(rows, step)


@attrs.define
class Importing:
    """An import under way: *places* has where each command of the transaction came from."""

    crm: crmcore.CRM
    done: Imported
    by: str
    on_refused: OnRefused
    places: list[Planned] = attrs.Factory(list)
    seen: dict[str, bytearray] = attrs.Factory(dict)

    def all(self, rows: Iterable[Row], step: Step) -> None:
        """Carry out every command that a row asks for."""
        begun = time.perf_counter()
        for batch in _batches(self._wanted(rows)):
            with held():
                self._keep(self.crm.execute_many(batch, by=self.by, batch=BATCH))
                self.done.seconds = time.perf_counter() - begun
            step(self.done.commands)
        self.done.seconds = time.perf_counter() - begun

    def _wanted(self, rows: Iterable[Row]) -> Iterator[crmcore.Envelope]:
        done = self.done
        for row in rows:
            match row:
                case Refused():
                    _count(done.by_rows, row.reason, row)
                    self.on_refused(row.source, row.line, "Row", row.reason)
                case Remark():
                    _count(done.remarks, row.text, row)
                case Silent():
                    done.silent += 1
                case Unkept():
                    done.unkept.append(row)
                case Planned():
                    self._note(row)
                    yield crmcore.Envelope(
                        command=row.command,
                        by=row.by or self.by,
                        source=done.name,
                        command_id=row.command_id,
                    )

    def _note(self, row: Planned) -> None:
        done, seen = self.done, self.seen.setdefault(row.source, bytearray())
        self.places.append(row)
        if row.line >= len(seen):
            seen.extend(bytes(row.line + 1))  # doubles what is there, at least
        done.lines += not seen[row.line]
        seen[row.line] = 1
        if isinstance(row.command, crmcore.commands.PlaceOrder):
            done.orders[row.command.customer_id] += 1
            done.first_order = min(done.first_order or row.command.at, row.command.at)

    def _keep(self, batch: crmcore.Batch) -> None:
        """Count a transaction that is done."""
        done = self.done
        for one in batch.refused:
            row, reason = self.places[one.index], one_line(str(one.error))
            kind = type(one.error).__name__
            _count(done.by_rules, kind, row, f": {reason}")
            self.on_refused(row.source, row.line, kind, reason)
        self.places.clear()
        done.commands += batch.commands
        done.executed += batch.executed
        done.unchanged += batch.unchanged
        done.events += batch.events
        done.refused += len(batch.refused)


def _batches(wanted: Iterable[crmcore.Envelope]) -> Iterator[list[crmcore.Envelope]]:
    """The commands by transaction; those before a place where the file breaks off come as well."""
    batch: list[crmcore.Envelope] = []
    try:
        for one in wanted:
            batch.append(one)
            if len(batch) == BATCH:
                yield batch
                batch = []
    except SourceError:
        yield batch
        raise
    yield batch


def _count(
    reasons: dict[str, Reason], reason: str, row: Refused | Remark | Planned, more: str = ""
) -> None:
    reasons.setdefault(reason, Reason()).add(f"{row.source}:{row.line}{more}")
