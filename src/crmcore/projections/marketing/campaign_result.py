"""A campaign's result: the counts that the read model keeps, and the rates that follow from them."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, Table, select

__all__ = ["CampaignResult", "read_results"]


@attrs.frozen(kw_only=True)
class CampaignResult:
    """What a campaign brought; ``revenue``, ``margin`` and ``cost`` in its own ``currency``.

    ``purchases`` counts orders in every currency; ``other_revenue`` holds what was bought in
    other currencies, which would need a rate to be added.  ``margin`` is what is known of the
    margin of purchases and conversions, less what was returned or cancelled; ``without_margin``
    counts those of which it is not known.
    """

    campaign_id: UUID
    name: str
    kind: str
    channel: str
    status: str
    currency: str
    starts_at: datetime
    ends_at: datetime
    targeted: int
    suppressed: int
    held_out: int
    sends: int
    recipients: int
    delivered: int
    bounces: int
    responders: int
    responses: int
    clicks: int
    clickers: int
    converted: int
    conversions: int
    opt_outs: int
    margin: Decimal
    without_margin: int
    cost: Decimal
    purchases: int
    revenue: Decimal
    other_revenue: dict[str, Decimal]

    @property
    def members(self) -> int:
        """Everybody whom the campaign was meant for: targeted, suppressed or held out."""
        return self.targeted + self.suppressed + self.held_out

    @property
    def interactions(self) -> int:
        """Responses and clicks (domain metric K6, default definition)."""
        return self.responses + self.clicks

    @property
    def cost_per_interaction(self) -> Decimal | None:
        """K6: actual cost / interactions; None without an interaction."""
        return self.cost / self.interactions if self.interactions else None

    @property
    def response_rate(self) -> Decimal | None:
        """K10: members who responded / members whom a message reached.

        Channels that report no deliveries count whom a message was sent to.
        """
        return self._of_reached(self.responders)

    @property
    def click_rate(self) -> Decimal | None:
        """Members who clicked, once each (INV-M11) / members whom a message reached."""
        return self._of_reached(self.clickers)

    @property
    def roi(self) -> Decimal | None:
        """K12: (attributed gross margin - cost) / cost.

        None without cost, and where the margin of any purchase or conversion is not known.
        """
        known = not self.without_margin
        return (self.margin - self.cost) / self.cost if self.cost and known else None

    @property
    def roas(self) -> Decimal | None:
        """K12, revenue variant (return on advertising spend): revenue / cost.

        None without cost, and where there is revenue in other currencies as well.
        """
        known = not any(self.other_revenue.values())
        return self.revenue / self.cost if self.cost and known else None

    def _of_reached(self, members: int) -> Decimal | None:
        reached = self.delivered or self.recipients
        return Decimal(members) / reached if reached else None


def read_results(
    connection: Connection, results: Table, revenue: Table, campaign_id: UUID | None = None
) -> list[CampaignResult]:
    """Every campaign's result, or one's, in the order in which they start."""
    query = select(results).order_by(results.c.starts_at, results.c.campaign_id)
    if campaign_id is not None:
        query = query.where(results.c.campaign_id == str(campaign_id))
    bought: dict[str, dict[str, tuple[int, Decimal]]] = {}
    for key, currency, purchases, amount in connection.execute(select(revenue)):
        bought.setdefault(key, {})[currency] = purchases, amount
    return [
        _result(dict(row._mapping), bought.get(row.campaign_id, {}))
        for row in connection.execute(query)
    ]


def _result(row: dict[str, Any], bought: dict[str, tuple[int, Decimal]]) -> CampaignResult:
    fields = {name: row[name] for name in attrs.fields_dict(CampaignResult) if name in row}
    _, own = bought.get(row["currency"], (0, Decimal(0)))
    others = {key: amount for key, (_, amount) in bought.items() if key != row["currency"]}
    return CampaignResult(
        **fields | {"campaign_id": UUID(row["campaign_id"])},
        purchases=sum(purchases for purchases, _ in bought.values()),
        revenue=own,
        other_revenue=others,
    )
