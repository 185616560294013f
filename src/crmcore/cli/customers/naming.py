"""Which customer is meant, and what customers and campaigns are called."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import click

import crmcore
from crmcore.cli.faults import Fault
from crmcore.cli.instants import FORM
from crmcore.cli.pages import find

CANDIDATES: Final = 4
MANY: Final = 100
OWN_NAMES: Final = ("customer-registered", "customer-name-corrected")
ADDED: Final = "contact-point-added"
NAMES_OF_LEADS: Final = ("lead-captured", "lead-enriched")
customer = click.argument("customer", help="An id, or text that finds one customer.")
as_of = click.option("--as-of", metavar="T", help=f"What was true by then: {FORM}.")
known_at = click.option("--known-at", metavar="T", help="As it was recorded by then.")


def customer_named(crm: crmcore.CRM, text: str) -> UUID:
    """The one customer whom *text* means: an id, what is written so, an exact match, or the only one."""
    try:
        return UUID(text)
    except ValueError:
        matches = find(crm.read.customers.find, text=text, limit=MANY).items
    literal = [one for one in matches if one.matched == text]
    candidates = literal or [one for one in matches if one.exactly] or matches
    if len(candidates) == 1:
        customer_id: UUID = candidates[0].customer_id
        return customer_id
    if not candidates:
        raise Fault(
            f"no customer is found by {text!r}: give an id, a name, an e-mail, a phone number"
            " or an external id"
        )
    listed = [f"{one.name} ({one.customer_id})" for one in candidates[:CANDIDATES]]
    more = len(candidates) - CANDIDATES
    many = " or more" if len(candidates) == MANY else ""
    raise Fault(
        f"{text!r} finds {len(candidates)}{many} customers, give more of the name or an id:"
        f" {', '.join(listed)}{f' and {more} more' if more > 0 else ''}"
    )


def name_in(entries: Sequence[Any]) -> str | None:
    """What the customer was called last; a lead's name is that of nobody but the lead."""
    latest_first = sorted(entries, key=lambda entry: int(entry.position), reverse=True)
    for naming in (OWN_NAMES, NAMES_OF_LEADS):
        for entry in latest_first:
            if entry.topic in naming:
                name: str | None = entry.details.get("name")
                if name:
                    return name
    return None
