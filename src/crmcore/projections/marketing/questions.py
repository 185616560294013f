"""What can be asked about campaigns: ``crm.read.campaigns``."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final
from uuid import UUID

from sqlalchemy import Connection, select

from crmcore.domain.kernel import Channel
from crmcore.domain.marketing.campaign.state import CampaignStatus
from crmcore.projections.filters import equals
from crmcore.projections.marketing.campaign_results import (
    CAMPAIGN_RESULTS,
    Bought,
    CampaignResult,
    read_result,
)
from crmcore.projections.marketing.purchases import CAMPAIGN_REVENUE
from crmcore.projections.paging import Page, either_way, page
from crmcore.projections.questions import Questions

_ORDERS: Final = either_way(
    CAMPAIGN_RESULTS.c.campaign_id,
    CAMPAIGN_RESULTS.c.starts_at,
    CAMPAIGN_RESULTS.c.ends_at,
    CAMPAIGN_RESULTS.c.name,
)


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
        return None if row is None else read_result(dict(row), bought.get(str(campaign_id), {}))

    def find(
        self,
        *,
        status: CampaignStatus | None = None,
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
            equals(rows.status, CampaignStatus, status),
            equals(rows.channel, Channel, channel),
            equals(rows.kind, str, kind),
        )
        with self.reading(CAMPAIGN_RESULTS, CAMPAIGN_REVENUE) as connection:
            found = page(
                connection, query, _ORDERS, dict, order_by=order_by, limit=limit, after=after
            )
            bought = _bought(connection, [row["campaign_id"] for row in found.items])
        results = [read_result(row, bought.get(row["campaign_id"], {})) for row in found.items]
        return Page(tuple(results), found.next)


def _bought(connection: Connection, campaign_ids: Iterable[str]) -> Mapping[str, Bought]:
    """What was bought after each of some campaigns."""
    bought: dict[str, dict[str, tuple[int, Decimal]]] = {}
    rows = CAMPAIGN_REVENUE.c
    query = select(CAMPAIGN_REVENUE).where(rows.campaign_id.in_(list(campaign_ids)))
    for key, currency, purchases, amount in connection.execute(query):
        bought.setdefault(key, {})[currency] = purchases, amount
    return bought
