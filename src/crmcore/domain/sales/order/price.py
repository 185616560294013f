"""The price of an order: its lines checked, a discount on the whole shared out, the sums."""

from collections.abc import Sequence

from crmcore.domain.kernel import InvalidValueError, Money, minor_digits
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.order.lines import require_lines, require_payable
from crmcore.domain.sales.order.messages import OrderLine


@frozen
class Price:
    """What an order costs: ``net`` without tax and delivery, ``total`` with both."""

    lines: tuple[OrderLine, ...]
    net: Money
    total: Money


def price_of(lines: tuple[OrderLine, ...], discount: Money | None, delivery: Money | None) -> Price:
    """The price of *lines* less a *discount* on all of them, and of their *delivery*.

    All amounts are in the currency of the first line; ``InvalidValueError`` names a line with
    another one, with a negative amount or with a discount above its goods.
    """
    require_lines("lines", lines)
    currency = lines[0].goods.currency
    require_payable("discount", discount, currency)
    require_payable("delivery", delivery, currency)
    for index, line in enumerate(lines):
        _require_sound(f"lines[{index}]", line, currency)
    net = Money.total((line.net for line in lines), currency)
    if discount is not None and discount.amount:
        if net < discount:
            raise InvalidValueError("discount", str(discount), f"at most {net} for these lines")
        lines, net = _spread(discount, lines), net - discount
    due = [net, *(line.tax_due for line in lines if line.tax)]
    if delivery is not None:
        due.append(delivery)
    return Price(lines=lines, net=net, total=Money.total(due, currency))


def _require_sound(where: str, line: OrderLine, currency: str) -> None:
    for field, amount in (("goods", line.goods), ("discount", line.discount), ("tax", line.tax)):
        if amount is not None and (amount.currency != currency or amount.amount < 0):
            expected = f"0 or more on line {line.line}, all in {currency}"
            raise InvalidValueError(f"{where}.{field}", str(amount), expected)
    if line.discount is not None and line.goods < line.discount:
        expected = f"at most the goods of line {line.line}, {line.goods}"
        raise InvalidValueError(f"{where}.discount", str(line.discount), expected)


def _spread(discount: Money, lines: Sequence[OrderLine]) -> tuple[OrderLine, ...]:
    digits = minor_digits(discount.currency)
    shares = discount.shares([int(line.net.amount.scaleb(digits)) for line in lines])
    return tuple(_reduced(line, share) for line, share in zip(lines, shares, strict=True))


def _reduced(line: OrderLine, share: Money) -> OrderLine:
    if not share.amount:
        return line
    discount = share if line.discount is None else line.discount + share
    # A net rounded up is a fraction of a cent above goods less discount: never go below zero.
    return OrderLine(
        line=line.line,
        product=line.product,
        description=line.description,
        quantity=line.quantity,
        goods=line.goods,
        discount=discount if discount < line.goods else line.goods,
        tax=line.tax,
    )
