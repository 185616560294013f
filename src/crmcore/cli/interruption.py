"""Interruptions that wait: what is being recorded is recorded and counted before the command ends."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["held"]


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
