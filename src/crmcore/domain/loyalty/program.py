"""A loyalty program: points for purchases, and a tier by what was spent within a year.

Points are whole; a purchase earns its net amount (without tax and delivery) times a rate,
rounded down.  The tier follows from spending alone, so that using points never lowers it.
The year is rolling: a purchase counts until the same instant a calendar year later.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property, reduce
from itertools import pairwise
from math import floor
from typing import Any, Final

import attrs

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.money import EXACT

Spending = tuple[datetime, Decimal]
"""When a purchase was made (UTC), and its net amount; a return is negative, at the purchase's instant."""


@frozen
class Tier:
    """A level of the program, reached from *spending* (in the member's currency) a year on."""

    name: str
    spending: Decimal


def _ascending(_self: Any, _field: Any, tiers: Sequence[Tier]) -> None:
    if not tiers or tiers[0].spending != 0:
        raise InvalidValueError("tiers", tiers, "a first tier that is reached from 0")
    if any(low.spending >= high.spending for low, high in pairwise(tiers)):
        raise InvalidValueError("tiers", tiers, "tiers in the order of the spending they need")


@frozen
class LoyaltyProgram:
    """The rules of a program; ``version`` names them in reports and changes whenever they do."""

    version: str
    points_per_unit: Decimal
    tiers: tuple[Tier, ...] = attrs.field(validator=_ascending)

    def points(self, net: Decimal) -> int:
        """What a purchase of *net* earns: net x rate, rounded down.

        >>> STANDARD_PROGRAM.points(Decimal("19.90"))
        19
        """
        return floor(EXACT.multiply(net, self.points_per_unit))

    def reversal(self, returned: Decimal, kept: Decimal) -> int:
        """The points that go back when *returned* of a purchase comes back and *kept* stays.

        Whatever the order and size of its returns, a purchase returned wholly gives back
        exactly what it earned.
        """
        return self.points(kept + returned) - self.points(kept)

    def tier(self, spending: Decimal) -> Tier:
        """The highest tier that *spending* within a year reaches; a threshold met is reached."""
        return self.tiers[max(bisect_right(self._ladder, spending) - 1, 0)]

    def next_tier(self, spending: Decimal) -> Tier | None:
        """The tier above, if there is one."""
        above = max(bisect_right(self._ladder, spending), 1)
        return self.tiers[above] if above < len(self.tiers) else None

    @cached_property
    def _ladder(self) -> list[Decimal]:
        return [tier.spending for tier in self.tiers]

    def spending(self, purchases: Iterable[Spending], as_of: datetime) -> Decimal:
        """What was spent in the year up to *as_of*: purchases at t with as_of - 1 year < t <= as_of."""
        since = a_year_before(as_of)
        counted = (amount for at, amount in purchases if since < at <= as_of)
        return reduce(EXACT.add, counted, Decimal(0))


def a_year_before(instant: datetime) -> datetime:
    """The same instant of the calendar a year earlier; the end of 28 February for 29 February.

    A later instant never gives an earlier one, so what was forgotten once stays forgotten
    (EC-Y9): all that was bought on 28 February is a year old on 29 February, and what was
    bought on 29 February is so from 1 March on.
    """
    if instant.month == 2 and instant.day == 29:
        return instant.replace(instant.year - 1, 3, 1, 0, 0, 0, 0) - timedelta.resolution
    return instant.replace(year=instant.year - 1)


STANDARD_PROGRAM: Final = LoyaltyProgram(
    version="standard-1",
    points_per_unit=Decimal(1),
    tiers=(
        Tier("bronze", Decimal(0)),
        Tier("silver", Decimal(500)),
        Tier("gold", Decimal(1_500)),
        Tier("platinum", Decimal(4_000)),
    ),
)
