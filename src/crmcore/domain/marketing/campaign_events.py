"""What can happen to a campaign: topics and fields are the stored format."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from crmcore.domain.kernel import Channel, Money, Purpose, event
from crmcore.domain.marketing.holdout import Holdout
from crmcore.domain.marketing.terms import (
    CostKind,
    Expectation,
    FrequencyCap,
    ListKind,
    Offer,
    ResponseKind,
)

__all__ = [
    "CampaignApproved",
    "CampaignBudgetSet",
    "CampaignCancelled",
    "CampaignCompleted",
    "CampaignLaunched",
    "CampaignPaused",
    "CampaignPlanned",
    "CampaignResumed",
    "CampaignScheduled",
    "CostIncurred",
    "TargetListGenerated",
]


@event
class CampaignPlanned:
    """A campaign was planned; ``holdout`` carries the salt that is in force."""

    TOPIC: ClassVar[str] = "campaign-planned"
    campaign_id: UUID
    name: str
    kind: str
    channel: Channel
    purpose: Purpose
    informational: bool
    currency: str
    starts_at: datetime
    ends_at: datetime
    parent_id: UUID | None
    copied_from: UUID | None
    offer: Offer | None
    expected: Expectation | None
    holdout: Holdout | None
    frequency_cap: FrequencyCap | None
    response_kinds: tuple[ResponseKind, ...]
    at: datetime


@event
class CampaignBudgetSet:
    """So much may be spent on the campaign."""

    TOPIC: ClassVar[str] = "campaign-budget-set"
    campaign_id: UUID
    budget: Money
    at: datetime


@event
class CampaignScheduled:
    """The campaign is to run in ``[starts_at, ends_at)``."""

    TOPIC: ClassVar[str] = "campaign-scheduled"
    campaign_id: UUID
    starts_at: datetime
    ends_at: datetime
    at: datetime


@event
class TargetListGenerated:
    """A list of *size* people was drawn up for the campaign, as things stood at ``as_of``."""

    TOPIC: ClassVar[str] = "target-list-generated"
    campaign_id: UUID
    list_id: UUID
    name: str
    kind: ListKind
    size: int
    as_of: datetime
    at: datetime


@event
class CampaignApproved:
    """The campaign may be launched."""

    TOPIC: ClassVar[str] = "campaign-approved"
    campaign_id: UUID
    at: datetime


@event
class CampaignLaunched:
    """Messages go out from now on."""

    TOPIC: ClassVar[str] = "campaign-launched"
    campaign_id: UUID
    at: datetime


@event
class CampaignPaused:
    """No message goes out until the campaign is resumed."""

    TOPIC: ClassVar[str] = "campaign-paused"
    campaign_id: UUID
    reason: str | None
    at: datetime


@event
class CampaignResumed:
    """Messages go out again."""

    TOPIC: ClassVar[str] = "campaign-resumed"
    campaign_id: UUID
    at: datetime


@event
class CampaignCompleted:
    """The campaign is over: nobody is addressed any more, answers and costs may still come in."""

    TOPIC: ClassVar[str] = "campaign-completed"
    campaign_id: UUID
    at: datetime


@event
class CampaignCancelled:
    """The campaign was called off."""

    TOPIC: ClassVar[str] = "campaign-cancelled"
    campaign_id: UUID
    reason: str
    at: datetime


@event
class CostIncurred:
    """Money was spent on the campaign."""

    TOPIC: ClassVar[str] = "cost-incurred"
    campaign_id: UUID
    cost_id: UUID
    cost: Money
    kind: CostKind
    note: str | None
    at: datetime
