"""`crmcore import`: another system's files, turned into commands and carried out."""

from collections.abc import Sequence
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Final

import click

from crmcore.cli.faults import Fault, complain
from crmcore.cli.importers import boston311, completejourney, incidents
from crmcore.cli.importers.row import Unkept
from crmcore.cli.imports.importing import Imported, bring_in
from crmcore.cli.imports.reports import show_reasons
from crmcore.cli.output import counted, emit_line, say
from crmcore.cli.progress import progress
from crmcore.cli.session import Options, writing
from crmcore.cli.values import OneOf

ACTOR: Final = "crmcore import"


class Kind(StrEnum):
    """Which system the files come from."""

    BOSTON311 = "boston311"
    COMPLETEJOURNEY = "completejourney"
    INCIDENTS = "incidents"


IMPORTERS: Final = {
    Kind.BOSTON311: boston311.commands,
    Kind.COMPLETEJOURNEY: completejourney.commands,
    Kind.INCIDENTS: incidents.commands,
}


@click.argument("kind", metavar="KIND", type=OneOf(Kind), help=", ".join(Kind))
@click.argument(
    "path", type=click.Path(path_type=Path), help="The file (packed or not), or its folder."
)
@click.pass_obj
def import_files(options: Options, kind: Kind, path: Path) -> None:
    """Carry out `crmcore import`."""
    if not path.exists():
        raise Fault(f"{path}: expected a file or a folder, there is none")
    done = Imported(kind.value)

    def refused(source: str, line: int, refusal: str, reason: str) -> None:
        complain(f"{source}:{line}: {reason}")
        if options.json:
            where = {"file": source, "line": line}
            emit_line({"refused": {**where, "kind": refusal, "reason": reason}})

    rows = IMPORTERS[kind](path)
    with writing(options) as crm, progress(f"importing {kind.value}") as step:
        try:
            bring_in(crm, done, rows, step, by=ACTOR, on_refused=refused)
        except BaseException as error:
            if done.commands:
                error.add_note(f"what was recorded before is kept: {_said(done)}")
            raise
    if options.json:
        emit_line({"summary": done.document()})
    else:
        say(_said(done))
        show_reasons("Recorded otherwise than the file says", done.remarks, len(done.remarks))
        _show_unkept(done.unkept)
    if done.by_rows or done.by_rules:
        raise click.exceptions.Exit(1)


def _show_unkept(unkept: Sequence[Unkept]) -> None:
    """The columns that become nothing, file by file, with the rows in which they say something."""
    for source, columns in groupby(unkept, key=lambda one: one.source):
        said = ", ".join(f"{one.column} {one.rows:,}" for one in columns)
        say(f"{source}: columns that become nothing, and the rows that fill them: {said}")


def _said(done: Imported) -> str:
    rows = sum(one.count for one in done.by_rows.values())
    return (
        f"{counted(done.lines, 'line')} with something new, {done.silent:,} without, {rows:,} refused;"
        f" {counted(done.commands, 'command')}: {done.executed:,} executed, {done.unchanged:,}"
        f" unchanged, {done.refused:,} refused; {counted(done.events, 'event')} recorded in"
        f" {done.seconds:.1f} s."
    )
