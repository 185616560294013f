"""`crmcore escalations`: which warnings and breaches nobody has recorded yet."""

from typing import Annotated, Any

import typer

import crmcore
from crmcore.cli.faults import WrongCallError
from crmcore.cli.instants import FORM, end
from crmcore.cli.output import NOTHING, Column, counted, emit, instant, say, table
from crmcore.cli.service.options import Limit
from crmcore.cli.service.targets import target_name
from crmcore.cli.session import Stale, options_of, reading


def escalations(
    ctx: typer.Context,
    until: Annotated[
        str | None, typer.Option("--until", metavar="T", help=f"Before then: {FORM}. Now without.")
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", metavar="", help="Record them, each once.")
    ] = False,
    limit: Limit = 20,
    stale: Stale = False,
) -> None:
    """Carry out `crmcore escalations`."""
    options, moment = options_of(ctx), end("--until", until)
    if record and stale:
        raise WrongCallError("--record brings the read model up to date: leave out --stale")
    with reading(options, "service_levels", stale=stale) as crm:
        moment = moment or crm.now()
        found = crm.read.cases.escalations(moment)
        done = crm.due(moment) if record else None
    if options.json:
        recorded = None if done is None else [_event_document(one) for one in done.events]
        listed = [_escalation_document(one) for one in found[:limit]]
        emit({"until": moment, "count": len(found), "due": listed, "recorded": recorded})
        return
    if found:
        table(
            [
                Column("When (UTC)", whole=True),
                Column("Case", whole=True),
                "Target",
                "What",
                "Action",
                Column("Due (UTC)", whole=True),
            ],
            [
                [
                    instant(one.at),
                    one.number or one.case_id,
                    target_name(one),
                    one.name,
                    one.action or NOTHING,
                    instant(one.due_at),
                ]
                for one in found[:limit]
            ],
        )
    more = f", {len(found) - limit:,} of them not shown (--limit)" if len(found) > limit else ""
    say(f"{counted(len(found), 'escalation')} before {instant(moment)} UTC{more}.", style="dim")
    if done is not None:
        say(f"{counted(len(done.events), 'event')} recorded.")


def _escalation_document(one: Any) -> dict[str, Any]:
    names = ("case_id", "number", "cycle", "target", "occurrence", "policy", "name", "action")
    return {name: getattr(one, name) for name in (*names, "at", "due_at")}


def _event_document(one: crmcore.Recorded) -> dict[str, Any]:
    return {
        "case_id": one.stream_id,
        "topic": one.topic,
        "at": one.occurred_at,
        "position": one.position,
    }
