"""Following the log: what is recorded already, then whatever anyone records next.

One thread reads pages, as in the ``eventsourcing`` package; another watches for a reason to
read.  On PostgreSQL the server tells (LISTEN); on SQLite this process's own recorder tells,
and the head of the log is looked at ten times a second for what other processes record.
"""

import logging
from collections.abc import Sequence
from threading import Event, Thread
from typing import Any

from eventsourcing.persistence import ListenNotifySubscription, OperationalError, ShutDown

from crmcore.application.describing import described
from crmcore.infrastructure.log.listen import listen
from crmcore.infrastructure.recording.notifications import NotifyingRecorder

POLL_SECONDS = 0.1
"""How often to look where nobody tells."""
LISTENING_POLLS = 20
"""While listening, look only after so many silent waits: a connection can die unnoticed."""
RETRIES = 5
"""How often to read again, ever later, before an unreachable database ends the subscription."""

logger = logging.getLogger(__name__)


class LogSubscription(ListenNotifySubscription[NotifyingRecorder]):
    """An iterator over the log that waits at its end; ``stop()`` ends it."""

    def __init__(
        self,
        recorder: NotifyingRecorder,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        self._stopped = Event()
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        recorder.listen(self._has_been_notified)
        watch = self._poll if recorder.database.is_sqlite else self._listen
        self._watch_thread = Thread(target=watch, daemon=True)
        self._watch_thread.start()

    def __exit__(self, *args: object, **kwargs: Any) -> None:
        try:
            super().__exit__(*args, **kwargs)
        finally:
            self._watch_thread.join()

    def stop(self) -> None:
        """End the iteration, and the threads behind it."""
        self._stopped.set()
        self._recorder.unlisten(self._has_been_notified)
        super().stop()

    def _pull(self) -> None:
        """Read on to the head of the log.

        Positions have no gaps and appear in commit order, so what the topics leave out up
        to the head need never be looked at again.
        """
        self._has_been_notified.clear()
        head = self._read(self._recorder.max_notification_id) or 0
        while not self._has_been_stopped and (self._last_notification_id or 0) < head:
            page = self._read(self._page, head)
            if page:
                try:
                    self._notifications_queue.put(page)
                except ShutDown:
                    return
            full = len(page) == self._select_limit
            self._last_notification_id = page[-1].id if full else head

    def _page(self, head: int) -> Sequence[Any]:
        return self._recorder.select_notifications(
            start=self._last_notification_id or 0,
            limit=self._select_limit,
            stop=head,
            topics=self._topics,
            inclusive_of_start=False,
        )

    def _read(self, read: Any, *args: int) -> Any:
        for attempt in range(RETRIES):
            try:
                return read(*args)
            except OperationalError as error:
                logger.warning("reading the log failed, trying again: %s", error)
                if self._stopped.wait(POLL_SECONDS * 2**attempt):
                    break
        return read(*args)

    def _poll(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            self._has_been_notified.set()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                with listen(self._recorder.database) as connection:
                    self._wait_for_notices(connection)
            except Exception as error:  # whatever it was: looking regularly still works
                logger.warning("listening to the log failed, polling it: %s", described(error))
                for _ in range(LISTENING_POLLS):  # then listen again
                    if self._stopped.wait(POLL_SECONDS):
                        return
                    self._has_been_notified.set()

    def _wait_for_notices(self, connection: Any) -> None:
        self._has_been_notified.set()  # for what came before the server began to tell
        silent = 0
        while not self._stopped.is_set():
            notices = list(connection.notifies(timeout=POLL_SECONDS, stop_after=1))
            silent = 0 if notices else silent + 1
            if notices or silent % LISTENING_POLLS == 0:
                self._has_been_notified.set()
