"""`crmcore feedback`: what customers think of how their cases were solved."""

from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

import click

import crmcore
from crmcore.cli.faults import WrongCallError
from crmcore.cli.instants import beginning, end, last_moment
from crmcore.cli.output import NOTHING, Column, bar, emit, say, share, table
from crmcore.cli.service.options import Judging, as_of, zone_named
from crmcore.cli.session import Options, reading, stale
from crmcore.cli.values import OneOf
from crmcore.commands import SurveyKind


@click.option("--from", "since", metavar="A", help="Offered from then on.")
@click.option("--to", "until", metavar="B", help="Offered before then, or on that date.")
@click.option("--kind", type=OneOf(SurveyKind), help="One kind of survey alone.")
@click.option(
    "--by", type=OneOf(crmcore.FeedbackGrouping), help="What to break the figures down by."
)
@click.option(
    "--mode",
    type=OneOf(Judging),
    default=Judging.TO_DATE.value,
    help="completed: surveys that are open do not lower the rate.",
)
@click.option("--zone", metavar="ZONE", default="UTC", help="By whose clocks months begin.")
@as_of
@stale
@click.pass_obj
def feedback(
    options: Options,
    since: str | None,
    until: str | None,
    kind: SurveyKind | None,
    by: crmcore.FeedbackGrouping | None,
    mode: Judging,
    zone: str,
    as_of: str | None,
    stale: bool,
) -> None:
    """Carry out `crmcore feedback`."""
    zone = zone_named(zone)
    start, stop = beginning("--from", since), end("--to", until)
    if start is not None and stop is not None and start >= stop:
        raise WrongCallError(f"--from {since} is not before --to {until}: nothing lies between")
    with reading(options, "feedback", stale=stale) as crm:
        moment = last_moment("--as-of", as_of) or crm.now()
        found = crm.read.surveys.results(
            by=by, kind=kind, as_of=moment, since=start, until=stop, zone=zone
        )
    if options.json:
        query = {"as_of": moment, "from": start, "to": stop, "kind": kind, "by": by, "mode": mode}
        emit(
            query
            | {"groups": [_document(one, mode) for one in found.groups]}
            | {"totals": [_document(one, mode) for one in found.totals]}
        )
    elif found.totals:
        _show([*found.groups, *found.totals] if by else found.totals, by, mode)
        say(EXPLAINED, style="dim")
    else:
        say("No survey was offered then.")


def _document(one: Any, mode: Judging) -> dict[str, Any]:
    """A result for JSON, with the one rate of answers that was asked for."""
    document = asdict(one)
    del document["completed_response_rate"]
    scores = {given.score: given.count for given in one.scores}
    return document | {"scores": scores, "response_rate": _response_rate(one, mode)}


def _response_rate(one: Any, mode: Judging) -> Decimal | None:
    rate: Decimal | None = one.response_rate
    if mode is Judging.COMPLETED:
        rate = one.completed_response_rate
    return rate


def _show(results: Sequence[Any], by: str | None, mode: Judging) -> None:
    """A row for each kind of survey and group, and the totals."""
    rows = []
    for one in results:
        counts = (one.offered, one.answered, one.expired, one.open)
        rate = share(_response_rate(one, mode))
        rows.append([one.kind.upper(), one.group, *counts, rate, *_score(one)])
    titles = ("Offered", "Answered", "Expired", "Open", "Answer rate", "Score")
    first = Column("Survey", whole=True), Column(by.capitalize() if by else "")
    table([*first, *(Column(title, number=True) for title in titles), Column("", whole=True)], rows)


def _score(one: Any) -> tuple[str, Any]:
    """The figure of a kind of survey, and a bar that is full at the best."""
    if one.kind is SurveyKind.CSAT:
        return share(one.csat), bar(one.csat, 10)
    if one.kind is SurveyKind.NPS:
        said = NOTHING if one.nps is None else f"{one.nps:+.0f}"
        return said, bar(None if one.nps is None else (one.nps + 100) / 200, 10)
    return NOTHING if one.ces is None else f"{one.ces:.2f}", bar(_of_seven(one.ces), 10)


def _of_seven(ces: Decimal | None) -> Decimal | None:
    return None if ces is None else (ces - 1) / 6


EXPLAINED = (
    "CSAT: share of answers 4 and 5 (of 5). NPS: % of 9 and 10 less % of 0 to 6, -100 to 100."
    " CES: mean of 1 (very hard) to 7 (very easy)."
)
