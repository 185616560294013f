"""Those who go on while something is killed: readers of the views, and a writer."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

import attrs
from sqlalchemy import Connection, create_engine, text

from tests.slow.places import buys
from tests.slow.read_models import opened

BOUND = 10.0
"""No reader may wait for longer, in seconds."""


@attrs.define
class Waits:
    """How often somebody asked, and how long the longest answer took."""

    asked: int = 0
    longest: float = 0.0
    failures: list[str] = attrs.Factory(list)

    def timed(self, ask: Callable[[], object]) -> None:
        begun = time.perf_counter()
        ask()
        self.asked += 1
        self.longest = max(self.longest, time.perf_counter() - begun)


@contextmanager
def _going_on(work: Callable[[threading.Event], None], waits: Waits) -> Iterator[Waits]:
    stop = threading.Event()

    def run() -> None:
        try:
            work(stop)
        except Exception as error:
            waits.failures.append(repr(error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield waits
    finally:
        stop.set()
        thread.join()
    assert not waits.failures, waits.failures
    assert waits.longest < BOUND, f"somebody waited for {waits.longest:.1f} s"


@contextmanager
def reading(url: str, views: Sequence[str]) -> Iterator[Waits]:
    """Ask the views again and again for their rows, which are never fewer than at the start."""
    waits, engine, firsts = Waits(), create_engine(url), dict[str, int]()

    def count(connection: Connection, view: str) -> None:
        found = int(connection.execute(text(f"SELECT count(*) FROM {view}")).scalar_one())
        first = firsts.setdefault(view, found)
        assert found >= first, f"{view} showed {first} rows, then {found}"

    def work(stop: threading.Event) -> None:
        while not stop.is_set():
            for view in views:
                with engine.connect() as connection:
                    waits.timed(partial(count, connection, view))
                time.sleep(0.003)

    try:
        with _going_on(work, waits):
            yield waits
    finally:
        engine.dispose()


@contextmanager
def writing(url: str) -> Iterator[Waits]:
    """Execute commands again and again."""
    waits = Waits()

    def work(stop: threading.Event) -> None:
        with opened(url) as crm:
            while not stop.is_set():
                waits.timed(lambda: buys(crm, waits.asked))
                time.sleep(0.01)

    with _going_on(work, waits):
        yield waits
