"""`crmcore history`: everything about a customer, in the order in which it was true."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

import attrs
import click

import crmcore
from crmcore.cli.customers.naming import as_of, customer, customer_named, known_at, name_in
from crmcore.cli.faults import Fault
from crmcore.cli.instants import by_then, last_moment
from crmcore.cli.output import counted, emit, one_line, say
from crmcore.cli.session import Options, reading, stale
from crmcore.cli.timeline import Line, timeline, who
from crmcore.cli.values import AtLeast


@customer
@as_of
@known_at
@click.option("--last", metavar="N", type=AtLeast(1), help="Only the last N entries.")
@stale
@click.pass_obj
def history(
    options: Options,
    customer: str,
    as_of: str | None,
    known_at: str | None,
    last: int | None,
    stale: bool,
) -> None:
    """Carry out `crmcore history`."""
    true_by, known_by = last_moment("--as-of", as_of), last_moment("--known-at", known_at)
    with reading(options, "customer_history", "customer_directory", stale=stale) as crm:
        customer_id = customer_named(crm, customer)
        entries = crm.read.customers.history(customer_id, as_of=true_by, known_at=known_by)
        if not entries:
            raise Fault(f"nothing is known of {customer_id}{by_then(as_of, known_at)}")
        if options.json:
            query = {"customer_id": customer_id, "as_of": true_by, "known_at": known_by}
            emit(query | history_document(entries, last))
        else:
            show_history(crm, entries, last)


def history_document(entries: Sequence[Any], last: int | None = None) -> dict[str, Any]:
    """The history as JSON shows it: the *last* few entries, or all."""
    shown = entries if last is None else entries[-last:]
    return {
        "name": name_in(entries),
        "count": len(entries),
        "entries": [
            attrs.asdict(entry, filter=lambda field, _: field.name != "sentence")
            | {"says": one_line(entry.sentence)}
            for entry in shown
        ],
    }


def show_history(crm: crmcore.CRM, entries: Sequence[Any], last: int | None = None) -> None:
    """A summary and a table of *entries*, or of the *last* few."""
    counts = Counter(crm.context_of(entry.topic) or "other" for entry in entries)
    say(name_in(entries) or "(no name known)", style="bold")
    first, latest = entries[0].occurred_at, entries[-1].occurred_at
    say(
        f"{counted(len(entries), 'entry', 'entries')} from {first:%Y-%m-%d} to {latest:%Y-%m-%d}: "
        + ", ".join(f"{name} {count:,}" for name, count in counts.most_common())
    )
    shown = entries if last is None else entries[-last:]
    if len(shown) < len(entries):
        say(f"The last {len(shown)}:" if len(shown) > 1 else "The last one:")
    say()
    timeline(
        [
            Line(
                position=entry.position,
                occurred_at=entry.occurred_at,
                recorded_at=entry.recorded_at,
                says=one_line(entry.sentence),
                who=who(entry.actor, entry.source),
            )
            for entry in shown
        ]
    )
