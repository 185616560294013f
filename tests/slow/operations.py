"""What is killed and started again: following, rebuilding, comparing, switching and the like.

Each can be performed again after it was cut off at any instant, and ends with the same.
"""

import multiprocessing
import os
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing.connection import Connection
from typing import Any, Final

import attrs

import crmcore
from crmcore.cli.projections.processes import processes
from crmcore.projections.engine.rebuild import rebuilder as rebuilding
from tests.slow import consuming
from tests.slow.read_models import opened

PROCESSES: Final = 2


@contextmanager
def leaving_orphans() -> Iterator[Executor]:
    """Processes that stay behind when whoever started them is killed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.slow.read_models"])
    with ProcessPoolExecutor(PROCESSES, mp_context=context) as pool:
        yield pool


def ending_with_parent() -> AbstractContextManager[Executor | None]:
    """Processes that end with whoever started them, as those of the command line do."""
    return processes(PROCESSES)


Perform = Callable[[crmcore.CRM, Executor | None], None]


@attrs.frozen
class Operation:
    """An operation, the state of the database that it begins with, and whom a kill hits."""

    name: str
    template: str
    perform: Perform
    pool: Callable[[], AbstractContextManager[Executor | None]] = nullcontext
    victim: str = "itself"
    """``itself``, ``group`` (its processes as well) or ``worker`` (one of those alone)."""
    judges: tuple[Callable[[str], None], Callable[[str], None]] | None = None
    """What is held of a log right after a kill, and at the end, where that is no read model's matter."""


def follow(crm: crmcore.CRM, _pool: Executor | None) -> None:
    head = crm.position  # a writer may be ahead of it for ever
    with crm.follow(every=0.05):
        while any(one.position < head for one in crm.status()):
            time.sleep(0.02)


def catch_up(crm: crmcore.CRM, _pool: Executor | None) -> None:
    crm.catch_up()


def rebuild(crm: crmcore.CRM, pool: Executor | None) -> None:
    for projection in crm.projections:
        crm.maintenance.rebuild(projection.name, executor=pool, parts=2 * PROCESSES)


def rebuild_all(crm: crmcore.CRM, pool: Executor | None) -> None:
    crm.maintenance.rebuild_all(executor=pool, parts=2 * PROCESSES)


def compare(crm: crmcore.CRM, _pool: Executor | None) -> None:
    for projection in crm.projections:
        found = crm.maintenance.compare(projection.name)
        assert found.position_before != found.position_after or found.equal, found


def switch(crm: crmcore.CRM, _pool: Executor | None) -> None:
    for status in crm.status():
        if status.building is not None:
            crm.maintenance.switch(status.name)


def rollback(crm: crmcore.CRM, _pool: Executor | None) -> None:
    for status in crm.status():
        if status.generation == 2:
            crm.maintenance.rollback(status.name)


def retire(crm: crmcore.CRM, _pool: Executor | None) -> None:
    for projection in crm.projections:
        crm.maintenance.retire(projection.name)


def retry(crm: crmcore.CRM, _pool: Executor | None) -> None:
    tried = crm.maintenance.retry("purchases")
    assert not tried.remaining


WORK: Final = consuming.judge_work, consuming.judge_end
PASSES: Final = consuming.judge_passes, consuming.judge_all_passes
PASSES_AT_ONCE: Final = consuming.judge_passes_at_once, consuming.judge_all_passes

OPERATIONS: Final[Mapping[str, Operation]] = {
    one.name: one
    for one in (
        Operation("follow", "bare", follow),
        Operation("catch-up", "bare", catch_up),
        Operation("rebuild", "behind", rebuild),
        Operation("rebuild all at once", "behind", rebuild_all),
        Operation("rebuild by 2", "behind", rebuild, ending_with_parent),
        Operation("rebuild by 2, all", "behind", rebuild_all, ending_with_parent, "group"),
        Operation("rebuild by 2, orphans", "behind", rebuild_all, leaving_orphans),
        Operation("rebuild by 2, worker", "behind", rebuild_all, ending_with_parent, "worker"),
        Operation("rebuild's catch-up", "built", rebuild),
        Operation("compare", "built", compare),
        Operation("switch", "built", switch),
        Operation("rollback", "switched", rollback),
        Operation("retire", "switched", retire),
        Operation("retry", "aside", retry),
        *(
            Operation(f"subscription{name}", "bare", perform, judges=judges)
            for name, perform, judges in (
                ("", consuming.subscription, WORK),
                (" in batches", consuming.in_batches, WORK),
                (" of two", consuming.following, WORK),
                (" of a process", consuming.process, PASSES),
                ("'s process at once", consuming.process_at_once, PASSES_AT_ONCE),
            )
        ),
    )
}


def in_small_steps() -> None:
    """Let generations that are not live follow the log in small steps in this process."""
    rebuilding.BATCH = 150


def child(url: str, name: str, small: bool, told: Connection) -> None:
    """Perform an operation in a process of its own, and tell when it begins and ends.

    It leads a group of processes, so that those which it starts can be killed with it.
    """
    os.setsid()
    in_small_steps()
    operation = OPERATIONS[name]
    with opened(url, small=small) as crm, operation.pool() as pool:
        workers = _started(pool)
        told.send(("begun", workers))
        begun = time.perf_counter()
        try:
            operation.perform(crm, pool)
        except Exception as error:
            told.send(("failed", f"{error!r}\n{traceback.format_exc()}"))
        else:
            told.send(("done", time.perf_counter() - begun))
        time.sleep(3600)  # until it is killed


def _started(pool: Any) -> list[int]:
    """The processes of a pool, once all have started."""
    if pool is None:
        return []
    for done in [pool.submit(time.sleep, 0.05) for _ in range(PROCESSES)]:
        done.result()
    return list(pool._processes)
