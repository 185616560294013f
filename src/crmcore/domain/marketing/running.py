"""Running a campaign: approval, launch, pause, resumption, costs, and how it ends.

Commands and ``decide`` over the campaign's state; its events are in ``campaign``.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, assert_never
from uuid import UUID

from crmcore.domain.kernel import AlreadyExistsError, Length, Money, NotAllowedError, command
from crmcore.domain.marketing.campaign import (
    Campaign,
    CampaignApproved,
    CampaignCancelled,
    CampaignCompleted,
    CampaignLaunched,
    CampaignPaused,
    CampaignResumed,
    CostIncurred,
    Event,
    State,
    Status,
    planned,
)
from crmcore.domain.marketing.terms import CostKind, payable


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


class NotApprovedError(NotAllowedError):
    """The campaign is to be launched before it was approved (INV-M1)."""


class EmptyAudienceError(NotAllowedError):
    """The campaign is to be launched with nobody on its lists (INV-M1)."""


class NotRunningError(NotAllowedError):
    """The command needs a campaign that was launched."""


Command = (
    ApproveCampaign
    | LaunchCampaign
    | PauseCampaign
    | ResumeCampaign
    | CompleteCampaign
    | CancelCampaign
    | IncurCost
)


def decide(command: Command, state: State) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it."""
    campaign = planned(command.campaign_id, state)
    match command:
        case ApproveCampaign():
            return _approve(command, campaign)
        case LaunchCampaign():
            return _launch(command, campaign)
        case PauseCampaign():
            return _pause(command, campaign)
        case ResumeCampaign():
            return _resume(command, campaign)
        case CompleteCampaign():
            return _complete(command, campaign)
        case CancelCampaign():
            return _cancel(command, campaign)
        case IncurCost():
            return _incur(command, campaign)
        case _:
            assert_never(command)


def _approve(command: ApproveCampaign, state: Campaign) -> Sequence[Event]:
    if state.approved_at is not None:
        return []
    state.refuse_if_ended()
    return [CampaignApproved(campaign_id=command.campaign_id, at=command.at)]


def _launch(command: LaunchCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is Status.RUNNING or state.launched_at == command.at:
        return []
    state.refuse_if_ended()
    if state.status is Status.PAUSED:
        raise NotAllowedError(f"campaign {command.campaign_id} is paused: resume it")
    if state.approved_at is None:
        raise NotApprovedError(f"campaign {command.campaign_id} is not approved: approve it first")
    if not state.has_audience and not command.allow_empty:
        raise EmptyAudienceError(
            f"campaign {command.campaign_id} has nobody on a default list: attach a list, or say"
            " allow_empty"
        )
    _refuse_outside_dates(command.at, state)
    return [CampaignLaunched(campaign_id=command.campaign_id, at=command.at)]


def _pause(command: PauseCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is Status.PAUSED:
        return []
    _launched(state)
    return [CampaignPaused(campaign_id=command.campaign_id, reason=command.reason, at=command.at)]


def _resume(command: ResumeCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is Status.RUNNING:
        return []
    _launched(state)
    _refuse_outside_dates(command.at, state)
    return [CampaignResumed(campaign_id=command.campaign_id, at=command.at)]


def _complete(command: CompleteCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is Status.COMPLETED:
        return []
    _launched(state)
    return [CampaignCompleted(campaign_id=command.campaign_id, at=command.at)]


def _cancel(command: CancelCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is Status.CANCELLED:
        return []
    state.refuse_if_ended()
    return [
        CampaignCancelled(campaign_id=command.campaign_id, reason=command.reason, at=command.at)
    ]


def _incur(command: IncurCost, state: Campaign) -> Sequence[Event]:
    payable("cost", command.cost, state.plan.currency)
    event = CostIncurred(
        campaign_id=command.campaign_id,
        cost_id=command.cost_id,
        cost=command.cost,
        kind=command.kind,
        note=command.note,
        at=command.at,
    )
    known = state.costs.get(command.cost_id)
    if known is None:
        return [event]
    if known == event:
        return []
    raise AlreadyExistsError(
        "cost", command.cost_id, "book a further cost under its own id", at=known.at
    )


def _refuse_outside_dates(at: datetime, state: Campaign) -> None:
    state.refuse_before_start(at)
    state.refuse_after_end(at)


def _launched(state: Campaign) -> None:
    state.refuse_if_ended()
    if state.launched_at is None:
        raise NotRunningError(
            f"campaign {state.plan.campaign_id} is {state.status}: approve and launch it first"
        )
