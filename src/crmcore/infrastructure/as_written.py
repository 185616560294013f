"""Values that people write as text: what is read into parts, and what a text must not say.

The marks on a field's annotation tell: ``AsText`` is text that stands for values (hours of a
week), ``WorkingTime`` a duration in which a day would have no fixed length.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from functools import cache
from typing import Annotated, Any, get_args, get_origin

import attrs
import msgspec

from crmcore.domain.kernel import AsText, InvalidValueError, WorkingTime
from crmcore.infrastructure.plain_words import class_in

__all__ = ["as_meant", "as_written", "with_texts"]

HOURS = "hours of work, such as PT48H (a day of work has no fixed length; days are business_days)"


def as_meant(kind: type, given: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """The JSON *given* for a *kind*, each text that stands for values replaced by those.

    Raises ``InvalidValueError`` for one that cannot be read.
    """
    if not _marked(kind):
        return dict(given)
    types = {field.name: field.type for field in attrs.fields(kind)}
    return {
        name: _meant(types[name], value, f"{path}{name}") if name in types else value
        for name, value in given.items()
    }


def _meant(annotation: Any, value: Any, path: str) -> Any:
    if isinstance(value, (list, tuple)):
        parts = [_parts(annotation, one, f"{path}[{n}]") for n, one in enumerate(value)]
        return [one for several in parts for one in several]
    if isinstance(value, str) and _has(annotation, WorkingTime) and _in_days(value):
        raise InvalidValueError(path, value, HOURS)
    part = class_in(annotation)
    return as_meant(part, value, f"{path}.") if part and isinstance(value, Mapping) else value


def _in_days(duration: str) -> bool:
    """Whether there is anything before the hours (of an ISO 8601 duration)."""
    return bool(duration.upper().partition("T")[0].strip("+-P "))


def _parts(annotation: Any, value: Any, path: str) -> Sequence[Any]:
    """The values for which one of a list stands: itself, unless it is text to be read."""
    mark = next(_marks(annotation, AsText), None)
    if mark is None or not isinstance(value, str):
        return [_meant(annotation, value, path)]
    try:
        return [msgspec.to_builtins(one) for one in mark.read(value)]
    except InvalidValueError as error:
        raise InvalidValueError(path, value, error.expected) from None


def as_written(message: Any) -> Any:
    """*message* for the JSON library, which would write hours of work in days."""
    kind: type = type(message)
    if not _marked(kind):
        return message
    built = msgspec.to_builtins(message)
    _put_hours(message, built)
    return built


def _put_hours(message: Any, built: dict[str, Any]) -> None:
    for field in attrs.fields(type(message)):
        value = getattr(message, field.name)
        if isinstance(value, timedelta) and _has(field.type, WorkingTime):
            built[field.name] = _in_hours(value)
        elif attrs.has(type(value)):
            _put_hours(value, built[field.name])
        elif isinstance(value, tuple) and class_in(field.type) is not None:
            for one, part in zip(value, built[field.name], strict=True):
                _put_hours(one, part)


def _in_hours(length: timedelta) -> str:
    minutes, rest = divmod(abs(length), timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest.seconds}.{rest.microseconds:06}".rstrip("0").rstrip(".")
    told = ((f"{hours}", "H"), (f"{minutes}", "M"), (seconds, "S"))
    text = "".join(number + unit for number, unit in told if number != "0")
    return f"{'-' if length < timedelta(0) else ''}PT{text or '0S'}"


def with_texts(schema: dict[str, Any], kind: type) -> dict[str, Any]:
    """The JSON *schema* of a *kind* with the texts that may stand for values in its lists."""
    for part in _classes(kind):
        properties = schema["$defs"][part.__name__]["properties"]
        for field in attrs.fields(part):
            for mark in _marks(field.type, AsText):
                listed = properties[field.name]
                text = {"type": "string", "examples": [mark.example]}
                listed["items"] = {"anyOf": [listed["items"], text]}
            for _ in _marks(field.type, WorkingTime):
                properties[field.name]["description"] = f"Expected: {HOURS}."
    return schema


def _marks(annotation: Any, kind: type[Any]) -> Iterator[Any]:
    """The marks of a *kind* on *annotation* and on what it is made of."""
    if get_origin(annotation) is Annotated:
        yield from (mark for mark in annotation.__metadata__ if isinstance(mark, kind))
    for part in get_args(annotation):
        yield from _marks(part, kind)


def _has(annotation: Any, kind: type[Any]) -> bool:
    return any(True for _ in _marks(annotation, kind))


def _classes(kind: type) -> Iterator[type[Any]]:
    """The classes of the values within a *kind*."""
    for field in attrs.fields(kind):
        part = class_in(field.type)
        if part is not None:
            yield part
            yield from _classes(part)


@cache
def _marked(kind: type) -> bool:
    """Whether anything in a *kind* may be text of that sort."""
    fields = [field.type for one in (kind, *_classes(kind)) for field in attrs.fields(one)]
    return any(_has(one, AsText) or _has(one, WorkingTime) for one in fields)
