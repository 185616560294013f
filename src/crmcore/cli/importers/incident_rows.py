"""The rows of a service desk's incident log: each tells how an incident stood after an update.

The log is the one published as UCI data set 498.  A question mark stands for what is missing.
Its clock's zone is not published: instants are taken as UTC.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import groupby, pairwise
from pathlib import Path
from typing import Final, TypeVar

import attrs

from crmcore import StatusCategory
from crmcore.cli.importers.cells import count, key, label
from crmcore.cli.importers.row import Refused, Unkept
from crmcore.cli.importers.sources import Found, column, read
from crmcore.commands import CaseChannel, Impact, Priority, Urgency

T = TypeVar("T")
MISSING: Final = "?"
MINUTE: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4}) (\d{1,2}):(\d{2})", re.ASCII)
EARLIEST, LATEST = 1901, 8999  # years
REMEMBERED = 65_536


@attrs.frozen
class Turn:
    """Whose turn it is in a state of the desk: our category, and the third party if it waits for one."""

    category: StatusCategory
    third_party: str | None = None

    @property
    def ends(self) -> bool:
        """Whether nothing is left to be done."""
        return self.category in (StatusCategory.SOLVED, StatusCategory.CLOSED)


STATES: Final[Mapping[str, Turn | None]] = {
    "New": Turn(StatusCategory.NEW),
    "Active": Turn(StatusCategory.OPEN),
    "Awaiting User Info": Turn(StatusCategory.PENDING),
    "Awaiting Problem": Turn(StatusCategory.ON_HOLD, "problem management"),
    "Awaiting Vendor": Turn(StatusCategory.ON_HOLD, "vendor"),
    "Awaiting Evidence": Turn(StatusCategory.ON_HOLD, "evidence"),
    "Resolved": Turn(StatusCategory.SOLVED),
    "Closed": Turn(StatusCategory.CLOSED),
    "-100": None,
}
CHANNELS: Final = {
    "Phone": CaseChannel.PHONE,
    "Self service": CaseChannel.WEB,
    "Email": CaseChannel.EMAIL,
    "IVR": CaseChannel.PHONE,
    "Direct opening": CaseChannel.INTERNAL,
    MISSING: CaseChannel.OTHER,
}
IMPACTS: Final = {
    "1 - High": Impact.HIGH,
    "2 - Medium": Impact.MEDIUM,
    "3 - Low": Impact.LOW,
    MISSING: None,
}
URGENCIES: Final = {
    "1 - High": Urgency.HIGH,
    "2 - Medium": Urgency.MEDIUM,
    "3 - Low": Urgency.LOW,
    MISSING: None,
}
PRIORITIES: Final = {
    "1 - Critical": Priority.CRITICAL,
    "2 - High": Priority.HIGH,
    "3 - Moderate": Priority.MODERATE,
    "4 - Low": Priority.LOW,
    MISSING: None,
}
FLAGS: Final = {"true": True, "false": False}


def _word(text: str, words: Mapping[str, T]) -> T:
    if text not in words:
        raise ValueError(f"one of {', '.join(words)}")
    return words[text]


def _turn(text: str) -> Turn | None:
    return _word(text, STATES)


def _channel(text: str) -> CaseChannel:
    return _word(text, CHANNELS)


def _impact(text: str) -> Impact | None:
    return _word(text, IMPACTS)


def _urgency(text: str) -> Urgency | None:
    return _word(text, URGENCIES)


def _priority(text: str) -> Priority | None:
    return _word(text, PRIORITIES)


def _flag(text: str) -> bool:
    return _word(text, FLAGS)


def _known(text: str) -> str | None:
    return _name(text)


# The same few texts stand in many rows: what they mean is looked up, not worked out again.


@lru_cache(maxsize=REMEMBERED)
def _name(text: str) -> str | None:
    return None if text.strip() in ("", MISSING) else label(text)


def _minute(text: str) -> datetime:
    return _instant(text)


@lru_cache(maxsize=REMEMBERED)
def _instant(text: str) -> datetime:
    found = MINUTE.fullmatch(text.strip())
    try:
        day, month, year, hour, minute = map(int, found.groups() if found else ())
        at = datetime(year, month, day, hour, minute, tzinfo=UTC)
    except ValueError:
        at = datetime.max.replace(tzinfo=UTC)
    if not EARLIEST <= at.year <= LATEST:
        raise ValueError("a day, month, year and minute such as 29/2/2016 01:16")
    return at


def _opened(text: str) -> datetime | None:
    return None if text.strip() in ("", MISSING) else _minute(text)


@attrs.frozen
class Update:
    """An incident after an update.  ``incident_state`` is None where the log does not know it.

    ``closed_code`` and ``made_sla`` are the desk's last word; the former stands on every row.
    """

    number: str = attrs.field(converter=key)
    incident_state: Turn | None = attrs.field(converter=_turn)
    sys_mod_count: int = attrs.field(converter=count)
    made_sla: bool = attrs.field(converter=_flag, metadata=column(kept=False))
    caller_id: str | None = attrs.field(converter=_known)
    opened_at: datetime | None = attrs.field(converter=_opened)
    sys_updated_by: str | None = attrs.field(converter=_known)
    sys_updated_at: datetime = attrs.field(converter=_minute)
    contact_type: CaseChannel = attrs.field(converter=_channel)
    location: str | None = attrs.field(converter=_known)
    category: str | None = attrs.field(converter=_known)
    subcategory: str | None = attrs.field(converter=_known)
    u_symptom: str | None = attrs.field(converter=_known)
    impact: Impact | None = attrs.field(converter=_impact)
    urgency: Urgency | None = attrs.field(converter=_urgency)
    priority: Priority | None = attrs.field(converter=_priority)
    assignment_group: str | None = attrs.field(converter=_known)
    assigned_to: str | None = attrs.field(converter=_known)
    closed_code: str | None = attrs.field(converter=_known)


Incident = Sequence[Found[Update]]
"""The updates of one incident as they happened; never empty."""


def incidents(path: Path) -> Iterator[Incident | Refused | Unkept]:
    """The incidents in the file *path*, one in memory at a time, the rows refused, the columns unkept.

    The rows of an incident follow one another.  Within it the minute decides, then the desk's
    count of updates; rows whose count does not grow with time are refused, as few as can be.
    """
    seen: set[str] = set()
    refused: list[Refused | Unkept] = []

    def sound() -> Iterator[Found[Update]]:
        for found in read(path, Update):
            if isinstance(found, Found):
                yield found
            else:
                refused.append(found)

    for number, rows in groupby(sound(), key=lambda found: found.row.number):
        updates = list(rows)
        again = number in seen
        seen.add(number)
        incident: Incident = () if again else _in_order(updates, refused)
        if again:
            why = f"{number} ended on an earlier line: expected its rows one after another"
            refused += [found.refused(why) for found in updates]
        yield from refused
        refused.clear()
        if incident:
            yield incident
    yield from refused


def _in_order(updates: list[Found[Update]], refused: list[Refused | Unkept]) -> Incident:
    """*updates* as they happened; those whose count contradicts their time are *refused*."""
    ordered = sorted(updates, key=lambda found: (found.row.sys_updated_at, found.row.sys_mod_count))
    counts = [found.row.sys_mod_count for found in ordered]
    if all(before < after for before, after in pairwise(counts)):
        return ordered
    kept = set(_longest_growing(counts))
    reason = "sys_mod_count: expected a count that grows with sys_updated_at, got {} ({} UTC)"
    refused += [
        found.refused(reason.format(found.row.sys_mod_count, f"{found.row.sys_updated_at:%F %R}"))
        for place, found in enumerate(ordered)
        if place not in kept
    ]
    return [ordered[place] for place in sorted(kept)]


def _longest_growing(counts: Sequence[int]) -> Iterator[int]:
    """The places, last first, of a longest part of *counts* that grows from each to the next.

    Patience sorting: the smallest number that a growing part of each length can end with.
    """
    ends: list[int] = []
    places: list[int] = []
    before: list[int | None] = []
    for place, number in enumerate(counts):
        length = bisect_left(ends, number)
        before.append(places[length - 1] if length else None)
        ends[length : length + 1] = [number]
        places[length : length + 1] = [place]
    at: int | None = places[-1]
    while at is not None:
        yield at
        at = before[at]
