"""The campaigns of the household panel: planned, mailed, answered and credited.

``completejourney`` says by which rules.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from crmcore import Command, derived_id
from crmcore.cli.importers.journey_panel import Panel
from crmcore.cli.importers.journey_rows import (
    CURRENCY,
    SOURCE,
    Basket,
    Campaign,
    Membership,
    campaign_id,
    customer_id,
    local,
)
from crmcore.cli.importers.row import Planned
from crmcore.cli.importers.sources import Found
from crmcore.commands import (
    ApproveCampaign,
    AttachTargetList,
    Channel,
    CompleteCampaign,
    ConversionKind,
    CostKind,
    IncurCost,
    LaunchCampaign,
    Money,
    PlaceOrder,
    PlanCampaign,
    RecordConversion,
    RecordResponse,
    ResponseKind,
    SendMessage,
    TargetMember,
)

LIST = "household panel"


def campaigns(panel: Panel, contact_cost: Money | None) -> Iterator[Planned]:
    """Each campaign from its plan to its end, with its mailings and what they are taken to cost."""
    for found in panel.campaigns.values():
        members = panel.members.get(found.row.campaign_id, ())
        for command in _launched(found.row, len(members)):
            yield Planned(found.source, found.line, command)
        for member in members:
            yield from _mailed(member, found.row)
        if contact_cost is not None and members:
            yield Planned(found.source, found.line, _cost(found.row, len(members), contact_cost))
        ended = CompleteCampaign(campaign_id=campaign_id(found.row.campaign_id), at=_end(found.row))
        yield Planned(found.source, found.line, ended)


def _end(campaign: Campaign) -> datetime:
    return local(campaign.end_date + timedelta(days=1))


def _launched(campaign: Campaign, size: int) -> Sequence[Command]:
    key, at = campaign_id(campaign.campaign_id), local(campaign.start_date)
    return (
        PlanCampaign(
            campaign_id=key,
            name=f"Campaign {campaign.campaign_id} ({campaign.campaign_type})",
            kind=campaign.campaign_type,
            channel=Channel.POST,
            currency=CURRENCY,
            starts_at=at,
            ends_at=_end(campaign),
            at=at,
        ),
        AttachTargetList(
            campaign_id=key,
            list_id=derived_id(SOURCE, "list", campaign.campaign_id),
            name=LIST,
            size=size,
            at=at,
        ),
        ApproveCampaign(campaign_id=key, at=at),
        LaunchCampaign(campaign_id=key, allow_empty=True, at=at),
    )


def _cost(campaign: Campaign, mailed: int, contact_cost: Money) -> IncurCost:
    return IncurCost(
        campaign_id=campaign_id(campaign.campaign_id),
        cost_id=derived_id(SOURCE, "mailing", campaign.campaign_id),
        cost=contact_cost.times(mailed),
        kind=CostKind.POSTAGE,
        note=f"assumed: {mailed} mailings at {contact_cost}",
        at=local(campaign.start_date),
    )


def credited(panel: Panel, basket: Basket) -> UUID | None:
    """The campaign that a basket counts for; None where no coupon of a campaign was redeemed."""
    redeemed = panel.redemptions.get(basket.first.basket_id, ())
    coupons = Counter(found.row.campaign_id for _, found in redeemed)
    if not coupons:
        return None

    def weight(key: str) -> tuple[int, int, str]:
        return -coupons[key], -panel.campaigns[key].row.start_date.toordinal(), key

    return campaign_id(min(coupons, key=weight))


def _mailed(member: Found[Membership], campaign: Campaign) -> Iterator[Planned]:
    key, customer = campaign_id(campaign.campaign_id), customer_id(member.row.household_id)
    at = local(campaign.start_date)
    message = derived_id(SOURCE, "message", campaign.campaign_id, member.row.household_id)
    wanted: Sequence[Command] = (
        TargetMember(campaign_id=key, customer_id=customer, list_name=LIST, at=at),
        SendMessage(campaign_id=key, customer_id=customer, message_id=message, at=at),
    )
    yield from (Planned(member.source, member.line, command) for command in wanted)


def redemptions(panel: Panel, basket_id: str | None) -> Iterator[Planned]:
    """The coupons redeemed at a basket, or at none that is known: each a response."""
    for visit, found in panel.redemptions.get(basket_id, ()):
        row = found.row
        parts = (row.household_id, row.campaign_id, row.coupon_upc, row.redemption_date.isoformat())
        response = RecordResponse(
            campaign_id=campaign_id(row.campaign_id),
            customer_id=customer_id(row.household_id),
            response_id=derived_id(SOURCE, "redemption", *parts),
            kind=ResponseKind.REDEMPTION,
            at=visit.at,
        )
        yield Planned(found.source, found.line, response)


def conversion(
    basket: Basket, order: PlaceOrder, credited_to: UUID, gross_margin: Decimal | None
) -> Planned:
    """That the campaign led to the order: worth its lines after discounts, of it the margin."""
    first = basket.lines[0]
    net = Money.total((line.net for line in order.lines), CURRENCY)
    led_to = RecordConversion(
        campaign_id=credited_to,
        customer_id=order.customer_id,
        conversion_id=order.order_id,
        kind=ConversionKind.ORDER,
        amount=net,
        margin=None if gross_margin is None else net.times(gross_margin),
        at=order.at,
    )
    return Planned(first.source, first.line, led_to)
