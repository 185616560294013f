"""Two lists of events side by side: what differs, field by field, as a failing test shows it."""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import Any, Final

import attrs

NOTHING: Final = object()


def differences(expected: Sequence[Any], found: Sequence[Any]) -> str:
    """What to tell of two lists of events that are not the same."""
    counts = "" if len(expected) == len(found) else f", got {len(found)}"
    lines = [f"expected {_events(len(expected))}{counts}:"]
    for number, (wanted, got) in enumerate(
        zip_longest(expected, found, fillvalue=NOTHING), start=1
    ):
        if wanted is NOTHING:
            lines.append(f"  {number}. not expected: {got!r}")
        elif got is NOTHING:
            lines.append(f"  {number}. missing: {wanted!r}")
        elif wanted != got:
            lines += [f"  {number}. {line}" for line in _between(wanted, got)]
    return "\n".join(lines)


def _events(count: int) -> str:
    return {0: "no events", 1: "1 event"}.get(count, f"{count} events")


def _between(wanted: Any, got: Any) -> Iterator[str]:
    if type(wanted) is not type(got) or not attrs.has(type(got)):
        yield f"expected {wanted!r}, got {got!r}"
        return
    for field in attrs.fields(type(got)):
        left, right = getattr(wanted, field.name), getattr(got, field.name)
        if left != right:
            yield f"{type(got).__name__}.{field.name}: expected {left!r}, got {right!r}"
