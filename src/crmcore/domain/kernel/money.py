"""Money: an exact decimal amount in one currency.

Amounts of different currencies never add up: that needs a rate and a date.  Rounding
happens once, at the end, to the currency's minor unit (ISO 4217), half away from zero
as on an invoice; ``shares`` splits an amount so that the parts add up to it exactly.
"""

from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from typing import Any

import attrs

from crmcore.domain.kernel.currencies import minor_digits, require_currency
from crmcore.domain.kernel.errors import DomainError, InvalidValueError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.precision import decimals

EXACT = Context(prec=60)
MOST_WHOLE_DIGITS, MOST_DECIMALS = 15, 6


class CurrencyMismatchError(DomainError):
    """Two amounts of different currencies were to be added or compared."""

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other} cannot be added or compared without a rate")


def _amount(amount: Any) -> Decimal:
    if not isinstance(amount, Decimal) or not amount.is_finite():
        raise InvalidValueError("amount", amount, "a finite decimal number, such as 19.90")
    if amount.adjusted() >= MOST_WHOLE_DIGITS:
        raise InvalidValueError(
            "amount", amount, f"at most {MOST_WHOLE_DIGITS} digits before the point"
        )
    if decimals(amount) > MOST_DECIMALS:
        raise InvalidValueError("amount", amount, f"at most {MOST_DECIMALS} digits after the point")
    return amount


@frozen
class Money:
    """An *amount* (a ``Decimal`` of at most 15 + 6 digits) in a *currency* (ISO 4217).

    The code is checked where money is first told of, and not again: neither when a stored event
    is read nor when its amounts are added up, whatever the list of codes is by then.

    >>> Money(Decimal("19.90"), "EUR") + Money(Decimal("0.10"), "EUR")
    Money(amount=Decimal('20.00'), currency='EUR')
    """

    # Converters, as a constructor runs them and the reading of a stored event does not.
    amount: Decimal = attrs.field(converter=_amount)
    currency: str = attrs.field(converter=require_currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, in *currency*."""
        return cls(Decimal(0), currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str) -> "Money":
        """The sum of *amounts*, all in *currency*, which is one that was told before."""
        total = Decimal(0)
        for one in amounts:
            if one.currency != currency:
                raise CurrencyMismatchError(currency, one.currency)
            total = EXACT.add(total, one.amount)
        return _in(currency, total)

    def __add__(self, other: "Money") -> "Money":
        return self._of(EXACT.add(self.amount, self._same(other)))

    def __sub__(self, other: "Money") -> "Money":
        return self._of(EXACT.subtract(self.amount, self._same(other)))

    def __neg__(self) -> "Money":
        return self._of(EXACT.minus(self.amount))

    def __lt__(self, other: "Money") -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.amount <= self._same(other)

    def times(self, factor: Decimal | int) -> "Money":
        """*factor* times this, rounded once to the currency's minor unit."""
        return self._of(self._rounded(EXACT.multiply(self.amount, Decimal(factor))))

    def share(self, numerator: Decimal | int, denominator: Decimal | int) -> "Money":
        """*numerator* / *denominator* of this, rounded once to the currency's minor unit."""
        part = EXACT.divide(EXACT.multiply(self.amount, Decimal(numerator)), Decimal(denominator))
        return self._of(self._rounded(part))

    def shares(self, weights: Sequence[int]) -> tuple["Money", ...]:
        """This split by *weights* (integers, not all 0) so that the parts add up exactly.

        Largest remainder: every part is rounded down, and the units left over go to the
        parts that lost most, earlier parts first.
        """
        if not weights or min(weights) < 0 or not sum(weights):
            raise InvalidValueError("weights", weights, "integers of 0 or more, not all 0")
        unit = Decimal(1).scaleb(-max(minor_digits(self.currency), decimals(self.amount)))
        units, whole = int(EXACT.divide(self.amount, unit)), sum(weights)
        parts = [divmod(units * weight, whole) for weight in weights]
        left = units - sum(part for part, _ in parts)
        most_lost = sorted(range(len(parts)), key=lambda index: (-parts[index][1], index))
        given = [part + (index in most_lost[:left]) for index, (part, _) in enumerate(parts)]
        return tuple(self._of(EXACT.multiply(Decimal(part), unit)) for part in given)

    def rounded(self) -> "Money":
        """This in whole minor units: what can be paid."""
        return self._of(self._rounded(self.amount))

    def _rounded(self, amount: Decimal) -> Decimal:
        unit = Decimal(1).scaleb(-minor_digits(self.currency))
        if amount.same_quantum(unit):
            return amount
        with localcontext(EXACT):
            return amount.quantize(unit, rounding=ROUND_HALF_UP)

    def _of(self, amount: Decimal) -> "Money":
        return _in(self.currency, amount)

    def _same(self, other: "Money") -> Decimal:
        if other.currency != self.currency:
            raise CurrencyMismatchError(self.currency, other.currency)
        return other.amount

    def __str__(self) -> str:
        return f"{self.amount:,f} {self.currency}"


def _in(currency: str, amount: Decimal) -> Money:
    """Money in a *currency* that was told before: past the constructor, which would check its code."""
    money = object.__new__(Money)
    object.__setattr__(money, "amount", _amount(amount))
    object.__setattr__(money, "currency", currency)
    return money
