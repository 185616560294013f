"""The JSON library's refusals in plain words: the field, what was expected, what was given."""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from types import NoneType
from typing import Any, Final, cast, get_args

import attrs

from crmcore.domain.kernel import shown

__all__ = ["EXPECTED", "class_in", "plainly"]

PLACE: Final = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?", re.DOTALL)

EXPECTED: Final = {
    "str": "text",
    "int": "a whole number",
    "bool": "true or false",
    "decimal": "a decimal number, such as 19.90",
    "datetime": "an instant with a time zone, such as 2026-01-05T09:00:00Z",
    "date": "a date, such as 2026-01-05",
    "duration": "a duration, such as PT4H",
    "uuid": "a UUID",
    "array": "a list",
    "object": "an object",
}
INVALID: Final = {
    "Invalid RFC3339 encoded datetime": EXPECTED["datetime"],
    "Invalid RFC3339 encoded date": EXPECTED["date"],
    "Invalid ISO8601 duration": EXPECTED["duration"],
    "Only units 'D', 'H', 'M', and 'S' are supported when parsing ISO8601 durations": (
        "a duration in days, hours, minutes and seconds, such as P1DT4H30M"
    ),
    "Duration is out of range": "a shorter duration",
    "Invalid UUID": EXPECTED["uuid"],
    "Invalid decimal string": EXPECTED["decimal"],
}


def plainly(message: str, kind: type, given: Mapping[str, Any]) -> str:
    """msgspec's *message* on reading a *kind* from *given*, as our other refusals read."""
    found = PLACE.fullmatch(message)
    assert found is not None, "the pattern matches any text"
    what, path = found["what"], found["path"] or ""
    if missing := re.fullmatch(r"Object missing required field `(?P<name>\w+)`", what):
        place = f"{path}.{missing['name']}".lstrip(".")
        return f"{place}: expected, but not given"
    expected = INVALID.get(what)
    if what.startswith("Invalid enum value"):
        names = ", ".join(str(member.value) for member in _enum_at(kind, path))
        expected = f"one of {names}"
    elif wanted := re.match(r"Expected `(?P<type>\w+)(?: \| null)?`, got", what):
        expected = EXPECTED.get(wanted["type"])
    if expected is None:
        return f"{path}: {what}"[:300] if path else what[:300]
    return f"{path}: expected {expected}, got {_shown(_at(given, path))}"


def _shown(value: Any) -> str:
    return "nothing (null)" if value is None else shown(value)


def _at(given: Any, path: str) -> Any:
    """What stands at *path*, such as ``lines[0].goods``, in what was given."""
    for name, index in re.findall(r"(\w+)|\[(\d+)\]", path):
        given = given[name] if name else given[int(index)]
    return given


def _enum_at(kind: Any, path: str) -> type[StrEnum]:
    for name in re.findall(r"[a-z_]+", path):
        kind = getattr(attrs.fields(class_in(kind)), name).type
    while not isinstance(kind, type):
        kind = next(part for part in get_args(kind) if part not in (NoneType, Ellipsis))
    return cast("type[StrEnum]", kind)


@cache
def class_in(annotation: Any) -> Any:
    """The attrs class that *annotation* is of, be it optional or in a tuple."""
    if isinstance(annotation, type) and attrs.has(annotation):
        return annotation
    parts = (class_in(part) for part in get_args(annotation) if part is not Ellipsis)
    return next((part for part in parts if part is not None), None)
