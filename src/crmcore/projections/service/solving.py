"""Metrics of solutions: how soon, at which attempt, and whether they held."""

from datetime import datetime, timedelta

from crmcore.domain.kernel.working_time import between
from crmcore.projections.service.compliance import Compliance, Grouping, Unit, compliance
from crmcore.projections.service.metric import Asked, Figure, median, of_durations, ratio
from crmcore.projections.service.periods import local_day

__all__ = [
    "case_compliance",
    "closed_same_day",
    "closed_within_a_day",
    "first_contact_resolution",
    "first_response",
    "full_resolution_time",
    "reopen_rate",
    "resolution_business_time",
    "resolution_time",
    "resolution_time_without_pending",
    "target_compliance",
]

DAY = timedelta(days=1)


def closed_same_day(asked: Asked) -> Figure:
    """Requests that were closed on the local day on which they were opened.

    Closed is solved for good: filing a solved case later changes nothing.

    Numerator: requests solved for good in the period, on the date of their opening in its zone.
    Denominator: requests solved for good in the period.
    Unit: cases.
    None: never: 0 where nothing was solved.
    Restated: a case that is reopened, merged or marked as spam later counts no longer; solved
    again, it counts when that happens.
    """
    zone, solved = asked.period.zone, asked.solved()
    same = [one for one, at in solved if local_day(at, zone) == local_day(one.opened_at, zone)]
    return Figure(len(same), len(same), len(solved))


def closed_within_a_day(asked: Asked) -> Figure:
    """Requests that were closed within 24 hours of being opened, whatever the date.

    Numerator: requests solved for good in the period, at most 24 elapsed hours after opening.
    Denominator: requests solved for good in the period.
    Unit: cases.
    None: never: 0 where nothing was solved.
    Restated: as closed-same-day.
    """
    solved = asked.solved()
    soon = [one for one, at in solved if at - one.opened_at <= DAY]
    return Figure(len(soon), len(soon), len(solved))


def resolution_time(asked: Asked) -> Figure:
    """The average (and median) time from opening to the first solution, day and night.

    Numerator: the elapsed time from the opening to the first solution, of all of them.
    Denominator: requests solved for the first time in the period.
    Unit: time.
    None: where none was solved.
    Restated: a case merged or marked as spam later counts no longer.
    """
    return of_durations(at - one.opened_at for one, at in asked.first_solved())


def resolution_business_time(asked: Asked) -> Figure:
    """The average (and median) working time from opening to the first solution.

    Numerator: the working time from the opening to the first solution, by the calendar given.
    Denominator: requests solved for the first time in the period.
    Unit: working time.
    None: where none was solved, or no calendar is given.
    Restated: as resolution-time.
    """
    if asked.calendar is None:
        return Figure(None)
    calendar = asked.calendar
    return of_durations(between(calendar, one.opened_at, at) for one, at in asked.first_solved())


def resolution_time_without_pending(asked: Asked) -> Figure:
    """The average (and median) time to the first solution in which the customer waited for us.

    Numerator: elapsed time from the opening to the first solution, less the time in which the
    case was pending; on hold it waits for a third party, which counts.
    Denominator: requests solved for the first time in the period.
    Unit: time.
    None: where none was solved.
    Restated: as resolution-time.
    """
    return of_durations(
        at - one.opened_at - one.waited_for_customer(at) for one, at in asked.first_solved()
    )


def full_resolution_time(asked: Asked) -> Figure:
    """The average (and median) time from opening to the last solution, reopenings and all.

    Numerator: the elapsed time from the opening to the last solution, also while it was solved.
    Denominator: requests solved for good in the period.
    Unit: time.
    None: where none was solved.
    Restated: a case that is reopened later moves to the period of its next solution.
    """
    return of_durations(at - one.opened_at for one, at in asked.solved())


def first_response(asked: Asked) -> Figure:
    """The median time from opening to the first public reply of an agent.

    A case that was solved before anybody replied had no first response, neither here nor for the
    target of that name.

    Numerator: the elapsed time from the opening to the first response, of all of them.
    Denominator: requests whose first response is in the period.
    Unit: time (the value is the median).
    None: where none was answered.
    Restated: by an earlier reply that comes in late; a case merged or marked as spam later counts
    no longer.
    """
    told = [
        at - one.opened_at
        for one in asked.cases
        if one.is_request and (at := one.first_response_at) is not None and at in asked.period
    ]
    return Figure(median(told), sum(told, timedelta(0)), len(told))


def first_contact_resolution(asked: Asked) -> Figure:
    """The share of requests solved with one contact of the customer, for good.

    Numerator: of the denominator, those where the customer wrote nothing more between the opening
    and the solution, and that were not reopened within the window (14 days unless said).
    Denominator: requests solved for the first time in the period.
    Unit: share.
    None: where none was solved.
    Restated: until the window has passed for the last of them, by every reopening.
    """
    solved = asked.first_solved()
    once = sum(
        not one.customer_wrote_by(at)
        and not _reopened_by(one.reopened_after(at), at + asked.window)
        for one, at in solved
    )
    return Figure(ratio(once, len(solved)), once, len(solved))


def reopen_rate(asked: Asked) -> Figure:
    """The share of solved requests that were reopened; a case counts once.

    Numerator: of the denominator, those reopened after a solution in the period, at any time.
    Denominator: requests with a solution in the period, the first or a later one.
    Unit: share.
    None: where none was solved.
    Restated: by every reopening, for as long as policy lets a case be reopened.
    """
    solved = again = 0
    for one in asked.cases:
        told = [cycle for cycle in one.timeline.cycles if cycle.solved_at in asked.period]
        if told and one.is_request:
            solved += 1
            again += told[0].number < one.timeline.cycle.number
    return Figure(ratio(again, solved), again, solved)


def target_compliance(asked: Asked) -> Figure:
    """The share of service level targets that were met, by target; overdue is breached to date.

    Numerator: targets completed in the period, at or before they were due.
    Denominator: targets completed in the period, and those that were due in it and were not
    completed in time; each target of a cycle once.
    Unit: share.
    None: where nothing was judged.
    Restated: an overdue target moves to the period in which it is completed.
    """
    return _compliance(asked, Grouping.TARGET, Unit.TARGET)


def case_compliance(asked: Asked) -> Figure:
    """The share of cases that met all of their service level targets, by priority.

    Numerator: cases judged in the period whose targets were all met.
    Denominator: cases judged in the period: met by the last of their targets, or breached.
    Unit: share.
    None: where nothing was judged.
    Restated: a case that is reopened owes a new solution.
    """
    return _compliance(asked, Grouping.PRIORITY, Unit.CASE)


def _compliance(asked: Asked, by: Grouping, unit: Unit) -> Figure:
    since, until = asked.period.since, asked.period.until
    groups, total = compliance(asked.levels, by, unit=unit, since=since, until=until)
    return Figure(
        total.rate,
        *_judged(total),
        groups={one.group: Figure(one.rate, *_judged(one)) for one in groups},
    )


def _judged(one: Compliance) -> tuple[int, int]:
    return one.met, one.met + one.breached


def _reopened_by(reopened_at: datetime | None, until: datetime) -> bool:
    return reopened_at is not None and reopened_at <= until
