"""The life of a case in instants, as a column of text keeps it."""

from functools import cached_property
from typing import Protocol

import attrs

from crmcore.domain.service.levels.timeline import Timeline


class Packing(Protocol):
    """Turns a case's timeline into text and back."""

    def pack(self, timeline: Timeline) -> str:
        """*timeline* as text."""
        ...

    def unpack(self, text: str) -> Timeline:
        """The timeline that was packed."""
        ...


@attrs.frozen(slots=False)
class PackedTimeline:
    """A timeline that is unpacked when it is first looked at, which takes a while."""

    _packing: Packing
    text: str

    @cached_property
    def timeline(self) -> Timeline:
        """All of it."""
        return self._packing.unpack(self.text)
