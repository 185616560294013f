"""The rules by which leads are scored: configuration of the organisation, in versions.

Facts store the version that they were scored under.
"""

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Final

from crmcore.domain.kernel import Between, InvalidValueError, Length, value

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

    def __repr__(self) -> str:
        return f"ScoringModel({self.model_version!r})"

    def rule_for(self, activity: str) -> ActivityRule:
        """The rule for an activity; refuses one that the model does not know."""
        for rule in self.activity_rules:
            if rule.activity == activity:
                return rule
        known = ", ".join(rule.activity for rule in self.activity_rules) or "none"
        raise InvalidValueError(
            "activity", activity, f"one that scoring model {self.model_version} knows ({known})"
        )


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
