"""Where read models stand: caught up, behind, stopped, out of date; and what is built beside them."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection

from crmcore.application.log import Place
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.follow.stops import Stop
from crmcore.projections.engine.generations.checkpoint import BUILDING
from crmcore.projections.engine.generations.drift import rebuild_reason, resume_obstacle
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.poison.dead_letters import DeadLetter, DeadLetterTable
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.parts import Parts
from crmcore.projections.engine.source import LogSource


@frozen
class Building:
    """A generation that a rebuild fills beside the live one, or has filled: ready to be switched to.

    ``position`` is how far it has come; while it is filled in parts, how far on average.
    """

    generation: int
    position: int
    filled: bool
    dead_letters: tuple[DeadLetter, ...]
    stopped: Stop | None = None
    outdated: str | None = None
    """Why it cannot be gone on with: this code makes other rows, or the log is another one."""


@frozen
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
    dead_letters: tuple[DeadLetter, ...] = ()
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


@frozen
class Statuses:
    """Looks up where read models stand."""

    _source: LogSource
    _registry: Registry

    def of(self, projections: Sequence[Projection]) -> list[Status]:
        """Where each projection stands."""
        with self._source.read() as connection:
            head = self._source.head(connection)
            return [self._status(connection, head, projection) for projection in projections]

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
        asides = DeadLetterTable(self._registry.schema).of(connection, name, found.generation)
        stopped = Stop.of(found)
        needed = rebuild_reason(self._source, connection, projection, found, end)
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
        asides = DeadLetterTable(schema).of(connection, name, found.generation)
        why = resume_obstacle(self._source, connection, projection, found, parts)
        return Building(found.generation, come, not parts, tuple(asides), Stop.of(found), why)

    def _behind_since(
        self, connection: Connection, projection: Projection, position: int
    ) -> datetime | None:
        """When the first event of its topics after *position* was recorded."""
        page = self._source.events(connection, projection.reads, position, 1)
        return next((event.recorded_at for event in page.events), None)
