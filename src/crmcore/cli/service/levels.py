"""`crmcore service-levels`: how many promises were kept, by group and over time."""

from collections.abc import Sequence
from typing import Annotated, Any

import attrs
import typer

import crmcore
from crmcore.cli.faults import WrongCallError, answering
from crmcore.cli.instants import last_moment
from crmcore.cli.output import Column, bar, emit, share, table
from crmcore.cli.service.options import MODES, AsOf, Judging, KnownAt, Since, Times, Until, Zone
from crmcore.cli.session import Stale, options_of, reading


def add_to(app: typer.Typer) -> None:
    """Put this command into *app*."""
    app.command("service-levels")(service_levels)


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
    options, times = options_of(ctx), Times.given(since, until, zone, as_of)
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
