"""`crmcore opportunities`, `opportunity` and `pipeline`: the deals, and what they come to."""

import attrs
import click

from crmcore.cli.customers.naming import customer_named
from crmcore.cli.faults import Fault
from crmcore.cli.output import NOTHING, Column, emit, instant, money, say, table
from crmcore.cli.pages import after, emit_page, find, limit
from crmcore.cli.sales.options import (
    customer,
    id_of,
    show_one,
    show_page,
)
from crmcore.cli.session import Options, reading, stale


@customer
@click.option("--status", metavar="STATUS", help="open, won or lost.")
@click.option("--stage", metavar="STAGE", help="In this stage.")
@limit
@after
@stale
@click.pass_obj
def opportunities(
    options: Options,
    customer: str | None,
    status: str | None,
    stage: str | None,
    limit: int,
    after: str | None,
    stale: bool,
) -> None:
    """Carry out `crmcore opportunities`."""
    with reading(options, "opportunities", stale=stale) as crm:
        page = find(
            crm.read.opportunities.find,
            customer_id=None if customer is None else customer_named(crm, customer),
            status=status,
            stage=stage,
            limit=limit,
            after=after,
        )
    if options.json:
        emit_page("opportunities", [attrs.asdict(one) for one in page.items], page.next)
        return
    rows = [
        [
            one.name,
            f"{one.opened_at:%Y-%m-%d}",
            one.stage if one.status == "open" else one.status,
            NOTHING if one.amount is None else money(one.amount, one.currency),
            f"{one.probability} %",
            one.expected_close,
        ]
        for one in page.items
    ]
    columns = [
        "Deal",
        Column("Opened", whole=True),
        "Stage",
        Column("Amount", number=True),
        Column("Chance", number=True),
        Column("Expected", whole=True),
    ]
    show_page(page, columns, rows, "deal", by_id="opportunity")


@click.argument("opportunity", help="The opportunity's id.")
@stale
@click.pass_obj
def opportunity(options: Options, opportunity: str, stale: bool) -> None:
    """Carry out `crmcore opportunity`."""
    opportunity_id = id_of(opportunity, "an opportunity")
    with reading(options, "opportunities", stale=stale) as crm:
        found = crm.read.opportunities.get(opportunity_id)
        if found is None:
            raise Fault(f"there is no opportunity {opportunity_id}")
        if options.json:
            emit(attrs.asdict(found))
            return
        say(found.name, style="bold")
        facts = {
            "status": found.status,
            "stage": found.stage,
            "probability": f"{found.probability} %",
            "amount": None if found.amount is None else money(found.amount, found.currency),
            "customer": found.customer_id,
            "expected to close": found.expected_close,
            "closed (UTC)": None if found.closed_at is None else instant(found.closed_at),
            "lost because of": found.reason,
        }
        show_one(crm, opportunity_id, facts)


@click.argument("name", metavar="[PIPELINE]", default="sales", help="Its key; sales if left out.")
@stale
@click.pass_obj
def pipeline(options: Options, name: str, stale: bool) -> None:
    """Carry out `crmcore pipeline`."""
    with reading(options, "opportunities", stale=stale) as crm:
        totals = crm.read.opportunities.pipeline(name)
    if options.json:
        emit({"pipeline": name, "stages": [attrs.asdict(one) for one in totals]})
        return
    if not totals:
        say(f"No deal is open in pipeline {name!r}.")
        return
    columns: list[Column | str] = ["Stage"]
    columns += [Column(one, number=True) for one in ("Deals", "Amount", "Weighted")]
    rows = [
        [
            one.stage,
            one.opportunities,
            *(
                NOTHING if one.currency is None else money(amount, one.currency)
                for amount in (one.amount, one.weighted)
            ),
        ]
        for one in totals
    ]
    table(columns, rows)
