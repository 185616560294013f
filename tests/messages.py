"""Any event or command, built by Hypothesis from its annotations; and JSON that is none."""

import enum
import types
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from uuid import UUID

import attrs
import msgspec
from hypothesis import strategies as st

from crmcore.domain.kernel import Between, InvalidValueError, Length, Money

T = TypeVar("T")
Hints = Callable[[type, str], st.SearchStrategy[Any] | None]
"""What to draw for a value of this type in a field of this name; None for the usual."""

CURRENCIES = ("EUR", "USD", "JPY", "KWD")
WORDS = (
    "a",
    "shop",
    "Zoë",
    "ada@example.com",
    "+15550100001",
    "EUR",
    "de",
    "Europe/Berlin",
    "x" * 60,
)
LARGEST = 2**63 - 1

instants = st.datetimes(
    datetime(1900, 1, 2),  # noqa: DTZ001  # as Hypothesis wants its bounds
    datetime(8999, 12, 30),  # noqa: DTZ001
    timezones=st.just(UTC),
) | st.sampled_from(
    [datetime(1970, 1, 1, tzinfo=UTC), datetime(2024, 2, 29, 23, 59, 59, 999_999, UTC)]
)
dates = st.dates() | st.sampled_from([date.min, date.max])
durations = st.timedeltas(timedelta(days=-366_000), timedelta(days=366_000))
decimals = st.decimals(-(10**12), 10**12, places=3) | st.integers(-9, 9).map(Decimal)
amounts = st.decimals(0, 10**6, places=2) | st.sampled_from(
    [Decimal(text) for text in ("0", "-1", "0.000001", "999999999999999.999999", "-0.00", "1E+14")]
)
monies = st.builds(Money, amounts, st.sampled_from(CURRENCIES))


def _no_hint(_kind: type, _name: str) -> None:
    return None


def st_message(
    kind: type[T], *, hints: Hints = _no_hint, wild: bool = False
) -> st.SearchStrategy[T]:
    """Valid instances of an attrs class; with *wild*, text is any that JSON can hold.

    A class whose parts must agree with each other refuses some: those are drawn anew.
    """
    drawing = _Drawing(hints, wild)
    parts = {
        field.name: drawing.of(field.type, field.name)
        for field in attrs.fields(kind)  # type: ignore[arg-type]
    }

    def built(given: dict[str, Any]) -> T | None:
        try:
            return kind(**given)
        except InvalidValueError:
            return None

    return st.fixed_dictionaries(parts).map(built).filter(lambda one: one is not None)  # type: ignore[return-value]


def st_value(annotation: Any, *, wild: bool = False) -> st.SearchStrategy[Any]:
    """Valid values of a field that is annotated so."""
    return _Drawing(_no_hint, wild).of(annotation, "")


@attrs.frozen
class _Drawing:
    """How the parts of a message are drawn."""

    hints: Hints
    wild: bool

    def of(self, annotation: Any, name: str) -> st.SearchStrategy[Any]:
        origin, parts = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._refined(parts[0], parts[1:], name)
        if origin in (Union, types.UnionType):
            (part,) = (one for one in parts if one is not type(None))
            return st.none() | self.of(part, name)
        if origin in (tuple, frozenset):
            return st.lists(self.of(parts[0], name), max_size=3).map(origin)
        hint = self.hints(annotation, name)
        return self._plain(annotation) if hint is None else hint

    def _plain(self, kind: Any) -> st.SearchStrategy[Any]:
        if kind in _SCALARS:
            return _SCALARS[kind]
        if kind is str:
            return self._text(1_000)
        if issubclass(kind, enum.Enum):
            return st.sampled_from(list(kind))
        return st_message(kind, hints=self.hints, wild=self.wild)

    def _refined(self, base: Any, marks: Sequence[Any], name: str) -> st.SearchStrategy[Any]:
        for mark in marks:
            hint = self.hints(base, name) if isinstance(mark, Length | Between) else None
            if hint is not None:
                return hint
            if isinstance(mark, Length):
                return self._text(mark.most)
            if isinstance(mark, Between):
                return _between(base, mark)
        return self.of(base, name)

    def _text(self, most: int) -> st.SearchStrategy[str]:
        if self.wild:
            return st.text(st.characters(codec="utf-8"), max_size=20)
        words = st.sampled_from([word[:most] for word in WORDS])
        letters = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])
        return words | st.text(letters, min_size=1, max_size=min(most, 8)).filter(str.strip)


def _between(base: Any, mark: Between) -> st.SearchStrategy[Any]:
    low = -LARGEST if mark.low is None else mark.low
    high = LARGEST if mark.high is None else mark.high
    if base is int:
        return st.integers(int(low), int(high)) | st.sampled_from([int(low), int(high)])
    whole = st.integers(int(low) + 1, min(int(high), 20)).map(Decimal)
    return whole | st.sampled_from([Decimal(str(low)), Decimal(str(high))])


_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    date: dates,
    timedelta: durations,
    UUID: st.uuids(),
    datetime: instants,
    bool: st.booleans(),
    int: st.integers(-LARGEST, LARGEST) | st.integers(0, 5),
    Decimal: decimals,
    Money: monies,
}

# What no command is made of

NASTY = (
    "", " ", "\0", "\ud800", "a\udfffb", "\x1b[2J", "\u202e", "NaN", "-Infinity", "1E+999999999",
    "1e-999999999", "0E+99999999", "9" * 5_000, "2026-01-05T09:00:00", "2026-02-30T00:00:00Z",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "1900-01-01T00:00:00+00:01",
    "P999999999D", "PT1E9S", "-PT0S", "{00000000-0000-4000-8000-000000000001}", "urn:uuid:0",
    "00000000000040008000000000000001", "'; DROP TABLE crm_events; --", "e\u0301" * 1_000,
)  # fmt: skip
NUMBERS = (
    0, -1, 2**31, 2**63, -(2**63), 2**64, 10**4_000, 0.1, 1e308, 5e-324, 0.1 + 0.2, float("nan"),
    float("inf"), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("0.10"),
    Decimal("1E+999999"), Decimal("0E+999999"), Decimal("1E-999999"),
)  # fmt: skip


def _deep(depth: int) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


@cache
def st_garbage() -> st.SearchStrategy[Any]:
    """JSON values of every kind, nasty ones often, as a lenient reader may hand them over."""
    leaves = (
        st.none()
        | st.booleans()
        | st.sampled_from(NASTY)
        | st.sampled_from(NUMBERS)
        | st.text(max_size=5)
        | st.integers()
        | st.floats()
    )
    nested = st.recursive(
        leaves,
        lambda part: (
            st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=2)
        ),
        max_leaves=5,
    )
    return nested | st.sampled_from(
        [_deep(50), _deep(300), {"amount": "1"}, {"amount": 1, "currency": 5}]
    )


@cache
def _valid(kind: type) -> st.SearchStrategy[Any]:
    return st_message(kind)


@st.composite
def st_hostile_fields(draw: st.DrawFn, kind: type) -> dict[str, Any]:
    """The JSON fields of a valid command, some of them spoilt, left out or added."""
    fields: dict[str, Any] = msgspec.to_builtins(draw(_valid(kind)))
    for name in draw(st.lists(st.sampled_from(sorted(fields)), max_size=3, unique=True)):
        fields[name] = draw(_spoilt(fields[name]))
    for name in draw(st.lists(st.sampled_from(sorted(fields)), max_size=1)):
        del fields[name]
    fields.update(draw(st.dictionaries(st.text(max_size=4), st_garbage(), max_size=1)))
    return fields


@st.composite
def _spoilt(draw: st.DrawFn, value: Any) -> Any:
    """Garbage in place of *value*, or within it."""
    if isinstance(value, dict) and value and draw(st.booleans()):
        name = draw(st.sampled_from(sorted(value)))
        return {**value, name: draw(_spoilt(value[name]))}
    if isinstance(value, list | tuple) and value and draw(st.booleans()):
        return [draw(_spoilt(value[0])), *value[1:]]
    return draw(st_garbage())
