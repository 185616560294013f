"""`crmcore service-levels`: how many promises were kept, by group and over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Any

import attrs
import typer

import crmcore
from crmcore.cli.faults import WrongCallError, answering
from crmcore.cli.instants import FORM, beginning, end, last_moment
from crmcore.cli.output import (
    Column,
    bar,
    emit,
    share,
    table,
)
from crmcore.cli.session import Stale, options_of, reading
from crmcore.errors import InvalidValueError

__all__ = [
    "AsOf",
    "KnownAt",
    "Since",
    "Times",
    "Until",
    "Zone",
    "add_to",
    "compliance_document",
    "show_compliance",
    "zone_named",
]


class Judging(StrEnum):
    """What to make of a target that is open and overdue."""

    TO_DATE = "to-date"
    COMPLETED = "completed"


MODES = {Judging.TO_DATE: crmcore.Mode.TO_DATE, Judging.COMPLETED: crmcore.Mode.COMPLETED}
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="T", help=f"Seen from then: {FORM}.")]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", metavar="T", help=f"As it was recorded by then: {FORM}.")
]
Since = Annotated[str | None, typer.Option("--from", metavar="A", help="From then on.")]
Until = Annotated[
    str | None,
    typer.Option("--to", metavar="B", help="Before then, or until the end of that date."),
]
Zone = Annotated[
    str, typer.Option("--zone", metavar="ZONE", help="Whose dates: Europe/Berlin, say.")
]


def add_to(app: typer.Typer) -> None:
    """Put this command into *app*."""
    app.command("service-levels")(service_levels)


@attrs.frozen
class Times:
    """A period asked for, where it was, and the moment from which it is seen."""

    since: datetime | None
    until: datetime | None
    zone: str
    as_of: datetime | None

    @classmethod
    def told(cls, since: str | None, until: str | None, zone: str, as_of: str | None) -> "Times":
        """What the options say; ``WrongCallError`` where that cannot be."""
        zone = zone_named(zone)
        start, stop = beginning("--from", since, zone), end("--to", until, zone)
        if start is not None and stop is not None and start >= stop:
            raise WrongCallError(f"--from {since} is not before --to {until}: nothing lies between")
        return cls(start, stop, zone, last_moment("--as-of", as_of, zone))

    def period(self, crm: crmcore.CRM) -> crmcore.Period:
        """The period; where an end was left out, that of what is known."""
        known = crm.read.service_period(zone=self.zone, as_of=self.as_of)
        now = self.as_of or crm.now()
        since = self.since or (known.since if known else now)
        until = self.until or (known.until if known else now)
        if since >= until:
            until = since + timedelta(microseconds=1)
        return crmcore.Period(since, until, self.zone)


def zone_named(zone: str) -> str:
    """*zone*, if it is one; ``WrongCallError`` with the nearest one otherwise."""
    try:
        return crmcore.calendars.known_zone(zone)
    except InvalidValueError as error:
        raise WrongCallError(f"--{error}") from None


@answering
def service_levels(
    ctx: typer.Context,
    since: Since = None,
    until: Until = None,
    by: Annotated[
        crmcore.Grouping | None, typer.Option("--by", help="What to break the figures down by.")
    ] = None,
    period: Annotated[
        crmcore.PeriodLength | None, typer.Option("--period", help="Show each of them in turn.")
    ] = None,
    per: Annotated[
        crmcore.Unit,
        typer.Option("--per", help="Each target, or each case with all of its targets."),
    ] = crmcore.Unit.TARGET,
    mode: Annotated[
        Judging,
        typer.Option(
            "--mode", help="to-date: open and overdue is breached; completed: that is left out."
        ),
    ] = Judging.TO_DATE,
    zone: Zone = "UTC",
    as_of: AsOf = None,
    known_at: KnownAt = None,
    stale: Stale = False,
) -> None:
    """How many targets were met, and how many were not.

    A target counts at the instant when it was completed, or else was due; compliance is met
    of met and breached.  What is told late restates it: --known-at shows what was known before.
    """
    known_by = last_moment("--known-at", known_at, zone)
    options, times = options_of(ctx), Times.told(since, until, zone, as_of)
    if by is not None and period is not None:
        raise WrongCallError("--by and --period cannot go together: ask once for each")
    judging: dict[str, Any] = {"mode": MODES[mode], "unit": per}
    with reading(options, "service_levels", stale=stale) as crm:
        judging["as_of"] = times.as_of or known_by or crm.now()
        read = crm.read if known_by is None else crm.read.known_at(known_by)
        bounds: dict[str, Any] = {"since": times.since, "until": times.until}
        parts: Sequence[Any] = ()
        if period is not None:
            whole = times.period(crm)
            bounds = {"since": whole.since, "until": whole.until}
            parts = read.service_levels_over_time(whole, period, **judging)
        groups, total = read.service_levels(by=by, **judging, **bounds)
    if options.json:
        asked = {"as_of": judging["as_of"], "from": bounds["since"], "to": bounds["until"]}
        asked |= {
            "known_at": known_by,
            "zone": times.zone,
            "by": by,
            "mode": mode,
            "per": per,
            "period": period,
        }
        emit(asked | compliance_document(groups, total) | _over_time(parts))
    else:
        show_compliance([one for _, one in parts] or groups, total, by or period)


def compliance_document(groups: Sequence[Any], total: Any) -> dict[str, Any]:
    """The figures for JSON."""
    return {
        "groups": [attrs.asdict(one) | {"rate": one.rate} for one in groups],
        "total": {name: value for name, value in attrs.asdict(total).items() if name != "group"}
        | {"rate": total.rate},
    }


def _over_time(parts: Sequence[Any]) -> dict[str, Any]:
    return {
        "periods": [
            {"from": part.since, "to": part.until} | attrs.asdict(one) | {"rate": one.rate}
            for part, one in parts
        ]
    }


def show_compliance(groups: Sequence[Any], total: Any, by: str | None) -> None:
    """A row for each group, and the total, with a bar for compliance.

    What is not judged has a column where there is any, which leaves the names their width.
    """
    apart = {"running": "Running", "paused": "Paused", "none": "Nothing owed"}
    apart = {name: title for name, title in apart.items() if getattr(total, name)}
    rows = [
        [one.group, one.met, one.breached]
        + [getattr(one, name) for name in apart]
        + [share(one.rate), bar(one.rate, 10)]
        for one in [*groups, total]
    ]
    first = Column(by.capitalize() if by else "", whole=by == crmcore.Grouping.CUSTOMER)
    titles = ("Met", "Breached", *apart.values(), "Compliance")
    numbers = [Column(title, number=True) for title in titles]
    table([first, *numbers, Column("", whole=True)], rows, total=True)
