"""What became of a rebuild, for people and for programs."""

from collections.abc import Sequence
from typing import Any

import attrs

from crmcore.cli.output import Column, say, table
from crmcore.cli.projections.dead_letters import by_cause, dead_letter_documents
from crmcore.cli.projections.difference import comparison_document, show_comparison


@attrs.frozen
class Outcome:
    """What became of one read model, and what went wrong: nothing if all was done."""

    name: str
    rebuilt: Any = None
    dead_letters: tuple[Any, ...] = ()
    comparison: Any = None
    switched: bool = False
    problems: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """It as JSON has it."""
        found = {"name": self.name} if self.rebuilt is None else attrs.asdict(self.rebuilt)
        return found | {
            "dead_letters": dead_letter_documents(self.dead_letters),
            "dead_letters_by_cause": by_cause(self.dead_letters),
            "comparison": None if self.comparison is None else comparison_document(self.comparison),
            "switched": self.switched,
            "problems": self.problems,
        }

    def lacking(self, problem: str) -> "Outcome":
        """This outcome with one more problem."""
        return attrs.evolve(self, problems=(*self.problems, problem))


def show_outcomes(done: Sequence[Outcome]) -> None:
    """A line for each read model, how it differs if that was asked for, and what comes next."""
    titles = ("Generation", "Position", "Seconds", "Dead letters")
    table(
        ["Read model", *(Column(title, number=True) for title in titles), "State"],
        [_row(one) for one in done],
    )
    for one in done:
        if one.comparison is not None:
            say()
            show_comparison(one.comparison)
    _show_next([one for one in done if one.rebuilt is not None and not one.problems])


def _row(one: Outcome) -> list[object]:
    if one.rebuilt is None:
        return [one.name, None, None, None, None, "not rebuilt"]
    found = one.rebuilt
    state = "live" if one.switched else "built, not live"
    return [
        one.name,
        found.generation,
        found.position,
        f"{found.seconds:,.1f}",
        len(one.dead_letters),
        f"{state}; went on with one begun before" if found.resumed else state,
    ]


def _show_next(done: Sequence[Outcome]) -> None:
    """What an operator can do now."""
    waiting = [one for one in done if not one.switched]
    lines = []
    for one in waiting:
        if one.comparison is None:
            lines.append(f"crmcore projections compare {one.name}")
        lines.append(f"crmcore projections switch {one.name}")
    lines += [f"crmcore projections rollback {one.name}" for one in done if one.switched]
    if lines:
        say()
        say("What comes next:" if waiting else "If the rows are not what you expected:")
        for line in lines:
            say(line, indent=2)
