"""Leads: a row each, with how far it has come, whose it is and where it came from."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, assert_never
from uuid import UUID

from sqlalchemy import (
    Column,
    Index,
    Integer,
    MetaData,
    RowMapping,
    Table,
    Text,
)

from crmcore.application.log import Recorded
from crmcore.domain.sales.lead.decisions import AGGREGATE
from crmcore.domain.sales.lead.messages.assignment import (
    LeadAcceptanceDeclined,
    LeadAssigned,
    LeadContactAttempted,
    LeadContacted,
    LeadFirstResponseRecorded,
    LeadLeftUnassigned,
    LeadSalesAccepted,
)
from crmcore.domain.sales.lead.messages.capture import (
    LeadCaptured,
    LeadEnriched,
    LeadInquiryRepeated,
    LeadSource,
)
from crmcore.domain.sales.lead.messages.qualification import (
    LeadConverted,
    LeadDisqualified,
    LeadMarketingQualified,
    LeadNurtured,
    LeadRecycled,
    LeadSalesQualified,
)
from crmcore.domain.sales.lead.messages.scoring import LeadActivityScored, LeadScoreAdjusted
from crmcore.domain.sales.lead.phases import LeadStatus
from crmcore.domain.sales.lead.state import Event, status_after
from crmcore.projections.engine.changes import Change, increment, maximum, update, upsert
from crmcore.projections.engine.columns import Instant
from crmcore.projections.engine.projection import Projection, Rows, by_stream
from crmcore.projections.results import result

LEADS: Final = Table(
    "sales_leads",
    MetaData(),
    Column("lead_id", Text, primary_key=True),
    Column("status", Text, nullable=False),
    Column("name", Text),
    Column("company", Text),
    Column("source", Text, nullable=False),
    Column("campaign_id", Text),
    Column("assignee", Text),
    Column("inquiries", Integer, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("customer_id", Text),
    Column("opportunity_id", Text),
    Column("captured_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Index("sales_leads_assignee", "assignee", "captured_at", "lead_id"),
    Index("sales_leads_captured", "captured_at", "lead_id"),
)


@result
class Score:
    """A lead's score at ``as_of`` (UTC): points in hundredths, and the band A1 to C3.

    ``fit`` is who it is, ``engagement`` what it did, faded by then, ``adjustment`` what was given or
    taken by hand; ``total`` is their sum within the bounds of the model.
    """

    fit: Decimal
    engagement: Decimal
    adjustment: int
    total: Decimal
    band: str
    model_version: str
    as_of: datetime


@result
class LeadSummary:
    """A lead.

    ``inquiries`` counts how often it was captured from its address; ``cycle`` how often it started
    afresh; ``customer_id`` and ``opportunity_id`` are what it was converted to.  ``score`` is that of
    the instant of the question.  ``changed_at`` is the latest instant of which something is known
    about it (UTC).
    """

    lead_id: UUID
    status: LeadStatus
    name: str | None
    company: str | None
    source: LeadSource
    campaign_id: UUID | None
    assignee: str | None
    inquiries: int
    cycle: int
    customer_id: UUID | None
    opportunity_id: UUID | None
    captured_at: datetime
    changed_at: datetime
    score: Score


def summary(row: RowMapping, score: Score) -> LeadSummary:
    """What the row of a lead says."""
    ids = {
        name: None if row[name] is None else UUID(row[name])
        for name in ("lead_id", "campaign_id", "customer_id", "opportunity_id")
    }
    known = {"status": LeadStatus(row["status"]), "source": LeadSource(row["source"])}
    return LeadSummary(**{**row, **ids, **known}, score=score)


def leads() -> Projection:
    """The read model."""
    handlers = dict.fromkeys(AGGREGATE.events, _changed) | {LeadCaptured: _captured}
    return Projection(
        name="leads",
        version=1,
        tables=(LEADS,),
        handlers=handlers,
        groups=by_stream,
        provenance=False,
    )


def _captured(event: LeadCaptured, recorded: Recorded, rows: Rows) -> None:
    upsert(
        rows,
        LEADS,
        recorded.stream,
        status=status_after(LeadStatus.NEW, event),
        name=event.name,
        company=event.company,
        source=event.source,
        campaign_id=event.campaign_id,
        inquiries=1,
        cycle=1,
        captured_at=event.at,
        changed_at=event.at,
    )


def _changed(event: Event, recorded: Recorded, rows: Rows) -> None:
    update(
        rows,
        LEADS,
        recorded.stream,
        **_values(event),
        status=Change(lambda before: status_after(LeadStatus(before), event).value),
        changed_at=maximum(event.at),
    )


def _values(event: Event) -> Mapping[str, Any]:
    """What an event changes of a row, beside its status."""
    match event:
        case LeadEnriched():
            known = {"name": event.name, "company": event.company}
            return {name: value for name, value in known.items() if value}
        case LeadInquiryRepeated():
            return {"inquiries": increment()}
        case LeadAssigned():
            return {"assignee": event.assignee}
        case LeadAcceptanceDeclined():
            return {"assignee": None}
        case LeadRecycled():
            return {"assignee": None, "cycle": event.cycle}
        case LeadConverted():
            return {"customer_id": event.customer_id, "opportunity_id": event.opportunity_id}
        case (
            LeadCaptured()
            | LeadActivityScored()
            | LeadScoreAdjusted()
            | LeadLeftUnassigned()
            | LeadSalesAccepted()
            | LeadContactAttempted()
            | LeadContacted()
            | LeadFirstResponseRecorded()
            | LeadMarketingQualified()
            | LeadSalesQualified()
            | LeadNurtured()
            | LeadDisqualified()
        ):
            return {}
        case _:
            assert_never(event)
