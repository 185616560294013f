"""The JSON Schema of an event's fields, as the present version of the event is stored.

All fields are there, an empty one as null; exact numbers are text.  Lengths and ranges are those that
hold for what is recorded now: a rule that has changed since does not make the past unreadable.
"""

from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import attrs
import msgspec

from crmcore.domain.kernel import Between, Length
from crmcore.infrastructure.json_schema import (
    NUMBER_AS_TEXT,
    SCALARS,
    Schema,
    SchemaWriter,
    money,
)


def schema_of_event(kind: type) -> Schema:
    """The JSON Schema of the fields of an event's class."""
    return _EventSchema().message(kind)


class _EventSchema(SchemaWriter):
    """What is stored of an event, each value in one form."""

    MONEY = money(NUMBER_AS_TEXT)

    def is_required(self, _field: "attrs.Attribute[Any]") -> bool:
        return True

    def decimal(self, _between: Between) -> Schema:
        return NUMBER_AS_TEXT

    def value(self, annotation: Any, marks: tuple[Any, ...]) -> Schema:
        origin, args = get_origin(annotation), get_args(annotation)
        if origin in (Union, UnionType) and len(args) - (NoneType in args) > 1:
            return {"anyOf": [self.value(one, ()) for one in args]}
        if origin in (list, set):
            return {"type": "array", "items": self.value(args[0], ())}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.value(args[1], ())}
        known = (Annotated, Union, UnionType, tuple, frozenset)
        if origin in known or annotation in SCALARS or annotation in (str, int, Decimal):
            return super().value(annotation, marks)
        if isinstance(annotation, type) and (attrs.has(annotation) or issubclass(annotation, Enum)):
            return super().value(annotation, marks)
        return self._of_a_hosts(annotation)

    def text(self, length: Length | None) -> Schema:
        return (
            {"type": "string"} if length is None else {"type": "string", "maxLength": length.most}
        )

    def _of_a_hosts(self, annotation: Any) -> Schema:
        """The schema of a type that no event of ours has, as the JSON library has it."""
        try:
            (schema,), parts = msgspec.json.schema_components([annotation])
        except TypeError:
            return {}
        self._parts.update(parts)
        return schema
