"""The fields of messages, in words: what each takes, and what holds where it is left out."""

import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from uuid import UUID

import attrs
import msgspec

from crmcore.domain.kernel import AsText, Between, Length, Money, WorkingTime, is_personal
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.json_schema import fields_of

NOTHING: Final = "-"
SEVERAL: Final = (tuple, frozenset, list, set)
WORDS: Final = {
    UUID: "UUID",
    datetime: "instant with a zone, such as 2026-01-05T09:00:00Z",
    date: "date, such as 2026-01-05",
    timedelta: "duration, such as PT4H",
    bool: "true or false",
    int: "whole number",
    Decimal: "decimal number",
    str: "text",
    Money: 'money, such as {"amount": "19.90", "currency": "EUR"}',
}


@frozen
class Field:
    """A field of a message: its path within it, what it takes, and whether it is about a person.

    ``required`` says that a command is not read without it; ``optional`` that it may be null.
    """

    name: str
    takes: str
    required: bool
    optional: bool
    personal: bool
    default: Any

    @property
    def left_out(self) -> str:
        """What holds where a field is left out, as a file of commands has it."""
        if self.required:
            return "(required)"
        if self.name == "at":
            return "now"
        value = msgspec.to_builtins(self.default)
        if isinstance(value, dict) and not isinstance(self.default, Money):
            return NOTHING
        if isinstance(value, (list, tuple)):
            return ", ".join(map(_as_json, value)) or NOTHING
        return _as_json(value)


def fields(kind: type, path: str = "") -> Iterator[Field]:
    """The fields of a message, each followed by the fields of what it holds."""
    for field in fields_of(kind):
        base, marks = bare(field.type)
        yield Field(
            name=path + field.name,
            takes=_words(base, marks),
            required=field.default is attrs.NOTHING and not (field.name == "at" and not path),
            optional=_is_optional(field.type),
            personal=is_personal(field.type),
            default=default_of(field),
        )
        several = get_origin(base) in SEVERAL
        inner = bare(get_args(base)[0])[0] if several else base
        if attrs.has(inner) and inner is not Money:
            yield from fields(inner, f"{path}{field.name}{'[]' if several else ''}.")


def bare(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type of *annotation* without None, and what refines it."""
    if get_origin(annotation) is Annotated:
        base, *marks = get_args(annotation)
        inner, more = bare(base)
        return inner, (*marks, *more)
    if get_origin(annotation) in (Union, UnionType):
        return bare(next(part for part in get_args(annotation) if part is not NoneType))
    return annotation, ()


def default_of(field: "attrs.Attribute[Any]") -> Any:
    """What a field has where nothing is said; None where it must be said, or is made anew each time."""
    made = isinstance(field.default, attrs.Factory)  # type: ignore[arg-type]  # attrs types it as a function
    return None if made or field.default is attrs.NOTHING else field.default


def _is_optional(annotation: Any) -> bool:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _is_optional(parts[0])
    return origin in (Union, UnionType) and NoneType in parts


def _words(base: Any, marks: tuple[Any, ...]) -> str:
    if get_origin(base) in SEVERAL:
        return f"list of {_words(*bare(get_args(base)[0]))}"
    if isinstance(base, type) and issubclass(base, Enum):
        return " | ".join(str(member.value) for member in base)
    if attrs.has(base) and base is not Money:
        return ", ".join(["object", *(str(mark) for mark in marks if isinstance(mark, AsText))])
    words = WORDS.get(base, getattr(base, "__name__", str(base)))
    refined = (str(mark) for mark in marks if isinstance(mark, (Length, Between, WorkingTime)))
    return ", ".join([words, *refined])


def _as_json(value: Any) -> str:
    """A value in JSON, text without its quotes."""
    if value is None or value == "":
        return NOTHING
    return value if isinstance(value, str) else json.dumps(value)
