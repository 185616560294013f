"""Events and commands as JSON: read straight into the frozen classes of the domain, and back.

Stored JSON is readable by people and by SQL; its keys are the field names.  An event is
checked for its types alone, a command by its whole contract.
"""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs
import msgspec

from crmcore.application.errors import (
    CorruptEventError,
    InvalidCommandError,
    UnknownTopicError,
)
from crmcore.domain.kernel import Command, Event, shown, version_of

__all__ = ["CommandCodec", "EventCodec"]

_encode = msgspec.json.Encoder().encode


class EventCodec:
    """The stored form of every event: topic, schema version and JSON."""

    def __init__(self, kinds: Iterable[type]) -> None:
        self._kinds = _by_topic("event", kinds)
        self._decoders: dict[str, Callable[[str | bytes], Any]] = {
            topic: msgspec.json.Decoder(kind).decode for topic, kind in self._kinds.items()
        }

    @property
    def topics(self) -> Mapping[str, type]:
        """The event class of every topic."""
        return self._kinds

    def encode(self, event: Event) -> str:
        """The JSON of *event*.

        Raises ``UnknownTopicError`` for an event of a class that this codec was not made for.
        """
        if self._kinds.get(event.TOPIC) is not type(event):
            raise UnknownTopicError("event", event.TOPIC)
        return _encode(event).decode()

    def decode(self, topic: str, schema_version: int, data: str | bytes) -> Any:
        """The event that was stored under *topic* as *data*.

        Raises ``UnknownTopicError``, or ``CorruptEventError`` if the data is not what this
        version of the topic holds.
        """
        decode = self._decoders.get(topic)
        if decode is None:
            raise UnknownTopicError("event", topic)
        if schema_version != version_of(self._kinds[topic]):
            raise CorruptEventError(
                f"{topic} is stored in version {schema_version}, this crmcore reads"
                f" {version_of(self._kinds[topic])}"
            )
        try:
            return decode(data)
        except (msgspec.DecodeError, ValueError) as error:
            raise CorruptEventError(f"{topic}: {error}") from None


class CommandCodec:
    """The JSON form of every command: an object with its topic under ``command``."""

    def __init__(self, kinds: Iterable[type]) -> None:
        self._kinds = _by_topic("command", kinds)

    @property
    def topics(self) -> Mapping[str, type]:
        """The command class of every topic."""
        return self._kinds

    def encode(self, command: Command) -> bytes:
        """The JSON of *command* without its topic: the same bytes for equal commands."""
        return msgspec.json.encode(command, order="deterministic")

    def decode(self, topic: str, fields: Mapping[str, Any], *, now: datetime) -> Command:
        """The command *topic* with *fields* (parsed JSON); ``at`` is *now* where it is left out.

        Raises ``UnknownTopicError`` and ``InvalidCommandError`` (field, value, expectation).
        """
        kind = self._kinds.get(topic)
        if kind is None:
            raise UnknownTopicError("command", shown(topic), _nearest(topic, self._kinds))
        names = [field.name for field in attrs.fields(kind)]
        for name in fields:
            if name not in names:
                hint = _nearest(name, names) or f"it has {', '.join(names)}"
                raise InvalidCommandError(f"{topic} has no field {shown(name)}: {hint}")
        try:
            read: Any = msgspec.convert({"at": now, **fields}, kind)
            command: Command = _rebuilt(read)
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            raise InvalidCommandError(f"{topic}: {_plain(str(error))}") from None
        return command

    def schema(self, topic: str) -> dict[str, Any]:
        """The JSON Schema of a command's fields."""
        kind = self._kinds.get(topic)
        if kind is None:
            raise UnknownTopicError("command", topic, _nearest(topic, self._kinds))
        return msgspec.json.schema(kind)


def _by_topic(what: str, kinds: Iterable[type]) -> dict[str, type]:
    topics: dict[str, type] = {}
    for kind in kinds:
        other = topics.setdefault(kind.TOPIC, kind)  # type: ignore[attr-defined]
        if other is not kind:
            raise ValueError(f"{what} topic {kind.TOPIC!r} names {other} and {kind}")  # type: ignore[attr-defined]
    return topics


def _rebuilt(read: Any) -> Any:
    """*read* built anew by its constructors, which check and normalise (msgspec goes past them)."""
    if isinstance(read, tuple):
        return tuple(_rebuilt(part) for part in read)
    if attrs.has(type(read)):
        fields = attrs.fields(type(read))
        return type(read)(**{field.name: _rebuilt(getattr(read, field.name)) for field in fields})
    return read


def _nearest(word: str, words: Iterable[str]) -> str:
    near: Sequence[str] = difflib.get_close_matches(str(word)[:100], list(words), n=1)
    return f"did you mean {near[0]}?" if near else ""


def _plain(message: str) -> str:
    return message.replace("`", "").replace(" - at $.", " in ")
