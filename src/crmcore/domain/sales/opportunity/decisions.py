"""An opportunity: a deal that a seller works on, from its first stage to won or lost.

The stages of a cycle follow each other without a gap, from the opening to the close (INV-O4), so
no move is dated before the one it follows.  That the customer, the lead and the campaign exist is
for the caller.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never, get_args
from uuid import UUID

from crmcore.domain.kernel import Aggregate, AlreadyExistsError, NotFoundError
from crmcore.domain.sales.opportunity.closing import (
    Change,
    change_closed,
    close,
    reopen,
    reopen_open,
)
from crmcore.domain.sales.opportunity.messages import (
    AdvanceOpportunity,
    ForecastCategory,
    LoseOpportunity,
    OpenOpportunity,
    OpportunityAmountRevised,
    OpportunityOpened,
    OpportunityProbabilityOverridden,
    OpportunityProbabilityReset,
    OpportunityStageEntered,
    OverrideOpportunityProbability,
    ReopenOpportunity,
    ResetOpportunityProbability,
    ReviseOpportunityAmount,
    WinOpportunity,
)
from crmcore.domain.sales.opportunity.pipeline import PIPELINES
from crmcore.domain.sales.opportunity.refusals import (
    Pipelines,
    require_not_before,
    require_not_negative,
    require_open_stage,
    require_pipeline,
)
from crmcore.domain.sales.opportunity.state import (
    Event,
    Lost,
    Open,
    State,
    Unopened,
    Won,
    customer_of,
    evolve,
)

Command = OpenOpportunity | Change | ReopenOpportunity


def decide(command: Command, state: State, pipelines: Pipelines = PIPELINES) -> Sequence[Event]:
    """What follows from *command* with the *pipelines* in force; raises a ``DomainError`` to refuse."""
    if isinstance(command, OpenOpportunity):
        return _open(command, state, pipelines)
    match state:
        case Unopened():
            raise NotFoundError("opportunity", command.opportunity_id)
        case Open():
            if isinstance(command, ReopenOpportunity):
                return reopen_open(command, state)
            return _change(command, state, pipelines)
        case Won() | Lost():
            if isinstance(command, ReopenOpportunity):
                return reopen(command, state, pipelines)
            return change_closed(command, state)
        case _:
            assert_never(state)


def _open(command: OpenOpportunity, state: State, pipelines: Pipelines) -> Sequence[Event]:
    require_not_negative(command.amount)
    if isinstance(state, Unopened):
        pipeline = require_pipeline(command.pipeline, pipelines)
        stage = require_open_stage(pipeline, command.stage or pipeline.open_stages[0].key)
        return [_opened(command, stage.key, stage.probability, stage.forecast)]
    # What the pipeline said then may have changed since; it was never part of the wish.
    then = state.deal.opened
    if _opened(command, command.stage or then.stage, then.probability, then.forecast) == then:
        return []
    raise AlreadyExistsError(
        "opportunity", command.opportunity_id, "change it by its own commands", at=then.at
    )


def _opened(
    command: OpenOpportunity, stage: str, probability: int, forecast: ForecastCategory
) -> OpportunityOpened:
    chance = command.probability
    return OpportunityOpened(
        opportunity_id=command.opportunity_id,
        customer_id=command.customer_id,
        name=command.name,
        amount=command.amount,
        pipeline=command.pipeline,
        stage=stage,
        probability=probability if chance is None else chance,
        overridden=chance is not None,
        forecast=forecast,
        expected_close=command.expected_close,
        lead_id=command.lead_id,
        campaign_id=command.campaign_id,
        at=command.at,
    )


def _change(command: Change, state: Open, pipelines: Pipelines) -> Sequence[Event]:
    key, at = command.opportunity_id, command.at
    match command:
        case AdvanceOpportunity():
            return _advance(command, state, pipelines)
        case OverrideOpportunityProbability():
            return _override(key, command.probability, at, state)
        case ResetOpportunityProbability():
            if not state.overridden:
                return []
            stage = require_pipeline(state.deal.opened.pipeline, pipelines).stage(state.stage)
            reset = OpportunityProbabilityReset(
                opportunity_id=key, probability=stage.probability, at=at
            )
            return [reset]
        case ReviseOpportunityAmount(amount=amount):
            require_not_negative(amount)
            previous = state.deal.amount
            revised = OpportunityAmountRevised(
                opportunity_id=key, previous=previous, amount=amount, at=at
            )
            return [] if amount == previous else [revised]
        case WinOpportunity() | LoseOpportunity():
            return close(command, state)
        case _:
            assert_never(command)


def _advance(command: AdvanceOpportunity, state: Open, pipelines: Pipelines) -> Sequence[Event]:
    stage = require_open_stage(
        require_pipeline(state.deal.opened.pipeline, pipelines), command.stage
    )
    chance = command.probability
    if stage.key == state.stage:
        if chance is None:
            return []
        return _override(command.opportunity_id, chance, command.at, state)
    require_not_before(state.entered_at, command.at, f"stage {state.stage} was entered")
    if chance is None:  # by hand stays by hand until it is reset
        chance = state.probability if state.overridden else None
    entered = OpportunityStageEntered(
        opportunity_id=command.opportunity_id,
        left=state.stage,
        entered=stage.key,
        probability=stage.probability if chance is None else chance,
        overridden=chance is not None,
        forecast=stage.forecast,
        at=command.at,
    )
    return [entered]


def _override(key: UUID, chance: int, at: datetime, state: Open) -> Sequence[Event]:
    if state.overridden and state.probability == chance:
        return []
    return [OpportunityProbabilityOverridden(opportunity_id=key, probability=chance, at=at)]


AGGREGATE: Final = Aggregate[State, Event](
    kind="opportunity",
    initial=Unopened(),
    evolve=evolve,
    events=get_args(Event),
    subject=customer_of,
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: command.opportunity_id,
)
