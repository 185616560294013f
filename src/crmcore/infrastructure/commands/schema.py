"""The JSON Schema (draft 2020-12) of a command's fields, from the annotations that are its contract.

It says what a form can check before it asks: shapes, lengths, ranges and formats.  What depends on
other fields, or on what was recorded, is for the command to say.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from uuid import UUID

import attrs
import msgspec

from crmcore.domain.kernel import (
    LARGEST_INTEGER,
    AsText,
    Between,
    Length,
    Money,
    WorkingTime,
    description_of,
)
from crmcore.infrastructure.commands.as_written import HOURS

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
NO_CONTROLS: Final = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*"
DIGITS: Final = r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?"
LONGEST: Final = Length(1_000)
"""Of text whose annotation does not say."""

SCALARS: Final[Mapping[Any, Schema]] = {
    UUID: {"type": "string", "format": "uuid"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    timedelta: {"type": "string", "format": "duration"},
    bool: {"type": "boolean"},
    Money: {
        "type": "object",
        "properties": {
            "amount": {"anyOf": [
                {"type": "number", "exclusiveMinimum": -1e15, "exclusiveMaximum": 1e15},
                {"type": "string", "pattern": f"^{DIGITS}$"},
            ]},
            "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        },
        "required": ["amount", "currency"],
        "additionalProperties": False,
    },
}  # fmt: skip


def schema_of(kind: type) -> Schema:
    """The JSON Schema of the fields of a command's class; ``at`` is now where it is left out."""
    parts: dict[str, Schema] = {}
    schema = {"$schema": DIALECT, **_object(kind, parts)}
    schema["required"] = [name for name in schema["required"] if name != "at"]
    return {**schema, "$defs": parts} if parts else schema


def _object(kind: Any, parts: dict[str, Schema]) -> Schema:
    fields = attrs.fields(kind)
    return {
        "title": kind.__name__,
        "description": description_of(kind),
        "type": "object",
        "properties": {field.name: _field(field, parts) for field in fields},
        "required": [field.name for field in fields if field.default is attrs.NOTHING],
        "additionalProperties": False,
    }


def _field(field: "attrs.Attribute[Any]", parts: dict[str, Schema]) -> Schema:
    schema = _value(field.type, (), parts)
    if field.default is attrs.NOTHING or isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # attrs types it as a function
        return schema
    return {**schema, "default": msgspec.to_builtins(field.default)}


def _value(annotation: Any, marks: tuple[Any, ...], parts: dict[str, Schema]) -> Schema:
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _value(args[0], (*marks, *args[1:]), parts)
    if origin in (Union, UnionType):
        (part,) = (one for one in args if one is not type(None))
        return {"anyOf": [_value(part, marks, parts), {"type": "null"}]}
    if origin in (tuple, frozenset):
        return {"type": "array", "items": _value(args[0], (), parts)}
    for text in (mark for mark in marks if isinstance(mark, AsText)):
        written = {"type": "string", "examples": [text.example]}
        return {"anyOf": [_value(annotation, (), parts), written]}
    if any(isinstance(mark, WorkingTime) for mark in marks):
        return {**SCALARS[annotation], "description": f"Expected: {HOURS}."}
    if annotation in SCALARS:
        return SCALARS[annotation]
    if annotation is str:
        return _text(next((mark for mark in marks if isinstance(mark, Length)), LONGEST))
    between = next((mark for mark in marks if isinstance(mark, Between)), Between())
    if annotation is int:
        return {"type": "integer", **_bounds(between, LARGEST_INTEGER)}
    if annotation is Decimal:
        number = {"type": "number", **_bounds(between)}
        return {"anyOf": [number, {"type": "string", "pattern": f"^{DIGITS}$"}]}
    if issubclass(annotation, Enum):
        return {"type": "string", "enum": [member.value for member in annotation]}
    name = annotation.__name__
    if name not in parts:
        parts[name] = {}  # it may lie within itself
        parts[name] = _object(annotation, parts)
    return {"$ref": f"#/$defs/{name}"}


def _text(length: Length) -> Schema:
    pattern = f"^{NO_CONTROLS}$"
    if length.blank:
        return {"type": "string", "maxLength": length.most, "pattern": pattern}
    pattern = rf"^(?=[\s\S]*\S){NO_CONTROLS}$"
    return {"type": "string", "minLength": 1, "maxLength": length.most, "pattern": pattern}


def _bounds(between: Between, most: int | None = None) -> Schema:
    low = between.low if between.low is not None or most is None else -most
    high = most if between.high is None else between.high
    bounds = {"minimum": low, "maximum": high}
    return {name: _number(bound) for name, bound in bounds.items() if bound is not None}


def _number(bound: int | Decimal) -> int | float:
    return bound if isinstance(bound, int) else float(bound)
