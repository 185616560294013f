"""`crmcore loyalty`: a customer's points and tier."""

from typing import Any

import attrs
import typer

from crmcore.cli.customers.naming import AsOf, Customer, customer_named, name_in
from crmcore.cli.faults import Fault
from crmcore.cli.instants import by_then, last_moment
from crmcore.cli.output import Column, bar, console, emit, instant, money, say, table
from crmcore.cli.session import Stale, options_of, reading


def loyalty(
    ctx: typer.Context, customer: Customer, as_of: AsOf = None, stale: Stale = False
) -> None:
    """Carry out `crmcore loyalty`."""
    moment = last_moment("--as-of", as_of)
    options = options_of(ctx)
    with reading(options, "loyalty_status", "customer_directory", stale=stale) as crm:
        customer_id = customer_named(crm, customer)
        status = crm.read.loyalty.get(customer_id, as_of=moment)
        if status is None:
            raise Fault(
                f"{customer_id} has bought nothing{by_then(as_of)}, and so has no loyalty status"
            )
        entries = crm.read.customers.history(customer_id, as_of=moment)
        if options.json:
            emit(attrs.asdict(status) | {"name": name_in(entries)})
        else:
            show_loyalty(name_in(entries), status)


def show_loyalty(name: str | None, status: Any) -> None:
    """The tier, what it rests on, and how far the next one is."""
    currency = status.currency
    say(f"{name or status.customer_id}: {status.tier}", style="bold")
    table(
        [Column("On (UTC)", whole=True)]
        + [Column(title, number=True) for title in ("Points", "Orders", "Within a year", "Ever")],
        [
            [
                instant(status.as_of),
                status.points,
                status.orders,
                money(status.year_spending, currency),
                money(status.lifetime_spending, currency),
            ]
        ],
    )
    if status.next_tier is None:
        say("This is the highest tier.")
        return
    needed = status.year_spending + status.to_next_tier
    line = bar(status.year_spending / needed)
    line.append(f" {money(status.to_next_tier, currency)} to {status.next_tier}")
    console().print(line)
