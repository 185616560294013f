"""Decimal numbers: how finely they are told."""

from decimal import Decimal

HUNDREDTH = Decimal("0.01")


def decimals(number: Decimal) -> int:
    """The digits after the point of a finite *number*, zeros at its end included.

    >>> [decimals(Decimal(number)) for number in ("19.90", "5", "1E+3", "0.125")]
    [2, 0, 0, 3]
    """
    if number.same_quantum(HUNDREDTH):  # as most amounts are, and several times as fast
        return 2
    return max(-int(number.as_tuple().exponent), 0)
