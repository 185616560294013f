"""What customers think of solved cases: the scores of surveys, and the figures that follow (V9)."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, Table, select

from crmcore.domain.kernel.working_time import known_zone
from crmcore.domain.service.levels.clock import Mode
from crmcore.domain.service.survey.messages import SCALES, SurveyKind
from crmcore.domain.service.survey.state import SurveyStatus, effective_answer
from crmcore.projections.service.feedback import answers_of, edit_within
from crmcore.projections.service.periods import local_day

__all__ = ["FeedbackGrouping", "FeedbackResult", "Survey", "feedback_results", "read_surveys"]


class FeedbackGrouping(StrEnum):
    """What feedback may be broken down by; ``month`` is that of the question, in a zone."""

    QUEUE = "queue"
    AGENT = "agent"
    CHANNEL = "channel"
    CUSTOMER = "customer"
    MONTH = "month"


@attrs.frozen(kw_only=True)
class Survey:
    """A survey as of an instant (all in UTC); ``queue`` and ``agent`` had the case when it was offered.

    ``score`` and ``answered_at`` are of the answer that counted by then.
    """

    survey_id: UUID
    case_id: UUID
    cycle: int
    kind: SurveyKind
    customer_id: UUID
    channel: str
    queue: str | None
    agent: str | None
    offered_at: datetime
    expires_at: datetime
    score: int | None
    answered_at: datetime | None
    as_of: datetime

    @property
    def status(self) -> SurveyStatus:
        """Open, answered or expired."""
        if self.score is not None:
            return SurveyStatus.ANSWERED
        return SurveyStatus.OPEN if self.as_of < self.expires_at else SurveyStatus.EXPIRED


@attrs.define
class FeedbackResult:
    """The surveys of one kind in a group: how many were ``answered``, ``expired`` or are ``open``.

    ``scores`` tells how many gave each score, the best first.
    """

    kind: SurveyKind
    group: str
    scores: dict[int, int]
    answered: int = 0
    expired: int = 0
    open: int = 0

    @classmethod
    def empty(cls, kind: SurveyKind, group: str) -> "FeedbackResult":
        """Nobody was asked yet."""
        low, high = SCALES[kind]
        return cls(kind, group, dict.fromkeys(range(high, low - 1, -1), 0))

    @property
    def offered(self) -> int:
        """How many surveys were offered."""
        return self.answered + self.expired + self.open

    @property
    def csat(self) -> Decimal | None:
        """Customer satisfaction: answers of 4 or 5 / answers, of a scale of 1 to 5; None without any.

        The share of the top two boxes, as tools for surveys define it (V9); not the mean.
        """
        return self._share(4, 5) if self.kind is SurveyKind.CSAT else None

    @property
    def nps(self) -> Decimal | None:
        """Net promoter score: % promoters (9, 10) - % detractors (0 to 6), -100 to 100; None without answers.

        Reichheld, "The One Number You Need to Grow" (Harvard Business Review, 2003): 7 and 8
        are passive, and count in the denominator alone.
        """
        if self.kind is not SurveyKind.NPS or not self.answered:
            return None
        return 100 * (Decimal(self._given(9, 10) - self._given(0, 6)) / self.answered)

    @property
    def ces(self) -> Decimal | None:
        """Customer effort score: the mean of the scores, 1 to 7; None without answers.

        The variant CES 2.0 (CEB, 2013), which asks how far the customer agrees that we made it
        easy: higher is easier.  The first version (1 to 5, effort: lower is better) is another scale.
        """
        return self.mean if self.kind is SurveyKind.CES else None

    @property
    def ces_agreement(self) -> Decimal | None:
        """Customer effort score, as a share: answers of 5 or more / answers, of a scale of 1 to 7."""
        return self._share(5, 7) if self.kind is SurveyKind.CES else None

    @property
    def mean(self) -> Decimal | None:
        """The mean of the scores, on the survey's own scale; None without answers."""
        total = sum(score * count for score, count in self.scores.items())
        return Decimal(total) / self.answered if self.answered else None

    def response_rate(self, mode: Mode = Mode.TO_DATE) -> Decimal | None:
        """Answered / offered; in *mode* completed, surveys that can still be answered are left out.

        None where nothing was offered (or completed).
        """
        asked = self.offered - (self.open if mode is Mode.COMPLETED else 0)
        return Decimal(self.answered) / asked if asked else None

    def count(self, survey: Survey) -> None:
        """Count one survey."""
        setattr(self, survey.status.value, getattr(self, survey.status.value) + 1)
        if survey.score is not None:
            self.scores[survey.score] += 1

    def _given(self, low: int, high: int) -> int:
        return sum(count for score, count in self.scores.items() if low <= score <= high)

    def _share(self, low: int, high: int) -> Decimal | None:
        return Decimal(self._given(low, high)) / self.answered if self.answered else None


GROUP: Mapping[FeedbackGrouping, Callable[[Survey, str], str | None]] = {
    FeedbackGrouping.QUEUE: lambda survey, _: survey.queue,
    FeedbackGrouping.AGENT: lambda survey, _: survey.agent,
    FeedbackGrouping.CHANNEL: lambda survey, _: survey.channel,
    FeedbackGrouping.CUSTOMER: lambda survey, _: str(survey.customer_id),
    FeedbackGrouping.MONTH: lambda survey, zone: f"{local_day(survey.offered_at, zone):%Y-%m}",
}


def feedback_results(
    surveys: Iterable[Survey], by: FeedbackGrouping | None = None, *, zone: str = "UTC"
) -> tuple[list[FeedbackResult], list[FeedbackResult]]:
    """The figures by kind and group, sorted, and in total for each kind that was offered.

    Months begin at midnight in *zone* (an IANA name); ``InvalidValueError`` if nobody knows it.
    """
    zone = known_zone(zone)
    groups: dict[tuple[SurveyKind, str], FeedbackResult] = {}
    totals: dict[SurveyKind, FeedbackResult] = {}
    for one in surveys:
        totals.setdefault(one.kind, FeedbackResult.empty(one.kind, "total")).count(one)
        if by is not None:
            key = one.kind, GROUP[by](one, zone) or "(none)"
            groups.setdefault(key, FeedbackResult.empty(*key)).count(one)
    return (
        [groups[key] for key in sorted(groups, key=lambda key: (_place(key[0]), key[1]))],
        [totals[kind] for kind in sorted(totals, key=_place)],
    )


def _place(kind: SurveyKind) -> int:
    return list(SurveyKind).index(kind)


def read_surveys(
    connection: Connection,
    surveys: Table,
    answers: Table,
    as_of: datetime,
    *,
    kind: SurveyKind | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Survey]:
    """The surveys offered in ``[since, until)`` and by *as_of*, as they stood then, in that order."""
    asked = select(surveys).where(surveys.c.offered_at <= as_of)
    if kind is not None:
        asked = asked.where(surveys.c.kind == kind.value)
    if since is not None:
        asked = asked.where(surveys.c.offered_at >= since)
    if until is not None:
        asked = asked.where(surveys.c.offered_at < until)
    given: dict[str, list[dict[str, Any]]] = {}
    wanted = asked.with_only_columns(surveys.c.survey_id)
    for row in connection.execute(select(answers).where(answers.c.survey_id.in_(wanted))):
        given.setdefault(row.survey_id, []).append(dict(row._mapping))
    for row in connection.execute(asked.order_by(surveys.c.offered_at, surveys.c.survey_id)):
        yield _survey(dict(row._mapping), given.get(row.survey_id, []), as_of)


def _survey(row: dict[str, Any], answers: list[dict[str, Any]], as_of: datetime) -> Survey:
    answer = effective_answer(answers_of(answers), edit_within(row), as_of)
    return Survey(
        survey_id=UUID(row["survey_id"]),
        case_id=UUID(row["case_id"]),
        cycle=row["cycle"],
        kind=SurveyKind(row["kind"]),
        customer_id=UUID(row["customer_id"]),
        channel=row["channel"],
        queue=row["queue"],
        agent=row["agent"],
        offered_at=row["offered_at"],
        expires_at=row["expires_at"],
        score=None if answer is None else answer.score,
        answered_at=None if answer is None else answer.at,
        as_of=as_of,
    )
