"""A member's account in one currency: what was bought and kept, and which purchase was the first.

Accounts are changed in place.  Purchases are counted by ``count``, many at once: until then they
stand in ``purchases``, a working value that goes on from ``recent``.  ``first_purchases`` holds, in
their order, the purchases that may be the first: up to one that can no longer be cancelled.  An
account without any holds no purchase.
"""

from bisect import insort
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from typing import Any, Final

import attrs

from crmcore.domain.kernel.instants import from_micros, to_micros
from crmcore.domain.loyalty.program import LoyaltyProgram, a_year_before

Account = dict[str, Any]
"""The fields of ``open_account``; a member's row is the account in the member's own currency."""

_STORED: Final = (
    "points",
    "orders",
    "year_spending",
    "lifetime_spending",
    "as_of",
    "first_purchases",
    "recent",
)

_AMOUNTS: Final = ("year_spending", "lifetime_spending")
_place: Final = itemgetter(0, 1)


@attrs.define(eq=False)  # not frozen, which would cost every purchase three times as much
class _Purchase:
    """The purchases *before* and one amount more; never changed, so that rows may share it."""

    before: "list[Any] | _Purchase"
    at: int
    amount: Decimal
    counted: bool


def open_account(at: datetime) -> Account:
    """An account without a purchase."""
    return {
        "points": 0,
        "orders": 0,
        "year_spending": Decimal(0),
        "lifetime_spending": Decimal(0),
        "as_of": at,
        "first_purchases": [],
        "recent": [],
        "purchases": [],
    }


def first_purchase(account: Account) -> tuple[int, int] | None:
    """When the first purchase was made (microseconds), and its place in the log."""
    firsts = account["first_purchases"]
    return (firsts[0][0], firsts[0][1]) if firsts else None


def purchase(account: Account, at: int, position: int, order: str | None, net: Decimal) -> None:
    """Add a purchase made *at* (microseconds); *order* is None where it cannot be cancelled.

    *position* is its place in the log: of two at one instant the one recorded first is the first.
    """
    account["purchases"] = _Purchase(account["purchases"], at, net, False)
    firsts = account["first_purchases"]
    if firsts and firsts[-1][2] is None and firsts[-1][0] < at:  # nearly always
        return
    insort(firsts, [at, position, order], key=_place)
    _cut(firsts)


def ship(account: Account, order: str) -> bool:
    """Note that *order* cannot be cancelled any more; whether that makes a difference."""
    firsts = account["first_purchases"]
    for one in firsts:
        if one[2] == order:
            one[2] = None
            _cut(firsts)
            return True
    return False


def _cut(firsts: list[Any]) -> None:
    """Leave out what comes after a purchase that cannot be cancelled: it never is the first."""
    for index, (_, _, order) in enumerate(firsts):
        if order is None:
            del firsts[index + 1 :]
            return


def cancel(account: Account, program: LoyaltyProgram, order: str, net: Decimal) -> None:
    """Take *order* out: it was called off before anything was shipped."""
    account["points"] -= program.points(net)
    account["orders"] -= 1
    firsts = account["first_purchases"]
    firsts[:] = [one for one in firsts if one[2] != order]


def spend(account: Account, amount: Decimal, at: datetime, known: datetime) -> None:
    """Count *amount* (less than 0: it came back) spent at *at*, which an event of *known* tells of."""
    account["as_of"] = max(account["as_of"], known)
    account["lifetime_spending"] += amount
    account["year_spending"] += amount
    account["purchases"] = _Purchase(account["purchases"], to_micros(at), amount, True)


def count(account: Account, program: LoyaltyProgram) -> None:
    """Count the purchases that were recorded since the last time, and leave out what is a year old."""
    uncounted, recent = list[_Purchase](), account.pop("purchases", account["recent"])
    while isinstance(recent, _Purchase):
        uncounted.append(recent)
        recent = recent.before
    purchases = [one for one in uncounted if not one.counted]
    if purchases:
        amounts = [one.amount for one in purchases]
        spent = sum(amounts)
        account["orders"] += len(amounts)
        account["points"] += sum(map(program.points, amounts))
        account["lifetime_spending"] += spent
        account["year_spending"] += spent
        latest = from_micros(max([one.at for one in purchases]))
        account["as_of"] = max(account["as_of"], latest)
    since = to_micros(a_year_before(account["as_of"]))
    gone = [Decimal(amount) for at, amount in recent if at <= since]
    gone += [one.amount for one in uncounted if one.at <= since]
    account["year_spending"] -= sum(gone)
    kept = [one for one in recent if one[0] > since]
    kept += [[one.at, f"{one.amount:f}"] for one in uncounted if one.at > since]
    account["recent"] = sorted(kept)


def store(account: Account, program: LoyaltyProgram) -> dict[str, Any]:
    """The account, counted, as JSON holds it."""
    count(account, program)
    amounts = {name: f"{account[name].normalize():f}" for name in _AMOUNTS}
    fields = {name: account[name] for name in _STORED}
    return fields | amounts | {"as_of": to_micros(account["as_of"])}


def restore(fields: dict[str, Any]) -> Account:
    """The account that was made by ``store`` as *fields*."""
    amounts = {name: Decimal(fields[name]) for name in _AMOUNTS}
    as_of = from_micros(fields["as_of"])
    return fields | amounts | {"as_of": as_of, "purchases": fields["recent"]}
