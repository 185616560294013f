"""What can be asked about opportunities: ``crm.read.opportunities``."""

from collections import defaultdict
from datetime import date
from decimal import Decimal, localcontext
from typing import Final
from uuid import UUID

from sqlalchemy import select

from crmcore.domain.kernel.money import EXACT
from crmcore.domain.sales.opportunity.messages import (
    ForecastCategory,
)
from crmcore.projections.filters import before, equals, from_on
from crmcore.projections.paging import Page, either_way, page
from crmcore.projections.questions import Questions
from crmcore.projections.results import result
from crmcore.projections.sales.opportunities.table import (
    OPPORTUNITIES,
    OpportunityStatus,
    OpportunitySummary,
    summary,
)

_ORDERS: Final = either_way(
    OPPORTUNITIES.c.opportunity_id,
    OPPORTUNITIES.c.opened_at,
    OPPORTUNITIES.c.changed_at,
    OPPORTUNITIES.c.closed_at,
    OPPORTUNITIES.c.expected_close,
    OPPORTUNITIES.c.probability,
)


@result
class StageTotal:
    """The open deals in a stage of a pipeline, by currency; None: those whose amount is not known.

    ``weighted`` is the sum of each amount times its probability; both are exact.
    """

    stage: str
    currency: str | None
    opportunities: int
    amount: Decimal
    weighted: Decimal


class OpportunityQuestions(Questions):
    """``crm.read.opportunities``: the deals that are worked on, won and lost."""

    def get(self, opportunity_id: UUID) -> OpportunitySummary | None:
        """The opportunity; None if there is none."""
        key = equals(OPPORTUNITIES.c.opportunity_id, UUID, opportunity_id)
        with self.reading(OPPORTUNITIES) as connection:
            row = connection.execute(select(OPPORTUNITIES).where(key)).mappings().one_or_none()
        return None if row is None else summary(row)

    def find(
        self,
        *,
        customer_id: UUID | None = None,
        status: OpportunityStatus | None = None,
        pipeline: str | None = None,
        stage: str | None = None,
        forecast: ForecastCategory | None = None,
        lead_id: UUID | None = None,
        campaign_id: UUID | None = None,
        expected_from: date | None = None,
        expected_before: date | None = None,
        order_by: str = "-opened_at",
        limit: int = 50,
        after: str | None = None,
    ) -> Page[OpportunitySummary]:
        """Deals to which all that is given applies, the latest first, a page at a time.

        *expected_from* and *expected_before* (not counted in) say when they are expected to close.
        *order_by* is ``opened_at``, ``changed_at``, ``closed_at``, ``expected_close`` or
        ``probability``, with a ``-`` before it: descending; *after* is the ``next`` of the page
        before.  Raises ``InvalidValueError`` for anything that cannot be.
        """
        table = OPPORTUNITIES.c
        statement = select(OPPORTUNITIES).where(
            equals(table.customer_id, UUID, customer_id),
            equals(table.status, OpportunityStatus, status),
            equals(table.pipeline, str, pipeline),
            equals(table.stage, str, stage),
            equals(table.forecast, ForecastCategory, forecast),
            equals(table.lead_id, UUID, lead_id),
            equals(table.campaign_id, UUID, campaign_id),
            from_on("expected_from", table.expected_close, expected_from),
            before("expected_before", table.expected_close, expected_before),
        )
        with self.reading(OPPORTUNITIES) as connection:
            return page(
                connection,
                statement,
                _ORDERS,
                summary,
                order_by=order_by,
                limit=limit,
                after=after,
            )

    def pipeline(self, pipeline: str = "sales") -> tuple[StageTotal, ...]:
        """What the open deals of a pipeline come to, by stage and currency, least likely stages first."""
        table = OPPORTUNITIES.c
        statement = select(table.stage, table.currency, table.amount, table.probability).where(
            table.status == OpportunityStatus.OPEN.value, equals(table.pipeline, str, pipeline)
        )
        deals = defaultdict[tuple[str, str | None], list[tuple[Decimal, int]]](list)
        with self.reading(OPPORTUNITIES) as connection, localcontext(EXACT):
            for stage, currency, amount, chance in connection.execute(statement):
                deals[stage, currency].append((amount or Decimal(0), chance))
            totals = [
                (
                    sum(chance for _, chance in each) / len(each),
                    StageTotal(
                        stage=stage,
                        currency=currency,
                        opportunities=len(each),
                        amount=sum((amount for amount, _ in each), Decimal(0)),
                        weighted=sum((one * chance for one, chance in each), Decimal(0)) / 100,
                    ),
                )
                for (stage, currency), each in deals.items()
            ]
        totals.sort(key=lambda one: (one[0], one[1].stage, one[1].currency or ""))
        return tuple(total for _, total in totals)
