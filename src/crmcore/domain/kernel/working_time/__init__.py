"""Working time: business calendars, and what is due when by them.

Read ``calendar`` for what a calendar says, ``questions`` for what it can be asked (time),
``openings`` (when it opens and closes) and ``business_days`` (dates).  ``timeline`` and
``local_days`` are the workings: years of instants to search in, and what clocks show.
"""

from crmcore.domain.kernel.working_time.business_days import (
    add_business_days,
    business_days_between,
    closing_of,
    is_business_day,
    local_date,
    next_business_day,
    previous_business_day,
    roll_backward,
    roll_forward,
    same_time_on,
    subtract_business_days,
)
from crmcore.domain.kernel.working_time.calendar import (
    ALWAYS,
    ELAPSED,
    BusinessCalendar,
    CalendarHistory,
    CalendarInForce,
    known_zone,
)
from crmcore.domain.kernel.working_time.hours import (
    Break,
    DayHours,
    Holiday,
    OpeningHours,
    ShiftedDay,
    day_hours,
    weekly,
)
from crmcore.domain.kernel.working_time.openings import (
    intervals,
    next_close,
    next_open,
    next_opening,
    previous_close,
)
from crmcore.domain.kernel.working_time.positions import HORIZON
from crmcore.domain.kernel.working_time.questions import (
    add,
    between,
    calendar_at,
    is_open,
    subtract,
)
from crmcore.domain.kernel.working_time.timeline import Timetable

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
    "roll_backward",
    "roll_forward",
    "same_time_on",
    "subtract",
    "subtract_business_days",
    "weekly",
]
