"""`crmcore status`: the log, its read models and its subscriptions, at a glance."""

import click

from crmcore.cli.output import emit, heading, say
from crmcore.cli.projections import status as of_projections
from crmcore.cli.session import Options, existing
from crmcore.cli.subscriptions import status as of_subscriptions


@click.pass_obj
def status(options: Options) -> None:
    """Carry out `crmcore status`."""
    with existing(options) as crm:
        position, now = crm.position, crm.now()
        models, subscriptions = crm.status(), crm.subscriptions.status()
    if options.json:
        emit(
            {
                "position": position,
                "projections": of_projections.documents(models, now),
                "subscriptions": of_subscriptions.documents(subscriptions, now),
            }
        )
    else:
        say(f"The log ends at position {position:,}.")
        heading("Read models")
        of_projections.show(models, now)
        if subscriptions:
            heading("Subscriptions")
            of_subscriptions.show(subscriptions, now)
    if not (of_projections.all_go_on(models) and of_subscriptions.all_go_on(subscriptions)):
        raise click.exceptions.Exit(1)
