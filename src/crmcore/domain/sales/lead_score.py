"""A lead's score: who it is (fit) and what it did (engagement), at any instant.

``score`` is a pure function of what is known of a lead, a scoring model and an instant:
reading it twice, late, or never changes nothing, and no timer has to run.

- *fit* = points of the model's attribute rules that hold; it does not fade.
- *engagement* = points of the activities up to the instant, each faded by its own age.
  Points against a lead do not fade: otherwise silence would raise its score.
- *adjustment* = points given or taken by hand; they do not fade.

The points of a group of rules (fit or engagement) count up to the group's cap.  The total
is the sum within [lowest, highest].  The band is fit A-C by engagement 1-3, as sales teams
know it from matrix scoring ("A1": the right company, and eager).  Decimal throughout,
rounded once to hundredths, half away from zero.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from enum import StrEnum
from typing import Annotated, Final

import attrs

from crmcore.domain.kernel import Between, InvalidValueError, Length, value

__all__ = [
    "STANDARD_MODEL",
    "ActivityRule",
    "Adjustment",
    "Bands",
    "Decay",
    "DecayKind",
    "FitRule",
    "GroupCap",
    "LeadScore",
    "ScoringModel",
    "Signal",
    "remaining",
    "score",
]

MATHS: Final = Context(prec=28)
HUNDREDTH: Final = Decimal("0.01")
FADED_AFTER: Final = 400
"""Half-lives after which less than 10^-100 of the points is left: nothing."""

Points = Annotated[int, Between(-10_000, 10_000)]
Key = Annotated[str, Length(100)]


class DecayKind(StrEnum):
    """How the points of an activity fade with its age."""

    NONE = "none"
    HALF_LIFE = "half_life"
    STEP = "step"
    EXPIRY = "expiry"


@value
class Decay:
    """How engagement fades: half each *period*, *percent* each full period, or all at once."""

    kind: DecayKind
    period: timedelta = timedelta(days=30)
    percent: Annotated[Decimal, Between(0, 100)] = Decimal(50)

    def __attrs_post_init__(self) -> None:
        if self.period <= timedelta(0):
            raise InvalidValueError("period", self.period, "a duration longer than 0")


@value
class FitRule:
    """Points for an attribute that has a value, or exactly the value *equals* (case ignored)."""

    attribute: Key
    equals: Annotated[str, Length(1_000)] | None = None
    points: Points
    group: Key = "fit"


@value
class ActivityRule:
    """Points for something that a lead does; *once*: only the first time."""

    activity: Key
    points: Points
    group: Key = "engagement"
    once: bool = False


@value
class GroupCap:
    """The most points that the rules of a group give together."""

    group: Key
    most: Annotated[int, Between(0, 10_000)]


@value
class Bands:
    """From how many points of fit a lead is A or B, and of engagement 1 or 2; below: C, 3."""

    a: int = 30
    b: int = 15
    one: int = 30
    two: int = 10

    def __attrs_post_init__(self) -> None:
        if self.a < self.b or self.one < self.two:
            raise InvalidValueError(
                "bands", (self.a, self.b, self.one, self.two), "a >= b, one >= two"
            )


@value
class ScoringModel:
    """One version of the rules of scoring; facts store the version that they were scored under."""

    model_version: Key
    fit_rules: tuple[FitRule, ...] = ()
    activity_rules: tuple[ActivityRule, ...] = ()
    caps: tuple[GroupCap, ...] = ()
    decay: Decay = Decay(kind=DecayKind.HALF_LIFE)
    lowest: Points = 0
    highest: Points = 100
    bands: Bands = Bands()
    qualifies_at: Points = 50

    def __attrs_post_init__(self) -> None:
        if self.lowest > self.highest:
            raise InvalidValueError("lowest", self.lowest, f"at most highest ({self.highest})")
        activities = [rule.activity for rule in self.activity_rules]
        if len(set(activities)) < len(activities):
            raise InvalidValueError("activity_rules", activities, "each activity once")

    def rule_for(self, activity: str) -> ActivityRule:
        """The rule for an activity; refuses one that the model does not know."""
        for rule in self.activity_rules:
            if rule.activity == activity:
                return rule
        known = ", ".join(rule.activity for rule in self.activity_rules) or "none"
        raise InvalidValueError(
            "activity", activity, f"one that scoring model {self.model_version} knows ({known})"
        )


@attrs.frozen
class Signal:
    """An activity as it was scored when it was recorded."""

    activity: str
    group: str
    points: int
    at: datetime


@attrs.frozen
class Adjustment:
    """Points given or taken by hand."""

    points: int
    reason: str
    at: datetime


@attrs.frozen
class LeadScore:
    """A lead's score at an instant: points in hundredths, and the band A1 to C3."""

    fit: Decimal
    engagement: Decimal
    adjustment: int
    total: Decimal
    band: str
    model_version: str
    as_of: datetime


def score(
    facts: Mapping[str, str],
    signals: Sequence[Signal],
    adjustments: Sequence[Adjustment],
    as_of: datetime,
    model: ScoringModel,
) -> LeadScore:
    """The score at *as_of* (UTC) of a lead with these *facts*; what came later does not count."""
    held = [(rule.group, Decimal(rule.points)) for rule in model.fit_rules if _holds(rule, facts)]
    done = [(one.group, _faded(one, as_of, model.decay)) for one in signals if one.at <= as_of]
    by_hand = sum(one.points for one in adjustments if one.at <= as_of)
    with localcontext(MATHS):
        fit, engagement = _capped(held, model), _capped(done, model)
        total = min(max(fit + engagement + by_hand, Decimal(model.lowest)), Decimal(model.highest))
        return LeadScore(
            fit=_rounded(fit),
            engagement=_rounded(engagement),
            adjustment=by_hand,
            total=_rounded(total),
            band=_band(fit, engagement, model.bands),
            model_version=model.model_version,
            as_of=as_of,
        )


def remaining(decay: Decay, age: timedelta) -> Decimal:
    """The part, from 1 down to 0, of an activity's points that is left after *age*.

    Half-life: 2^(-age/period), as radioactive decay.  Step: (1 - percent/100) to the power of
    the full periods gone by.  Expiry: all until the period is over, then nothing.
    """
    periods = age // decay.period
    if decay.kind is DecayKind.NONE or age <= timedelta(0):
        return Decimal(1)
    if decay.kind is DecayKind.EXPIRY:
        return Decimal(periods == 0)
    if decay.kind is DecayKind.STEP:
        kept = MATHS.divide(100 - decay.percent, Decimal(100))
        return MATHS.power(kept, periods) if periods and kept else Decimal(not periods)
    if periods >= FADED_AFTER:
        return Decimal(0)
    microsecond = timedelta(microseconds=1)
    halvings = MATHS.divide(Decimal(age // microsecond), Decimal(decay.period // microsecond))
    return MATHS.power(Decimal(2), -halvings)


def _faded(signal: Signal, as_of: datetime, decay: Decay) -> Decimal:
    points = Decimal(signal.points)
    if points <= 0:
        return points
    # Fixed scale: sums are exact, so the order of the signals cannot show in the last digit.
    left = MATHS.multiply(points, remaining(decay, as_of - signal.at))
    return left.quantize(Decimal("1e-12"), context=MATHS)


def _capped(points: Iterable[tuple[str, Decimal]], model: ScoringModel) -> Decimal:
    sums: defaultdict[str, Decimal] = defaultdict(Decimal)
    for group, number in points:
        sums[group] += number
    caps = {cap.group: Decimal(cap.most) for cap in model.caps}
    return sum((min(total, caps.get(group, total)) for group, total in sums.items()), Decimal(0))


def _holds(rule: FitRule, facts: Mapping[str, str]) -> bool:
    known = facts.get(rule.attribute)
    return known is not None and (rule.equals is None or known.casefold() == rule.equals.casefold())


def _band(fit: Decimal, engagement: Decimal, bands: Bands) -> str:
    letter = "A" if fit >= bands.a else "B" if fit >= bands.b else "C"
    digit = "1" if engagement >= bands.one else "2" if engagement >= bands.two else "3"
    return letter + digit


def _rounded(points: Decimal) -> Decimal:
    return points.quantize(HUNDREDTH, rounding=ROUND_HALF_UP)


STANDARD_MODEL: Final = ScoringModel(
    model_version="standard-1",
    fit_rules=(
        FitRule(attribute="company", points=10),
        FitRule(attribute="phone", points=5),
        FitRule(attribute="email", points=5),
        FitRule(attribute="source", equals="referral", points=10),
        FitRule(attribute="source", equals="existing_customer", points=15),
    ),
    activity_rules=(
        ActivityRule(activity="email-opened", points=2, group="email"),
        ActivityRule(activity="email-clicked", points=5, group="email"),
        ActivityRule(activity="page-visited", points=1, group="website"),
        ActivityRule(activity="form-submitted", points=15, group="website"),
        ActivityRule(activity="document-downloaded", points=8, group="website"),
        ActivityRule(activity="event-attended", points=20),
        ActivityRule(activity="demo-requested", points=40, once=True),
        ActivityRule(activity="unsubscribed", points=-20, once=True),
    ),
    caps=(GroupCap(group="email", most=20), GroupCap(group="website", most=40)),
)
"""Rules to start with; an organisation hands its own to the lead service."""
