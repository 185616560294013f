"""How long tests wait for what must happen."""

import time
from collections.abc import Callable
from typing import Final

PATIENCE: Final = 900.0
"""Seconds after which a test that hangs is ended: no machine is so busy that it takes as long."""


def eventually(holds: Callable[[], bool]) -> None:
    """Wait until it *holds*."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)
