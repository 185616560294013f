"""The names of messages as type checkers find them: those of every context, and the words of the kernel.

At run time ``crmcore.commands`` and ``crmcore.events`` find theirs through the contexts; nothing is here.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from crmcore.contexts.customers import *
    from crmcore.contexts.loyalty import *
    from crmcore.contexts.marketing import *
    from crmcore.contexts.sales import *
    from crmcore.contexts.service import *
    from crmcore.domain.kernel import Channel as Channel
    from crmcore.domain.kernel import Money as Money
    from crmcore.domain.kernel import Purpose as Purpose
    from crmcore.domain.kernel.working_time.calendar import BusinessCalendar as BusinessCalendar
    from crmcore.domain.kernel.working_time.hours import Break as Break
    from crmcore.domain.kernel.working_time.hours import DayHours as DayHours
    from crmcore.domain.kernel.working_time.hours import Holiday as Holiday
    from crmcore.domain.kernel.working_time.hours import OpeningHours as OpeningHours
    from crmcore.domain.kernel.working_time.hours import ShiftedDay as ShiftedDay
