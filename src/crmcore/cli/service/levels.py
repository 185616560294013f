"""`crmcore service-levels`: how many promises were kept, by group and over time."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click

import crmcore
from crmcore.cli.instants import last_moment
from crmcore.cli.output import NOTHING, Column, bar, emit, share, table
from crmcore.cli.service.options import MODES, Judging, Times, as_of, known_at, since, until, zone
from crmcore.cli.session import Options, reading, stale
from crmcore.cli.values import OneOf


@since
@until
@click.option("--by", type=OneOf(crmcore.Grouping), help="What to break the figures down by.")
@click.option("--period", type=OneOf(crmcore.PeriodLength), help="Show each of them in turn.")
@click.option(
    "--per",
    type=OneOf(crmcore.Unit),
    default=crmcore.Unit.TARGET.value,
    help="Each target, or each case with all of its targets.",
)
@click.option(
    "--mode",
    type=OneOf(Judging),
    default=Judging.TO_DATE.value,
    help="to-date: open and overdue is breached; completed: that is left out.",
)
@zone
@as_of
@known_at
@stale
@click.pass_obj
def service_levels(
    options: Options,
    since: str | None,
    until: str | None,
    by: crmcore.Grouping | None,
    period: crmcore.PeriodLength | None,
    per: crmcore.Unit,
    mode: Judging,
    zone: str,
    as_of: str | None,
    known_at: str | None,
    stale: bool,
) -> None:
    """Carry out `crmcore service-levels`."""
    known_by = last_moment("--known-at", known_at, zone)
    times = Times.given(since, until, zone, as_of)
    judging: dict[str, Any] = {"mode": MODES[mode], "unit": per}
    with reading(options, "service_levels", stale=stale) as crm:
        judging["as_of"] = times.as_of or known_by or crm.now()
        read = crm.read if known_by is None else crm.read.known_at(known_by)
        bounds: dict[str, Any] = {"since": times.since, "until": times.until}
        parts: Sequence[Any] = ()
        if period is not None:
            whole = times.period(crm)
            bounds = {"since": whole.since, "until": whole.until}
            parts = read.service_levels.over_time(whole, period, by=by, **judging)
        report = read.service_levels.compliance(by=by, **judging, **bounds)
    if options.json:
        query = {"as_of": judging["as_of"], "from": bounds["since"], "to": bounds["until"]}
        query |= {
            "known_at": known_by,
            "zone": times.zone,
            "by": by,
            "mode": mode,
            "per": per,
            "period": period,
        }
        emit(query | compliance_document(report) | {"periods": [_period(one, by) for one in parts]})
    elif by is not None and period is not None:
        _show_by_period(parts, report.total, by, period)
    else:
        parts_or_groups = [one.total for one in parts] or report.groups
        show_compliance(parts_or_groups, report.total, by or period)


def compliance_document(report: Any) -> dict[str, Any]:
    """The figures for JSON."""
    document = asdict(report)
    del document["total"]["group"]
    return document


def _period(one: Any, by: crmcore.Grouping | None) -> dict[str, Any]:
    document = {"from": one.since, "to": one.until} | asdict(one.total)
    return document if by is None else document | {"groups": asdict(one)["groups"]}


def show_compliance(groups: Sequence[Any], total: Any, by: str | None) -> None:
    """A row for each group, and the total, with a bar for compliance."""
    first = Column(by.capitalize() if by else "", whole=by == crmcore.Grouping.CUSTOMER)
    _show([first], [([one.group], one) for one in [*groups, total]], total)


def _show_by_period(
    parts: Sequence[Any], total: Any, by: crmcore.Grouping, period: crmcore.PeriodLength
) -> None:
    """A row for each group in each period; one for a period in which nothing was judged."""
    columns = [
        Column(period.capitalize(), whole=True),
        Column(by.capitalize(), whole=by is crmcore.Grouping.CUSTOMER),
    ]
    rows = [
        ([part.total.group, NOTHING if one is part.total else one.group], one)
        for part in parts
        for one in part.groups or (part.total,)
    ]
    _show(columns, [*rows, (["total", ""], total)], total)


def _show(
    columns: Sequence[Column], rows: Sequence[tuple[Sequence[object], Any]], total: Any
) -> None:
    """A table of compliance, the total last.

    What is not judged has a column where there is any, which leaves the names their width.
    """
    apart = {"running": "Running", "paused": "Paused", "none": "No target"}
    apart = {name: title for name, title in apart.items() if getattr(total, name)}
    titles = ("Met", "Breached", *apart.values(), "Compliance")
    numbers = [Column(title, number=True) for title in titles]
    cells = [
        [
            *names,
            one.met,
            one.breached,
            *(getattr(one, name) for name in apart),
            share(one.rate),
            bar(one.rate, 10),
        ]
        for names, one in rows
    ]
    table([*columns, *numbers, Column("", whole=True)], cells, total=True)
