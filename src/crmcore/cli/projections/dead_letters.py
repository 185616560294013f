"""Dead letters, events that a read model went past: counted by cause, and one by one."""

from collections.abc import Iterable, Sequence
from typing import Any

from crmcore.cli.output import Column, counted, table

MOST = 3
"""Causes that a line names."""


def by_cause(letters: Iterable[Any]) -> list[dict[str, Any]]:
    """How many dead letters of each topic each kind of error made; the most frequent first."""
    counts: dict[tuple[str, str], dict[str, Any]] = {}
    for one in letters:
        kind = one.cause.partition(":")[0]
        first = {"count": 0, "topic": one.topic, "kind": kind, "first": one.position}
        counts.setdefault((one.topic, kind), {**first, "cause": one.cause})["count"] += 1
    return sorted(counts.values(), key=lambda one: (-one["count"], one["first"]))


def said_by_cause(letters: Sequence[Any]) -> str:
    """The same in a line: ``2 dead letters: 2 order-placed (ValueError: ...)``."""
    causes = by_cause(letters)
    said = [f"{one['count']:,} {one['topic']} ({one['cause']})" for one in causes[:MOST]]
    said += [f"{len(causes) - MOST} further causes"] if len(causes) > MOST else []
    return f"{counted(len(letters), 'dead letter')}: {', '.join(said)}"


def dead_letter_documents(letters: Iterable[Any]) -> list[dict[str, Any]]:
    """Each dead letter; of its groups, which are customers, only how many."""
    return [
        {
            "position": one.position,
            "topic": one.topic,
            "groups": len(one.groups),
            "policy": one.policy,
            "cause": one.cause,
        }
        for one in letters
    ]


def show_dead_letters(letters: Iterable[Any]) -> None:
    """The same as a table."""
    position, groups = Column("Position", number=True), Column("Groups", number=True)
    rows = [list(one.values()) for one in dead_letter_documents(letters)]
    table([position, Column("Topic", whole=True), groups, "Policy", "Cause"], rows)
