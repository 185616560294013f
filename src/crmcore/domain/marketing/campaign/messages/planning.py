"""Planning a campaign: terms, budget, dates and target lists."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import (
    Between,
    Channel,
    Length,
    Money,
    Purpose,
    command,
    event,
)
from crmcore.domain.marketing.holdout import Holdout
from crmcore.domain.marketing.terms import (
    RESPONSES,
    Expectation,
    FrequencyCap,
    ListKind,
    Offer,
    ResponseKind,
)

__all__ = [
    "AttachTargetList",
    "CampaignBudgetSet",
    "CampaignPlanned",
    "CampaignScheduled",
    "CopyCampaign",
    "Expectation",
    "FrequencyCap",
    "Holdout",
    "ListKind",
    "Offer",
    "PlanCampaign",
    "ResponseKind",
    "ScheduleCampaign",
    "SetCampaignBudget",
    "TargetListGenerated",
]


Name = Annotated[str, Length(200)]

# Events


@event
class CampaignPlanned:
    """A campaign was planned; ``holdout`` carries the salt that is in force."""

    TOPIC: ClassVar[str] = "campaign-planned"
    SENTENCE: ClassVar[str] = "campaign {name} planned, {starts_at} to {ends_at}"
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
    SENTENCE: ClassVar[str] = "campaign budget set to {budget}"
    campaign_id: UUID
    budget: Money
    at: datetime


@event
class CampaignScheduled:
    """The campaign is to run in ``[starts_at, ends_at)``."""

    TOPIC: ClassVar[str] = "campaign-scheduled"
    SENTENCE: ClassVar[str] = "campaign scheduled, {starts_at} to {ends_at}"
    campaign_id: UUID
    starts_at: datetime
    ends_at: datetime
    at: datetime


@event
class TargetListGenerated:
    """A list of *size* people was drawn up for the campaign, as things stood at ``as_of``."""

    TOPIC: ClassVar[str] = "target-list-generated"
    SENTENCE: ClassVar[str] = "list {name} drawn up: {size} people"
    campaign_id: UUID
    list_id: UUID
    name: str
    kind: ListKind
    size: int
    as_of: datetime
    at: datetime


# Commands


@command
class PlanCampaign:
    """Plan a campaign on one channel for one purpose; all of its money is in *currency*.

    *purpose* is what people must have agreed to.  An *informational* campaign serves another
    purpose than marketing and is exempt from frequency caps.
    """

    TOPIC: ClassVar[str] = "plan-campaign"
    campaign_id: UUID
    name: Name
    kind: Annotated[str, Length(60)]
    channel: Channel
    purpose: Purpose = Purpose.MARKETING
    informational: bool = False
    currency: Annotated[str, Length(3)]
    starts_at: datetime
    ends_at: datetime
    parent_id: UUID | None = None
    copied_from: UUID | None = None
    offer: Offer | None = None
    expected: Expectation | None = None
    holdout: Holdout | None = None
    frequency_cap: FrequencyCap | None = None
    response_kinds: tuple[ResponseKind, ...] = RESPONSES
    at: datetime


@command
class CopyCampaign:
    """Plan a campaign like *source_id* for another time; it starts with no results (INV-M10)."""

    TOPIC: ClassVar[str] = "copy-campaign"
    campaign_id: UUID
    source_id: UUID
    name: Name
    starts_at: datetime
    ends_at: datetime
    at: datetime


@command
class SetCampaignBudget:
    """Say how much may be spent."""

    TOPIC: ClassVar[str] = "set-campaign-budget"
    campaign_id: UUID
    budget: Money
    at: datetime


@command
class ScheduleCampaign:
    """Set when the campaign starts and ends; after the launch, only the end can be moved."""

    TOPIC: ClassVar[str] = "schedule-campaign"
    campaign_id: UUID
    starts_at: datetime
    ends_at: datetime
    at: datetime


@command
class AttachTargetList:
    """Give the campaign a list of *size* people; each of them is then targeted one by one.

    ``as_of`` is the instant whose facts the list was drawn up from: ``at`` if not given.
    """

    TOPIC: ClassVar[str] = "attach-target-list"
    campaign_id: UUID
    list_id: UUID
    name: Name
    kind: ListKind = ListKind.DEFAULT
    size: Annotated[int, Between(0)]
    as_of: datetime | None = None
    at: datetime


PlanningEvent = CampaignPlanned | CampaignBudgetSet | CampaignScheduled | TargetListGenerated
PlanningCommand = PlanCampaign | SetCampaignBudget | ScheduleCampaign | AttachTargetList
