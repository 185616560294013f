"""What became of a rebuild: read models that were filled, and those that stopped."""

from collections.abc import Sequence
from concurrent.futures import BrokenExecutor

from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.poison.poison import ProjectionStoppedError, describe_stop
from crmcore.projections.engine.rebuild.fill import Stopped
from crmcore.projections.engine.rebuild.parts import Part


@frozen
class Rebuilt:
    """A generation that was filled: up to which position of the log, and in how long.

    ``before`` is how far it had come when it was gone on with.
    """

    name: str
    generation: int
    position: int
    seconds: float
    resumed: bool
    dead_letters: int
    before: int = 0

    @property
    def rate(self) -> float:
        """Records of the log a second."""
        return (self.position - self.before) / self.seconds if self.seconds else 0.0


class RebuildStoppedError(ProjectionStoppedError):
    """Some read models were not rebuilt: ``stopped`` says why, by name.  ``rebuilt`` are the others."""

    def __init__(self, rebuilt: Sequence[Rebuilt], stopped: Stopped) -> None:
        super().__init__("\n".join(describe_stop(name, error) for name, error in stopped.items()))
        self.rebuilt, self.stopped = rebuilt, stopped


def died(part: Part, error: BrokenExecutor) -> ProjectionStoppedError:
    """What to say of *part* where the process that filled it has gone."""
    died = ProjectionStoppedError(
        f"{part.name}: a worker died while it filled generation {part.generation}, perhaps for"
        " want of memory: rebuild again, it goes on where it was, and needs less with fewer processes"
    )
    died.__cause__ = error
    return died
