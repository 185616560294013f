"""How often a delivery is tried, and how long is waited in between."""

import math
import random
from typing import Any

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel import shown
from crmcore.domain.kernel.frozen import frozen


@frozen
class Retry:
    """At most ``attempts`` attempts; before the second one ``first`` seconds are waited.

    Each further wait is ``factor`` times as long, at most ``longest`` seconds.  Of each wait a
    random part of up to one half is left out, so that many who failed at one moment do not come back at one
    moment.  Raises ``MisuseError`` for numbers that cannot be.
    """

    attempts: int = 5
    first: float = 1.0
    factor: float = 2.0
    longest: float = 60.0

    def __attrs_post_init__(self) -> None:
        attempts: Any = self.attempts
        if not isinstance(attempts, int) or isinstance(attempts, bool) or attempts < 1:
            raise _unexpected("attempts", "a whole number from 1", attempts)
        for name, least in (("first", 0), ("factor", 1), ("longest", 0)):
            given = getattr(self, name)
            if not _is_number(given) or not given >= least:
                raise _unexpected(name, f"a number from {least}", given)

    def pause(self, failed: int) -> float:
        """Seconds to wait after so many *failed* attempts."""
        grown = self.first * self.factor ** min(failed - 1, 64)
        return min(grown, self.longest) * random.uniform(0.5, 1.0)


def _is_number(given: Any) -> bool:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    return is_number and math.isfinite(given)


def _unexpected(name: str, expected: str, given: Any) -> MisuseError:
    return MisuseError(f"retry: {name}: expected {expected}, got {shown(given)}")


STANDARD = Retry()
"""Five attempts, within 15 seconds or so."""


def require_retry(given: Any) -> Retry:
    """*given*, if it is a ``Retry``; raises ``MisuseError`` otherwise."""
    if not isinstance(given, Retry):
        raise MisuseError(f"retry: expected Retry, got {shown(given)}")
    return given
