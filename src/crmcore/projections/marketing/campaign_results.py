"""Campaign results: how many were addressed and answered, what they bought, what it cost.

One row a campaign, one per currency in which its orders were placed, and one per member, who
is targeted, suppressed or held out as was decided last: to whom a message goes that counts is
targeted, whatever was said before.  Purchases and revenue come from the
orders that name the campaign (single touch: an order names one), less what was returned or
cancelled, so that nothing counts for two campaigns (INV-M9).  One row a purchase keeps its margin
(``purchases``).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

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
    StatusEvent,
)
from crmcore.domain.marketing.campaign.state import Status, status_after
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
from crmcore.domain.marketing.membership.state import MemberStatus
from crmcore.domain.marketing.membership.state import status_after as member_status_after
from crmcore.domain.marketing.terms import ResponseKind, Role
from crmcore.domain.sales.order.messages import OrderCancelled, OrderPlaced, OrderReturned
from crmcore.projections.engine.changes import increment, update, upsert
from crmcore.projections.engine.projection import Handler, Projection, Rows
from crmcore.projections.marketing import purchases
from crmcore.projections.marketing.purchases import purchase_key
from crmcore.projections.marketing.tables import (
    CAMPAIGN_MEMBERS,
    CAMPAIGN_PURCHASES,
    CAMPAIGN_RESULTS,
    CAMPAIGN_REVENUE,
    COUNTS,
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
            CampaignApproved: _status,
            CampaignLaunched: _status,
            CampaignPaused: _status,
            CampaignResumed: _status,
            CampaignCompleted: _status,
            CampaignCancelled: _status,
            CostIncurred: _cost,
            MemberTargeted: _assessed,
            MemberSuppressed: _assessed,
            MemberHeldOut: _assessed,
            MessageSent: _sent,
            MessageDelivered: _counted(None, "delivered"),
            MessageBounced: _counted("bounces"),
            MessageClicked: _counted("clicks", "clickers"),
            ResponseRecorded: _response,
            ConversionRecorded: purchases.on_conversion,
            OptOutReceived: _counted("opt_outs"),
            OrderPlaced: purchases.on_order,
            OrderReturned: purchases.on_return,
            OrderCancelled: purchases.on_cancellation,
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
        status=Status.PLANNED,
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
    if event.role is Role.DEFAULT:
        _count_member(event, member_status_after(event), rows)


def _sent(event: MessageSent, _recorded: Recorded, rows: Rows) -> None:
    if event.counted:
        _count_member(event, MemberStatus.TARGETED, rows)
        counts = {"sends": increment(), "recipients": increment(int(event.first))}
        update(rows, CAMPAIGN_RESULTS, event.campaign_id, **counts)


def _count_member(event: Assessed | MessageSent, status: MemberStatus, rows: Rows) -> None:
    """Count a member under their *status*, and no longer where they were counted before."""
    key = str(event.membership_id)
    before = rows.get(CAMPAIGN_MEMBERS, key)
    if before is not None and before["standing"] == status.value:
        return
    counts = {status.value: increment(1)}
    if before is not None:
        counts[before["standing"]] = increment(-1)
    update(rows, CAMPAIGN_RESULTS, event.campaign_id, **counts)
    upsert(
        rows,
        CAMPAIGN_MEMBERS,
        key,
        campaign_id=event.campaign_id,
        customer_id=event.customer_id,
        standing=status,
    )


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
