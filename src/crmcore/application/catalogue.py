"""All events of the contexts that are loaded: which there are, and whose they are."""

from collections.abc import Mapping

from crmcore.domain.kernel.frozen import frozen


@frozen
class Catalogue:
    """The event classes by topic, and the context that each topic belongs to."""

    events: Mapping[str, type]
    contexts: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Catalogue({', '.join(dict.fromkeys(self.contexts.values()))})"
