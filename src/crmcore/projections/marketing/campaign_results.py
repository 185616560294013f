"""Campaign results: how many were addressed and answered, what they bought, what it cost.

One row a campaign, one per currency in which its orders were placed, and one per member, who
is targeted, suppressed or held out as was decided last.  Purchases and revenue come from the
orders that name the campaign (single touch: an order names one), less what was returned or
cancelled, so that nothing counts for two campaigns (INV-M9).
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Integer, MetaData, Table, Text

from crmcore.application.log import Recorded
from crmcore.domain.marketing import campaign
from crmcore.domain.marketing import membership_events as membership
from crmcore.domain.marketing.terms import ResponseKind, Role
from crmcore.domain.sales.order_events import OrderCancelled, OrderPlaced, OrderReturned
from crmcore.projections.engine import Exact, Handler, Instant, Projection, Rows
from crmcore.projections.marketing.campaign_result import CampaignResult, read_results

__all__ = [
    "CAMPAIGN_MEMBERS",
    "CAMPAIGN_RESULTS",
    "CAMPAIGN_REVENUE",
    "CampaignResult",
    "campaign_results",
    "read_results",
]

_metadata = MetaData()
ASSESSED = (membership.MemberTargeted, membership.MemberSuppressed, membership.MemberHeldOut)
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
        version=1,
        tables=(CAMPAIGN_RESULTS, CAMPAIGN_REVENUE, CAMPAIGN_MEMBERS),
        handlers={
            campaign.CampaignPlanned: _planned,
            campaign.CampaignScheduled: _scheduled,
            campaign.CampaignApproved: _status("approved"),
            campaign.CampaignLaunched: _status("running"),
            campaign.CampaignPaused: _status("paused"),
            campaign.CampaignResumed: _status("running"),
            campaign.CampaignCompleted: _status("completed"),
            campaign.CampaignCancelled: _status("cancelled"),
            campaign.CostIncurred: _cost,
            membership.MemberTargeted: _standing("targeted"),
            membership.MemberSuppressed: _standing("suppressed"),
            membership.MemberHeldOut: _standing("held_out"),
            membership.MessageSent: _counted("sends", "recipients"),
            membership.MessageDelivered: _counted(None, "delivered"),
            membership.MessageBounced: _counted("bounces"),
            membership.MessageClicked: _counted("clicks", "clickers"),
            membership.ResponseRecorded: _response,
            membership.ConversionRecorded: _conversion,
            membership.OptOutReceived: _counted("opt_outs"),
            OrderPlaced: _placed,
            OrderReturned: _less(0),
            OrderCancelled: _less(1),
        },
        groups=_groups,
        provenance=False,
    )


def _groups(recorded: Recorded) -> Sequence[str]:
    """The campaign, if there is one; and the member, where it is decided whether to address them."""
    event = recorded.event
    if event.campaign_id is None:
        return ()
    if isinstance(event, ASSESSED):
        return str(event.campaign_id), str(event.membership_id)
    return (str(event.campaign_id),)


def _planned(event: campaign.CampaignPlanned, _recorded: Recorded, rows: Rows) -> None:
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


def _scheduled(event: campaign.CampaignScheduled, _recorded: Recorded, rows: Rows) -> None:
    dates = {"starts_at": event.starts_at, "ends_at": event.ends_at}
    _change(rows, event.campaign_id, lambda row: row.update(dates))


def _status(status: str) -> Handler:
    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        _change(rows, event.campaign_id, lambda row: row.update(status=status))

    return handle


def _cost(event: campaign.CostIncurred, _recorded: Recorded, rows: Rows) -> None:
    _add(rows, event.campaign_id, cost=event.cost.amount)


def _standing(column: str) -> Handler:
    """A handler that counts a member under *column*, and no longer where they were counted before."""

    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        if event.role is not Role.DEFAULT:
            return
        member = {
            "membership_id": str(event.membership_id),
            "campaign_id": str(event.campaign_id),
            "customer_id": str(event.customer_id),
            "standing": column,
        }
        before = rows.get(CAMPAIGN_MEMBERS, member["membership_id"])
        if before is not None:
            _add(rows, event.campaign_id, **{before["standing"]: -1})
        _add(rows, event.campaign_id, **{column: 1})
        rows.put(CAMPAIGN_MEMBERS, member)

    return handle


def _counted(each: str | None, first: str | None = None) -> Handler:
    """A handler that adds to *each*, and to *first* where the member's first such event is seen."""

    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        if event.counted:
            names = [name for name in (each, first if first and event.first else None) if name]
            _add(rows, event.campaign_id, **dict.fromkeys(names, 1))

    return handle


def _response(event: membership.ResponseRecorded, _recorded: Recorded, rows: Rows) -> None:
    if event.counted:
        clicked = event.kind is ResponseKind.CLICK  # counted among the clicks already
        _add(rows, event.campaign_id, responders=int(event.first), responses=0 if clicked else 1)


def _conversion(event: membership.ConversionRecorded, _recorded: Recorded, rows: Rows) -> None:
    if not event.counted or event.held_out:
        return
    margin = Decimal(0) if event.margin is None else event.margin.amount
    _add(
        rows,
        event.campaign_id,
        conversions=1,
        converted=int(event.first),
        margin=margin,
        without_margin=int(event.margin is None),
    )


def _placed(event: OrderPlaced, _recorded: Recorded, rows: Rows) -> None:
    _buy(rows, event.campaign_id, event.net.currency, 1, event.net.amount)


def _less(purchases: int) -> Handler:
    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        _buy(rows, event.campaign_id, event.net.currency, -purchases, -event.net.amount)

    return handle


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
