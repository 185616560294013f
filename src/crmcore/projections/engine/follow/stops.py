"""Why a generation stopped: recorded when it does, told by the status, forgotten when it goes on."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

from crmcore.application.errors import StoreBusyError, StoreError
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.generations.checkpoint import BUILDING, Checkpoint
from crmcore.projections.engine.generations.drift import resume_obstacle
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.poison.poison import ProjectionStoppedError, describe_error
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.outcome import RebuildStoppedError
from crmcore.projections.engine.rebuild.parts import Parts
from crmcore.projections.engine.source import LogSource


@frozen
class Stop:
    """What stopped a generation: an event, by its position and topic, or trouble of another kind."""

    position: int | None
    topic: str | None
    cause: str

    @classmethod
    def of(cls, at: Checkpoint) -> "Stop | None":
        """What stopped this generation, if something did."""
        return None if at.failure is None else cls(at.failed_position, at.failed_topic, at.failure)

    @classmethod
    def by(cls, error: Exception) -> "Stop":
        """What *error* tells of it."""
        if isinstance(error, ProjectionStoppedError):
            return cls(error.position, error.topic, error.cause or describe_error(error))
        return cls(None, None, describe_error(error))

    def __str__(self) -> str:
        where = "" if self.position is None else f"position {self.position} ({self.topic}): "
        return f"{where}{self.cause}"


def record_live_stop(
    source: LogSource, registry: Registry, projection: Projection, error: Exception
) -> None:
    """Record why the live generation does not go on, unless it is or will be known anyway.

    An event that stopped it is recorded with the rows before it; one that has to be rebuilt is
    seen to be; and who finds the database busy tries again.
    """
    if isinstance(error, ProjectionStoppedError | StoreBusyError):
        return
    with suppress(Exception), source.write() as connection:  # the database may be the trouble
        registry.claim(connection, projection.name)
        at = registry.live(connection, projection.name)
        if at is not None and at.failed_position is None:
            registry.fail(connection, at, None, None, Stop.by(error).cause)


@contextmanager
def record_stops(
    source: LogSource, registry: Registry, projections: Sequence[Projection]
) -> Iterator[None]:
    """Record why the rebuild of each of *projections* stops, until it goes on."""
    for projection in projections:
        record_stop(source, registry, projection, None)
    try:
        yield
    except Exception as error:
        causes: Mapping[str, Exception] = {one.name: error for one in projections}
        if isinstance(error, RebuildStoppedError):
            causes = error.stopped
        with suppress(StoreError):  # the database may be the trouble
            for projection in projections:
                if projection.name in causes:
                    record_stop(source, registry, projection, causes[projection.name])
        raise


def record_stop(
    source: LogSource, registry: Registry, projection: Projection, error: Exception | None
) -> None:
    """Record why the generation that is filled stopped; None: it goes on.

    One that other code began, or that is of another log, is left alone: it was not that one
    which was to be filled.
    """
    name = projection.name
    with source.read() as connection:
        found = registry.in_state(connection, name, BUILDING)
        if found is None:
            return
        parts = Parts(registry.schema).of(connection, name, found.generation)
        if resume_obstacle(source, connection, projection, found, parts) is not None:
            return
    if error is None and found.failure is None:
        return
    with source.write() as connection:
        registry.claim(connection, name)
        at = registry.generation(connection, name, found.generation)
        if at is None or at.state != BUILDING:
            return
        if error is None:
            registry.advance(connection, at, at.place)
        else:
            stop = Stop.by(error)
            registry.fail(connection, at, stop.position, stop.topic, stop.cause)
