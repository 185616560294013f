"""`crmcore projections rebuild --dry-run`: how long, and how much space."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import attrs

import crmcore
from crmcore.cli.output import NOTHING, Column, duration, emit, say, table

MINUTE = 60


def estimate(crm: crmcore.CRM, names: Sequence[str], *, json: bool) -> None:
    """Say what a rebuild of each of *names* would take, without doing it."""
    found = [crm.maintenance.estimate(name) for name in names]
    if json:
        emit({"estimates": [attrs.asdict(one) for one in found]})
        return
    titles = ("Records", "Sampled", "Time", "Rows", "Space")
    table(
        ["Read model", *(Column(title, number=True) for title in titles)],
        [_row(one) for one in found],
    )
    say("Time is that of one process. Rows and space are those of the live generation.")
    if any(one.rows is not None and one.bytes is None for one in found):
        say("This SQLite was built without dbstat, so that it cannot tell the space of a table.")


def _space(one: Any) -> str:
    if one.rows is None:
        return NOTHING
    if one.bytes is None:
        return "not known"
    megabytes = one.bytes / 1_000_000
    return f"{megabytes:,.1f} MB" if megabytes >= 1 else f"{one.bytes / 1_000:,.0f} kB"


def _row(one: Any) -> list[object]:
    time = duration(timedelta(seconds=one.seconds))
    return [
        one.name,
        one.records,
        one.sampled,
        f"{one.seconds:.1f} s" if one.seconds < MINUTE else time,
        one.rows,
        _space(one),
    ]
