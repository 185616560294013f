"""Surveys through their service: who may be asked, by whom, and how often."""

from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.application.service.cases import CaseService
from crmcore.application.service.surveys import SurveyService
from crmcore.application.work import on_one_stream
from crmcore.domain.customers.consent import decisions as consent
from crmcore.domain.customers.consent.messages import GiveConsent, RaiseObjection, WithdrawConsent
from crmcore.domain.customers.consent.state import ledger_id
from crmcore.domain.customers.customer import decisions as customer
from crmcore.domain.customers.customer.messages.preference import SetContactPause
from crmcore.domain.customers.customer.messages.registration import (
    CustomerKind,
    DeactivateCustomer,
    RegisterCustomer,
)
from crmcore.domain.kernel import Channel, DomainError, InvalidValueError, NotAllowedError, Purpose
from crmcore.domain.service.case.messages.life_cycle import ReopenCase, SolveCase
from crmcore.domain.service.survey import throttle
from crmcore.domain.service.survey.decisions import AGGREGATE, decide
from crmcore.domain.service.survey.messages import (
    AnswerSurvey,
    ExpireSurvey,
    OfferSurvey,
    SurveyKind,
    SurveyOffered,
)
from crmcore.domain.service.survey.policy import FeedbackPolicy
from crmcore.domain.service.survey.state import survey_id
from crmcore.domain.service.survey.throttle import (
    CustomerAsked,
    CustomerThrottledError,
    CustomerUnwillingError,
)
from tests.domain.service.case_examples import CUSTOMER, STRANGER, open_case
from tests.memory_work import MemoryWork
from tests.scenario import at, uid

A, B, C = (uid(number) for number in range(1, 4))


def _survey(command: Any) -> UUID:
    return survey_id(command.case_id, command.cycle, command.kind)


HANDLERS = {
    **CaseService().handlers,
    **dict.fromkeys(AGGREGATE.commands, on_one_stream(AGGREGATE, decide, _survey)),
}


def about_customer(work: MemoryWork, command: Any) -> None:
    """Something that the customers' own service would record."""
    ledger = isinstance(command, GiveConsent | WithdrawConsent | RaiseObjection)
    part: Any = consent if ledger else customer
    key = ledger_id(command.customer_id) if ledger else command.customer_id
    events = part.decide(command, work.state(part.AGGREGATE, key))
    work.streams.setdefault(key, []).extend(events)


def company(service: SurveyService | None = None) -> MemoryWork:
    """Two customers; two solved cases of the one, a solved one of the other."""
    work = MemoryWork({**HANDLERS, **(service or SurveyService()).handlers})
    for customer_id in (CUSTOMER, STRANGER):
        about_customer(
            work,
            RegisterCustomer(
                customer_id=customer_id, kind=CustomerKind.PERSON, name="Ada", at=at(days=-9)
            ),
        )
    for case_id, whose in ((A, CUSTOMER), (B, CUSTOMER), (C, STRANGER)):
        work.execute(open_case(case_id, customer_id=whose))
        work.execute(SolveCase(case_id=case_id, resolution_code="done", at=at()))
    return work


@pytest.fixture
def work() -> MemoryWork:
    return company()


def offering(case_id: UUID = A, when: datetime | None = None, **particulars: Any) -> OfferSurvey:
    offer = {"cycle": 1, "kind": SurveyKind.CSAT, "channel": Channel.EMAIL, **particulars}
    return OfferSurvey(case_id=case_id, at=when or at(), **offer)


def test_every_command_has_a_handler() -> None:
    assert AGGREGATE.commands == (OfferSurvey, AnswerSurvey, ExpireSurvey)
    assert set(SurveyService().handlers) == {OfferSurvey}


def test_an_offer_is_noted_with_the_customer_too(work: MemoryWork) -> None:
    offered, asked = work.execute(offering())
    assert (type(offered), type(asked)) == (SurveyOffered, CustomerAsked)
    assert offered.customer_id == asked.customer_id == CUSTOMER
    assert offered.survey_id == asked.survey_id
    survey = work.state(AGGREGATE, offered.survey_id)
    surveyed = work.state(throttle.AGGREGATE, asked.asking_id)
    assert AGGREGATE.subject(survey) == throttle.AGGREGATE.subject(surveyed) == CUSTOMER
    assert work.execute(offering()) == []


@pytest.mark.parametrize(
    ("later", "asked"),
    [
        (timedelta(0), False),
        (timedelta(days=30) - timedelta(microseconds=1), False),
        (timedelta(days=30), True),
    ],
    ids=["at once", "just within", "a month later"],
)
def test_a_customer_is_asked_once_within_the_throttle(
    work: MemoryWork, later: timedelta, asked: bool
) -> None:
    work.execute(offering(A))
    again = offering(B, at() + later)
    if asked:
        assert work.execute(again)
    else:
        with pytest.raises(CustomerThrottledError, match="from 2026-02-04"):
            work.execute(again)
    assert work.execute(offering(C, at() + later)), "another customer is not concerned"


def test_what_is_recorded_late_must_keep_the_distance_too(work: MemoryWork) -> None:
    work.execute(offering(A, at(days=20)))
    with pytest.raises(CustomerThrottledError):
        work.execute(offering(B, at(days=1)))


def test_EC_S33_asking_does_not_lead_to_asking(work: MemoryWork) -> None:
    """The customer's answer to a survey reopens the case, which is solved and asked about, and so on."""
    work.execute(offering(A))
    for day, cycle in ((1, 2), (2, 3)):
        work.execute(ReopenCase(case_id=A, reason="wrote back", at=at(days=day)))
        work.execute(SolveCase(case_id=A, resolution_code="done", at=at(days=day)))
        with pytest.raises(CustomerThrottledError):
            work.execute(offering(A, at(days=day), cycle=cycle))
    for kind in SurveyKind:
        with pytest.raises(DomainError):
            work.execute(offering(A, at(days=3), cycle=3, kind=kind))
    assert work.execute(offering(A, at(days=30), cycle=3))


def test_an_answer_leaves_the_case_as_it_is(work: MemoryWork) -> None:
    work.execute(offering(A))
    before = list(work.streams[A])
    answer = AnswerSurvey(
        case_id=A, cycle=1, kind=SurveyKind.CSAT, answer_id=uid(1), score=1, at=at(days=1)
    )
    assert work.execute(answer)
    assert work.streams[A] == before


def test_a_deactivated_customer_is_not_asked_and_may_still_answer(work: MemoryWork) -> None:
    work.execute(offering(A))
    about_customer(work, DeactivateCustomer(customer_id=CUSTOMER, reason="moved", at=at(days=1)))
    with pytest.raises(NotAllowedError, match="deactivated"):
        work.execute(offering(B, at(days=60)))
    answer: dict[str, Any] = {
        "case_id": A,
        "cycle": 1,
        "kind": SurveyKind.CSAT,
        "answer_id": uid(1),
    }
    assert work.execute(AnswerSurvey(**answer, score=5, at=at(days=2)))


def given_consent(purpose: Purpose, day: int) -> GiveConsent:
    return GiveConsent(
        customer_id=CUSTOMER,
        consent_id=uid(7),
        channel=Channel.EMAIL,
        purpose=purpose,
        at=at(days=day),
    )


def no_more(**particulars: Any) -> WithdrawConsent:
    return WithdrawConsent(customer_id=CUSTOMER, at=at(days=-1), **particulars)


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ([], True),
        ([no_more(channel=Channel.EMAIL, purpose=Purpose.RESEARCH)], False),
        ([no_more(channel=Channel.EMAIL, purpose=Purpose.SERVICE)], False),
        ([no_more()], False),
        ([no_more(channel=Channel.SMS)], True),
        ([no_more(channel=Channel.EMAIL, purpose=Purpose.MARKETING)], True),
        ([RaiseObjection(customer_id=CUSTOMER, purpose=Purpose.RESEARCH, at=at(days=-1))], False),
        ([RaiseObjection(customer_id=CUSTOMER, purpose=Purpose.RESEARCH, at=at(days=1))], True),
        ([no_more(), given_consent(Purpose.RESEARCH, 0)], True),
        (
            [
                SetContactPause(
                    customer_id=CUSTOMER,
                    channel=Channel.EMAIL,
                    at=at(days=-1),
                    ends_at=at(days=1),
                )
            ],
            False,
        ),
    ],
    ids=[
        "nothing",
        "no research",
        "no service",
        "nothing at all",
        "no SMS",
        "no marketing",
        "objects to research",
        "objects later",
        "came round",
        "in peace for a while",
    ],
)
def test_who_does_not_want_to_be_asked_is_not(
    work: MemoryWork, said: list[Any], asked: bool
) -> None:
    for command in said:
        about_customer(work, command)
    if asked:
        assert work.execute(offering())
        return
    with pytest.raises(CustomerUnwillingError, match="not to be asked"):
        work.execute(offering())


def test_a_policy_makes_sense() -> None:
    wrong: tuple[dict[str, Any], ...] = (
        {"throttle": timedelta(days=-1)},
        {"open_for": timedelta(0)},
        {"editable_for": timedelta(days=9_999)},
        {"offer_when_solved": "nps"},
        {"channel": "post"},
    )
    for terms in wrong:
        with pytest.raises(InvalidValueError):
            FeedbackPolicy(version="x", **terms)
    work = company(SurveyService(FeedbackPolicy(version="x", throttle=timedelta(0))))
    assert work.execute(offering(A))
    assert work.execute(offering(B))


@given(offers=st.lists(st.tuples(st.sampled_from([A, B]), st.integers(0, 90)), max_size=12))
@settings(max_examples=40, deadline=None)
def test_two_offers_to_a_customer_are_never_closer_than_the_throttle(
    offers: list[tuple[UUID, int]],
) -> None:
    work, kinds = company(), iter(list(SurveyKind) * 4)
    asked = []
    for case_id, day in offers:
        try:
            done = work.execute(offering(case_id, at(days=day), kind=next(kinds)))
        except DomainError:
            continue
        asked += [one.at for one in done if isinstance(one, SurveyOffered)]
    asked.sort()
    gaps = [later - before for before, later in pairwise(asked)]
    assert all(gap >= timedelta(days=30) for gap in gaps)


class Feedback(machine.RuleBasedStateMachine):
    """A naive model of two cases of one customer: when each was solved, and when who was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.work = company()
        self.day = 0
        self.solved = {A: [0], B: [0]}  # by cycle
        self.open: dict[UUID, bool] = {A: False, B: False}
        self.asked: dict[tuple[UUID, int, SurveyKind], int] = {}

    @machine.rule(days=st.integers(0, 20))
    def time_passes(self, days: int) -> None:
        self.day += days

    @machine.rule(case_id=st.sampled_from([A, B]))
    def reopen(self, case_id: UUID) -> None:
        late = self.day > self.solved[case_id][-1] + 14
        if not self.open[case_id] and not late:
            self.work.execute(ReopenCase(case_id=case_id, reason="again", at=at(days=self.day)))
            self.open[case_id] = True

    @machine.rule(case_id=st.sampled_from([A, B]))
    def solve(self, case_id: UUID) -> None:
        if self.open[case_id]:
            solve = SolveCase(case_id=case_id, resolution_code="done", at=at(days=self.day))
            self.work.execute(solve)
            self.open[case_id] = False
            self.solved[case_id].append(self.day)

    @machine.rule(
        case_id=st.sampled_from([A, B]),
        cycle=st.integers(1, 3),
        kind=st.sampled_from([SurveyKind.CSAT, SurveyKind.NPS]),
    )
    def offer(self, case_id: UUID, cycle: int, kind: SurveyKind) -> None:
        key = case_id, cycle, kind
        try:
            done = self.work.execute(offering(case_id, at(days=self.day), cycle=cycle, kind=kind))
        except DomainError:
            done = None
        if key in self.asked:
            assert done == ([] if self.asked[key] == self.day else None)
            return
        stands = cycle == len(self.solved[case_id]) and not self.open[case_id]
        rested = all(self.day - day >= 30 for day in self.asked.values())
        assert bool(done) == (stands and rested)
        if done:
            self.asked[key] = self.day

    @machine.invariant()
    def every_survey_and_its_note_are_there(self) -> None:
        events = [one for stream in self.work.streams.values() for one in stream]
        surveys = [one for one in events if isinstance(one, SurveyOffered)]
        notes = {one.survey_id for one in events if isinstance(one, CustomerAsked)}
        assert {(one.case_id, one.cycle, one.kind) for one in surveys} == set(self.asked)
        assert {one.survey_id for one in surveys} == notes
        assert len(surveys) == len(self.asked)


TestFeedback = Feedback.TestCase
TestFeedback.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
