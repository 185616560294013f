"""Hours of work as people write them: a day of work has no fixed length, so a text has no days."""

from datetime import timedelta
from functools import cache
from typing import Annotated, Any, Final, get_args, get_origin

import attrs
import msgspec

from crmcore.domain.kernel import WorkingTime

HOURS: Final = (
    "hours of work, such as PT48H (a day of work has no fixed length; days are business_days)"
)


def in_days(duration: str) -> bool:
    """Whether there is anything before the hours (of an ISO 8601 duration)."""
    return bool(duration.upper().partition("T")[0].strip("+-P "))


def as_written(message: Any) -> Any:
    """*message* for the JSON library, which would write hours of work in days."""
    kind: type = type(message)
    if not _of_work(kind):
        return message
    built = msgspec.to_builtins(message)
    _put_hours(message, built)
    return built


def _put_hours(message: Any, built: dict[str, Any]) -> None:
    for field in attrs.fields(type(message)):
        value = getattr(message, field.name)
        if isinstance(value, timedelta) and _of_work(field.type):
            built[field.name] = _in_hours(value)
        elif attrs.has(type(value)):
            _put_hours(value, built[field.name])
        elif isinstance(value, tuple) and _of_work(field.type):
            for one, part in zip(value, built[field.name], strict=True):
                _put_hours(one, part)


def _in_hours(length: timedelta) -> str:
    minutes, rest = divmod(abs(length), timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    seconds = f"{rest.seconds}.{rest.microseconds:06}".rstrip("0").rstrip(".")
    parts = ((f"{hours}", "H"), (f"{minutes}", "M"), (seconds, "S"))
    text = "".join(number + unit for number, unit in parts if number != "0")
    return f"{'-' if length < timedelta(0) else ''}PT{text or '0S'}"


@cache
def _of_work(annotation: Any) -> bool:
    """Whether a value of this annotation is, or has within it, a duration of work."""
    if get_origin(annotation) is Annotated and any(
        isinstance(mark, WorkingTime) for mark in annotation.__metadata__
    ):
        return True
    if isinstance(annotation, type) and attrs.has(annotation):
        return any(_of_work(field.type) for field in attrs.fields(annotation))
    return any(_of_work(part) for part in get_args(annotation))
