"""Opportunities: a row each, with stage, amount and chance; and what the pipeline holds by stage."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Date, Index, Integer, MetaData, RowMapping, Table, Text, select

from crmcore.application.log import Recorded
from crmcore.domain.kernel import Money
from crmcore.domain.kernel.money import EXACT
from crmcore.domain.sales.opportunity.messages import (
    ForecastCategory,
    OpportunityAmountRevised,
    OpportunityLost,
    OpportunityOpened,
    OpportunityProbabilityOverridden,
    OpportunityProbabilityReset,
    OpportunityReopened,
    OpportunityStageEntered,
    OpportunityWon,
)
from crmcore.domain.sales.opportunity.state import Lost, Won
from crmcore.projections.engine import (
    Exact,
    Instant,
    Projection,
    Row,
    Rows,
    by_stream,
    maximum,
    update,
)
from crmcore.projections.filters import before, equals, from_on
from crmcore.projections.paging import Order, Page, page
from crmcore.projections.questions import Questions
from crmcore.projections.results import result

OPPORTUNITIES: Final = Table(
    "sales_opportunities",
    MetaData(),
    Column("opportunity_id", Text, primary_key=True),
    Column("customer_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("pipeline", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("probability", Integer, nullable=False),
    Column("forecast", Text, nullable=False),
    Column("amount", Exact),
    Column("currency", Text),
    Column("expected_close", Date),
    Column("lead_id", Text),
    Column("campaign_id", Text),
    Column("cycle", Integer, nullable=False),
    Column("reason", Text),
    Column("opened_at", Instant, nullable=False),
    Column("stage_entered_at", Instant, nullable=False),
    Column("closed_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Index("sales_opportunities_customer", "customer_id", "opened_at"),
    Index("sales_opportunities_status", "status", "pipeline", "stage"),
)
_ORDERINGS: Final[Mapping[str, Order]] = {
    f"{sign}{column.name}": Order(column, OPPORTUNITIES.c.opportunity_id, descending=sign == "-")
    for column in (
        OPPORTUNITIES.c.opened_at,
        OPPORTUNITIES.c.changed_at,
        OPPORTUNITIES.c.closed_at,
        OPPORTUNITIES.c.expected_close,
        OPPORTUNITIES.c.probability,
    )
    for sign in ("", "-")
}


class OpportunityStatus(StrEnum):
    """Whether a deal is worked on, or how it ended."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


@result
class OpportunitySummary:
    """A deal.

    ``stage`` is the one that it is in, or was closed in; ``probability`` whole percents; ``amount``
    exact, in ``currency``, None where it is not known; ``cycle`` counts how often it was opened;
    ``reason`` says why it was lost.  ``changed_at`` is the latest instant of which something is
    known about it; instants are in UTC.
    """

    opportunity_id: UUID
    customer_id: UUID
    name: str
    pipeline: str
    stage: str
    status: OpportunityStatus
    probability: int
    forecast: ForecastCategory
    amount: Decimal | None
    currency: str | None
    expected_close: date | None
    lead_id: UUID | None
    campaign_id: UUID | None
    cycle: int
    reason: str | None
    opened_at: datetime
    stage_entered_at: datetime
    closed_at: datetime | None
    changed_at: datetime


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
        return None if row is None else _summary(row)

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
                _ORDERINGS,
                _summary,
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
        sums: defaultdict[tuple[str, str | None], list[Any]] = defaultdict(lambda: [0, 0, 0, 0])
        with self.reading(OPPORTUNITIES) as connection, localcontext(EXACT):
            for stage, currency, amount, probability in connection.execute(statement):
                total = sums[stage, currency]
                total[0] += 1
                total[1] += amount or 0
                total[2] += (amount or 0) * probability / 100
                total[3] += probability
        by_chance = sorted(
            sums, key=lambda one: (sums[one][3] / sums[one][0], one[0], one[1] or "")
        )
        return tuple(
            StageTotal(*key, sums[key][0], Decimal(sums[key][1]), Decimal(sums[key][2]))
            for key in by_chance
        )


def _summary(row: RowMapping) -> OpportunitySummary:
    ids = {
        name: None if row[name] is None else UUID(row[name])
        for name in ("opportunity_id", "customer_id", "lead_id", "campaign_id")
    }
    known = {
        "status": OpportunityStatus(row["status"]),
        "forecast": ForecastCategory(row["forecast"]),
    }
    return OpportunitySummary(**{**row, **ids, **known})


def opportunities() -> Projection:
    """The read model."""
    return Projection(
        name="opportunities",
        version=1,
        tables=(OPPORTUNITIES,),
        handlers={
            OpportunityOpened: _opened,
            OpportunityStageEntered: _stage_entered,
            OpportunityProbabilityOverridden: _rated,
            OpportunityProbabilityReset: _rated,
            OpportunityAmountRevised: _revised,
            OpportunityWon: _won,
            OpportunityLost: _lost,
            OpportunityReopened: _reopened,
        },
        groups=by_stream,
        provenance=False,
    )


def _opened(event: OpportunityOpened, recorded: Recorded, rows: Rows) -> None:
    row: Row = {
        "opportunity_id": recorded.stream,
        "customer_id": str(event.customer_id),
        "name": event.name,
        "pipeline": event.pipeline,
        "stage": event.stage,
        "status": OpportunityStatus.OPEN.value,
        "probability": event.probability,
        "forecast": event.forecast.value,
        "expected_close": event.expected_close,
        "lead_id": None if event.lead_id is None else str(event.lead_id),
        "campaign_id": None if event.campaign_id is None else str(event.campaign_id),
        "cycle": 1,
        "opened_at": event.at,
        "stage_entered_at": event.at,
        "changed_at": event.at,
    }
    rows.put(OPPORTUNITIES, row | _worth(event.amount))


def _stage_entered(event: OpportunityStageEntered, recorded: Recorded, rows: Rows) -> None:
    _change(
        recorded,
        rows,
        event.at,
        stage=event.entered,
        probability=event.probability,
        forecast=event.forecast.value,
        stage_entered_at=event.at,
    )


def _rated(
    event: OpportunityProbabilityOverridden | OpportunityProbabilityReset,
    recorded: Recorded,
    rows: Rows,
) -> None:
    _change(recorded, rows, event.at, probability=event.probability)


def _revised(event: OpportunityAmountRevised, recorded: Recorded, rows: Rows) -> None:
    _change(recorded, rows, event.at, **_worth(event.amount))


def _won(event: OpportunityWon, recorded: Recorded, rows: Rows) -> None:
    _change(
        recorded,
        rows,
        event.at,
        status=OpportunityStatus.WON.value,
        probability=Won.probability,
        forecast=ForecastCategory.CLOSED.value,
        closed_at=event.at,
    )


def _lost(event: OpportunityLost, recorded: Recorded, rows: Rows) -> None:
    _change(
        recorded,
        rows,
        event.at,
        status=OpportunityStatus.LOST.value,
        probability=Lost.probability,
        forecast=ForecastCategory.OMITTED.value,
        reason=event.reason,
        closed_at=event.at,
    )


def _reopened(event: OpportunityReopened, recorded: Recorded, rows: Rows) -> None:
    _change(
        recorded,
        rows,
        event.at,
        status=OpportunityStatus.OPEN.value,
        stage=event.stage,
        probability=event.probability,
        forecast=event.forecast.value,
        cycle=event.cycle,
        reason=None,
        stage_entered_at=event.at,
        closed_at=None,
    )


def _change(recorded: Recorded, rows: Rows, at: datetime, **values: Any) -> None:
    found = update(rows, OPPORTUNITIES, recorded.stream, **values, changed_at=maximum(at))
    assert found, "a deal is opened first"


def _worth(amount: Money | None) -> Row:
    if amount is None:
        return {"amount": None, "currency": None}
    return {"amount": amount.amount, "currency": amount.currency}
