"""`crmcore customers find`: customers by name, e-mail, phone or external id."""

import attrs
import click

from crmcore.cli import pages
from crmcore.cli.output import Column, console, say, table
from crmcore.cli.pages import after, emit_page, limit, show_next
from crmcore.cli.session import Options, reading, stale


@click.argument("text", help="A name or a part of it, an e-mail, a phone number, an external id.")
@limit
@after
@stale
@click.pass_obj
def find(options: Options, text: str, limit: int, after: str | None, stale: bool) -> None:
    """Carry out `crmcore customers find`."""
    with reading(options, "customer_directory", stale=stale) as crm:
        page = pages.find(crm.read.customers.find, text=text, limit=limit, after=after)
    shown = page.items
    if options.json:
        emit_page("customers", [attrs.asdict(one) for one in shown], page.next)
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
    show_next(page.next)
