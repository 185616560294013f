"""Running a campaign: what follows from approval, launch, pause, resumption, costs, and its end."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from crmcore.domain.kernel import (
    AlreadyExistsError,
    NotAllowedError,
)
from crmcore.domain.marketing.campaign.messages.running import (
    ApproveCampaign,
    CampaignApproved,
    CampaignCancelled,
    CampaignCompleted,
    CampaignLaunched,
    CampaignPaused,
    CampaignResumed,
    CancelCampaign,
    CompleteCampaign,
    CostIncurred,
    IncurCost,
    LaunchCampaign,
    PauseCampaign,
    ResumeCampaign,
    RunningCommand,
)
from crmcore.domain.marketing.campaign.state import (
    Campaign,
    CampaignStatus,
    Event,
    State,
    require_planned,
)
from crmcore.domain.marketing.terms import require_payable


class NotApprovedError(NotAllowedError):
    """The campaign is to be launched before it was approved (INV-M1)."""


class EmptyAudienceError(NotAllowedError):
    """The campaign is to be launched with nobody on its lists (INV-M1)."""


class NotRunningError(NotAllowedError):
    """The command needs a campaign that was launched."""


def decide(command: RunningCommand, state: State) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it."""
    campaign = require_planned(command.campaign_id, state)
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
    state.require_open()
    return [CampaignApproved(campaign_id=command.campaign_id, at=command.at)]


def _launch(command: LaunchCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is CampaignStatus.RUNNING or state.launched_at == command.at:
        return []
    state.require_open()
    if state.status is CampaignStatus.PAUSED:
        raise NotAllowedError(f"campaign {command.campaign_id} is paused: resume it")
    if state.approved_at is None:
        raise NotApprovedError(f"campaign {command.campaign_id} is not approved: approve it first")
    if not state.has_audience and not command.allow_empty:
        raise EmptyAudienceError(
            f"campaign {command.campaign_id} has nobody on a default list: attach a list, or say"
            " allow_empty"
        )
    _require_within_dates(command.at, state)
    return [CampaignLaunched(campaign_id=command.campaign_id, at=command.at)]


def _pause(command: PauseCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is CampaignStatus.PAUSED:
        return []
    _require_launched(state)
    return [CampaignPaused(campaign_id=command.campaign_id, reason=command.reason, at=command.at)]


def _resume(command: ResumeCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is CampaignStatus.RUNNING:
        return []
    _require_launched(state)
    _require_within_dates(command.at, state)
    return [CampaignResumed(campaign_id=command.campaign_id, at=command.at)]


def _complete(command: CompleteCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is CampaignStatus.COMPLETED:
        return []
    _require_launched(state)
    return [CampaignCompleted(campaign_id=command.campaign_id, at=command.at)]


def _cancel(command: CancelCampaign, state: Campaign) -> Sequence[Event]:
    if state.status is CampaignStatus.CANCELLED:
        return []
    state.require_open()
    return [
        CampaignCancelled(campaign_id=command.campaign_id, reason=command.reason, at=command.at)
    ]


def _incur(command: IncurCost, state: Campaign) -> Sequence[Event]:
    require_payable("cost", command.cost, state.plan.currency)
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


def _require_within_dates(at: datetime, state: Campaign) -> None:
    state.require_started(at)
    state.require_not_over(at)


def _require_launched(state: Campaign) -> None:
    state.require_open()
    if state.launched_at is None:
        raise NotRunningError(
            f"campaign {state.plan.campaign_id} is {state.status}: approve and launch it first"
        )
