"""The tables of campaign results: a row a campaign, a member, a purchase, and a campaign's currency."""

from sqlalchemy import Boolean, Column, Index, Integer, MetaData, Table, Text

from crmcore.projections.engine.columns import Exact, Instant

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
CAMPAIGN_PURCHASES = Table(
    "campaign_purchases",
    _metadata,
    Column("purchase", Text, primary_key=True),
    Column("campaign_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("purchase_id", Text, nullable=False),
    Column("net", Exact),
    Column("kept", Exact),
    Column("cancelled", Boolean, nullable=False),
    Column("counts", Boolean, nullable=False),
    Column("margin", Exact),
    Column("currency", Text),
)
"""``net`` and ``kept`` of an order, ``margin`` of a conversion in ``currency``; empty until known."""
