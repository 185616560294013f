"""Opportunities: a row each, with stage, amount and chance."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Column, Date, Index, Integer, MetaData, RowMapping, Table, Text

from crmcore.application.log import Recorded
from crmcore.domain.kernel import Money
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
from crmcore.projections.engine.changes import maximum, update, upsert
from crmcore.projections.engine.columns import Exact, Instant
from crmcore.projections.engine.projection import Projection, Row, Rows, by_stream
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
    Index("sales_opportunities_customer", "customer_id", "opened_at", "opportunity_id"),
    Index("sales_opportunities_opened", "opened_at", "opportunity_id"),
    Index("sales_opportunities_status", "status", "pipeline", "stage"),
)


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


def summary(row: RowMapping) -> OpportunitySummary:
    """What the row of a deal says."""
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
    upsert(
        rows,
        OPPORTUNITIES,
        recorded.stream,
        customer_id=event.customer_id,
        name=event.name,
        pipeline=event.pipeline,
        stage=event.stage,
        status=OpportunityStatus.OPEN,
        probability=event.probability,
        forecast=event.forecast,
        expected_close=event.expected_close,
        lead_id=event.lead_id,
        campaign_id=event.campaign_id,
        cycle=1,
        opened_at=event.at,
        stage_entered_at=event.at,
        changed_at=event.at,
        **_worth(event.amount),
    )


def _stage_entered(event: OpportunityStageEntered, recorded: Recorded, rows: Rows) -> None:
    _change(
        recorded,
        rows,
        stage=event.entered,
        probability=event.probability,
        forecast=event.forecast,
        stage_entered_at=event.at,
    )


def _rated(
    event: OpportunityProbabilityOverridden | OpportunityProbabilityReset,
    recorded: Recorded,
    rows: Rows,
) -> None:
    _change(recorded, rows, probability=event.probability)


def _revised(event: OpportunityAmountRevised, recorded: Recorded, rows: Rows) -> None:
    _change(recorded, rows, **_worth(event.amount))


def _won(event: OpportunityWon, recorded: Recorded, rows: Rows) -> None:
    _change(
        recorded,
        rows,
        status=OpportunityStatus.WON,
        probability=Won.probability,
        forecast=ForecastCategory.CLOSED,
        closed_at=event.at,
    )


def _lost(event: OpportunityLost, recorded: Recorded, rows: Rows) -> None:
    _change(
        recorded,
        rows,
        status=OpportunityStatus.LOST,
        probability=Lost.probability,
        forecast=ForecastCategory.OMITTED,
        reason=event.reason,
        closed_at=event.at,
    )


def _reopened(event: OpportunityReopened, recorded: Recorded, rows: Rows) -> None:
    _change(
        recorded,
        rows,
        status=OpportunityStatus.OPEN,
        stage=event.stage,
        probability=event.probability,
        forecast=event.forecast,
        cycle=event.cycle,
        reason=None,
        stage_entered_at=event.at,
        closed_at=None,
    )


def _change(recorded: Recorded, rows: Rows, **values: Any) -> None:
    latest = maximum(recorded.event.at)
    update(rows, OPPORTUNITIES, recorded.stream, **values, changed_at=latest)


def _worth(amount: Money | None) -> Row:
    if amount is None:
        return {"amount": None, "currency": None}
    return {"amount": amount.amount, "currency": amount.currency}
