"""How far a rebuild has come, for people and for programs."""

import time
from collections.abc import Callable, Sequence

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.rebuild.parts import Part


@frozen
class Progress:
    """How far a rebuild has come: records of the log done and in all.

    ``before`` were done already when it went on, so that they do not count for its rate.
    """

    name: str
    generation: int
    phase: str
    done: int
    total: int
    seconds: float
    before: int = 0

    @property
    def rate(self) -> float:
        """Records a second."""
        return (self.done - self.before) / self.seconds if self.seconds else 0.0

    @property
    def remaining_seconds(self) -> float | None:
        """How long it will still take at that rate."""
        return (self.total - self.done) / self.rate if self.rate else None


Report = Callable[[Progress], None]


@frozen
class Clock:
    """Tells of the progress of one read model, since *begun* on the clock that only goes forward.

    Each part reads the whole of the log for its share: what is done is what they have read on
    average, which never goes back even where a part has to.
    """

    _name: str
    _generation: int
    _report: Report | None
    _begun: float
    before: int
    _read: dict[int, int] = attrs.field(factory=dict, init=False)

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self._begun

    def show(self, parts: Sequence[Part]) -> None:
        """Tell how far *parts*, all that there are, have come."""
        for part in parts:
            self._keep(part, part.position)
        if self._report is not None and parts:
            total = max(part.upto for part in parts)
            done = sum(self._read.values()) // len(self._read)
            at = self._name, self._generation, "fill", done, total, self.seconds, self.before
            self._report(Progress(*at))

    def seen(self, part: Part, position: int, parts: Sequence[Part]) -> None:
        """Tell that *part*, of *parts*, was read up to a position."""
        self._keep(part, position)
        self.show(parts)

    def _keep(self, part: Part, position: int) -> None:
        known = self._read.get(part.number, 0)
        self._read[part.number] = max(known, min(position, part.upto))
