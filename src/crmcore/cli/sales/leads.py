"""`crmcore leads` and `lead`: who showed interest, and how far that has come."""

from typing import Annotated

import attrs
import typer

from crmcore.cli.faults import Fault
from crmcore.cli.instants import beginning, end
from crmcore.cli.output import Column, emit, instant, say
from crmcore.cli.pages import FIRST, After, Limit, emit_page, find
from crmcore.cli.sales.options import (
    Since,
    Until,
    id_of,
    show_one,
    show_page,
)
from crmcore.cli.session import Stale, options_of, reading


def leads(
    ctx: typer.Context,
    status: Annotated[
        str | None,
        typer.Option("--status", metavar="STATUS", help="new, assigned, working, qualified, ..."),
    ] = None,
    assignee: Annotated[
        str | None, typer.Option("--assignee", metavar="NAME", help="Who has them.")
    ] = None,
    unassigned: Annotated[
        bool, typer.Option("--unassigned", metavar="", help="Those that nobody has.")
    ] = False,
    source: Annotated[
        str | None, typer.Option("--source", metavar="SOURCE", help="website, event, referral, ...")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = FIRST,
    after: After = None,
    stale: Stale = False,
) -> None:
    """Carry out `crmcore leads`."""
    options = options_of(ctx)
    captured_from, captured_before = beginning("--from", since), end("--to", until)
    with reading(options, "leads", stale=stale) as crm:
        page = find(
            crm.read.leads.find,
            status=status,
            assignee=assignee,
            assigned=False if unassigned else None,
            source=source,
            captured_from=captured_from,
            captured_before=captured_before,
            limit=limit,
            after=after,
        )
    if options.json:
        emit_page("leads", [attrs.asdict(one) for one in page.items], page.next)
        return
    rows = [
        [
            one.name or one.company or one.lead_id,
            f"{one.captured_at:%Y-%m-%d}",
            one.source.replace("_", " "),
            one.status,
            one.assignee,
            f"{one.score.total:.0f} {one.score.band}",
        ]
        for one in page.items
    ]
    columns = [
        "Lead",
        Column("Captured", whole=True),
        "Source",
        "Status",
        "Assignee",
        Column("Score", number=True),
    ]
    show_page(page, columns, rows, "lead", by_id="lead")


def lead(
    ctx: typer.Context,
    lead: Annotated[str, typer.Argument(metavar="LEAD", help="The lead's id.")],
    stale: Stale = False,
) -> None:
    """Carry out `crmcore lead`."""
    options, lead_id = options_of(ctx), id_of(lead, "a lead")
    with reading(options, "leads", stale=stale) as crm:
        found = crm.read.leads.get(lead_id)
        if found is None:
            raise Fault(f"there is no lead {lead_id}")
        if options.json:
            emit(attrs.asdict(found))
            return
        say(f"Lead {found.name or found.company or found.lead_id}", style="bold")
        score = found.score
        facts = {
            "company": found.company,
            "status": found.status,
            "source": found.source.replace("_", " "),
            "captured (UTC)": instant(found.captured_at),
            "assignee": found.assignee,
            "score": f"{score.total} {score.band} (fit {score.fit}, engagement {score.engagement})",
            "customer": found.customer_id,
            "opportunity": found.opportunity_id,
        }
        show_one(crm, lead_id, facts)
