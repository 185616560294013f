"""JSON that no event and no command is made of, and commands that are spoilt by it."""

from decimal import Decimal
from functools import cache
from typing import Any

import msgspec
from hypothesis import strategies as st

from crmcore.testing.strategies import commands

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
    return commands(kind)


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
