"""How a deal is closed, won or lost, and taken up again; a part of the decisions."""

from collections.abc import Sequence

from crmcore.domain.kernel import NotAllowedError
from crmcore.domain.sales.opportunity.messages import (
    AdvanceOpportunity,
    LoseOpportunity,
    OpportunityLost,
    OpportunityReopened,
    OpportunityWon,
    OverrideOpportunityProbability,
    ReopenOpportunity,
    ResetOpportunityProbability,
    ReviseOpportunityAmount,
    WinOpportunity,
)
from crmcore.domain.sales.opportunity.refusals import (
    OpportunityClosedError,
    Pipelines,
    require_not_before,
    require_open_stage,
    require_pipeline,
)
from crmcore.domain.sales.opportunity.state import Event, Lost, Open, Won

Change = (
    AdvanceOpportunity
    | OverrideOpportunityProbability
    | ResetOpportunityProbability
    | ReviseOpportunityAmount
    | WinOpportunity
    | LoseOpportunity
)


def close(command: WinOpportunity | LoseOpportunity, state: Open) -> Sequence[Event]:
    """Close an open deal: won or lost."""
    require_not_before(state.entered_at, command.at, f"stage {state.stage} was entered")
    opened = state.deal.opened
    if isinstance(command, WinOpportunity):
        won = OpportunityWon(
            opportunity_id=command.opportunity_id,
            customer_id=opened.customer_id,
            campaign_id=opened.campaign_id,
            last_open_stage=state.stage,
            amount=state.deal.amount,
            cycle=state.deal.cycle,
            at=command.at,
        )
        return [won]
    lost = OpportunityLost(
        opportunity_id=command.opportunity_id,
        customer_id=opened.customer_id,
        campaign_id=opened.campaign_id,
        reason=command.reason,
        competitor=command.competitor,
        last_open_stage=state.stage,
        amount=state.deal.amount,
        cycle=state.deal.cycle,
        at=command.at,
    )
    return [lost]


def change_closed(command: Change, state: Won | Lost) -> Sequence[Event]:
    """Nothing where a closed deal is what is asked for; refuses everything else."""
    match command, state:
        case WinOpportunity(), Won():
            return []
        case LoseOpportunity(reason=reason, competitor=competitor), Lost() if (
            reason == state.reason and competitor == state.competitor
        ):
            return []
        case _:
            closed = "won" if isinstance(state, Won) else f"lost ({state.reason})"
            raise OpportunityClosedError(
                f"opportunity {command.opportunity_id} is {closed}; reopen it first"
            )


def reopen(command: ReopenOpportunity, state: Won | Lost, pipelines: Pipelines) -> Sequence[Event]:
    """Take a closed deal up again, in a new cycle."""
    pipeline = require_pipeline(state.deal.opened.pipeline, pipelines)
    stage = require_open_stage(pipeline, command.stage or state.last_open_stage)
    require_not_before(state.closed_at, command.at, "the deal was closed")
    reopened = OpportunityReopened(
        opportunity_id=command.opportunity_id,
        reason=command.reason,
        cycle=state.deal.cycle + 1,
        stage=stage.key,
        probability=stage.probability,
        forecast=stage.forecast,
        at=command.at,
    )
    return [reopened]


def reopen_open(command: ReopenOpportunity, state: Open) -> Sequence[Event]:
    """Nothing where the deal is open in that stage; refuses to move it."""
    if command.stage in (None, state.stage):
        return []
    raise NotAllowedError(
        f"opportunity {command.opportunity_id} is open, in stage {state.stage}; advance it instead"
    )
