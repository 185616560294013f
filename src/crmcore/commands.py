"""Every command, and the words and values that commands are made of.

One import for those who embed the core; each class says what it means.  The names are the
classes of commands of the contexts that come along, and the classes that their fields are of.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from crmcore.message_names import *
else:
    from crmcore.vocabulary import named_at_need

    def _commands() -> object:
        from crmcore.composition import CONTEXTS

        return (kind for context in CONTEXTS for kind in context.commands)

    __getattr__ = named_at_need(__name__, _commands)

    def __dir__() -> list[str]:
        return __getattr__("__all__")
