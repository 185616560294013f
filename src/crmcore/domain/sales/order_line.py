"""The lines of an order: what is bought, what it costs, and what is paid back when it returns.

Every amount that a customer sees is rounded once: the net of a line (goods less discounts)
and its tax, each to the currency's minor unit, half away from zero.  The total of a line is
their sum, so lines, orders and refunds add up to the cent.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Final

from crmcore.domain.kernel import (
    Between,
    InvalidValueError,
    Length,
    Money,
    decimals,
    event,
    value,
)

__all__ = [
    "LineQuantity",
    "LineReturn",
    "OrderLine",
    "ReturnedLine",
    "checked_lines",
    "payable",
    "quantities",
]

MOST_LINES: Final = 5_000
MOST_DECIMALS: Final = 3
LineNumber = Annotated[int, Between(1, 1_000_000)]
Quantity = Annotated[Decimal, Between(Decimal("0.001"), 1_000_000_000)]


@value
class OrderLine:
    """One product of an order: *quantity* pieces, kilograms or litres (at most 3 decimals).

    ``goods`` is the price of the whole quantity before discounts, ``discount`` what is taken
    off it, ``tax`` what is added to it.  A line may cost nothing (a gift, a full rebate).
    """

    line: LineNumber
    product: Annotated[str, Length(100)]
    description: Annotated[str, Length(500)] | None = None
    quantity: Quantity
    goods: Money
    discount: Money | None = None
    tax: Money | None = None

    @property
    def net(self) -> Money:
        """Goods less discounts: without tax, as points and campaign revenue count it."""
        return (self.goods if self.discount is None else self.goods - self.discount).rounded()

    @property
    def tax_due(self) -> Money:
        """The tax in whole minor units."""
        taxes = () if self.tax is None else (self.tax.rounded(),)
        return Money.total(taxes, self.goods.currency)

    @property
    def total(self) -> Money:
        """What is to be paid for the line."""
        return self.net + self.tax_due

    def due_back(self, before: Decimal, quantity: Decimal) -> tuple[Money, Money]:
        """Net and total of *quantity* that comes back after *before* of this line had come back.

        Pro rata by quantity, rounded on the running sum: however a line is split into
        returns, all of it back is exactly its net and its total.
        """
        after = before + quantity
        net, tax = (
            paid.share(after, self.quantity) - paid.share(before, self.quantity)
            for paid in (self.net, self.tax_due)
        )
        return net, net + tax


@value
class LineQuantity:
    """So much of one line, as in a shipment."""

    line: LineNumber
    quantity: Quantity


@value
class LineReturn:
    """So much of one line that comes back; ``refund`` when less than the pro rata share is paid."""

    line: LineNumber
    quantity: Quantity
    refund: Money | None = None


@event
class ReturnedLine:
    """So much of one line came back: ``refund`` was paid for it, ``net`` of that without tax."""

    line: int
    product: str
    quantity: Decimal
    refund: Money
    net: Money


def checked_lines(field: str, parts: Sequence[OrderLine | LineQuantity | LineReturn]) -> None:
    """Refuse (``InvalidValueError``) no lines, a line named twice, or a too fine quantity."""
    if not 0 < len(parts) <= MOST_LINES:
        raise InvalidValueError(field, f"{len(parts)} lines", f"1 to {MOST_LINES} lines")
    seen: set[int] = set()
    for index, part in enumerate(parts):
        if part.line in seen:
            raise InvalidValueError(f"{field}[{index}].line", part.line, "each line number once")
        seen.add(part.line)
        if decimals(part.quantity) > MOST_DECIMALS:
            expected = f"a quantity of at most {MOST_DECIMALS} decimals on line {part.line}"
            raise InvalidValueError(f"{field}[{index}].quantity", part.quantity, expected)


def quantities(
    parts: Iterable[OrderLine] | Iterable[LineQuantity] | Iterable[ReturnedLine],
) -> Mapping[int, Decimal]:
    """The summed quantity by line number; 0 for a line that none of the *parts* names."""
    sums: defaultdict[int, Decimal] = defaultdict(Decimal)
    for part in parts:
        sums[part.line] += part.quantity
    return sums


def payable(field: str, amount: Money | None, currency: str) -> None:
    """Refuse (``InvalidValueError``) an amount that is negative, finer than a cent or foreign."""
    if amount is None:
        return
    if amount.currency != currency or amount.amount < 0 or amount != amount.rounded():
        raise InvalidValueError(field, str(amount), f"0 or more {currency} in whole minor units")
