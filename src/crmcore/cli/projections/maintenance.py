"""`crmcore projections compare, switch, rollback, retire, retry`: one read model, by its name."""

from typing import Any

import click

import crmcore
from crmcore.cli.faults import complain
from crmcore.cli.output import counted, emit, say
from crmcore.cli.projections.dead_letters import (
    dead_letter_documents,
    said_by_cause,
    show_dead_letters,
)
from crmcore.cli.projections.difference import comparison_document, show_comparison
from crmcore.cli.session import Options, existing

name = click.argument("name", help="The read model.")


@name
@click.option("--fail-on-difference", is_flag=True, help="Exit status 1 if they differ.")
@click.pass_obj
def compare(options: Options, name: str, fail_on_difference: bool) -> None:
    """Carry out `crmcore projections compare`."""
    with existing(options) as crm:
        found = crm.maintenance.compare(name)
    if options.json:
        emit(comparison_document(found))
    else:
        show_comparison(found)
    if fail_on_difference and not found.equal:
        raise click.exceptions.Exit(1)


@name
@click.pass_obj
def switch(options: Options, name: str) -> None:
    """Carry out `crmcore projections switch`."""
    with existing(options) as crm:
        crm.maintenance.switch(name)
        live = _say_live(crm, name, json=options.json)
    if live.dead_letters:
        complain(f"warning: {name}: {said_by_cause(live.dead_letters)}")
    if not options.json:
        say("If its rows are not what you expected:")
        say(f"crmcore projections rollback {name}", indent=2)


@name
@click.pass_obj
def rollback(options: Options, name: str) -> None:
    """Carry out `crmcore projections rollback`."""
    with existing(options) as crm:
        crm.maintenance.rollback(name)
        _say_live(crm, name, json=options.json)


@name
@click.pass_obj
def retire(options: Options, name: str) -> None:
    """Carry out `crmcore projections retire`."""
    with existing(options) as crm:
        gone = [one.generation for one in crm.maintenance.retire(name)]
    if options.json:
        emit({"name": name, "retired": gone})
    else:
        said = ", ".join(f"generation {one}" for one in gone)
        say(f"{name}: {said or 'no generation but the live one, so nothing'} dropped.")


@name
@click.pass_obj
def retry(options: Options, name: str) -> None:
    """Carry out `crmcore projections retry`."""
    with existing(options) as crm:
        done = crm.maintenance.retry(name)
    still = done.remaining
    if options.json:
        emit({"name": name, "tried": done.tried, "remaining": dead_letter_documents(still)})
    elif not done.tried:
        say(f"{name}: no dead letters.")
    else:
        say(
            f"{name}: {counted(done.tried, 'event')} tried again, {done.tried - len(still)} applied."
        )
        if still:
            show_dead_letters(still)
    if still:
        complain(f"{name}: still {said_by_cause(still)}")
        raise click.exceptions.Exit(1)


def _say_live(crm: crmcore.CRM, name: str, *, json: bool) -> Any:
    """Say which generation of *name* is live now, and where it stands; return its status."""
    found: Any = next(one for one in crm.status() if one.name == name)
    if json:
        state = {"generation": found.generation, "position": found.position, "state": found.state}
        emit({"name": name, **state, "dead_letters": dead_letter_documents(found.dead_letters)})
    else:
        at = f"at position {found.position:,} of {found.head:,}"
        say(f"{name}: generation {found.generation} is live, {at}: {found.state}.")
    return found
