"""`crmcore projections rebuild`: new generations beside the live ones, compared, switched to."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor
from typing import Any, Final

import attrs
import click

import crmcore
from crmcore.cli.faults import WrongCallError, complain
from crmcore.cli.output import emit, one_line
from crmcore.cli.progress import Shown, paces
from crmcore.cli.projections.dead_letters import said_by_cause
from crmcore.cli.projections.estimate import estimate
from crmcore.cli.projections.processes import processes as started
from crmcore.cli.projections.rebuilt import Outcome, show_outcomes
from crmcore.cli.session import Options, existing
from crmcore.cli.values import AtLeast, OneOf
from crmcore.errors import (
    ProjectionStoppedError,
    RebuildStoppedError,
    StoreError,
    UnknownProjectionError,
    UnreadableEventError,
)

SMALL: Final = 50_000
"""A log of fewer records is read sooner than further processes are started."""


@attrs.frozen
class Wish:
    """What is to happen once a generation is filled."""

    compare: bool
    switch: bool
    fail_on_difference: bool


@click.argument("names", metavar="[NAME]...", nargs=-1, help="The read models.")
@click.option("--all", "every", is_flag=True, help="All of them.")
@click.option(
    "--processes",
    metavar="N",
    type=AtLeast(0),
    help="How many work side by side; 0 or 1: this one alone. If not said: the number"
    f" of cores, and this one alone for a log of less than {SMALL:,} records.",
)
@click.option("--dry-run", is_flag=True, help="Only estimate how long, and how much space.")
@click.option("--compare", is_flag=True, help="Show how the new rows differ.")
@click.option("--switch", is_flag=True, help="Let the views show the new rows.")
@click.option(
    "--fail-on-difference", is_flag=True, help="Compare; if rows differ, fail, do not switch."
)
@click.option(
    "--progress",
    type=OneOf(Shown),
    default=Shown.BAR.value,
    help="A bar on a terminal, or lines of JSON on stderr.",
)
@click.pass_obj
def rebuild(
    options: Options,
    names: tuple[str, ...],
    every: bool,
    processes: int | None,
    dry_run: bool,
    compare: bool,
    switch: bool,
    fail_on_difference: bool,
    progress: Shown,
) -> None:
    """Carry out `crmcore projections rebuild`."""
    wish = Wish(compare or fail_on_difference, switch, fail_on_difference)
    if bool(names) == every:
        raise WrongCallError("name the read models to rebuild, or all of them with --all")
    if dry_run and (wish.compare or wish.switch):
        raise WrongCallError("--dry-run changes nothing: leave the other options out")
    with existing(options) as crm:
        wanted = _wanted(crm, names)
        if dry_run:
            estimate(crm, wanted, json=options.json)
            return
        done = _all(crm, wanted, wish, _count(crm, processes), progress)
    failed = any(one.problems for one in done)
    if options.json:
        emit({"rebuilt": [one.document() for one in done], "done": not failed})
    else:
        show_outcomes(done)
    for one in done:
        for problem in one.problems:
            complain(f"{one.name}: {problem.removeprefix(f'{one.name}: ')}")
    if failed:
        raise click.exceptions.Exit(1)


def _wanted(crm: crmcore.CRM, names: Sequence[str]) -> list[str]:
    known = [projection.name for projection in crm.projections]
    for name in names:
        if name not in known:
            raise UnknownProjectionError(name, known)
    return list(dict.fromkeys(names)) or known


def _count(crm: crmcore.CRM, processes: int | None) -> int:
    if processes is not None:
        return processes
    return 1 if crm.position < SMALL else os.cpu_count() or 1


def _all(
    crm: crmcore.CRM, names: Sequence[str], wish: Wish, count: int, progress: Shown
) -> list[Outcome]:
    """What became of each, all of them filled in one reading of the log."""
    try:
        with started(count) as executor, paces(progress) as pace:
            done = _filled(crm, names, executor, count, pace)
            return [_wished(crm, one, wish) for one in done]
    except KeyboardInterrupt as stopped:
        stopped.add_note("the next rebuild goes on where this one was")
        raise


def _filled(
    crm: crmcore.CRM, names: Sequence[str], executor: Executor | None, count: int, pace: Any
) -> list[Outcome]:
    def report(at: Any) -> None:
        pace(at.name, **_pace_of(at))

    for name in names:
        pace(name, phase="begun", done=0, total=0, rate=0.0, seconds=0.0, remaining_seconds=None)
    rebuilt: Sequence[Any]
    stopped: Mapping[str, Exception] = {}
    try:
        rebuilt = crm.maintenance.rebuild_all(
            names, executor=executor, parts=max(count, 1), report=report
        )
    except RebuildStoppedError as error:
        rebuilt, stopped = error.rebuilt, error.stopped
    except (ProjectionStoppedError, UnreadableEventError, StoreError, BrokenExecutor) as error:
        rebuilt, stopped = (), dict.fromkeys(names, error)
    by_name = {one.name: one for one in rebuilt}
    for one in rebuilt:
        pace(one.name, **_pace_of_all(one))
    return [
        Outcome(name).lacking(one_line(str(stopped[name])))
        if name in stopped
        else Outcome(name, by_name[name], _dead_letters(crm, name))
        for name in names
    ]


def _wished(crm: crmcore.CRM, done: Outcome, wish: Wish) -> Outcome:
    """*done*, compared and switched to as far as that is wished and nothing speaks against it."""
    if done.rebuilt is None:
        return done
    try:
        done = _judged(crm, done, wish)
        if wish.switch and not done.problems:
            crm.maintenance.switch(done.name)
            return attrs.evolve(done, switched=True)
    except (ProjectionStoppedError, UnreadableEventError, StoreError) as error:
        return done.lacking(one_line(str(error)))
    if wish.switch:
        return done.lacking(
            f"not switched: `crmcore projections switch {done.name}` does so all the same"
        )
    return done


def _judged(crm: crmcore.CRM, done: Outcome, wish: Wish) -> Outcome:
    """*done*, compared if that is wished, with what speaks against switching."""
    if done.dead_letters:
        done = done.lacking(said_by_cause(done.dead_letters))
    if wish.compare and _status(crm, done.name).generation is not None:
        found = crm.maintenance.compare(done.name)
        done = attrs.evolve(done, comparison=found)
        if wish.fail_on_difference and not found.equal:
            done = done.lacking("the new rows differ from the live ones")
    return done


def _status(crm: crmcore.CRM, name: str) -> Any:
    return next(one for one in crm.status() if one.name == name)


def _dead_letters(crm: crmcore.CRM, name: str) -> tuple[Any, ...]:
    building = _status(crm, name).building
    return () if building is None else tuple(building.dead_letters)


def _pace_of(at: Any) -> dict[str, Any]:
    known = attrs.asdict(at) | {"rate": at.rate, "remaining_seconds": at.remaining_seconds}
    del known["name"]
    return known


def _pace_of_all(rebuilt: Any) -> dict[str, Any]:
    at = rebuilt.position
    return {
        "generation": rebuilt.generation,
        "phase": "filled",
        "done": at,
        "total": at,
        "before": rebuilt.before,
        "rate": rebuilt.rate,
        "seconds": rebuilt.seconds,
        "remaining_seconds": 0.0,
    }
