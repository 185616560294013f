"""Waking whoever follows the log: as soon as something is recorded, or after a while.

On PostgreSQL the server tells, whoever recorded it.  On SQLite this process's own commands tell,
and what other processes record is found by looking again after a while.  A connection that is
lost is opened again; until then the follower looks as often as it would on SQLite.
"""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.log.listen import listen

RECONNECT_SECONDS = 2.0

logger = logging.getLogger(__name__)


class LogNotifier:
    """Knows when there may be something new; one for all followers of a log."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recorded = threading.Condition()
        self._appends = 0
        self._listening = threading.Lock()
        self._followers = 0
        self._deaf = threading.Event()
        self._listener: threading.Thread | None = None

    def notify(self) -> None:
        """Something was recorded by this process."""
        with self._recorded:
            self._appends += 1
            self._recorded.notify_all()

    def wait(self, seen: int, seconds: float) -> int:
        """Wait until something was recorded after *seen*, at most so long; return what is seen now."""
        with self._recorded:
            self._recorded.wait_for(lambda: self._appends != seen, timeout=seconds)
            return self._appends

    @contextmanager
    def listen(self, stop: threading.Event) -> Iterator[None]:
        """On PostgreSQL, hear of what other processes record as well, until the end of the block.

        However many followers do so, they listen on one connection.  *stop* is set at the end.
        """
        if self._database.is_sqlite:
            yield
            return
        self._begin_listening()
        try:
            yield
        finally:
            stop.set()
            self._end_listening()

    def _begin_listening(self) -> None:
        with self._listening:
            self._followers += 1
            if self._followers == 1:
                self._deaf = threading.Event()
                self._listener = threading.Thread(
                    target=self._listen, args=(self._deaf,), name="crmcore-listen", daemon=True
                )
                self._listener.start()

    def _end_listening(self) -> None:
        with self._listening:
            self._followers -= 1
            if not self._followers and self._listener is not None:
                self._deaf.set()
                self._listener.join()

    def _listen(self, stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                with listen(self._database) as connection:
                    self.notify()  # of what came before the server began to tell
                    self._wait_for_notices(connection, stop)
            except Exception as error:  # looking again after a while still works
                said = str(error).partition("\n")[0]
                logger.warning("listening to the log failed, trying again soon: %s", said)
                stop.wait(RECONNECT_SECONDS)

    def _wait_for_notices(self, connection: Any, stop: threading.Event) -> None:
        while not stop.is_set():
            for _ in connection.notifies(timeout=0.2, stop_after=1):
                self.notify()
