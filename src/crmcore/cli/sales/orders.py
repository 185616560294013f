"""`crmcore orders` and `order`: what was bought, and what became of it."""

from collections.abc import Sequence
from typing import Annotated, Any, Final
from uuid import UUID

import attrs
import typer

import crmcore
from crmcore.cli.customers.naming import customer_named
from crmcore.cli.faults import Fault
from crmcore.cli.instants import beginning, end
from crmcore.cli.output import Column, emit, instant, money, say
from crmcore.cli.pages import FIRST, After, Limit, emit_page, find
from crmcore.cli.sales.options import (
    Customer,
    Since,
    Until,
    show_one,
    show_page,
)
from crmcore.cli.session import Stale, options_of, reading

SEVERAL: Final = 4
"""Orders of one number that a refusal lists."""


def orders(
    ctx: typer.Context,
    customer: Customer = None,
    status: Annotated[
        str | None,
        typer.Option("--status", metavar="STATUS", help="placed, shipped, delivered, ..."),
    ] = None,
    channel: Annotated[
        str | None, typer.Option("--channel", metavar="NAME", help="Bought there.")
    ] = None,
    number: Annotated[
        str | None, typer.Option("--number", metavar="TEXT", help="With this number.")
    ] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = FIRST,
    after: After = None,
    stale: Stale = False,
) -> None:
    """Carry out `crmcore orders`."""
    options = options_of(ctx)
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


def order(
    ctx: typer.Context,
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The order's id or number.")],
    stale: Stale = False,
) -> None:
    """Carry out `crmcore order`."""
    options = options_of(ctx)
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
