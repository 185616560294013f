"""What it costs to start: processes that begin from nothing, against one that imports SQLAlchemy."""

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import crmcore
from crmcore.commands import CustomerKind, RegisterCustomer
from timing import Measured, Row, paired

BARE = ("-c", "import sqlalchemy")
REPEATED = 3
"""Each measurement is of so many processes: one alone is soon over."""


def rows(folder: Path, runs: int) -> list[Row]:
    """A row for the help, for a command that reads a small log, and for the library."""
    database = f"sqlite:///{folder / 'starting.db'}"
    history = ("-m", "crmcore", "--db", database, "history", "Ann")
    opened = ("-c", f"import crmcore; crmcore.open({database!r}).close()")

    command = (
        "from crmcore.commands import CustomerKind, RegisterCustomer as R; import crmcore;"
        f"crm = crmcore.open({database!r}); kind = CustomerKind.PERSON;"
        "crm.execute(R(customer_id=crmcore.new_id(), kind=kind, name='Bo', at=crm.now()), by='b')"
    )

    def on_small_log(words: Sequence[str]) -> Callable[[], Measured]:
        def measure() -> Measured:
            _small_log(database)
            return against_sqlalchemy(runs, words)

        return measure

    against = "a process that imports sqlalchemy"
    return [
        Row("starting `crmcore --help`", against, 0.7, on_small_log(("-m", "crmcore", "--help")), True),
        Row("starting `crmcore history`, small log", against, 2.2, on_small_log(history), True),
        Row("starting with `crmcore.open`", against, 1.6, on_small_log(opened), True),
        Row("starting, to the end of a first command", against, None, on_small_log(("-c", command)), True),
    ]  # fmt: skip


def against_sqlalchemy(runs: int, words: Sequence[str]) -> Measured:
    """Processor time of a process of ours, as a multiple of the baseline's."""
    cpu_time(words)  # bytecode is written once
    cpu_time(BARE)
    found = paired(max(runs, 5), lambda: cpu_time(words), lambda: cpu_time(BARE))
    return Measured(found.ours, found.bare, 1 / found.ratio)


def cpu_time(words: Sequence[str]) -> float:
    """Seconds of processor time that a process takes: waiting for others is no cost of ours."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    for _ in range(REPEATED):
        subprocess.run(
            [sys.executable, *words], env=environment, check=True, stdout=subprocess.DEVNULL
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return spent / REPEATED


def _small_log(database: str) -> None:
    at = datetime(2026, 1, 5, tzinfo=UTC)
    with crmcore.open(database) as crm:
        if not crm.position:
            person = CustomerKind.PERSON
            ann = RegisterCustomer(customer_id=crmcore.new_id(), kind=person, name="Ann", at=at)
            crm.execute(ann, by="bench")
        crm.catch_up()
