"""Metrics of the work: what comes in, what is open, and who handles it."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from crmcore.domain.service.terms import CaseKind
from crmcore.projections.service.metrics.metric import Figure, Metric, MetricQuery, average, ratio
from crmcore.projections.service.periods import PeriodLength

TICK = timedelta(microseconds=1)


def _handled_by_agent(query: MetricQuery) -> Figure:
    handled = {
        (one.agent, record.case.case_id)
        for record in query.cases
        for one in record.work
        if not record.is_spam and one.at in query.period
    }
    return Figure(
        len({case for _, case in handled}), groups=_counts(Counter(who for who, _ in handled))
    )


HANDLED_BY_AGENT: Final = Metric(
    key="handled-by-agent",
    code="V2",
    definition="Cases that agents handled: replied to in public, or solved; by agent.",
    numerator="distinct cases with a public reply or a solution of the agent in the period.",
    denominator="none.",
    unit="cases; one that several agents handled counts for each, and once in the total.",
    no_value="never: 0 where nothing was handled.",
    restated="a case marked as spam later counts no longer.",
    compute=_handled_by_agent,
)


def _solved_by_owner(query: MetricQuery) -> Figure:
    solved = {
        (record.owners.get(cycle.number) or "(none)", record.case.case_id)
        for record in query.cases
        for cycle in record.timeline.cycles
        if record.is_request and cycle.solved_at in query.period
    }
    return Figure(
        len({case for _, case in solved}), groups=_counts(Counter(who for who, _ in solved))
    )


SOLVED_BY_OWNER: Final = Metric(
    key="solved-by-owner",
    code="V2",
    definition="Cases solved, by the agent who owned them then, whoever solved them.",
    numerator="distinct requests with a solution in the period while the agent owned them.",
    denominator="none.",
    unit="cases; one solved twice under two owners counts for each, and once in the total.",
    no_value="never: 0 where nothing was solved.",
    restated="a case merged or marked as spam later counts no longer.",
    compute=_solved_by_owner,
)


def _requests_by_type(query: MetricQuery) -> Figure:
    types = Counter(one.request_type for one in query.opened())
    return Figure(types.total(), groups=_counts(types))


REQUESTS_BY_TYPE: Final = Metric(
    key="requests-by-type",
    code="V4",
    definition="Service requests that came in, by what was requested.",
    numerator="cases opened in the period, without spam and without those merged into another.",
    denominator="none.",
    unit="cases.",
    no_value="never: 0 where none came in.",
    restated=(
        "a case classified anew counts under its new type; one merged or marked as spam later "
        "counts no longer."
    ),
    compute=_requests_by_type,
)


def _requests_per_day(query: MetricQuery) -> Figure:
    return _per(query, PeriodLength.DAY)


REQUESTS_PER_DAY: Final = Metric(
    key="requests-per-day",
    code="V4",
    definition=(
        "The average number of service requests of a type on a day, days without any included."
    ),
    numerator="requests opened in the period (see requests-by-type).",
    denominator="the local days of the period; for the mean across types, times the types.",
    unit="cases of a type per day; the value is the mean across types.",
    no_value="where no request came in (there is no type to average over).",
    restated="as requests-by-type.",
    compute=_requests_per_day,
)


def _requests_per_week(query: MetricQuery) -> Figure:
    return _per(query, PeriodLength.WEEK)


REQUESTS_PER_WEEK: Final = Metric(
    key="requests-per-week",
    code="V4",
    definition=(
        "The average number of service requests of a type in a week, weeks without any included."
    ),
    numerator="requests opened in the period (see requests-by-type).",
    denominator=(
        "the weeks of the period from Monday on, the first and last also in part; for the mean "
        "across types, times the types."
    ),
    unit="cases of a type per week; the value is the mean across types.",
    no_value="where no request came in.",
    restated="as requests-by-type.",
    compute=_requests_per_week,
)


def _requests_per_month(query: MetricQuery) -> Figure:
    return _per(query, PeriodLength.MONTH)


REQUESTS_PER_MONTH: Final = Metric(
    key="requests-per-month",
    code="V4",
    definition=(
        "The average number of service requests of a type in a month, months without any included."
    ),
    numerator="requests opened in the period (see requests-by-type).",
    denominator=(
        "the months of the period, the first and last also in part; for the mean across types, "
        "times the types."
    ),
    unit="cases of a type per month; the value is the mean across types.",
    no_value="where no request came in.",
    restated="as requests-by-type.",
    compute=_requests_per_month,
)


def _complaints(query: MetricQuery) -> Figure:
    opened = query.opened()
    found = sum(one.case["kind"] == CaseKind.COMPLAINT.value for one in opened)
    return Figure(found, found, len(opened))


COMPLAINTS: Final = Metric(
    key="complaints",
    code="V19",
    definition="Complaints that came in.",
    numerator="requests of the kind complaint opened in the period.",
    denominator="requests opened in the period.",
    unit="cases.",
    no_value="never: 0 where none came in.",
    restated="as requests-by-type, and when a case is classified as another kind.",
    compute=_complaints,
)


def _backlog(query: MetricQuery) -> Figure:
    at = min(query.period.until, query.as_of + TICK)
    opened = [one.case["priority"] or "(none)" for one in query.cases if one.was_open_before(at)]
    return Figure(len(opened), groups=_counts(Counter(opened)))


BACKLOG: Final = Metric(
    key="backlog",
    code="V17",
    definition="Cases open at the end of the period, by priority.",
    numerator="cases begun (or reopened) before the end, and not solved, merged or spam by then.",
    denominator="none.",
    unit="cases.",
    no_value="never: 0 where none was open.",
    restated="only by what is recorded late: a case marked as spam counts no longer.",
    compute=_backlog,
)


def _backlog_over_time(query: MetricQuery) -> Figure:
    now = query.as_of + TICK
    spans = [span for one in query.cases for span in one.open_spans()]
    begun = sorted(since for since, _ in spans)
    ended = sorted(until for _, until in spans if until is not None)
    found = {
        one.name: bisect_left(begun, at) - bisect_left(ended, at)
        for one in query.period.parts(query.every)
        if one.since < now
        for at in [min(one.until, now)]
    }
    opened, parts = sum(found.values()), len(found)
    groups = {name: Figure(count) for name, count in found.items()}
    return Figure(ratio(opened, parts), opened, parts, groups=groups)


BACKLOG_OVER_TIME: Final = Metric(
    key="backlog-over-time",
    code="V17",
    definition="Cases open at the end of each day (week, month) of the period, and their average.",
    numerator="the cases open at the end of each, all together.",
    denominator="the days (weeks, months) of the period that have begun.",
    unit="cases.",
    no_value="where the period has not begun.",
    restated="as backlog.",
    compute=_backlog_over_time,
)


def _per(query: MetricQuery, length: PeriodLength) -> Figure:
    parts = sum(1 for _ in query.period.parts(length))
    types = Counter(one.request_type for one in query.opened())
    across = average(types.total(), parts * len(types))
    groups = {name: average(count, parts) for name, count in sorted(types.items())}
    return Figure(across.value, across.numerator, across.denominator, groups=groups)


def _counts(counted: Mapping[str, int]) -> dict[str, Figure]:
    return {name: Figure(count) for name, count in sorted(counted.items())}
