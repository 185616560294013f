"""What crmcore costs, as ratios to a bare baseline measured in the same run: `make bench`.

Machines are shared and noisy, so absolute figures say little: each row times our work and the
baseline in turn, several times over, and prints the medians and the median of the ratios.

    python benchmarks/bench.py [--events N] [--customers N] [--runs N] [--postgres] [--only WORD]
"""

import argparse
import os
import platform
import shutil
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
import synthetic

import crmcore
from crmcore.commands import CustomerKind, OrderLine, PlaceOrder, RegisterCustomer
from crmcore.infrastructure.log.database import Database


@attrs.frozen
class Measured:
    """One row: seconds of our work and of the baseline, and the least ratio that is asked for."""

    work: str
    against: str
    ours: float
    bare: float
    ratio: float
    least: float


def paired(
    work: str,
    against: str,
    least: float,
    runs: int,
    ours: Callable[[], float],
    bare: Callable[[], float],
) -> Measured:
    """Time both in turn; the ratio is baseline / ours, so that 1 means as fast as the baseline."""
    times = [(ours(), bare()) for _ in range(runs)]
    return Measured(
        work,
        against,
        statistics.median(one for one, _ in times),
        statistics.median(one for _, one in times),
        statistics.median(bare_time / our_time for our_time, bare_time in times),
        least,
    )


def timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


class Bench:
    """The measurements on one synthetic log in a SQLite file."""

    def __init__(self, folder: Path, events: int, customers: int, runs: int) -> None:
        self.path, self.runs, self.events = folder / "log.db", runs, events
        database = Database.open(f"sqlite:///{self.path}")
        synthetic.fill(database, events, customers=customers)
        database.close()
        self.folder = folder

    @contextmanager
    def crm(self) -> Iterator[crmcore.CRM]:
        with crmcore.open(f"sqlite:///{self.path}") as crm:
            yield crm

    def scan(self) -> float:
        """A bare SELECT of the whole table, iterated in Python."""
        connection = sqlite3.connect(self.path)
        try:
            cursor = connection.execute("SELECT * FROM crm_events ORDER BY position")
            return timed(lambda: sum(1 for _ in cursor))
        finally:
            connection.close()

    def rebuild(self, *names: str, processes: int = 1) -> float:
        def work() -> None:
            with self.crm() as crm:
                for name in names:
                    if processes == 1:
                        crm.upkeep.rebuild(name)
                    else:
                        context = get_context("spawn")
                        with ProcessPoolExecutor(processes, mp_context=context) as pool:
                            crm.upkeep.rebuild(name, executor=pool, parts=processes)

        seconds = timed(work)
        with self.crm() as crm:
            for name in names:
                crm.upkeep.retire(name)
        return seconds

    def rows_of_history(self) -> float:
        """A bare executemany of the same rows with the same index, into a file of its own."""
        with self.crm() as crm:
            crm.upkeep.rebuild("customer_history")
            crm.upkeep.switch("customer_history")
        source = sqlite3.connect(self.path)
        (ddl,) = source.execute(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name LIKE 'customer_history__g%'"
            " ORDER BY name DESC"
        ).fetchone()
        rows = source.execute("SELECT * FROM customer_history ORDER BY position").fetchall()
        source.close()
        copy = self.folder / "rows.db"
        copy.unlink(missing_ok=True)
        target = sqlite3.connect(copy, isolation_level=None)
        target.execute("PRAGMA journal_mode = WAL")
        target.execute(ddl)
        name = ddl.split()[2]
        marks = ",".join("?" * len(rows[0]))

        def write() -> None:
            target.execute("BEGIN")
            target.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
            target.execute("COMMIT")

        seconds = timed(write)
        target.close()
        return seconds

    def measure(self) -> Iterator[Measured]:
        select = "bare SELECT of the table"
        names = ("loyalty_status", "customer_history", "customer_directory")
        self.rebuild("loyalty_status")  # warm the file cache
        yield paired("rebuild loyalty_status", select, 0.30, self.runs,
                     lambda: self.rebuild("loyalty_status"), self.scan)  # fmt: skip
        yield paired("rebuild customer_history", "scan + bare executemany of its rows", 0.40,
                     self.runs, lambda: self.rebuild("customer_history"),
                     lambda: self.scan() + self.rows_of_history())  # fmt: skip
        yield paired("rebuild three read models, one after the other", select, 0.15, self.runs,
                     lambda: self.rebuild(*names), self.scan)  # fmt: skip
        yield paired("rebuild loyalty_status with 2 processes", "with 1", 1.5, self.runs,
                     lambda: self.rebuild("loyalty_status", processes=2),
                     lambda: self.rebuild("loyalty_status"))  # fmt: skip
        yield paired("verify the chain", select, 0.40, self.runs, self.verify, self.scan)
        yield from self.history_of_one()
        yield from self.commands()

    def verify(self) -> float:
        with self.crm() as crm:
            return timed(crm.verify)

    def history_of_one(self) -> Iterator[Measured]:
        with self.crm() as crm:
            crm.upkeep.rebuild("customer_history")
            crm.upkeep.switch("customer_history")
            source = sqlite3.connect(self.path)
            (subject,) = source.execute(
                "SELECT subject_id FROM crm_events WHERE subject_id IS NOT NULL"
                " GROUP BY subject_id ORDER BY abs(count(*) - 100) LIMIT 1"
            ).fetchone()
            query = "SELECT * FROM crm_events WHERE subject_id = ? ORDER BY position"
            yield paired(
                "history of one customer (100 events)", "bare indexed SELECT of those rows", 0.30,
                self.runs * 20, lambda: timed(lambda: crm.read.history(UUID(subject))),
                lambda: timed(lambda: source.execute(query, (subject,)).fetchall()),
            )  # fmt: skip
            source.close()

    def commands(self) -> Iterator[Measured]:
        for file in self.folder.glob("commands.db*"):
            file.unlink()
        with crmcore.open(f"sqlite:///{self.folder / 'commands.db'}") as crm:
            bare = sqlite3.connect(self.folder / "bare.db", isolation_level=None)
            bare.execute("PRAGMA journal_mode = WAL")
            bare.execute("PRAGMA synchronous = FULL")
            bare.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, data TEXT)")

            def one() -> None:
                crm.execute(customer(crm), by="bench")

            def bare_one() -> None:
                bare.execute("BEGIN IMMEDIATE")
                bare.execute("INSERT INTO t (data) VALUES (?)", ("x" * 400,))
                bare.execute("COMMIT")

            yield paired("one durable command", "one bare one-row transaction", 0.50,
                         self.runs * 100, lambda: timed(one), lambda: timed(bare_one))  # fmt: skip
            yield paired("execute_many, purchases of new customers",
                         "bare executemany of the same rows and indexes", 0.25, self.runs,
                         lambda: many(crm), self.bare_rows)  # fmt: skip
            bare.close()

    def bare_rows(self) -> float:
        """The rows of the last such run, inserted into a file of its own in the same batches."""
        source = sqlite3.connect(self.folder / "commands.db")
        schema = [sql for (sql,) in source.execute(
            "SELECT sql FROM sqlite_master WHERE tbl_name = 'crm_events' AND sql IS NOT NULL")]  # fmt: skip
        rows = source.execute(
            "SELECT * FROM crm_events ORDER BY position DESC LIMIT ?", (2 * PURCHASES,)
        ).fetchall()
        source.close()
        copy = self.folder / "bare_rows.db"
        copy.unlink(missing_ok=True)
        target = sqlite3.connect(copy, isolation_level=None)
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        for sql in schema:
            target.execute(sql)
        marks = ",".join("?" * len(rows[0]))

        def write() -> None:
            for start in range(0, len(rows), 500):
                target.execute("BEGIN")
                target.executemany(
                    f"INSERT INTO crm_events VALUES ({marks})", rows[start : start + 500]
                )
                target.execute("COMMIT")

        seconds = timed(write)
        target.close()
        return seconds


PURCHASES = 5_000


def customer(crm: crmcore.CRM) -> RegisterCustomer:
    return RegisterCustomer(
        customer_id=crmcore.new_id(), kind=CustomerKind.PERSON, name="Ada Lovelace", at=crm.now()
    )


def many(crm: crmcore.CRM) -> float:
    commands: list[Any] = []
    for _ in range(PURCHASES):
        new = customer(crm)
        goods = crmcore.Money(Decimal("19.90"), "EUR")
        line = OrderLine(line=1, product="tea", quantity=Decimal(1), goods=goods)
        commands += [
            new,
            PlaceOrder(
                order_id=crmcore.new_id(), customer_id=new.customer_id, channel="web",
                lines=(line,), at=crm.now(),
            ),
        ]  # fmt: skip
    return timed(lambda: crm.execute_many(commands, by="bench"))


def show(row: Measured) -> None:
    verdict = "met" if row.ratio >= row.least else "MISSED"
    print(
        f"{row.work:48} {row.ours:10.4f} s  against {row.against:44} {row.bare:10.4f} s"
        f"  ratio {row.ratio:6.2f}  asked {row.least:5.2f}  {verdict}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=200_000)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    print(
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version},"
        f" {os.cpu_count()} cores, {platform.machine()}; {options.events:,} events about"
        f" {options.customers:,} customers, seed 1, {options.runs} runs, medians",
        flush=True,
    )
    folder = Path(tempfile.mkdtemp(prefix="crmcore-bench-"))
    try:
        begun = time.perf_counter()
        bench = Bench(folder, options.events, options.customers, options.runs)
        print(f"log written in {time.perf_counter() - begun:.0f} s", file=sys.stderr)
        for row in bench.measure():
            show(row)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
