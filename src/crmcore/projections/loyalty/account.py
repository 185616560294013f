"""A member's account in one currency: what was bought and kept, and which purchase was the first.

A part of the row of ``status``, changed in place.  Purchases are counted when the row is written
(``finish``): those told since then stand in ``recent`` as tuples.  ``first_purchases`` holds in
their order the purchases that may be the first, up to one that can no longer be cancelled: where
the first one is, the next takes its place.
"""

from bisect import bisect_right, insort
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

from crmcore.domain.kernel.instants import from_micros, to_micros
from crmcore.domain.loyalty.program import LoyaltyProgram, a_year_before

__all__ = [
    "Account",
    "called_off",
    "came_back",
    "finish",
    "first",
    "left",
    "opened",
    "purchased",
    "stored",
    "taken_up",
]

Account = dict[str, Any]
"""The fields ``FIELDS`` of an account, perhaps among others."""

FIELDS: Final = (
    "points",
    "orders",
    "year_spending",
    "lifetime_spending",
    "as_of",
    "first_purchases",
    "recent",
)
_told: Final = itemgetter(0, 1)


def opened(at: datetime) -> Account:
    """An account without a purchase yet."""
    return {
        "points": 0,
        "orders": 0,
        "year_spending": Decimal(0),
        "lifetime_spending": Decimal(0),
        "as_of": at,
        "first_purchases": [],
        "recent": [],
    }


def purchased(
    account: Account, at: int, position: int, order: str | None, amount: Decimal
) -> None:
    """Count a purchase at the instant *at* (microseconds); *order* is None if it is handed over.

    *position* is where the log tells of it: of two at the same instant, the one told first is.
    """
    account["recent"].append((at, amount))
    firsts = account["first_purchases"]
    if firsts and firsts[-1][2] is None and _told(firsts[-1]) < (at, position):
        return
    insort(firsts, [at, position, order], key=_told)
    _cut(firsts)


def left(account: Account, order: str) -> bool:
    """Note that goods of *order* have left, so that it cannot be cancelled; whether that was news."""
    for purchase in account["first_purchases"]:
        if purchase[2] == order:
            purchase[2] = None
            _cut(account["first_purchases"])
            return True
    return False


def _cut(firsts: list[list[Any]]) -> None:
    """Forget the purchases after one that will not be cancelled: they will never be the first."""
    for index, (_, _, order) in enumerate(firsts):
        if order is None:
            del firsts[index + 1 :]


def came_back(
    account: Account, program: LoyaltyProgram, returned: Decimal, kept: Decimal
) -> None:
    """Take back the points of what was *returned* of a purchase of which *kept* stays."""
    account["points"] -= program.reversal(returned, kept)


def called_off(account: Account, program: LoyaltyProgram, order: str, amount: Decimal) -> None:
    """Take an *order* out that was cancelled: it was never bought, and so never the first."""
    _count(account, program)
    account["points"] -= program.points(amount)
    account["orders"] -= 1
    account["first_purchases"][:] = [
        purchase for purchase in account["first_purchases"] if purchase[2] != order
    ]
