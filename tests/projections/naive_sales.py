"""The read models of sales recomputed from the whole log, in the plainest way."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from crmcore import Recorded
from crmcore.domain.sales.lead.messages import assignment, capture, qualification
from crmcore.domain.sales.opportunity import messages as opportunity
from crmcore.domain.sales.order import messages as order

Row = dict[str, Any]
Tables = dict[str, list[Row]]
Log = Sequence[Recorded]


def orders(log: Log) -> Tables:
    """A row an order: its phase follows from how much of each line left, and came back."""
    placed = _events(log, order.OrderPlaced)
    return {"sales_orders": [_order(one, _about(log, "order_id", one.order_id)) for one in placed]}


def _order(placed: order.OrderPlaced, about: list[Any]) -> Row:
    shipments = [one for one in about if isinstance(one, order.OrderShipped)]
    arrived = {one.shipment_id for one in about if isinstance(one, order.OrderDelivered)}
    returns = [one for one in about if isinstance(one, order.OrderReturned)]
    calls_off = [one for one in about if isinstance(one, order.OrderCancelled)]
    ordered = {line.line: line.quantity for line in placed.lines}
    shipped = _by_line([part for one in shipments for part in one.shipped])
    if placed.handed_over:
        shipped = ordered
    back = _by_line([part for one in returns for part in one.returned])
    on_their_way = len(shipments) - len(arrived)
    if calls_off:
        status = "cancelled"
    elif back:
        status = "returned" if back == ordered else "partially_returned"
    elif not shipped:
        status = "placed"
    elif shipped != ordered:
        status = "partially_shipped"
    else:
        status = "shipped" if on_their_way else "delivered"
    paid_back: list[Any] = [*returns, *calls_off]
    refunds = [one.refund.amount for one in paid_back]
    return {
        "order_id": str(placed.order_id),
        "customer_id": str(placed.customer_id),
        "number": placed.number,
        "channel": placed.channel,
        "campaign_id": _text(placed.campaign_id),
        "status": status,
        "currency": placed.total.currency,
        "net": placed.net.amount,
        "total": placed.total.amount,
        "refund": sum(refunds, Decimal(0)),
        "ordered_quantity": sum(ordered.values()),
        "shipped_quantity": sum(shipped.values(), Decimal(0)),
        "returned_quantity": sum(back.values(), Decimal(0)),
        "shipments_in_transit": on_their_way,
        "placed_at": placed.at,
        "cancelled_at": next((one.at for one in calls_off), None),
        "changed_at": max(one.at for one in about),
    }


def _by_line(parts: Sequence[Any]) -> dict[int, Decimal]:
    numbers = {part.line for part in parts}
    return {n: sum((one.quantity for one in parts if one.line == n), Decimal(0)) for n in numbers}


def leads(log: Log) -> Tables:
    """A row a lead: its status follows from what happened since it was captured or recycled."""
    captured = _events(log, capture.LeadCaptured)
    return {"sales_leads": [_lead(one, _in_stream(log, one.lead_id)) for one in captured]}


def _lead(captured: capture.LeadCaptured, about: list[Any]) -> Row:
    known = [one for one in about if isinstance(one, capture.LeadCaptured | capture.LeadEnriched)]
    conversion = _last(about, qualification.LeadConverted)
    recycled = [one for one in about if isinstance(one, qualification.LeadRecycled)]
    cycle = about[about.index(recycled[-1]) :] if recycled else about
    holder = _last(cycle, assignment.LeadAssigned, assignment.LeadAcceptanceDeclined)
    return {
        "lead_id": str(captured.lead_id),
        "status": _lead_status(cycle),
        "name": next((one.name for one in reversed(known) if one.name), None),
        "company": next((one.company for one in reversed(known) if one.company), None),
        "source": captured.source.value,
        "campaign_id": _text(captured.campaign_id),
        "assignee": holder.assignee if isinstance(holder, assignment.LeadAssigned) else None,
        "inquiries": 1 + sum(isinstance(one, capture.LeadInquiryRepeated) for one in about),
        "cycle": 1 + len(recycled),
        "customer_id": _text(conversion and conversion.customer_id),
        "opportunity_id": _text(conversion and conversion.opportunity_id),
        "captured_at": captured.at,
        "changed_at": max(one.at for one in about),
    }


def _lead_status(cycle: list[Any]) -> str:
    ended = _last(cycle, qualification.LeadDisqualified, qualification.LeadConverted)
    if ended is not None:
        return "converted" if isinstance(ended, qualification.LeadConverted) else "disqualified"
    judged = _last(cycle, qualification.LeadSalesQualified, qualification.LeadNurtured)
    if judged is not None:
        return "nurturing" if isinstance(judged, qualification.LeadNurtured) else "qualified"
    worked_on = _last(
        cycle,
        assignment.LeadSalesAccepted,
        assignment.LeadContacted,
        assignment.LeadContactAttempted,
    )
    if worked_on is not None:
        return "working"
    holder = _last(cycle, assignment.LeadAssigned, assignment.LeadAcceptanceDeclined)
    return "assigned" if isinstance(holder, assignment.LeadAssigned) else "new"


def opportunities(log: Log) -> Tables:
    """A row a deal: what was last said of it, unless it is closed."""
    opened = _events(log, opportunity.OpportunityOpened)
    rows = [_deal(one, _about(log, "opportunity_id", one.opportunity_id)) for one in opened]
    return {"sales_opportunities": rows}


def _deal(opened: opportunity.OpportunityOpened, about: list[Any]) -> Row:
    about = [one for one in about if type(one).__module__ == opportunity.__name__]
    begun = (opportunity.OpportunityOpened, opportunity.OpportunityReopened)
    ended = _last(about, opportunity.OpportunityWon, opportunity.OpportunityLost, *begun)
    stage = _last(about, opportunity.OpportunityStageEntered, *begun)
    worth = _last(about, opportunity.OpportunityOpened, opportunity.OpportunityAmountRevised).amount
    chance = [one.probability for one in about if hasattr(one, "probability")][-1]
    status, forecast, reason = "open", stage.forecast.value, None
    if isinstance(ended, opportunity.OpportunityWon):
        status, chance, forecast = "won", 100, "closed"
    if isinstance(ended, opportunity.OpportunityLost):
        status, chance, forecast, reason = "lost", 0, "omitted", ended.reason
    return {
        "opportunity_id": str(opened.opportunity_id),
        "customer_id": str(opened.customer_id),
        "name": opened.name,
        "pipeline": opened.pipeline,
        "stage": getattr(stage, "entered", None) or stage.stage,
        "status": status,
        "probability": chance,
        "forecast": forecast,
        "amount": None if worth is None else worth.amount,
        "currency": None if worth is None else worth.currency,
        "expected_close": opened.expected_close,
        "lead_id": _text(opened.lead_id),
        "campaign_id": _text(opened.campaign_id),
        "cycle": sum(isinstance(one, begun) for one in about),
        "reason": reason,
        "opened_at": opened.at,
        "stage_entered_at": stage.at,
        "closed_at": None if status == "open" else ended.at,
        "changed_at": max(one.at for one in about),
    }


def _events(log: Log, kind: type) -> list[Any]:
    return [one.event for one in log if isinstance(one.event, kind)]


def _about(log: Log, field: str, key: Any) -> list[Any]:
    return [one.event for one in log if getattr(one.event, field, None) == key]


def _in_stream(log: Log, key: Any) -> list[Any]:
    return [one.event for one in log if one.stream_id == key]


def _last(events: list[Any], *kinds: type) -> Any:
    return next((one for one in reversed(events) if isinstance(one, kinds)), None)


def _text(key: Any) -> str | None:
    return None if key is None else str(key)
