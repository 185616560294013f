"""Feedback: a solved cycle is asked about once, and what counts follows from instants alone."""

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.kernel import (
    AlreadyExistsError,
    Channel,
    DomainError,
    InvalidValueError,
    NotFoundError,
)
from crmcore.domain.service.case.decisions import decide as case
from crmcore.domain.service.case.messages.life_cycle import (
    CaseClosed,
    CaseReopened,
    CaseSolved,
    CaseSpamMarked,
)
from crmcore.domain.service.case.messages.merging import CaseMerged
from crmcore.domain.service.case.messages.routing import CaseAssigned, CaseTransferred
from crmcore.domain.service.case.refusals import CaseMergedError, CaseSpamError
from crmcore.domain.service.case.state import State
from crmcore.domain.service.survey.decisions import AGGREGATE, decide, offer
from crmcore.domain.service.survey.messages import (
    SCALES,
    AnswerSurvey,
    ExpireSurvey,
    OfferSurvey,
    SurveyAnswered,
    SurveyExpired,
    SurveyKind,
    SurveyOffered,
)
from crmcore.domain.service.survey.policy import STANDARD_FEEDBACK, FeedbackPolicy
from crmcore.domain.service.survey.refusals import (
    AnswerFinalError,
    CaseWithoutCustomerError,
    CycleNotSolvedError,
    SurveyAnsweredError,
    SurveyExpiredError,
    SurveyOpenError,
)
from crmcore.domain.service.survey.state import (
    Answer,
    Offered,
    SurveyStatus,
    Unoffered,
    effective_answer,
    survey_id,
)
from tests.domain.service.case_examples import CASE_ID, CUSTOMER, OTHER_ID, opened
from tests.scenario import START, Scenario, at, uid

CSAT = SurveyKind.CSAT
ABOUT: dict[str, Any] = {"case_id": CASE_ID, "cycle": 1, "kind": CSAT}
SURVEY_ID = survey_id(CASE_ID, 1, CSAT)
EXPIRES = START + STANDARD_FEEDBACK.open_for
EDIT = STANDARD_FEEDBACK.editable_for
TICK = timedelta(microseconds=1)

OFFERS = Scenario(AGGREGATE, offer)
SURVEYS = Scenario(AGGREGATE, decide)


def solved(when: datetime = START, cycle: int = 1) -> CaseSolved:
    return CaseSolved(
        case_id=CASE_ID, cycle=cycle, resolution_code="done", note=None, agent=None, at=when
    )


def reopened(when: datetime, cycle: int = 2) -> CaseReopened:
    return CaseReopened(case_id=CASE_ID, cycle=cycle, reason="again", message_id=None, at=when)


def about(*events: Any, customer_id: UUID | None = CUSTOMER) -> State:
    """The case after *events*."""
    return case.AGGREGATE.fold([opened(customer_id=customer_id), *events])


def offering(when: datetime = START, **particulars: Any) -> OfferSurvey:
    return OfferSurvey(**{**ABOUT, "channel": Channel.EMAIL, "at": when, **particulars})


def offered(when: datetime = START, **particulars: Any) -> SurveyOffered:
    given: dict[str, Any] = {
        **ABOUT,
        "customer_id": CUSTOMER,
        "channel": Channel.EMAIL,
        "queue": None,
        "agent": None,
        "policy": STANDARD_FEEDBACK.version,
        "expires_at": when + STANDARD_FEEDBACK.open_for,
        "edit_within": EDIT,
        "at": when,
        **particulars,
    }
    return SurveyOffered(
        survey_id=survey_id(given["case_id"], given["cycle"], given["kind"]), **given
    )


def answering(score: int, when: datetime, answer: int = 1, **particulars: Any) -> AnswerSurvey:
    return AnswerSurvey(**{**ABOUT, "answer_id": uid(answer), **particulars}, score=score, at=when)


def answered(score: int, when: datetime, answer: int = 1, comment: str | None = None) -> Any:
    return SurveyAnswered(
        survey_id=SURVEY_ID, answer_id=uid(answer), score=score, comment=comment, at=when
    )


def expiring(when: datetime) -> ExpireSurvey:
    return ExpireSurvey(**ABOUT, at=when)


def expired(observed_at: datetime) -> SurveyExpired:
    return SurveyExpired(survey_id=SURVEY_ID, observed_at=observed_at, at=EXPIRES)


# Offering


def test_a_solved_case_is_asked_about_with_whose_case_it_was() -> None:
    handled = about(
        CaseAssigned(case_id=CASE_ID, agent="kim", at=START),
        CaseTransferred(
            case_id=CASE_ID, from_queue="a", queue="b", released_agent="kim", reason=None, at=START
        ),
        CaseAssigned(case_id=CASE_ID, agent="sam", at=START),
        solved(),
    )
    OFFERS.when(offering(), handled, STANDARD_FEEDBACK).then(offered(queue="b", agent="sam"))
    closed = about(solved(), CaseClosed(case_id=CASE_ID, at=at(days=1)))
    OFFERS.when(offering(at(days=2)), closed, STANDARD_FEEDBACK).then(offered(at(days=2)))


def test_the_terms_of_the_policy_are_recorded_with_the_offer() -> None:
    policy = FeedbackPolicy(
        version="short", open_for=timedelta(days=1), editable_for=timedelta(hours=1)
    )
    terms: dict[str, Any] = {
        "expires_at": at(days=1),
        "edit_within": timedelta(hours=1),
        "policy": "short",
    }
    OFFERS.when(offering(), about(solved()), policy).then(offered(**terms))


@pytest.mark.parametrize(
    ("concern", "when", "refusal", "words"),
    [
        (case.AGGREGATE.initial, START, NotFoundError, "there is no case"),
        (about(), START, CycleNotSolvedError, "the work on it went on"),
        (about(solved(at(hours=1))), START, CycleNotSolvedError, "the work on it went on"),
        (about(solved(), reopened(at(hours=1))), at(hours=1), CycleNotSolvedError, "reopened at"),
        (about(solved(), customer_id=None), START, CaseWithoutCustomerError, "identify"),
        (
            about(
                solved(),
                CaseMerged(
                    case_id=CASE_ID, into_case_id=OTHER_ID, forced=False, reason=None, at=START
                ),
            ),
            START,
            CaseMergedError,
            "use that one",
        ),
        (about(CaseSpamMarked(case_id=CASE_ID, at=START)), START, CaseSpamError, "spam"),
    ],
    ids=["unknown", "open", "too early", "reopened", "nobody's", "merged", "spam"],
)
def test_there_is_nothing_to_ask_about(
    concern: State, when: datetime, refusal: type[DomainError], words: str
) -> None:
    OFFERS.when(offering(when), concern, STANDARD_FEEDBACK).then_refused(refusal, words)


def test_a_cycle_that_has_not_been_is_not_asked_about() -> None:
    OFFERS.when(offering(cycle=2), about(solved()), STANDARD_FEEDBACK).then_refused(
        CycleNotSolvedError, "it has had 1 so far"
    )


def test_what_was_recorded_late_is_asked_about_as_of_then() -> None:
    again = about(solved(), reopened(at(days=2)))
    OFFERS.when(offering(at(days=1)), again, STANDARD_FEEDBACK).then(offered(at(days=1)))


def test_EC_S33_a_solved_cycle_is_asked_about_once() -> None:
    concern = about(solved())
    asked = OFFERS.given(offered())
    asked.when(offering(), concern, STANDARD_FEEDBACK).then()
    for again in (offering(at(days=40)), offering(channel=Channel.SMS)):
        asked.when(again, concern, STANDARD_FEEDBACK).then_refused(AlreadyExistsError, "once")
    answer = asked.given(answered(5, at(days=1)))
    answer.when(offering(at(days=40)), concern, STANDARD_FEEDBACK).then_refused(AlreadyExistsError)


def test_EC_S33_a_reopened_case_is_asked_about_anew_and_the_first_survey_stays() -> None:
    again = about(solved(), reopened(at(days=1)), solved(at(days=2), cycle=2))
    OFFERS.when(offering(at(days=2), cycle=2), again, STANDARD_FEEDBACK).then(
        offered(at(days=2), cycle=2)
    )
    SURVEYS.given(offered()).when(answering(2, at(days=3))).then(answered(2, at(days=3)))
    assert survey_id(CASE_ID, 1, CSAT) != survey_id(CASE_ID, 2, CSAT)


# Answering


@pytest.mark.parametrize(
    ("kind", "score", "words"),
    [
        (SurveyKind.CSAT, 0, "from 1 to 5"),
        (SurveyKind.CSAT, 6, "from 1 to 5"),
        (SurveyKind.CES, 0, "from 1 to 7"),
        (SurveyKind.CES, 8, "from 1 to 7"),
    ],
)
def test_a_score_is_on_the_scale_of_its_kind(kind: SurveyKind, score: int, words: str) -> None:
    SURVEYS.given(offered(kind=kind)).when(answering(score, at(hours=1), kind=kind)).then_refused(
        InvalidValueError, words
    )


@pytest.mark.parametrize("kind", SurveyKind)
def test_both_ends_of_a_scale_are_on_it(kind: SurveyKind) -> None:
    for score in SCALES[kind]:
        outcome = SURVEYS.given(offered(kind=kind)).when(answering(score, START, kind=kind))
        assert [one.score for one in outcome.events] == [score]
    with pytest.raises(InvalidValueError):
        answering(11, START, kind=SurveyKind.NPS)


def test_nobody_answers_what_was_not_asked() -> None:
    SURVEYS.when(answering(5, START)).then_refused(NotFoundError, "there is no survey")
    SURVEYS.when(expiring(START)).then_refused(NotFoundError, "there is no survey")
    SURVEYS.given(offered()).when(answering(5, START - TICK)).then_refused(
        InvalidValueError, "offered"
    )


def test_an_answer_delivered_again_changes_nothing() -> None:
    given_ = SURVEYS.given(offered(), answered(5, START))
    for when in (START, at(days=1), at(days=99)):
        given_.when(answering(5, when)).then()
    given_.when(answering(4, START)).then_refused(AlreadyExistsError, "its own id")


def test_the_latest_answer_within_the_window_counts() -> None:
    survey = SURVEYS.given(offered(), answered(1, START))
    edit = answering(4, START + EDIT, 2, comment="Better")
    survey = survey.when(edit).then(answered(4, START + EDIT, 2, "Better"))
    survey.when(answering(5, START + EDIT + TICK, 3)).then_refused(AnswerFinalError, "until")
    state = AGGREGATE.fold(survey.history)
    assert isinstance(state, Offered)
    assert state.answer == Answer(uid(2), 4, START + EDIT)


def test_an_answer_comes_before_the_survey_expires_be_it_the_first_or_not() -> None:
    SURVEYS.given(offered()).when(answering(5, EXPIRES - TICK)).then(answered(5, EXPIRES - TICK))
    SURVEYS.given(offered()).when(answering(5, EXPIRES)).then_refused(
        SurveyExpiredError, "before that"
    )
    late = SURVEYS.given(offered(), answered(5, EXPIRES - TICK))
    late.when(answering(1, EXPIRES, 2)).then_refused(SurveyExpiredError)


# Expiring


def test_a_survey_expires_once_and_says_when_that_was_noticed() -> None:
    asked = SURVEYS.given(offered())
    asked.when(expiring(EXPIRES - TICK)).then_refused(SurveyOpenError, "until")
    gone = asked.when(expiring(at(days=20))).then(expired(at(days=20)))
    gone.when(expiring(at(days=21))).then()
    asked.given(answered(5, START)).when(expiring(at(days=20))).then_refused(SurveyAnsweredError)


def test_an_answer_that_was_given_in_time_counts_however_late_it_is_delivered() -> None:
    gone = SURVEYS.given(offered(), expired(at(days=20)))
    found = gone.when(answering(5, at(days=13))).then(answered(5, at(days=13)))
    state = AGGREGATE.fold(found.history)
    assert isinstance(state, Offered)
    statuses = [state.status(at(days=day)) for day in (12, 13, 20)]
    assert statuses == [SurveyStatus.OPEN, SurveyStatus.ANSWERED, SurveyStatus.ANSWERED]


@given(look=st.integers(0, 30), recorded=st.booleans())
@settings(max_examples=40, deadline=None)
def test_a_survey_is_expired_whether_or_not_somebody_recorded_it(look: int, recorded: bool) -> None:
    events: list[Any] = [offered(), *([expired(at(days=30))] if recorded else [])]
    state = AGGREGATE.fold(events)
    assert isinstance(state, Offered)
    found = state.status(at(days=look))
    assert (found is SurveyStatus.EXPIRED) == (at(days=look) >= EXPIRES)


# In whatever order

days = st.integers(-1, 16)
sent = st.lists(
    st.tuples(days, st.integers(1, 5)), min_size=1, max_size=3, unique_by=lambda x: x[0]
)


def deliver(*commands: Any) -> Offered:
    scenario = SURVEYS.given(offered())
    for command in commands:
        scenario = scenario.given(*scenario.when(command).events)
    state = AGGREGATE.fold(scenario.history)
    assert isinstance(state, Offered)
    return state


@given(answers=sent)
@settings(max_examples=60, deadline=None)
def test_which_answer_counts_does_not_depend_on_the_order_of_delivery(
    answers: list[tuple[int, int]],
) -> None:
    """Of the answers while it was open: the latest within the window from the first."""
    commands = [answering(score, at(days=day), day + 10) for day, score in answers]
    valid = sorted((day, score) for day, score in answers if 0 <= day < 14)
    inside = [(day, score) for day, score in valid if day <= valid[0][0] + 3]
    expected = (
        Answer(uid(inside[-1][0] + 10), inside[-1][1], at(days=inside[-1][0])) if inside else None
    )
    for order in permutations([*commands, expiring(at(days=20))]):
        assert deliver(*order, *order).answer == expected


@given(
    answers=st.lists(st.tuples(days, st.integers(1, 5)), max_size=6),
    window=st.integers(0, 5),
    as_of=days,
)
def test_the_latest_answer_within_the_window_counts_as_of_any_instant(
    answers: list[tuple[int, int]], window: int, as_of: int
) -> None:
    found = effective_answer(
        [Answer(uid(n), score, at(days=day)) for n, (day, score) in enumerate(answers)],
        timedelta(days=window),
        at(days=as_of),
    )
    known = [(day, n) for n, (day, _) in enumerate(answers) if day <= as_of]
    inside = [(day, n) for day, n in known if day - min(known)[0] <= window]
    assert (found and found.answer_id) == (uid(max(inside)[1]) if inside else None)


class Surveys(machine.RuleBasedStateMachine):
    """A naive model: when the survey was offered, and each accepted answer by its id."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = SURVEYS
        self.case = about(solved())
        self.asked_on: int | None = None
        self.accepted: dict[int, tuple[int, int]] = {}
        self.offers = 0

    @machine.rule(day=st.integers(0, 60))
    def ask(self, day: int) -> None:
        outcome = Scenario(AGGREGATE, offer, self.scenario.history).when(
            offering(at(days=day)), self.case, STANDARD_FEEDBACK
        )
        assert bool(outcome.events) == (self.asked_on is None)
        assert (outcome.refusal is not None) == (self.asked_on not in (None, day))
        if outcome.events:
            self.asked_on = day
        self.scenario = self.scenario.given(*outcome.events)

    @machine.rule(day=st.integers(0, 80), score=st.integers(0, 6), answer=st.integers(0, 3))
    def answer(self, day: int, score: int, answer: int) -> None:
        outcome = self.scenario.when(answering(score, at(days=day), answer))
        first = min((one for one, _ in self.accepted.values()), default=day)
        allowed = (
            self.asked_on is not None
            and self.asked_on <= day < self.asked_on + 14
            and day <= first + 3
            and 1 <= score <= 5
            and answer not in self.accepted
        )
        assert bool(outcome.events) == allowed
        if allowed:
            self.accepted[answer] = day, score
        self.scenario = self.scenario.given(*outcome.events)

    @machine.rule(day=st.integers(0, 90))
    def expire(self, day: int) -> None:
        outcome = self.scenario.when(expiring(at(days=day)))
        if outcome.events:
            assert self.asked_on is not None
            assert not self.accepted
            assert day >= self.asked_on + 14
        self.scenario = self.scenario.given(*outcome.events)

    @machine.invariant()
    def it_was_offered_and_expired_at_most_once(self) -> None:
        for kind in (SurveyOffered, SurveyExpired):
            assert sum(isinstance(one, kind) for one in self.scenario.history) <= 1

    @machine.invariant()
    def the_state_is_the_models(self) -> None:
        state = AGGREGATE.fold(self.scenario.history)
        if self.asked_on is None:
            assert isinstance(state, Unoffered)
            return
        assert isinstance(state, Offered)
        first = min((day for day, _ in self.accepted.values()), default=None)
        inside = [
            one for one in self.accepted.values() if first is not None and one[0] <= first + 3
        ]
        found = state.answer
        assert (found is None) == (not inside)
        if found is not None:
            latest = max(day for day, _ in inside)
            assert (found.at, found.score) in {
                (at(days=latest), s) for d, s in inside if d == latest
            }
        for day in (0, 30, 90):
            status = state.status(at(days=day))
            if first is not None and first <= day:
                assert status is SurveyStatus.ANSWERED
            else:
                assert (status is SurveyStatus.EXPIRED) == (day >= self.asked_on + 14)


TestSurveys = Surveys.TestCase
TestSurveys.settings = settings(max_examples=50, stateful_step_count=20, deadline=None)
