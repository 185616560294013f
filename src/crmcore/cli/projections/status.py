"""`crmcore projections`: where the read models stand, and bringing them up to date."""

import sys
from datetime import datetime
from decimal import Decimal
from time import sleep
from typing import Any, Final, NoReturn

import attrs
import click

import crmcore
from crmcore.cli.faults import complain
from crmcore.cli.output import Column, duration, emit, emit_line, say, share, table
from crmcore.cli.progress import bars
from crmcore.cli.projections.dead_letters import (
    dead_letter_documents,
    said_by_cause,
    show_dead_letters,
)
from crmcore.cli.session import NEEDED, SERVING, Options, existing
from crmcore.errors import ProjectionStoppedError, StoreError

EVERY: Final = 0.5
"""Seconds between two looks at the log."""

AFTER_TROUBLE: Final = 2.0
"""Seconds after which what stood in the way is tried again."""


@click.option("--verbose", is_flag=True, help="List each dead letter.")
@click.pass_obj
def status(options: Options, verbose: bool) -> None:
    """Carry out `crmcore projections status`."""
    with existing(options) as crm:
        found, now = crm.status(), crm.now()
    if options.json:
        emit({"projections": documents(found, now)})
    else:
        show(found, now, verbose=verbose)
    if not all_go_on(found):
        raise click.exceptions.Exit(1)


@click.option("--follow", is_flag=True, help="Go on as the log grows, until interrupted.")
@click.pass_obj
def catch_up(options: Options, follow: bool) -> None:
    """Carry out `crmcore projections catch-up`."""
    with existing(options) as crm:
        if follow:
            _follow(crm, options.json)
        _once(crm)
        found, now = crm.status(), crm.now()
    if options.json:
        emit({"projections": documents(found, now)})
    else:
        show(found, now)


def _once(crm: crmcore.CRM) -> None:
    with bars() as step:
        crm.catch_up(step)


def _follow(crm: crmcore.CRM, json: bool) -> NoReturn:
    """Catch up as the log grows; what stands in the way is said once, and tried again."""
    seen, said = -1, ""
    try:
        while True:
            pause = EVERY
            try:
                seen, said = _follow_on(crm, seen, json), ""
            except BrokenPipeError:  # nobody reads what is said
                raise
            except (ProjectionStoppedError, StoreError, OSError) as error:
                if str(error) != said:
                    said = str(error)
                    complain(f"warning: tried again every {AFTER_TROUBLE:.0f} s: {said}")
                pause = AFTER_TROUBLE
            sleep(pause)
    except KeyboardInterrupt as stopped:
        if seen >= 0:
            stopped.add_note(f"the read models are kept as of position {seen:,}")
        raise


def _follow_on(crm: crmcore.CRM, seen: int, json: bool) -> int:
    """Catch up if the log does not end at *seen*; return where it does."""
    position = crm.position
    if position != seen:  # less, where the log was restored meanwhile
        _once(crm)
        if json:
            emit_line({"position": position})
        else:
            say(f"The read models are at position {position:,}.")
        sys.stdout.flush()
    return position


def all_go_on(found: list[Any]) -> bool:
    """Whether none of the read models needs somebody to look at it."""
    return all(one.state in (*SERVING, "not begun") for one in found)


def documents(found: list[Any], now: datetime) -> list[dict[str, Any]]:
    """Read models for programs."""
    return [_document(one, now) for one in found]


def _document(one: Any, now: datetime) -> dict[str, Any]:
    lag, building = one.lag(now), one.building
    if building is not None:
        building = attrs.asdict(building, recurse=False) | {
            "dead_letters": dead_letter_documents(building.dead_letters),
            "stopped": _stop(building),
        }
    return attrs.asdict(one, recurse=False) | {
        "behind": one.behind,
        "behind_seconds": None if lag is None else lag.total_seconds(),
        "building": building,
        "dead_letters": dead_letter_documents(one.dead_letters),
        "stopped": _stop(one),
    }


def _stop(one: Any) -> dict[str, Any] | None:
    """What stopped a generation: position and topic of the event, and the cause."""
    return None if one.stopped is None else attrs.asdict(one.stopped)


def _state(one: Any) -> str:
    if one.reason is None or one.reason.startswith(one.state):
        return str(one.reason or one.state)
    return f"{one.state}: {one.reason}"


def show(found: list[Any], now: datetime, *, verbose: bool = False) -> None:
    """The same for people, and what helps where one does not go on."""
    titles = ("Version", "Position", "Log", "Behind", "For")
    table(
        ["Read model", *(Column(title, number=True) for title in titles), "State"],
        [
            [
                one.name,
                one.version,
                one.position,
                one.head,
                one.behind,
                duration(one.lag(now)),
                _state(one),
            ]
            for one in found
        ],
    )
    for one in found:
        _show_building(one)
        if one.dead_letters:
            say(f"{one.name}: {said_by_cause(one.dead_letters)}")
            if verbose:
                show_dead_letters(one.dead_letters)


def _next(one: Any) -> tuple[str, list[str]]:
    """Where a rebuild stands, and the commands that help."""
    building, rebuild = one.building, f"rebuild {one.name}"
    if building is None:
        return f"{one.name} is to be rebuilt:", [rebuild]
    generation = f"generation {building.generation}"
    if building.outdated is not None:
        says = f"{one.name}: {generation} cannot be gone on with: {building.outdated}. Begin anew:"
        return says, [f"retire {one.name}", rebuild]
    come = share(Decimal(building.position) / one.head if one.head else None, 0)
    if building.stopped is not None:
        says = (
            f"{one.name}: the rebuild of {generation} stopped with {come} built:"
            f" {building.stopped}. Once the cause is mended, it goes on with:"
        )
        return says, [rebuild]
    if building.filled:
        says = f"{one.name}: {generation} is built, not live. What comes next:"
        return says, [f"compare {one.name}", f"switch {one.name}"]
    return f"{one.name}: {come} of {generation} is built. It goes on with:", [rebuild]


def _show_building(one: Any) -> None:
    """What an operator can do: go on after a stop, or with the generation beside the live one."""
    building = one.building
    if one.stopped is not None and one.state != NEEDED:
        say(f"{one.name} is stopped. Once the cause is mended, it goes on with:")
        say("crmcore projections catch-up", indent=2)
    if building is None and one.state != NEEDED:
        return
    says, helps = _next(one)
    say(says)
    for command in helps:
        say(f"crmcore projections {command}", indent=2)
    if building is not None and building.dead_letters:
        say(f"generation {building.generation}: {said_by_cause(building.dead_letters)}", indent=2)
