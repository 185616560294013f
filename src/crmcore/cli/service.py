"""`crmcore service-levels` and `crmcore case`: by when cases were to be solved, and whether they were."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, Any

import attrs
import typer

import crmcore
from crmcore.cli.faults import Fault, answering
from crmcore.cli.instants import FORM, beginning, end, last_moment
from crmcore.cli.output import Column, bar, duration, emit, heading, instant, say, share, table
from crmcore.cli.session import Stale, options_of, reading
from crmcore.cli.timeline import Line, timeline, who
from crmcore.cli.wording import sentence

__all__ = ["add_to", "compliance_document", "show_compliance"]


class Judging(StrEnum):
    """What to make of a case that is open and overdue."""

    TO_DATE = "to-date"
    COMPLETED = "completed"


MODES = {Judging.TO_DATE: crmcore.Mode.TO_DATE, Judging.COMPLETED: crmcore.Mode.COMPLETED}
AsOf = Annotated[str | None, typer.Option("--as-of", metavar="T", help=f"Seen from then: {FORM}.")]


def add_to(app: typer.Typer) -> None:
    """Put these commands into *app*."""
    app.command("service-levels")(service_levels)
    app.command("case")(case)


@answering
def service_levels(
    ctx: typer.Context,
    since: Annotated[
        str | None, typer.Option("--from", metavar="A", help="Judged from then on.")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="B", help="Judged before then; a date counts.")
    ] = None,
    by: Annotated[
        crmcore.Grouping | None, typer.Option("--by", help="What to break the figures down by.")
    ] = None,
    mode: Annotated[
        Judging, typer.Option("--mode", help="to-date: open and overdue is breached; or completed.")
    ] = Judging.TO_DATE,
    as_of: AsOf = None,
    stale: Stale = False,
) -> None:
    """How many cases met the target for their solution, and how many did not.

    A case counts at the instant when it was solved, or else was due.
    """
    options = options_of(ctx)
    start, stop = beginning("--from", since), end("--to", until)
    with reading(options, "service_levels", stale=stale) as crm:
        moment = last_moment("--as-of", as_of) or crm.now()
        groups, total = crm.read.service_levels(
            as_of=moment, by=by, mode=MODES[mode], since=start, until=stop
        )
    if options.json:
        asked = {"as_of": moment, "from": start, "to": stop, "by": by, "mode": mode}
        emit(asked | compliance_document(groups, total))
    else:
        show_compliance(groups, total, by)


def compliance_document(groups: Sequence[Any], total: Any) -> dict[str, Any]:
    """The figures for JSON."""
    return {
        "groups": [attrs.asdict(one) | {"rate": one.rate} for one in groups],
        "total": {name: value for name, value in attrs.asdict(total).items() if name != "group"}
        | {"rate": total.rate},
    }


def show_compliance(groups: Sequence[Any], total: Any, by: str | None) -> None:
    """A row for each group, and the total."""
    counts = ("Met", "Breached", "Running", "No target")
    rows = [
        [
            one.group,
            one.met,
            one.breached,
            one.running,
            one.none,
            share(one.rate),
            bar(one.rate, 10),
        ]
        for one in [*groups, total]
    ]
    first = Column(by.capitalize() if by else "")
    numbers = [Column(title, number=True) for title in (*counts, "Compliance")]
    table([first, *numbers, Column("", whole=True)], rows, total=True)


@answering
def case(
    ctx: typer.Context,
    case: Annotated[str, typer.Argument(help="The case's id or number.")],
    as_of: AsOf = None,
    stale: Stale = False,
) -> None:
    """One case: its targets, by when they were due, and what became of them."""
    options = options_of(ctx)
    with reading(options, "service_levels", stale=stale) as crm:
        moment = last_moment("--as-of", as_of) or crm.now()
        cycles = crm.read.case(case.strip(), as_of=moment)
        ids = list(dict.fromkeys(one.case_id for one in cycles))
        if not ids:
            raise Fault(
                f"there is no case {case!r}{f' by {as_of}' if as_of else ''}: give its id or number"
            )
        if len(ids) > 1:
            raise Fault(
                f"{len(ids)} cases have the number {case}, give an id: {', '.join(map(str, ids))}"
            )
        events = [one for one in crm.events(stream_id=ids[0]) if one.occurred_at <= moment]
    if options.json:
        emit({"case_id": ids[0], "as_of": moment, "cycles": [_document(one) for one in cycles]})
        return
    latest = cycles[-1]
    say(f"Case {latest.number or latest.case_id}: {latest.subject}", style="bold")
    facts = {
        "": latest.status,
        "priority": latest.priority,
        "queue": latest.queue,
        "agent": latest.agent,
    }
    say(", ".join(f"{name} {fact}".strip() for name, fact in facts.items() if fact))
    say()
    table(["", *(Column(f"Cycle {one.cycle}") for one in cycles)], _facts(cycles))
    heading("What happened")
    timeline([_line(one) for one in events])


def _facts(cycles: Sequence[Any]) -> list[list[object]]:
    """A row for each thing to know of a cycle."""
    return [
        ["Opened", *(instant(one.opened_at) for one in cycles)],
        ["First answer", *(instant(one.first_response_at) for one in cycles)],
        ["Due", *(instant(one.due_at) for one in cycles)],
        ["Target", *(one.policy for one in cycles)],
        ["Solved", *(instant(one.completed_at) for one in cycles)],
        ["Elapsed", *(duration(one.elapsed) for one in cycles)],
        ["Remaining", *(duration(one.remaining) for one in cycles)],
        ["Verdict", *(one.verdict().value for one in cycles)],
    ]


def _document(one: Any) -> dict[str, Any]:
    derived = {"verdict": one.verdict(), "elapsed": one.elapsed, "remaining": one.remaining}
    return attrs.asdict(one) | derived


def _line(one: crmcore.Recorded) -> Line:
    return Line(
        position=one.position,
        occurred_at=one.occurred_at,
        recorded_at=one.recorded_at,
        says=sentence(one.topic, one.data),
        who=who(one.actor, one.source),
    )
