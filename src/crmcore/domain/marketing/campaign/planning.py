"""Planning a campaign: what follows from the commands on terms, budget, dates and target lists.

That a parent or a source exists is for the caller, who can read other streams.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from crmcore.domain.kernel import (
    AlreadyExistsError,
    InvalidValueError,
    NotAllowedError,
    Purpose,
    require_currency,
)
from crmcore.domain.marketing.campaign.messages.planning import (
    AttachTargetList,
    CampaignBudgetSet,
    CampaignPlanned,
    CampaignScheduled,
    CopyCampaign,
    PlanCampaign,
    PlanningCommand,
    ScheduleCampaign,
    SetCampaignBudget,
    TargetListGenerated,
)
from crmcore.domain.marketing.campaign.state import (
    Campaign,
    Event,
    NotPlanned,
    State,
    require_planned,
)
from crmcore.domain.marketing.holdout import Holdout
from crmcore.domain.marketing.terms import require_payable


class CampaignLaunchedError(NotAllowedError):
    """The campaign has started: its start can no longer be moved."""


def copy_terms(command: CopyCampaign, source: Campaign) -> PlanCampaign:
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


def decide(command: PlanningCommand, state: State) -> Sequence[Event]:
    """What follows from *command*; raises a ``DomainError`` to refuse it."""
    match command:
        case PlanCampaign():
            return _plan(command, state)
        case SetCampaignBudget():
            return _set_budget(command, require_planned(command.campaign_id, state))
        case ScheduleCampaign():
            return _schedule(command, require_planned(command.campaign_id, state))
        case AttachTargetList():
            return _attach(command, require_planned(command.campaign_id, state))
        case _:
            assert_never(command)


def _plan(command: PlanCampaign, state: State) -> Sequence[Event]:
    require_currency(command.currency)
    _require_ordered(command.starts_at, command.ends_at)
    for field, other in (("parent_id", command.parent_id), ("copied_from", command.copied_from)):
        if command.campaign_id == other:
            raise InvalidValueError(field, other, "another campaign")
    if command.informational and command.purpose is Purpose.MARKETING:
        raise InvalidValueError(
            "purpose", command.purpose.value, "another purpose for an informational campaign"
        )
    if command.expected is not None:
        for field in ("cost", "revenue"):
            require_payable(f"expected.{field}", getattr(command.expected, field), command.currency)
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
    require_payable("budget", command.budget, state.plan.currency)
    if command.budget == state.budget:
        return []
    state.require_open()
    return [
        CampaignBudgetSet(campaign_id=command.campaign_id, budget=command.budget, at=command.at)
    ]


def _schedule(command: ScheduleCampaign, state: Campaign) -> Sequence[Event]:
    _require_ordered(command.starts_at, command.ends_at)
    if (command.starts_at, command.ends_at) == (state.starts_at, state.ends_at):
        return []
    state.require_open()
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
    state.require_open()
    return [event]


def _require_ordered(starts_at: datetime, ends_at: datetime) -> None:
    if ends_at < starts_at:
        raise InvalidValueError(
            "ends_at", f"{ends_at:%Y-%m-%d}", f"not before {starts_at:%Y-%m-%d}"
        )
