"""What is known of a survey, and which answer counts.

Whether a survey is open, answered or expired, and which answer counts, follow from instants alone:
in whatever order and however late answers arrive, and whether or not anybody records that the
survey expired.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import derived_id
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.survey.messages import (
    Event,
    SurveyAnswered,
    SurveyExpired,
    SurveyKind,
    SurveyOffered,
)


class SurveyStatus(StrEnum):
    """The status of a survey at an instant."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"


@frozen
class Answer:
    """One answer of the customer."""

    answer_id: UUID
    score: int
    at: datetime


@frozen
class Unoffered:
    """Nobody was asked."""


@frozen
class Offered:
    """The customer was asked: with every answer, in the order of recording.

    ``expiry_recorded`` says that somebody noticed that the time is over, and nothing else.
    """

    offer: SurveyOffered
    answers: tuple[Answer, ...] = ()
    expiry_recorded: bool = False

    @property
    def answer(self) -> Answer | None:
        """The answer that counts."""
        return effective_answer(self.answers, self.offer.edit_within)

    def status(self, as_of: datetime) -> SurveyStatus:
        """The status of the survey at the instant *as_of*."""
        if any(one.at <= as_of for one in self.answers):
            return SurveyStatus.ANSWERED
        return SurveyStatus.OPEN if as_of < self.offer.expires_at else SurveyStatus.EXPIRED


State = Unoffered | Offered


def survey_id(case_id: UUID, cycle: int, kind: SurveyKind) -> UUID:
    """The one survey of a kind about a cycle of a case."""
    return derived_id("survey", str(case_id), str(cycle), kind.value)


def effective_answer(
    answers: Sequence[Answer], edit_within: timedelta, as_of: datetime | None = None
) -> Answer | None:
    """The latest answer up to and including *edit_within* after the first; None without one.

    Of two at one instant the one recorded last counts.  With *as_of*, what was true by then.
    """
    known = [one for one in answers if as_of is None or one.at <= as_of]
    if not known:
        return None
    until = min(one.at for one in known) + edit_within
    return max((one for one in reversed(known) if one.at <= until), key=lambda one: one.at)


def evolve(state: State, event: Event) -> State:
    """The state after *event*."""
    match event, state:
        case SurveyOffered(), _:
            return Offered(event)
        case ((SurveyAnswered() | SurveyExpired()), Unoffered()):
            return state
        case SurveyAnswered(), Offered():
            answer = Answer(event.answer_id, event.score, event.at)
            return attrs.evolve(state, answers=(*state.answers, answer))
        case SurveyExpired(), Offered():
            return attrs.evolve(state, expiry_recorded=True)
        case _:
            assert_never(event)
