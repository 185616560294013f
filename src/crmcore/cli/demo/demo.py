"""`crmcore demo`: the main job on real data, from foreign rows to an audited log."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

import crmcore
from crmcore.cli.demo import parts
from crmcore.cli.demo.place import data_folder, place
from crmcore.cli.importers import boston311, completejourney
from crmcore.cli.imports.importing import Imported, bring_in
from crmcore.cli.imports.reports import ACTOR
from crmcore.cli.output import emit, heading, say
from crmcore.cli.progress import progress
from crmcore.cli.session import Options

IMPORTERS = {"completejourney": completejourney.commands, "boston311": boston311.commands}


@click.argument(
    "file",
    required=False,
    type=click.Path(path_type=Path),
    help="Keep it in this file; an earlier demo is replaced.",
)
@click.option("--keep", is_flag=True, help="Keep the database: in FILE, else the one of --db.")
@click.option(
    "--data",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="The folder of the data, if not the bundled one.",
)
@click.pass_obj
def demo(options: Options, file: Path | None, keep: bool, data: Path | None) -> None:
    """Carry out `crmcore demo`."""
    folder = data_folder(data)
    keep = keep or file is not None
    document: dict[str, Any] = {}
    kept = True
    with place(options, file, keep) as crm:
        if not options.json:
            say("A grocer's household panel and a city's service requests become commands.")
            sys.stdout.flush()
        for part in story(crm, folder, keep):
            document[part.name] = part.document
            kept = kept and part.holds
            if not options.json:
                heading(part.title)
                part.show()
                sys.stdout.flush()
    if options.json:
        emit(document | {"promises_kept": kept})
    if not kept:
        raise click.exceptions.Exit(1)


def story(crm: crmcore.CRM, folder: Path, keep: bool) -> Iterator[parts.Part]:
    """The parts of the demo, each worked out when its turn comes."""
    first = _imported(crm, folder, "importing", {})
    yield parts.imports(first)
    yield parts.read_models(crm)
    loyal = parts.most_loyal(crm, first)
    yield parts.household(crm, loyal)
    yield parts.tiers(crm)
    yield parts.campaigns(crm, first)
    yield parts.service_levels(crm, boston311.verdicts(folder / "boston311"))
    yield parts.audit(crm)
    before = crm.position
    sizes = {one.name: one.commands for one in first}
    again = _imported(crm, folder, "importing again", sizes)
    yield parts.second_import(again, crm.position - before)
    yield parts.next_steps(crm, loyal, crm.where if keep else None)


def _imported(crm: crmcore.CRM, folder: Path, what: str, sizes: dict[str, int]) -> list[Imported]:
    done = []
    for name, commands in IMPORTERS.items():
        with progress(f"{what} {name}", sizes.get(name)) as step:
            one = Imported(name)
            bring_in(crm, one, commands(folder / name), step, by=ACTOR)
            done.append(one)
    return done
