"""Commands as JSON: what a file or another front end sends, read by the command's whole contract.

A command is read strictly: a misspelt field is refused, a number stays the decimal that was
written, and every value is checked and normalised as its class demands.
"""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cache
from inspect import cleandoc
from typing import Any, Final, get_args

import attrs
import msgspec

from crmcore.application.errors import InvalidCommandError, UnknownTopicError
from crmcore.domain.kernel import Command, InvalidValueError, shown
from crmcore.infrastructure.as_written import as_meant, as_written, with_texts
from crmcore.infrastructure.codec import by_topic
from crmcore.infrastructure.plain_words import EXPECTED, class_in, plainly

__all__ = ["CommandCodec", "schema_of"]

NUMBER: Final = re.compile(r"[-+.0-9A-Za-z]*")
"""The letters that a number may be written in; whether it is one is for ``Decimal`` to say."""

_encode = msgspec.json.Encoder(order="deterministic").encode

FLOAT_DIGITS = 15
"""So many significant digits of a number survive being a binary float (IEEE 754)."""


class CommandCodec:
    """The JSON form of every command: an object with its topic under ``command``."""

    def __init__(self, kinds: Iterable[type]) -> None:
        self._kinds = by_topic("command", kinds)

    @property
    def topics(self) -> Mapping[str, type]:
        """The command class of every topic."""
        return self._kinds

    def encode(self, command: Command) -> bytes:
        """The JSON of *command* without its topic: the same bytes for equal commands."""
        return _encode(as_written(command))

    def fields(self, command: Command) -> dict[str, Any]:
        """The fields of *command* in what JSON has, as ``decode`` reads them."""
        fields: dict[str, Any] = msgspec.to_builtins(as_written(command), order="deterministic")
        return fields

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
        given: Mapping[str, Any] = fields
        try:
            given = {name: _exact(value) for name, value in as_meant(kind, fields).items()}
            read: Any = msgspec.convert({"at": now, **given}, kind)
            command: Command = _rebuilt(read)
        except RecursionError:
            raise InvalidCommandError(f"{topic}: its fields are nested too deeply") from None
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            raise InvalidCommandError(f"{topic}: {plainly(str(error), kind, given)}") from None
        return command

    def schema(self, topic: str) -> dict[str, Any]:
        """The JSON Schema of a command's fields."""
        kind = self._kinds.get(topic)
        if kind is None:
            raise UnknownTopicError("command", topic, _nearest(topic, self._kinds))
        return schema_of(kind)


def schema_of(kind: type) -> dict[str, Any]:
    """The JSON Schema of the fields of a command's class."""
    return with_texts(_unindented(msgspec.json.schema(kind)), kind)


def _unindented(schema: Any) -> Any:
    """*schema* with its descriptions as they read: docstrings keep the indentation of their source."""
    if isinstance(schema, list):
        return [_unindented(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: cleandoc(part)
        if name == "description" and isinstance(part, str)
        else _unindented(part)
        for name, part in schema.items()
    }


def _check_names(where: str, kind: type, given: Mapping[str, Any]) -> None:
    """Refuse fields that *kind*, or a value within it, does not have: one misspelt is one lost.

    And numbers in other digits than 0-9, which ``Decimal`` would read: nobody sees what they mean.
    """
    names = [field.name for field in attrs.fields(kind)]
    for name in given:
        if name not in names:
            hint = _nearest(name, names) or f"it has {', '.join(names)}"
            raise InvalidCommandError(f"{where} has no field {shown(name)}: {hint}")
    for field in attrs.fields(kind):
        part, value = class_in(field.type), given.get(field.name)
        for one in value if isinstance(value, (list, tuple)) else (value,):
            if part is not None and isinstance(one, Mapping):
                _check_names(f"{where}: {field.name}", part, one)
            if isinstance(one, str) and _is_decimal(field.type) and not NUMBER.fullmatch(one):
                expected = EXPECTED["decimal"]
                raise InvalidCommandError(
                    f"{where}: {field.name}: expected {expected}, got {shown(one)}"
                )


@cache
def _is_decimal(annotation: Any) -> bool:
    return annotation is Decimal or any(_is_decimal(part) for part in get_args(annotation))


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
