"""Other processes of this machine, to fill the parts of a rebuild side by side."""

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from multiprocessing.context import BaseContext

from crmcore.cli.interruption import held


def processes(count: int) -> AbstractContextManager[Executor | None]:
    """*count* processes, started at once; none for 0 or 1."""
    return _pool(count) if count > 1 else nullcontext()


@contextmanager
def _pool(count: int) -> Iterator[Executor]:
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, mp_context=_context(), initializer=_begin)
    try:
        with held():  # a process that is interrupted on its way would complain
            for _ in range(count):
                pool.submit(os.getpid)
        yield pool
    except BaseException:  # what they have committed is kept: nobody need wait for the rest
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
            child.join()
        raise
    pool.shutdown()


def _context() -> BaseContext:
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    from multiprocessing import forkserver  # there is none on Windows

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crmcore.core"])  # imported once, not in each process
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # an interruption is for this process
    try:
        forkserver.ensure_running()
    finally:
        signal.signal(signal.SIGINT, before)
    return context


def _begin() -> None:
    """Let this process end, without a word, when it is interrupted or its parent has gone."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "this runs in a process that another one started"
    parent.join()
    os._exit(1)
