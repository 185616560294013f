"""Decisions on surveys: once for a solved cycle, answered or expired by instants."""

from collections.abc import Sequence
from typing import Final, assert_never, get_args
from uuid import UUID

from crmcore.domain.kernel import (
    Aggregate,
    AlreadyExistsError,
    InvalidValueError,
    NotFoundError,
)
from crmcore.domain.service.case.facts import Facts
from crmcore.domain.service.case.refusals import CaseMergedError, CaseSpamError
from crmcore.domain.service.case.state import Merged, Spam, Unopened
from crmcore.domain.service.case.state import State as CaseState
from crmcore.domain.service.survey.messages import (
    SCALES,
    AnswerSurvey,
    Command,
    Event,
    ExpireSurvey,
    OfferSurvey,
    SurveyAnswered,
    SurveyExpired,
    SurveyOffered,
)
from crmcore.domain.service.survey.policy import FeedbackPolicy
from crmcore.domain.service.survey.refusals import (
    AnswerFinalError,
    CaseWithoutCustomerError,
    CycleNotSolvedError,
    SurveyAnsweredError,
    SurveyExpiredError,
    SurveyOpenError,
)
from crmcore.domain.service.survey.state import Offered, State, Unoffered, evolve, survey_id


def offer(
    command: OfferSurvey, state: State, case: CaseState, policy: FeedbackPolicy
) -> Sequence[SurveyOffered]:
    """That the survey is offered: once for a solved cycle of a *case* whose customer is known.

    Raises ``AlreadyExistsError`` if that was asked before, otherwise ``NotFoundError`` or
    ``NotAllowedError`` where there is no such solution, or nobody to ask.
    """
    if isinstance(state, Offered):
        if (state.offer.channel, state.offer.at) == (command.channel, command.at):
            return []
        about = f"({command.kind}) about case {command.case_id}, cycle {command.cycle},"
        asked = AlreadyExistsError(
            "survey", about, "a solved cycle is asked about once", at=state.offer.at
        )
        raise asked.about("case_id", "cycle", "kind")
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


def _solved(command: OfferSurvey, case: CaseState) -> tuple[Facts, UUID]:
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


def decide(
    command: AnswerSurvey | ExpireSurvey, state: State
) -> Sequence[SurveyAnswered] | Sequence[SurveyExpired]:
    """What *command* changes; the same answer delivered again changes nothing.

    Raises ``NotFoundError`` for a survey that was never offered, ``InvalidValueError`` for a
    score off the scale, ``NotAllowedError`` where it is too late or too early.
    """
    if isinstance(state, Unoffered):
        about = f"({command.kind}) about case {command.case_id}, cycle {command.cycle}"
        raise NotFoundError("survey", about).about("case_id", "cycle", "kind")
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
    events=get_args(Event),
    subject=lambda state: None if isinstance(state, Unoffered) else state.offer.customer_id,
    commands=get_args(Command),
    decide=decide,
    stream_id=lambda command: survey_id(command.case_id, command.cycle, command.kind),
)
