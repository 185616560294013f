"""Campaign results: how many were addressed and answered, what they bought, what it cost.

One row a campaign, one per currency in which its orders were placed, and one per member, who
is targeted, suppressed or held out as was decided last: to whom a message goes that counts is
targeted, whatever was said before.  Purchases and revenue come from the
orders that name the campaign (single touch: an order names one), less what was returned or
cancelled, so that nothing counts for two campaigns (INV-M9).  One row a purchase keeps its margin
(``purchases``).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, Table, Text

from crmcore.application.log import Recorded
from crmcore.domain.kernel import Channel
from crmcore.domain.marketing.campaign.messages.planning import CampaignPlanned, CampaignScheduled
from crmcore.domain.marketing.campaign.messages.running import (
    CostIncurred,
    StatusEvent,
)
from crmcore.domain.marketing.campaign.state import CampaignStatus, status_after
from crmcore.domain.marketing.membership.messages.addressing import (
    Assessed,
    MemberHeldOut,
    MemberSuppressed,
    MemberTargeted,
    MessageSent,
)
from crmcore.domain.marketing.membership.messages.results import (
    ConversionRecorded,
    MessageBounced,
    MessageClicked,
    MessageDelivered,
    OptOutReceived,
    ResponseRecorded,
)
from crmcore.domain.marketing.terms import ResponseKind, Role
from crmcore.domain.sales.order.messages import OrderCancelled, OrderPlaced, OrderReturned
from crmcore.projections.engine.changes import increment, update, upsert
from crmcore.projections.engine.columns import Exact, Instant
from crmcore.projections.engine.projection import Handler, Projection, Rows
from crmcore.projections.marketing import purchases
from crmcore.projections.marketing.members import CAMPAIGN_MEMBERS, count_member
from crmcore.projections.marketing.purchases import (
    CAMPAIGN_PURCHASES,
    CAMPAIGN_REVENUE,
    OfOrder,
    purchase_key,
)
from crmcore.projections.results import result

_metadata = MetaData()
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
    status: CampaignStatus
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


def read_result(row: dict[str, Any], bought: Bought) -> CampaignResult:
    """The result of a campaign, from its row and what was bought."""
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
            "status": CampaignStatus(row["status"]),
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


def campaign_results() -> Projection:
    """The read model."""
    return Projection(
        name="campaign_results",
        version=3,
        tables=(CAMPAIGN_RESULTS, CAMPAIGN_REVENUE, CAMPAIGN_MEMBERS, CAMPAIGN_PURCHASES),
        handlers={
            CampaignPlanned: _planned,
            CampaignScheduled: _scheduled,
            **dict.fromkeys(get_args(StatusEvent), _status),
            CostIncurred: _cost,
            **dict.fromkeys(get_args(Assessed), _assessed),
            MessageSent: _sent,
            MessageDelivered: _counted(None, "delivered"),
            MessageBounced: _counted("bounces"),
            MessageClicked: _counted("clicks", "clickers"),
            ResponseRecorded: _response,
            ConversionRecorded: _converted,
            OptOutReceived: _counted("opt_outs"),
            OrderPlaced: _ordered,
            OrderReturned: _ordered,
            OrderCancelled: _ordered,
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
    upsert(
        rows,
        CAMPAIGN_RESULTS,
        event.campaign_id,
        name=event.name,
        kind=event.kind,
        channel=event.channel,
        status=CampaignStatus.PLANNED,
        currency=event.currency,
        starts_at=event.starts_at,
        ends_at=event.ends_at,
        margin=Decimal(0),
        without_margin=0,
        cost=Decimal(0),
        **dict.fromkeys(COUNTS, 0),
    )


def _scheduled(event: CampaignScheduled, _recorded: Recorded, rows: Rows) -> None:
    dates = {"starts_at": event.starts_at, "ends_at": event.ends_at}
    update(rows, CAMPAIGN_RESULTS, event.campaign_id, **dates)


def _status(event: StatusEvent, _recorded: Recorded, rows: Rows) -> None:
    update(rows, CAMPAIGN_RESULTS, event.campaign_id, status=status_after(event))


def _cost(event: CostIncurred, _recorded: Recorded, rows: Rows) -> None:
    update(rows, CAMPAIGN_RESULTS, event.campaign_id, cost=increment(event.cost.amount))


def _assessed(event: Assessed, _recorded: Recorded, rows: Rows) -> None:
    counts = count_member(rows, event) if event.role is Role.DEFAULT else {}
    if counts:
        update(rows, CAMPAIGN_RESULTS, event.campaign_id, **counts)


def _sent(event: MessageSent, _recorded: Recorded, rows: Rows) -> None:
    if event.counted:
        counts = {"sends": increment(), "recipients": increment(int(event.first))}
        counts |= count_member(rows, event)
        update(rows, CAMPAIGN_RESULTS, event.campaign_id, **counts)


def _counted(each: str | None, first: str | None = None) -> Handler:
    """A handler that adds to *each*, and to *first* where the member's first such event is seen."""

    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        if event.counted:
            names = [name for name in (each, first if first and event.first else None) if name]
            counts = {name: increment() for name in names}
            update(rows, CAMPAIGN_RESULTS, event.campaign_id, **counts)

    return handle


def _response(event: ResponseRecorded, _recorded: Recorded, rows: Rows) -> None:
    if event.counted:
        clicked = event.kind is ResponseKind.CLICK  # counted among the clicks already
        update(
            rows,
            CAMPAIGN_RESULTS,
            event.campaign_id,
            responders=increment(int(event.first)),
            responses=increment(0 if clicked else 1),
        )


def _converted(event: ConversionRecorded, _recorded: Recorded, rows: Rows) -> None:
    counts = event.counted and not event.held_out
    changes = dict(purchases.record_conversion(rows, event, counts))
    if counts:
        changes |= {"conversions": increment(), "converted": increment(int(event.first))}
    update(rows, CAMPAIGN_RESULTS, event.campaign_id, **changes)


def _ordered(event: OfOrder, _recorded: Recorded, rows: Rows) -> None:
    if event.campaign_id is not None:
        changes = purchases.record_order(rows, event.campaign_id, event)
        update(rows, CAMPAIGN_RESULTS, event.campaign_id, **changes)
