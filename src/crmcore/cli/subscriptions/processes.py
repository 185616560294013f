"""`crmcore processes`: carrying out what follows from events, and where that stands."""

import click

from crmcore.cli.output import counted, emit, say
from crmcore.cli.session import Options, existing
from crmcore.cli.subscriptions.status import all_go_on, documents, show
from crmcore.cli.subscriptions.subscribe import ending_orderly

NONE = "There is no process."


@click.option("--follow", is_flag=True, help="Go on as the log grows, until interrupted.")
@click.pass_obj
def run(options: Options, follow: bool) -> None:
    """Carry out `crmcore processes run`."""
    with existing(options) as crm:
        if follow:
            with ending_orderly() as stop, crm.processes.follow():
                if not options.json:
                    say("What follows from events is carried out until this is interrupted.")
                stop.wait()
        else:
            seen = crm.processes.catch_up()
        found, now = crm.processes.status(), crm.now()
    if options.json:
        emit(({} if follow else {"events": seen}) | {"processes": documents(found, now)})
        return
    if not follow:
        say(f"{counted(seen, 'event')} seen to.")
    if found:
        show(found, now)
    else:
        say(NONE)


@click.pass_obj
def status(options: Options) -> None:
    """Carry out `crmcore processes status`."""
    with existing(options) as crm:
        found, now = crm.processes.status(), crm.now()
    if options.json:
        emit({"processes": documents(found, now)})
    elif found:
        show(found, now)
    else:
        say(NONE)
    if not all_go_on(found):
        raise click.exceptions.Exit(1)
