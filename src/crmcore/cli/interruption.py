"""Interruptions: some end the process where it stands, and some wait until what was begun is done."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

INTERRUPTED: Final = 130
"""The exit status: 128 and the number of the signal, as shells have it."""


@contextmanager
def ending_at_once() -> Iterator[None]:
    """Until something has ``begun``, let an interruption end the process where it stands.

    Nothing is lost; an exception would reach whatever module is being imported at that moment,
    which may take it for its own, or tell of it in its own way.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        with suppress(ValueError):  # not in the main thread, which alone is interrupted
            signal.signal(signal.SIGINT, _end)
    try:
        yield
    finally:
        begun()


def begun() -> None:
    """From here on an interruption is an exception again."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_number: int, _frame: object) -> None:
    os._exit(INTERRUPTED)


@contextmanager
def held() -> Iterator[None]:
    """Let an interruption wait for the end of the block; a second one does not wait.

    Without it a transaction may be committed and the command end before it is counted.
    """
    ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    heard = list[int]()

    def hear(number: int, _frame: object) -> None:
        if heard:
            raise KeyboardInterrupt
        heard.append(number)

    try:
        before = signal.signal(signal.SIGINT, hear) if ours else None
    except ValueError:  # not in the main thread, which alone is interrupted
        before = None
    try:
        yield
    finally:
        if before is not None:
            signal.signal(signal.SIGINT, before)
    if heard:
        raise KeyboardInterrupt
