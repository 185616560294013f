"""The options and the answers that the lists of sales have in common."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import attrs
import typer

import crmcore
from crmcore.cli.faults import WrongCallError
from crmcore.cli.instants import FORM
from crmcore.cli.output import counted, emit, say, table
from crmcore.cli.timeline import Line, timeline, who
from crmcore.cli.wording import sentence
from crmcore.errors import InvalidValueError

Customer = Annotated[
    str | None,
    typer.Option("--customer", metavar="CUSTOMER", help="Whose: an id, or text that finds one."),
]
Since = Annotated[str | None, typer.Option("--from", metavar="A", help=f"From then on: {FORM}.")]
Until = Annotated[
    str | None,
    typer.Option("--to", metavar="B", help="Before then, or until the end of that date."),
]
Limit = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, max=1_000, help="Show so many at most.")
]
After = Annotated[
    str | None,
    typer.Option("--after", metavar="CURSOR", help="Go on after a page: its `next`."),
]


def id_of(text: str, thing: str) -> UUID:
    """The id that *text* writes; ``WrongCallError`` where it is none."""
    try:
        return UUID(text.strip())
    except ValueError:
        raise WrongCallError(f"expected the id of {thing}, got {text!r}") from None


def find(question: Any, **wanted: Any) -> Any:
    """The page that *question* finds; ``WrongCallError`` names the option that cannot be."""
    try:
        return question(**wanted)
    except InvalidValueError as error:
        raise WrongCallError(f"--{error}") from None


def emit_page(name: str, page: Any) -> None:
    """A page for programs."""
    emit({name: [attrs.asdict(one) for one in page.items], "next": page.next})


def show_page(page: Any, columns: Any, rows: Any, thing: str, things: str | None = None) -> None:
    """A page for people, and how to see the next."""
    if not page.items:
        say(f"There is no such {thing}.")
        return
    table(columns, rows)
    say(f"{counted(len(page.items), thing, things)}.", style="dim")
    if page.next is not None:
        typer.echo(f"More: --after {page.next}")  # never broken: it is to be copied


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
                says=sentence(crm.event_kinds, one.topic, one.data),
                who=who(one.actor, one.source),
            )
            for one in events
        ]
    )
