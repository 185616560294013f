"""Log records of a core as lines of JSON on stderr: `--log-level`, or `CRMCORE_LOG`."""

import logging
import sys
from collections.abc import Callable
from typing import Final

from crmcore.cli.faults import WrongCallError
from crmcore.telemetry import JsonLines

LEVELS: Final = ("debug", "info", "warning", "error")


def log_lines(level: str) -> Callable[[], None]:
    """Write records from *level* on; what is returned ends that.  Raises ``WrongCallError``."""
    if level.lower() not in LEVELS:
        raise WrongCallError(f"--log-level: expected one of {', '.join(LEVELS)}, got {level!r}")
    logger, handler = logging.getLogger("crmcore"), logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(level.upper())

    def end() -> None:
        logger.removeHandler(handler)
        logger.setLevel(before)

    return end
