"""What goes to another process, or another machine, that fills parts of read models.

It needs the log and the read models alone: nothing that executes commands is made there.
"""

from collections.abc import Sequence
from concurrent.futures import Executor, Future

import attrs

from crmcore.application.errors import StoreError
from crmcore.application.policies import Policies
from crmcore.composition import Composition
from crmcore.contexts.context import Context
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.database.database import Database
from crmcore.infrastructure.log.projection_source import ProjectionSource
from crmcore.infrastructure.log.read import LogReader
from crmcore.projections.engine.generations.registry import Registry
from crmcore.projections.engine.poison.poison import ProjectionStoppedError, describe_stop
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.fill import Stopped, fill
from crmcore.projections.engine.rebuild.parts import Part


@frozen
class Submit:
    """Lets an executor fill parts of generations, in another process or on another machine.

    What goes there is the database's address, with its password, and the host's own
    contexts and projections, which must be picklable for that (handlers that are functions of a
    module).
    """

    _address: str = attrs.field(repr=False)
    _schema: str | None
    _policies: Policies
    _contexts: tuple[Context, ...]
    _projections: tuple[Projection, ...]

    def __call__(self, executor: Executor, parts: Sequence[Part]) -> "Future[Stopped]":
        """Submit parts that are filled in one reading; the future tells what stopped."""
        return executor.submit(
            fill_parts,
            self._address,
            self._schema,
            self._policies,
            self._contexts,
            self._projections,
            parts,
        )


def fill_parts(
    address: str,
    schema: str | None,
    policies: Policies,
    contexts: tuple[Context, ...],
    projections: tuple[Projection, ...],
    parts: Sequence[Part],
) -> Stopped:
    """Fill parts of generations in one reading, on a connection of this process's own."""
    composition = Composition(contexts, policies)
    kept = (*composition.projections(composition.wiring()), *projections)
    database = Database.open(address, schema=schema, create=False)
    try:
        reader = LogReader(database.tables, composition.codec)
        stopped = fill(ProjectionSource(database, reader), Registry(schema), kept, parts)
        return {name: _fit_to_be_sent(name, error) for name, error in stopped.items()}
    finally:
        database.close()


def _fit_to_be_sent(name: str, error: Exception) -> Exception:
    """What stopped a read model; of errors that are not ours, which may not be picklable, the words."""
    if isinstance(error, ProjectionStoppedError | StoreError):
        return error
    return ProjectionStoppedError(describe_stop(name, error))
