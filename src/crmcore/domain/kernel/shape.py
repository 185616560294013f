"""What a value must look like before a command may carry it.

A command's annotations are its contract: ``shape(annotation)`` turns one into a
function that returns the value in its normal form (instants in UTC, text in
Unicode NFC without blanks around it) or raises ``InvalidValueError``.  The markers
``Length``, ``Between`` and ``Personal`` refine an annotation through ``Annotated``.
"""

import enum
import re
import types
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

import attrs

from crmcore.domain.kernel.errors import InvalidValueError
from crmcore.domain.kernel.frozen import frozen, has_fields
from crmcore.domain.kernel.instants import zoned
from crmcore.domain.kernel.precision import decimals

LARGEST_INTEGER = 2**63 - 1  # what both databases hold in one column
MOST_DIGITS = 28
EARLIEST, LATEST = datetime(1900, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


@frozen
class Length:
    """Text of at most *most* characters; blank text is refused unless *blank*."""

    most: int
    blank: bool = False

    def __str__(self) -> str:
        return f"at most {self.most:,} characters"


@frozen
class Between:
    """A number from *low* to *high*, both allowed; None leaves a side open."""

    low: int | Decimal | None = None
    high: int | Decimal | None = None

    def __str__(self) -> str:
        if self.high is None:
            return f"{self.low} or more"
        return f"at most {self.high}" if self.low is None else f"{self.low} to {self.high}"


@frozen
class Personal:
    """The value tells something about a natural person (it will be sealed and can be erased)."""

    def __str__(self) -> str:
        return "about a person"


@frozen
class WorkingTime:
    """A duration of work: written in hours, because a day of work has as many as its calendar says."""

    def __str__(self) -> str:
        return "in hours of work"


@frozen
class AsText:
    """The value may be written as text, such as *example*; *read* gives what one text means."""

    read: Callable[[str], Sequence[Any]]
    example: str

    def __str__(self) -> str:
        return f"or text such as {self.example}"


Text = Annotated[str, Length(20_000)]
Shape = Callable[[str, Any], Any]
"""Called with the field's name and the value given; returns the value in normal form."""


def is_personal(annotation: Any) -> bool:
    """Whether *annotation*, or a part of it, is marked ``Personal``."""
    if get_origin(annotation) is Annotated and any(
        isinstance(mark, Personal) for mark in annotation.__metadata__
    ):
        return True
    return any(is_personal(part) for part in get_args(annotation))


def marked_personal(kind: Any, path: str) -> bool:
    """Whether the field at *path* (``lines[0].goods``) of a message tells something about a person.

    Raises ``LookupError`` where *kind* has no such field.
    """
    marked, annotation = False, kind
    for name in re.sub(r"\[\d+\]", "", path).split("."):
        known = attrs.fields_dict(_class_in(annotation))
        marked, annotation = marked or is_personal(known[name].type), known[name].type
    return marked


def _class_in(annotation: Any) -> Any:
    """The attrs class that *annotation* is of, be it optional or in a tuple."""
    if isinstance(annotation, type) and has_fields(annotation):
        return annotation
    for part in get_args(annotation):
        with suppress(LookupError):
            return _class_in(part)
    raise LookupError(annotation)


def shape(annotation: Any) -> Shape:
    """The check for *annotation*: a scalar, an enum, an attrs class, a tuple, or one of these or None."""
    origin = get_origin(annotation)
    if origin is Annotated:
        base, *marks = get_args(annotation)
        return _refined(base, marks)
    if origin in (Union, types.UnionType):
        return _optional([part for part in get_args(annotation) if part is not type(None)])
    if origin in (tuple, frozenset):
        return _several(origin, get_args(annotation)[0])
    if annotation is str:
        return _text(Length(1_000))
    if annotation in _SCALARS:
        return _SCALARS[annotation]
    if isinstance(annotation, type) and (
        has_fields(annotation) or issubclass(annotation, enum.Enum)
    ):
        return _instance(annotation)
    raise TypeError(
        f"a field cannot be of the type {annotation}: expected text, a whole number, Decimal, bool,"
        " UUID, date, datetime, timedelta, an enum, a class made by @value, a tuple of one of"
        " these, or one of these or None"
    )


def _refined(base: Any, marks: Sequence[Any]) -> Shape:
    check = shape(base)
    for mark in marks:
        if isinstance(mark, Length):
            check = _text(mark)
        elif isinstance(mark, Between):
            check = _between(check, mark)
        elif isinstance(mark, Personal):
            check = _untold(check)
    return check


def _untold(check: Shape) -> Shape:
    def untold(field: str, value: Any) -> Any:
        try:
            return check(field, value)
        except InvalidValueError as error:
            raise error.untold() from None

    return untold


def _optional(parts: Sequence[Any]) -> Shape:
    if len(parts) != 1:
        raise TypeError(f"a command's field is of one type, or of one type or None: {parts}")
    check = shape(parts[0])
    return lambda field, value: None if value is None else check(field, value)


def _several(kind: Any, part: Any) -> Shape:
    check = shape(part)

    def several(field: str, value: Any) -> Any:
        if not isinstance(value, (list, tuple, set, frozenset)):
            raise InvalidValueError(field, value, "a list")
        return kind(check(f"{field}[{index}]", one) for index, one in enumerate(value))

    return several


def _text(length: Length) -> Shape:
    def text(field: str, value: Any) -> str:
        if not isinstance(value, str):
            raise InvalidValueError(field, value, "text")
        normal = unicodedata.normalize("NFC", value.strip())
        for character in "" if normal.isprintable() else normal:
            if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t":
                raise InvalidValueError(field, value, "text without control characters")
        if not normal and not length.blank:
            raise InvalidValueError(field, value, "text that is not blank")
        if len(normal) > length.most:
            raise InvalidValueError(field, value, f"at most {length.most} characters")
        return normal

    return text


def _between(check: Shape, bounds: Between) -> Shape:
    low = "any" if bounds.low is None else bounds.low
    high = "any" if bounds.high is None else bounds.high

    def between(field: str, value: Any) -> Any:
        number = check(field, value)
        if (bounds.low is not None and number < bounds.low) or (
            bounds.high is not None and number > bounds.high
        ):
            raise InvalidValueError(field, value, f"a number from {low} to {high}")
        return number

    return between


def _instance(kind: type) -> Shape:
    def instance(field: str, value: Any) -> Any:
        if isinstance(value, kind):
            return value
        if issubclass(kind, enum.Enum):
            try:
                return kind(value)
            except ValueError:
                names = ", ".join(str(member.value) for member in kind)
                raise InvalidValueError(field, value, f"one of {names}") from None
        raise InvalidValueError(field, value, f"a {kind.__name__}")

    return instance


def _identity(field: str, value: Any) -> UUID:
    if not isinstance(value, UUID):
        raise InvalidValueError(field, value, "a UUID")
    return value


def _instant(field: str, value: Any) -> datetime:
    try:
        instant = zoned(field, value).astimezone(UTC)
    except OverflowError:
        instant = LATEST
    if not EARLIEST <= instant < LATEST:
        raise InvalidValueError(field, value, "an instant between the years 1900 and 9000")
    return instant


def _date(field: str, value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidValueError(field, value, "a date, such as 2026-01-05")
    return value


def _duration(field: str, value: Any) -> timedelta:
    if not isinstance(value, timedelta) or abs(value) > timedelta(days=366_000):
        raise InvalidValueError(
            field, value, "a duration of at most a thousand years, such as PT4H"
        )
    return value


def _flag(field: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValueError(field, value, "true or false")
    return value


def _whole_number(field: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > LARGEST_INTEGER:
        raise InvalidValueError(field, value, "a whole number of at most 64 bits")
    return value


def _decimal(field: str, value: Any) -> Decimal:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) <= LARGEST_INTEGER:
        value = Decimal(value)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise InvalidValueError(field, value, "a finite decimal number")
    digits = max(value.adjusted() + 1, 0) + decimals(value)
    if digits > MOST_DIGITS:
        raise InvalidValueError(field, value, f"a decimal number of at most {MOST_DIGITS} digits")
    return value


_SCALARS: dict[Any, Shape] = {
    UUID: _identity,
    datetime: _instant,
    date: _date,
    timedelta: _duration,
    bool: _flag,
    int: _whole_number,
    Decimal: _decimal,
}
