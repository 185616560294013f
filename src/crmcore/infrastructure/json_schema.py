"""The JSON Schema (draft 2020-12) of messages, from the annotations of their fields.

What commands take and what of events is stored differ: each has a ``SchemaWriter`` of its own.  A field
that tells something about a natural person has ``x-personal``.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, ClassVar, Final, TypeVar, Union, get_args, get_origin
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    LARGEST_INTEGER,
    Between,
    Length,
    Money,
    description_of,
    is_personal,
)

T = TypeVar("T")
Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
DIGITS: Final = r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"
NUMBER_AS_TEXT: Final[Schema] = {"type": "string", "pattern": f"^{DIGITS}$"}
SCALARS: Final[Mapping[Any, Schema]] = {
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    timedelta: {"type": "string", "format": "duration"},
    bool: {"type": "boolean"},
}


def money(amount: Schema) -> Schema:
    """The schema of money, given that of its amount."""
    return {
        "type": "object",
        "properties": {
            "amount": amount,
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    }


class SchemaWriter:
    """Writes the schemas of messages; the classes that they are made of come under ``$defs``."""

    MONEY: ClassVar[Schema]

    def __init__(self) -> None:
        self._parts: dict[str, Schema] = {}

    def message(self, kind: type) -> Schema:
        """The JSON Schema of the fields of a message's class."""
        schema = {"$schema": DIALECT, **self._object(kind)}
        return {**schema, "$defs": self._parts} if self._parts else schema

    def text(self, length: Length | None) -> Schema:
        """Text of at most this length, if its annotation says one."""
        raise NotImplementedError

    def decimal(self, between: Between) -> Schema:
        """An exact number."""
        raise NotImplementedError

    def is_required(self, field: "attrs.Attribute[Any]") -> bool:
        """Whether a field must be there."""
        raise NotImplementedError

    def field(self, field: "attrs.Attribute[Any]") -> Schema:
        """A field of a message, or of a value in one."""
        schema = self.value(field.type, ())
        return {**schema, "x-personal": True} if is_personal(field.type) else schema

    def value(self, annotation: Any, marks: tuple[Any, ...]) -> Schema:
        """A value of this type, which *marks* refine."""
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self.value(args[0], (*marks, *args[1:]))
        if origin in (Union, UnionType):
            (part,) = (one for one in args if one is not type(None))
            return {"anyOf": [self.value(part, marks), {"type": "null"}]}
        if origin in (tuple, frozenset):
            return {"type": "array", "items": self.value(args[0], ())}
        if annotation in SCALARS:
            return dict(SCALARS[annotation])
        if annotation is Money:
            return self.MONEY
        if annotation is str:
            return self.text(mark_of(Length, marks))
        between = mark_of(Between, marks) or Between()
        if annotation is int:
            return {"type": "integer", **bounds(between, LARGEST_INTEGER)}
        if annotation is Decimal:
            return self.decimal(between)
        return _words(annotation) if issubclass(annotation, Enum) else self._part(annotation)

    def _part(self, kind: type) -> Schema:
        name = kind.__name__
        if name not in self._parts:
            self._parts[name] = {}  # it may lie within itself
            self._parts[name] = self._object(kind)
        return {"$ref": f"#/$defs/{name}"}

    def _object(self, kind: Any) -> Schema:
        fields = fields_of(kind)
        return {
            "title": kind.__name__,
            "description": description_of(kind),
            "type": "object",
            "properties": {field.name: self.field(field) for field in fields},
            "required": [field.name for field in fields if self.is_required(field)],
            "additionalProperties": False,
        }


def fields_of(kind: Any) -> Sequence["attrs.Attribute[Any]"]:
    """The fields of a message's class; annotations that were text (``from __future__``) are types."""
    found: Sequence[attrs.Attribute[Any]] = attrs.fields(attrs.resolve_types(kind))
    return found


def mark_of(kind: type[T], marks: tuple[Any, ...]) -> T | None:
    """The first of the *marks* that is of this *kind*."""
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def bounds(between: Between, most: int | None = None) -> Schema:
    """What a number may be: from its annotation, and at *most* so much either way."""
    low = between.low if between.low is not None or most is None else -most
    high = most if between.high is None else between.high
    named = {"minimum": low, "maximum": high}
    return {name: _number(bound) for name, bound in named.items() if bound is not None}


def _number(bound: int | Decimal) -> int | float:
    return bound if isinstance(bound, int) else float(bound)


def _words(kind: type[Enum]) -> Schema:
    values = [member.value for member in kind]
    text = all(isinstance(value, str) for value in values)
    return {"type": "string", "enum": values} if text else {"enum": values}
