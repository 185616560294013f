"""`crmcore customers find`: customers by name, e-mail, phone or external id."""

from typing import Annotated

import attrs
import typer

from crmcore.cli.output import Column, console, emit, say, table
from crmcore.cli.pages import items_of
from crmcore.cli.session import Stale, options_of, reading


def find(
    ctx: typer.Context,
    text: Annotated[
        str,
        typer.Argument(
            metavar="TEXT",
            help="A name or a part of it, an e-mail, a phone number, an external id.",
        ),
    ],
    limit: Annotated[
        int, typer.Option(metavar="N", min=1, max=10_000, help="At most so many.")
    ] = 20,
    stale: Stale = False,
) -> None:
    """Carry out `crmcore customers find`."""
    options = options_of(ctx)
    with reading(options, "customer_directory", stale=stale) as crm:
        matches = items_of(crm.read.customers.find, limit + 1, text=text)
    shown, more = matches[:limit], len(matches) > limit
    if options.json:
        emit({"customers": [attrs.asdict(one) for one in shown], "more": more})
        return
    if not shown:
        say(f"No customer is found by {text!r}.")
        return
    columns: dict[str, list[str | None]] = {
        "Name": [one.name if one.active else f"{one.name} (inactive)" for one in shown],
        "E-mail": [one.email for one in shown],
        "Phone": [one.phone for one in shown],
        "Found by": [None if one.matched == one.name else one.matched for one in shown],
    }
    shown_columns = {title: cells for title, cells in columns.items() if any(cells)}
    whole = not console().is_terminal  # a program reads a line a customer
    rows = [list(row) for row in zip(*shown_columns.values(), strict=True)]
    ids = [one.customer_id for one in shown]
    table(
        [*(Column(title, whole=whole) for title in shown_columns), Column("Id", whole=True)],
        [[*row, key] for row, key in zip(rows, ids, strict=True)],
    )
    if more:
        say(f"There are more: --limit shows more than {limit}.")
