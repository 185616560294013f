"""Progress on long work: bars on stderr, on a terminal only; or lines of JSON for a program."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from crmcore.cli.output import console, duration, emit_line


class Shown(StrEnum):
    """How progress is shown."""

    BAR = "bar"
    JSON = "json"


class Step(Protocol):
    """Tell that so much is *done*, of *total* if that is known."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """So much is done."""
        ...


@contextmanager
def _shown(*pace: ProgressColumn) -> Iterator[Progress]:
    screen = console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(
        *columns,
        *(pace or (TimeRemainingColumn(),)),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    ) as shown:
        yield shown


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Step]:
    """A bar for *what*; it moves without an end while *total* is not known."""
    with _shown() as shown:
        task = shown.add_task(what, total=total)

        def step(done: int, total: int | None = None) -> None:
            shown.update(task, completed=done, total=total)  # None leaves the total as it is

        yield step


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each name that is heard of: what ``CRM.catch_up`` reports to."""
    with _shown() as shown:
        tasks: dict[str, TaskID] = {}

        def step(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = shown.add_task(name, total=total)
            shown.update(tasks[name], completed=done, total=total)

        yield step


Pace = Callable[..., None]
"""Called with a name, and as keywords: how much is ``done`` of ``total`` at which ``rate`` a second,
after how many ``seconds`` and with how many ``remaining_seconds``; and whatever else is known."""


@contextmanager
def paces(how: Shown) -> Iterator[Pace]:
    """A bar with its rate for each name that is heard of, or a line of JSON each time."""
    if how is Shown.JSON:
        yield lambda name, **known: emit_line({"projection": name, **known}, sys.stderr)
        return
    with _shown(TextColumn("{task.fields[pace]}")) as shown:
        tasks: dict[str, TaskID] = {}

        def step(name: str, **known: Any) -> None:
            if name not in tasks:
                tasks[name] = shown.add_task(name, total=None, pace="")
            if known["total"]:
                done, total = known["done"], known["total"]
                shown.update(tasks[name], completed=done, total=total, pace=_pace(known))

        yield step


def _pace(known: dict[str, Any]) -> str:
    remaining = known["remaining_seconds"]
    rest = "" if remaining is None else f", {duration(timedelta(seconds=remaining))} to go"
    return f"{known['rate']:,.0f}/s{rest}"
