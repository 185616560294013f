"""`crmcore projections`: where the read models stand, and bringing them up to date."""

import sys
from time import sleep
from typing import Annotated, Any, Final

import attrs
import typer

import crmcore
from crmcore.cli.faults import answering
from crmcore.cli.output import Column, emit, emit_line, say, table
from crmcore.cli.progress import bars
from crmcore.cli.session import SERVING, existing, options_of

__all__ = ["add_to"]

EVERY: Final = 0.5
"""Seconds between two looks at the log."""

group = typer.Typer(
    help="The read models: where they stand, and catching up.", no_args_is_help=True
)


def add_to(app: typer.Typer) -> None:
    """Put these commands into *app*."""
    group.command("status")(status)
    group.command("catch-up")(catch_up)
    app.add_typer(group, name="projections")


@answering
def status(ctx: typer.Context) -> None:
    """Where each read model stands; exit status 1 if one cannot go on."""
    options = options_of(ctx)
    with existing(options) as crm:
        found = crm.status()
    if options.json:
        emit({"projections": _documents(found)})
    else:
        _show(found)
    if any(one.state not in (*SERVING, "not begun") for one in found):
        raise typer.Exit(1)


@answering
def catch_up(
    ctx: typer.Context,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on as the log grows, until interrupted.")
    ] = False,
) -> None:
    """Bring every read model to the end of the log."""
    options = options_of(ctx)
    with existing(options) as crm:
        _once(crm)
        if follow:
            _follow(crm, options.json)
        found = crm.status()
    if options.json:
        emit({"projections": _documents(found)})
    else:
        _show(found)


def _once(crm: crmcore.CRM) -> None:
    with bars() as step:
        crm.catch_up(step)


def _follow(crm: crmcore.CRM, json: bool) -> None:
    seen = -1
    try:
        while True:
            position = crm.position
            if position > seen:
                _once(crm)
                seen = position
                if json:
                    emit_line({"position": position})
                else:
                    say(f"The read models are at position {position:,}.")
                sys.stdout.flush()
            sleep(EVERY)
    except KeyboardInterrupt as stopped:
        stopped.add_note(f"the read models are kept as of position {max(seen, 0):,}")
        raise


def _documents(found: list[Any]) -> list[dict[str, Any]]:
    return [attrs.asdict(one) | {"behind": one.behind} for one in found]


def _state(one: Any) -> str:
    if one.reason is None or one.reason.startswith(one.state):
        return str(one.reason or one.state)
    return f"{one.state}: {one.reason}"


def _show(found: list[Any]) -> None:
    numbers = [Column(title, number=True) for title in ("Version", "Position", "Log", "Behind")]
    table(
        ["Read model", *numbers, "State"],
        [
            [
                one.name,
                one.version,
                one.position,
                one.head,
                one.behind,
                _state(one),
            ]
            for one in found
        ],
    )
