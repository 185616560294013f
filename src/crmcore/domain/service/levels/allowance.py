"""What a target allows from an instant on: working time, and the instant that it names.

Hours are counted by the calendar alone.  Days are counted from the first working instant (now,
while it is open): to the same clock time on the business day so many later, or to the close of
that day.  What a day allows is the working time until then, so that pauses, warnings, and time
used and left are those of any target.
"""

from datetime import datetime, timedelta

from crmcore.domain.kernel import NoWorkingTimeError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.working_time import (
    HORIZON,
    BusinessCalendar,
    add,
    add_business_days,
    between,
    closing_of,
    local_date,
    next_open,
    same_time_on,
)
from crmcore.domain.service.levels.policy import ServiceTarget


@frozen
class Allowance:
    """The working time allowed, and until when at least, whatever the hours of that day."""

    within: timedelta
    until: datetime | None = None


def due(target: ServiceTarget, calendar: BusinessCalendar, since: datetime) -> datetime:
    """When *target* is due that counts from *since* on and is never paused.

    Raises ``NoWorkingTimeError`` if its calendar does not come so far within ten years.
    """
    if target.within is not None:
        return add(calendar, since, target.within)
    begun = next_open(calendar, since)
    first = local_date(calendar, begun)
    if target.close_of_business_day is not None:
        return closing_of(
            calendar, add_business_days(calendar, first, target.close_of_business_day)
        )
    day = add_business_days(calendar, first, target.business_days or 0)
    return max(begun, same_time_on(calendar, day, begun))


def allowance(target: ServiceTarget, calendar: BusinessCalendar, since: datetime) -> Allowance:
    """What *target* allows that counts from *since* on; more than there is if it is never due."""
    if target.within is not None:
        return Allowance(target.within)
    try:
        until = due(target, calendar, since)
    except NoWorkingTimeError:
        return Allowance(HORIZON)
    return Allowance(between(calendar, since, until), until)
