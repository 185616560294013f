"""What a core tells of itself while it works: to logs, to OpenTelemetry, or to nobody.

Parts say what they do, and its particulars: topics, kinds, names, ids of commands, counts, positions.
Never a value of a field, who sent it, or the text of an error: those may tell of a person.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from types import MappingProxyType, TracebackType
from typing import Any, Final, Protocol
from uuid import UUID

from crmcore.domain.kernel.frozen import frozen

Value = str | int | float | bool | UUID | Sequence[str] | None
Particulars = Mapping[str, Value]
NONE: Final[Mapping[str, Any]] = MappingProxyType({})

FAILED: Final = "failed"


@frozen
class Happening:
    """A kind of thing that is told of.

    ``name`` is what logs call it, ``logger`` whose matter it is (``crmcore.commands``), ``level`` one of
    ``logging``.  What takes time has a ``span``.  ``counter`` is the metric that counts it, by the particulars in
    ``dimensions``, which have few values; ``sums`` and ``gauges`` are metrics of particulars.
    """

    name: str
    logger: str
    prefix: str
    """What names of attributes begin with: ``crmcore.command``."""
    counter: str | None = None
    span: str | None = None
    level: int = logging.INFO
    dimensions: tuple[str, ...] = ()
    sums: Mapping[str, str] = NONE
    gauges: Mapping[str, str] = NONE


class Observer(Protocol):
    """Whoever is told: each looks at what it wants."""

    def wants(self, happening: Happening) -> bool:
        """Whether it is to be told of such things now."""
        ...

    def begin(self, operation: "Operation") -> object:
        """Something begins; what is returned comes back with its end."""
        ...

    def end(self, operation: "Operation", begun: object) -> None:
        """It has ended: its particulars are complete."""
        ...

    def report(self, happening: Happening, particulars: Particulars) -> None:
        """Something happened that takes no time."""
        ...


Explain = Callable[[BaseException], Particulars]


def failed(error: BaseException) -> Particulars:
    """What is told of an error: its class, which has no values."""
    return {"outcome": FAILED, "error": type(error).__name__}


class Operation:
    """Something that takes time, told of when it ends; a context manager."""

    def __init__(
        self,
        happening: Happening,
        observers: Sequence[Observer],
        particulars: dict[str, Value],
        explain: Explain,
    ) -> None:
        self.happening, self.particulars, self.seconds = happening, particulars, 0.0
        self._observers, self._explain = observers, explain
        self._later: dict[str, Callable[[], Value]] = {}

    def note(self, **particulars: Value) -> None:
        """Add to what is told."""
        self.particulars.update(particulars)

    def note_later(self, name: str, get: Callable[[], Value]) -> None:
        """Add what is known at the end only."""
        self._later[name] = get

    def __bool__(self) -> bool:
        """Whether anybody is told."""
        return True

    def __enter__(self) -> "Operation":
        self._begun = [(one, one.begin(self)) for one in self._observers]
        self._started = perf_counter()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.seconds = perf_counter() - self._started
        self.particulars.update({name: get() for name, get in self._later.items()})
        if error is not None:
            self.particulars.update(self._explain(error))
        for one, begun in reversed(self._begun):
            one.end(self, begun)


class _Untold(Operation):
    """What nobody is told of."""

    def __init__(self) -> None:
        self.particulars = {}

    def note(self, **_particulars: Value) -> None:
        """Nobody asks."""

    def note_later(self, name: str, get: Callable[[], Value]) -> None:
        """Nobody asks."""

    def __bool__(self) -> bool:
        return False

    def __enter__(self) -> Operation:
        return self

    def __exit__(self, *_error: object) -> None:
        """Nothing to tell."""


UNTOLD: Final[Operation] = _Untold()


@frozen
class Telemetry:
    """What the parts of one core tell, and to whom; ``log`` names the core's log."""

    _observers: Sequence[Observer] = ()
    log: str | None = None

    def operation(
        self, happening: Happening, explain: Explain = failed, **particulars: Value
    ) -> Operation:
        """Something that takes time: ``with telemetry.operation(...) as told: told.note(...)``."""
        wanting = [one for one in self._observers if one.wants(happening)]
        if not wanting:
            return UNTOLD
        return Operation(happening, wanting, {"log": self.log, **particulars}, explain)

    def wants(self, happening: Happening) -> bool:
        """Whether anybody is to be told of such things now."""
        return any(one.wants(happening) for one in self._observers)

    def report(self, happening: Happening, **particulars: Value) -> None:
        """Something happened that takes no time."""
        for one in self._observers:
            if one.wants(happening):
                one.report(happening, {"log": self.log, **particulars})


SILENT: Final = Telemetry()
