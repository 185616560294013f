"""`crmcore audit`: was anything in the log altered?"""

from typing import Any

import click

from crmcore.cli.output import emit, say
from crmcore.cli.progress import progress
from crmcore.cli.session import Options, existing


@click.pass_obj
def verify(options: Options) -> None:
    """Carry out `crmcore audit verify`."""
    with existing(options) as crm, progress("verifying") as step:
        verdict = crm.verify(step)
    if options.json:
        emit(verdict_document(verdict))
    else:
        say(said(verdict, whole=True), style=None if verdict.intact else "bold red")
    if not verdict.intact:
        raise click.exceptions.Exit(1)


def verdict_document(verdict: Any) -> dict[str, Any]:
    """The verdict for JSON."""
    return {
        "intact": verdict.intact,
        "records": verdict.records,
        "head": verdict.head.hex(),
        "broken_at": verdict.broken_at,
        "reason": verdict.reason,
    }


def said(verdict: Any, *, whole: bool = False) -> str:
    """The verdict in a sentence; with the *whole* last link, for whoever keeps it elsewhere."""
    if verdict.intact:
        head = verdict.head.hex() if whole else f"{verdict.head.hex()[:16]}…"
        return f"The chain is intact: {verdict.records:,} records, head {head}"
    if verdict.broken_at is None:
        return f"The log is not what was recorded: {verdict.reason}."
    return (
        f"The chain is broken at position {verdict.broken_at:,}: {verdict.reason};"
        f" {verdict.records:,} records before it are good."
    )
