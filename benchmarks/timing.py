"""What a measurement is: our work and a baseline, timed in turn in the same run."""

import statistics
import time
from collections.abc import Callable
from typing import Literal

import attrs


class NotMeasuredError(Exception):
    """Something is missing that the measurement needs."""


@attrs.frozen
class Measured:
    """What was found: medians of our work and of the baseline in *unit*, and their ratio."""

    ours: float
    bare: float
    ratio: float
    unit: Literal["s", "events/s", "MiB"] = "s"
    note: str = ""


@attrs.frozen
class Row:
    """A line of the table: what is measured, against what, and the ratio that is asked for.

    *asked* is the least ratio, or the greatest where *at_most*; None where none is asked.
    """

    work: str
    against: str
    asked: float | None
    measure: Callable[[], Measured]
    at_most: bool = False

    def verdict(self, found: Measured) -> str:
        """Whether what was found is what is asked for."""
        if self.asked is None:
            return "-"
        met = found.ratio < self.asked if self.at_most else found.ratio >= self.asked
        return "met" if met else "MISSED"


def paired(runs: int, ours: Callable[[], float], bare: Callable[[], float]) -> Measured:
    """Time both in turn; the ratio is baseline / ours, so that 1 means as fast as the baseline.

    Machines are shared and noisy: the ratio is the median of those of the runs, each of which
    met the same noise.
    """
    times = [(ours(), bare()) for _ in range(runs)]
    return Measured(
        statistics.median(one for one, _ in times),
        statistics.median(one for _, one in times),
        statistics.median(bare_time / our_time for our_time, bare_time in times),
    )


def rates(
    runs: int, ours: Callable[[], float], bare: Callable[[], float], sizes: tuple[int, int]
) -> Measured:
    """As ``paired``, of logs of different *sizes* (ours, theirs): the ratio is that of events/s."""
    found = paired(runs, ours, bare)
    mine, theirs = sizes
    return Measured(mine / found.ours, theirs / found.bare, found.ratio * mine / theirs, "events/s")


def timed(work: Callable[[], object]) -> float:
    """The seconds that *work* takes."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
