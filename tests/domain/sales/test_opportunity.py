"""Opportunities: stages and chances, won and lost, and time without gaps."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.domain.kernel import (
    AlreadyExistsError,
    DomainError,
    InvalidValueError,
    Money,
    NotAllowedError,
    NotFoundError,
)
from crmcore.domain.sales.opportunity import decisions as opportunity
from crmcore.domain.sales.opportunity.messages import (
    AdvanceOpportunity,
    ForecastCategory,
    LoseOpportunity,
    OpenOpportunity,
    OpportunityAmountRevised,
    OpportunityLost,
    OpportunityOpened,
    OpportunityProbabilityOverridden,
    OpportunityProbabilityReset,
    OpportunityReopened,
    OpportunityStageEntered,
    OpportunityWon,
    OverrideOpportunityProbability,
    ReopenOpportunity,
    ResetOpportunityProbability,
    ReviseOpportunityAmount,
    WinOpportunity,
)
from crmcore.domain.sales.opportunity.pipeline import DEFAULT_PIPELINE, Pipeline, Stage, StageKind
from crmcore.domain.sales.opportunity.refusals import (
    ClosingStageError,
    OpportunityClosedError,
    TooEarlyError,
)
from crmcore.domain.sales.opportunity.state import Unopened
from tests.scenario import Scenario, at, uid

DEAL, CUSTOMER, CAMPAIGN, LEAD = uid(1), uid(2), uid(3), uid(4)
deals = Scenario(opportunity.AGGREGATE, opportunity.decide)
FORECAST = {stage.key: stage.forecast for stage in DEFAULT_PIPELINE.stages}
STAGES = ("qualification", "discovery", "proposal", "negotiation")


def eur(amount: int) -> Money:
    return Money(Decimal(amount), "EUR")


def open_deal(**changes: Any) -> OpenOpportunity:
    given: dict[str, Any] = {
        "opportunity_id": DEAL,
        "customer_id": CUSTOMER,
        "name": "200 seats",
        "amount": eur(5000),
        "lead_id": LEAD,
        "campaign_id": CAMPAIGN,
        "at": at(),
    }
    return OpenOpportunity(**{**given, **changes})


def opened(stage: str = "qualification", probability: int = 10, **changes: Any) -> Any:
    given: dict[str, Any] = {
        "opportunity_id": DEAL,
        "customer_id": CUSTOMER,
        "name": "200 seats",
        "amount": eur(5000),
        "pipeline": "sales",
        "stage": stage,
        "probability": probability,
        "overridden": False,
        "forecast": FORECAST.get(stage),
        "expected_close": None,
        "lead_id": LEAD,
        "campaign_id": CAMPAIGN,
        "at": at(),
    }
    return OpportunityOpened(**{**given, **changes})


def advance(stage: str, probability: int | None = None, days: float = 1) -> AdvanceOpportunity:
    return AdvanceOpportunity(
        opportunity_id=DEAL, stage=stage, probability=probability, at=at(days=days)
    )


def entered(
    left: str, stage: str, probability: int, *, overridden: bool = False, days: float = 1
) -> OpportunityStageEntered:
    return OpportunityStageEntered(
        opportunity_id=DEAL,
        left=left,
        entered=stage,
        probability=probability,
        overridden=overridden,
        forecast=FORECAST[stage],
        at=at(days=days),
    )


def override(probability: int) -> OverrideOpportunityProbability:
    return OverrideOpportunityProbability(
        opportunity_id=DEAL, probability=probability, at=at(days=1)
    )


def overridden(probability: int) -> OpportunityProbabilityOverridden:
    return OpportunityProbabilityOverridden(
        opportunity_id=DEAL, probability=probability, at=at(days=1)
    )


RESET = ResetOpportunityProbability(opportunity_id=DEAL, at=at(days=1))


def reset_to(probability: int) -> OpportunityProbabilityReset:
    return OpportunityProbabilityReset(opportunity_id=DEAL, probability=probability, at=at(days=1))


def revise(amount: Money | None) -> ReviseOpportunityAmount:
    return ReviseOpportunityAmount(opportunity_id=DEAL, amount=amount, at=at(days=1))


def revised(previous: Money | None, amount: Money | None) -> OpportunityAmountRevised:
    return OpportunityAmountRevised(
        opportunity_id=DEAL, previous=previous, amount=amount, at=at(days=1)
    )


def win(days: float = 5) -> WinOpportunity:
    return WinOpportunity(opportunity_id=DEAL, at=at(days=days))


def won(stage: str = "qualification", **changes: Any) -> OpportunityWon:
    given: dict[str, Any] = {
        "opportunity_id": DEAL,
        "customer_id": CUSTOMER,
        "campaign_id": CAMPAIGN,
        "last_open_stage": stage,
        "amount": eur(5000),
        "cycle": 1,
        "at": at(days=5),
    }
    return OpportunityWon(**{**given, **changes})


def lose(reason: str = "price", competitor: str | None = None, days: float = 5) -> LoseOpportunity:
    return LoseOpportunity(
        opportunity_id=DEAL, reason=reason, competitor=competitor, at=at(days=days)
    )


def lost(stage: str = "qualification", **changes: Any) -> OpportunityLost:
    given: dict[str, Any] = {
        "opportunity_id": DEAL,
        "customer_id": CUSTOMER,
        "campaign_id": CAMPAIGN,
        "reason": "price",
        "competitor": None,
        "last_open_stage": stage,
        "amount": eur(5000),
        "cycle": 1,
        "at": at(days=5),
    }
    return OpportunityLost(**{**given, **changes})


def reopen(stage: str | None = None, days: float = 7) -> ReopenOpportunity:
    return ReopenOpportunity(
        opportunity_id=DEAL, reason="budget found", stage=stage, at=at(days=days)
    )


def reopened(stage: str, probability: int, cycle: int = 2) -> OpportunityReopened:
    return OpportunityReopened(
        opportunity_id=DEAL,
        reason="budget found",
        cycle=cycle,
        stage=stage,
        probability=probability,
        forecast=FORECAST[stage],
        at=at(days=7),
    )


PROPOSAL = entered("qualification", "proposal", 50)


@pytest.mark.parametrize(
    ("history", "command", "events"),
    [
        pytest.param([], open_deal(), [opened()], id="opened in the first stage"),
        pytest.param(
            [], open_deal(stage="proposal"), [opened("proposal", 50)], id="opened further on"
        ),
        pytest.param(
            [],
            open_deal(probability=33, amount=None),
            [opened(probability=33, overridden=True, amount=None)],
            id="opened with a chance of its own",
        ),
        pytest.param([opened()], open_deal(), [], id="opened twice"),
        pytest.param([opened(), PROPOSAL, won()], open_deal(), [], id="opened twice, since won"),
        pytest.param(
            [opened(probability=5)], open_deal(), [], id="opened twice, the pipeline changed"
        ),
        pytest.param([opened()], advance("proposal"), [PROPOSAL], id="advanced"),
        pytest.param([opened()], advance("qualification"), [], id="already there"),
        pytest.param(
            [opened(), PROPOSAL],
            advance("discovery", days=2),
            [entered("proposal", "discovery", 25, days=2)],
            id="moved back",
        ),
        pytest.param([opened()], override(40), [overridden(40)], id="chance set by hand"),
        pytest.param([opened(), overridden(40)], override(40), [], id="set by hand twice"),
        pytest.param([opened()], override(10), [overridden(10)], id="the same figure, now by hand"),
        pytest.param([opened()], RESET, [], id="nothing to reset"),
        pytest.param([opened()], revise(eur(7)), [revised(eur(5000), eur(7))], id="revised"),
        pytest.param([opened()], revise(eur(5000)), [], id="revised to the same"),
        pytest.param([opened()], revise(None), [revised(eur(5000), None)], id="no longer known"),
        pytest.param([opened(), PROPOSAL], win(), [won("proposal")], id="won"),
        pytest.param([opened(), won()], win(6), [], id="won twice"),
        pytest.param(
            [opened()],
            lose(competitor="Initech"),
            [lost(competitor="Initech")],
            id="lost to a competitor",
        ),
        pytest.param([opened(), lost()], lose(days=6), [], id="lost twice"),
        pytest.param(
            [opened(), PROPOSAL, lost("proposal")],
            reopen(),
            [reopened("proposal", 50)],
            id="reopened where it was lost",
        ),
        pytest.param(
            [opened(), won()],
            reopen("negotiation"),
            [reopened("negotiation", 75)],
            id="reopened in another stage",
        ),
        pytest.param([opened()], reopen(), [], id="was never closed"),
        pytest.param(
            [opened(), lost(), reopened("discovery", 25)],
            win(8),
            [won("discovery", cycle=2, at=at(days=8))],
            id="won in the second cycle",
        ),
        pytest.param(
            [opened(), overridden(40), lost(), reopened("qualification", 10)],
            advance("discovery", days=8),
            [entered("qualification", "discovery", 25, days=8)],
            id="a new cycle forgets the chance set by hand",
        ),
    ],
)
def test_opportunities(history: list[Any], command: Any, events: list[Any]) -> None:
    deals.given(*history).when(command).then(*events)


@pytest.mark.parametrize(
    ("history", "command", "refusal", "words"),
    [
        pytest.param([], win(), NotFoundError, "no opportunity", id="win nothing"),
        pytest.param([], reopen(), NotFoundError, "no opportunity", id="reopen nothing"),
        pytest.param(
            [opened()], open_deal(name="other"), AlreadyExistsError, "particulars", id="other deal"
        ),
        pytest.param(
            [opened()],
            open_deal(probability=10),
            AlreadyExistsError,
            "particulars",
            id="the same figure, but by hand",
        ),
        pytest.param([], open_deal(pipeline="x"), NotFoundError, "sales", id="unknown pipeline"),
        pytest.param([], open_deal(stage="x"), NotFoundError, "discovery", id="unknown stage"),
        pytest.param([], open_deal(amount=eur(-1)), InvalidValueError, "amount", id="negative"),
        pytest.param([opened()], revise(eur(-1)), InvalidValueError, "amount", id="to negative"),
        pytest.param([opened()], advance("x"), NotFoundError, "discovery", id="to unknown stage"),
        pytest.param(
            [opened()], reopen("discovery"), NotAllowedError, "advance", id="reopen an open deal"
        ),
        pytest.param(
            [opened(), PROPOSAL],
            advance("discovery", days=0.5),
            TooEarlyError,
            "entered",
            id="moved before the last move",
        ),
        pytest.param(
            [opened(), lost()], reopen(days=4), TooEarlyError, "closed", id="reopened too early"
        ),
    ],
)
def test_refused(history: list[Any], command: Any, refusal: type[DomainError], words: str) -> None:
    deals.given(*history).when(command).then_refused(refusal, words)


@pytest.mark.parametrize("probability", [-1, 100, 101])
def test_INV_O1_a_chance_by_hand_is_from_0_to_99(probability: int) -> None:
    for make in (override, lambda p: advance("proposal", p), lambda p: open_deal(probability=p)):
        with pytest.raises(InvalidValueError, match="from 0 to 99"):
            make(probability)


def test_INV_O1_won_is_certain_and_lost_impossible() -> None:
    closed = [opportunity.AGGREGATE.fold([opened(), event]) for event in (won(), lost())]
    assert [state.probability for state in closed if not isinstance(state, Unopened)] == [
        100,
        0,
    ]


@pytest.mark.parametrize(
    "command",
    [advance("proposal", days=6), override(40), RESET, revise(eur(7))],
    ids=lambda command: command.TOPIC,
)
@pytest.mark.parametrize("closed", [won(), lost()], ids=["won", "lost"])
def test_INV_O2_a_closed_deal_rejects_changes(closed: Any, command: Any) -> None:
    deals.given(opened(), closed).when(command).then_refused(OpportunityClosedError, "reopen")


def test_INV_O2_a_verdict_is_changed_only_by_reopening() -> None:
    deals.given(opened(), won()).when(lose()).then_refused(OpportunityClosedError, "won")
    deals.given(opened(), lost()).when(win()).then_refused(OpportunityClosedError, "price")
    deals.given(opened(), lost()).when(lose("timing")).then_refused(OpportunityClosedError, "price")


@pytest.mark.parametrize("close", [win(-1), lose(days=-1)], ids=["won", "lost"])
def test_INV_O2_no_close_before_the_opening(close: Any) -> None:
    deals.given(opened()).when(close).then_refused(TooEarlyError, "entered")


def test_INV_O2_lost_needs_a_reason() -> None:
    with pytest.raises(InvalidValueError, match="reason"):
        lose("  ")


@pytest.mark.parametrize("stage", ["won", "lost"])
def test_EC_O3_no_way_round_the_reason(stage: str) -> None:
    deals.when(open_deal(stage=stage)).then_refused(ClosingStageError, "lose-opportunity")
    deals.given(opened()).when(advance(stage)).then_refused(ClosingStageError, "discovery")
    deals.given(opened(), lost()).when(reopen(stage)).then_refused(ClosingStageError, "reason")


def test_EC_O4_decided_when_recorded_still_has_a_last_open_stage() -> None:
    after = deals.when(open_deal()).then(opened())
    after.when(lose(days=0)).then(lost(at=at()))
    after.when(win(0)).then(won(at=at())).when(reopen()).then(reopened("qualification", 10))


def test_explicit_probability_wins_and_sticks_until_reset() -> None:
    by_hand = entered("qualification", "proposal", 66, overridden=True)
    later = entered("proposal", "discovery", 66, overridden=True, days=2)
    (
        deals.given(opened())
        .when(advance("proposal", 66))
        .then(by_hand)
        .when(advance("discovery", days=2))
        .then(later)
        .when(RESET)
        .then(reset_to(25))
        .when(advance("negotiation", days=3))
        .then(entered("discovery", "negotiation", 75, days=3))
    )
    deals.given(opened()).when(advance("qualification", 66)).then(overridden(66))


def test_a_pipeline_of_ones_own() -> None:
    certain = Pipeline(
        key="renewals",
        name="Renewals",
        stages=(
            Stage(key="agreed", name="Agreed", probability=100),
            Stage(key="won", name="Won", probability=100, kind=StageKind.WON),
            Stage(key="lost", name="Lost", probability=0, kind=StageKind.LOST),
        ),
    )
    expected = opened("agreed", 100, pipeline="renewals", forecast=ForecastCategory.PIPELINE)
    deals.when(open_deal(pipeline="renewals"), {"renewals": certain}).then(expected)


OPEN = Stage(key="a", name="A", probability=50)
WON = Stage(key="w", name="W", probability=100, kind=StageKind.WON)
LOST = Stage(key="l", name="L", probability=0, kind=StageKind.LOST)


@pytest.mark.parametrize(
    "stages",
    [
        pytest.param((WON, LOST), id="no open stage"),
        pytest.param((OPEN, WON), id="nowhere to lose"),
        pytest.param((OPEN, LOST), id="nowhere to win"),
        pytest.param((OPEN, OPEN, WON, LOST), id="a key twice"),
        pytest.param(
            (OPEN, Stage(key="w", name="W", probability=99, kind=StageKind.WON), LOST),
            id="won but not certain",
        ),
        pytest.param(
            (OPEN, WON, Stage(key="l", name="L", probability=1, kind=StageKind.LOST)),
            id="lost but possible",
        ),
    ],
)
def test_INV_O1_impossible_pipelines(stages: tuple[Stage, ...]) -> None:
    with pytest.raises(InvalidValueError):
        Pipeline(key="p", name="P", stages=stages)


def test_the_subject_is_the_customer() -> None:
    subject = opportunity.AGGREGATE.subject
    assert subject(Unopened()) is None
    assert subject(opportunity.AGGREGATE.fold([opened(), won()])) == CUSTOMER


def test_an_event_out_of_its_phase_changes_nothing() -> None:
    unopened, working = Unopened(), opportunity.AGGREGATE.fold([opened()])
    assert opportunity.AGGREGATE.evolve(unopened, won()) == unopened
    assert opportunity.AGGREGATE.evolve(working, reopened("proposal", 50)) == working


# --- properties -----------------------------------------------------------------------------

moves = st.lists(
    st.tuples(st.sampled_from([*STAGES, "win", "lose", "reopen"]), st.integers(0, 3)),
    max_size=15,
)


@settings(max_examples=150, deadline=None)
@given(moves=moves)
def test_INV_O4_stays_tile_the_time_from_opening_to_close(
    moves: list[tuple[str, int]],
) -> None:
    stream: list[Any] = list(opportunity.decide(open_deal(), Unopened()))
    days, closes, opens = 0, list[datetime](), [at()]
    for move, later in moves:
        days += later
        commands: dict[str, opportunity.Command] = {
            "win": win(days),
            "lose": lose(days=days),
            "reopen": reopen(days=days),
        }
        try:
            events = opportunity.decide(
                commands.get(move, advance(move, days=days)),
                opportunity.AGGREGATE.fold(stream),
            )
        except OpportunityClosedError:
            continue
        stream += events
        closes += [e.at for e in events if isinstance(e, OpportunityWon | OpportunityLost)]
        opens += [e.at for e in events if isinstance(e, OpportunityReopened)]
    state = opportunity.AGGREGATE.fold(stream)
    assert not isinstance(state, Unopened)
    for cycle, closed in enumerate(closes, 1):
        stays = [stay for stay in state.deal.stays if stay.cycle == cycle]
        assert stays[0].entered_at == opens[cycle - 1]
        assert stays[-1].left_at == closed
        assert all(a.left_at == b.entered_at for a, b in pairwise(stays))
        total = sum((stay.duration for stay in stays), timedelta())
        assert total == closed - opens[cycle - 1]
