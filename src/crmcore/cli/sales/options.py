"""The options and the answers that the lists of sales have in common."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import click

import crmcore
from crmcore.cli.faults import WrongCallError
from crmcore.cli.instants import FORM
from crmcore.cli.output import counted, one_line, say, table
from crmcore.cli.pages import show_next
from crmcore.cli.timeline import Line, timeline, who

customer = click.option(
    "--customer", metavar="CUSTOMER", help="Whose: an id, or text that finds one."
)
since = click.option("--from", "since", metavar="A", help=f"From then on: {FORM}.")
until = click.option(
    "--to", "until", metavar="B", help="Before then, or until the end of that date."
)


def id_of(text: str, thing: str) -> UUID:
    """The id that *text* writes; ``WrongCallError`` where it is none."""
    try:
        return UUID(text.strip())
    except ValueError:
        raise WrongCallError(f"expected the id of {thing}, got {text!r}") from None


def show_page(page: Any, columns: Any, rows: Any, thing: str, *, by_id: str | None = None) -> None:
    """A page for people, how to see the next, and one of them where a command takes the id alone."""
    if not page.items:
        say(f"No {thing} is found.")
        return
    table(columns, rows)
    says = [f"{counted(len(page.items), thing)}."]
    says += [f"--json gives their ids; `crmcore {by_id} ID` shows one."] if by_id else []
    say(" ".join(says), style="dim")
    show_next(page.next)


def show_one(crm: crmcore.CRM, key: UUID, facts: Mapping[str, object]) -> None:
    """One thing for people: what is known of it, and what happened."""
    known = [(name, fact) for name, fact in facts.items() if fact is not None]
    table(["What", "Is"], known)
    say()
    events = sorted(crm.events(stream_id=key), key=lambda one: (one.occurred_at, one.position))
    timeline(
        [
            Line(
                position=one.position,
                occurred_at=one.occurred_at,
                recorded_at=one.recorded_at,
                says=one_line(crm.sentence(one)),
                who=who(one.actor, one.source),
            )
            for one in events
        ]
    )
