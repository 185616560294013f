"""The command line as a whole: its options, and every command by its name."""

import os
import sys
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated, Any, Final

import typer

from crmcore.cli import (
    audit,
    demo,
    describe,
    execute,
    import_files,
    projections,
)
from crmcore.cli.customers import find, history
from crmcore.cli.faults import report, report_wrong_call
from crmcore.cli.loyalty import status as loyalty
from crmcore.cli.marketing import campaigns
from crmcore.cli.sales import leads, opportunities, orders
from crmcore.cli.service import cases, escalations, feedback, holidays, levels, metrics, policies
from crmcore.cli.session import Options

__all__ = ["hoisted", "run"]

DEFAULT_DB: Final = "sqlite:///crm.db"
WITH_VALUE: Final = ("--db", "--tenant", "--projections", "--policies")
OPTIONS: Final = (*WITH_VALUE, "--json")
EPILOG: Final = (
    "--db, --tenant, --projections, --policies and --json may stand before or after the command. Exit "
    "status: 0 done, 1 refused or failed, 2 a wrong call, 130 interrupted."
)

WRONG: Final = 2
NO_COMMAND: Final = "expected a command: `crmcore --help` lists them"
USAGE: Final[Any] = typer.BadParameter.__base__
"""What typer raises for a wrong call; it has no public name for it."""

app = typer.Typer(
    name="crmcore",
    help="An event-sourced CRM core: commands in, events in a verifiable log, answers out.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (
    demo,
    execute,
    import_files,
    describe,
    history,
    loyalty,
    find,
    orders,
    leads,
    opportunities,
    levels,
    policies,
    metrics,
    cases,
    escalations,
    feedback,
    holidays,
    campaigns,
    projections,
    audit,
):
    part.add_to(app)


def run(argv: Sequence[str]) -> int:
    """Carry out *argv*; return the exit status.  Nothing but a bug of typer's can escape."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a letter shows a question mark
            stream.reconfigure(errors="replace")
    try:
        app(args=hoisted(argv), prog_name="crmcore")
    except SystemExit as ended:
        refused = ended.__context__
        if ended.code == WRONG and isinstance(refused, USAGE) and "--json" in argv:
            said = refused.format_message()
            report_wrong_call(NO_COMMAND if "\n" in said else said)  # many lines are the help
        return _ended(ended.code)
    except OSError as error:
        return report(error, json=False)
    return 0


def _open_streams() -> None:
    """Give the process streams where its caller closed them (``>&-``): they lead nowhere."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            # stays open as long as the process, and Path has no way to write to the null device
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115, PTH123  # stays open to the end


def _ended(code: object) -> int:
    try:
        sys.stdout.flush()
    except OSError as error:  # the reader left, or the disk is full
        return report(error, json=False)
    return code if isinstance(code, int) else int(code is not None)


def hoisted(argv: Sequence[str]) -> list[str]:
    """*argv* with the options of ``crmcore`` itself moved before the command, where typer wants them."""
    front: list[str] = []
    rest = list(argv)
    kept: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*front, *kept, word, *rest]
        if word in WITH_VALUE and rest:
            front += [word, rest.pop(0)]
        elif word.partition("=")[0] in OPTIONS and word not in WITH_VALUE:
            front.append(word)
        else:
            kept.append(word)
    return front + kept


def _version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"crmcore {version('crmcore')}")
        except PackageNotFoundError:
            typer.echo("crmcore (not installed)")
        raise typer.Exit


@app.callback()
def options(
    ctx: typer.Context,
    db: Annotated[
        str, typer.Option("--db", metavar="URL", envvar="CRMCORE_DB", help="The database.")
    ] = DEFAULT_DB,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="NAME", help="Whose log, if it has several.")
    ] = None,
    projections: Annotated[
        list[str] | None,
        typer.Option(
            "--projections",
            metavar="MODULE:NAME",
            envvar="CRMCORE_PROJECTIONS",
            help="Read models of your own, kept beside ours; may be given several times.",
        ),
    ] = None,
    policies: Annotated[
        str | None,
        typer.Option(
            "--policies",
            metavar="MODULE:NAME",
            envvar="CRMCORE_POLICIES",
            help="Policies of your own: cases, feedback, loyalty.",
        ),
    ] = None,
    json: Annotated[
        bool,
        typer.Option(
            "--json", metavar="", help="Answer in JSON on stdout, and nothing else there."
        ),
    ] = False,
    _shown: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_version, is_eager=True, help="Show the version."
        ),
    ] = False,
) -> None:
    """Keep what holds for every command."""
    ctx.obj = Options(
        db=db, tenant=tenant, json=json, projections=tuple(projections or ()), policies=policies
    )
