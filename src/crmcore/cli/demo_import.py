"""The demo's imports: foreign rows in, commands out, and a count of what became of each."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import attrs

import crmcore
from crmcore.cli.importers import Refused, Row
from crmcore.cli.output import Column, one_line, say, table
from crmcore.cli.progress import Step

__all__ = ["ACTOR", "Imported", "bring_in", "show_imports"]

ACTOR: Final = "crmcore demo"
SAMPLES: Final = 3
REASONS: Final = 5


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
    """What an import did, and how long it took."""

    name: str
    commands: int = 0
    executed: int = 0
    unchanged: int = 0
    events: int = 0
    seconds: float = 0.0
    by_rows: dict[str, Reason] = attrs.Factory(dict)
    by_rules: dict[str, Reason] = attrs.Factory(dict)
    orders: Counter[UUID] = attrs.Factory(Counter)
    first_order: datetime | None = None

    def document(self) -> dict[str, Any]:
        """The figures for JSON."""
        figures = {
            name: getattr(self, name)
            for name in ("name", "commands", "executed", "unchanged", "events")
        }
        refused = {"rows": self.by_rows, "commands": self.by_rules}
        return figures | {
            "seconds": round(self.seconds, 3),
            "commands_per_second": round(self.commands / self.seconds),
            "events_per_second": round(self.events / self.seconds),
            "refused": {
                name: [
                    {"reason": reason, "count": found.count, "first": found.first}
                    for reason, found in reasons.items()
                ]
                for name, reasons in refused.items()
            },
        }


def bring_in(crm: crmcore.CRM, name: str, rows: Iterable[Row], step: Step) -> Imported:
    """Carry out what the *rows* of the data set *name* ask for, in bulk."""
    done, begun = Imported(name), time.perf_counter()
    batch = crm.execute_many(
        _wanted(rows, done), by=ACTOR, source=name, progress=lambda so_far: step(so_far.commands)
    )
    done.seconds = time.perf_counter() - begun
    done.commands, done.executed = batch.commands, batch.executed
    done.unchanged, done.events = batch.unchanged, batch.events
    for one in batch.refused:
        reason = type(one.error).__name__
        done.by_rules.setdefault(reason, Reason()).add(one_line(str(one.error)))
    return done


def _wanted(rows: Iterable[Row], done: Imported) -> Iterator[crmcore.Envelope | Any]:
    for row in rows:
        if isinstance(row, Refused):
            reason = done.by_rows.setdefault(row.reason, Reason())
            reason.add(f"{row.source}:{row.line}")
            continue
        if isinstance(row.command, crmcore.commands.PlaceOrder):
            done.orders[row.command.customer_id] += 1
            done.first_order = min(done.first_order or row.command.at, row.command.at)
        yield row.command


def show_imports(imports: Sequence[Imported]) -> None:
    """How much came in and how fast, and what did not."""
    titles = ("Commands", "Events", "Seconds", "Commands/s", "Events/s")
    table(
        ["Data", *(Column(title, number=True) for title in titles)],
        [
            [
                one.name,
                one.commands,
                one.events,
                f"{one.seconds:.1f}",
                round(one.commands / one.seconds),
                round(one.events / one.seconds),
            ]
            for one in imports
        ],
    )
    for one in imports:
        _show_refused(f"{one.name}: rows that make no command", one.by_rows)
        _show_refused(f"{one.name}: commands that a rule refused", one.by_rules)
    if not any(one.by_rules for one in imports):
        say("No rule refused a command.")


def _show_refused(title: str, reasons: dict[str, Reason]) -> None:
    if not reasons:
        return
    say(f"{title}: {sum(one.count for one in reasons.values()):,}")
    most = sorted(reasons.items(), key=lambda item: -item[1].count)
    for reason, found in most[:REASONS]:
        more = ", …" if found.count > len(found.first) else ""
        say(f"{found.count:,} x {reason}", indent=2)
        say(f"{', '.join(found.first)}{more}", style="dim", indent=4)
    if len(most) > REASONS:
        say(f"and {len(most) - REASONS:,} other reasons", indent=2)
