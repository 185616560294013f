"""The members of campaigns: each counts under the status that was decided last."""

from sqlalchemy import Column, Index, MetaData, Table, Text

from crmcore.domain.marketing.membership.messages.addressing import Assessed, MessageSent
from crmcore.domain.marketing.membership.state import MemberStatus, status_after
from crmcore.projections.engine.changes import Change, increment, upsert
from crmcore.projections.engine.projection import Rows

CAMPAIGN_MEMBERS = Table(
    "campaign_members",
    MetaData(),
    Column("membership_id", Text, primary_key=True),
    Column("campaign_id", Text, nullable=False),
    Column("customer_id", Text, nullable=False),
    Column("standing", Text, nullable=False),
    Index("campaign_members_campaign", "campaign_id"),
)


def count_member(rows: Rows, event: Assessed | MessageSent) -> dict[str, Change]:
    """Note a member's status; what that changes in the campaign's result.

    To whom a message goes that counts is targeted, whatever was decided before.
    """
    status = MemberStatus.TARGETED if isinstance(event, MessageSent) else status_after(event)
    before = rows.get(CAMPAIGN_MEMBERS, str(event.membership_id))
    if before is not None and before["standing"] == status.value:
        return {}
    upsert(
        rows,
        CAMPAIGN_MEMBERS,
        event.membership_id,
        campaign_id=event.campaign_id,
        customer_id=event.customer_id,
        standing=status,
    )
    counts = {status.value: increment(1)}
    if before is not None:
        counts[before["standing"]] = increment(-1)
    return counts
