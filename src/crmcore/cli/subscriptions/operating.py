"""`crmcore subscriptions retry, discard, reset, remove`: one subscription, by its name."""

from typing import Final, Literal

import click

from crmcore.cli.faults import WrongCallError
from crmcore.cli.output import counted, emit, say
from crmcore.cli.session import Options, existing

BEGINNING: Final[Literal["beginning"]] = "beginning"
NOW: Final[Literal["now"]] = "now"
name = click.argument("name", help="The subscription.")
at = click.option(
    "--at",
    metavar="POSITION",
    type=int,
    multiple=True,
    help="Only this one; may be given several times.",
)


@name
@at
@click.pass_obj
def retry(options: Options, name: str, at: tuple[int, ...]) -> None:
    """Carry out `crmcore subscriptions retry`."""
    with existing(options) as crm:
        marked = crm.subscriptions.retry(name, at or None)
    if options.json:
        emit({"name": name, "again": marked})
    else:
        letters = counted(marked, "dead letter")
        say(f"{name}: {letters} will be sent again by whoever works on it, before anything new.")


@name
@at
@click.pass_obj
def discard(options: Options, name: str, at: tuple[int, ...]) -> None:
    """Carry out `crmcore subscriptions discard`."""
    with existing(options) as crm:
        dropped = crm.subscriptions.discard(name, at or None)
    if options.json:
        emit({"name": name, "discarded": dropped})
    else:
        say(f"{name}: {counted(dropped, 'dead letter')} dropped.")


@name
@click.option("--to", metavar="POSITION", required=True, help="A position, `beginning` or `now`.")
@click.pass_obj
def reset(options: Options, name: str, to: str) -> None:
    """Carry out `crmcore subscriptions reset`."""
    with existing(options) as crm:
        crm.subscriptions.reset(name, start_at("--to", to))
        (found,) = [one for one in crm.subscriptions.status() if one.name == name]
    if options.json:
        emit({"name": name, "position": found.position, "head": found.head})
    else:
        say(f"{name}: goes on after position {found.position:,} of {found.head:,}.")


@name
@click.pass_obj
def remove(options: Options, name: str) -> None:
    """Carry out `crmcore subscriptions remove`."""
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
