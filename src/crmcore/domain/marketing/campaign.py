"""A campaign: what happened to it, from the plan over approval and launch to its end.

Here are its state and ``evolve``; its events are in ``campaign_events``.  What may happen is
decided in ``planning`` (plan, budget, dates, lists) and in ``running`` (approval, launch, pause,
costs, end).

The stream stays short however many people are addressed: each member has a stream of its own
(``membership``), and the campaign knows of its audience only the lists and their sizes.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import CLOCK_SKEW, Aggregate, Money, NotAllowedError, NotFoundError
from crmcore.domain.marketing.campaign_events import (
    CampaignApproved,
    CampaignBudgetSet,
    CampaignCancelled,
    CampaignCompleted,
    CampaignLaunched,
    CampaignPaused,
    CampaignPlanned,
    CampaignResumed,
    CampaignScheduled,
    CostIncurred,
    TargetListGenerated,
)
from crmcore.domain.marketing.terms import ListKind

__all__ = [
    "AGGREGATE",
    "Campaign",
    "CampaignApproved",
    "CampaignBudgetSet",
    "CampaignCancelled",
    "CampaignCompleted",
    "CampaignEndedError",
    "CampaignLaunched",
    "CampaignPaused",
    "CampaignPlanned",
    "CampaignResumed",
    "CampaignScheduled",
    "CostIncurred",
    "Event",
    "NotPlanned",
    "OutsideDatesError",
    "State",
    "Status",
    "TargetListGenerated",
    "evolve",
    "planned",
]


class Status(StrEnum):
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


@attrs.frozen
class NotPlanned:
    """Nothing was planned yet."""


@attrs.frozen(kw_only=True)
class Campaign:
    """A campaign, its lists and its costs so far; it runs in ``[starts_at, ends_at)``.

    ``since`` is when it came to its present ``status``.
    """

    plan: CampaignPlanned
    starts_at: datetime
    ends_at: datetime
    status: Status = Status.PLANNED
    budget: Money | None = None
    lists: Mapping[UUID, TargetListGenerated] = attrs.Factory(dict)
    costs: Mapping[UUID, CostIncurred] = attrs.Factory(dict)
    approved_at: datetime | None = None
    launched_at: datetime | None = None
    since: datetime

    @property
    def ended(self) -> bool:
        """Whether it is completed or cancelled."""
        return self.status in (Status.COMPLETED, Status.CANCELLED)

    @property
    def has_audience(self) -> bool:
        """Whether there is anybody on a default list."""
        return any(one.kind is ListKind.DEFAULT and one.size for one in self.lists.values())

    @property
    def spent(self) -> Money:
        """All costs so far."""
        return Money.total((one.cost for one in self.costs.values()), self.plan.currency)

    def refuse_if_ended(self) -> None:
        """Raise ``CampaignEndedError`` for a campaign that is over."""
        if self.ended:
            raise CampaignEndedError(
                f"campaign {self.plan.campaign_id} is {self.status}: only answers and costs can"
                " still be recorded; copy it to address people again"
            )

    def refuse_before_start(self, at: datetime) -> None:
        """Raise ``OutsideDatesError`` where the campaign has not started by the instant *at*."""
        if at < self.starts_at - CLOCK_SKEW:
            raise OutsideDatesError(f"{self._dates}, and {at.isoformat()} is before its start")

    def refuse_after_end(self, at: datetime) -> None:
        """Raise ``OutsideDatesError`` where the campaign's time is over at the instant *at*."""
        if at >= self.ends_at + CLOCK_SKEW:
            raise OutsideDatesError(f"{self._dates}, and {at.isoformat()} is after its end")

    @property
    def _dates(self) -> str:
        return (
            f"campaign {self.plan.campaign_id} runs from {self.starts_at.isoformat()} until"
            f" {self.ends_at.isoformat()} (schedule-campaign moves that)"
        )


Event = (
    CampaignPlanned
    | CampaignBudgetSet
    | CampaignScheduled
    | TargetListGenerated
    | CampaignApproved
    | CampaignLaunched
    | CampaignPaused
    | CampaignResumed
    | CampaignCompleted
    | CampaignCancelled
    | CostIncurred
)
State = NotPlanned | Campaign

_STATUS_AFTER: Final[Mapping[type[Event], Status]] = {
    CampaignPaused: Status.PAUSED,
    CampaignResumed: Status.RUNNING,
    CampaignCompleted: Status.COMPLETED,
    CampaignCancelled: Status.CANCELLED,
}


def evolve(state: State, event: Event) -> State:
    """The campaign after one more event."""
    if isinstance(event, CampaignPlanned):
        return Campaign(
            plan=event, starts_at=event.starts_at, ends_at=event.ends_at, since=event.at
        )
    if isinstance(state, NotPlanned):
        return state
    match event:
        case CampaignBudgetSet():
            return attrs.evolve(state, budget=event.budget)
        case CampaignScheduled():
            return attrs.evolve(state, starts_at=event.starts_at, ends_at=event.ends_at)
        case TargetListGenerated():
            return attrs.evolve(state, lists={**state.lists, event.list_id: event})
        case CostIncurred():
            return attrs.evolve(state, costs={**state.costs, event.cost_id: event})
        case CampaignApproved():
            return attrs.evolve(state, status=Status.APPROVED, approved_at=event.at, since=event.at)
        case CampaignLaunched():
            return attrs.evolve(state, status=Status.RUNNING, launched_at=event.at, since=event.at)
        case CampaignPaused() | CampaignResumed() | CampaignCompleted() | CampaignCancelled():
            return attrs.evolve(state, status=_STATUS_AFTER[type(event)], since=event.at)
        case _:
            assert_never(event)


def planned(campaign_id: UUID, state: State) -> Campaign:
    """*state* as a campaign that was planned; raises ``NotFoundError`` if it never was."""
    match state:
        case NotPlanned():
            raise NotFoundError("campaign", campaign_id)
        case Campaign():
            return state
        case _:
            assert_never(state)


def _earliest(state: State, event: Event, began_at: datetime) -> datetime | None:
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
        ) if isinstance(state, Campaign):
            return state.since
        case _:
            return began_at


AGGREGATE: Final = Aggregate[State, Event](
    kind="campaign",
    initial=NotPlanned(),
    evolve=evolve,
    events=(
        CampaignPlanned,
        CampaignBudgetSet,
        CampaignScheduled,
        TargetListGenerated,
        CampaignApproved,
        CampaignLaunched,
        CampaignPaused,
        CampaignResumed,
        CampaignCompleted,
        CampaignCancelled,
        CostIncurred,
    ),
    earliest=_earliest,
)
