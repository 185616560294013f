"""What a metric of service is: a definition, and a function from a query to a figure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TypedDict

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.working_time import BusinessCalendar
from crmcore.projections.results import result
from crmcore.projections.service.metrics.case_record import CaseRecord
from crmcore.projections.service.periods import Period, PeriodLength
from crmcore.projections.service.service_levels.assignments import Assignment

Value = int | Decimal | timedelta


@result
class Figure:
    """A value, what it was computed from, and the same for each group that the metric knows.

    ``median`` goes with a mean of durations.
    """

    value: Value | None
    numerator: Value | None = None
    denominator: int | None = None
    median: timedelta | None = None
    groups: Mapping[str, "Figure"] = attrs.field(factory=dict)


class MetricOptions(TypedDict, total=False):
    """What a question may say beyond its period: see ``MetricQuery``."""

    calendar: BusinessCalendar | None
    window: timedelta
    every: PeriodLength


@frozen
class MetricQuery:
    """A period, and what there is to know about it as of an instant."""

    period: Period
    as_of: datetime
    cases: Sequence[CaseRecord]
    assignments: Sequence[Assignment]
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


@frozen(kw_only=True)
class Metric:
    """A metric: its key, its number in the catalogue of metrics, its definition, and its function.

    ``no_value`` says when there is none, ``restated`` what changes a figure later.
    """

    key: str
    code: str
    definition: str
    numerator: str
    denominator: str
    unit: str
    no_value: str
    restated: str
    compute: Callable[[MetricQuery], Figure]

    @property
    def parts(self) -> Mapping[str, str]:
        """Numerator, denominator, unit, when there is no value, and what is restated."""
        return {
            "Numerator": self.numerator,
            "Denominator": self.denominator,
            "Unit": self.unit,
            "None": self.no_value,
            "Restated": self.restated,
        }


def ratio(numerator: int, denominator: int) -> Decimal | None:
    """A share of one; None where there is nothing to share."""
    return Decimal(numerator) / denominator if denominator else None


def average(numerator: int, denominator: int) -> Figure:
    """So many on average."""
    return Figure(ratio(numerator, denominator), numerator, denominator)


def median(durations: Sequence[timedelta]) -> timedelta | None:
    """The middle one, or the mean of the middle two; None where there is none."""
    in_order, half = sorted(durations), len(durations) // 2
    if not in_order or len(in_order) % 2:
        return in_order[half] if in_order else None
    return (in_order[half - 1] + in_order[half]) / 2


def mean_duration(durations: Iterable[timedelta]) -> Figure:
    """The mean of durations, and their median."""
    known = list(durations)
    if not known:
        return Figure(None, timedelta(0), 0)
    total = sum(known, timedelta(0))
    return Figure(total / len(known), total, len(known), median(known))
