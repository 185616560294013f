"""`crmcore subscriptions status` and `dead-letters`: where they stand, and what they failed at."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import attrs
import click

from crmcore.cli.output import Column, counted, duration, emit, instant, say, table
from crmcore.cli.session import Options, existing
from crmcore.cli.subscriptions.operating import name

GOING_ON: Final = ("caught up", "behind", "working", "retrying")


@click.pass_obj
def status(options: Options) -> None:
    """Carry out `crmcore subscriptions status`."""
    with existing(options) as crm:
        found, now = crm.subscriptions.status(), crm.now()
    if options.json:
        emit({"subscriptions": documents(found, now)})
    elif not found:
        say("There is no subscription.")
    else:
        show(found, now)
    if not all_go_on(found):
        raise click.exceptions.Exit(1)


@name
@click.pass_obj
def dead_letters(options: Options, name: str) -> None:
    """Carry out `crmcore subscriptions dead-letters`."""
    with existing(options) as crm:
        found = crm.subscriptions.dead_letters(name)
    if options.json:
        emit({"name": name, "dead_letters": [attrs.asdict(one) for one in found]})
        return
    if not found:
        say(f"{name}: there are no dead letters.")
        return
    columns = [
        Column("Position", number=True),
        Column("Topic", whole=True),
        Column("Attempts", number=True),
        Column("Since", whole=True),
        Column("Cause"),
        Column("Again"),
    ]
    rows = [
        [one.position, one.topic, one.attempts, instant(one.failed_at), one.cause, _again(one)]
        for one in found
    ]
    table(columns, rows)


def all_go_on(found: Sequence[Any]) -> bool:
    """Whether none of the subscriptions needs somebody to look at it."""
    return all(one.state in GOING_ON for one in found)


def documents(found: Sequence[Any], now: datetime) -> list[dict[str, Any]]:
    """Subscriptions for programs."""
    return [_document(one, now) for one in found]


def show(found: Sequence[Any], now: datetime) -> None:
    """The same for people, and what helps where one does not go on."""
    numbers = [
        Column(title, number=True) for title in ("Position", "Log", "Behind", "For", "Dead letters")
    ]
    table(
        ["Subscription", *numbers, "State"],
        [
            [
                one.name,
                one.position,
                one.head,
                one.behind,
                duration(one.lag(now)),
                len(one.dead_letters),
                _state(one),
            ]
            for one in found
        ],
    )
    for one in found:
        if one.state not in GOING_ON:
            say(f"{one.name} is not going on. Once the cause is mended, {_helps(one)}")
        if one.dead_letters:
            letters = counted(len(one.dead_letters), "dead letter")
            say(f"{one.name}: {letters}, listed by:")
            say(f"crmcore subscriptions dead-letters {one.name}", indent=2)


def _document(one: Any, now: datetime) -> dict[str, Any]:
    lag = one.lag(now)
    return attrs.asdict(one) | {
        "behind": one.behind,
        "behind_seconds": None if lag is None else lag.total_seconds(),
    }


def _state(one: Any) -> str:
    if one.failed_position is not None and one.state != "reset needed":
        where = f"position {one.failed_position:,} ({one.failed_topic})"
        return f"{one.state}: {where}, {counted(one.attempts, 'attempt')}: {one.reason}"
    held = f" (by {one.holder})" if one.holder else ""
    return f"{one.state}{held}" + (f": {one.reason}" if one.reason else "")


def _helps(one: Any) -> str:
    if one.state == "stopped":
        return "it goes on where it is consumed again."
    return f"it goes on after `crmcore subscriptions reset {one.name} --to POSITION`."


def _again(one: Any) -> str:
    return "yes" if one.again else "no"
