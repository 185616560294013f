"""Inline read models: brought up to date in the transaction that records the events.

A command must not fail, nor take long, because of a read model.  What stands in the way leaves
the read model to whoever follows or catches up: rows of another definition, an event that
stopped it, another consumer, a backlog, an error in folding.  Its rows and its checkpoint then
stay where they were together, and the next command or follower goes on from there.
"""

import logging
from collections.abc import Sequence

import attrs
from sqlalchemy import Connection

from crmcore.application.log import Place
from crmcore.application.telemetry import SILENT, Telemetry
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.follow.batch import Batch
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.generations.drift import rebuild_reason
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.poison.poison import describe_error
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.source import LogSource

BATCH = 2_000
"""Events that are folded at once; of those before the command's own, no more are caught up with."""

PATIENCE_MILLISECONDS = 500
"""How long a command waits for another consumer: a follower's batch takes less, a switch may not.

Shorter than the second after which PostgreSQL looks for deadlocks, so that it never finds one.
"""

logger = logging.getLogger(__name__)


@frozen
class Inline:
    """Brings some read models up to date within the transactions of commands."""

    _source: LogSource
    _registry: Registry
    projections: Sequence[Projection]
    _batch: int = BATCH
    _patience: int = PATIENCE_MILLISECONDS
    _telemetry: Telemetry = SILENT
    _logged: dict[str, str] = attrs.field(factory=dict, init=False, eq=False, repr=False)

    def fold(self, connection: Connection, before: Place) -> None:
        """Fold what was recorded after a place, in the transaction that has just recorded it.

        That transaction holds the right to append, so nothing comes between.  Raises only
        where the database cannot even undo what it failed at.
        """
        for projection in self.projections:
            savepoint = connection.begin_nested()
            try:
                left = self._fold(connection, projection, before)
            except Exception as error:  # the command is right, whatever its read model lacks
                savepoint.rollback()  # fails where the database has given up the whole transaction
                if connection.invalidated:
                    raise
                self._log_once(projection, describe_error(error))
            else:
                savepoint.commit()
                self._log_once(projection, left)

    def _fold(self, connection: Connection, projection: Projection, before: Place) -> str | None:
        """Fold to the end of the log; return what is in the way, if anything is."""
        name = projection.name
        if not self._registry.claim_soon(connection, name, self._patience):
            return "another consumer holds it"
        at = self._registry.live(connection, name)
        if before.position - (0 if at is None else at.position) > self._batch:
            return "it is too far behind"
        if at is None:
            at = self._registry.begin(connection, projection)
        needed = rebuild_reason(self._source, connection, projection, at, before)
        if needed is not None:
            return f"rebuild needed: {needed}"
        if at.failed_position is not None:
            return f"stopped at position {at.failed_position} ({at.failed_topic}): {at.failure}"
        return self._fold_on(connection, projection, at)

    def _fold_on(
        self, connection: Connection, projection: Projection, at: Checkpoint
    ) -> str | None:
        batch, head = (
            Batch(self._source, self._registry, self._batch, self._telemetry),
            self._source.head(connection),
        )
        while at.position < head.position:
            reached, _, poison = batch.fold_on(connection, projection, at, head)
            if poison is not None:
                return f"stopped at position {poison.position} ({poison.topic}): {poison}"
            at = attrs.evolve(at, position=reached.position, link=reached.link)
        return None

    def _log_once(self, projection: Projection, left: str | None) -> None:
        """Log once what is in the way, not with every command."""
        if left is None:
            self._logged.pop(projection.name, None)
        elif self._logged.get(projection.name) != left:
            self._logged[projection.name] = left
            logger.warning("%s is left to whoever follows or catches up: %s", projection.name, left)
