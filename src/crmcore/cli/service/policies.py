"""`crmcore service-policies`: which service levels are in force."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import compress, groupby
from typing import Any, Final

import attrs
import click

import crmcore
from crmcore import commands
from crmcore.cli.instants import last_moment
from crmcore.cli.output import NOTHING, counted, duration, emit, instant, say, table
from crmcore.cli.service.options import as_of
from crmcore.cli.session import Options, existing

TITLES: Final = (
    *("Policy", "Holds for", "Target", "Within", "Calendar", "Paused while", "Warns at"),
)
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
CONDITIONS: Final = {
    "priorities": "priority",
    "kinds": "kind",
    "channels": "channel",
    "queues": "queue",
    "categories": "category",
    "request_types": "request type",
    "customers": "customer",
}
OTHER_DAYS: Final = (("holidays", "holiday"), ("shifted", "shifted day"), ("breaks", "break"))


@as_of
@click.pass_obj
def service_policies(options: Options, as_of: str | None) -> None:
    """Carry out `crmcore service-policies`."""
    moment = last_moment("--as-of", as_of)
    with existing(options) as crm:
        moment = moment or crm.now()
        found = crm.read.service_levels.in_force(as_of=moment)
        since = found.at if found.at.year > 1 else None  # the standard ones always held
        if options.json:
            emit({"as_of": moment, "since": since} | _document(crm, found, moment))
            return
    always = "until others are defined" if since is None else f"since {instant(since)} UTC"
    say(f"Service levels {found.version}, {always}", style="bold")
    if found.policies:
        rows = [row for one in found.policies for row in _rows(one)]
        used = [any(row[at] != NOTHING for row in rows) for at in range(len(TITLES))]
        table([*compress(TITLES, used)], [[*compress(row, used)] for row in rows])
    else:
        say("No case has a target.")
    for calendar in found.calendars:
        say(f"{calendar.name}: {_hours(calendar)}.", style="dim")


def _document(crm: crmcore.CRM, found: Any, moment: Any) -> dict[str, Any]:
    command = commands.DefineServiceLevels(
        version=found.version, policies=found.policies, calendars=found.calendars, at=moment
    )
    fields = crm.fields(command)
    return {name: fields[name] for name in ("version", "policies", "calendars")}


def _rows(policy: Any) -> Iterator[list[object]]:
    """A row for each target; the policy stands beside the first."""
    head: list[object] = [policy.name, _condition(policy.when)]
    if not policy.targets:
        yield [*head, "no target", *([NOTHING] * 4)]
    for target in policy.targets:
        warns = ", ".join(one.name for one in target.warnings)
        still = ", ".join(one.value.replace("_", " ") for one in target.pauses)
        kind = target.kind.value.replace("_", " ")
        yield [*head, kind, _within(target), target.calendar, still or NOTHING, warns or NOTHING]
        head = ["", ""]


def _condition(when: Any) -> str:
    """What a case must be, in words."""
    conditions = attrs.asdict(when, recurse=False)
    parts = [
        f"{CONDITIONS[name]} {', '.join(str(one) for one in wanted)}"
        for name, wanted in conditions.items()
        if wanted
    ]
    return "; ".join(parts) or "all cases"


def _within(target: Any) -> str:
    how, allowed = target.allowed
    if isinstance(allowed, timedelta):
        return duration(allowed, days=False)
    if how == "business_days":
        return counted(allowed, "business day")
    return f"close of business day {allowed}"


def _hours(calendar: Any) -> str:
    """The hours of a week as people write them, and how many days are not like the others."""
    others = [counted(len(getattr(calendar, name)), one) for name, one in OTHER_DAYS]
    some = [text for text in others if not text.startswith("0 ")]
    return ", ".join([calendar.zone, *_weekly(calendar.weekly), *some])


def _weekly(weekly: Iterable[Any]) -> Iterator[str]:
    """The hours of a week, consecutive days with the same hours together."""
    by_day: dict[int, list[str]] = {}
    for part in weekly:
        by_day.setdefault(part.weekday, []).append(f"{part.opens}-{part.closes}")
    numbered = enumerate(sorted(by_day))
    for (hours, _), run in groupby(numbered, key=lambda one: (by_day[one[1]], one[1] - one[0])):
        days = [WEEKDAYS[day - 1] for _, day in run]
        yield f"{'-'.join(dict.fromkeys((days[0], days[-1])))} {', '.join(hours)}"
