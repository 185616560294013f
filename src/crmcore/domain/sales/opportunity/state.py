"""How far a deal has come: its phases, one class each, and ``evolve`` that leads through them."""

from datetime import datetime, timedelta
from typing import ClassVar, assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import Money
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.opportunity.messages import (
    ForecastCategory,
    OpportunityAmountRevised,
    OpportunityLost,
    OpportunityOpened,
    OpportunityProbabilityOverridden,
    OpportunityProbabilityReset,
    OpportunityReopened,
    OpportunityStageEntered,
    OpportunityWon,
)

Event = (
    OpportunityOpened
    | OpportunityStageEntered
    | OpportunityProbabilityOverridden
    | OpportunityProbabilityReset
    | OpportunityAmountRevised
    | OpportunityWon
    | OpportunityLost
    | OpportunityReopened
)


@frozen
class Stay:
    """The time from *entered_at* to *left_at* (excluded) that a deal spent in an open stage."""

    stage: str
    cycle: int
    entered_at: datetime
    left_at: datetime

    @property
    def duration(self) -> timedelta:
        """How long the stay was, by the clock."""
        return self.left_at - self.entered_at


@frozen
class Deal:
    """What a deal keeps through its phases; ``cycle`` counts how often it was opened."""

    opened: OpportunityOpened
    amount: Money | None
    cycle: int = 1
    stays: tuple[Stay, ...] = ()


@frozen
class Unopened:
    """No deal yet."""


@frozen
class Open:
    """A deal that is worked on, in the stage that it entered last."""

    deal: Deal
    stage: str
    entered_at: datetime
    probability: int
    overridden: bool
    forecast: ForecastCategory

    def left(self, at: datetime) -> Deal:
        """The deal with the present stay ended."""
        stay = Stay(self.stage, self.deal.cycle, self.entered_at, at)
        return attrs.evolve(self.deal, stays=(*self.deal.stays, stay))


@frozen
class Won:
    """A deal that the customer agreed to."""

    probability: ClassVar[int] = 100
    deal: Deal
    last_open_stage: str
    closed_at: datetime


@frozen
class Lost:
    """A deal that will not happen."""

    probability: ClassVar[int] = 0
    deal: Deal
    last_open_stage: str
    closed_at: datetime
    reason: str
    competitor: str | None


State = Unopened | Open | Won | Lost


def evolve(state: State, event: Event) -> State:
    """The opportunity after one more event."""
    match event:
        case OpportunityOpened():
            deal = Deal(opened=event, amount=event.amount)
            return Open(
                deal, event.stage, event.at, event.probability, event.overridden, event.forecast
            )
        case OpportunityReopened():
            return _reopened(state, event) if isinstance(state, Won | Lost) else state
        case OpportunityWon() | OpportunityLost():
            return _closed(state, event) if isinstance(state, Open) else state
        case (
            OpportunityStageEntered()
            | OpportunityProbabilityOverridden()
            | OpportunityProbabilityReset()
            | OpportunityAmountRevised()
        ):
            return _evolve_open(state, event) if isinstance(state, Open) else state
        case _:
            assert_never(event)


def _reopened(state: Won | Lost, event: OpportunityReopened) -> Open:
    deal = attrs.evolve(state.deal, cycle=event.cycle)
    return Open(deal, event.stage, event.at, event.probability, False, event.forecast)


def _closed(state: Open, event: OpportunityWon | OpportunityLost) -> Won | Lost:
    deal = state.left(event.at)
    if isinstance(event, OpportunityWon):
        return Won(deal, event.last_open_stage, event.at)
    return Lost(deal, event.last_open_stage, event.at, event.reason, event.competitor)


def _evolve_open(
    state: Open,
    event: OpportunityStageEntered
    | OpportunityProbabilityOverridden
    | OpportunityProbabilityReset
    | OpportunityAmountRevised,
) -> Open:
    match event:
        case OpportunityStageEntered():
            return Open(
                deal=state.left(event.at),
                stage=event.entered,
                entered_at=event.at,
                probability=event.probability,
                overridden=event.overridden,
                forecast=event.forecast,
            )
        case OpportunityProbabilityOverridden():
            return attrs.evolve(state, probability=event.probability, overridden=True)
        case OpportunityProbabilityReset():
            return attrs.evolve(state, probability=event.probability, overridden=False)
        case OpportunityAmountRevised():
            return attrs.evolve(state, deal=attrs.evolve(state.deal, amount=event.amount))
        case _:
            assert_never(event)


def customer_of(state: State) -> UUID | None:
    """The customer whom the deal is with."""
    return None if isinstance(state, Unopened) else state.deal.opened.customer_id
