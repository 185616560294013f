"""Examples of messages in JSON: values that their fields would take."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Literal, get_args, get_origin
from uuid import UUID
from zlib import crc32

import attrs
import msgspec

from crmcore.catalogue.fields import SEVERAL, bare
from crmcore.domain.kernel import Between, Length, Money
from crmcore.infrastructure.commands.reading import WRONG, Findings, reader
from crmcore.infrastructure.json_schema import fields_of

SENDER: Final = "Ada"
VALUES: Final[dict[Any, Any]] = {
    datetime: "2026-01-05T09:00:00Z",
    date: "2026-01-05",
    timedelta: "PT4H",
    bool: False,
    int: 1,
    Decimal: "1",
    str: "example",
    Money: {"amount": "19.90", "currency": "EUR"},
    float: 1.5,
    dict: {},
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
    "email": "ada@example.com",
    "assignee_email": "ada@example.com",
    "phone": "+49 30 23125000",
    "country": "DE",
    "language": "de",
    "time_zone": "Europe/Berlin",
}
"""Values by the field's name, where its type alone would give one that is refused or odd."""
OFFICE: Final = {"name": "office", "zone": "Europe/Berlin", "weekly": ["Mon-Fri 09:00-17:00"]}
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
        "calendars": [OFFICE],
    },
    "BusinessCalendar": OFFICE,
    "ServiceTarget": {"within": "PT4H", "calendar": "office"},
}
"""By topic, or by the class of what a message holds, what is added where the required fields alone would be refused, or say nothing."""


def command_example(kind: Any) -> dict[str, Any]:
    """A command with its topic and sender, as ``crmcore execute`` reads it; ``at`` is left out."""
    values = _required(kind)
    values.pop("at", None)  # now, if it is left out
    return {"command": kind.TOPIC, "by": SENDER, **values}


def event_example(kind: Any) -> dict[str, Any]:
    """An event as it is stored, with every field filled."""
    return {field.name: _stored(field.name, field.type) for field in fields_of(kind)}


def _required(kind: type) -> dict[str, Any]:
    """Values for the required fields of a message, and for what it is nothing without, as JSON."""
    required = [field for field in fields_of(kind) if field.default is attrs.NOTHING]
    values = {field.name: _value(field.name, field.type) for field in required}
    return values | EXAMPLES.get(getattr(kind, "TOPIC", kind.__name__), {})


def _stored(name: str, annotation: Any) -> Any:
    """A value as it is stored, all that it holds included."""
    value = _value(name, annotation)
    try:
        read = reader(annotation)(name, value, Findings())
    except (LookupError, TypeError, ValueError):  # of a type that no command has
        return value
    return value if read is WRONG else msgspec.json.decode(msgspec.json.encode(read))


def _value(name: str, annotation: Any) -> Any:
    base, marks = bare(annotation)
    if get_origin(base) in SEVERAL:
        return [_value(name, get_args(base)[0])]
    if attrs.has(base) and base is not Money:
        return _required(base)
    if isinstance(base, type) and issubclass(base, Enum):
        return next(iter(base)).value
    if get_origin(base) is Literal:
        return get_args(base)[0]
    if base is UUID:  # an id stands for one thing
        return f"01890a5d-ac96-774b-bcce-{crc32(name.encode()):012x}"
    if name in NAMED and base in (str, datetime):
        return NAMED[name]
    for mark in marks:
        if isinstance(mark, Between) and mark.low is not None and base is int:
            return max(VALUES[int], mark.low)
        if isinstance(mark, Length):
            return VALUES[str][: mark.most]
    return VALUES.get(get_origin(base) or base)
