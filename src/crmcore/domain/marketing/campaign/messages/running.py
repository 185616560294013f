"""Running a campaign: approval, launch, pause, resumption, costs, and how it ends."""

from datetime import datetime
from typing import Annotated, ClassVar
from uuid import UUID

from crmcore.domain.kernel import (
    Length,
    Money,
    command,
    event,
)
from crmcore.domain.marketing.terms import CostKind

__all__ = [
    "ApproveCampaign",
    "CampaignApproved",
    "CampaignCancelled",
    "CampaignCompleted",
    "CampaignLaunched",
    "CampaignPaused",
    "CampaignResumed",
    "CancelCampaign",
    "CompleteCampaign",
    "CostIncurred",
    "CostKind",
    "IncurCost",
    "LaunchCampaign",
    "PauseCampaign",
    "ResumeCampaign",
]


# Events


@event
class CampaignApproved:
    """The campaign may be launched."""

    TOPIC: ClassVar[str] = "campaign-approved"
    SENTENCE: ClassVar[str] = "campaign approved"
    campaign_id: UUID
    at: datetime


@event
class CampaignLaunched:
    """Messages go out from now on."""

    TOPIC: ClassVar[str] = "campaign-launched"
    SENTENCE: ClassVar[str] = "campaign launched"
    campaign_id: UUID
    at: datetime


@event
class CampaignPaused:
    """No message goes out until the campaign is resumed."""

    TOPIC: ClassVar[str] = "campaign-paused"
    SENTENCE: ClassVar[str] = "campaign paused[: {reason}]"
    campaign_id: UUID
    reason: str | None
    at: datetime


@event
class CampaignResumed:
    """Messages go out again."""

    TOPIC: ClassVar[str] = "campaign-resumed"
    SENTENCE: ClassVar[str] = "campaign resumed"
    campaign_id: UUID
    at: datetime


@event
class CampaignCompleted:
    """The campaign is over: nobody is addressed any more, answers and costs may still come in."""

    TOPIC: ClassVar[str] = "campaign-completed"
    SENTENCE: ClassVar[str] = "campaign completed"
    campaign_id: UUID
    at: datetime


@event
class CampaignCancelled:
    """The campaign was called off."""

    TOPIC: ClassVar[str] = "campaign-cancelled"
    SENTENCE: ClassVar[str] = "campaign cancelled: {reason}"
    campaign_id: UUID
    reason: str
    at: datetime


@event
class CostIncurred:
    """Money was spent on the campaign."""

    TOPIC: ClassVar[str] = "cost-incurred"
    SENTENCE: ClassVar[str] = "{cost} spent on {kind:words}[: {note}]"
    campaign_id: UUID
    cost_id: UUID
    cost: Money
    kind: CostKind
    note: str | None
    at: datetime


# Commands


@command
class ApproveCampaign:
    """Allow the campaign to be launched."""

    TOPIC: ClassVar[str] = "approve-campaign"
    campaign_id: UUID
    at: datetime


@command
class LaunchCampaign:
    """Start sending, within the campaign's dates.

    Without anybody on a default list only if *allow_empty* (INV-M1).
    """

    TOPIC: ClassVar[str] = "launch-campaign"
    campaign_id: UUID
    allow_empty: bool = False
    at: datetime


@command
class PauseCampaign:
    """Stop sending for a while."""

    TOPIC: ClassVar[str] = "pause-campaign"
    campaign_id: UUID
    reason: Annotated[str, Length(500)] | None = None
    at: datetime


@command
class ResumeCampaign:
    """Go on sending, within the campaign's dates."""

    TOPIC: ClassVar[str] = "resume-campaign"
    campaign_id: UUID
    at: datetime


@command
class CompleteCampaign:
    """End a campaign that ran."""

    TOPIC: ClassVar[str] = "complete-campaign"
    campaign_id: UUID
    at: datetime


@command
class CancelCampaign:
    """Call a campaign off."""

    TOPIC: ClassVar[str] = "cancel-campaign"
    campaign_id: UUID
    reason: Annotated[str, Length(500)]
    at: datetime


@command
class IncurCost:
    """Book money spent on the campaign: 0 or more in its currency, after its end too."""

    TOPIC: ClassVar[str] = "incur-cost"
    campaign_id: UUID
    cost_id: UUID
    cost: Money
    kind: CostKind = CostKind.OTHER
    note: Annotated[str, Length(500)] | None = None
    at: datetime


StatusEvent = (
    CampaignApproved
    | CampaignLaunched
    | CampaignPaused
    | CampaignResumed
    | CampaignCompleted
    | CampaignCancelled
)
RunningEvent = StatusEvent | CostIncurred
RunningCommand = (
    ApproveCampaign
    | LaunchCampaign
    | PauseCampaign
    | ResumeCampaign
    | CompleteCampaign
    | CancelCampaign
    | IncurCost
)
