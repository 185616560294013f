"""Progress on long work: bars on stderr, on a terminal only; or lines of JSON for a program."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol

from crmcore.cli.output import console, duration, emit_line

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

AS_A_TERMINAL: Final = ("FORCE_COLOR", "TTY_COMPATIBLE")
"""With one of these rich may take what is no terminal for one."""


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
def _drawn(*, pace: bool = False) -> Iterator[Callable[..., None]]:
    """What draws a bar for each name that it is called with: from the first on, and on a terminal."""
    if not (sys.stderr.isatty() or any(os.environ.get(name) for name in AS_A_TERMINAL)):
        yield lambda *_known, **_fields: None
        return
    with ExitStack() as stack:
        shown: Progress | None = None
        tasks: dict[str, TaskID] = {}

        def draw(name: str, done: int | None, total: int | None, **fields: Any) -> None:
            nonlocal shown
            if shown is None:
                from crmcore.cli.screen import drawn_bars

                shown = stack.enter_context(drawn_bars(console(stderr=True), pace=pace))
            if name not in tasks:
                tasks[name] = shown.add_task(name, total=total, **fields)
            if done is not None:
                shown.update(tasks[name], completed=done, total=total, **fields)

        yield draw


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Step]:
    """A bar for *what*; it moves without an end while *total* is not known."""
    with _drawn() as draw:
        draw(what, None, total)
        yield lambda done, total=None: draw(what, done, total)  # None leaves the total as it is


@contextmanager
def bars() -> Iterator[Callable[[str, int, int], None]]:
    """A bar for each name that is heard of: what ``CRM.catch_up`` reports to."""
    with _drawn() as draw:
        yield draw


Pace = Callable[..., None]
"""Called with a name, and as keywords: how much is ``done`` of ``total`` at which ``rate`` a second,
after how many ``seconds`` and with how many ``remaining_seconds``; and whatever else is known."""


@contextmanager
def paces(how: Shown) -> Iterator[Pace]:
    """A bar with its rate for each name that is heard of, or a line of JSON each time."""
    if how is Shown.JSON:
        yield lambda name, **known: emit_line({"projection": name, **known}, sys.stderr)
        return
    with _drawn(pace=True) as draw:

        def step(name: str, **known: Any) -> None:
            if known["total"]:
                draw(name, known["done"], known["total"], pace=_pace(known))
            else:
                draw(name, None, None, pace="")

        yield step


def _pace(known: dict[str, Any]) -> str:
    remaining = known["remaining_seconds"]
    rest = "" if remaining is None else f", {duration(timedelta(seconds=remaining))} to go"
    return f"{known['rate']:,.0f}/s{rest}"
