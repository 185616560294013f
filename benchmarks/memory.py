"""Memory: what a rebuild of ten times as many events takes, with the same customers.

    python benchmarks/memory.py URL [READ_MODEL]

rebuilds in this process, a fresh one, and prints the most memory that it ever had (MiB).

The longer log goes on for ten times as long, at the same pace: each customer buys as often.
Read models that hold a customer's last year hold no more of it, then.
"""

import resource
import subprocess
import sys
from pathlib import Path

import attrs

import crmcore
import synthetic
from log_file import LogFile
from rebuilding import HISTORY, LOYALTY
from timing import Measured, Row

FACTOR = 10
ASKED = 1.5


@attrs.frozen
class Logs:
    """Two logs of the same customers, one *FACTOR* times as long; kept if they are there."""

    folder: Path
    events: int
    customers: int

    def url(self, events: int) -> str:
        days = synthetic.DAYS * events * FACTOR / self.events
        name = f"log-{events}.db"
        return LogFile(self.folder, events, self.customers, days=days, name=name).url

    def measure(self, name: str) -> Measured:
        few, many = (self.url(count) for count in (self.events // FACTOR, self.events))
        base, less, more = peak(few), peak(few, name), peak(many, name)
        share = (more - base) / (less - base)
        return Measured(
            more, less, more / less, "MiB", f"{base:.0f} MiB of both before it; beyond, {share:.2f}"
        )


def rows(folder: Path, events: int, customers: int) -> list[Row]:
    """The same for a row of each customer, and for a row of each event."""
    logs = Logs(folder, events, customers)

    def row(name: str) -> Row:
        work = f"memory of a rebuild of {name}, {events:,} events"
        less = f"{events // FACTOR:,} events"
        return Row(work, less, ASKED, lambda: logs.measure(name), at_most=True)

    return [row(name) for name in (LOYALTY, HISTORY)]


def peak(url: str, *names: str) -> float:
    """The most memory (MiB) of a process that opens the log and rebuilds *names*."""
    command = [sys.executable, __file__, url, *names]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(done.stdout)


def main(url: str, *names: str) -> None:
    with crmcore.open(url, create=False) as crm:
        for name in names:
            crm.maintenance.rebuild(name)
        print(most_memory())
        for name in names:
            crm.maintenance.retire(name)


def most_memory() -> float:
    """The most memory (MiB) that this process ever had.

    On Linux ``ru_maxrss`` counts what its parent had when it started this process, too.
    """
    status = Path("/proc/self/status")
    if status.exists():
        lines = status.read_text(encoding="ascii").splitlines()
        (line,) = [line for line in lines if line.startswith("VmHWM:")]
        return int(line.split()[1]) / 2**10
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main(*sys.argv[1:])
