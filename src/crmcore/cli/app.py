"""The command line as a whole: its options, and the groups of its commands.

What a call does not need is not imported: the commands are named by data (``command_group``).
"""

import os
import sys
from collections.abc import Sequence
from copy import copy
from itertools import chain, pairwise
from typing import Final

import click

from crmcore.cli.command_group import add_commands, our_modules

DEFAULT_DB: Final = "sqlite:///crm.db"
CONTEXTS: Final = "--contexts"
CONTEXTS_VARIABLE: Final = "CRMCORE_CONTEXTS"
WITH_VALUE: Final = ("--db", "--tenant", CONTEXTS, "--projections", "--policies", "--log-level")
OPTIONS: Final = (*WITH_VALUE, "--json")
EPILOG: Final = (
    "--db, --tenant, --contexts, --projections, --policies, --log-level and --json may stand before or"
    " after the command. Exit status: 0 done, 1 refused or failed, 2 a wrong call, 130 interrupted."
)

NO_COMMAND: Final = "expected a command: `crmcore --help` lists them"


def run(argv: Sequence[str]) -> int:
    """Carry out *argv*; return the exit status.  Nothing but a bug of click's can escape."""
    _open_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a letter shows a question mark
            stream.reconfigure(errors="replace")
    json = "--json" in argv
    try:
        return _ended(_carried_out(hoisted(argv), json=json))
    except SystemExit as ended:  # of a host's function
        return _ended(ended.code)
    except Exception as error:
        return _report(error, json=json)


def _carried_out(words: Sequence[str], *, json: bool) -> object:
    """What *words* end with: an exit status, or None where all is done."""
    try:
        return command_line(_contexts(words)).main(
            args=words, prog_name="crmcore", standalone_mode=False
        )
    except click.UsageError as wrong:
        wrong.show()
        if json:
            from crmcore.cli.faults import report_wrong_call

            said = wrong.format_message()
            report_wrong_call(NO_COMMAND if "\n" in said else said)  # many lines are the help
        return wrong.exit_code
    except click.Abort:
        click.echo("Aborted!", err=True)
        return 1


def command_line(contexts: Sequence[str] = ()) -> click.Group:
    """The whole command line, with the commands of a host's *contexts* (``MODULE:NAME``).

    Raises ``WrongCallError`` where there is no such context, or a command of that name already.
    """
    whole = copy(app)
    whole.commands = {}
    if not contexts:
        add_commands(whole, our_modules())
        return whole
    from crmcore.cli.faults import WrongCallError
    from crmcore.cli.hosting import command_modules

    try:
        add_commands(whole, chain(our_modules(), command_modules(contexts)))
    except ValueError as error:  # a command's name that is taken
        raise WrongCallError(f"{CONTEXTS}: {error}") from error
    return whole


def _contexts(words: Sequence[str]) -> Sequence[str]:
    """Which contexts the options name; those of the environment where there are none."""
    front = list(words[: words.index("--")] if "--" in words else words)
    named = [value for word, value in pairwise(front) if word == CONTEXTS]
    named += [word.partition("=")[2] for word in front if word.startswith(f"{CONTEXTS}=")]
    return named or os.environ.get(CONTEXTS_VARIABLE, "").split()


def _report(error: Exception, *, json: bool) -> int:
    from crmcore.cli.faults import Fault, report

    if not isinstance(error, (Fault, OSError)):
        raise error
    return report(error, json=json and isinstance(error, Fault))


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
        return _report(error, json=False)
    if isinstance(code, str):  # which a host's function ended with
        print(code, file=sys.stderr)
    return code if isinstance(code, int) else int(code is not None)


def hoisted(argv: Sequence[str]) -> list[str]:
    """*argv* with the options of ``crmcore`` itself moved before the command, where click wants them."""
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


def _version(ctx: click.Context, _option: click.Parameter, wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

        try:
            click.echo(f"crmcore {version('crmcore')}")
        except PackageNotFoundError:
            click.echo("crmcore (not installed)")
        ctx.exit()


@click.group(
    name="crmcore",
    help="An event-sourced CRM core: commands in, events in a verifiable log, answers out.",
    epilog=EPILOG,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True},
)
@click.option(
    "--db",
    metavar="URL",
    envvar="CRMCORE_DB",
    show_envvar=True,
    default=DEFAULT_DB,
    help="The database.",
)
@click.option("--tenant", metavar="NAME", help="Whose log, if it has several.")
@click.option(
    CONTEXTS,
    metavar="MODULE:NAME",
    envvar=CONTEXTS_VARIABLE,
    show_envvar=True,
    multiple=True,
    help="Contexts of your own, with their commands; may be given several times.",
)
@click.option(
    "--projections",
    metavar="MODULE:NAME",
    envvar="CRMCORE_PROJECTIONS",
    show_envvar=True,
    multiple=True,
    help="Read models of your own, kept beside ours; may be given several times.",
)
@click.option(
    "--policies",
    metavar="MODULE:NAME",
    envvar="CRMCORE_POLICIES",
    show_envvar=True,
    help="Policies of your own: cases, feedback, loyalty.",
)
@click.option(
    "--log-level",
    metavar="LEVEL",
    envvar="CRMCORE_LOG",
    show_envvar=True,
    help="Say what is done as lines of JSON on stderr: debug, info, warning or error.",
)
@click.option("--json", is_flag=True, help="Answer in JSON on stdout, and nothing else there.")
@click.option(
    "--version",
    is_flag=True,
    callback=_version,
    expose_value=False,
    is_eager=True,
    help="Show the version.",
)
@click.pass_context
def app(
    ctx: click.Context,
    db: str,
    tenant: str | None,
    contexts: tuple[str, ...],
    projections: tuple[str, ...],
    policies: str | None,
    log_level: str | None,
    json: bool,
) -> None:
    """Keep what holds for every command."""
    from crmcore.cli.session import Options

    if log_level:
        from crmcore.cli.log_lines import log_lines

        ctx.call_on_close(log_lines(log_level))
    ctx.obj = Options(
        db=db,
        tenant=tenant,
        json=json,
        contexts=contexts,
        projections=projections,
        policies=policies,
    )
