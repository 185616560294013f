"""Scoring: exact points at any instant, whoever asks and however often."""

import random
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.sales.lead.score import Adjustment, Signal, remaining, score
from crmcore.domain.sales.lead.scoring_model import (
    STANDARD_MODEL,
    ActivityRule,
    Bands,
    Decay,
    DecayKind,
    FitRule,
    GroupCap,
    ScoringModel,
)
from tests.scenario import START, at

MONTH = timedelta(days=30)
POINTS = st.integers(-50, 50)
AGES = st.timedeltas(timedelta(0), timedelta(days=400))
DECAYS = st.builds(
    Decay,
    kind=st.sampled_from(DecayKind),
    period=st.timedeltas(timedelta(hours=1), timedelta(days=90)),
    percent=st.integers(0, 100).map(Decimal),
)
SIGNALS = st.lists(
    st.builds(
        Signal,
        activity=st.sampled_from(["open", "click"]),
        group=st.sampled_from(["email", "web"]),
        points=POINTS,
        at=AGES.map(lambda age: START + age),
    ),
    max_size=8,
)


def model(**changes: object) -> ScoringModel:
    return ScoringModel(**{"model_version": "m1", "lowest": -1_000, "highest": 1_000} | changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("kind", "age", "left"),
    [
        pytest.param(DecayKind.NONE, 3_000, "1", id="no decay"),
        pytest.param(DecayKind.HALF_LIFE, 0, "1", id="half-life, at once"),
        pytest.param(DecayKind.HALF_LIFE, 30, "0.5", id="half-life, one period"),
        pytest.param(DecayKind.HALF_LIFE, 60, "0.25", id="half-life, two periods"),
        pytest.param(
            DecayKind.HALF_LIFE, 15, "0.7071067811865475244008443621", id="half-life, half"
        ),
        pytest.param(DecayKind.HALF_LIFE, 30_000, "0", id="half-life, a lifetime"),
        pytest.param(DecayKind.STEP, 29, "1", id="step, before the first"),
        pytest.param(DecayKind.STEP, 30, "0.8", id="step, the first"),
        pytest.param(DecayKind.STEP, 89, "0.64", id="step, before the third"),
        pytest.param(DecayKind.EXPIRY, 29, "1", id="expiry, before"),
        pytest.param(DecayKind.EXPIRY, 30, "0", id="expiry, exactly at the end"),
    ],
)
def test_what_is_left_of_an_activity(kind: DecayKind, age: int, left: str) -> None:
    decay = Decay(kind=kind, period=MONTH, percent=Decimal(20))
    assert remaining(decay, timedelta(days=age)) == Decimal(left)


def test_a_step_of_a_hundred_percent_leaves_nothing() -> None:
    decay = Decay(kind=DecayKind.STEP, period=MONTH, percent=Decimal(100))
    assert [remaining(decay, timedelta(days=days)) for days in (1, 30)] == [1, 0]


def test_fit_engagement_and_adjustment_add_up_within_caps_and_bounds() -> None:
    rules = model(
        fit_rules=(
            FitRule(attribute="industry", equals="Retail", points=25),
            FitRule(attribute="company", points=10),
            FitRule(attribute="country", equals="de", points=99),
        ),
        caps=(GroupCap(group="fit", most=30), GroupCap(group="web", most=12)),
        lowest=0,
        highest=50,
    )
    signals = [
        Signal("visit", "web", 8, START),
        Signal("visit", "web", 10, at(days=1)),
        Signal("bounce", "email", -3, START),
        Signal("later", "email", 40, at(days=90)),
    ]
    hand = [Adjustment(4, "met at the fair", START), Adjustment(100, "later", at(days=90))]
    seen = score({"industry": "retail", "company": "Acme"}, signals, hand, at(days=1), rules)
    assert (seen.fit, seen.engagement, seen.adjustment) == (Decimal(30), Decimal(9), 4)
    assert (seen.total, seen.band) == (Decimal(43), "A3")
    assert score({}, signals, hand, at(days=90), rules).total == Decimal(50)
    assert score({}, [Signal("x", "x", -9, START)], [], START, rules).total == Decimal(0)


@pytest.mark.parametrize(
    ("fit", "engagement", "band"),
    [(30, 30, "A1"), (29, 29, "B2"), (15, 10, "B2"), (14, 9, "C3"), (30, 0, "A3"), (0, 30, "C1")],
)
def test_bands(fit: int, engagement: int, band: str) -> None:
    rules = model(fit_rules=(FitRule(attribute="a", points=fit),))
    assert score({"a": "b"}, [Signal("x", "x", engagement, START)], [], START, rules).band == band


@settings(max_examples=60, deadline=None)
@given(signals=SIGNALS, decay=DECAYS, base=AGES, later=AGES, cap=st.integers(0, 60))
def test_INV_L4_engagement_does_not_grow_between_events(
    signals: list[Signal], decay: Decay, base: timedelta, later: timedelta, cap: int
) -> None:
    rules = model(decay=decay, caps=(GroupCap(group="web", most=cap),))
    known = [signal for signal in signals if signal.at <= START + base]
    first = score({}, known, [], START + base, rules)
    assert score({}, known, [], START + base + later, rules).engagement <= first.engagement


@settings(max_examples=60, deadline=None)
@given(
    signals=SIGNALS,
    decay=DECAYS,
    age=AGES,
    bounds=st.tuples(POINTS, POINTS).map(sorted),
    by_hand=st.lists(POINTS, max_size=3),
)
def test_INV_L4_score_stays_within_its_bounds(
    signals: list[Signal], decay: Decay, age: timedelta, bounds: list[int], by_hand: list[int]
) -> None:
    rules = model(decay=decay, lowest=bounds[0], highest=bounds[1])
    hand = [Adjustment(points, "why", START) for points in by_hand]
    assert bounds[0] <= score({}, signals, hand, START + age, rules).total <= bounds[1]


@settings(max_examples=60, deadline=None)
@given(signals=SIGNALS, decay=DECAYS, age=AGES, seed=st.integers(0, 99), others=st.lists(AGES))
def test_INV_L4_score_does_not_depend_on_when_it_is_read_or_in_which_order_things_came(
    signals: list[Signal], decay: Decay, age: timedelta, seed: int, others: list[timedelta]
) -> None:
    rules = model(decay=decay)
    first = score({}, signals, [], START + age, rules)
    for other in others:
        score({}, signals, [], START + other, rules)
    shuffled = random.Random(seed).sample(signals, len(signals))
    assert score({}, shuffled, [], START + age, rules) == first


@settings(max_examples=50, deadline=None)
@given(signals=SIGNALS, decay=DECAYS, age=AGES)
def test_the_score_moves_with_the_calendar(
    signals: list[Signal], decay: Decay, age: timedelta
) -> None:
    """A week later for everything is the same score."""
    week = timedelta(weeks=1)
    moved = [Signal(one.activity, one.group, one.points, one.at + week) for one in signals]
    one, other = (
        score({}, each, [], instant, model(decay=decay))
        for each, instant in ((signals, START + age), (moved, START + age + week))
    )
    assert (one.engagement, one.total, one.band) == (other.engagement, other.total, other.band)


@pytest.mark.parametrize(
    "build",
    [
        pytest.param(lambda: model(lowest=2, highest=1), id="bounds crossed"),
        pytest.param(lambda: Decay(kind=DecayKind.EXPIRY, period=timedelta(0)), id="no period"),
        pytest.param(lambda: Bands(a=1, b=2), id="bands crossed"),
        pytest.param(
            lambda: model(activity_rules=(ActivityRule(activity="x", points=1),) * 2), id="twice"
        ),
        pytest.param(lambda: STANDARD_MODEL.rule_for("moon-landing"), id="unknown activity"),
    ],
)
def test_a_model_that_makes_no_sense_is_refused(build: object) -> None:
    assert callable(build)
    with pytest.raises(InvalidValueError):
        build()
