"""`crmcore loyalty`: a customer's points and tier."""

from typing import Any

import attrs
import click

from crmcore.cli.customers.naming import as_of, customer, customer_named, name_in
from crmcore.cli.faults import Fault
from crmcore.cli.instants import by_then, last_moment
from crmcore.cli.output import Column, bar, console, emit, instant, money, say, table
from crmcore.cli.session import Options, reading, stale


@customer
@as_of
@stale
@click.pass_obj
def loyalty(options: Options, customer: str, as_of: str | None, stale: bool) -> None:
    """Carry out `crmcore loyalty`."""
    moment = last_moment("--as-of", as_of)
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
