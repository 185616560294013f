"""`crmcore service-metrics`: how service went in a period, in figures that say what they are."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import click

import crmcore
from crmcore.cli.faults import WrongCallError
from crmcore.cli.output import (
    NOTHING,
    Column,
    bar,
    counted,
    duration,
    emit,
    heading,
    instant,
    say,
    share,
    table,
)
from crmcore.cli.service.options import Times, as_of, since, until, zone
from crmcore.cli.session import Options, reading, stale
from crmcore.cli.values import AtLeast, OneOf
from crmcore.errors import InvalidValueError

GROUPS: Final = 20
OVER_TIME: Final = ("backlog-over-time",)
BY_HOURS: Final = "resolution-business-time"


@click.argument(
    "metrics", metavar="[METRIC]...", nargs=-1, help="These, with their groups; all without."
)
@since
@until
@zone
@click.option(
    "--every",
    type=OneOf(crmcore.PeriodLength),
    default=crmcore.PeriodLength.DAY.value,
    help="How often the backlog is counted.",
)
@click.option(
    "--hours", metavar="HOURS", multiple=True, help="Business hours: 'Mon-Fri 09:00-17:00'."
)
@click.option(
    "--window",
    metavar="DAYS",
    type=AtLeast(0),
    default=14,
    help="How long a solution must hold.",
)
@click.option("--definitions", is_flag=True, help="Say what each metric is.")
@as_of
@stale
@click.pass_obj
def service_metrics(
    options: Options,
    metrics: tuple[str, ...],
    since: str | None,
    until: str | None,
    zone: str,
    every: crmcore.PeriodLength,
    hours: tuple[str, ...],
    window: int,
    definitions: bool,
    as_of: str | None,
    stale: bool,
) -> None:
    """Carry out `crmcore service-metrics`."""
    times = Times.given(since, until, zone, as_of)
    wanted = [_metric(key) for key in metrics]
    calendar = _calendar(hours, times.zone) if hours else None
    with reading(options, "service_levels", stale=stale) as crm:
        period, moment = times.period(crm), times.as_of or crm.now()
        figures = crm.read.service_levels.metrics(
            period,
            metrics=wanted or crmcore.METRICS,
            as_of=moment,
            calendar=calendar,
            window=timedelta(days=window),
            every=every,
        )
    if options.json:
        query = {"from": period.since, "to": period.until, "zone": period.zone, "as_of": moment}
        emit(query | {"metrics": [_document(key, one) for key, one in figures.items()]})
        return
    say(f"{instant(period.since)} to {instant(period.until)} UTC, by the dates of {period.zone}")
    for key in wanted:
        _show_one(crmcore.METRICS[key], figures[key])
    if not wanted:
        say()
        _show_all(figures, definitions=definitions)


def _metric(key: str) -> str:
    if key in crmcore.METRICS:
        return key
    near = difflib.get_close_matches(key, crmcore.METRICS, n=1, cutoff=0.4)
    hint = f" (did you mean {near[0]}?)" if near else ""
    raise WrongCallError(f"there is no metric {key!r}{hint}: `crmcore service-metrics` lists all")


def _calendar(hours: Sequence[str], zone: str) -> crmcore.calendars.BusinessCalendar:
    try:
        return crmcore.calendars.BusinessCalendar(
            name="hours", zone=zone, weekly=crmcore.calendars.weekly(*hours)
        )
    except InvalidValueError as error:
        said = str(error).removeprefix("weekly: ")
        raise WrongCallError(f"--hours: {said}") from None


def _show_all(figures: Mapping[str, crmcore.Figure], *, definitions: bool) -> None:
    rows = [[key, _value(key, one.value), _behind(key, one)] for key, one in figures.items()]
    table([Column("Metric", whole=True), Column("Value", number=True), Column("Of")], rows)
    for key in figures if definitions else ():
        _define(crmcore.METRICS[key])


def _show_one(metric: crmcore.Metric, figure: crmcore.Figure) -> None:
    _define(metric)
    of = _behind(metric.key, figure)
    say(f"  {_value(metric.key, figure.value)}{f' ({of})' if of else ''}", style="bold green")
    if figure.groups:
        say()
        _show_groups(metric.key, figure.groups)


def _show_groups(key: str, groups: Mapping[str, crmcore.Figure]) -> None:
    """A bar for each group, the largest first; periods in their order, and all of them."""
    in_order = list(groups.items())
    if key not in OVER_TIME:
        in_order.sort(key=lambda one: -_size(one[1]))
    shown = in_order if key in OVER_TIME else in_order[:GROUPS]
    highest = max(_size(one) for one in groups.values())
    rows = [
        [name, _value(key, one.value), bar(_size(one) / highest if highest else None)]
        for name, one in shown
    ]
    table(["Group", Column("Value", number=True), Column("", whole=True)], rows)
    if len(shown) < len(in_order):
        say(f"and {len(in_order) - len(shown):,} more (--json lists all)", style="dim")


def _define(metric: crmcore.Metric) -> None:
    heading(f"{metric.key} ({metric.code})")
    say(metric.definition, indent=2)
    for name, text in metric.parts.items():
        said = {"None": "No value"}.get(name, name)
        say(f"{said}: {text}", indent=2, style="dim")


def _size(figure: crmcore.Figure) -> Decimal:
    value = figure.value
    return Decimal(0) if value is None or isinstance(value, timedelta) else Decimal(value)


def _value(key: str, value: Any) -> str:
    if value is None:
        return NOTHING
    if isinstance(value, timedelta):
        return _time(key, value)
    if isinstance(value, Decimal):
        return share(value) if _is_share(key) else f"{value:,.2f}" if value >= 1 else f"{value:.2g}"
    return f"{value:,}"


def _is_share(key: str) -> bool:
    return crmcore.METRICS[key].parts["Unit"].startswith("share")


def _time(key: str, span: timedelta) -> str:
    return duration(span, days=key != BY_HOURS)


def _behind(key: str, one: crmcore.Figure) -> str:
    """What a value was computed from, in words."""
    if one.denominator is None:
        return "give --hours" if key == BY_HOURS and one.value is None else ""
    if isinstance(one.numerator, timedelta):
        middle = "" if one.median is None else f", median {_time(key, one.median)}"
        return f"{counted(one.denominator, 'case')}{middle}"
    averaged = isinstance(one.value, Decimal) and not _is_share(key)
    return f"{one.numerator or 0:,} {'/' if averaged else 'of'} {one.denominator:,}"


def _document(key: str, one: Any) -> dict[str, Any]:
    metric = crmcore.METRICS[key]
    parts = {name.lower(): text for name, text in metric.parts.items()}
    known = {"key": key, "code": metric.code, "definition": metric.definition, "rules": parts}
    return known | asdict(one)
