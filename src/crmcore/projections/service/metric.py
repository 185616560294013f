"""What a metric of service is: a function from what is asked to a figure, and its definition.

The definition stands in the docstring of the function, once: a sentence, then by name the
numerator, the denominator, the unit, when there is no value, and what is restated later.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from inspect import cleandoc
from typing import TypedDict

import attrs

from crmcore.domain.kernel.working_time import BusinessCalendar
from crmcore.projections.service.levels import ServiceLevel
from crmcore.projections.service.periods import Period, PeriodLength
from crmcore.projections.service.records import CaseRecord

__all__ = ["Asked", "Figure", "Metric", "Particulars", "average", "median", "of_durations", "ratio"]

Value = int | Decimal | timedelta
PARTS = ("Numerator", "Denominator", "Unit", "None", "Restated")


@attrs.frozen
class Figure:
    """A value, what it was computed from, and the same for each group that the metric knows.

    ``median`` goes with a mean of durations.
    """

    value: Value | None
    numerator: Value | None = None
    denominator: int | None = None
    median: timedelta | None = None
    groups: Mapping[str, "Figure"] = attrs.field(factory=dict)


class Particulars(TypedDict, total=False):
    """What a question may say beyond its period: see ``Asked``."""

    calendar: BusinessCalendar | None
    window: timedelta
    every: PeriodLength


@attrs.frozen
class Asked:
    """A period, and what there is to know about it as of an instant."""

    period: Period
    as_of: datetime
    cases: Sequence[CaseRecord]
    levels: Sequence[ServiceLevel]
    calendar: BusinessCalendar | None = None
    """The hours in which business time counts."""
    window: timedelta = timedelta(days=14)
    """How long a solution has to hold to count as one at first contact."""
    every: PeriodLength = PeriodLength.DAY
    """How often a figure over time is taken."""

    def opened(self) -> list[CaseRecord]:
        """The requests opened in the period."""
        return [one for one in self.cases if one.is_request and one.opened_at in self.period]

    def first_solved(self) -> list[tuple[CaseRecord, datetime]]:
        """The requests solved for the first time in the period, and when."""
        return [
            (one, at)
            for one in self.cases
            if one.is_request and (at := one.first_solved_at) is not None and at in self.period
        ]

    def solved(self) -> list[tuple[CaseRecord, datetime]]:
        """The requests solved for good in the period, and when."""
        return [
            (one, at)
            for one in self.cases
            if one.is_request and (at := one.solved_at) is not None and at in self.period
        ]


@attrs.frozen(slots=False)
class Metric:
    """A metric: its key, its number in the catalogue of metrics, and how it is computed."""

    key: str
    code: str
    compute: Callable[[Asked], Figure]

    @cached_property
    def definition(self) -> str:
        """What it tells, in a sentence or two."""
        return self._told[0]

    @cached_property
    def parts(self) -> Mapping[str, str]:
        """Numerator, denominator, unit, when there is no value, and what is restated."""
        return dict(zip(PARTS, self._told[1:], strict=True))

    @cached_property
    def _told(self) -> Sequence[str]:
        text = cleandoc(self.compute.__doc__ or "")
        told = re.split(rf"^(?:{'|'.join(PARTS)}): ", text, flags=re.MULTILINE)
        return [" ".join(part.replace("``", "").split()) for part in told]


def ratio(numerator: int, denominator: int) -> Decimal | None:
    """A share of one; None where there is nothing to share."""
    return Decimal(numerator) / denominator if denominator else None


def average(numerator: int, denominator: int) -> Figure:
    """So many on average."""
    return Figure(ratio(numerator, denominator), numerator, denominator)


def median(told: Sequence[timedelta]) -> timedelta | None:
    """The middle one, or the mean of the middle two; None where there is none."""
    in_order, half = sorted(told), len(told) // 2
    if not in_order or len(in_order) % 2:
        return in_order[half] if in_order else None
    return (in_order[half - 1] + in_order[half]) / 2


def of_durations(durations: Iterable[timedelta]) -> Figure:
    """The mean of durations, and their median."""
    told = list(durations)
    if not told:
        return Figure(None, timedelta(0), 0)
    total = sum(told, timedelta(0))
    return Figure(total / len(told), total, len(told), median(told))
