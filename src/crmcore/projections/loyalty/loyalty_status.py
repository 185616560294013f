"""Loyalty status: a member's points, and the tier that a year's spending reaches.

One row a customer.  ``tier`` and ``year_spending`` hold at ``as_of``, the latest purchase or
return; for any later instant ``status_of`` recomputes them from ``recent``, the purchases of the
last year.  A member's currency is that of the first purchase, by when it was made.  Orders in
another one are counted, and earn nothing: they would need a rate.  What they would come to is kept
in ``other_currencies``: an order that is cancelled was never the first one, and then another
currency may be the member's, or nobody is a member.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from operator import itemgetter
from types import NoneType
from typing import Final

import attrs
from sqlalchemy import JSON, BigInteger, Column, Integer, MetaData, Table, Text

from crmcore.application.log import Recorded
from crmcore.domain.kernel.instants import from_micros
from crmcore.domain.loyalty.program import LoyaltyProgram
from crmcore.domain.sales.order.messages import (
    OrderCancelled,
    OrderPlaced,
    OrderReturned,
    OrderShipped,
)
from crmcore.projections.engine.columns import Exact, Instant
from crmcore.projections.engine.projection import Projection, Row, Rows
from crmcore.projections.engine.working import Working
from crmcore.projections.loyalty import account as accounts
from crmcore.projections.loyalty.account import (
    Account,
    first_purchase,
    open_account,
    restore,
    store,
)

LOYALTY_STATUS = Table(
    "loyalty_status",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("currency", Text, nullable=False),
    Column("points", BigInteger, nullable=False),
    Column("tier", Text, nullable=False),
    Column("year_spending", Exact, nullable=False),
    Column("lifetime_spending", Exact, nullable=False),
    Column("orders", Integer, nullable=False),
    Column("other_currency_orders", Integer, nullable=False),
    Column("first_purchase_at", Instant, nullable=False),
    Column("as_of", Instant, nullable=False),
    Column("program", Text, nullable=False),
    Column("recent", JSON, nullable=False),
    Column("first_purchases", JSON, nullable=False),
    Column("other_currencies", JSON, nullable=False),
    info={"lent": True},
)


PURCHASES: Final = Working(
    "purchases",
    columns=lambda purchases: {"recent": purchases},  # which `finish` counts
    restore=itemgetter("recent"),
)


@attrs.frozen
class _Amount:
    amount: Decimal
    currency: str


@attrs.frozen
class _Placed:
    """What loyalty reads of an order."""

    net: _Amount
    handed_over: bool


@attrs.frozen
class _Returned:
    """What loyalty reads of a return."""

    net: _Amount
    kept_net: _Amount
    placed_at: datetime
    at: datetime


@attrs.frozen
class _Cancelled:
    """What loyalty reads of a cancellation."""

    net: _Amount
    placed_at: datetime
    at: datetime


def loyalty_status(program: LoyaltyProgram) -> Projection:
    """The read model under the rules of *program*."""

    def placed(event: _Placed, recorded: Recorded, rows: Rows) -> None:
        net, position, at = event.net, recorded.record[0], recorded.record[6]
        order = None if event.handed_over else recorded.stream
        row = rows.get(LOYALTY_STATUS, recorded.subject)
        if row is None:
            row = _joined(net.currency, recorded, program)
        if net.currency == row["currency"]:
            accounts.purchase(row, at, position, order, net.amount)  # `finish` counts it
        else:
            other = _other(row, net.currency, recorded.occurred_at)
            accounts.purchase(other, at, position, order, net.amount)
            row["other_currencies"][net.currency] = store(other, program)
        rows.put(LOYALTY_STATUS, _in_the_first_currency(row, program))

    def shipped(_event: object, recorded: Recorded, rows: Rows) -> None:
        row = rows.get(LOYALTY_STATUS, recorded.subject)
        if row is None:
            return
        known = (row, *row["other_currencies"].values())
        if any(accounts.ship(one, recorded.stream) for one in known):
            rows.put(LOYALTY_STATUS, row)

    def returned(event: _Returned, recorded: Recorded, rows: Rows) -> None:
        def take_back(account: Account) -> None:
            account["points"] -= program.reversal(event.net.amount, event.kept_net.amount)
            accounts.spend(account, -event.net.amount, event.placed_at, event.at)

        _change(rows, recorded, event.net.currency, program, take_back)

    def cancelled(event: _Cancelled, recorded: Recorded, rows: Rows) -> None:
        def take_out(account: Account) -> None:
            accounts.cancel(account, program, recorded.stream, event.net.amount)
            accounts.spend(account, -event.net.amount, event.placed_at, event.at)

        _change(rows, recorded, event.net.currency, program, take_out)

    def finish(row: Row) -> None:
        accounts.count(row, program)
        row["tier"] = program.tier(row["year_spending"]).name
        row["first_purchase_at"] = from_micros(row["first_purchases"][0][0])
        others = row["other_currencies"].values()
        row["other_currency_orders"] = sum(other["orders"] for other in others)

    return Projection(
        name="loyalty_status",
        version=2,
        policy=repr(program),
        tables=(LOYALTY_STATUS,),
        handlers={
            OrderPlaced: placed,
            OrderShipped: shipped,
            OrderReturned: returned,
            OrderCancelled: cancelled,
        },
        views={
            OrderPlaced: _Placed,
            OrderShipped: NoneType,
            OrderReturned: _Returned,
            OrderCancelled: _Cancelled,
        },
        working={LOYALTY_STATUS: PURCHASES},
        finish={LOYALTY_STATUS: finish},
        provenance=False,
    )


def _joined(currency: str, recorded: Recorded, program: LoyaltyProgram) -> Row:
    return {
        "customer_id": recorded.subject,
        "currency": currency,
        "tier": program.tiers[0].name,
        "other_currency_orders": 0,
        "first_purchase_at": recorded.occurred_at,
        "program": program.version,
        "other_currencies": {},
        **open_account(recorded.occurred_at),
    }


def _other(row: Row, currency: str, at: datetime) -> Account:
    fields = row["other_currencies"].get(currency)
    return open_account(at) if fields is None else restore(fields)


def _change(
    rows: Rows,
    recorded: Recorded,
    currency: str,
    program: LoyaltyProgram,
    change: Callable[[Account], None],
) -> None:
    """Let *change* change the member's account in *currency*."""
    row = rows.get(LOYALTY_STATUS, recorded.subject)
    if row is None:
        return
    if currency == row["currency"]:
        change(row)
    elif currency in row["other_currencies"]:
        other = restore(row["other_currencies"][currency])
        change(other)
        row["other_currencies"][currency] = store(other, program)
    row = _in_the_first_currency(row, program)
    if first_purchase(row) is None:  # everything was cancelled: no member
        rows.delete(LOYALTY_STATUS, row["customer_id"])
    else:
        rows.put(LOYALTY_STATUS, row)


def _in_the_first_currency(row: Row, program: LoyaltyProgram) -> Row:
    """The row, with the account of the first purchase for its own."""
    if not row["other_currencies"]:
        return row
    known = {row["currency"]: row, **row["other_currencies"]}
    firsts = {key: first for key, account in known.items() if (first := first_purchase(account))}
    own = min(firsts, key=lambda key: firsts[key], default=row["currency"])
    others = {key: known[key] for key in sorted(firsts) if key != own}
    if own == row["currency"]:
        return row | {"other_currencies": others}
    if row["currency"] in others:
        others[row["currency"]] = store(row, program)
    return row | {"currency": own, "other_currencies": others} | restore(known[own])
