"""`crmcore subscriptions retry, discard, reset, remove`: one subscription, by its name."""

from typing import Annotated, Final, Literal

import typer

from crmcore.cli.faults import WrongCallError
from crmcore.cli.output import counted, emit, say
from crmcore.cli.session import existing, options_of

BEGINNING: Final[Literal["beginning"]] = "beginning"
NOW: Final[Literal["now"]] = "now"
Name = Annotated[str, typer.Argument(metavar="NAME", help="The subscription.")]
At = Annotated[
    list[int] | None,
    typer.Option(
        "--at",
        metavar="POSITION",
        help="Only this one; may be given several times.",
    ),
]


def retry(ctx: typer.Context, name: Name, at: At = None) -> None:
    """Carry out `crmcore subscriptions retry`."""
    options = options_of(ctx)
    with existing(options) as crm:
        marked = crm.subscriptions.retry(name, at)
    if options.json:
        emit({"name": name, "again": marked})
    else:
        letters = counted(marked, "dead letter")
        say(f"{name}: {letters} will be sent again by whoever works on it, before anything new.")


def discard(ctx: typer.Context, name: Name, at: At = None) -> None:
    """Carry out `crmcore subscriptions discard`."""
    options = options_of(ctx)
    with existing(options) as crm:
        dropped = crm.subscriptions.discard(name, at)
    if options.json:
        emit({"name": name, "discarded": dropped})
    else:
        say(f"{name}: {counted(dropped, 'dead letter')} dropped.")


def reset(
    ctx: typer.Context,
    name: Name,
    to: Annotated[
        str,
        typer.Option("--to", metavar="POSITION", help="A position, `beginning` or `now`."),
    ],
) -> None:
    """Carry out `crmcore subscriptions reset`."""
    options = options_of(ctx)
    with existing(options) as crm:
        crm.subscriptions.reset(name, start_at("--to", to))
        (found,) = [one for one in crm.subscriptions.status() if one.name == name]
    if options.json:
        emit({"name": name, "position": found.position, "head": found.head})
    else:
        say(f"{name}: goes on after position {found.position:,} of {found.head:,}.")


def remove(ctx: typer.Context, name: Name) -> None:
    """Carry out `crmcore subscriptions remove`."""
    options = options_of(ctx)
    with existing(options) as crm:
        crm.subscriptions.remove(name)
    if options.json:
        emit({"name": name, "removed": True})
    else:
        say(f"{name}: forgotten, with its dead letters.")


def start_at(option: str, text: str) -> Literal["beginning", "now"] | int:
    """A position, or the word for one end of the log; ``WrongCallError`` for anything else."""
    if text == BEGINNING or text == NOW:  # noqa: SIM109  # so that type checkers see it
        return text
    if not text.isdecimal():
        raise WrongCallError(f"{option}: expected a position, beginning or now, got {text!r}")
    return int(text)
