"""The JSON Schema of a command's fields, from the annotations that are its contract.

It says what a form can check before it asks: shapes, lengths, ranges and formats.  What depends on
other fields, or on what was recorded, is for the command to say.
"""

from typing import Any, Final

import attrs
import msgspec

from crmcore.domain.kernel import AsText, Between, Length, WorkingTime
from crmcore.infrastructure.commands.as_written import HOURS
from crmcore.infrastructure.json_schema import (
    NUMBER_AS_TEXT,
    Schema,
    SchemaWriter,
    bounds,
    mark_of,
    money,
)

NO_CONTROLS: Final = r"[^\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]*"
LONGEST: Final = Length(1_000)
"""Of text whose annotation does not say."""
AMOUNT: Final = {"type": "number", "exclusiveMinimum": -1e15, "exclusiveMaximum": 1e15}


def schema_of(kind: type) -> Schema:
    """The JSON Schema of the fields of a command's class; ``at`` is now where it is left out."""
    schema = _CommandSchema().message(kind)
    return {**schema, "required": [name for name in schema["required"] if name != "at"]}


class _CommandSchema(SchemaWriter):
    """What a command takes: what may be left out, and every form in which a value may be given."""

    MONEY = money({"anyOf": [AMOUNT, NUMBER_AS_TEXT]})

    def is_required(self, field: "attrs.Attribute[Any]") -> bool:
        return field.default is attrs.NOTHING

    def field(self, field: "attrs.Attribute[Any]") -> Schema:
        schema = super().field(field)
        if field.default is attrs.NOTHING or isinstance(field.default, attrs.Factory):  # type: ignore[arg-type]  # attrs types it as a function
            return schema
        return {**schema, "default": msgspec.to_builtins(field.default)}

    def value(self, annotation: Any, marks: tuple[Any, ...]) -> Schema:
        if isinstance(annotation, type):
            text = mark_of(AsText, marks)
            if text is not None:
                written = {"type": "string", "examples": [text.example]}
                return {"anyOf": [self.value(annotation, ()), written]}
            if mark_of(WorkingTime, marks) is not None:
                return {**super().value(annotation, ()), "description": f"Expected: {HOURS}."}
        return super().value(annotation, marks)

    def decimal(self, between: Between) -> Schema:
        return {"anyOf": [{"type": "number", **bounds(between)}, NUMBER_AS_TEXT]}

    def text(self, length: Length | None) -> Schema:
        length = length or LONGEST
        pattern = f"^{NO_CONTROLS}$"
        if length.blank:
            return {"type": "string", "maxLength": length.most, "pattern": pattern}
        pattern = rf"^(?=[\s\S]*\S){NO_CONTROLS}$"
        return {"type": "string", "minLength": 1, "maxLength": length.most, "pattern": pattern}
