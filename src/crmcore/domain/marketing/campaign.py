"""A campaign: what happened to it, from the plan over approval and launch to its end.

Read from top to bottom: events, state, ``evolve``.  What may happen is decided in ``planning``
(plan, budget, dates, lists) and in ``running`` (approval, launch, pause, costs, end).

The stream stays short however many people are addressed: each member has a stream of its own
(``membership``), and the campaign knows of its audience only the lists and their sizes.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    Aggregate,
    Channel,
    Money,
    NotAllowedError,
    NotFoundError,
    Purpose,
    event,
)
from crmcore.domain.marketing.holdout import Holdout
from crmcore.domain.marketing.terms import (
    CostKind,
    Expectation,
    FrequencyCap,
    ListKind,
    Offer,
    ResponseKind,
)


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


@attrs.frozen
class NotPlanned:
    """Nothing was planned yet."""


@attrs.frozen
class Campaign:
    """A campaign, its lists and its costs so far; it runs in ``[starts_at, ends_at)``."""

    plan: CampaignPlanned
    starts_at: datetime
    ends_at: datetime
    status: Status = Status.PLANNED
    budget: Money | None = None
    lists: Mapping[UUID, TargetListGenerated] = attrs.Factory(dict)
    costs: Mapping[UUID, CostIncurred] = attrs.Factory(dict)
    approved_at: datetime | None = None
    launched_at: datetime | None = None

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
        return Campaign(plan=event, starts_at=event.starts_at, ends_at=event.ends_at)
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
            return attrs.evolve(state, status=Status.APPROVED, approved_at=event.at)
        case CampaignLaunched():
            return attrs.evolve(state, status=Status.RUNNING, launched_at=event.at)
        case CampaignPaused() | CampaignResumed() | CampaignCompleted() | CampaignCancelled():
            return attrs.evolve(state, status=_STATUS_AFTER[type(event)])
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
)
