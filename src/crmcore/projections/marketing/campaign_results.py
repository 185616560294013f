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
)
from crmcore.domain.marketing.membership.messages.addressing import (
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
from crmcore.projections.engine.projection import Handler, Projection, Rows
from crmcore.projections.marketing import purchases
from crmcore.projections.marketing.purchases import purchase_key
from crmcore.projections.marketing.tables import (
    CAMPAIGN_MEMBERS,
    CAMPAIGN_PURCHASES,
    CAMPAIGN_RESULTS,
    CAMPAIGN_REVENUE,
    COUNTS,
    add_to_result,
    change_result,
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
            MemberTargeted: _assessed("targeted"),
            MemberSuppressed: _assessed("suppressed"),
            MemberHeldOut: _assessed("held_out"),
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


def _scheduled(event: CampaignScheduled, _recorded: Recorded, rows: Rows) -> None:
    dates = {"starts_at": event.starts_at, "ends_at": event.ends_at}
    change_result(rows, event.campaign_id, **dates)


def _status(status: str) -> Handler:
    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        change_result(rows, event.campaign_id, status=status)

    return handle


def _cost(event: CostIncurred, _recorded: Recorded, rows: Rows) -> None:
    add_to_result(rows, event.campaign_id, cost=event.cost.amount)


def _assessed(column: str) -> Handler:
    """A handler that counts a member under *column*, and no longer where they were counted before."""

    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        if event.role is Role.DEFAULT:
            _count_member(event, column, rows)

    return handle


def _sent(event: MessageSent, _recorded: Recorded, rows: Rows) -> None:
    if event.counted:
        _count_member(event, "targeted", rows)
        add_to_result(rows, event.campaign_id, sends=1, recipients=int(event.first))


def _count_member(event: Any, column: str, rows: Rows) -> None:
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
        add_to_result(rows, event.campaign_id, **{before["standing"]: -1})
    add_to_result(rows, event.campaign_id, **{column: 1})
    rows.put(CAMPAIGN_MEMBERS, member)


def _counted(each: str | None, first: str | None = None) -> Handler:
    """A handler that adds to *each*, and to *first* where the member's first such event is seen."""

    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        if event.counted:
            names = [name for name in (each, first if first and event.first else None) if name]
            add_to_result(rows, event.campaign_id, **dict.fromkeys(names, 1))

    return handle


def _response(event: ResponseRecorded, _recorded: Recorded, rows: Rows) -> None:
    if event.counted:
        clicked = event.kind is ResponseKind.CLICK  # counted among the clicks already
        add_to_result(
            rows, event.campaign_id, responders=int(event.first), responses=0 if clicked else 1
        )
