"""What a command's fields take, in words, and values that they would take as examples."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import UnionType
from typing import Annotated, Any, Final, Union, get_args, get_origin
from uuid import UUID
from zlib import crc32

import attrs

from crmcore import Money
from crmcore.contexts import AsText, Between, Length, Personal, WorkingTime

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
VALUES: Final[dict[Any, Any]] = {
    datetime: "2026-01-05T09:00:00Z",
    date: "2026-01-05",
    timedelta: "PT4H",
    bool: False,
    int: 1,
    Decimal: "1",
    str: "example",
    Money: {"amount": "19.90", "currency": "EUR"},
}
NAMED: Final[dict[str, Any]] = {
    "name": "Ada Lovelace",
    "value": "ada@example.com",
    "ends_at": "2099-12-31T00:00:00Z",
    "currency": "EUR",
    "subject": "The delivery is late",
    "channel": "store",
    "stage": "proposal",
    "list_name": "regulars",
}
"""Values by the field's name, where its type alone would give one that is refused or odd."""
EXAMPLES: Final[dict[str, dict[str, Any]]] = {
    "set-preference": {"language": "en"},
    "plan-campaign": {"name": "Spring", "kind": "coupons"},
    "copy-campaign": {"name": "Summer"},
    "attach-target-list": {"name": "regulars"},
    "record-response": {"kind": "reply"},
    "capture-lead": {"name": "Ada Lovelace", "email": "ada@example.com"},
    "enrich-lead": {"company": "Analytical Engines"},
    "assign-lead": {"assignee": "ann"},
    "qualify-lead": {"stage": "sales"},
    "record-lead-activity": {"activity": "email-opened"},
    "transfer-case": {"queue": "second line"},
    "define-assignment-policy": {"name": "In turn"},
    "classify-case": {"category": "delivery"},
    "prioritise-case": {"impact": "high", "urgency": "high"},
    "define-service-levels": {
        "version": "2026-1",
        "policies": [
            {
                "name": "all cases",
                "targets": [
                    {"kind": "first_response", "within": "PT4H", "calendar": "office"},
                    {"kind": "resolution", "within": "PT16H", "calendar": "office"},
                ],
            }
        ],
        "calendars": [
            {
                "name": "office",
                "zone": "Europe/Berlin",
                "weekly": ["Mon-Fri 09:00-17:00"],
            }
        ],
    },
}
"""By topic, what is added where the required fields alone would be refused, or say nothing."""


@attrs.frozen
class Field:
    """A field: its path within the command, what it takes, whether it must be there, its default."""

    name: str
    takes: str
    required: bool
    default: Any
    personal: bool


def fields(kind: type, path: str = "") -> Iterator[Field]:
    """The fields of a command, each followed by the fields of what it holds."""
    for field in attrs.fields(kind):
        base, marks = _bare(field.type)
        required = field.default is attrs.NOTHING and not (field.name == "at" and not path)
        default = None if field.default is attrs.NOTHING else field.default
        if isinstance(default, attrs.Factory):  # type: ignore[arg-type]  # attrs types it as a function
            default = None
        personal = any(isinstance(mark, Personal) for mark in marks)
        yield Field(path + field.name, _words(base, marks), required, default, personal)
        several = get_origin(base) is tuple
        inner = _bare(get_args(base)[0])[0] if several else base
        if attrs.has(inner) and inner is not Money:
            yield from fields(inner, f"{path}{field.name}{'[]' if several else ''}.")


def example(kind: type) -> dict[str, Any]:
    """Values for the required fields of a command, and for what it is nothing without, as JSON."""
    required = [field for field in attrs.fields(kind) if field.default is attrs.NOTHING]
    values = {field.name: _example(field.name, field.type) for field in required}
    return values | EXAMPLES.get(getattr(kind, "TOPIC", ""), {})


def _example(name: str, annotation: Any) -> Any:
    base, marks = _bare(annotation)
    if get_origin(base) in (tuple, frozenset):
        return [_example(name, get_args(base)[0])]
    if attrs.has(base) and base is not Money:
        return example(base)
    if isinstance(base, type) and issubclass(base, Enum):
        return next(iter(base)).value
    if base is UUID:  # an id stands for one thing
        return f"01890a5d-ac96-774b-bcce-{crc32(name.encode()):012x}"
    if name in NAMED and base in (str, datetime):
        return NAMED[name]
    for mark in marks:
        if isinstance(mark, Between) and mark.low is not None and base is int:
            return max(VALUES[int], mark.low)
    return VALUES[base]


def _bare(annotation: Any) -> tuple[Any, tuple[Any, ...]]:
    """The type of *annotation* without None, and what refines it."""
    if get_origin(annotation) is Annotated:
        base, *marks = get_args(annotation)
        inner, more = _bare(base)
        return inner, (*marks, *more)
    if get_origin(annotation) in (Union, UnionType):
        return _bare(next(part for part in get_args(annotation) if part is not type(None)))
    return annotation, ()


def _words(base: Any, marks: tuple[Any, ...]) -> str:
    if get_origin(base) in (tuple, frozenset):
        return f"list of {_words(*_bare(get_args(base)[0]))}"
    if isinstance(base, type) and issubclass(base, Enum):
        return " | ".join(str(member.value) for member in base)
    if attrs.has(base) and base is not Money:
        texts = [f", or text such as {mark.example}" for mark in marks if isinstance(mark, AsText)]
        return "".join(["object", *texts])
    words = WORDS.get(base, getattr(base, "__name__", str(base)))
    for mark in marks:
        if isinstance(mark, Length):
            words += f", at most {mark.most:,} characters"
        elif isinstance(mark, Between):
            words += _range(mark)
        elif isinstance(mark, WorkingTime):
            words += ", in hours of work"
    return words


def _range(mark: Between) -> str:
    if mark.high is None:
        return f", {mark.low} or more"
    return f", at most {mark.high}" if mark.low is None else f", {mark.low} to {mark.high}"
