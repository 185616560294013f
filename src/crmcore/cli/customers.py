"""`crmcore history`, `crmcore loyalty` and `crmcore customers find`: what is known about a customer."""

import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

import attrs
import typer

import crmcore
from crmcore.cli.faults import Fault, answering
from crmcore.cli.instants import FORM, by_then, last_moment
from crmcore.cli.output import Column, bar, console, counted, emit, instant, money, say, table
from crmcore.cli.session import Stale, options_of, reading
from crmcore.cli.timeline import Line, case_numbers_in, timeline, who
from crmcore.cli.wording import sentence
from crmcore.errors import ProjectionStoppedError

__all__ = ["add_to", "customer_named", "history_document", "show_history", "show_loyalty"]

CANDIDATES: Final = 4
MANY: Final = 100
OWN_NAMES: Final = ("customer-registered", "customer-name-corrected")
NAMES_OF_LEADS: Final = ("lead-captured", "lead-enriched")
Customer = Annotated[
    str, typer.Argument(metavar="CUSTOMER", help="An id, or text that finds one customer.")
]
AsOf = Annotated[
    str | None, typer.Option("--as-of", metavar="T", help=f"What was true by then: {FORM}.")
]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", metavar="T", help="As it was recorded by then.")
]

Last = Annotated[
    int | None, typer.Option("--last", metavar="N", min=1, help="Only the last N entries.")
]

found = typer.Typer(help="Customers, by name, e-mail, phone or external id.", no_args_is_help=True)


def add_to(app: typer.Typer) -> None:
    """Put these commands into *app*."""
    app.command("history")(history)
    app.command("loyalty")(loyalty)
    found.command("find")(find)
    app.add_typer(found, name="customers")


def customer_named(crm: crmcore.CRM, text: str) -> UUID:
    """The one customer whom *text* means: an id, what is written so, an exact match, or the only one."""
    try:
        return UUID(text)
    except ValueError:
        matches = crm.read.find_customers(text, limit=MANY)
    literal = [one for one in matches if one.matched == text]
    candidates = literal or [one for one in matches if one.exactly] or matches
    if len(candidates) == 1:
        return candidates[0].customer_id
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


@answering
def history(
    ctx: typer.Context,
    customer: Customer,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    last: Last = None,
    stale: Stale = False,
) -> None:
    """Everything about a customer, in the order in which it was true."""
    true_by, known_by = last_moment("--as-of", as_of), last_moment("--known-at", known_at)
    options = options_of(ctx)
    with reading(options, "customer_history", "customer_directory", stale=stale) as crm:
        customer_id = customer_named(crm, customer)
        entries = crm.read.history(customer_id, as_of=true_by, known_at=known_by)
        if not entries:
            raise Fault(f"nothing is known of {customer_id}{by_then(as_of, known_at)}")
        if options.json:
            asked = {"customer_id": customer_id, "as_of": true_by, "known_at": known_by}
            emit(asked | history_document(crm, entries, last))
        else:
            show_history(crm, entries, last)


def history_document(
    crm: crmcore.CRM, entries: Sequence[Any], last: int | None = None
) -> dict[str, Any]:
    """The history as JSON shows it: the *last* few entries, or all."""
    names = _names(crm, entries)
    shown = entries if last is None else entries[-last:]
    return {
        "name": _name(entries),
        "count": len(entries),
        "entries": [
            entry._asdict()
            | {
                "details": json.loads(entry.details, parse_float=Decimal),
                "says": sentence(crm.event_kinds, entry.topic, entry.details, names),
            }
            for entry in shown
        ],
    }


def show_history(crm: crmcore.CRM, entries: Sequence[Any], last: int | None = None) -> None:
    """A summary and a table of *entries*, or of the *last* few."""
    counts = Counter(crm.context_of(entry.topic) or "other" for entry in entries)
    say(_name(entries) or "(no name known)", style="bold")
    first, latest = entries[0].occurred_at, entries[-1].occurred_at
    say(
        f"{counted(len(entries), 'entry', 'entries')} from {first:%Y-%m-%d} to {latest:%Y-%m-%d}: "
        + ", ".join(f"{name} {count:,}" for name, count in counts.most_common())
    )
    shown = entries if last is None else entries[-last:]
    if len(shown) < len(entries):
        say(f"The last {len(shown)}:" if len(shown) > 1 else "The last one:")
    say()
    names = _names(crm, shown)
    timeline(
        [
            Line(
                position=entry.position,
                occurred_at=entry.occurred_at,
                recorded_at=entry.recorded_at,
                says=sentence(crm.event_kinds, entry.topic, entry.details, names),
                who=who(entry.actor, entry.source),
            )
            for entry in shown
        ]
    )


def _name(entries: Sequence[Any]) -> str | None:
    """What the customer was called last; a lead's name is that of nobody but the lead."""
    told = sorted(entries, key=lambda entry: int(entry.position), reverse=True)
    for naming in (OWN_NAMES, NAMES_OF_LEADS):
        for entry in told:
            if entry.topic in naming:
                name: str | None = json.loads(entry.details).get("name")
                if name:
                    return name
    return None


def _names(crm: crmcore.CRM, entries: Sequence[Any]) -> dict[str, str]:
    """What campaigns and cases of *entries* are called, by their ids."""
    return _campaigns(crm) | case_numbers_in(crm, [entry.details for entry in entries])


def _campaigns(crm: crmcore.CRM) -> dict[str, str]:
    try:
        return {str(one.campaign_id): one.name for one in crm.read.campaign_results()}
    except ProjectionStoppedError:  # no rows yet: campaigns go by their ids
        return {}


@answering
def loyalty(
    ctx: typer.Context, customer: Customer, as_of: AsOf = None, stale: Stale = False
) -> None:
    """A customer's points and tier, now or at an instant."""
    moment = last_moment("--as-of", as_of)
    options = options_of(ctx)
    with reading(options, "loyalty_status", "customer_directory", stale=stale) as crm:
        customer_id = customer_named(crm, customer)
        standing = crm.read.loyalty(customer_id, as_of=moment)
        if standing is None:
            raise Fault(
                f"{customer_id} has bought nothing{by_then(as_of)}, and so has no loyalty status"
            )
        entries = crm.read.history(customer_id, as_of=moment)
        if options.json:
            emit(attrs.asdict(standing) | {"name": _name(entries)})
        else:
            show_loyalty(_name(entries), standing)


def show_loyalty(name: str | None, standing: Any) -> None:
    """The tier, what it rests on, and how far the next one is."""
    currency = standing.currency
    say(f"{name or standing.customer_id}: {standing.tier}", style="bold")
    table(
        [Column("On (UTC)", whole=True)]
        + [Column(title, number=True) for title in ("Points", "Orders", "Within a year", "Ever")],
        [
            [
                instant(standing.as_of),
                standing.points,
                standing.orders,
                money(standing.year_spending, currency),
                money(standing.lifetime_spending, currency),
            ]
        ],
    )
    if standing.next_tier is None:
        say("This is the highest tier.")
        return
    needed = standing.year_spending + standing.to_next_tier
    line = bar(standing.year_spending / needed)
    line.append(f" {money(standing.to_next_tier, currency)} to {standing.next_tier}")
    console().print(line)


@answering
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
    """Find customers: exact matches first, then by name."""
    options = options_of(ctx)
    with reading(options, "customer_directory", stale=stale) as crm:
        matches = crm.read.find_customers(text, limit=limit + 1)
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
    told = {title: cells for title, cells in columns.items() if any(cells)}
    whole = not console().is_terminal  # a program reads a line a customer
    rows = [list(row) for row in zip(*told.values(), strict=True)]
    ids = [one.customer_id for one in shown]
    table(
        [*(Column(title, whole=whole) for title in told), Column("Id", whole=True)],
        [[*row, key] for row, key in zip(rows, ids, strict=True)],
    )
    if more:
        say(f"There are more: --limit shows more than {limit}.")
