"""The resolution target of a case: by when it shall be solved, and whether it was.

A target is given with the case, or follows from its priority by a policy in elapsed time.
The verdict derives from instants alone: how often, or whether, anybody looked never changes it.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

import attrs

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.service.priority import Priority

__all__ = ["STANDARD_TARGETS", "Mode", "ResolutionPolicy", "TargetBasis", "Verdict", "verdict"]

LONGEST_TARGET = timedelta(days=3_660)


class TargetBasis(StrEnum):
    """Where a resolution target comes from."""

    GIVEN = "given"
    PRIORITY = "priority"


class Verdict(StrEnum):
    """How a case stands against a target."""

    MET = "met"
    BREACHED = "breached"
    RUNNING = "running"
    NONE = "none"


class Mode(StrEnum):
    """What a report makes of a case that is overdue and still open.

    ``TO_DATE`` counts it as breached; ``COMPLETED`` judges solved cases alone.
    """

    TO_DATE = "to_date"
    COMPLETED = "completed"


def verdict(
    due: datetime | None,
    completed_at: datetime | None,
    as_of: datetime,
    *,
    withdrawn_at: datetime | None = None,
    mode: Mode = Mode.TO_DATE,
) -> Verdict:
    """Whether a target that is due at *due* was met, as of *as_of* (all instants in UTC).

    Met if and only if completed at or before *due*.  A completion later than *as_of* has not
    happened yet.  ``withdrawn_at`` is the instant from which nothing is owed any more (the case
    was merged): a target overdue by then stays breached, any other has no verdict.

    >>> from datetime import UTC
    >>> verdict(datetime(2026, 1, 5, tzinfo=UTC), None, datetime(2026, 1, 6, tzinfo=UTC))
    <Verdict.BREACHED: 'breached'>
    """
    if due is None:
        return Verdict.NONE
    if completed_at is not None and completed_at <= as_of:
        return Verdict.MET if completed_at <= due else Verdict.BREACHED
    withdrawn = withdrawn_at is not None and withdrawn_at <= as_of
    looked_at = withdrawn_at if withdrawn and withdrawn_at is not None else as_of
    if looked_at > due and mode is Mode.TO_DATE:
        return Verdict.BREACHED
    return Verdict.NONE if withdrawn else Verdict.RUNNING


def _frozen(targets: Mapping[Priority, timedelta]) -> Mapping[Priority, timedelta]:
    return MappingProxyType(dict(targets))


def _for_every_priority(_self: Any, _field: Any, targets: Mapping[Priority, timedelta]) -> None:
    for priority in Priority:
        target = targets.get(priority)
        if target is None or not timedelta(0) <= target <= LONGEST_TARGET:
            raise InvalidValueError(
                f"targets[{priority}]", target, f"a duration from 0 to {LONGEST_TARGET.days} days"
            )


@attrs.frozen
class ResolutionPolicy:
    """Within which elapsed time (nights and weekends count) a case of each priority is solved.

    A target of 0 is due at once; for no targets at all, use no policy.
    """

    version: str
    targets: Mapping[Priority, timedelta] = attrs.field(
        validator=_for_every_priority,
        converter=_frozen,
        hash=False,
    )


STANDARD_TARGETS: Final = ResolutionPolicy(
    version="standard-1",
    targets={
        Priority.CRITICAL: timedelta(hours=4),
        Priority.HIGH: timedelta(hours=24),
        Priority.MODERATE: timedelta(days=3),
        Priority.LOW: timedelta(days=7),
    },
)
