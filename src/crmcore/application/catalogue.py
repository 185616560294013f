"""All events of the contexts that are loaded: which there are, whose they are, how history tells them."""

from collections.abc import Mapping

import attrs


@attrs.frozen
class Catalogue:
    """The event classes by topic, and the context that each topic belongs to."""

    events: Mapping[str, type]
    contexts: Mapping[str, str]

    def sentence(self, topic: str) -> str | None:
        """How history puts an event into words: ``SENTENCE`` of its class; None where it has none."""
        kind = self.events.get(topic)
        sentence: str | None = getattr(kind, "SENTENCE", None)
        return sentence
