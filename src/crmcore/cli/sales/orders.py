"""`crmcore orders` and `order`: what was bought, and what became of it."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import attrs
import click

import crmcore
from crmcore.cli.customers.naming import customer_named
from crmcore.cli.faults import Fault
from crmcore.cli.instants import beginning, end
from crmcore.cli.output import Column, emit, instant, money, say
from crmcore.cli.pages import after, emit_page, find, limit
from crmcore.cli.sales.options import (
    customer,
    show_one,
    show_page,
    since,
    until,
)
from crmcore.cli.session import Options, reading, stale

SEVERAL: Final = 4
"""Orders of one number that a refusal lists."""


@customer
@click.option("--status", metavar="STATUS", help="placed, shipped, delivered, ...")
@click.option("--channel", metavar="NAME", help="Bought there.")
@click.option("--number", metavar="TEXT", help="With this number.")
@since
@until
@limit
@after
@stale
@click.pass_obj
def orders(
    options: Options,
    customer: str | None,
    status: str | None,
    channel: str | None,
    number: str | None,
    since: str | None,
    until: str | None,
    limit: int,
    after: str | None,
    stale: bool,
) -> None:
    """Carry out `crmcore orders`."""
    placed_from, placed_before = beginning("--from", since), end("--to", until)
    with reading(options, "orders", stale=stale) as crm:
        page = find(
            crm.read.orders.find,
            customer_id=None if customer is None else customer_named(crm, customer),
            status=status,
            channel=channel,
            number=number,
            placed_from=placed_from,
            placed_before=placed_before,
            limit=limit,
            after=after,
        )
    if options.json:
        emit_page("orders", [attrs.asdict(one) for one in page.items], page.next)
        return
    rows = [
        [
            one.number or one.order_id,
            f"{one.placed_at:%Y-%m-%d}",
            one.status.replace("_", " "),
            money(one.total, one.currency),
        ]
        for one in page.items
    ]
    columns = [
        Column("Order", whole=True),
        Column("Placed", whole=True),
        "Status",
        Column("Total", number=True),
    ]
    show_page(page, columns, rows, "order")


@click.argument("order", help="The order's id or number.")
@stale
@click.pass_obj
def order(options: Options, order: str, stale: bool) -> None:
    """Carry out `crmcore order`."""
    with reading(options, "orders", stale=stale) as crm:
        found = _named(crm, order.strip())
        if options.json:
            emit(attrs.asdict(found))
            return
        say(f"Order {found.number or found.order_id}", style="bold")
        facts = {
            "status": found.status.replace("_", " "),
            "customer": found.customer_id,
            "channel": found.channel,
            "placed (UTC)": instant(found.placed_at),
            "total": money(found.total, found.currency),
            "paid back": money(found.refund, found.currency) if found.refund else None,
        }
        show_one(crm, found.order_id, facts)


def _named(crm: crmcore.CRM, name: str) -> Any:
    """The one order that has *name* as its id or its number."""
    try:
        order_id = UUID(name)
    except ValueError:
        found: Sequence[Any] = find(crm.read.orders.find, number=name, limit=SEVERAL).items
    else:
        found = [one for one in (crm.read.orders.get(order_id),) if one is not None]
    if not found:
        raise Fault(f"there is no order {name!r}: give its id or number")
    if len(found) > 1:
        ids = ", ".join(str(one.order_id) for one in found)
        raise Fault(f"{name!r} is the number of several orders, give an id: {ids}")
    return found[0]
