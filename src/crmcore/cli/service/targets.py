"""How a target of a case is shown: its name, the time it has, and what became of it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from rich.text import Text

from crmcore.cli.output import bar, duration, instant

OVERDUE: Final = "overdue"


def target_name(one: Any) -> str:
    """What it is called, and which one where there are several."""
    if one.target is None:
        return "nothing owed"
    name = str(one.target.value).replace("_", " ")
    return name if one.occurrence == 1 else f"{name} {one.occurrence}"


def working_time(level: Any, span: timedelta | None) -> str:
    """Working time in hours; elapsed time, of a deadline that came with the case, in days."""
    return duration(span, days=level.version is None)


def burn_down(level: Any, width: int = 12, *, beside: bool = False) -> Text:
    """What is left of the time allowed, as a bar; a word where no time runs, unless that stands *beside*."""
    verdict = level.verdict().value
    if level.target is None or level.elapsed is None:
        return Text("")
    if not level.is_open:
        return Text(verdict, style="green" if verdict == "met" else "red")
    if verdict == "breached":
        return Text(OVERDUE, style="bold red")
    allowed = level.elapsed + level.remaining
    left = Decimal(level.remaining / allowed) if allowed > timedelta(0) else Decimal(0)
    drawn = bar(left, width)
    return drawn + Text(f" {verdict}") if verdict == "paused" and not beside else drawn


def particulars(one: Any) -> str:
    """Who owes it, what became of it, and what comes next."""
    given = one.version is None
    by = "given with the case" if given else f"policy {one.policy} ({one.version})"
    told = [f"{by}, from {instant(one.started_at)}"]
    if one.completed_at is not None and one.completed_at <= one.as_of:
        told.append(f"done {instant(one.completed_at)}")
    elif not one.is_open:
        told.append(f"not owed since {instant(one.withdrawn_at)}")
    elif one.verdict().value == "paused":
        told.append(f"paused since {instant(one.paused_since)}")
        told.append(f"due {instant(one.standing.due_if_resumed)} if it went on now")
    elif one.standing.next_escalation is not None:
        coming = one.standing.next_escalation
        action = f" ({coming.action})" if coming.action else ""
        told.append(f"next: {coming.name}{action} at {instant(coming.at)}")
    return "; ".join(told)
