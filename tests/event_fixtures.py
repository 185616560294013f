"""Every version of every event as it is stored: an example each, and the types of the fields.

`make event-fixtures` adds what is missing, and changes nothing that is there: a released version
never changes.  An enum may gain members within a version: what was stored is read as before.
"""

import enum
import json
import types
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Union, get_args, get_origin
from uuid import UUID

import attrs

from crmcore.domain.kernel import Between, Length, version_of
from crmcore.domain.kernel.working_time import (
    Break,
    BusinessCalendar,
    DayHours,
    Holiday,
    ShiftedDay,
    weekly,
)
from crmcore.domain.service.levels.policy import (
    Anchor,
    PauseCategory,
    ServiceTarget,
    TargetKind,
    WarningLevel,
)
from crmcore.infrastructure.events.codec import EventCodec
from tests.composed import CODEC
from tests.scenario import uid

EXAMPLES = Path(__file__).parent / "fixtures" / "events"
SCHEMAS = EXAMPLES.parent / "event_schemas.json"

Fields = Mapping[str, Any]
"""The types of an event's fields, as JSON, by name."""

# Examples


WORDS = {
    "currency": "EUR",
    "country": "DE",
    "language": "de",
    "time_zone": "Europe/Berlin",
    "email": "ada@example.com",
    "assignee_email": "kim@example.com",
    "phone": "+49 30 23125000",
    "name": "Ada Lovelace",
}
SCALARS: Mapping[type, Any] = {
    bool: True,
    int: 3,
    Decimal: Decimal("2.50"),
    timedelta: timedelta(hours=4),
}
CALENDAR = BusinessCalendar(
    name="office",
    zone="Europe/Berlin",
    weekly=weekly("Mon-Thu 09:00-12:30, 13:30-18:00", "Fri 09:00-24:00"),
    holidays=(Holiday(day=date(2026, 12, 25), name="Christmas"),),
    shifted=(ShiftedDay(day=date(2026, 12, 24), hours=(DayHours(opens="09:00", closes="12:00"),)),),
    breaks=(Break(day=date(2026, 7, 3), closes="14:00", opens_again="16:00", name="party"),),
)
"""A calendar with everything that one may have; its parts check each other."""
TARGET = ServiceTarget(
    kind=TargetKind.RESOLUTION,
    business_days=3,
    calendar="office",
    anchor=Anchor.ATTACHED,
    pauses=(PauseCategory.PENDING,),
    warnings=(WarningLevel(percent=75, action="tell the lead"),),
)
"""A target that counts days; the duration of one that does not is in the examples of version 1."""
FIRST = datetime(2026, 1, 1, 9, 30, tzinfo=UTC)


def example(kind: type) -> Any:
    """An instance of an event's class, or of a value in one, with every field filled."""
    return kind(
        **{
            field.name: _value(field.type, field.name, number)
            for number, field in enumerate(attrs.fields(kind), 1)
        }
    )


def _value(annotation: Any, name: str, number: int) -> Any:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _within(_value(parts[0], name, number), parts[1:])
    if origin in (Union, types.UnionType):
        return _value(_present(parts), name, number)
    if origin is tuple:
        return (_value(parts[0], name, number),)
    if annotation is BusinessCalendar:
        return CALENDAR
    if annotation is ServiceTarget:
        return TARGET
    if annotation is UUID:
        return uid(number)
    if annotation in (datetime, date):
        at = FIRST + timedelta(days=number)
        return at if annotation is datetime else at.date()
    if annotation is str:
        return WORDS.get(name, name.replace("_", " "))
    if issubclass(annotation, enum.Enum):
        return next(iter(annotation))
    return SCALARS[annotation] if annotation in SCALARS else example(annotation)


def _within(value: Any, marks: Iterable[Any]) -> Any:
    for mark in marks:
        if isinstance(mark, Length):
            value = value[: mark.most]
        elif isinstance(mark, Between):
            value = value if mark.low is None else max(value, type(value)(mark.low))
            value = value if mark.high is None else min(value, type(value)(mark.high))
    return value


# The types of fields


NAMES: Mapping[type, str] = {
    UUID: "id",
    str: "text",
    bool: "true or false",
    int: "whole number",
    Decimal: "decimal",
    date: "date",
    timedelta: "duration",
    datetime: "instant",
}


def fields_of(kind: type) -> Fields:
    """What an event's class, or that of a value in one, stores."""
    return {field.name: _type(field.type) for field in attrs.fields(kind)}


def _type(annotation: Any) -> Any:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(parts[0])
    if origin in (Union, types.UnionType):
        return {"or null": _type(_present(parts))}
    if origin is tuple:
        return {"list of": _type(parts[0])}
    if annotation in NAMES:
        return NAMES[annotation]
    if issubclass(annotation, enum.Enum):
        return {"one of": sorted(member.value for member in annotation)}
    return {"object": fields_of(annotation)}


def _present(parts: tuple[Any, ...]) -> Any:
    (part,) = (one for one in parts if one is not types.NoneType)
    return part


# What was recorded, and what differs from it


def read_schemas(file: Path = SCHEMAS) -> dict[str, dict[str, Fields]]:
    """The fields of every version of every topic, as they were recorded."""
    found: dict[str, dict[str, Fields]] = json.loads(file.read_text()) if file.exists() else {}
    return found


def complaint(kind: Any, versions: Mapping[str, Fields]) -> str | None:
    """What is to be done about an event's class whose *versions* were recorded, if anything is."""
    version, present = version_of(kind), fields_of(kind)
    fields = versions.get(str(version))
    if fields == present:
        return None
    names = [] if fields is None else _changed(present, fields)
    if not names:
        return f"{kind.TOPIC} version {version} is not yet recorded so: run make event-fixtures"
    return (
        f"{kind.TOPIC} version {version} was recorded with other fields ({', '.join(names)}):"
        f" raise SCHEMA_VERSION of {kind.__name__} to {version + 1}, write the upcaster of version"
        f" {version} (its context), run make event-fixtures"
    )


def _changed(present: Fields, before: Fields) -> list[str]:
    """The names of the fields that are no longer stored as they were."""
    return sorted(
        name
        for name in {*before, *present}
        if name not in before or name not in present or not _same(present[name], before[name])
    )


def _same(present: Any, before: Any) -> bool:
    """Whether two types are the same, but for further members of enums."""
    if not isinstance(present, dict) or not isinstance(before, dict):
        return bool(present == before)
    if present.keys() != before.keys():
        return False
    if isinstance(before.get("one of"), list):
        return set(before["one of"]) <= set(present["one of"])
    return all(_same(present[name], part) for name, part in before.items())


# Adding


def add_missing(
    codec: EventCodec, examples: Path = EXAMPLES, schemas: Path = SCHEMAS
) -> Iterator[str]:
    """Write what is missing of the present versions; tell of each, and of what must not be."""
    recorded = read_schemas(schemas)
    examples.mkdir(parents=True, exist_ok=True)
    for topic, kind in sorted(codec.topics.items()):
        version, versions = version_of(kind), recorded.setdefault(topic, {})
        if _changed(fields_of(kind), versions.get(str(version), fields_of(kind))):
            yield f"not written: {complaint(kind, versions)}"
            continue
        versions[str(version)] = fields_of(kind)
        file = examples / f"{topic}.v{version}.json"
        if not file.exists():
            file.write_text(codec.encode(example(kind)) + "\n", encoding="utf-8")
            yield f"written: {file.name}"
    schemas.write_text(json.dumps(recorded, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    for line in add_missing(CODEC):
        print(line)
