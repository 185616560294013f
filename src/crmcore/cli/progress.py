"""Progress on long work: bars on stderr, on a terminal only."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from crmcore.cli.output import console

__all__ = ["Step", "bars", "progress"]


class Step(Protocol):
    """Tell that so much is *done*, of *total* if that is known."""

    def __call__(self, done: int, total: int | None = None) -> None:
        """So much is done."""
        ...


@contextmanager
def _shown() -> Iterator[Progress]:
    screen = console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=screen, transient=True, disable=not screen.is_terminal
    ) as shown:
        yield shown


@contextmanager
def progress(what: str, total: int | None = None) -> Iterator[Step]:
    """A bar for *what*; it moves without an end while *total* is not known."""
    with _shown() as shown:
        task = shown.add_task(what, total=total)

        def step(done: int, total: int | None = None) -> None:
            shown.update(task, completed=done, **({} if total is None else {"total": total}))  # type: ignore[arg-type]

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
