"""Every command, and the words and values that commands are made of.

One import for those who embed the core; each class says what it means.  The names are the
classes of commands of the contexts that come along, and the classes that their fields are of.
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

    def _commands() -> object:
        from crmcore.composition import CONTEXTS

        return (kind for context in CONTEXTS for kind in context.commands)

    __getattr__ = named_at_need(__name__, _commands)

    def __dir__() -> list[str]:
        return __getattr__("__all__")
