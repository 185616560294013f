"""Following the log: every projection brought to its end, batch by batch, now or for ever."""

import logging
import threading
from collections.abc import Callable, Sequence
from time import monotonic
from traceback import format_tb

from crmcore.application.errors import StoreError
from crmcore.application.telemetry import SILENT, Telemetry
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.follow.batch import Batch
from crmcore.projections.engine.follow.status import Status, Statuses
from crmcore.projections.engine.follow.stops import record_live_stop
from crmcore.projections.engine.generations.drift import (
    drift,
    topics_read,
)
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.happenings import LAG, STOP
from crmcore.projections.engine.happenings import stop as stop_of
from crmcore.projections.engine.poison.poison import (
    PoisonError,
    ProjectionStoppedError,
    describe_error,
    describe_stop,
)
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.source import LogSource

BATCH = 2_000
"""Events to a transaction."""

RETRY = 2.0
"""Seconds after which a projection that could not go on is tried again in the background."""

logger = logging.getLogger(__name__)


Progress = Callable[[str, int, int], None]
"""Called with a projection's name, the position it reached and the position to reach."""


@frozen
class Follower:
    """Keeps projections up to date, *batch* events to a transaction."""

    _source: LogSource
    projections: Sequence[Projection]
    _registry: Registry
    _batch: int = BATCH
    _retry: float = RETRY
    _telemetry: Telemetry = SILENT

    def catch_up(self, progress: Progress | None = None) -> None:
        """Bring every projection to the end of the log.

        *progress* is called after each batch.  Whatever stops a projection does not hold up
        the others; ``ProjectionStoppedError`` tells of all that stopped, at the end.  Trouble
        that none was spared, as when the disk is full, is raised as it is.
        """
        stopped = dict[str, Exception]()
        for projection in self.projections:
            try:
                self._catch_up(projection, progress)
            except Exception as error:  # a read model's trouble is its own
                stopped[projection.name] = error
        if not stopped:
            return
        causes = list(stopped.values())
        its_own = any(isinstance(error, ProjectionStoppedError) for error in causes)
        if len(causes) == len(self.projections) and not its_own:
            raise causes[0]
        lines = [describe_stop(name, error) for name, error in stopped.items()]
        raise ProjectionStoppedError("\n".join(lines)) from causes[0]

    def catch_up_one(self, name: str) -> None:
        """Bring one projection to the end of the log; raises ``ProjectionStoppedError``."""
        (projection,) = [one for one in self.projections if one.name == name]
        self._catch_up(projection, None)

    def follow(self, stop: threading.Event, wait: Callable[[], object]) -> None:
        """Catch up again and again, with a *wait* in between, until *stop* is set.

        A projection that stops, or trouble with the database, is logged and tried again a
        little later; the other projections are followed meanwhile.
        """
        due = {projection.name: 0.0 for projection in self.projections}
        while not stop.is_set():
            for projection in self.projections:
                if due[projection.name] <= monotonic() and not self._follow(projection, stop):
                    due[projection.name] = monotonic() + self._retry
            wait()

    def _follow(self, projection: Projection, stop: threading.Event) -> bool:
        """Catch one projection up; tell whether nothing was in the way."""
        try:
            self._catch_up(projection, None, stop)
        except (ProjectionStoppedError, StoreError) as error:
            logger.warning("%s is not followed, tried again soon: %s", projection.name, error)
            return False
        except (
            Exception
        ) as error:  # a thread that ended would leave every read model behind, unseen
            where = "".join(format_tb(error.__traceback__))  # no message: it may tell of a person
            logger.error(
                "%s is not followed, tried again soon: %s\n%s",
                projection.name,
                describe_error(error),
                where,
            )
            return False
        return True

    def _catch_up(
        self,
        projection: Projection,
        progress: Progress | None,
        stop: threading.Event | None = None,
    ) -> None:
        """Fold to the end, or until *stop* is set; what is in the way is recorded."""
        try:
            while not (stop and stop.is_set()) and not self._fold(projection, progress):
                pass
        except Exception as error:
            self._telemetry.report(STOP, read_model=projection.name, **stop_of(error))
            record_live_stop(self._source, self._registry, projection, error)
            raise

    def status(self) -> list[Status]:
        """Where each projection stands."""
        return Statuses(self._source, self._registry).of(self.projections)

    def _fold(self, projection: Projection, progress: Progress | None) -> bool:
        """Fold one batch; tell whether the end of the log is reached."""
        if self._is_idle(projection):
            return True
        try:
            batch = Batch(self._source, self._registry, self._batch, self._telemetry)
            position, head = batch.fold(projection)
        except PoisonError as poison:
            raise poison.stopped(projection.name) from poison.traced
        self._telemetry.report(LAG, read_model=projection.name, lag=head - position)
        if progress is not None:
            progress(projection.name, position, head)
        return position >= head

    def _is_idle(self, projection: Projection) -> bool:
        """Whether there is nothing to do, seen without holding up a writer."""
        with self._source.read() as connection:
            at = self._registry.live(connection, projection.name)
            if at is None:
                return False
            # It may look through the log, which is done here, before others must wait.
            changed = drift(self._source, connection, projection, at) is not None
            changed = changed or at.topics != topics_read(self._source, projection, at)
            end = self._source.head(connection)
            lag = end.position - at.position
            self._telemetry.report(LAG, read_model=projection.name, lag=lag)
            return not changed and at.place == end and at.failure is None
