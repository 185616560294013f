"""A member's standing in the loyalty program at an instant, and the members of each tier."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import attrs
from sqlalchemy import Connection, Table, select

from crmcore.application.log import Recorded
from crmcore.domain.kernel import Money
from crmcore.domain.kernel.instants import from_micros
from crmcore.domain.loyalty.program import LoyaltyProgram
from crmcore.domain.sales.order.messages import OrderPlaced, OrderReturned
from crmcore.projections.engine import Row

__all__ = ["LoyaltyStatus", "TierSummary", "read_status", "standing", "summary", "true_by"]


@attrs.frozen
class LoyaltyStatus:
    """A member's standing at ``as_of`` (UTC); amounts in ``currency``."""

    customer_id: UUID
    as_of: datetime
    currency: str
    points: int
    tier: str
    year_spending: Decimal
    lifetime_spending: Decimal
    orders: int
    first_purchase_at: datetime
    next_tier: str | None
    to_next_tier: Decimal | None


def read_status(
    connection: Connection, view: Table, program: LoyaltyProgram, customer_id: UUID, as_of: datetime
) -> LoyaltyStatus | None:
    """A member's standing at *as_of*, which is not before the row's own; None without a purchase."""
    found = connection.execute(select(view).where(view.c.customer_id == str(customer_id)))
    row = found.one_or_none()
    return None if row is None else standing(dict(row._mapping), program, as_of)


def standing(row: Row, program: LoyaltyProgram, as_of: datetime) -> LoyaltyStatus:
    """What a row of the read model says at *as_of*."""
    purchases = [(from_micros(at), Decimal(amount)) for at, amount in row["recent"]]
    spending = program.spending(purchases, max(as_of, row["as_of"]))
    following = program.next_tier(spending)
    return LoyaltyStatus(
        customer_id=UUID(row["customer_id"]),
        as_of=as_of,
        currency=row["currency"],
        points=row["points"],
        tier=program.tier(spending).name,
        year_spending=spending,
        lifetime_spending=row["lifetime_spending"],
        orders=row["orders"],
        first_purchase_at=row["first_purchase_at"],
        next_tier=None if following is None else following.name,
        to_next_tier=None if following is None else following.spending - spending,
    )


def true_by(events: Iterable[Recorded], as_of: datetime) -> Iterator[Recorded]:
    """The events on orders that were true by *as_of*, as they would have been told then.

    A return says what is kept after the returns told before it; where one of those came later
    in truth, more was kept then.
    """
    kept: dict[UUID, Money] = {}
    for recorded in events:
        event = recorded.event
        if recorded.occurred_at > as_of:
            continue
        if isinstance(event, OrderPlaced):
            kept[event.order_id] = event.net
        elif event.order_id not in kept:
            continue
        elif isinstance(event, OrderReturned):
            kept[event.order_id] -= event.net
            event = attrs.evolve(recorded.event, kept_net=kept[event.order_id])
        yield recorded.with_event(event)


@attrs.frozen
class TierSummary:
    """The members of a tier: how many, their points, and what they spent within a year."""

    tier: str
    members: int
    points: int
    year_spending: Decimal


def summary(connection: Connection, view: Table, program: LoyaltyProgram) -> list[TierSummary]:
    """The tiers of *program*, highest first, as each member's last purchase left them.

    Tiers of an earlier program, whose rows are still to be rebuilt, come before them.
    """
    tiers = {tier.name: TierSummary(tier.name, 0, 0, Decimal(0)) for tier in program.tiers}
    columns = (view.c.tier, view.c.points, view.c.year_spending)
    for tier, points, spending in connection.execute(select(*columns)):
        before = tiers.get(tier) or TierSummary(tier, 0, 0, Decimal(0))
        tiers[tier] = TierSummary(
            tier, before.members + 1, before.points + points, before.year_spending + spending
        )
    return list(reversed(tiers.values()))
