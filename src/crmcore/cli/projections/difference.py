"""How a generation that was built differs from the live one, for people and for programs."""

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from crmcore.cli.output import Column, counted, say, table


def comparison_document(found: Any) -> dict[str, Any]:
    """Everything that was compared, and whether it is equal."""
    tables = [attrs.asdict(one) | {"equal": one.equal} for one in found.tables]
    return attrs.asdict(found, recurse=False) | {"tables": tables, "equal": found.equal}


def show_comparison(found: Any) -> None:
    """Rows added, gone and changed of each table; then by column, with samples."""
    at = f"both at position {found.position_after:,}"
    if not found.same_log:
        at += ", but of logs that differ: one was restored"
    if found.position_before != found.position_after:
        at = f"at positions {found.position_after:,} and {found.position_before:,} of the log"
    say(
        f"{found.name}: generation {found.after} is compared with the live generation"
        f" {found.before}, {at}."
    )
    titles = ("Live rows", "New rows", "Added", "Gone", "Changed")
    table(
        ["Table", *(Column(title, number=True) for title in titles)],
        [
            [one.table, one.rows_before, one.rows_after, one.added, one.gone, one.changed]
            for one in found.tables
        ],
    )
    for one in found.tables:
        for line in _differences(one):
            say(line, indent=2)
    if found.position_before != found.position_after:
        say("They stand at different positions, so that rows may differ for that reason alone.")
    say("They show the same." if found.equal else "They differ.")


def _differences(one: Any) -> Iterator[str]:
    for what, columns in (("new", one.columns_added), ("gone", one.columns_gone)):
        if columns:
            yield f"{one.table}: columns that are {what}: {', '.join(columns)}"
    for column, count in one.by_column.items():
        yield f"{one.table}.{column} differs in {counted(count, 'row')}"
    for kind in ("added", "gone", "changed"):
        for row in one.samples.get(kind, ()):
            yield f"{kind}, for example: {_sample(row)}"


def _sample(row: Mapping[str, Any]) -> str:
    keys = " ".join(f"{name}={value}" for name, value in row.items() if name != "changes")
    changes = ", ".join(
        f"{name} {change['before']} -> {change['after']}"
        for name, change in row.get("changes", {}).items()
    )
    return f"{keys}: {changes}" if changes else keys
