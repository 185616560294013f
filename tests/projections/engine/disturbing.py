"""A PostgreSQL server that goes away while read models are followed or rebuilt, and comes back."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import crmcore
from crmcore.errors import ProjectionStoppedError, StoreError
from tests.own_server import OwnServer
from tests.patience import PATIENCE

Trouble = Callable[[OwnServer, str], None]
"""What happens to a server, or to those who are connected to one of its databases."""


def crash(server: OwnServer, _database: str) -> None:
    server.stop("immediate")
    server.start()


def restart(server: OwnServer, _database: str) -> None:
    server.stop("fast")
    server.start()


def terminate(server: OwnServer, database: str, which: str = "true") -> None:
    """End the sessions of a database."""
    server.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{database}' AND ({which})"
    )


def terminate_listener(server: OwnServer, database: str) -> None:
    terminate(server, database, "query LIKE 'LISTEN%'")


def terminate_others(server: OwnServer, database: str) -> None:
    terminate(server, database, "query NOT LIKE 'LISTEN%'")


TROUBLES: Final[Mapping[str, Trouble]] = {
    "a crash": crash,
    "a restart": restart,
    "the listener's session killed": terminate_listener,
    "the others' sessions killed": terminate_others,
}


def eventually(holds: Callable[[], bool], seconds: float = PATIENCE) -> float:
    """Wait until it holds, be the server there or not; return the seconds that it took."""
    begun = time.monotonic()
    while True:
        try:
            if holds():
                return time.monotonic() - begun
        except StoreError:
            pass
        if time.monotonic() - begun > seconds:
            raise AssertionError(f"not even after {seconds} s")
        time.sleep(0.01)


def caught_up(crm: crmcore.CRM) -> bool:
    return {status.state for status in crm.status()} == {"caught up"}


def followed_through(
    crm: crmcore.CRM, trouble: Callable[[], None], command: Callable[[], object]
) -> tuple[bool, float]:
    """Follow the log through *trouble*, and what *command* then records.

    Tells whether work was under way, and how long it took to be caught up after the trouble.
    """
    with crm.follow(every=0.5):
        eventually(lambda: any(status.position for status in crm.status()))
        under_way = not caught_up(crm)
        trouble()
        seconds = eventually(lambda: caught_up(crm))
        command()
        eventually(lambda: caught_up(crm))
    return under_way, seconds


def rebuilt_through(
    crm: crmcore.CRM,
    rebuild: Callable[[Executor | None], None],
    trouble: Callable[[], None],
    pool: Callable[[], AbstractContextManager[Executor | None]] = nullcontext,
    delay: float = 0.0,
) -> str:
    """Rebuild through *trouble*; where that stops it, again.  Tells what became of the first."""
    with ThreadPoolExecutor(1) as thread:
        with pool() as executor:
            first = thread.submit(rebuild, executor)
            eventually(lambda: first.done() or any(one.building for one in crm.status()))
            time.sleep(delay)
            if first.done():
                first.result()
                return "it had ended"
            trouble()
            try:
                first.result(timeout=PATIENCE)
            except (StoreError, ProjectionStoppedError) as error:
                said = f"stopped: {error}"
            else:
                return "went on"
        assert "\n" not in said
        eventually(lambda: crm.position > 0)
        with pool() as executor:
            rebuild(executor)
        return said
