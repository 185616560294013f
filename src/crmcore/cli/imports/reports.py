"""The demo's imports, shown: how much came in and how fast, and what did not."""

from collections.abc import Mapping, Sequence
from typing import Final

from crmcore.cli.imports.importing import Imported, Reason
from crmcore.cli.output import Column, say, table

ACTOR: Final = "crmcore demo"
REASONS: Final = 5


def show_imports(imports: Sequence[Imported]) -> None:
    """How much came in and how fast, and what did not."""
    titles = ("Commands", "Events", "Seconds", "Commands/s", "Events/s")
    table(
        ["Data", *(Column(title, number=True) for title in titles)],
        [
            [
                one.name,
                one.commands,
                one.events,
                f"{one.seconds:.1f}",
                one.rate(one.commands),
                one.rate(one.events),
            ]
            for one in imports
        ],
    )
    for one in imports:
        show_reasons(f"{one.name}: rows that make no command", one.by_rows)
        show_reasons(f"{one.name}: commands that a rule refused", one.by_rules)
    if not any(one.by_rules for one in imports):
        say("No rule refused a command.")


def show_reasons(title: str, reasons: Mapping[str, Reason], shown: int = REASONS) -> None:
    """The most frequent reasons, so many as are to be *shown*, each with the first few places."""
    if not reasons:
        return
    say(f"{title}: {sum(one.count for one in reasons.values()):,}")
    most = sorted(reasons.items(), key=lambda item: -item[1].count)
    for reason, found in most[:shown]:
        more = ", …" if found.count > len(found.first) else ""
        say(f"{found.count:,} x {reason}", indent=2)
        say(f"{', '.join(found.first)}{more}", style="dim", indent=4)
    if len(most) > shown:
        say(f"and {len(most) - shown:,} other reasons", indent=2)
