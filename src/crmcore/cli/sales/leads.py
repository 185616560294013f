"""`crmcore leads` and `lead`: who showed interest, and how far that has come."""

import attrs
import click

from crmcore.cli.faults import Fault
from crmcore.cli.instants import beginning, end
from crmcore.cli.output import Column, emit, instant, say
from crmcore.cli.pages import after, emit_page, find, limit
from crmcore.cli.sales.options import (
    id_of,
    show_one,
    show_page,
    since,
    until,
)
from crmcore.cli.session import Options, reading, stale


@click.option("--status", metavar="STATUS", help="new, assigned, working, qualified, ...")
@click.option("--assignee", metavar="NAME", help="Who has them.")
@click.option("--unassigned", is_flag=True, help="Those that nobody has.")
@click.option("--source", metavar="SOURCE", help="website, event, referral, ...")
@since
@until
@limit
@after
@stale
@click.pass_obj
def leads(
    options: Options,
    status: str | None,
    assignee: str | None,
    unassigned: bool,
    source: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    after: str | None,
    stale: bool,
) -> None:
    """Carry out `crmcore leads`."""
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


@click.argument("lead", help="The lead's id.")
@stale
@click.pass_obj
def lead(options: Options, lead: str, stale: bool) -> None:
    """Carry out `crmcore lead`."""
    lead_id = id_of(lead, "a lead")
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
