"""What customers think of solved cases: the scores of surveys, and the figures that follow (V9)."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from crmcore.domain.kernel.contact import Channel
from crmcore.domain.kernel.working_time import known_zone
from crmcore.domain.service.survey.messages import SCALES, SurveyKind
from crmcore.domain.service.survey.state import SurveyStatus
from crmcore.projections.results import result
from crmcore.projections.service.periods import local_day


class FeedbackGrouping(StrEnum):
    """What feedback may be broken down by; ``month`` is that of the question, in a zone."""

    QUEUE = "queue"
    AGENT = "agent"
    CHANNEL = "channel"
    CUSTOMER = "customer"
    MONTH = "month"


@result
class Survey:
    """A survey as of an instant (all in UTC); ``queue`` and ``agent`` had the case when it was offered.

    ``score`` and ``answered_at`` are of the answer that counted by then.
    """

    survey_id: UUID
    case_id: UUID
    cycle: int
    kind: SurveyKind
    customer_id: UUID
    channel: Channel
    queue: str | None
    agent: str | None
    offered_at: datetime
    expires_at: datetime
    status: SurveyStatus
    score: int | None
    answered_at: datetime | None
    as_of: datetime


@result
class ScoreCount:
    """How many gave a score."""

    score: int
    count: int


@result
class SurveyResult:
    """The surveys of one kind in a group, and what they say (V9); figures are None without answers.

    ``scores`` are all of the survey's scale, the best first; ``mean`` is theirs, on the survey's own
    scale.  ``response_rate`` is answered / offered, and ``completed_response_rate`` the same of those
    that can no longer be answered: None where there are none.
    """

    kind: SurveyKind
    group: str
    offered: int
    answered: int
    expired: int
    open: int
    scores: tuple[ScoreCount, ...]
    mean: Decimal | None
    csat: Decimal | None
    """Customer satisfaction: answers of 4 or 5 / answers, of a scale of 1 to 5.

    The share of the top two boxes, as tools for surveys define it (V9); not the mean.
    """
    nps: Decimal | None
    """Net promoter score: % promoters (9, 10) - % detractors (0 to 6), -100 to 100.

    Reichheld, "The One Number You Need to Grow" (Harvard Business Review, 2003): 7 and 8
    are passive, and count in the denominator alone.
    """
    ces: Decimal | None
    """Customer effort score: the mean of the scores, 1 to 7.

    The variant CES 2.0 (CEB, 2013), which asks how far the customer agrees that we made it
    easy: higher is easier.  The first version (1 to 5, effort: lower is better) is another scale.
    """
    ces_agreement: Decimal | None
    """Customer effort score, as a share: answers of 5 or more / answers, of a scale of 1 to 7."""
    response_rate: Decimal | None
    completed_response_rate: Decimal | None

    @classmethod
    def of(
        cls,
        kind: SurveyKind,
        group: str,
        given: Mapping[int, int],
        *,
        expired: int = 0,
        open: int = 0,  # noqa: A002  # as the status is called
    ) -> "SurveyResult":
        """The figures of a group, from how many gave each score, and how many gave none."""
        low, high = SCALES[kind]
        scores = {score: given.get(score, 0) for score in range(high, low - 1, -1)}
        answered = sum(scores.values())

        def share(low: int, high: int) -> Decimal | None:
            return _ratio(sum(scores.get(score, 0) for score in range(low, high + 1)), answered)

        mean = _ratio(sum(score * count for score, count in scores.items()), answered)
        promoters = sum(scores.get(score, 0) for score in (9, 10))
        net = _ratio(promoters - sum(scores.get(score, 0) for score in range(7)), answered)
        return cls(
            kind=kind,
            group=group,
            offered=answered + expired + open,
            answered=answered,
            expired=expired,
            open=open,
            scores=tuple(ScoreCount(score, count) for score, count in scores.items()),
            mean=mean,
            csat=share(4, 5) if kind is SurveyKind.CSAT else None,
            nps=100 * net if kind is SurveyKind.NPS and net is not None else None,
            ces=mean if kind is SurveyKind.CES else None,
            ces_agreement=share(5, 7) if kind is SurveyKind.CES else None,
            response_rate=_ratio(answered, answered + expired + open),
            completed_response_rate=_ratio(answered, answered + expired),
        )


@result
class SurveyReport:
    """What customers think: by kind of survey and group, sorted, and in total for each kind."""

    groups: tuple[SurveyResult, ...]
    totals: tuple[SurveyResult, ...]


_GROUP: Final[Mapping[FeedbackGrouping, Callable[[Survey, str], str | None]]] = {
    FeedbackGrouping.QUEUE: lambda survey, _: survey.queue,
    FeedbackGrouping.AGENT: lambda survey, _: survey.agent,
    FeedbackGrouping.CHANNEL: lambda survey, _: survey.channel.value,
    FeedbackGrouping.CUSTOMER: lambda survey, _: str(survey.customer_id),
    FeedbackGrouping.MONTH: lambda survey, zone: f"{local_day(survey.offered_at, zone):%Y-%m}",
}


def survey_report(
    surveys: Iterable[Survey], by: FeedbackGrouping | None = None, *, zone: str = "UTC"
) -> SurveyReport:
    """The figures by kind and group, sorted, and in total for each kind that was offered.

    Months begin at midnight in *zone* (an IANA name); ``InvalidValueError`` if nobody knows it.
    """
    zone = known_zone(zone)
    groups: dict[tuple[SurveyKind, str], list[Survey]] = {}
    totals: dict[tuple[SurveyKind, str], list[Survey]] = {}
    for one in surveys:
        totals.setdefault((one.kind, "total"), []).append(one)
        if by is not None:
            group = _GROUP[by](one, zone) or "(none)"
            groups.setdefault((one.kind, group), []).append(one)
    return SurveyReport(_results(groups), _results(totals))


def _results(
    surveys: Mapping[tuple[SurveyKind, str], Iterable[Survey]],
) -> tuple[SurveyResult, ...]:
    kinds = list(SurveyKind)
    in_order = sorted(surveys, key=lambda of: (kinds.index(of[0]), of[1]))
    return tuple(_result(*of, surveys[of]) for of in in_order)


def _result(kind: SurveyKind, group: str, surveys: Iterable[Survey]) -> SurveyResult:
    several = list(surveys)
    given = Counter(one.score for one in several if one.score is not None)
    status = Counter(one.status for one in several)
    expired, unanswered = status[SurveyStatus.EXPIRED], status[SurveyStatus.OPEN]
    return SurveyResult.of(kind, group, given, expired=expired, open=unanswered)


def _ratio(part: int, whole: int) -> Decimal | None:
    return Decimal(part) / whole if whole else None
