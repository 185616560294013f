"""All events of the contexts that are loaded: which there are, and whose they are."""

from collections.abc import Mapping

import attrs


@attrs.frozen
class Catalogue:
    """The event classes by topic, and the context that each topic belongs to."""

    events: Mapping[str, type]
    contexts: Mapping[str, str]
