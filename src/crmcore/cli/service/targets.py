"""How a target of a case is shown: its name, the time it has, and what became of it."""

from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from crmcore.cli.output import bar, duration, instant, styled

if TYPE_CHECKING:
    from rich.text import Text

OVERDUE: Final = "overdue"


def target_name(one: Any) -> str:
    """What it is called, and which one where there are several."""
    name = str(one.target.value).replace("_", " ")
    return name if one.occurrence == 1 else f"{name} {one.occurrence}"


def working_time(target: Any, span: timedelta) -> str:
    """Working time in hours; elapsed time, of a deadline that came with the case, in days."""
    return duration(span, days=target.version is None)


def burn_down(target: Any, width: int = 12, *, beside: bool = False) -> "Text":
    """What is left of the time allowed, as a bar; a word where no time runs, unless that stands *beside*."""
    verdict = target.verdict.value
    if not target.is_open:
        return styled(verdict, "green" if verdict == "met" else "red")
    if verdict == "breached":
        return styled(OVERDUE, "bold red")
    allowed = target.elapsed + target.remaining
    left = Decimal(target.remaining / allowed) if allowed > timedelta(0) else Decimal(0)
    drawn = bar(left, width)
    return drawn + styled(f" {verdict}") if verdict == "paused" and not beside else drawn


def particulars(target: Any) -> str:
    """Whose it is, what became of it, and what comes next."""
    given = target.version is None
    by = "given with the case" if given else f"policy {target.policy} ({target.version})"
    parts = [f"{by}, from {instant(target.started_at)}"]
    if target.completed_at is not None:
        parts.append(f"done {instant(target.completed_at)}")
    elif not target.is_open:
        parts.append(f"withdrawn {instant(target.withdrawn_at)}")
    elif target.verdict.value == "paused":
        parts.append(f"paused since {instant(target.paused_since)}")
        parts.append(f"due {instant(target.due_if_resumed)} if it went on now")
    elif target.next_escalation is not None:
        coming = target.next_escalation
        action = f" ({coming.action})" if coming.action else ""
        parts.append(f"next: {coming.name}{action} at {instant(coming.at)}")
    return "; ".join(parts)
