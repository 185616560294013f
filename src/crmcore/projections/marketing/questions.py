"""What can be asked about campaigns: ``crm.read.campaigns``."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection, select

from crmcore.domain.kernel import Channel
from crmcore.domain.marketing.campaign.state import Status
from crmcore.projections.filters import equals
from crmcore.projections.marketing.tables import CAMPAIGN_RESULTS, CAMPAIGN_REVENUE
from crmcore.projections.paging import Page, either_way, page
from crmcore.projections.questions import Questions
from crmcore.projections.results import result

_ORDERS: Final = either_way(
    CAMPAIGN_RESULTS.c.campaign_id,
    CAMPAIGN_RESULTS.c.starts_at,
    CAMPAIGN_RESULTS.c.ends_at,
    CAMPAIGN_RESULTS.c.name,
)

Bought = Mapping[str, tuple[int, Decimal]]
"""By currency, how many orders there were and what they came to."""


@result
class CampaignResult:
    """What a campaign brought; ``revenue``, ``margin`` and ``cost`` in its own ``currency``.

    ``purchases`` counts orders in every currency; ``other_revenue`` holds what was bought in
    other currencies, which would need a rate to be added.  ``margin`` is what is known of the
    margin of purchases and conversions, less what was returned or cancelled; ``without_margin``
    counts those of which it is not known.

    What follows from these: ``members`` are all whom the campaign was meant for (targeted,
    suppressed or held out), ``interactions`` responses and clicks (domain metric K6, default
    definition), ``cost_per_interaction`` (K6) cost / interactions.  ``response_rate`` (K10) is
    members who responded / members whom a message reached, ``click_rate`` members who clicked,
    once each (INV-M11) / the same; channels that report no deliveries count whom a message was
    sent to.  ``roi`` (K12) is (attributed gross margin - cost) / cost, None where the margin of any
    purchase or conversion is not known; ``roas`` (K12, revenue variant: return on advertising
    spend) revenue / cost, None where there is revenue in other currencies as well.  All of them
    are None where they would be divided by nothing.
    """

    campaign_id: UUID
    name: str
    kind: str
    channel: Channel
    status: Status
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
    members: int
    interactions: int
    cost_per_interaction: Decimal | None
    response_rate: Decimal | None
    click_rate: Decimal | None
    roi: Decimal | None
    roas: Decimal | None


class CampaignQuestions(Questions):
    """Campaigns: what one of them brought, and what all of them did."""

    def get(self, campaign_id: UUID) -> CampaignResult | None:
        """What a campaign brought; None for one that was never planned."""
        query = select(CAMPAIGN_RESULTS).where(
            equals(CAMPAIGN_RESULTS.c.campaign_id, UUID, campaign_id)
        )
        with self.reading(CAMPAIGN_RESULTS, CAMPAIGN_REVENUE) as connection:
            row = connection.execute(query).mappings().one_or_none()
            bought = _bought(connection, [str(campaign_id)])
        return None if row is None else _result(dict(row), bought.get(str(campaign_id), {}))

    def find(
        self,
        *,
        status: Status | None = None,
        channel: Channel | None = None,
        kind: str | None = None,
        order_by: str = "starts_at",
        limit: int = 100,
        after: str | None = None,
    ) -> Page[CampaignResult]:
        """What campaigns brought, of a *status*, *channel* or *kind*, or all of them.

        *order_by* is ``starts_at``, ``ends_at`` or ``name``, with a ``-`` before it: descending;
        *after* is the ``next`` of the page before.  Raises ``InvalidValueError`` for anything that
        cannot be.
        """
        rows = CAMPAIGN_RESULTS.c
        query = select(CAMPAIGN_RESULTS).where(
            equals(rows.status, Status, status),
            equals(rows.channel, Channel, channel),
            equals(rows.kind, str, kind),
        )
        with self.reading(CAMPAIGN_RESULTS, CAMPAIGN_REVENUE) as connection:
            found = page(
                connection, query, _ORDERS, dict, order_by=order_by, limit=limit, after=after
            )
            bought = _bought(connection, [row["campaign_id"] for row in found.items])
        results = [_result(row, bought.get(row["campaign_id"], {})) for row in found.items]
        return Page(tuple(results), found.next)


def _bought(connection: Connection, campaign_ids: Iterable[str]) -> Mapping[str, Bought]:
    """What was bought after each of some campaigns."""
    bought: dict[str, dict[str, tuple[int, Decimal]]] = {}
    rows = CAMPAIGN_REVENUE.c
    query = select(CAMPAIGN_REVENUE).where(rows.campaign_id.in_(list(campaign_ids)))
    for key, currency, purchases, amount in connection.execute(query):
        bought.setdefault(key, {})[currency] = purchases, amount
    return bought


def _result(row: dict[str, Any], bought: Bought) -> CampaignResult:
    _, revenue = bought.get(row["currency"], (0, Decimal(0)))
    others = {key: amount for key, (_, amount) in bought.items() if key != row["currency"]}
    interactions = row["responses"] + row["clicks"]
    reached = row["delivered"] or row["recipients"]
    margin = None if row["without_margin"] else row["margin"]
    cost = row["cost"]
    return CampaignResult(
        **row
        | {
            "campaign_id": UUID(row["campaign_id"]),
            "channel": Channel(row["channel"]),
            "status": Status(row["status"]),
        },
        purchases=sum(purchases for purchases, _ in bought.values()),
        revenue=revenue,
        other_revenue=others,
        members=row["targeted"] + row["suppressed"] + row["held_out"],
        interactions=interactions,
        cost_per_interaction=_ratio(cost, interactions),
        response_rate=_ratio(row["responders"], reached),
        click_rate=_ratio(row["clickers"], reached),
        roi=None if margin is None else _ratio(margin - cost, cost),
        roas=None if any(others.values()) else _ratio(revenue, cost),
    )


def _ratio(part: Decimal | int, whole: Decimal | int) -> Decimal | None:
    return Decimal(part) / whole if whole else None
