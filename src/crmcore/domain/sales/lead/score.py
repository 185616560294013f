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
from typing import Final

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.sales.lead.scoring_model import Bands, Decay, DecayKind, FitRule, ScoringModel

_MATHS: Final = Context(prec=28)
_HUNDREDTH: Final = Decimal("0.01")


_FADED_AFTER: Final = 400
"""Half-lives after which less than 10^-100 of the points is left: nothing."""


@frozen
class Signal:
    """An activity as it was scored when it was recorded."""

    activity: str
    group: str
    points: int
    at: datetime


@frozen
class Adjustment:
    """Points given or taken by hand."""

    points: int
    reason: str
    at: datetime


@frozen
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
    with localcontext(_MATHS):
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
        kept = _MATHS.divide(100 - decay.percent, Decimal(100))
        return _MATHS.power(kept, periods) if periods and kept else Decimal(not periods)
    if periods >= _FADED_AFTER:
        return Decimal(0)
    microsecond = timedelta(microseconds=1)
    halvings = _MATHS.divide(Decimal(age // microsecond), Decimal(decay.period // microsecond))
    return _MATHS.power(Decimal(2), -halvings)


def _faded(signal: Signal, as_of: datetime, decay: Decay) -> Decimal:
    points = Decimal(signal.points)
    if points <= 0:
        return points
    # Fixed scale: sums are exact, so the order of the signals cannot show in the last digit.
    left = _MATHS.multiply(points, remaining(decay, as_of - signal.at))
    return left.quantize(Decimal("1e-12"), context=_MATHS)


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
    return points.quantize(_HUNDREDTH, rounding=ROUND_HALF_UP)
