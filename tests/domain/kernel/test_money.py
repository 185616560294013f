"""Money is exact: it adds up in one currency, and splits without losing a cent."""

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.domain.kernel import CurrencyMismatchError, InvalidValueError, Money, minor_digits
from crmcore.domain.kernel.currencies import _DIGITS, _IN_USE, _RETIRED

amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=2)


@pytest.mark.parametrize(
    ("amount", "message"),
    [
        pytest.param(Decimal("NaN"), "finite", id="NaN"),
        pytest.param(Decimal("Infinity"), "finite", id="infinity"),
        pytest.param(1.5, "finite decimal", id="float"),
        pytest.param(Decimal("1E+15"), "15 digits before", id="too large"),
        pytest.param(Decimal("0E+15"), "15 digits before", id="nothing, written too large"),
        pytest.param(Decimal("1.0000001"), "6 digits after", id="too fine"),
    ],
)
def test_impossible_money_is_refused(amount: Decimal, message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        Money(amount, "EUR")


@pytest.mark.parametrize("currency", ["eur", "EURO", "", "XXX", None])
def test_an_unknown_currency_is_refused(currency: str) -> None:
    with pytest.raises(InvalidValueError, match="ISO 4217"):
        Money(Decimal(1), currency)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("HRK", 2), ("DEM", 2), ("FRF", 2), ("ATS", 2), ("NLG", 2), ("FIM", 2), ("IEP", 2),
        ("LTL", 2), ("LVL", 2), ("EEK", 2), ("SKK", 2), ("CYP", 2), ("MTL", 2), ("SIT", 2),
        ("RUR", 2), ("SUR", 2), ("DDM", 2), ("CSK", 2), ("YUM", 2), ("PLZ", 2), ("ROL", 2),
        ("BGL", 2), ("BGN", 2), ("ZWL", 2), ("VEF", 2), ("MRO", 2), ("STD", 2), ("ANG", 2),
        ("ITL", 0), ("ESP", 0), ("PTE", 0), ("GRD", 0), ("BEF", 0), ("LUF", 0), ("TRL", 0),
        ("BYR", 0), ("MGF", 0), ("YDD", 3),
    ],
)  # fmt: skip
def test_a_retired_currency_is_known_with_its_digits(currency: str, digits: int) -> None:
    assert Money(Decimal(10), currency).share(1, 3).amount == round(Decimal(10) / 3, digits)
    assert minor_digits(currency) == digits


def test_no_currency_is_listed_twice() -> None:
    listed = [
        code for table in (_IN_USE, _RETIRED) for codes in table.values() for code in codes.split()
    ]
    assert len(listed) == len(set(listed))
    assert all(len(code) == 3 and code.isalpha() and code.isupper() for code in listed)


def test_money_of_a_code_that_was_dropped_counts_on_and_no_new_one_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = Money(Decimal("19.90"), "HRK")
    monkeypatch.delitem(_DIGITS, "HRK")
    assert old + old - old == old.rounded() == old.times(2).share(1, 2) == old
    assert (-old).times(-1) == old
    assert Money.total(old.shares([1, 2]), "HRK") == old
    assert old < old.times(2)
    with pytest.raises(InvalidValueError, match="ISO 4217"):
        Money(Decimal(1), "HRK")
    with pytest.raises(InvalidValueError, match="ISO 4217"):
        Money.zero("HRK")


def test_currencies_do_not_mix() -> None:
    with pytest.raises(CurrencyMismatchError, match="EUR and USD"):
        Money(Decimal(1), "EUR") + Money(Decimal(1), "USD")


@pytest.mark.parametrize(("currency", "rounded"), [("EUR", "3.33"), ("JPY", "3"), ("KWD", "3.333")])
def test_a_share_is_rounded_once_to_the_minor_unit(currency: str, rounded: str) -> None:
    assert Money(Decimal(10), currency).share(1, 3).amount == Decimal(rounded)
    assert minor_digits(currency) == max(0, len(rounded) - 2)


@given(amounts, st.lists(st.integers(0, 1000), min_size=1, max_size=8).filter(sum))
def test_shares_add_up_exactly(amount: Decimal, weights: list[int]) -> None:
    whole = Money(amount, "EUR")
    parts = whole.shares(weights)
    assert Money.total(parts, "EUR") == whole
    assert all(not part.amount for part, weight in zip(parts, weights, strict=True) if not weight)


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_shares_need_weights(weights: list[int]) -> None:
    with pytest.raises(InvalidValueError, match="weights"):
        Money(Decimal(1), "EUR").shares(weights)


@given(st.lists(amounts, max_size=20))
def test_a_total_is_independent_of_order(values: list[Decimal]) -> None:
    monies = [Money(value, "EUR") for value in values]
    assert Money.total(monies, "EUR") == Money.total(reversed(monies), "EUR")
    assert Money.total(monies, "EUR") - Money.total(monies, "EUR") == Money.zero("EUR")


def test_the_hosts_decimal_context_changes_nothing() -> None:
    """A host that counts to three digits still pays to the cent."""
    price = Money(Decimal("123456789012.34"), "EUR")
    with localcontext(Context(prec=3)):
        parts = price.shares([1, 1, 1])
        assert Money.total(parts, "EUR") == price
        assert -price + price == Money.zero("EUR")
        assert price + price - price == price
        assert price.times(3).share(1, 3) == price == price.rounded()
