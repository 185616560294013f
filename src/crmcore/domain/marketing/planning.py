"""Planning a campaign: terms, budget, dates, and target lists.

Commands and ``decide`` over the campaign's state; its events are in ``campaign``.  That a
parent or a source exists is for the caller, who can read other streams.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, assert_never
from uuid import UUID

from crmcore.domain.kernel import (
    AlreadyExistsError,
    Between,
    Channel,
    InvalidValueError,
    Length,
    Money,
    NotAllowedError,
    Purpose,
    command,
    require_currency,
)
from crmcore.domain.marketing.campaign import (
    Campaign,
    CampaignBudgetSet,
    CampaignPlanned,
    CampaignScheduled,
    Event,
    NotPlanned,
    State,
    TargetListGenerated,
    planned,
)
from crmcore.domain.marketing.holdout import Holdout
from crmcore.domain.marketing.terms import (
    RESPONSES,
    Expectation,
    FrequencyCap,
    ListKind,
    Offer,
    ResponseKind,
    payable,
)

Name = Annotated[str, Length(200)]


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


class CampaignLaunchedError(NotAllowedError):
    """The campaign has started: its start can no longer be moved."""


Command = PlanCampaign | SetCampaignBudget | ScheduleCampaign | AttachTargetList


def copied(command: CopyCampaign, source: Campaign) -> PlanCampaign:
    """The plan that *command* asks for: the terms of *source*, none of its lists, costs or results.

    A control group is drawn anew, so that the same customers are not left out for ever.
    """
    plan = source.plan
    if command.campaign_id in (command.source_id, plan.parent_id):
        raise InvalidValueError("campaign_id", command.campaign_id, "the id of a new campaign")
    return PlanCampaign(
        campaign_id=command.campaign_id,
        name=command.name,
        kind=plan.kind,
        channel=plan.channel,
        purpose=plan.purpose,
        informational=plan.informational,
        currency=plan.currency,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        parent_id=plan.parent_id,
        copied_from=command.source_id,
        offer=plan.offer,
        expected=plan.expected,
        holdout=None if plan.holdout is None else Holdout(percent=plan.holdout.percent),
        frequency_cap=plan.frequency_cap,
        response_kinds=plan.response_kinds,
        at=command.at,
    )


def decide(command: Command, state: State) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it."""
    match command:
        case PlanCampaign():
            return _plan(command, state)
        case SetCampaignBudget():
            return _set_budget(command, planned(command.campaign_id, state))
        case ScheduleCampaign():
            return _schedule(command, planned(command.campaign_id, state))
        case AttachTargetList():
            return _attach(command, planned(command.campaign_id, state))
        case _:
            assert_never(command)


def _plan(command: PlanCampaign, state: State) -> Sequence[Event]:
    require_currency(command.currency)
    _ordered(command.starts_at, command.ends_at)
    for field, other in (("parent_id", command.parent_id), ("copied_from", command.copied_from)):
        if command.campaign_id == other:
            raise InvalidValueError(field, other, "another campaign")
    if command.informational and command.purpose is Purpose.MARKETING:
        raise InvalidValueError(
            "purpose", command.purpose.value, "another purpose for an informational campaign"
        )
    if command.expected is not None:
        for field in ("cost", "revenue"):
            payable(f"expected.{field}", getattr(command.expected, field), command.currency)
    match state:
        case NotPlanned():
            return [_planned(command, command.at)]
        case Campaign(plan=plan):
            if _planned(command, plan.at) == plan:
                return []
            raise AlreadyExistsError("campaign", command.campaign_id, "plan a new one, or copy it")
        case _:
            assert_never(state)


def _planned(command: PlanCampaign, at: datetime) -> CampaignPlanned:
    holdout = command.holdout
    if holdout is not None and holdout.salt is None:
        holdout = Holdout(percent=holdout.percent, salt=str(command.campaign_id))
    return CampaignPlanned(
        campaign_id=command.campaign_id,
        name=command.name,
        kind=command.kind,
        channel=command.channel,
        purpose=command.purpose,
        informational=command.informational,
        currency=command.currency,
        starts_at=command.starts_at,
        ends_at=command.ends_at,
        parent_id=command.parent_id,
        copied_from=command.copied_from,
        offer=command.offer,
        expected=command.expected,
        holdout=holdout,
        frequency_cap=command.frequency_cap,
        response_kinds=command.response_kinds,
        at=at,
    )


def _set_budget(command: SetCampaignBudget, state: Campaign) -> Sequence[Event]:
    payable("budget", command.budget, state.plan.currency)
    if command.budget == state.budget:
        return []
    state.refuse_if_ended()
    return [
        CampaignBudgetSet(campaign_id=command.campaign_id, budget=command.budget, at=command.at)
    ]


def _schedule(command: ScheduleCampaign, state: Campaign) -> Sequence[Event]:
    _ordered(command.starts_at, command.ends_at)
    if (command.starts_at, command.ends_at) == (state.starts_at, state.ends_at):
        return []
    state.refuse_if_ended()
    if state.launched_at is not None and command.starts_at != state.starts_at:
        raise CampaignLaunchedError(
            f"campaign {command.campaign_id} was launched: it started {state.starts_at:%Y-%m-%d}"
            " and only ends_at can be moved"
        )
    return [
        CampaignScheduled(
            campaign_id=command.campaign_id,
            starts_at=command.starts_at,
            ends_at=command.ends_at,
            at=command.at,
        )
    ]


def _attach(command: AttachTargetList, state: Campaign) -> Sequence[Event]:
    event = TargetListGenerated(
        campaign_id=command.campaign_id,
        list_id=command.list_id,
        name=command.name,
        kind=command.kind,
        size=command.size,
        as_of=command.as_of or command.at,
        at=command.at,
    )
    known = state.lists.get(command.list_id)
    if known is not None:
        if known == event:
            return []
        raise AlreadyExistsError("target list", command.list_id, "attach a new list", at=known.at)
    state.refuse_if_ended()
    return [event]


def _ordered(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at < starts_at:
        raise InvalidValueError(
            "ends_at", f"{ends_at:%Y-%m-%d}", f"not before {starts_at:%Y-%m-%d}"
        )
