"""`crmcore upgrade`: tables that an earlier release made, brought to what this one keeps."""

import click

from crmcore.cli.output import emit, say
from crmcore.cli.progress import bars
from crmcore.cli.session import NEEDED, Options, existing


@click.pass_obj
def upgrade(options: Options) -> None:
    """Carry out `crmcore upgrade`."""
    with existing(options) as crm:
        with bars() as step:
            done = crm.maintenance.upgrade(step)
        stale = [one.name for one in crm.status() if one.state == NEEDED]
    if options.json:
        emit({"done": list(done), "rebuild_needed": stale})
        return
    for one in done:
        say(f"Done: {one}.")
    if not done:
        say("Nothing to do: the log and what is kept beside it are of this release.")
    if stale:
        say(f"To be rebuilt: {', '.join(stale)}: crmcore projections rebuild --all --switch")
