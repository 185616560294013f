"""Events and commands as JSON: read straight into the frozen classes of the domain, and back.

Stored JSON is readable by people and by SQL; its keys are the field names.  An event is
checked for its types alone, a command by its whole contract.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cache, cached_property
from types import NoneType
from typing import Any, cast, get_args

import attrs
import msgspec

from crmcore.application.errors import (
    CorruptEventError,
    InvalidCommandError,
    UnknownTopicError,
)
from crmcore.domain.kernel import Command, Event, InvalidValueError, shown, version_of
from crmcore.infrastructure.upcasting import Upcaster, Upcasters

__all__ = ["CommandCodec", "EventCodec", "EventReader", "Translated"]

FLOAT_DIGITS = 15
"""So many significant digits of a number survive being a binary float (IEEE 754)."""

ENUM = re.compile(r"Invalid enum value (?P<value>.*) - at `\$\.(?P<path>[^`]*)`", re.DOTALL)

_encode = msgspec.json.Encoder().encode


class EventCodec:
    """The stored form of every event: topic, schema version and JSON.

    *upcasters* bring what older versions stored to what *kinds* are now; raises
    ``UpcasterChainError`` if a version that was ever current cannot be read.
    """

    def __init__(self, kinds: Iterable[type], upcasters: Iterable[Upcaster] = ()) -> None:
        self._kinds = _by_topic("event", kinds)
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

    def encode(self, event: Event) -> str:
        """The JSON of *event*.

        Raises ``UnknownTopicError`` for an event of a class that this codec was not made for.
        """
        if self._kinds.get(event.TOPIC) is not type(event):
            raise UnknownTopicError("event", event.TOPIC)
        return _encode(event).decode()

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


@attrs.frozen
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
        self.decoders: Mapping[str, Callable[[str | bytes], Any]] = {
            topic: _nothing if view is None else _decoder(view) for topic, view in views.items()
        }
        self.present = {
            (topic, upcasters.current[topic]): decode for topic, decode in self.decoders.items()
        }
        """The decoder for each topic and version that is read as it is."""

    def __call__(self, topic: str, schema_version: int, data: str | bytes) -> Sequence[Any]:
        """The events stored as *data*; raises as ``EventCodec.decode`` does."""
        decode = self.present.get((topic, schema_version))
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
            raise UnknownTopicError("event", topic)
        if not self._upcasters.knows(topic, schema_version):
            raise CorruptEventError(
                f"{topic} is stored in version {schema_version}, which this crmcore"
                " does not read: a later one wrote it"
            )
        stored = f"{topic} version {schema_version}"
        try:
            later = self._upcasters(topic, schema_version, msgspec.json.decode(data))
            encoded = [(now, _encode(fields)) for now, fields in later]
        except Exception as error:  # an upcaster may meet what it was not made for
            raise CorruptEventError(f"{stored}: {type(error).__name__}: {error}") from None
        return [
            self._translated(stored, now, fields, part)
            for part, (now, fields) in enumerate(encoded)
            if now in self.decoders
        ]

    def _translated(self, stored: str, now: str, fields: bytes, part: int) -> Translated:
        version = self._upcasters.current[now]
        try:
            return Translated(now, version, fields.decode(), self.decoders[now](fields), part)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise CorruptEventError(f"{stored}, read as {now}: {error}") from None


def _nothing(_data: str | bytes) -> None:
    return None


@cache
def _decoder(view: type) -> Callable[[str | bytes], Any]:
    return msgspec.json.Decoder(view).decode


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
        kind = self._kinds.get(topic) if isinstance(topic, str) else None
        if kind is None:
            raise UnknownTopicError("command", topic, _nearest(topic, self._kinds))
        if not isinstance(fields, Mapping):
            raise InvalidCommandError(f"{topic}: expected an object of fields, got {shown(fields)}")
        _check_names(topic, kind, fields)
        try:
            given = {name: _exact(value) for name, value in fields.items()}
            read: Any = msgspec.convert({"at": now, **given}, kind)
            command: Command = _rebuilt(read)
        except RecursionError:
            raise InvalidCommandError(f"{topic}: its fields are nested too deeply") from None
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            raise InvalidCommandError(f"{topic}: {_plain(str(error), kind)}") from None
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


def _check_names(where: str, kind: type, given: Mapping[str, Any]) -> None:
    """Refuse fields that *kind*, or a value within it, does not have: one misspelt is one lost."""
    names = [field.name for field in attrs.fields(kind)]
    for name in given:
        if name not in names:
            hint = _nearest(name, names) or f"it has {', '.join(names)}"
            raise InvalidCommandError(f"{where} has no field {shown(name)}: {hint}")
    for field in attrs.fields(kind):
        part, value = _class_in(field.type), given.get(field.name)
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if part is not None and isinstance(one, Mapping):
                _check_names(f"{where}: {field.name}", part, one)


@cache
def _class_in(annotation: Any) -> type | None:
    """The attrs class that *annotation* is of, be it optional or in a tuple."""
    if isinstance(annotation, type) and attrs.has(annotation):
        return annotation
    parts = (_class_in(part) for part in get_args(annotation) if part is not Ellipsis)
    return next((part for part in parts if part is not None), None)


def _exact(value: Any) -> Any:
    """*value* with each float as the decimal number that was written, if it can be told."""
    if isinstance(value, Mapping):
        return {key: _exact(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_exact(part) for part in value]
    if not isinstance(value, float):
        return value
    number = Decimal(repr(value))
    if len(number.as_tuple().digits) > FLOAT_DIGITS:
        raise InvalidCommandError(
            f'{value} is a float, which is exact to {FLOAT_DIGITS} digits: send "{value}" as text'
        )
    return int(value) if number.is_finite() and value.is_integer() else number


def _rebuilt(read: Any, where: str = "") -> Any:
    """*read* built anew by its constructors, which check and normalise (msgspec goes past them)."""
    if isinstance(read, tuple):
        return tuple(_rebuilt(part, f"{where}[{index}]") for index, part in enumerate(read))
    if not attrs.has(type(read)):
        return read
    fields = {
        field.name: _rebuilt(getattr(read, field.name), f"{where}.{field.name}".lstrip("."))
        for field in attrs.fields(type(read))
    }
    try:
        return type(read)(**fields)
    except InvalidValueError as error:
        raise InvalidCommandError(f"{where}.{error}".lstrip(".")) from None


def _nearest(word: object, words: Iterable[str]) -> str:
    given = word[:100] if isinstance(word, str) else ""
    near: Sequence[str] = difflib.get_close_matches(given, list(words), n=1)
    return f"did you mean {near[0]}?" if near else ""


def _plain(message: str, kind: type) -> str:
    """msgspec's *message* on reading a *kind*, in the words of our other refusals."""
    found = ENUM.fullmatch(message)
    if found:
        names = ", ".join(str(member.value) for member in _enum_at(kind, found["path"]))
        return f"{found['path']}: expected one of {names}, got {_short(found['value'])}"
    return _short(message.replace("`", "").replace(" - at $.", " in "), 300)


def _enum_at(kind: Any, path: str) -> type[StrEnum]:
    for name in re.findall(r"[a-z_]+", path):
        kind = getattr(attrs.fields(_class_in(kind) or kind), name).type
    while not isinstance(kind, type):
        kind = next(part for part in get_args(kind) if part not in (NoneType, Ellipsis))
    return cast("type[StrEnum]", kind)


def _short(text: str, width: int = 60) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"
