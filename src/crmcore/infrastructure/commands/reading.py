"""Reading commands from JSON: all that is wrong with one is found at once, each by its field.

What JSON has no form of its own for (instants, ids, exact numbers) is read from text; whether a
value is allowed is for the command's own checks to say.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin
from uuid import UUID

import attrs
import msgspec

from crmcore.domain.kernel import (
    LARGEST_INTEGER,
    AsText,
    FieldError,
    InvalidValueError,
    Personal,
    WorkingTime,
    shape,
    shown,
)
from crmcore.domain.kernel.frozen import frozen
from crmcore.infrastructure.commands.as_written import HOURS, in_days
from crmcore.infrastructure.topics import nearest

T = TypeVar("T")

NUMBER: Final = re.compile(r"[-+.0-9A-Za-z]*")
"""The letters that a number may be written in; whether it is one is for ``Decimal`` to say."""

FLOAT_DIGITS: Final = 15
"""So many significant digits of a number survive being a binary float (IEEE 754)."""

WRONG: Final = object()
"""Stands for a value that could not be read."""

EXPECTED: Final[Mapping[Any, str]] = {
    str: "text",
    int: "a whole number",
    bool: "true or false",
    Decimal: "a decimal number, such as 19.90",
    datetime: "an instant with a time zone, such as 2026-01-05T09:00:00Z",
    date: "a date, such as 2026-01-05",
    timedelta: "a duration, such as PT4H",
    UUID: "a UUID",
}
INVALID: Final = {
    "Only units 'D', 'H', 'M', and 'S' are supported when parsing ISO8601 durations": (
        "a duration in days, hours, minutes and seconds, such as P1DT4H30M"
    ),
    "Duration is out of range": "a shorter duration",
}
"""Where the JSON library knows better what would have been expected."""


@frozen
class Findings:
    """What is wrong with a command so far."""

    errors: list[FieldError] = attrs.Factory(list)

    def add(self, field: str, message: str) -> Any:
        """Note what is wrong with *field*."""
        self.errors.append(FieldError(field, message))
        return WRONG

    def refuse(self, error: InvalidValueError, personal: bool, path: str = "") -> Any:
        """Note what a check of a field within *path* found, without the value where it is personal."""
        told = error.untold() if personal else error
        self.errors.extend(told.within(path).errors)
        return WRONG


Reader = Callable[[str, Any, Findings], Any]
"""Called with a field's path and the value given; returns what it means, or ``WRONG``."""


@cache
def reader(annotation: Any, personal: bool = False) -> Reader:
    """How a field with this *annotation* is read; what lies within a *personal* one is so too."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        read = reader(parts[0], personal or _mark(annotation, Personal) is not None)
        return _of_work(read, personal) if _mark(annotation, WorkingTime) else read
    if origin in (Union, UnionType):
        (part,) = (one for one in parts if one is not type(None))
        given = reader(part, personal)
        return lambda path, value, found: None if value is None else given(path, value, found)
    if origin in (tuple, frozenset):
        return _several(parts[0], personal)
    if attrs.has(annotation):
        return _Object(annotation, personal)
    return _plain(annotation, personal)


def _mark(annotation: Any, kind: type[T]) -> T | None:
    """The mark of a *kind* that refines an annotation itself, if there is one."""
    if get_origin(annotation) is not Annotated:
        return None
    return next((mark for mark in annotation.__metadata__ if isinstance(mark, kind)), None)


def _of_work(read: Reader, personal: bool) -> Reader:
    """*read* for a duration of work, in which a day would have no fixed length."""

    def of_work(path: str, value: Any, found: Findings) -> Any:
        if isinstance(value, str) and in_days(value):
            return found.refuse(InvalidValueError(path, value, HOURS), personal)
        return read(path, value, found)

    return of_work


def _several(annotation: Any, personal: bool) -> Reader:
    read, check, text = reader(annotation, personal), shape(annotation), _mark(annotation, AsText)

    def several(path: str, value: Any, found: Findings) -> Any:
        if not isinstance(value, list | tuple | set | frozenset):
            expected = "a list" if text is None else f'a list, such as ["{text.example}"]'
            return found.refuse(InvalidValueError(path, value, expected), personal)
        parts: list[Any] = []
        for index, given in enumerate(value):
            place = f"{path}[{index}]"
            if text is not None and isinstance(given, str):
                try:
                    parts += text.read(given)
                except InvalidValueError as error:
                    stands = InvalidValueError(place, given, error.expected)
                    parts.append(found.refuse(stands, personal))
                continue
            part = read(place, given, found)
            if part is not WRONG:
                try:
                    part = check(place, part)
                except InvalidValueError as error:
                    part = found.refuse(error, personal)
            parts.append(part)
        return WRONG if any(part is WRONG for part in parts) else parts

    return several


@frozen
class _Object:
    """Reads the values of an attrs class from an object of its fields."""

    kind: Any
    personal: bool
    fields: Mapping[str, tuple["attrs.Attribute[Any]", Reader]] = attrs.field(init=False)

    @fields.default
    def _fields(self) -> Mapping[str, tuple["attrs.Attribute[Any]", Reader]]:
        own = attrs.fields(self.kind)
        return {field.name: (field, reader(field.type, self.personal)) for field in own}

    def __call__(self, path: str, value: Any, found: Findings) -> Any:
        if isinstance(value, self.kind):
            return value
        if not isinstance(value, Mapping):
            return found.refuse(InvalidValueError(path, value, "an object"), self.personal)
        before, parts = len(found.errors), {}
        for name, given in value.items():
            known = self.fields.get(name) if isinstance(name, str) else None
            if known is None:
                self._unknown(path, name, found)
                continue
            part = known[1](_within(path, name), given, found)
            if part is not WRONG:
                parts[name] = part
        for name, (field, _) in self.fields.items():
            if field.default is attrs.NOTHING and name not in value:
                found.add(_within(path, name), "expected, but not given")
        if len(found.errors) == before:
            try:
                return self.kind(**parts)
            except InvalidValueError as error:
                if not self._each(path, parts, found):  # its fields do not fit together
                    return found.refuse(error, self.personal, path)
                return WRONG
        self._each(path, parts, found)
        return WRONG

    def _each(self, path: str, parts: Mapping[str, Any], found: Findings) -> bool:
        """Check each of the *parts* by itself; tell whether something is wrong with one."""
        before = len(found.errors)
        for name, part in parts.items():
            check: Any = self.fields[name][0].converter
            try:
                check(part)
            except InvalidValueError as error:
                found.refuse(error, self.personal, path)
        return len(found.errors) > before

    def _unknown(self, path: str, name: Any, found: Findings) -> None:
        has = f"it has {', '.join(self.fields)}"
        if self.personal:  # a name that nobody foresaw may be a value
            found.add(path, f"has a field that there is not: {has}")
            return
        told = name if isinstance(name, str) and name.isidentifier() else shown(name)
        hint = nearest(name, self.fields) or has
        found.add(_within(path, told[:60]), f"there is no such field: {hint}")


def _plain(kind: Any, personal: bool) -> Reader:
    read = _FROM_JSON.get(kind, _as_it_is)

    def plain(path: str, value: Any, found: Findings) -> Any:
        if value is not None and isinstance(value, kind) and not isinstance(value, bool):
            return value
        try:
            return read(path, value, kind)
        except InvalidValueError as error:
            return found.refuse(error, personal)

    return plain


def _as_it_is(path: str, value: Any, kind: Any) -> Any:
    if value is None:
        names = getattr(kind, "__members__", {}).values()
        expected = f"one of {', '.join(names)}" if names else EXPECTED[kind]
        raise InvalidValueError(path, value, expected)
    return value


def _from_text(path: str, value: Any, kind: Any) -> Any:
    expected = EXPECTED[kind]
    if isinstance(value, str):
        try:
            return msgspec.convert(value, kind)
        except ValueError as error:  # of the library, or half a character
            expected = INVALID.get(str(error), expected)
    raise InvalidValueError(path, value, expected)


def _whole_number(path: str, value: Any, _kind: Any) -> Any:
    if isinstance(value, float | Decimal) and -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return int(value) if value == int(value) else value
    return _as_it_is(path, value, int)


def _decimal(path: str, value: Any, kind: Any) -> Any:
    if isinstance(value, float):
        return _from_float(path, value)
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str) and not NUMBER.fullmatch(value):
        raise InvalidValueError(path, value, EXPECTED[kind])  # nobody sees what other digits mean
    return _from_text(path, value, kind)


def _from_float(path: str, value: float) -> Decimal:
    """The decimal number that was written, if it can be told."""
    number = Decimal(repr(value))
    if len(number.as_tuple().digits) > FLOAT_DIGITS:
        expected = f"a float of at most {FLOAT_DIGITS} digits, or the number as text"
        raise InvalidValueError(path, value, expected)
    return Decimal(int(value)) if number.is_finite() and value.is_integer() else number


_FROM_JSON: Final[Mapping[Any, Callable[[str, Any, Any], Any]]] = {
    **dict.fromkeys((UUID, datetime, date, timedelta), _from_text),
    int: _whole_number,
    Decimal: _decimal,
}


def _within(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
