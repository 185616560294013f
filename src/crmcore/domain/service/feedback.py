"""Feedback: how a customer judges the solution of their case.

One decider, read from top to bottom: state, ``evolve``, ``offer`` (which looks at the case too)
and ``decide``; its events and commands are in ``survey``.  A survey's stream follows
from case, cycle and kind: a solved cycle is asked about once (EC-S33).  Whether a survey is open,
answered or expired, and which answer counts, follow from instants alone: in whatever order and
however late answers arrive, and whether or not anybody records that the survey expired.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    InvalidValueError,
    NotFoundError,
    derived_id,
)
from crmcore.domain.service.asking import FeedbackPolicy
from crmcore.domain.service.case import (
    CaseMergedError,
    CaseSpamError,
    Facts,
    Merged,
    Spam,
    Unopened,
)
from crmcore.domain.service.case import State as Case
from crmcore.domain.service.feedback_refusals import (
    AnswerFinalError,
    CaseWithoutCustomerError,
    CycleNotSolvedError,
    SurveyAnsweredError,
    SurveyExpiredError,
    SurveyOpenError,
)
from crmcore.domain.service.survey import (
    SCALES,
    AnswerSurvey,
    Command,
    Event,
    ExpireSurvey,
    OfferSurvey,
    SurveyAnswered,
    SurveyExpired,
    SurveyKind,
    SurveyOffered,
)

__all__ = [
    "AGGREGATE",
    "Answer",
    "AnswerFinalError",
    "CaseWithoutCustomerError",
    "CycleNotSolvedError",
    "Offered",
    "SurveyAnsweredError",
    "SurveyExpiredError",
    "SurveyOpenError",
    "SurveyStatus",
    "Unoffered",
    "counting",
    "decide",
    "evolve",
    "offer",
    "survey_id",
]

# State


class SurveyStatus(StrEnum):
    """How a survey stands at an instant."""

    OPEN = "open"
    ANSWERED = "answered"
    EXPIRED = "expired"


@attrs.frozen
class Answer:
    """One answer of the customer."""

    answer_id: UUID
    score: int
    at: datetime


@attrs.frozen
class Unoffered:
    """Nobody was asked."""


@attrs.frozen
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
        return counting(self.answers, self.offer.edit_within)

    def status(self, as_of: datetime) -> SurveyStatus:
        """How the survey stands at the instant *as_of*."""
        if any(one.at <= as_of for one in self.answers):
            return SurveyStatus.ANSWERED
        return SurveyStatus.OPEN if as_of < self.offer.expires_at else SurveyStatus.EXPIRED


State = Unoffered | Offered


def survey_id(case_id: UUID, cycle: int, kind: SurveyKind) -> UUID:
    """The one survey of a kind about a cycle of a case."""
    return derived_id("survey", str(case_id), str(cycle), kind.value)


def counting(
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
    if isinstance(event, SurveyOffered):
        return Offered(event)
    if isinstance(state, Unoffered):
        return state
    match event:
        case SurveyAnswered():
            answer = Answer(event.answer_id, event.score, event.at)
            return attrs.evolve(state, answers=(*state.answers, answer))
        case SurveyExpired():
            return attrs.evolve(state, expiry_recorded=True)
        case _:
            assert_never(event)


# Decisions


def offer(
    command: OfferSurvey, state: State, case: Case, policy: FeedbackPolicy
) -> Sequence[SurveyOffered]:
    """That the survey is offered: once for a solved cycle of a *case* whose customer is known.

    Raises ``AlreadyExistsError`` if that was asked before, otherwise ``NotFoundError`` or
    ``NotAllowedError`` where there is no such solution, or nobody to ask.
    """
    if isinstance(state, Offered):
        if (state.offer.channel, state.offer.at) == (command.channel, command.at):
            return []
        about = f"({command.kind}) about case {command.case_id}, cycle {command.cycle},"
        raise AlreadyExistsError(
            "survey", about, "a solved cycle is asked about once", at=state.offer.at
        )
    facts, customer_id = _solved(command, case)
    return [
        SurveyOffered(
            survey_id=survey_id(command.case_id, command.cycle, command.kind),
            case_id=command.case_id,
            cycle=command.cycle,
            kind=command.kind,
            customer_id=customer_id,
            channel=command.channel,
            queue=facts.queue,
            agent=facts.agent,
            policy=policy.version,
            expires_at=command.at + policy.open_for,
            edit_within=policy.editable_for,
            at=command.at,
        )
    ]


def _solved(command: OfferSurvey, case: Case) -> tuple[Facts, UUID]:
    """The case and its customer, if the cycle was solved at the instant of the command."""
    match case:
        case Unopened():
            raise NotFoundError("case", command.case_id)
        case Merged():
            raise CaseMergedError(command.case_id, case.into)
        case Spam():
            raise CaseSpamError(command.case_id)
    cycles = {one.number: one for one in case.facts.timeline.cycles}
    cycle, later = cycles.get(command.cycle), cycles.get(command.cycle + 1)
    if cycle is None:
        raise CycleNotSolvedError(command, f"it has had {len(cycles)} so far")
    if cycle.solved_at is None or command.at < cycle.solved_at:
        raise CycleNotSolvedError(command, "the work on it went on")
    if later is not None and later.begun_at <= command.at:
        raise CycleNotSolvedError(command, f"it was reopened at {later.begun_at.isoformat()}")
    if case.facts.customer_id is None:
        raise CaseWithoutCustomerError(command.case_id)
    return case.facts, case.facts.customer_id


def decide(command: Command, state: State) -> Sequence[SurveyAnswered] | Sequence[SurveyExpired]:
    """What *command* changes; the same answer delivered again changes nothing.

    Raises ``NotFoundError`` for a survey that was never offered, ``InvalidValueError`` for a
    score off the scale, ``NotAllowedError`` where it is too late or too early.
    """
    if isinstance(state, Unoffered):
        about = f"({command.kind}) about case {command.case_id}, cycle {command.cycle}"
        raise NotFoundError("survey", about)
    match command:
        case AnswerSurvey():
            return _answer(command, state)
        case ExpireSurvey():
            return _expire(command, state)
        case _:
            assert_never(command)


def _answer(command: AnswerSurvey, state: Offered) -> Sequence[SurveyAnswered]:
    low, high = SCALES[command.kind]
    if not low <= command.score <= high:
        raise InvalidValueError("score", command.score, f"a number from {low} to {high}")
    for one in state.answers:
        if one.answer_id == command.answer_id:
            if one.score == command.score:
                return []
            raise AlreadyExistsError("answer", one.answer_id, "give another one its own id")
    offered, at = state.offer, command.at
    if at < offered.at:
        raise InvalidValueError("at", at, f"an instant from {offered.at} on, when it was offered")
    if at >= offered.expires_at:
        raise SurveyExpiredError(offered)
    if state.answers:
        until = min(one.at for one in state.answers) + offered.edit_within
        if at > until:
            raise AnswerFinalError(offered, until)
    answered = SurveyAnswered(
        survey_id=offered.survey_id,
        answer_id=command.answer_id,
        score=command.score,
        comment=command.comment,
        at=at,
    )
    return [answered]


def _expire(command: ExpireSurvey, state: Offered) -> Sequence[SurveyExpired]:
    offered = state.offer
    if state.expiry_recorded:
        return []
    if state.answers:
        raise SurveyAnsweredError(f"survey {offered.survey_id} was answered: it does not expire")
    if command.at < offered.expires_at:
        raise SurveyOpenError(
            f"survey {offered.survey_id} can be answered until {offered.expires_at.isoformat()}"
        )
    return [
        SurveyExpired(survey_id=offered.survey_id, observed_at=command.at, at=offered.expires_at)
    ]


AGGREGATE: Final = Aggregate[State, Event](
    kind="survey",
    initial=Unoffered(),
    evolve=evolve,
    events=(SurveyOffered, SurveyAnswered, SurveyExpired),
    subject=lambda state: None if isinstance(state, Unoffered) else state.offer.customer_id,
)
