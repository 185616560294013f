"""`crmcore projections compare, switch, rollback, retire, retry`: one read model, by its name."""

from typing import Annotated, Any

import typer

import crmcore
from crmcore.cli.aside import aside_documents, said_by_cause, show_aside
from crmcore.cli.difference import comparison_document, show_comparison
from crmcore.cli.faults import answering, complain
from crmcore.cli.output import counted, emit, say
from crmcore.cli.rebuild import rebuild
from crmcore.cli.session import existing, options_of

__all__ = ["add_to"]

Name = Annotated[str, typer.Argument(metavar="NAME", help="The read model.")]


def add_to(group: typer.Typer) -> None:
    """Put these commands into *group*."""
    for command in (rebuild, compare, switch, rollback, retire, retry):
        group.command(command.__name__)(command)


@answering
def compare(
    ctx: typer.Context,
    name: Name,
    fail_on_difference: Annotated[
        bool,
        typer.Option("--fail-on-difference", metavar="", help="Exit status 1 if they differ."),
    ] = False,
) -> None:
    """How the generation that was built differs from the live one."""
    options = options_of(ctx)
    with existing(options) as crm:
        found = crm.maintenance.compare(name)
    if options.json:
        emit(comparison_document(found))
    else:
        show_comparison(found)
    if fail_on_difference and not found.equal:
        raise typer.Exit(1)


@answering
def switch(ctx: typer.Context, name: Name) -> None:
    """Let the views show the generation that was built."""
    options = options_of(ctx)
    with existing(options) as crm:
        crm.maintenance.switch(name)
        live = _say_live(crm, name, json=options.json)
    if live.dead_letters:
        complain(f"warning: {name}: {said_by_cause(live.dead_letters)}")
    if not options.json:
        say("If its rows are not what you expected:")
        say(f"crmcore projections rollback {name}", indent=2)


@answering
def rollback(ctx: typer.Context, name: Name) -> None:
    """Let the views show the previous generation again; once more, the later one."""
    options = options_of(ctx)
    with existing(options) as crm:
        crm.maintenance.rollback(name)
        _say_live(crm, name, json=options.json)


@answering
def retire(ctx: typer.Context, name: Name) -> None:
    """Drop every generation that is not live, half built ones too."""
    options = options_of(ctx)
    with existing(options) as crm:
        gone = [one.generation for one in crm.maintenance.retire(name)]
    if options.json:
        emit({"name": name, "retired": gone})
    else:
        said = ", ".join(f"generation {one}" for one in gone)
        say(f"{name}: {said or 'no generation but the live one, so nothing'} dropped.")


@answering
def retry(ctx: typer.Context, name: Name) -> None:
    """Try again what was put aside; exit status 1 if some of it is still in the way."""
    options = options_of(ctx)
    with existing(options) as crm:
        done = crm.maintenance.retry(name)
    still = done.remaining
    if options.json:
        emit({"name": name, "tried": done.tried, "remaining": aside_documents(still)})
    elif not done.tried:
        say(f"{name}: nothing was put aside.")
    else:
        say(
            f"{name}: {counted(done.tried, 'event')} tried again, {done.tried - len(still)} applied."
        )
        if still:
            show_aside(still)
    if still:
        complain(f"{name}: still {said_by_cause(still)}")
        raise typer.Exit(1)


def _say_live(crm: crmcore.CRM, name: str, *, json: bool) -> Any:
    """Say which generation of *name* is live now, and where it stands; return its status."""
    found: Any = next(one for one in crm.status() if one.name == name)
    if json:
        state = {"generation": found.generation, "position": found.position, "state": found.state}
        emit({"name": name, **state, "put_aside": aside_documents(found.dead_letters)})
    else:
        at = f"at position {found.position:,} of {found.head:,}"
        say(f"{name}: generation {found.generation} is live, {at}: {found.state}.")
    return found
