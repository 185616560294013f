"""The state of a campaign: how its events are folded, and what must come before what."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    CLOCK_SKEW,
    Money,
    NotAllowedError,
    NotFoundError,
)
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.marketing.campaign.messages.planning import (
    CampaignBudgetSet,
    CampaignPlanned,
    CampaignScheduled,
    PlanningEvent,
    TargetListGenerated,
)
from crmcore.domain.marketing.campaign.messages.running import (
    CampaignApproved,
    CampaignCancelled,
    CampaignCompleted,
    CampaignLaunched,
    CampaignPaused,
    CampaignResumed,
    CostIncurred,
    RunningEvent,
    StatusEvent,
)
from crmcore.domain.marketing.terms import ListKind


class CampaignStatus(StrEnum):
    """Where a campaign stands."""

    PLANNED = "planned"
    APPROVED = "approved"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class CampaignEndedError(NotAllowedError):
    """The campaign is completed or cancelled: only answers and costs can still come in (INV-M1)."""


class OutsideDatesError(NotAllowedError):
    """The campaign would run before its start or after its end."""


@frozen
class NotPlanned:
    """Nothing was planned yet."""


@frozen(kw_only=True)
class Campaign:
    """A campaign, its lists and its costs so far; it runs in ``[starts_at, ends_at)``.

    ``since`` is when it came to its present ``status``.
    """

    plan: CampaignPlanned
    starts_at: datetime
    ends_at: datetime
    status: CampaignStatus = CampaignStatus.PLANNED
    budget: Money | None = None
    lists: Mapping[UUID, TargetListGenerated] = attrs.Factory(dict)
    costs: Mapping[UUID, CostIncurred] = attrs.Factory(dict)
    approved_at: datetime | None = None
    launched_at: datetime | None = None
    since: datetime

    @property
    def is_ended(self) -> bool:
        """Whether it is completed or cancelled."""
        return self.status in (CampaignStatus.COMPLETED, CampaignStatus.CANCELLED)

    @property
    def has_audience(self) -> bool:
        """Whether there is anybody on a default list."""
        return any(one.kind is ListKind.DEFAULT and one.size for one in self.lists.values())

    @property
    def spent(self) -> Money:
        """All costs so far."""
        return Money.total((one.cost for one in self.costs.values()), self.plan.currency)

    def require_open(self) -> None:
        """Raise ``CampaignEndedError`` for a campaign that is over."""
        if self.is_ended:
            raise CampaignEndedError(
                f"campaign {self.plan.campaign_id} is {self.status}: only answers and costs can"
                " still be recorded; copy it to address people again"
            )

    def require_started(self, at: datetime) -> None:
        """Raise ``OutsideDatesError`` where the campaign has not started by the instant *at*."""
        if at < self.starts_at - CLOCK_SKEW:
            raise OutsideDatesError(f"{self._dates}, and {at.isoformat()} is before its start")

    def require_not_over(self, at: datetime) -> None:
        """Raise ``OutsideDatesError`` where the campaign's time is over at the instant *at*."""
        if at >= self.ends_at + CLOCK_SKEW:
            raise OutsideDatesError(f"{self._dates}, and {at.isoformat()} is after its end")

    @property
    def _dates(self) -> str:
        return (
            f"campaign {self.plan.campaign_id} runs from {self.starts_at.isoformat()} until"
            f" {self.ends_at.isoformat()} (schedule-campaign moves that)"
        )


Event = PlanningEvent | RunningEvent
State = NotPlanned | Campaign


def evolve(state: State, event: Event) -> State:
    """The campaign after one more event; only a plan makes one."""
    if isinstance(state, NotPlanned):
        return _planned(event) if isinstance(event, CampaignPlanned) else state
    if isinstance(event, RunningEvent):
        return _run(state, event)
    match event:
        case CampaignPlanned():
            return _planned(event)
        case CampaignBudgetSet():
            return attrs.evolve(state, budget=event.budget)
        case CampaignScheduled():
            return attrs.evolve(state, starts_at=event.starts_at, ends_at=event.ends_at)
        case TargetListGenerated():
            return attrs.evolve(state, lists={**state.lists, event.list_id: event})
        case _:
            assert_never(event)


def _run(state: Campaign, event: RunningEvent) -> Campaign:
    match event:
        case CostIncurred():
            return attrs.evolve(state, costs={**state.costs, event.cost_id: event})
        case CampaignApproved():
            state = attrs.evolve(state, approved_at=event.at)
        case CampaignLaunched():
            state = attrs.evolve(state, launched_at=event.at)
        case CampaignPaused() | CampaignResumed() | CampaignCompleted() | CampaignCancelled():
            pass
        case _:
            assert_never(event)
    return attrs.evolve(state, status=status_after(event), since=event.at)


def status_after(event: StatusEvent) -> CampaignStatus:
    """The status of a campaign to which this happened last."""
    match event:
        case CampaignApproved():
            return CampaignStatus.APPROVED
        case CampaignLaunched() | CampaignResumed():
            return CampaignStatus.RUNNING
        case CampaignPaused():
            return CampaignStatus.PAUSED
        case CampaignCompleted():
            return CampaignStatus.COMPLETED
        case CampaignCancelled():
            return CampaignStatus.CANCELLED
        case _:
            assert_never(event)


def _planned(event: CampaignPlanned) -> Campaign:
    return Campaign(plan=event, starts_at=event.starts_at, ends_at=event.ends_at, since=event.at)


def require_planned(campaign_id: UUID, state: State) -> Campaign:
    """*state* as a campaign that was planned; raises ``NotFoundError`` if it never was."""
    match state:
        case NotPlanned():
            raise NotFoundError("campaign", campaign_id)
        case Campaign():
            return state
        case _:
            assert_never(state)


def earliest(state: State, event: Event, began_at: datetime) -> datetime | None:
    """No phase begins before the one that it follows; money may be spent before there is a plan."""
    match event:
        case CostIncurred():
            return None
        case (
            CampaignLaunched()
            | CampaignPaused()
            | CampaignResumed()
            | CampaignCompleted()
            | CampaignCancelled()
        ):
            return state.since if isinstance(state, Campaign) else began_at
        case (
            CampaignPlanned()
            | CampaignBudgetSet()
            | CampaignScheduled()
            | TargetListGenerated()
            | CampaignApproved()
        ):
            return began_at
        case _:
            assert_never(event)
