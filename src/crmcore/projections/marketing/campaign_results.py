"""Campaign results: how many were addressed and answered, what they bought, what it cost.

One row a campaign, and one per currency in which its orders were placed.  Purchases and
revenue come from the orders that name the campaign (single touch: an order names one), less
what was returned or cancelled, so that nothing counts for two campaigns (INV-M9).
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Column, Connection, Integer, MetaData, Table, Text, select

from crmcore.application.log import Recorded
from crmcore.domain.marketing import campaign
from crmcore.domain.marketing import membership_events as membership
from crmcore.domain.marketing.terms import ResponseKind
from crmcore.domain.sales.order_events import OrderCancelled, OrderPlaced, OrderReturned
from crmcore.projections.engine import Exact, Handler, Instant, Projection, Rows

__all__ = [
    "CAMPAIGN_RESULTS",
    "CAMPAIGN_REVENUE",
    "CampaignResult",
    "campaign_results",
    "read_results",
]

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


@attrs.frozen(kw_only=True)
class CampaignResult:
    """What a campaign brought; ``revenue``, ``margin`` and ``cost`` in its own ``currency``.

    ``purchases`` counts orders in every currency; ``other_revenue`` holds what was bought in
    other currencies, which would need a rate to be added.
    """

    campaign_id: UUID
    name: str
    kind: str
    channel: str
    status: str
    currency: str
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
    converted: int
    conversions: int
    opt_outs: int
    margin: Decimal
    without_margin: int
    cost: Decimal
    purchases: int
    revenue: Decimal
    other_revenue: dict[str, Decimal]

    @property
    def members(self) -> int:
        """Everybody whom the campaign was meant for: targeted, suppressed or held out."""
        return self.targeted + self.suppressed + self.held_out

    @property
    def interactions(self) -> int:
        """Responses and clicks (domain metric K6, default definition)."""
        return self.responses + self.clicks

    @property
    def cost_per_interaction(self) -> Decimal | None:
        """K6: actual cost / interactions; None without an interaction."""
        return self.cost / self.interactions if self.interactions else None

    @property
    def response_rate(self) -> Decimal | None:
        """K10: members who responded / members whom a message reached.

        Channels that report no deliveries count whom a message was sent to.
        """
        reached = self.delivered or self.recipients
        return Decimal(self.responders) / reached if reached else None

    @property
    def roi(self) -> Decimal | None:
        """K12: (attributed gross margin - cost) / cost.

        None without cost, and where the margin of a conversion is not known.
        """
        known = self.conversions and not self.without_margin
        return (self.margin - self.cost) / self.cost if self.cost and known else None

    @property
    def roas(self) -> Decimal | None:
        """K12, revenue variant (return on advertising spend): revenue / cost; None without cost."""
        return self.revenue / self.cost if self.cost else None


def read_results(
    connection: Connection, results: Table, revenue: Table, campaign_id: UUID | None = None
) -> list[CampaignResult]:
    """Every campaign's result, or one's, in the order in which they start."""
    query = select(results).order_by(results.c.starts_at, results.c.campaign_id)
    if campaign_id is not None:
        query = query.where(results.c.campaign_id == str(campaign_id))
    bought: dict[str, dict[str, tuple[int, Decimal]]] = {}
    for key, currency, purchases, amount in connection.execute(select(revenue)):
        bought.setdefault(key, {})[currency] = purchases, amount
    return [
        _result(dict(row._mapping), bought.get(row.campaign_id, {}))
        for row in connection.execute(query)
    ]


def _result(row: dict[str, Any], bought: dict[str, tuple[int, Decimal]]) -> CampaignResult:
    fields = {name: row[name] for name in attrs.fields_dict(CampaignResult) if name in row}
    _, own = bought.get(row["currency"], (0, Decimal(0)))
    others = {key: amount for key, (_, amount) in bought.items() if key != row["currency"]}
    return CampaignResult(
        **fields | {"campaign_id": UUID(row["campaign_id"])},
        purchases=sum(purchases for purchases, _ in bought.values()),
        revenue=own,
        other_revenue=others,
    )


def campaign_results() -> Projection:
    """The read model."""
    return Projection(
        name="campaign_results",
        version=1,
        tables=(CAMPAIGN_RESULTS, CAMPAIGN_REVENUE),
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
            membership.MemberSuppressed: _suppressed,
            membership.MemberHeldOut: _standing("held_out"),
            membership.MessageSent: _counted("sends", "recipients"),
            membership.MessageDelivered: _counted(None, "delivered"),
            membership.MessageBounced: _counted("bounces"),
            membership.MessageClicked: _counted("clicks"),
            membership.ResponseRecorded: _response,
            membership.ConversionRecorded: _conversion,
            membership.OptOutReceived: _counted("opt_outs"),
            OrderPlaced: _placed,
            OrderReturned: _less(0),
            OrderCancelled: _less(1),
        },
        groups=_by_campaign,
    )


def _by_campaign(recorded: Recorded) -> Sequence[str]:
    campaign_id = recorded.event.campaign_id
    return () if campaign_id is None else (str(campaign_id),)


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
    def handle(event: Any, _recorded: Recorded, rows: Rows) -> None:
        if event.role == "default":
            _add(rows, event.campaign_id, **{column: 1})

    return handle


def _suppressed(event: membership.MemberSuppressed, _recorded: Recorded, rows: Rows) -> None:
    """Whoever was targeted before and is held back at sending moves from one count to the other."""
    if event.role != "default":
        return
    if event.message_id is None:
        _add(rows, event.campaign_id, suppressed=1)
    else:
        _add(rows, event.campaign_id, suppressed=1, targeted=-1)


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
