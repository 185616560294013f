"""What the demo promises and checks: the city's own verdicts, one by one."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

import attrs

from crmcore.cli.output import say

SHOWN = 10


@attrs.define
class Agreement:
    """In how many cases our verdict is the city's, and where it is not."""

    compared: int = 0
    agree: int = 0
    silent: int = 0
    differing: list[dict[str, Any]] = attrs.Factory(list)

    @property
    def holds(self) -> bool:
        """Whether every verdict was compared and is the same."""
        return self.agree == self.compared


def compared(ours: Iterable[Any], verdicts: Mapping[UUID, bool | None]) -> Agreement:
    """Compare the read model's verdict on each case with the city's: on time, or overdue."""
    by_case = {
        one.case_id: one for one in ours if one.cycle == 1 and one.target in (None, "resolution")
    }
    found = Agreement()
    for case_id, on_time in verdicts.items():
        if on_time is None:
            found.silent += 1
            continue
        found.compared += 1
        case = by_case.get(case_id)
        verdict = None if case is None else case.verdict.value
        expected = "met" if on_time else "breached"
        if verdict == expected:
            found.agree += 1
        else:
            number = None if case is None else case.number
            found.differing.append(
                {"case_id": case_id, "number": number, "ours": verdict, "the_citys": expected}
            )
    return found


def show_agreement(found: Agreement) -> None:
    """How many agree, and each case that does not."""
    say(
        f"{found.agree:,} of {found.compared:,} verdicts agree with the city's own, row by row"
        + (f" ({found.silent:,} more without a verdict of the city)." if found.silent else "."),
        style="bold green" if found.holds else "bold red",
    )
    for one in found.differing[:SHOWN]:
        what = one["number"] or one["case_id"]
        say(f"  case {what}: {one['ours'] or 'missing'} here, {one['the_citys']} by the city")
    if len(found.differing) > SHOWN:
        say(f"  and {len(found.differing) - SHOWN:,} more (--json lists all)")
