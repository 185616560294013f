"""Which lines an order, a shipment or a return may name, and how much of each line they name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from crmcore.domain.kernel import InvalidValueError, Money, decimals
from crmcore.domain.sales.order.messages import LineQuantity, LineReturn, OrderLine, ReturnedLine

_MOST_LINES: Final = 5_000
_MOST_DECIMALS: Final = 3


def require_lines(field: str, parts: Sequence[OrderLine | LineQuantity | LineReturn]) -> None:
    """Refuse (``InvalidValueError``) no lines, a line named twice, or a too fine quantity."""
    if not 0 < len(parts) <= _MOST_LINES:
        raise InvalidValueError(field, f"{len(parts)} lines", f"1 to {_MOST_LINES} lines")
    seen: set[int] = set()
    for index, part in enumerate(parts):
        if part.line in seen:
            raise InvalidValueError(f"{field}[{index}].line", part.line, "each line number once")
        seen.add(part.line)
        if decimals(part.quantity) > _MOST_DECIMALS:
            expected = f"a quantity of at most {_MOST_DECIMALS} decimals on line {part.line}"
            raise InvalidValueError(f"{field}[{index}].quantity", part.quantity, expected)


def quantities(
    parts: Iterable[OrderLine] | Iterable[LineQuantity] | Iterable[ReturnedLine],
) -> Mapping[int, Decimal]:
    """The summed quantity by line number; 0 for a line that none of the *parts* names."""
    sums: defaultdict[int, Decimal] = defaultdict(Decimal)
    for part in parts:
        sums[part.line] += part.quantity
    return sums


def require_payable(field: str, amount: Money | None, currency: str) -> None:
    """Refuse (``InvalidValueError``) an amount that is negative, finer than a cent or foreign."""
    if amount is None:
        return
    if amount.currency != currency or amount.amount < 0 or amount != amount.rounded():
        raise InvalidValueError(field, str(amount), f"0 or more {currency} in whole minor units")
