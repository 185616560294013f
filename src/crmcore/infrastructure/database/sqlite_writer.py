"""The connection that a process writes to a SQLite file with, kept from one command to the next.

There is one writer at a time, so one connection is enough, and taking it from the pool, beginning
through SQLAlchemy and giving it back would take longer than all else that a command does.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
from sqlalchemy import Connection, Engine

from crmcore.infrastructure.database.driver import execute


@attrs.define(eq=False)
class Writer:
    """Transactions that may write, on an engine of our own; threads wait for each other in SQLite."""

    _engine: Engine
    _kept: Connection | None = None
    _closed: bool = False
    _lock: threading.Lock = attrs.Factory(threading.Lock)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """One that is alone from its start; what fails in it is undone."""
        with self._lock:
            own, self._kept = self._kept, None
        if own is None:
            own = self._engine.connect()
        try:
            execute(own, "BEGIN IMMEDIATE")
            yield own
            if own.in_transaction():  # SQLAlchemy has joined in
                own.commit()
            else:
                execute(own, "COMMIT")
        except BaseException:
            own.close()  # the pool rolls back
            raise
        self._keep(own)

    def close(self) -> None:
        """Keep no connection any longer."""
        with self._lock:
            own, self._kept, self._closed = self._kept, None, True
        if own is not None:
            own.detach()  # it is closed for good, whatever became of the pool meanwhile
            own.close()

    def _keep(self, own: Connection) -> None:
        with self._lock:
            kept = self._kept is None and not self._closed
            if kept:
                self._kept = own
        if not kept:
            own.close()
