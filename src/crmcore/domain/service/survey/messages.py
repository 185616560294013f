"""Surveys: what customers are asked about the solution of their case, and what they answer.

What is asked on which scale, the commands and the events.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, ClassVar, Final
from uuid import UUID

from crmcore.domain.kernel import Between, Channel, Length, Personal, command, event
from crmcore.domain.service.terms import AgentName, Label

__all__ = [
    "AnswerSurvey",
    "Channel",
    "ExpireSurvey",
    "OfferSurvey",
    "SurveyAnswered",
    "SurveyExpired",
    "SurveyKind",
    "SurveyOffered",
]


class SurveyKind(StrEnum):
    """What is asked: satisfaction, whether they would recommend us, how easy it was."""

    CSAT = "csat"
    NPS = "nps"
    CES = "ces"


SCALES: Final[Mapping[SurveyKind, tuple[int, int]]] = {
    SurveyKind.CSAT: (1, 5),
    SurveyKind.NPS: (0, 10),
    SurveyKind.CES: (1, 7),
}
"""The lowest and the highest score; the highest is the best for us (7: "very easy")."""

Comment = Annotated[str, Length(5_000), Personal()]

# Events


@event
class SurveyOffered:
    """The customer was asked how they judge a solution, up to ``expires_at`` (excluded).

    ``queue`` and ``agent`` are whose the case was; the latest answer up to ``edit_within`` after
    the first counts.
    """

    TOPIC: ClassVar[str] = "survey-offered"
    SENTENCE: ClassVar[str] = (
        "asked by {channel:words} how they judge the solution ({kind:words})[, until {expires_at}]"
    )
    survey_id: UUID
    case_id: UUID
    cycle: int
    kind: SurveyKind
    customer_id: UUID
    channel: Channel
    queue: Label | None
    agent: AgentName | None
    policy: Label
    expires_at: datetime
    edit_within: timedelta
    at: datetime


@event
class SurveyAnswered:
    """The customer gave a score; a later answer may replace it."""

    TOPIC: ClassVar[str] = "survey-answered"
    SENTENCE: ClassVar[str] = "judged the solution: {score}[ ({comment})]"
    survey_id: UUID
    answer_id: UUID
    score: int
    comment: Comment | None
    at: datetime


@event
class SurveyExpired:
    """The survey ended unanswered ``at`` an instant, which was noticed at ``observed_at``."""

    TOPIC: ClassVar[str] = "survey-expired"
    SENTENCE: ClassVar[str] = "did not say how they judge the solution"
    survey_id: UUID
    observed_at: datetime
    at: datetime


Event = SurveyOffered | SurveyAnswered | SurveyExpired

# Commands


@command
class OfferSurvey:
    """Ask the customer of a case how they judge the solution of a cycle, by a channel."""

    TOPIC: ClassVar[str] = "offer-survey"
    case_id: UUID
    cycle: Annotated[int, Between(1)]
    kind: SurveyKind
    channel: Channel
    at: datetime


@command
class AnswerSurvey:
    """Record a customer's answer: CSAT 1 to 5, NPS 0 to 10, CES 1 (very hard) to 7 (very easy)."""

    TOPIC: ClassVar[str] = "answer-survey"
    case_id: UUID
    cycle: Annotated[int, Between(1)]
    kind: SurveyKind
    answer_id: UUID
    score: Annotated[int, Between(0, 10)]
    at: datetime
    comment: Comment | None = None


@command
class ExpireSurvey:
    """Record that a survey ended unanswered; its verdict is the same without this record."""

    TOPIC: ClassVar[str] = "expire-survey"
    case_id: UUID
    cycle: Annotated[int, Between(1)]
    kind: SurveyKind
    at: datetime


Command = OfferSurvey | AnswerSurvey | ExpireSurvey
