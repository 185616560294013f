"""Load tests: `make load-tests`.  The tests in random order, again and again, on a busy machine.

    python -m tests.slow load [--times N] [--each N] [--busy N] [--seed N] [PYTEST_ARGUMENT ...]

With ``--each`` every test is carried out so many times in each run.
Beside each run so many processes compute and never rest.  Ends with 1 at the first run that
fails; its seed tells the order.
"""

import argparse
import multiprocessing
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


def options(parser: argparse.ArgumentParser) -> None:
    """Say what can be asked for."""
    parser.add_argument("--times", type=int, default=3, help="how many runs")
    parser.add_argument("--each", type=int, default=1, help="how often each test in a run")
    parser.add_argument("--busy", type=int, default=4, help="processes that compute meanwhile")
    parser.add_argument("--seed", type=int, default=None, help="of the first run's order")
    parser.add_argument("arguments", nargs="*", help="for pytest, after --: all tests if none")


def main(given: argparse.Namespace) -> int:
    """Run the tests; return the exit status."""
    first = random.randrange(10**6) if given.seed is None else given.seed
    with busy(given.busy):
        for seed in range(first, first + given.times):
            begun = time.monotonic()
            order = ["--random-order-bucket=global", f"--random-order-seed={seed}"]
            again = ["-p", "tests.slow.repeating", "--repeated", str(given.each)]
            chosen = [*again, *given.arguments] if given.each > 1 else given.arguments
            command = [sys.executable, "-m", "pytest", "-q", *order, *chosen]
            status = subprocess.run(command, check=False).returncode
            print(f"seed {seed}: {'failed' if status else 'passed'}", end=" ")
            print(f"in {time.monotonic() - begun:.0f} s beside {given.busy} busy processes")
            if status:
                return 1
    return 0


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """So many processes that compute until the end of the block."""
    computing = [multiprocessing.Process(target=_compute, daemon=True) for _ in range(processes)]
    for one in computing:
        one.start()
    try:
        yield
    finally:
        for one in computing:
            one.kill()
            one.join()


def _compute() -> None:
    while True:
        sum(range(10**6))
