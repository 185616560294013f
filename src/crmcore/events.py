"""Every event, and the words and values that events are made of.

One import for those who keep read models of their own, or act on what happened.  The names are the
classes of events of the contexts that come along, and the classes that their fields are of.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from crmcore.message_names import *
else:
    from crmcore.vocabulary import named_at_need

    def _events() -> object:
        from crmcore.composition import CONTEXTS

        return (kind for context in CONTEXTS for kind in context.events)

    __getattr__ = named_at_need(__name__, _events)

    def __dir__() -> list[str]:
        return __getattr__("__all__")
