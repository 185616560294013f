"""What is paid back for goods that return: never more than came back, nor than was paid (INV-T1)."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from crmcore.domain.kernel import Money, NotAllowedError, NotFoundError
from crmcore.domain.sales.order.lines import quantities, require_lines, require_payable
from crmcore.domain.sales.order.messages import LineReturn, OrderLine, ReturnedLine


class NotReturnableError(NotAllowedError):
    """More is to be returned than was shipped and not yet returned."""


class RefundTooHighError(NotAllowedError):
    """More is to be refunded than was paid for what comes back."""


def returned_lines(
    parts: Sequence[LineReturn],
    lines: Sequence[OrderLine],
    shipped: Mapping[int, Decimal],
    earlier: Iterable[ReturnedLine],
) -> tuple[ReturnedLine, ...]:
    """The *parts* of *lines* that come back, each with its refund.

    *shipped* says how much of each line has left, *earlier* what has come back before.
    Raises ``NotFoundError`` for a line that the order has not, ``NotReturnableError`` and
    ``RefundTooHighError``.
    """
    require_lines("returned", parts)
    by_number, before = {line.line: line for line in lines}, quantities(earlier)
    return tuple(
        _refunded(f"returned[{index}]", part, by_number.get(part.line), shipped, before[part.line])
        for index, part in enumerate(parts)
    )


def _refunded(
    where: str,
    part: LineReturn,
    line: OrderLine | None,
    shipped: Mapping[int, Decimal],
    before: Decimal,
) -> ReturnedLine:
    if line is None:
        missing = NotFoundError("line of the order with number", str(part.line))
        raise missing.about(f"{where}.line")
    left = shipped[part.line] - before
    if part.quantity > left:
        raise NotReturnableError(
            f"line {part.line}: {part.quantity} to be returned, {left} shipped and not returned"
        )
    net, due = line.due_back(before, part.quantity)
    refund = due if part.refund is None else part.refund
    require_payable(f"{where}.refund", refund, due.currency)
    if due < refund:
        raise RefundTooHighError(f"line {part.line}: {refund} to be refunded, at most {due} is due")
    return ReturnedLine(
        line=part.line,
        product=line.product,
        quantity=part.quantity,
        refund=refund,
        net=net if refund == due else net.share(refund.amount, due.amount),
    )


def require_delivery_paid(wanted: Money, paid: Money, earlier: Iterable[Money]) -> None:
    """Refuse to pay back more of the delivery charge than was *paid*, less *earlier* refunds of it."""
    require_payable("delivery", wanted, paid.currency)
    left = paid - Money.total(earlier, paid.currency)
    if left < wanted:
        raise RefundTooHighError(f"delivery: {wanted} to be refunded, at most {left} is left of it")
