"""What can be asked about the loyalty program: ``crm.read.loyalty``."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

import attrs
from sqlalchemy import RowMapping, select

from crmcore.application.log import Recorded
from crmcore.domain.kernel import Money
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import from_micros
from crmcore.domain.loyalty.program import LoyaltyProgram
from crmcore.domain.sales.order.messages import OrderPlaced, OrderReturned
from crmcore.projections.engine.fold import fold
from crmcore.projections.engine.projection import Row
from crmcore.projections.filters import equals
from crmcore.projections.instants import about_instants
from crmcore.projections.loyalty.loyalty_status import LOYALTY_STATUS, loyalty_status
from crmcore.projections.paging import Page, either_way, page
from crmcore.projections.questions import Questions
from crmcore.projections.results import result

_ORDERS: Final = either_way(
    LOYALTY_STATUS.c.customer_id,
    LOYALTY_STATUS.c.points,
    LOYALTY_STATUS.c.as_of,
    LOYALTY_STATUS.c.first_purchase_at,
    LOYALTY_STATUS.c.customer_id,
)


@result
class LoyaltyStatus:
    """A member's status in the program at ``as_of`` (UTC); amounts in ``currency``."""

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


@result
class LoyaltyMember:
    """A member as the last purchase or return left them, at ``as_of`` (UTC); amounts in ``currency``."""

    customer_id: UUID
    as_of: datetime
    currency: str
    points: int
    tier: str
    year_spending: Decimal
    lifetime_spending: Decimal
    orders: int
    first_purchase_at: datetime


@result
class TierSummary:
    """The members of a tier: how many, their points, and what they spent within a year."""

    tier: str
    members: int
    points: int
    year_spending: Decimal


@frozen(kw_only=True)
class LoyaltyQuestions(Questions):
    """The loyalty program: one member's status, the members, and the tiers."""

    program: LoyaltyProgram

    @about_instants
    def get(
        self, customer_id: UUID, *, now: datetime | None = None, as_of: datetime | None = None
    ) -> LoyaltyStatus | None:
        """A customer's status *now*, or as it was at *as_of*; None before the first purchase."""
        if as_of is not None:
            return self._as_of(customer_id, as_of)
        query = select(LOYALTY_STATUS).where(
            equals(LOYALTY_STATUS.c.customer_id, UUID, customer_id)
        )
        with self.reading(LOYALTY_STATUS) as connection:
            row = connection.execute(query).mappings().one_or_none()
        return None if row is None else status_of(dict(row), self.program, now or self.clock())

    def find(
        self,
        *,
        tier: str | None = None,
        currency: str | None = None,
        order_by: str = "-points",
        limit: int = 100,
        after: str | None = None,
    ) -> Page[LoyaltyMember]:
        """The members, of a *tier* or in a *currency*, as their last purchases or returns left them.

        *order_by* is ``points``, ``as_of``, ``first_purchase_at`` or ``customer_id``, with a ``-``
        before it: descending; *after* is the ``next`` of the page before.  Raises
        ``InvalidValueError`` for anything that cannot be.
        """
        query = select(LOYALTY_STATUS).where(
            equals(LOYALTY_STATUS.c.tier, str, tier),
            equals(LOYALTY_STATUS.c.currency, str, currency),
        )
        with self.reading(LOYALTY_STATUS) as connection:
            return page(
                connection, query, _ORDERS, _member, order_by=order_by, limit=limit, after=after
            )

    def tiers(self) -> list[TierSummary]:
        """How many members each tier has, with their points and spending; highest first.

        As each member's last purchase left them.  Tiers of an earlier program, whose rows are still
        to be rebuilt, come before those of this one.
        """
        tiers = {one.name: TierSummary(one.name, 0, 0, Decimal(0)) for one in self.program.tiers}
        rows = LOYALTY_STATUS.c
        with self.reading(LOYALTY_STATUS) as connection:
            for tier, points, spending in connection.execute(
                select(rows.tier, rows.points, rows.year_spending)
            ):
                before = tiers.get(tier) or TierSummary(tier, 0, 0, Decimal(0))
                tiers[tier] = TierSummary(
                    tier,
                    before.members + 1,
                    before.points + points,
                    before.year_spending + spending,
                )
        return list(reversed(tiers.values()))

    def _as_of(self, customer_id: UUID, as_of: datetime) -> LoyaltyStatus | None:
        projection = loyalty_status(self.program)
        with self.rows.log() as connection:
            events = self.rows.events(connection, [customer_id], projection)
            folded = fold(projection, events_true_by(events, as_of))
        for row in folded.rows(LOYALTY_STATUS):
            if row["customer_id"] == str(customer_id):
                return status_of(row, self.program, as_of)
        return None


def _member(row: RowMapping) -> LoyaltyMember:
    return LoyaltyMember(
        customer_id=UUID(row["customer_id"]),
        as_of=row["as_of"],
        currency=row["currency"],
        points=row["points"],
        tier=row["tier"],
        year_spending=row["year_spending"],
        lifetime_spending=row["lifetime_spending"],
        orders=row["orders"],
        first_purchase_at=row["first_purchase_at"],
    )


def status_of(row: Row, program: LoyaltyProgram, as_of: datetime) -> LoyaltyStatus:
    """What a row of the read model says at *as_of*, which is not before the row's own."""
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


def events_true_by(events: Iterable[Recorded], as_of: datetime) -> Iterator[Recorded]:
    """The events on orders that were true by *as_of*, as they would have been recorded then.

    A return says what is kept after the returns recorded before it; where one of those came later
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
