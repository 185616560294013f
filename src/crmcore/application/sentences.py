"""Events put into words for people: ``sentence_of`` fills in the ``SENTENCE`` of an event's class.

In it ``{field}`` is the field's value, ``{field:form}`` written as ``FORMS`` say; a part in square
brackets is left out where one of its fields is empty.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any, Final

from crmcore.domain.kernel.currencies import minor_digits

PART: Final = re.compile(r"\[([^\]]*)\]|([^\[\]]+)")
FIELD: Final = re.compile(r"\{(\w+)(?::(\w+))?\}")
LONGEST: Final = 200
INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
DURATION: Final = re.compile(
    r"(-?)P(?=.)(?:(\d+)W)?(?:(\d+)D)?(?:T(?=.)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?"
)
UNITS: Final = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
IN_SECONDS: Final = (604_800, 86_400, 3_600, 60, 1)
"""A week, a day, an hour, a minute, a second."""
SHOWN_GOODS: Final = 2
Names = Mapping[str, str]


def sentence_of(
    kinds: Mapping[str, type], topic: str, fields: Mapping[str, Any], names: Names | None = None
) -> str:
    """What an event of *topic* with *fields* (as JSON has them) says, in a line of 200 characters at most.

    *names* of campaigns, cases and contact points go by their ids, where known; instants are in UTC.
    *kinds* are the classes of events by topic.  Where there is no sentence the topic is shown.
    """
    template: str | None = getattr(kinds.get(topic), "SENTENCE", None)
    if template is None:
        return topic.replace("-", " ").replace(".", ": ")
    said = list[str]()
    for optional, fills, tail in _parts(template):
        values = [_value(fields, name, form, names or {}) for _, name, form in fills]
        if not optional or None not in values:
            for (before, _, _), value in zip(fills, values, strict=True):
                said += before, value or ""
            said.append(tail)
    return _shortened(" ".join("".join(said).split()))


@cache
def _parts(template: str) -> Sequence[tuple[bool, Sequence[tuple[str, str, str]], str]]:
    """The parts of a sentence: whether it may be left out, each field with the words before it, the rest."""
    parts = list[tuple[bool, Sequence[tuple[str, str, str]], str]]()
    for optional, plain in PART.findall(template):
        fills, end, text = list[tuple[str, str, str]](), 0, optional or plain
        for found in FIELD.finditer(text):
            fills.append((text[end : found.start()], found[1], found[2] or ""))
            end = found.end()
        parts.append((bool(optional), fills, text[end:]))
    return parts


def _value(fields: Mapping[str, Any], name: str, form: str, names: Names) -> str | None:
    """The value of a field in a *form*; None where it is empty."""
    value = fields.get(name)
    if form == "unless":
        return None if value else ""
    if value is None or value in ("", [], False):
        return None
    if form == "named":
        return names.get(value) or f"campaign {value}"
    if form == "numbered":
        return names.get(value) or str(value)
    return FORMS.get(form, _plain)(value)


def _plain(value: Any) -> str:
    if isinstance(value, dict) and value.keys() == {"amount", "currency"}:
        digits = minor_digits(value["currency"])
        return f"{Decimal(str(value['amount'])):,.{digits}f} {value['currency']}"
    if not isinstance(value, str):
        return str(value)
    if value[:1].isdigit() and INSTANT.fullmatch(value):
        return f"{datetime.fromisoformat(value).astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    if value[:1] in ("P", "-") and (found := DURATION.fullmatch(value)):
        return _duration(*found.groups())
    return value


def _duration(sign: str, *counts: str | None) -> str:
    """A length of time in its two largest units: ``3 d 4 h``, ``-12 min``."""
    seconds = sum(int(count or 0) * size for count, size in zip(counts, IN_SECONDS, strict=True))
    parts = []
    for name, size in UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count:,} {name}")
    return f"{sign if parts else ''}{' '.join(parts[:2]) or '0 s'}"


def _words(value: Any) -> str:
    return re.sub("[-_]", " ", str(value))


def _again(cycle: Any) -> str | None:
    return str(cycle) if cycle > 1 else None


def _goods(lines: Any) -> str:
    """The first goods of an order by name, and how many more there are."""
    named = [line.get("description") or line["product"] for line in lines]
    shown = [name.capitalize() if name.isupper() else name for name in dict.fromkeys(named)]
    more = len(shown) - SHOWN_GOODS
    return ", ".join(shown[:SHOWN_GOODS]) + (f" and {more} more" if more > 0 else "")


def _count(value: Any) -> str:
    return f"{len(value)} line{'s' if len(value) != 1 else ''}"


def _list(value: Any) -> str:
    return ", ".join(_words(_part(one)) for one in value)


def _part(one: Any) -> str:
    """A part of a list: a word, or the values of an object."""
    return " ".join(str(part) for part in one.values() if part) if isinstance(one, dict) else one


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


FORMS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "again": _again,
    "count": _count,
    "goods": _goods,
    "if": lambda _: "",
    "list": _list,
    "words": _words,
}
