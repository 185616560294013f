"""An opportunity: a deal that a seller works on, from its first stage to won or lost.

One decider: ``opportunity_events`` and ``opportunity_commands`` hold the messages,
``opportunity_state`` the phases and ``evolve``; here is ``decide``.  The stages of a cycle follow each other without a gap, from
the opening to the close (INV-O4), so no move is dated before the one it follows.  That the
customer, the lead and the campaign exist is for the caller.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import assert_never
from uuid import UUID

from crmcore.domain.kernel import (
    AlreadyExistsError,
    InvalidValueError,
    Money,
    NotAllowedError,
    NotFoundError,
)
from crmcore.domain.sales.opportunity_commands import (
    AdvanceOpportunity,
    LoseOpportunity,
    OpenOpportunity,
    OverrideOpportunityProbability,
    ReopenOpportunity,
    ResetOpportunityProbability,
    ReviseOpportunityAmount,
    WinOpportunity,
)
from crmcore.domain.sales.opportunity_events import (
    OpportunityAmountRevised,
    OpportunityLost,
    OpportunityOpened,
    OpportunityProbabilityOverridden,
    OpportunityProbabilityReset,
    OpportunityReopened,
    OpportunityStageEntered,
    OpportunityWon,
)
from crmcore.domain.sales.opportunity_state import (
    AGGREGATE,
    Deal,
    Event,
    Lost,
    Open,
    State,
    Stay,
    Unopened,
    Won,
    evolve,
)
from crmcore.domain.sales.pipeline import PIPELINES, ForecastCategory, Pipeline, Stage, StageKind

__all__ = [
    "AGGREGATE",
    "AdvanceOpportunity",
    "ClosingStageError",
    "Command",
    "Deal",
    "Event",
    "LoseOpportunity",
    "Lost",
    "Open",
    "OpenOpportunity",
    "OpportunityAmountRevised",
    "OpportunityClosedError",
    "OpportunityLost",
    "OpportunityOpened",
    "OpportunityProbabilityOverridden",
    "OpportunityProbabilityReset",
    "OpportunityReopened",
    "OpportunityStageEntered",
    "OpportunityWon",
    "OverrideOpportunityProbability",
    "ReopenOpportunity",
    "ResetOpportunityProbability",
    "ReviseOpportunityAmount",
    "State",
    "Stay",
    "TooEarlyError",
    "Unopened",
    "WinOpportunity",
    "Won",
    "decide",
    "evolve",
]

Change = (
    AdvanceOpportunity
    | OverrideOpportunityProbability
    | ResetOpportunityProbability
    | ReviseOpportunityAmount
    | WinOpportunity
    | LoseOpportunity
)
Command = OpenOpportunity | Change | ReopenOpportunity
Pipelines = Mapping[str, Pipeline]


class OpportunityClosedError(NotAllowedError):
    """The deal is won or lost: reopen it before it is changed (INV-O2)."""


class ClosingStageError(NotAllowedError):
    """A deal comes to a won or lost stage by being won or lost, which takes a reason (EC-O3)."""


class TooEarlyError(NotAllowedError):
    """The change is dated before the one that it follows."""


def decide(command: Command, state: State, pipelines: Pipelines = PIPELINES) -> Sequence[Event]:
    """What follows from *command* with the *pipelines* in force; raises a ``DomainError`` to refuse."""
    if isinstance(command, OpenOpportunity):
        return _open(command, state, pipelines)
    match state:
        case Unopened():
            raise NotFoundError("opportunity", command.opportunity_id)
        case Open():
            if isinstance(command, ReopenOpportunity):
                return _already_open(command, state)
            return _change(command, state, pipelines)
        case Won() | Lost():
            if isinstance(command, ReopenOpportunity):
                return _reopen(command, state, pipelines)
            return _closed(command, state)
        case _:
            assert_never(state)


def _open(command: OpenOpportunity, state: State, pipelines: Pipelines) -> Sequence[Event]:
    _not_negative(command.amount)
    if isinstance(state, Unopened):
        pipeline = _pipeline(command.pipeline, pipelines)
        stage = _open_stage(pipeline, command.stage or pipeline.open_stages[0].key)
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
            stage = _pipeline(state.deal.opened.pipeline, pipelines).stage(state.stage)
            reset = OpportunityProbabilityReset(
                opportunity_id=key, probability=stage.probability, at=at
            )
            return [reset]
        case ReviseOpportunityAmount(amount=amount):
            _not_negative(amount)
            previous = state.deal.amount
            revised = OpportunityAmountRevised(
                opportunity_id=key, previous=previous, amount=amount, at=at
            )
            return [] if amount == previous else [revised]
        case WinOpportunity() | LoseOpportunity():
            return _close(command, state)
        case _:
            assert_never(command)


def _advance(command: AdvanceOpportunity, state: Open, pipelines: Pipelines) -> Sequence[Event]:
    stage = _open_stage(_pipeline(state.deal.opened.pipeline, pipelines), command.stage)
    chance = command.probability
    if stage.key == state.stage:
        if chance is None:
            return []
        return _override(command.opportunity_id, chance, command.at, state)
    _not_before(state.entered_at, command.at, f"stage {state.stage} was entered")
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


def _close(command: WinOpportunity | LoseOpportunity, state: Open) -> Sequence[Event]:
    _not_before(state.entered_at, command.at, f"stage {state.stage} was entered")
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


def _closed(command: Change, state: Won | Lost) -> Sequence[Event]:
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


def _reopen(command: ReopenOpportunity, state: Won | Lost, pipelines: Pipelines) -> Sequence[Event]:
    pipeline = _pipeline(state.deal.opened.pipeline, pipelines)
    stage = _open_stage(pipeline, command.stage or state.last_open_stage)
    _not_before(state.closed_at, command.at, "the deal was closed")
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


def _already_open(command: ReopenOpportunity, state: Open) -> Sequence[Event]:
    if command.stage in (None, state.stage):
        return []
    raise NotAllowedError(
        f"opportunity {command.opportunity_id} is open, in stage {state.stage}; advance it instead"
    )


def _pipeline(key: str, pipelines: Pipelines) -> Pipeline:
    if key not in pipelines:
        raise NotFoundError("pipeline", f"{key} (there are: {', '.join(pipelines)})")
    return pipelines[key]


def _open_stage(pipeline: Pipeline, key: str) -> Stage:
    stage = pipeline.stage(key)
    if stage.kind is not StageKind.OPEN:
        ways = ", ".join(stage.key for stage in pipeline.open_stages)
        raise ClosingStageError(
            f"stage {key} closes a deal: use win-opportunity, or lose-opportunity with a reason"
            f" (open stages: {ways})"
        )
    return stage


def _not_before(earliest: datetime, at: datetime, what: str) -> None:
    if at < earliest:
        raise TooEarlyError(f"at: {what} at {earliest.isoformat()}, got {at.isoformat()} before it")


def _not_negative(amount: Money | None) -> None:
    if amount is not None and amount.amount < 0:
        raise InvalidValueError("amount", str(amount), "0 or more")
