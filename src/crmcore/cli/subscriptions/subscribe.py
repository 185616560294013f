"""`crmcore subscribe`: a function of a host's is given what is recorded."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import Any

import attrs
import click

from crmcore.cli.hosting import handler_at
from crmcore.cli.output import counted, emit, emit_line, say
from crmcore.cli.session import Options, existing
from crmcore.cli.subscriptions.operating import BEGINNING, start_at
from crmcore.cli.values import AtLeast, OneOf
from crmcore.subscriptions import Retry


class OnFailure(StrEnum):
    """What happens after the last attempt."""

    PARK = "park"
    STOP = "stop"


@click.argument("handler", metavar="MODULE:FUNCTION", help="What is given each delivery.")
@click.option("--name", metavar="NAME", required=True, help="Under which its place is kept.")
@click.option(
    "--topic", metavar="TOPIC", multiple=True, help="Only these; may be given several times."
)
@click.option(
    "--context", metavar="NAME", multiple=True, help="All topics of a context; several times."
)
@click.option(
    "--start",
    metavar="POSITION",
    default=BEGINNING,
    help="Where a new one begins: after a position, at the `beginning`, or `now`.",
)
@click.option("--batch", metavar="N", type=AtLeast(1), help="Give lists of so many at most.")
@click.option(
    "--attempts", metavar="N", type=AtLeast(1), default=Retry().attempts, help="Try each so often."
)
@click.option(
    "--on-failure",
    type=OneOf(OnFailure),
    default=OnFailure.PARK.value,
    help="After the last attempt: keep a dead letter, or stop.",
)
@click.option("--once", is_flag=True, help="End at what is the end of the log now.")
@click.pass_obj
def subscribe(
    options: Options,
    handler: str,
    name: str,
    topic: tuple[str, ...],
    context: tuple[str, ...],
    start: str,
    batch: int | None,
    attempts: int,
    on_failure: OnFailure,
    once: bool,
) -> None:
    """Carry out `crmcore subscribe`."""
    function = handler_at(handler)
    with existing(options) as crm:
        asked: dict[str, Any] = {"topics": topic or None, "contexts": context or None}
        subscription = crm.subscribe(
            name,
            function,
            start=start_at("--start", start),
            batch=batch,
            retry=Retry(attempts),
            on_failure=on_failure.value,
            **asked,
        )
        if once:
            _told_of(name, subscription.catch_up(), json=options.json)
            return

        def waits(holder: str) -> None:
            if options.json:
                emit_line({"name": name, "waits_for": holder})
            else:
                say(f"{name}: {holder} works on it; this process waits to take over.")

        with ending_orderly() as stop:
            if not options.json:
                say(f"{name}: what is recorded is delivered until this is interrupted.")
            subscription.run(stop, waits)
        (found,) = [one for one in crm.subscriptions.status() if one.name == name]
        if options.json:
            emit_line({"name": name, "position": found.position})
        else:
            say(f"{name}: ended at position {found.position:,} of {found.head:,}.")


@contextmanager
def ending_orderly() -> Iterator[threading.Event]:
    """An event that is set by SIGTERM and SIGINT: what is in work is done first.

    A second signal does not wait.
    """
    stop = threading.Event()

    def hear(number: int, _frame: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        signal.signal(number, hear)

    before = {one: signal.signal(one, hear) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _told_of(name: str, done: Any, *, json: bool) -> None:
    if json:
        emit({"name": name} | attrs.asdict(done))
        return
    dead = f", {counted(done.dead_letters, 'dead letter')}" if done.dead_letters else ""
    again = f", {done.sent_again:,} of them again" if done.sent_again else ""
    delivered = counted(done.delivered + done.sent_again, "event")
    say(f"{name}: {delivered} delivered{again}{dead}; it is at position {done.position:,}.")
