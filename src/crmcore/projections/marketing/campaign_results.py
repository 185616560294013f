"""Campaign results: how many were addressed and answered, what they bought, what it cost.

One row a campaign, one per currency in which its orders were placed, and one per member, who
is targeted, suppressed or held out as was decided last: to whom a message goes that counts is
targeted, whatever was said before.  Purchases and revenue come from the
orders that name the campaign (single touch: an order names one), less what was returned or
cancelled, so that nothing counts for two campaigns (INV-M9).  One row a purchase keeps its margin
(``purchase_margin``).
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

from crmcore.application.log import Recorded
from crmcore.domain.marketing.campaign.messages.planning import CampaignPlanned, CampaignScheduled
from crmcore.domain.marketing.campaign.messages.running import (
    CampaignApproved,
    CampaignCancelled,
    CampaignCompleted,
    CampaignLaunched,
    CampaignPaused,
    CampaignResumed,
    CostIncurred,
)
from crmcore.domain.marketing.membership.messages.addressing import (
    MemberHeldOut,
    MemberSuppressed,
    MemberTargeted,
    MessageSent,
)
from crmcore.domain.marketing.membership.messages.results import (
    ConversionKind,
    ConversionRecorded,
    MessageBounced,
    MessageClicked,
    MessageDelivered,
    OptOutReceived,
    ResponseRecorded,
)
from crmcore.domain.marketing.terms import ResponseKind, Role
from crmcore.domain.sales.order.messages import OrderCancelled, OrderPlaced, OrderReturned
from crmcore.projections.engine import Exact, Handler, Instant, Projection, Rows
from crmcore.projections.marketing.campaign_result import CampaignResult, read_results
from crmcore.projections.marketing.purchase_margin import (
    margin_of,
    purchase_key,
    purchases,
    unknown_purchase,
)

__all__ = [
    "CAMPAIGN_MEMBERS",
    "CAMPAIGN_PURCHASES",
    "CAMPAIGN_RESULTS",
    "CAMPAIGN_REVENUE",
    "CampaignResult",
    "campaign_results",
    "read_results",
]

_metadata = MetaData()
OfPurchase = ConversionRecorded | OrderPlaced | OrderReturned | OrderCancelled
COUNTS = (
    "targeted",
    "suppressed",
    "held_out",
    "sends",
    "recipients",
    "delivered",
    "bounces",
    "responders",
    "responses",
    "clicks",
    "clickers",
    "converted",
    "conversions",
    "opt_outs",
)

CAMPAIGN_RESULTS = Table(
    "campaign_results",
    _metadata,
    Column("campaign_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("channel", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("ends_at", Instant, nullable=False),
    *(Column(name, Integer, nullable=False) for name in COUNTS),
    Column("margin", Exact, nullable=False),
    Column("without_margin", Integer, nullable=False),
    Column("cost", Exact, nullable=False),
)
CAMPAIGN_REVENUE = Table(
    "campaign_revenue",
    _metadata,
    Column("campaign_id", Text, primary_key=True),
    Column("currency", Text, primary_key=True),
    Column("purchases", Integer, nullable=False),
    Column("revenue", Exact, nullable=False),
)
CAMPAIGN_PURCHASES = purchases(_metadata)
CAMPAIGN_MEMBERS = Table(
    "campaign_members",
    _metadata,
    Column("membership_id", Text, primary_key=True),
    Column("campaign_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Index("campaign_members_campaign", "campaign_id"),
)


def campaign_results() -> Projection:
    """The read model."""
    return Projection(
        name="campaign_results",
        version=3,
        tables=(CAMPAIGN_RESULTS, CAMPAIGN_REVENUE, CAMPAIGN_MEMBERS, CAMPAIGN_PURCHASES),
        handlers={
            CampaignPlanned: _planned,
            CampaignScheduled: _scheduled,
            CampaignApproved: _status("approved"),
            CampaignLaunched: _status("running"),
            CampaignPaused: _status("paused"),
            CampaignResumed: _status("running"),
            CampaignCompleted: _status("completed"),
            CampaignCancelled: _status("cancelled"),
            CostIncurred: _cost,
            MemberTargeted: _standing("targeted"),
            MemberSuppressed: _standing("suppressed"),
            MemberHeldOut: _standing("held_out"),
            MessageSent: _sent,
            MessageDelivered: _counted(None, "delivered"),
            MessageBounced: _counted("bounces"),
            MessageClicked: _counted("clicks", "clickers"),
            ResponseRecorded: _response,
            ConversionRecorded: _conversion,
            OptOutReceived: _counted("opt_outs"),
            OrderPlaced: _placed,
            OrderReturned: _returned,
            OrderCancelled: _cancelled,
        },
        groups=_groups,
        provenance=False,
    )


def _groups(recorded: Recorded) -> Sequence[str]:
    """The campaign, if there is one; the member or the purchase where it is about one."""
    event = recorded.event
    if event.campaign_id is None:
        return ()
    campaign_id = str(event.campaign_id)
    match event:
        case MemberTargeted() | MemberSuppressed() | MemberHeldOut() | MessageSent():
            return campaign_id, str(event.membership_id)
        case ConversionRecorded(conversion_id=key):
            return campaign_id, purchase_key(event.campaign_id, event.customer_id, key)
        case OrderPlaced(order_id=key) | OrderReturned(order_id=key) | OrderCancelled(order_id=key):
            return campaign_id, purchase_key(event.campaign_id, event.customer_id, key)
        case _:
            return (campaign_id,)


def _planned(event: CampaignPlanned, _recorded: Recorded, rows: Rows) -> None:
    row: dict[str, Any] = {
        "campaign_id": str(event.campaign_id),
        "name": event.name,
        "kind": event.kind,
        "channel": event.channel.value,
        "status": "planned",
        "currency": event.currency,
        "starts_at": event.starts_at,
        "ends_at": event.ends_at,
        "margin": Decimal(0),
        "without_margin": 0,
        "cost": Decimal(0),
    }
    rows.put(CAMPAIGN_RESULTS, row | dict.fromkeys(COUNTS, 0))


def _change(rows: Rows, campaign_id: UUID, change: Callable[[dict[str, Any]], None]) -> None:
    row = rows.get(CAMPAIGN_RESULTS, str(campaign_id))
    if row is not None:
        change(row)
        rows.put(CAMPAIGN_RESULTS, row)


def _add(rows: Rows, campaign_id: UUID, **amounts: int | Decimal) -> None:
    def add(row: dict[str, Any]) -> None:
        for name, amount in amounts.items():
            row[name] += amount

    _change(rows, campaign_id, add)


def _scheduled(event: CampaignScheduled, _recorded: Recorded, rows: Rows) -> None:
    dates = {"starts_at": event.starts_at, "ends_at": event.ends_at}
    _change(rows, event.campaign_id, lambda row: row.update(dates))


def _status(status: str) -> Handler:
    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        _change(rows, event.campaign_id, lambda row: row.update(status=status))

    return handle


def _cost(event: CostIncurred, _recorded: Recorded, rows: Rows) -> None:
    _add(rows, event.campaign_id, cost=event.cost.amount)


def _standing(column: str) -> Handler:
    """A handler that counts a member under *column*, and no longer where they were counted before."""

    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        if event.role is Role.DEFAULT:
            _stands(event, column, rows)

    return handle


def _sent(event: MessageSent, _recorded: Recorded, rows: Rows) -> None:
    if event.counted:
        _stands(event, "targeted", rows)
        _add(rows, event.campaign_id, sends=1, recipients=int(event.first))


def _stands(event: Any, column: str, rows: Rows) -> None:
    member = {
        "membership_id": str(event.membership_id),
        "campaign_id": str(event.campaign_id),
        "customer_id": str(event.customer_id),
        "standing": column,
    }
    before = rows.get(CAMPAIGN_MEMBERS, member["membership_id"])
    if before == member:
        return
    if before is not None:
        _add(rows, event.campaign_id, **{before["standing"]: -1})
    _add(rows, event.campaign_id, **{column: 1})
    rows.put(CAMPAIGN_MEMBERS, member)


def _counted(each: str | None, first: str | None = None) -> Handler:
    """A handler that adds to *each*, and to *first* where the member's first such event is seen."""

    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        if event.counted:
            names = [name for name in (each, first if first and event.first else None) if name]
            _add(rows, event.campaign_id, **dict.fromkeys(names, 1))

    return handle


def _response(event: ResponseRecorded, _recorded: Recorded, rows: Rows) -> None:
    if event.counted:
        clicked = event.kind is ResponseKind.CLICK  # counted among the clicks already
        _add(rows, event.campaign_id, responders=int(event.first), responses=0 if clicked else 1)


def _conversion(event: ConversionRecorded, _recorded: Recorded, rows: Rows) -> None:
    counts = event.counted and not event.held_out
    if counts:
        _add(rows, event.campaign_id, conversions=1, converted=int(event.first))
    told: dict[str, Any] = {"counts": counts and _worth_something(event)}
    if event.margin is not None:
        told |= {"margin": event.margin.amount, "currency": event.margin.currency}
    _purchase(rows, event, event.conversion_id, told)


def _worth_something(event: ConversionRecorded) -> bool:
    """Whether there is a margin, known or not: a lead or a new customer alone has none yet."""
    worth = (event.amount, event.margin)
    return event.kind is ConversionKind.ORDER or any(one is not None for one in worth)


def _placed(event: OrderPlaced, _recorded: Recorded, rows: Rows) -> None:
    _buy(rows, event.campaign_id, event.net.currency, 1, event.net.amount)
    net = event.net.amount
    _purchase(rows, event, event.order_id, {"net": net, "kept": net})


def _returned(event: OrderReturned, _recorded: Recorded, rows: Rows) -> None:
    _buy(rows, event.campaign_id, event.net.currency, 0, -event.net.amount)
    _purchase(rows, event, event.order_id, {"kept": event.kept_net.amount})


def _cancelled(event: OrderCancelled, _recorded: Recorded, rows: Rows) -> None:
    _buy(rows, event.campaign_id, event.net.currency, -1, -event.net.amount)
    _purchase(rows, event, event.order_id, {"cancelled": True})


def _purchase(rows: Rows, event: OfPurchase, purchase_id: UUID, told: dict[str, Any]) -> None:
    """Learn something about a purchase, and let the campaign's margin follow."""
    campaign_id = event.campaign_id
    if campaign_id is None:
        return
    key = purchase_key(campaign_id, event.customer_id, purchase_id)
    before = rows.get(CAMPAIGN_PURCHASES, key) or unknown_purchase(
        campaign_id, event.customer_id, purchase_id
    )
    after = {**before, **told}
    rows.put(CAMPAIGN_PURCHASES, after)
    had, has = margin_of(before), margin_of(after)
    _add(
        rows,
        campaign_id,
        margin=has.amount - had.amount,
        without_margin=has.unknown - had.unknown,
    )


def _buy(
    rows: Rows, campaign_id: UUID | None, currency: str, purchases: int, amount: Decimal
) -> None:
    key = str(campaign_id), currency
    row = rows.get(CAMPAIGN_REVENUE, *key) or {
        "campaign_id": key[0],
        "currency": currency,
        "purchases": 0,
        "revenue": Decimal(0),
    }
    row["purchases"] += purchases
    row["revenue"] += amount
    rows.put(CAMPAIGN_REVENUE, row)
