"""Metrics of the work: what comes in, what is open, and who handles it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta

import attrs

from crmcore.domain.service.terms import CaseKind
from crmcore.projections.service.metric import Asked, Figure, average
from crmcore.projections.service.periods import PeriodLength

__all__ = [
    "backlog",
    "backlog_over_time",
    "complaints",
    "handled_by_agent",
    "requests_by_type",
    "requests_per_day",
    "requests_per_month",
    "requests_per_week",
    "solved_by_owner",
]

TICK = timedelta(microseconds=1)


def handled_by_agent(asked: Asked) -> Figure:
    """Cases that agents handled: replied to in public, or solved; by agent.

    Numerator: distinct cases with a public reply or a solution of the agent in the period.
    Denominator: none.
    Unit: cases; one that several agents handled counts for each, and once in the total.
    None: never: 0 where nothing was handled.
    Restated: a case marked as spam later counts no longer.
    """
    handled = {
        (one.agent, record.case.case_id)
        for record in asked.cases
        for one in record.work
        if not record.is_spam and one.at in asked.period
    }
    return Figure(
        len({case for _, case in handled}), groups=_counts(Counter(who for who, _ in handled))
    )


def solved_by_owner(asked: Asked) -> Figure:
    """Cases solved, by the agent who owned them then, whoever solved them.

    Numerator: distinct requests with a solution in the period while the agent owned them.
    Denominator: none.
    Unit: cases; one solved twice under two owners counts for each, and once in the total.
    None: never: 0 where nothing was solved.
    Restated: a case merged or marked as spam later counts no longer.
    """
    solved = {
        (record.owners.get(cycle.number) or "(none)", record.case.case_id)
        for record in asked.cases
        for cycle in record.timeline.cycles
        if record.is_request and cycle.solved_at in asked.period
    }
    return Figure(
        len({case for _, case in solved}), groups=_counts(Counter(who for who, _ in solved))
    )


def requests_by_type(asked: Asked) -> Figure:
    """Service requests that came in, by what was requested.

    Numerator: cases opened in the period, without spam and without those merged into another.
    Denominator: none.
    Unit: cases.
    None: never: 0 where none came in.
    Restated: a case classified anew counts under its new type; one merged or marked as spam
    later counts no longer.
    """
    types = Counter(one.request_type for one in asked.opened())
    return Figure(types.total(), groups=_counts(types))


def requests_per_day(asked: Asked) -> Figure:
    """The average number of service requests of a type on a day, days without any included.

    Numerator: requests opened in the period (see requests-by-type).
    Denominator: the local days of the period; for the mean across types, times the types.
    Unit: cases of a type per day; the value is the mean across types.
    None: where no request came in (there is no type to average over).
    Restated: as requests-by-type.
    """
    return _per(asked, PeriodLength.DAY)


def requests_per_week(asked: Asked) -> Figure:
    """The average number of service requests of a type in a week, weeks without any included.

    Numerator: requests opened in the period (see requests-by-type).
    Denominator: the weeks of the period from Monday on, the first and last also in part; for
    the mean across types, times the types.
    Unit: cases of a type per week; the value is the mean across types.
    None: where no request came in.
    Restated: as requests-by-type.
    """
    return _per(asked, PeriodLength.WEEK)


def requests_per_month(asked: Asked) -> Figure:
    """The average number of service requests of a type in a month, months without any included.

    Numerator: requests opened in the period (see requests-by-type).
    Denominator: the months of the period, the first and last also in part; for the mean across
    types, times the types.
    Unit: cases of a type per month; the value is the mean across types.
    None: where no request came in.
    Restated: as requests-by-type.
    """
    return _per(asked, PeriodLength.MONTH)


def complaints(asked: Asked) -> Figure:
    """Complaints that came in.

    Numerator: requests of the kind complaint opened in the period.
    Denominator: requests opened in the period.
    Unit: cases.
    None: never: 0 where none came in.
    Restated: as requests-by-type, and when a case is classified as another kind.
    """
    opened = asked.opened()
    found = sum(one.case.kind == CaseKind.COMPLAINT.value for one in opened)
    return Figure(found, found, len(opened))


def backlog(asked: Asked) -> Figure:
    """Cases open at the end of the period, by priority.

    Numerator: cases begun (or reopened) before the end, and not solved, merged or spam by then.
    Denominator: none.
    Unit: cases.
    None: never: 0 where none was open.
    Restated: only by what is told late: a case marked as spam counts no longer.
    """
    at = min(asked.period.until, asked.as_of + TICK)
    opened = [one.case.priority or "(none)" for one in asked.cases if one.was_open_before(at)]
    return Figure(len(opened), groups=_counts(Counter(opened)))


def backlog_over_time(asked: Asked) -> Figure:
    """Cases open at the end of each day (week, month) of the period, and their average.

    Numerator: the cases open at the end of each, all together.
    Denominator: the days (weeks, months) of the period that have begun.
    Unit: cases.
    None: where the period has not begun.
    Restated: as backlog.
    """
    now = asked.as_of + TICK
    spans = [span for one in asked.cases for span in one.open_spans()]
    begun = sorted(since for since, _ in spans)
    ended = sorted(until for _, until in spans if until is not None)
    found = {
        one.name: bisect_left(begun, at) - bisect_left(ended, at)
        for one in asked.period.parts(asked.every)
        if one.since < now
        for at in [min(one.until, now)]
    }
    figure = average(sum(found.values()), len(found))
    return attrs.evolve(figure, groups={name: Figure(count) for name, count in found.items()})


def _per(asked: Asked, length: PeriodLength) -> Figure:
    parts = sum(1 for _ in asked.period.parts(length))
    types = Counter(one.request_type for one in asked.opened())
    across = average(types.total(), parts * len(types))
    groups = {name: average(count, parts) for name, count in sorted(types.items())}
    return Figure(across.value, across.numerator, across.denominator, groups=groups)


def _counts(counted: Mapping[str, int]) -> dict[str, Figure]:
    return {name: Figure(count) for name, count in sorted(counted.items())}
