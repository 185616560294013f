"""Following the log: every projection brought to its end, batch by batch, now or for ever."""

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from traceback import format_tb

import attrs
from sqlalchemy import Connection

from crmcore.application.errors import StoreError
from crmcore.application.log import Place
from crmcore.projections.engine.aside import Aside, AsideTable
from crmcore.projections.engine.batch import Batch
from crmcore.projections.engine.drift import drift, outdated, topics_read, unfinishable
from crmcore.projections.engine.generation import BUILDING, Registry
from crmcore.projections.engine.parts import Parts
from crmcore.projections.engine.poison import (
    PoisonError,
    ProjectionStoppedError,
    told,
    told_of,
)
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.source import LogSource
from crmcore.projections.engine.stops import Stop, note_live

__all__ = ["Building", "Follower", "Status"]

BATCH = 2_000
"""Events to a transaction."""

RETRY = 2.0
"""Seconds after which a projection that could not go on is tried again in the background."""

logger = logging.getLogger(__name__)


@attrs.frozen
class Building:
    """A generation that a rebuild fills beside the live one, or has filled: ready to be switched to.

    ``position`` is how far it has come; while it is filled in parts, how far on average.
    """

    generation: int
    position: int
    filled: bool
    put_aside: tuple[Aside, ...]
    stopped: Stop | None = None
    outdated: str | None = None
    """Why it cannot be gone on with: this code makes other rows, or the log is another one."""


@attrs.frozen
class Status:
    """Where a projection stands: caught up, behind, not begun, stopped, or out of date."""

    name: str
    version: int
    generation: int | None
    position: int
    head: int
    state: str
    reason: str | None = None
    building: Building | None = None
    put_aside: tuple[Aside, ...] = ()
    behind_since: datetime | None = None
    """When the first of the events that it has not seen was recorded (UTC)."""
    stopped: Stop | None = None

    @property
    def behind(self) -> int:
        """How many positions of the log it has not seen."""
        return max(self.head - self.position, 0)

    def lag(self, now: datetime) -> timedelta | None:
        """How long the oldest event that it has not seen has waited; None where none waits."""
        return None if self.behind_since is None else max(now - self.behind_since, timedelta(0))


Progress = Callable[[str, int, int], None]
"""Called with a projection's name, the position it reached and the position to reach."""


@attrs.frozen
class Follower:
    """Keeps projections up to date, *batch* events to a transaction."""

    _source: LogSource
    projections: Sequence[Projection]
    _registry: Registry
    _batch: int = BATCH
    _retry: float = RETRY

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
        lines = [told_of(name, error) for name, error in stopped.items()]
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
                "%s is not followed, tried again soon: %s\n%s", projection.name, told(error), where
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
            note_live(self._source, self._registry, projection, error)
            raise

    def status(self) -> list[Status]:
        """Where each projection stands."""
        with self._source.read() as connection:
            head = self._source.head(connection)
            return [self._status(connection, head, projection) for projection in self.projections]

    def _status(self, connection: Connection, end: Place, projection: Projection) -> Status:
        name, version, head = projection.name, projection.version, end.position
        found = self._registry.live(connection, name)
        building = self._building(connection, projection)
        if found is None:
            since = self._behind_since(connection, projection, 0)
            taken = self._registry.taken(connection, (table.name for table in projection.tables))
            state = "not begun" if taken is None else "stopped"
            return Status(name, version, None, 0, head, state, taken, building, behind_since=since)
        state, reason = "behind", None
        asides = AsideTable(self._registry.schema).of(connection, name, found.generation)
        stopped = Stop.of(found)
        needed = outdated(self._source, connection, projection, found, end)
        if needed is not None:  # which mends what stopped it as well
            state, reason = "rebuild needed", needed
        elif stopped is not None:
            state, reason = "stopped", str(stopped)
        elif found.position >= head:
            state = "caught up"
        return Status(
            name,
            version,
            found.generation,
            found.position,
            head,
            state,
            reason,
            building,
            tuple(asides),
            self._behind_since(connection, projection, found.position),
            stopped,
        )

    def _building(self, connection: Connection, projection: Projection) -> Building | None:
        schema, name = self._registry.schema, projection.name
        found = self._registry.in_state(connection, name, BUILDING)
        if found is None:
            return None
        parts = Parts(schema).of(connection, name, found.generation)
        come = sum(part.position for part in parts) // len(parts) if parts else found.position
        asides = AsideTable(schema).of(connection, name, found.generation)
        why = unfinishable(self._source, connection, projection, found, parts)
        return Building(found.generation, come, not parts, tuple(asides), Stop.of(found), why)

    def _behind_since(
        self, connection: Connection, projection: Projection, position: int
    ) -> datetime | None:
        """When the first event of its topics after *position* was recorded."""
        page = self._source.events(connection, projection.reads, position, 1)
        return next((event.recorded_at for event in page.events), None)

    def _fold(self, projection: Projection, progress: Progress | None) -> bool:
        """Fold one batch; tell whether the end of the log is reached."""
        if self._is_idle(projection):
            return True
        try:
            batch = Batch(self._source, self._registry, self._batch)
            position, head = batch.fold(projection)
        except PoisonError as poison:
            raise poison.stopped(projection.name) from poison.traced
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
            return not changed and at.place == end and at.failure is None
