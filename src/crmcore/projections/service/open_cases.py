"""The open cases, and what is still owed to them: the list that somebody works through."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import groupby

import attrs

from crmcore.projections.service.levels import ServiceCase, ServiceLevel

__all__ = ["OpenCase", "open_cases"]

NEVER = datetime.max.replace(tzinfo=UTC)


@attrs.frozen
class OpenCase:
    """An open case and the targets that are still to be met, the most urgent first.

    A paused target has no due instant and comes last; ``owed`` is empty where nothing is owed.
    """

    case: ServiceCase
    owed: tuple[ServiceLevel, ...]

    @property
    def next(self) -> ServiceLevel | None:
        """The target that is due first."""
        return self.owed[0] if self.owed else None


def open_cases(levels: Iterable[ServiceLevel]) -> list[OpenCase]:
    """The open cases among *levels* (which are told case by case), the most urgent first."""
    found = []
    for _, several in groupby(levels, key=lambda level: level.case.case_id):
        told = list(several)
        case = told[0].case
        if case.is_open:
            owed = sorted((one for one in told if one.is_open), key=_due)
            found.append(OpenCase(case, tuple(owed)))
    return sorted(found, key=_urgency)


def _due(level: ServiceLevel) -> datetime:
    return level.due_at or NEVER


def _urgency(one: OpenCase) -> tuple[bool, datetime, datetime]:
    due = NEVER if one.next is None else _due(one.next)
    return one.next is None, due, one.case.opened_at
