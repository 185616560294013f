"""The screen, as rich has it: imported when something is drawn for people."""

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)


class Screen(Console):
    """A console that leaves it to its caller what happens where nobody reads any more."""

    def on_broken_pipe(self) -> None:
        """Raise: rich would end the process."""
        raise BrokenPipeError


def drawn_bars(screen: Console, *, pace: bool) -> Progress:
    """Bars on *screen*, gone at their end; what a bar says as its ``pace`` stands beside it."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[pace]}") if pace else TimeRemainingColumn(),
        console=screen,
        transient=True,
        disable=not screen.is_terminal,
    )
