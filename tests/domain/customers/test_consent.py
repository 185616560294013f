"""The consent ledger: what was check_permission, by which channel, for what, and when."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import assume, given, settings
from hypothesis import stateful as machine
from hypothesis import strategies as st

from crmcore.domain.customers.consent import decisions as consent
from crmcore.domain.customers.consent.decisions import ConsentOvertakenError
from crmcore.domain.customers.consent.messages import (
    ConfirmConsent,
    ConsentConfirmed,
    ConsentGiven,
    ConsentWithdrawn,
    GiveConsent,
    LawfulBasis,
    ObjectionRaised,
    RaiseObjection,
    WithdrawConsent,
)
from crmcore.domain.customers.consent.permission import check_permission
from crmcore.domain.customers.consent.state import Ledger, ledger_id
from crmcore.domain.kernel import (
    AlreadyExistsError,
    Channel,
    InvalidValueError,
    NotFoundError,
    OutOfOrderError,
    Purpose,
)
from tests.scenario import Scenario, at, uid

ANN = uid(1)
HOME, WORK = uid(81), uid(82)
EMAIL, SMS = Channel.EMAIL, Channel.SMS
MARKETING, RESEARCH, SERVICE = Purpose.MARKETING, Purpose.RESEARCH, Purpose.SERVICE
MOMENT = timedelta(microseconds=1)
ledger = Scenario(consent.AGGREGATE, consent.decide)


def give(day: float, number: int = 0, **fields: Any) -> GiveConsent:
    told: dict[str, Any] = {
        "customer_id": ANN,
        "consent_id": uid(100 + (number or int(day))),
        "channel": EMAIL,
        "purpose": MARKETING,
        "at": at(days=day),
    }
    return GiveConsent(**{**told, **fields})


def withdraw(day: float, **fields: Any) -> WithdrawConsent:
    return WithdrawConsent(customer_id=ANN, at=at(days=day), **fields)


def object_to(day: float, purpose: Purpose = MARKETING, **fields: Any) -> RaiseObjection:
    return RaiseObjection(customer_id=ANN, purpose=purpose, at=at(days=day), **fields)


def confirm(day: float, number: int) -> ConfirmConsent:
    return ConfirmConsent(customer_id=ANN, consent_id=uid(100 + number), at=at(days=day))


def after(*commands: Any) -> Scenario:
    scenario = ledger
    for command in commands:
        outcome = scenario.when(command)
        assert outcome.refusal is None
        scenario = scenario.given(*outcome.events)
    return scenario


def said(*commands: Any) -> Ledger:
    scenario = after(*commands)
    folded = consent.AGGREGATE.fold(scenario.history)
    assert isinstance(folded, Ledger)
    return folded


def ask(
    told: Ledger,
    day: float,
    channel: Channel = EMAIL,
    purpose: Purpose = MARKETING,
    point: UUID | None = None,
) -> bool:
    return check_permission(told, channel, purpose, at(days=day), point).allowed


# What is recorded


def test_a_consent_is_recorded_with_all_that_a_proof_needs() -> None:
    told: dict[str, Any] = {
        "customer_id": ANN,
        "consent_id": uid(101),
        "channel": EMAIL,
        "purpose": MARKETING,
        "point_id": HOME,
        "lawful_basis": LawfulBasis.CONSENT,
        "notice_version": "2026-01",
        "method": "web form",
        "evidence": "box ticked",
        "jurisdiction": "DE",
        "expires_at": at(days=9),
        "to_be_confirmed": True,
        "at": at(days=1),
    }
    confirmed = ConsentConfirmed(
        ledger_id=ledger_id(ANN),
        customer_id=ANN,
        consent_id=uid(101),
        evidence=None,
        at=at(days=2),
    )
    given = ledger.when(GiveConsent(**told)).then(ConsentGiven(ledger_id=ledger_id(ANN), **told))
    given.when(GiveConsent(**told)).then().when(confirm(2, 1)).then(confirmed).when(
        confirm(3, 1)
    ).then()
    assert consent.AGGREGATE.subject(consent.AGGREGATE.fold(given.history)) == ANN
    assert consent.AGGREGATE.subject(consent.AGGREGATE.initial) is None


def test_a_withdrawal_needs_nothing_and_an_objection_names_its_purpose() -> None:
    told: dict[str, Any] = {"ledger_id": ledger_id(ANN), "customer_id": ANN, "evidence": None}
    nothing: dict[str, Any] = {"channel": None, "purpose": None, "point_id": None, "method": None}
    (
        ledger.when(withdraw(1))
        .then(ConsentWithdrawn(**told, **nothing, at=at(days=1)))
        .when(withdraw(1))
        .then()
        .when(object_to(1, channel=SMS))
        .then(ObjectionRaised(**told, channel=SMS, purpose=MARKETING, at=at(days=1)))
        .when(object_to(1, channel=SMS))
        .then()
    )


def test_another_consent_under_the_same_id_is_refused() -> None:
    after(give(1)).when(give(1, channel=SMS)).then_refused(AlreadyExistsError, "consent .* exists")


def test_a_consent_ends_after_it_began() -> None:
    ledger.when(give(1, expires_at=at(days=1))).then_refused(
        InvalidValueError, "expires_at: expected"
    )


def test_what_cannot_be_confirmed() -> None:
    pending = after(give(3, to_be_confirmed=True), give(4))
    pending.when(confirm(5, 9)).then_refused(NotFoundError, "there is no consent")
    pending.when(confirm(5, 4)).then()
    pending.when(confirm(2, 3)).then_refused(
        OutOfOrderError, "consent-confirmed cannot come before"
    )
    overtaken = pending.given(*pending.when(withdraw(4)).events)
    overtaken.when(confirm(5, 3)).then_refused(
        ConsentOvertakenError, "overtaken: withdrawn for every"
    )


# What is check_permission


@pytest.mark.parametrize("purpose", [p for p in Purpose if p is not SERVICE])
def test_nothing_is_allowed_without_a_ground(purpose: Purpose) -> None:
    answer = check_permission(Ledger(), EMAIL, purpose, at())
    assert (answer.allowed, answer.reasons) == (False, (f"no ground for {purpose} by email",))


@pytest.mark.parametrize(
    ("history", "day", "expected"),
    [
        pytest.param([give(1)], 1, True, id="from the instant on"),
        pytest.param([give(1)], 0.99, False, id="not before"),
        pytest.param([give(1, channel=SMS)], 2, False, id="another channel"),
        pytest.param([give(1, purpose=RESEARCH)], 2, False, id="another purpose"),
        pytest.param([give(1), withdraw(2)], 2, False, id="withdrawn for everything, at once"),
        pytest.param([give(1), withdraw(2)], 1.99, True, id="not yet withdrawn"),
        pytest.param([give(1), withdraw(2, channel=EMAIL)], 3, False, id="this channel"),
        pytest.param([give(1), withdraw(2, channel=SMS)], 3, True, id="another one"),
        pytest.param([give(1), withdraw(2, purpose=MARKETING)], 3, False, id="this purpose"),
        pytest.param([give(1), withdraw(2, purpose=RESEARCH)], 3, True, id="another purpose left"),
        pytest.param([give(1), object_to(2)], 3, False, id="objection"),
        pytest.param([give(1), object_to(2, channel=SMS)], 3, True, id="objection elsewhere"),
        pytest.param(
            [give(1), object_to(2), give(3)], 3, True, id="a consent of one's own after it"
        ),
        pytest.param(
            [object_to(2), give(3, lawful_basis="legitimate_interests")], 4, False, id="absolute"
        ),
        pytest.param(
            [object_to(2), give(3), give(4, lawful_basis="legitimate_interests"), withdraw(3.5)],
            5,
            False,
            id="once objected, no other ground revives it",
        ),
        pytest.param(
            [withdraw(2), give(3, lawful_basis="legitimate_interests")], 4, True, id="no objection"
        ),
        pytest.param([give(1, expires_at=at(days=9)), give(2)], 9, True, id="renewed for ever"),
        pytest.param([give(1), give(2, expires_at=at(days=3))], 4, False, id="latest has ended"),
        pytest.param([give(1), give(2, to_be_confirmed=True)], 3, True, id="pending takes nothing"),
    ],
)
def test_INV_X1_the_latest_decision_counts(history: list[Any], day: float, expected: bool) -> None:
    assert ask(said(*history), day) is expected


def test_INV_X2_a_withdrawal_counts_from_its_very_instant_and_each_send_asks_anew() -> None:
    told = said(give(1), withdraw(2))
    moments = [at(days=2) - MOMENT, at(days=2), at(days=2) + MOMENT]
    assert [check_permission(told, EMAIL, MARKETING, when).allowed for when in moments] == [
        True,
        False,
        False,
    ]


def test_EC_X2_a_customer_may_opt_in_again_after_withdrawing() -> None:
    told = said(give(1), withdraw(2), give(3))
    assert [ask(told, day) for day in (1, 2, 3)] == [True, False, True]


@pytest.mark.parametrize("history", [[give(2), withdraw(2)], [withdraw(2), give(2)]])
def test_EC_X4_at_one_instant_the_withdrawal_wins(history: list[Any]) -> None:
    assert not ask(said(*history), 2)
    assert not ask(said(*history), 3)


def test_EC_X5_a_consent_has_expired_at_its_end() -> None:
    told = said(give(1, expires_at=at(days=5)))
    assert check_permission(told, EMAIL, MARKETING, at(days=5) - MOMENT).allowed
    answer = check_permission(told, EMAIL, MARKETING, at(days=5))
    assert not answer.allowed
    assert answer.reasons[0] == "expired 2026-01-10T09:00:00+00:00"


def test_EC_C5_an_opt_out_that_was_reversed_does_not_come_back_with_a_late_record() -> None:
    told = said(give(3), withdraw(2))
    assert [ask(told, day) for day in (2, 3)] == [False, True]


def test_a_consent_that_comes_to_light_late_loses_against_a_later_withdrawal() -> None:
    told = said(withdraw(1), withdraw(3), give(2))
    assert [ask(told, day) for day in (1, 2, 3)] == [False, True, False]


def test_EC_X3_a_contact_point_has_its_own_say() -> None:
    told = said(give(1), withdraw(2, point_id=WORK))
    assert ask(told, 3, point=HOME)
    assert not ask(told, 3, point=WORK)
    assert not ask(told, 3), "asked for any point, the forbidden one forbids"
    told = said(give(1, point_id=HOME))
    assert ask(told, 3, point=HOME)
    assert not ask(told, 3, point=WORK)
    assert not ask(told, 3)


def test_a_double_opt_in_begins_with_the_confirmation() -> None:
    told = said(give(1, to_be_confirmed=True), confirm(3, 1))
    assert [ask(told, day) for day in (2, 3)] == [False, True]
    answer = check_permission(told, EMAIL, MARKETING, at(days=2))
    assert answer.reasons == (
        "no ground for marketing by email",
        "consent for marketing by email from 2026-01-06T09:00:00+00:00, not confirmed",
    )


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param([], True, id="by the contract"),
        pytest.param([withdraw(1)], True, id="everything does not mean service"),
        pytest.param([withdraw(1, channel=EMAIL)], True, id="nor does the channel alone"),
        pytest.param([object_to(1, SERVICE)], True, id="nor the purpose alone"),
        pytest.param([withdraw(1, channel=EMAIL, purpose=SERVICE)], False, id="both named"),
        pytest.param([object_to(1, SERVICE, channel=EMAIL)], False, id="objection, both named"),
        pytest.param([withdraw(1, channel=SMS, purpose=SERVICE)], True, id="another channel"),
        pytest.param(
            [withdraw(1, channel=EMAIL, purpose=SERVICE), give(2, purpose=SERVICE)],
            True,
            id="check_permission again",
        ),
        pytest.param(
            [give(1, purpose=SERVICE, expires_at=at(days=2))], True, id="the contract outlasts it"
        ),
    ],
)
def test_service_messages_rest_on_the_contract(history: list[Any], expected: bool) -> None:
    assert ask(said(*history), 3, purpose=SERVICE) is expected


# Properties

DAYS = st.integers(1, 6)
SCOPES = st.sampled_from([None, EMAIL, SMS])
POINTS = st.sampled_from([None, HOME, WORK])


@st.composite
def wishes(draw: st.DrawFn) -> Any:
    day, channel, point = draw(DAYS), draw(SCOPES), draw(POINTS)
    purpose = draw(st.sampled_from([None, MARKETING, SERVICE]))
    match draw(st.sampled_from(["give", "give", "withdraw", "object"])):
        case "give":
            ends = draw(st.none() | st.integers(1, 4))
            return give(
                day,
                draw(st.integers(1, 800)),
                channel=channel or EMAIL,
                purpose=purpose or MARKETING,
                point_id=point,
                expires_at=None if ends is None else at(days=day + ends),
                lawful_basis=draw(st.sampled_from(["consent", "legitimate_interests"])),
            )
        case "withdraw":
            return withdraw(day, channel=channel, purpose=purpose, point_id=point)
        case _:
            return object_to(day, purpose or MARKETING, channel=channel)


def unique(history: list[Any]) -> bool:
    ids = [command.consent_id for command in history if isinstance(command, GiveConsent)]
    return len(ids) == len(set(ids))


@given(st.lists(wishes(), max_size=6, unique_by=lambda wish: wish.at), DAYS, POINTS)
@settings(max_examples=150, deadline=None)
def test_INV_X1_the_order_of_recording_does_not_matter_between_different_instants(
    history: list[Any], day: int, point: UUID | None
) -> None:
    assume(unique(history))
    in_order = said(*sorted(history, key=lambda wish: wish.at))
    assert ask(in_order, day, point=point) == ask(said(*history), day, point=point)


@given(st.lists(wishes(), max_size=7), DAYS, POINTS)
@settings(max_examples=150, deadline=None)
def test_INV_X2_a_withdrawal_of_everything_stops_marketing_until_a_later_opt_in(
    history: list[Any], day: int, point: UUID | None
) -> None:
    assume(unique(history))
    told = said(*history, withdraw(day))
    later = [c for c in history if isinstance(c, GiveConsent) and c.at > at(days=day)]
    assert not ask(told, day, point=point)
    if not later:
        assert not any(ask(told, day + more, point=point) for more in range(5))


@given(st.lists(wishes(), max_size=7), st.integers(0, 10), POINTS)
@settings(max_examples=150, deadline=None)
def test_asking_for_any_point_never_allows_more_than_asking_for_each(
    history: list[Any], day: int, point: UUID | None
) -> None:
    assume(unique(history))
    told = said(*history)
    if ask(told, day):
        assert ask(told, day, point=point or HOME)


class Consents(machine.RuleBasedStateMachine):
    """Whatever is sent, in any order: a table filled day by day gives the same answers."""

    def __init__(self) -> None:
        super().__init__()
        self.scenario = ledger
        self.facts: list[Any] = []

    @machine.rule(command=wishes())
    def send(self, command: Any) -> None:
        if not unique([*self.facts, command]):
            return
        outcome = self.scenario.when(command)
        assert outcome.refusal is None
        self.scenario = self.scenario.given(*outcome.events)
        assert self.scenario.when(command).events == ()
        self.facts.append(command)

    def marketing_by_email(self, point: UUID, day: int) -> bool:
        state, objected, ends = False, False, None
        for today in range(1, day + 1):
            facts = [fact for fact in self.facts if fact.at == at(days=today)]
            facts = [
                fact
                for fact in facts
                if fact.channel in (None, EMAIL)
                and fact.purpose in (None, MARKETING)
                and getattr(fact, "point_id", None) in (None, point)
            ]
            if any(isinstance(fact, RaiseObjection) for fact in facts):
                objected = True
            for fact in facts:
                if isinstance(fact, GiveConsent):
                    state, ends = True, fact.expires_at
            if any(not isinstance(fact, GiveConsent) for fact in facts):
                state = False
        if objected:
            return self.own_consent_only(point, day)
        return state and (ends is None or at(days=day) < ends)

    def own_consent_only(self, point: UUID, day: int) -> bool:
        grounds = [
            fact
            for fact in self.facts
            if isinstance(fact, GiveConsent) and fact.lawful_basis is not LawfulBasis.CONSENT
        ]
        other = Consents()
        other.facts = [
            withdraw((fact.at - at()).days, channel=fact.channel, purpose=fact.purpose)
            if isinstance(fact, RaiseObjection)
            else fact
            for fact in self.facts
            if fact not in grounds
        ]
        return other.marketing_by_email(point, day)

    @machine.invariant()
    def the_table_agrees(self) -> None:
        told = consent.AGGREGATE.fold(self.scenario.history)
        assert isinstance(told, Ledger)
        for day in range(9):
            for point in (HOME, WORK):
                assert ask(told, day, point=point) == self.marketing_by_email(point, day)


TestConsents = Consents.TestCase
TestConsents.settings = settings(max_examples=50, stateful_step_count=15, deadline=None)
