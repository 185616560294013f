"""Every event, and the words and values that events are made of.

One import for those who keep read models of their own, or act on what happened.  The names are the
classes of events of the contexts that come along, and the classes that their fields are of.
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
else:
    from crmcore.vocabulary import named_at_need

    def _events() -> object:
        from crmcore.composition import CONTEXTS

        return (kind for context in CONTEXTS for kind in context.events)

    __getattr__ = named_at_need(__name__, _events)

    def __dir__() -> list[str]:
        return __getattr__("__all__")
