"""Events as JSON: read straight into the frozen classes of the domain, and back.

Stored JSON is readable by people and by SQL; its keys are the field names.  An event is
checked for its types alone: rules that change must not make the past unreadable.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import Any

import msgspec

from crmcore.application.describing import described
from crmcore.application.errors import (
    CorruptEventError,
    LaterVersionError,
    MisuseError,
    UnknownTopicError,
)
from crmcore.application.log import is_namespaced
from crmcore.domain.kernel import Event, InvalidValueError, version_of, zoned
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.events.upcasting import Upcaster, Upcasters

_encode = msgspec.json.Encoder().encode

NOT_KNOWN = "it is of a later release, or of a context that is not loaded"


class EventCodec:
    """The stored form of every event: topic, schema version and JSON.

    *upcasters* bring what older versions stored to what *kinds* are now; raises
    ``UpcasterChainError`` if a version that was ever current cannot be read.
    """

    def __init__(self, kinds: Iterable[type], upcasters: Iterable[Upcaster] = ()) -> None:
        self._kinds = by_topic("event", kinds)
        current = {topic: version_of(kind) for topic, kind in self._kinds.items()}
        self._upcasters = Upcasters(upcasters, current)

    @property
    def topics(self) -> Mapping[str, type]:
        """The event class of every topic."""
        return self._kinds

    @property
    def known_topics(self) -> frozenset[str]:
        """Every topic that can be read, those that were renamed or dropped included."""
        return self._upcasters.topics

    def stored_as(self, topics: Iterable[str]) -> frozenset[str]:
        """The topics under which events of *topics* were ever stored."""
        return self._upcasters.sources(topics)

    def read_as(self, topic: str) -> Sequence[tuple[str, int]]:
        """The topics and versions of which older records become events of *topic*, in order."""
        return self._upcasters.leading_to(topic)

    def encode(self, event: Event) -> str:
        """The JSON of *event*.

        Raises ``UnknownTopicError`` for an event of a class that this codec was not made for, and
        ``MisuseError`` for one of a host's that could not be read again: a decision filled a field
        with what it cannot hold.
        """
        if self._kinds.get(event.TOPIC) is not type(event):
            raise UnknownTopicError("event", event.TOPIC)
        text = _encode(event).decode()
        if is_namespaced(event.TOPIC):  # those of ours are built of checked commands, and tested
            self._require_readable(event, text)
        return text

    def _require_readable(self, event: Event, text: str) -> None:
        try:
            zoned("at", event.at)
            read = self.decode(event.TOPIC, version_of(type(event)), text)
        except (CorruptEventError, InvalidValueError) as error:
            raise MisuseError(f"event {event.TOPIC} cannot be recorded: {error}") from None
        if list(read) != [event]:
            raise MisuseError(
                f"event {event.TOPIC} cannot be recorded: it would be read as {read[0]!r}"
            )

    def decode(self, topic: str, schema_version: int, data: str | bytes) -> Sequence[Any]:
        """What was stored under *topic* as *data*, in present terms: one event, as a rule.

        An older version may have become several events, or none.  Raises
        ``UnknownTopicError``, or ``CorruptEventError`` if the data is not what it says it is.
        """
        return self.read(topic, schema_version, data)

    @cached_property
    def read(self) -> "EventReader":
        """Reads every event as its own class."""
        return self.reader(self._kinds)

    def reader(self, views: Mapping[str, type | None]) -> "EventReader":
        """Reads the events of the topics in *views*, each as a class with some of its fields.

        A view of None does not read the JSON at all.
        """
        return EventReader(self._upcasters, views)


@frozen
class Translated:
    """An event that an older version stored, in present terms; ``part`` counts a record's events from 0."""

    topic: str
    schema_version: int
    data: str
    event: Any
    part: int


class EventReader:
    """``reader(topic, schema_version, data)``: the events, in the classes that were asked for."""

    def __init__(self, upcasters: Upcasters, views: Mapping[str, type | None]) -> None:
        self._upcasters = upcasters
        self._views = views
        self.present = _Decoders(
            {(topic, upcasters.current[topic]): views[topic] for topic in views}
        )
        """The decoder of each topic and version that is read as it is; None for any other."""
        self.passed_by = upcasters.topics - upcasters.sources(views)
        """The topics whose events, of whatever version, are none that were asked for."""

    def __call__(self, topic: str, schema_version: int, data: str | bytes) -> Sequence[Any]:
        """The events stored as *data*; raises as ``EventCodec.decode`` does."""
        decode = self.present[topic, schema_version]
        if decode is None:
            return tuple(one.event for one in self.translated(topic, schema_version, data))
        try:
            return (decode(data),)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise CorruptEventError(f"{topic}: {error}") from None

    def translated(
        self, topic: str, schema_version: int, data: str | bytes
    ) -> Sequence[Translated]:
        """What an older version stored as *data*, in present terms; raises as above.

        Parts that nobody asked for are left out, and the others keep their number.
        """
        if topic not in self._upcasters.topics:
            raise UnknownTopicError("event", topic, NOT_KNOWN)
        if not self._upcasters.knows(topic, schema_version):
            raise LaterVersionError(
                f"{topic} is stored in version {schema_version}, which this crmcore"
                " does not read: a later one wrote it"
            )
        stored = f"{topic} version {schema_version}"
        try:
            later = self._upcasters(topic, schema_version, msgspec.json.decode(data))
            encoded = [(now, _encode(fields)) for now, fields in later]
        except Exception as error:  # an upcaster may meet what it was not made for
            raise CorruptEventError(f"{stored}: {described(error)}") from None
        return [
            self._translated(stored, now, fields, part)
            for part, (now, fields) in enumerate(encoded)
            if now in self._views
        ]

    def _translated(self, stored: str, now: str, fields: bytes, part: int) -> Translated:
        version = self._upcasters.current[now]
        decode = _decoder(self._views[now])
        try:
            return Translated(now, version, fields.decode(), decode(fields), part)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise CorruptEventError(f"{stored}, read as {now}: {error}") from None


Decode = Callable[[str | bytes], Any]


class _Decoders(dict[tuple[str, int], Decode | None]):
    """Makes each decoder when it is first needed: few logs hold events of every kind."""

    def __init__(self, views: Mapping[tuple[str, int], type | None]) -> None:
        self._views = views

    def __missing__(self, stored: tuple[str, int]) -> Decode | None:
        self[stored] = made = _decoder(self._views[stored]) if stored in self._views else None
        return made


@cache
def _decoder(view: type | None) -> Decode:
    return _nothing if view is None else msgspec.json.Decoder(view).decode


def _nothing(_data: str | bytes) -> None:
    return None


def by_topic(what: str, kinds: Iterable[type]) -> dict[str, type]:
    """*kinds* by their topics; raises ``MisuseError`` where two of them share one."""
    topics: dict[str, type] = {}
    for kind in kinds:
        topic: str = kind.TOPIC  # type: ignore[attr-defined]  # events and commands have one
        other = topics.setdefault(topic, kind)
        if other is not kind:
            raise MisuseError(
                f"{what} topic {topic!r} names {_place(other)} and {_place(kind)}: give one of them"
                " another TOPIC"
            )
    return topics


def _place(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
