"""Metrics of solutions: how soon, at which attempt, and whether they held."""

from datetime import datetime, timedelta
from typing import Final

from crmcore.domain.kernel.working_time import between
from crmcore.projections.service.metrics.metric import (
    Figure,
    Metric,
    MetricQuery,
    mean_duration,
    median,
    ratio,
)
from crmcore.projections.service.periods import local_day
from crmcore.projections.service.service_levels.compliance import (
    Compliance,
    Grouping,
    Unit,
    compliance,
)

DAY = timedelta(days=1)


def _closed_same_day(query: MetricQuery) -> Figure:
    zone, solved = query.period.zone, query.solved()
    same = [one for one, at in solved if local_day(at, zone) == local_day(one.opened_at, zone)]
    return Figure(len(same), len(same), len(solved))


CLOSED_SAME_DAY: Final = Metric(
    key="closed-same-day",
    code="V1",
    definition=(
        "Requests that were closed on the local day on which they were opened. Closed is "
        "solved for good: filing a solved case later changes nothing."
    ),
    numerator="requests solved for good in the period, on the date of their opening in its zone.",
    denominator="requests solved for good in the period.",
    unit="cases.",
    no_value="never: 0 where nothing was solved.",
    restated=(
        "a case that is reopened, merged or marked as spam later counts no longer; solved "
        "again, it counts when that happens."
    ),
    compute=_closed_same_day,
)


def _closed_within_a_day(query: MetricQuery) -> Figure:
    solved = query.solved()
    soon = [one for one, at in solved if at - one.opened_at <= DAY]
    return Figure(len(soon), len(soon), len(solved))


CLOSED_WITHIN_A_DAY: Final = Metric(
    key="closed-within-24-hours",
    code="V1",
    definition="Requests that were closed within 24 hours of being opened, whatever the date.",
    numerator="requests solved for good in the period, at most 24 elapsed hours after opening.",
    denominator="requests solved for good in the period.",
    unit="cases.",
    no_value="never: 0 where nothing was solved.",
    restated="as closed-same-day.",
    compute=_closed_within_a_day,
)


def _resolution_time(query: MetricQuery) -> Figure:
    return mean_duration(at - one.opened_at for one, at in query.first_solved())


RESOLUTION_TIME: Final = Metric(
    key="resolution-time",
    code="V5",
    definition="The average (and median) time from opening to the first solution, day and night.",
    numerator="the elapsed time from the opening to the first solution, of all of them.",
    denominator="requests solved for the first time in the period.",
    unit="time.",
    no_value="where none was solved.",
    restated="a case merged or marked as spam later counts no longer.",
    compute=_resolution_time,
)


def _resolution_business_time(query: MetricQuery) -> Figure:
    if query.calendar is None:
        return Figure(None)
    calendar = query.calendar
    return mean_duration(between(calendar, one.opened_at, at) for one, at in query.first_solved())


RESOLUTION_BUSINESS_TIME: Final = Metric(
    key="resolution-business-time",
    code="V5",
    definition="The average (and median) working time from opening to the first solution.",
    numerator="the working time from the opening to the first solution, by the calendar given.",
    denominator="requests solved for the first time in the period.",
    unit="working time.",
    no_value="where none was solved, or no calendar is given.",
    restated="as resolution-time.",
    compute=_resolution_business_time,
)


def _resolution_time_without_pending(query: MetricQuery) -> Figure:
    return mean_duration(
        at - one.opened_at - one.waited_for_customer(at) for one, at in query.first_solved()
    )


RESOLUTION_TIME_WITHOUT_PENDING: Final = Metric(
    key="resolution-time-without-pending",
    code="V5",
    definition=(
        "The average (and median) time to the first solution in which the customer waited for us."
    ),
    numerator=(
        "elapsed time from the opening to the first solution, less the time in which the case "
        "was pending; on hold it waits for a third party, which counts."
    ),
    denominator="requests solved for the first time in the period.",
    unit="time.",
    no_value="where none was solved.",
    restated="as resolution-time.",
    compute=_resolution_time_without_pending,
)


def _full_resolution_time(query: MetricQuery) -> Figure:
    return mean_duration(at - one.opened_at for one, at in query.solved())


FULL_RESOLUTION_TIME: Final = Metric(
    key="full-resolution-time",
    code="V5",
    definition=(
        "The average (and median) time from opening to the last solution, reopenings and all."
    ),
    numerator="the elapsed time from the opening to the last solution, also while it was solved.",
    denominator="requests solved for good in the period.",
    unit="time.",
    no_value="where none was solved.",
    restated="a case that is reopened later moves to the period of its next solution.",
    compute=_full_resolution_time,
)


def _first_response(query: MetricQuery) -> Figure:
    taken = [
        at - one.opened_at
        for one in query.cases
        if one.is_request and (at := one.first_response_at) is not None and at in query.period
    ]
    return Figure(median(taken), sum(taken, timedelta(0)), len(taken))


FIRST_RESPONSE: Final = Metric(
    key="first-response-median",
    code="V18",
    definition=(
        "The median time from opening to the first public reply of an agent. A case that was "
        "solved before anybody replied had no first response, neither here nor for the target "
        "of that name."
    ),
    numerator="the elapsed time from the opening to the first response, of all of them.",
    denominator="requests whose first response is in the period.",
    unit="time (the value is the median).",
    no_value="where none was answered.",
    restated=(
        "by an earlier reply that comes in late; a case merged or marked as spam later counts "
        "no longer."
    ),
    compute=_first_response,
)


def _first_contact_resolution(query: MetricQuery) -> Figure:
    solved = query.first_solved()
    once = sum(
        not one.customer_wrote_by(at)
        and not _reopened_by(one.reopened_after(at), at + query.window)
        for one, at in solved
    )
    return Figure(ratio(once, len(solved)), once, len(solved))


FIRST_CONTACT_RESOLUTION: Final = Metric(
    key="first-contact-resolution",
    code="V10",
    definition="The share of requests solved with one contact of the customer, for good.",
    numerator=(
        "of the denominator, those where the customer wrote nothing more between the opening "
        "and the solution, and that were not reopened within the window (14 days unless said)."
    ),
    denominator="requests solved for the first time in the period.",
    unit="share.",
    no_value="where none was solved.",
    restated="until the window has passed for the last of them, by every reopening.",
    compute=_first_contact_resolution,
)


def _reopen_rate(query: MetricQuery) -> Figure:
    solved = again = 0
    for one in query.cases:
        in_period = [cycle for cycle in one.timeline.cycles if cycle.solved_at in query.period]
        if in_period and one.is_request:
            solved += 1
            again += in_period[0].number < one.timeline.cycle.number
    return Figure(ratio(again, solved), again, solved)


REOPEN_RATE: Final = Metric(
    key="reopen-rate",
    code="V11",
    definition="The share of solved requests that were reopened; a case counts once.",
    numerator="of the denominator, those reopened after a solution in the period, at any time.",
    denominator="requests with a solution in the period, the first or a later one.",
    unit="share.",
    no_value="where none was solved.",
    restated="by every reopening, for as long as policy lets a case be reopened.",
    compute=_reopen_rate,
)


def _target_compliance(query: MetricQuery) -> Figure:
    return _compliance(query, Grouping.TARGET, Unit.TARGET)


TARGET_COMPLIANCE: Final = Metric(
    key="target-compliance",
    code="V7",
    definition=(
        "The share of service level targets that were met, by target; overdue is breached to date."
    ),
    numerator="targets completed in the period, at or before they were due.",
    denominator=(
        "targets completed in the period, and those that were due in it and were not completed "
        "in time; each target of a cycle once."
    ),
    unit="share.",
    no_value="where nothing was judged.",
    restated="an overdue target moves to the period in which it is completed.",
    compute=_target_compliance,
)


def _case_compliance(query: MetricQuery) -> Figure:
    return _compliance(query, Grouping.PRIORITY, Unit.CASE)


CASE_COMPLIANCE: Final = Metric(
    key="case-compliance",
    code="V7",
    definition="The share of cases that met all of their service level targets, by priority.",
    numerator="cases judged in the period whose targets were all met.",
    denominator="cases judged in the period: met by the last of their targets, or breached.",
    unit="share.",
    no_value="where nothing was judged.",
    restated="a case that is reopened needs a new solution.",
    compute=_case_compliance,
)


def _compliance(query: MetricQuery, by: Grouping, unit: Unit) -> Figure:
    since, until = query.period.since, query.period.until
    report = compliance(query.assignments, by, unit=unit, since=since, until=until)
    return Figure(
        report.total.rate,
        *_judged(report.total),
        groups={one.group: Figure(one.rate, *_judged(one)) for one in report.groups},
    )


def _judged(one: Compliance) -> tuple[int, int]:
    return one.met, one.met + one.breached


def _reopened_by(reopened_at: datetime | None, until: datetime) -> bool:
    return reopened_at is not None and reopened_at <= until
