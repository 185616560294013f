"""`crmcore opportunities`, `opportunity` and `pipeline`: the deals, and what they come to."""

from typing import Annotated

import attrs
import typer

from crmcore.cli.customers.naming import customer_named
from crmcore.cli.faults import Fault
from crmcore.cli.output import NOTHING, Column, emit, instant, money, say, table
from crmcore.cli.pages import FIRST, After, Limit, emit_page, find
from crmcore.cli.sales.options import (
    Customer,
    id_of,
    show_one,
    show_page,
)
from crmcore.cli.session import Stale, options_of, reading


def opportunities(
    ctx: typer.Context,
    customer: Customer = None,
    status: Annotated[
        str | None, typer.Option("--status", metavar="STATUS", help="open, won or lost.")
    ] = None,
    stage: Annotated[
        str | None, typer.Option("--stage", metavar="STAGE", help="In this stage.")
    ] = None,
    limit: Limit = FIRST,
    after: After = None,
    stale: Stale = False,
) -> None:
    """Carry out `crmcore opportunities`."""
    options = options_of(ctx)
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


def opportunity(
    ctx: typer.Context,
    opportunity: Annotated[
        str, typer.Argument(metavar="OPPORTUNITY", help="The opportunity's id.")
    ],
    stale: Stale = False,
) -> None:
    """Carry out `crmcore opportunity`."""
    options, opportunity_id = options_of(ctx), id_of(opportunity, "an opportunity")
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


def pipeline(
    ctx: typer.Context,
    name: Annotated[
        str, typer.Argument(metavar="PIPELINE", help="The key of the pipeline.")
    ] = "sales",
    stale: Stale = False,
) -> None:
    """Carry out `crmcore pipeline`."""
    options = options_of(ctx)
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
