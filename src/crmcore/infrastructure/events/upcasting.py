"""Upcasting: stored events of older versions, brought to the version that the code reads.

What was recorded is never rewritten; it is translated each time it is read.  An upcaster takes
the JSON fields of one version of one topic and gives what they are in later terms: one event,
several (the event is split), none (it means nothing any more), or one of another topic (it was
renamed).  Chains of upcasters are checked when they are put together: every version that was
ever stored leads to what the code reads, and one with a gap stops the start-up.

To change an event:

1.  Change its class, and raise the class's ``SCHEMA_VERSION`` (1 where none is written yet).
2.  Add the upcaster of the version before to those of its context::

        Upcaster("lead-captured", 1, {"lead-captured": 2}, _lead_captured_1)

    It takes the stored fields and gives those of the next version, never those of a still
    later one: the chain does the rest.  To rename a topic, or to split an event, name the
    later topics in ``to``; to drop an event, name none.  All parts belong to the stream that
    the event is in, so to the same aggregate, and keep its ``at``, which the record tells too.
3.  Raise the ``version`` of the projections whose handlers come to mean something else.  Those
    that read the event ask for a rebuild by themselves, where the log holds any.
4.  Run ``make event-fixtures``: it adds an example and the field types of the new version, which
    tests hold against the code from then on.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from crmcore.application.errors import MisuseError
from crmcore.domain.kernel.frozen import frozen

Fields = Mapping[str, Any]
"""An event's JSON: names to JSON values."""


class UpcasterChainError(MisuseError):
    """An upcaster is missing, leads nowhere, or leads back to where it began."""


@frozen
class Upcaster:
    """From *version* of *topic* to the topics and versions named in *to*.

    ``upcast(fields)`` gives the later events in order, as pairs of one of those topics and its
    fields.  It must be pure, and must not fail on any event that was ever stored.
    """

    topic: str
    version: int
    to: Mapping[str, int]
    upcast: Callable[[Fields], Sequence[tuple[str, Fields]]]


def unchanged(topic: str, version: int) -> Upcaster:
    """For a version whose fields mean what they meant: those that came later are left out."""
    return Upcaster(topic, version, {topic: version + 1}, lambda fields: [(topic, fields)])


class Upcasters:
    """All upcasters, checked against the versions that the code reads (*current*, by topic).

    Raises ``UpcasterChainError`` if a version below a current one has no upcaster, or if an
    upcaster leads to what is neither read nor upcast further.
    """

    def __init__(self, upcasters: Iterable[Upcaster], current: Mapping[str, int]) -> None:
        self.current: Mapping[str, int] = dict(current)
        """The version of each topic that the code reads."""
        self._upcasters: dict[tuple[str, int], Upcaster] = {}
        for upcaster in upcasters:
            key = upcaster.topic, upcaster.version
            if self._upcasters.setdefault(key, upcaster) is not upcaster:
                raise UpcasterChainError(f"{_named(*key)} has two upcasters")
        for topic, version in self.current.items():
            for older in range(1, version):
                self._must_be_read(topic, older, f"{_named(topic, version)} is the current one")
        for upcaster in self._upcasters.values():
            self._follow(upcaster, ())

    @cached_property
    def topics(self) -> frozenset[str]:
        """Every topic that can be read, those that the code no longer has included."""
        return frozenset(self.current) | {topic for topic, _ in self._upcasters}

    def sources(self, topics: Iterable[str]) -> frozenset[str]:
        """The topics under which events of *topics* were ever stored, these included."""
        found = set(topics)
        while more := {
            upcaster.topic
            for upcaster in self._upcasters.values()
            if upcaster.topic not in found and found & set(upcaster.to)
        }:
            found |= more
        return frozenset(found)

    def leading_to(self, topic: str) -> Sequence[tuple[str, int]]:
        """The topics and versions of which older records become events of *topic*, in order."""
        found: set[tuple[str, int]] = set()
        while more := {
            stored
            for stored, upcaster in self._upcasters.items()
            if stored not in found
            and any(
                later == (topic, self.current.get(topic)) or later in found
                for later in upcaster.to.items()
            )
        }:
            found |= more
        return sorted(found)

    def is_current(self, topic: str, version: int) -> bool:
        """Whether an event stored so is read as it is."""
        return self.current.get(topic) == version

    def knows(self, topic: str, version: int) -> bool:
        """Whether an event stored so can be read."""
        return self.is_current(topic, version) or (topic, version) in self._upcasters

    def __call__(self, topic: str, version: int, fields: Fields) -> Iterator[tuple[str, Fields]]:
        """The event in the terms that the code reads: one, several or none."""
        upcaster = self._upcasters.get((topic, version))
        if upcaster is None:
            yield topic, fields
            return
        for later, changed in upcaster.upcast(fields):
            yield from self(later, upcaster.to[later], changed)

    def _must_be_read(self, topic: str, version: int, because: str) -> None:
        if self.current.get(topic) != version and (topic, version) not in self._upcasters:
            raise UpcasterChainError(f"{_named(topic, version)} has no upcaster: {because}")

    def _follow(self, upcaster: Upcaster, seen: tuple[tuple[str, int], ...]) -> None:
        key = upcaster.topic, upcaster.version
        if key in seen:
            raise UpcasterChainError(f"the upcaster of {_named(*key)} leads back to itself")
        if self.current.get(upcaster.topic) == upcaster.version:
            raise UpcasterChainError(f"{_named(*key)} is current: it needs no upcaster")
        for topic, version in upcaster.to.items():
            self._must_be_read(topic, version, f"{_named(*key)} leads to it")
            following = self._upcasters.get((topic, version))
            if following is not None:
                self._follow(following, (*seen, key))


def _named(topic: str, version: int) -> str:
    return f"{topic} version {version}"
