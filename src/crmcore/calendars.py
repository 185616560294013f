"""Business calendars: when somebody works, and how long something takes in working time.

One import for those who embed the core::

    from crmcore import calendars

    support = calendars.BusinessCalendar(
        name="support",
        zone="Europe/Berlin",
        weekly=calendars.weekly("Mon-Fri 09:00-12:30, 13:00-17:00"),
        holidays=calendars.public_holidays("DE", [2026, 2027], subdivision="BY"),
    )
    calendars.add(support, opened_at, timedelta(hours=8))

See docs/service-levels.md.
"""

from crmcore.domain.kernel.working_time import (
    ALWAYS,
    ELAPSED,
    HORIZON,
    Break,
    BusinessCalendar,
    CalendarHistory,
    CalendarInForce,
    DayHours,
    Holiday,
    OpeningHours,
    ShiftedDay,
    Timetable,
    add,
    add_business_days,
    between,
    business_days_between,
    calendar_at,
    closing_of,
    day_hours,
    intervals,
    is_business_day,
    is_open,
    known_zone,
    local_date,
    next_business_day,
    next_close,
    next_open,
    next_opening,
    previous_business_day,
    previous_close,
    roll_backward,
    roll_forward,
    same_time_on,
    subtract,
    subtract_business_days,
    weekly,
)
from crmcore.infrastructure.public_holidays import MissingExtraError, public_holidays

__all__ = [
    "ALWAYS",
    "ELAPSED",
    "HORIZON",
    "Break",
    "BusinessCalendar",
    "CalendarHistory",
    "CalendarInForce",
    "DayHours",
    "Holiday",
    "MissingExtraError",
    "OpeningHours",
    "ShiftedDay",
    "Timetable",
    "add",
    "add_business_days",
    "between",
    "business_days_between",
    "calendar_at",
    "closing_of",
    "day_hours",
    "intervals",
    "is_business_day",
    "is_open",
    "known_zone",
    "local_date",
    "next_business_day",
    "next_close",
    "next_open",
    "next_opening",
    "previous_business_day",
    "previous_close",
    "public_holidays",
    "roll_backward",
    "roll_forward",
    "same_time_on",
    "subtract",
    "subtract_business_days",
    "weekly",
]
