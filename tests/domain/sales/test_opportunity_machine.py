"""Whatever is sent to a deal, it agrees with a few plain variables kept beside it."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from crmcore.domain.kernel import DomainError, Money
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.messages import (
    AdvanceOpportunity,
    LoseOpportunity,
    OpenOpportunity,
    OverrideOpportunityProbability,
    ReopenOpportunity,
    ResetOpportunityProbability,
    ReviseOpportunityAmount,
    WinOpportunity,
)
from crmcore.domain.sales.opportunity.state import Open, Unopened, Won
from tests.scenario import at, uid

CHANCES = {"qualification": 10, "discovery": 25, "proposal": 50, "negotiation": 75}
stages = st.sampled_from([*CHANCES, "won", "lost", "nowhere"])
chances = st.integers(0, 99)
amounts = st.one_of(st.none(), st.integers(0, 9).map(lambda n: Money(Decimal(n), "EUR")))
DEAL = uid(1)


class Opportunities(RuleBasedStateMachine):
    """A naive deal: its phase, stage, chance, cycle and the hours spent since it was opened."""

    @initialize(amount=amounts, chance=st.one_of(st.none(), chances))
    def open(self, amount: Money | None, chance: int | None) -> None:
        self.stream: list[Any] = []
        self.hour, self.opened_hour, self.closed_hours = 0, 0, 0
        self.command = OpenOpportunity(
            opportunity_id=DEAL,
            customer_id=uid(2),
            name="deal",
            amount=amount,
            probability=chance,
            at=at(),
        )
        assert self.send(self.command)
        self.phase, self.stage, self.amount, self.cycle = "open", "qualification", amount, 1
        self.chance, self.by_hand = (10, False) if chance is None else (chance, True)

    def send(self, command: opportunity.Command) -> list[Any] | None:
        """The events of *command*, recorded; None when refused. Deciding again gives nothing new."""
        try:
            events = list(opportunity.decide(command, opportunity.AGGREGATE.fold(self.stream)))
        except DomainError:
            return None
        self.stream += events
        assert not opportunity.decide(command, opportunity.AGGREGATE.fold(self.stream))
        return events

    @rule(hours=st.integers(0, 5))
    def wait(self, hours: int) -> None:
        self.hour += hours

    @rule(stage=stages, chance=st.one_of(st.none(), chances))
    def advance(self, stage: str, chance: int | None) -> None:
        events = self.send(
            AdvanceOpportunity(
                opportunity_id=DEAL, stage=stage, probability=chance, at=at(hours=self.hour)
            )
        )
        if self.phase != "open" or stage not in CHANCES:
            assert events is None
            return
        assert events is not None
        self.stage = stage
        if chance is not None:
            self.chance, self.by_hand = chance, True
        elif not self.by_hand:
            self.chance = CHANCES[stage]

    @rule(chance=chances)
    def override(self, chance: int) -> None:
        events = self.send(
            OverrideOpportunityProbability(
                opportunity_id=DEAL, probability=chance, at=at(hours=self.hour)
            )
        )
        if self.phase == "open":
            self.chance, self.by_hand = chance, True
        assert (events is not None) == (self.phase == "open")

    @rule()
    def reset(self) -> None:
        events = self.send(ResetOpportunityProbability(opportunity_id=DEAL, at=at(hours=self.hour)))
        if self.phase == "open":
            assert len(events or ()) == self.by_hand
            self.chance, self.by_hand = CHANCES[self.stage], False
        else:
            assert events is None

    @rule(amount=amounts)
    def revise(self, amount: Money | None) -> None:
        events = self.send(
            ReviseOpportunityAmount(opportunity_id=DEAL, amount=amount, at=at(hours=self.hour))
        )
        if self.phase == "open":
            assert len(events or ()) == (amount != self.amount)
            self.amount = amount
        else:
            assert events is None

    @rule()
    def win(self) -> None:
        self.close(WinOpportunity(opportunity_id=DEAL, at=at(hours=self.hour)), "won")

    @rule(reason=st.sampled_from(["price", "timing"]))
    def lose(self, reason: str) -> None:
        command = LoseOpportunity(opportunity_id=DEAL, reason=reason, at=at(hours=self.hour))
        self.close(command, f"lost: {reason}")

    def close(self, command: opportunity.Command, phase: str) -> None:
        events = self.send(command)
        if self.phase == "open":
            assert len(events or ()) == 1
            self.phase = phase
            self.closed_hours += self.hour - self.opened_hour
        else:
            assert events == ([] if self.phase == phase else None)

    @rule(stage=st.one_of(st.none(), stages))
    def reopen(self, stage: str | None) -> None:
        events = self.send(
            ReopenOpportunity(
                opportunity_id=DEAL, reason="again", stage=stage, at=at(hours=self.hour)
            )
        )
        if self.phase == "open":
            assert events == ([] if stage in (None, self.stage) else None)
        elif stage is not None and stage not in CHANCES:
            assert events is None
        else:
            assert len(events or ()) == 1
            self.phase, self.stage = "open", stage or self.stage
            self.chance, self.by_hand = CHANCES[self.stage], False
            self.cycle, self.opened_hour = self.cycle + 1, self.hour

    @rule()
    def open_again(self) -> None:
        assert self.send(self.command) == []

    @invariant()
    def replay_agrees(self) -> None:
        state = opportunity.AGGREGATE.fold(self.stream)
        assert not isinstance(state, Unopened)
        assert (state.deal.amount, state.deal.cycle) == (self.amount, self.cycle)
        if isinstance(state, Open):
            assert self.phase == "open"
            assert (state.stage, state.probability) == (self.stage, self.chance)
            assert state.overridden == self.by_hand
            assert 0 <= state.probability < 100
            return
        assert state.last_open_stage == self.stage
        phase = "won" if isinstance(state, Won) else f"lost: {state.reason}"
        assert phase == self.phase
        assert state.probability == (100 if phase == "won" else 0)
        spent = sum((stay.duration for stay in state.deal.stays), timedelta())
        assert spent == timedelta(hours=self.closed_hours)


TestOpportunities = Opportunities.TestCase
TestOpportunities.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
