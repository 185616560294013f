"""What comes back from members: each fact once, flagged so that adding up counts members."""

from decimal import Decimal
from typing import Any

import pytest

from crmcore.domain.kernel import AlreadyExistsError, InvalidValueError, Money, NotFoundError
from crmcore.domain.marketing.campaign.state import CampaignStatus
from crmcore.domain.marketing.membership.messages.results import (
    BounceKind,
    ConversionKind,
    ConversionRecorded,
    MessageBounced,
    MessageClicked,
    MessageDelivered,
    MessageOpened,
    OptOutKind,
    OptOutReceived,
    RecordBounce,
    RecordClick,
    RecordConversion,
    RecordDelivery,
    RecordOpen,
    RecordOptOut,
    RecordResponse,
    ResponseRecorded,
)
from crmcore.domain.marketing.membership.state import Step
from crmcore.domain.marketing.terms import ResponseKind, Role
from tests.domain.marketing.campaign_examples import MEMBERS, about, euros, of_ann, to_ann
from tests.domain.marketing.test_membership import NO_CONSENT, held_out, sent, suppressed, targeted
from tests.scenario import Scenario, at, uid

ADDRESSED = MEMBERS.given(targeted(), sent())
SEED = MEMBERS.given(targeted(role=Role.SEED), sent(counted=False, first=False))
CONTROL = MEMBERS.given(held_out())
COUPON, ORDER = uid(301), uid(401)


def step(scenario: Scenario) -> Step:
    reached: Step = scenario.aggregate.fold(scenario.history).step
    return reached


def redeem(**fields: Any) -> RecordResponse:
    given = {"response_id": COUPON, "kind": ResponseKind.REDEMPTION, "at": at(days=10)}
    return RecordResponse(**to_ann(**{**given, **fields}))


def redeemed(**fields: Any) -> ResponseRecorded:
    given = {
        "response_id": COUPON,
        "kind": ResponseKind.REDEMPTION,
        "note": None,
        "at": at(days=10),
    }
    return ResponseRecorded(**of_ann(**{**given, "counted": True, "first": True, **fields}))


def convert(**fields: Any) -> RecordConversion:
    return RecordConversion(**to_ann(**{"conversion_id": ORDER, "at": at(days=10), **fields}))


def converted(**fields: Any) -> ConversionRecorded:
    given: dict[str, Any] = {
        "conversion_id": ORDER,
        "kind": ConversionKind.ORDER,
        "amount": None,
        "margin": None,
        "counted": True,
        "first": True,
        "held_out": False,
        "at": at(days=10),
    }
    return ConversionRecorded(**of_ann(**{**given, **fields}))


def on_message(**fields: Any) -> dict[str, Any]:
    return {"message_id": uid(101), "at": at(days=9), **fields}


def test_INV_M2_a_member_climbs_the_ladder() -> None:
    here = {**on_message(), "counted": True, "first": True}
    scenario = ADDRESSED.when(RecordDelivery(**to_ann(**on_message()))).then(
        MessageDelivered(**of_ann(**here))
    )
    assert step(scenario) is Step.DELIVERED
    scenario = scenario.when(RecordOpen(**to_ann(**on_message()))).then(
        MessageOpened(**of_ann(**here))
    )
    assert step(scenario) is Step.OPENED
    scenario = scenario.when(RecordClick(**to_ann(**on_message(click_id=uid(7))))).then(
        MessageClicked(**of_ann(**here, click_id=uid(7), link=None))
    )
    assert step(scenario) is Step.CLICKED
    scenario = scenario.when(redeem()).then(redeemed())
    assert step(scenario) is Step.RESPONDED
    scenario = scenario.when(convert(amount=euros("49.90"))).then(converted(amount=euros("49.90")))
    assert step(scenario) is Step.CONVERTED


def test_INV_M2_a_late_fact_does_not_lead_down_the_ladder_and_is_still_a_first() -> None:
    scenario = ADDRESSED.when(redeem()).then(redeemed())
    late = scenario.when(RecordOpen(**to_ann(**on_message()))).then(
        MessageOpened(**of_ann(**on_message(), counted=True, first=True))
    )
    assert step(late) is Step.RESPONDED


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(RecordDelivery(**to_ann(**on_message())), id="delivery"),
        pytest.param(RecordOpen(**to_ann(**on_message())), id="open"),
        pytest.param(RecordClick(**to_ann(**on_message(click_id=uid(7)))), id="click"),
        pytest.param(RecordBounce(**to_ann(**on_message(kind=BounceKind.SOFT))), id="bounce"),
        pytest.param(redeem(), id="response"),
        pytest.param(convert(amount=euros("1")), id="conversion"),
        pytest.param(RecordOptOut(**to_ann()), id="opt-out"),
    ],
)
class TestEveryFact:
    def test_is_recorded_once(self, command: Any) -> None:
        ADDRESSED.given(*ADDRESSED.when(command).events).when(command).then()

    def test_is_recorded_after_the_end_too(self, command: Any) -> None:
        assert ADDRESSED.when(command, about(CampaignStatus.COMPLETED)).events

    def test_needs_a_member(self, command: Any) -> None:
        MEMBERS.when(command).then_refused(NotFoundError, "target the customer first")

    def test_INV_M11_of_proof_copies_does_not_count(self, command: Any) -> None:
        (event,) = SEED.when(command).events
        assert not event.counted
        assert not getattr(event, "first", False)
        assert step(SEED.given(event)) is Step.TARGETED


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(RecordDelivery(**to_ann(message_id=uid(9))), id="delivery"),
        pytest.param(RecordClick(**to_ann(message_id=uid(9), click_id=uid(7))), id="click"),
        pytest.param(RecordOptOut(**to_ann(message_id=uid(9))), id="opt-out"),
    ],
)
def test_a_message_that_was_never_sent_is_not_found(command: Any) -> None:
    ADDRESSED.when(command).then_refused(NotFoundError, "message")


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        pytest.param(redeem(), redeem(kind=ResponseKind.CALL), "response", id="response"),
        pytest.param(
            convert(amount=euros("1")), convert(amount=euros("2")), "conversion", id="amount"
        ),
        pytest.param(convert(), convert(kind=ConversionKind.LEAD), "conversion", id="conversion"),
        pytest.param(
            RecordClick(**to_ann(**on_message(click_id=uid(7)))),
            RecordClick(**to_ann(message_id=uid(102), click_id=uid(7))),
            "click",
            id="click",
        ),
    ],
)
def test_the_same_identity_with_other_particulars_is_refused(
    first: Any, second: Any, kind: str
) -> None:
    scenario = ADDRESSED.given(sent(102, first=False))
    scenario.given(*scenario.when(first).events).when(second).then_refused(AlreadyExistsError, kind)


def test_INV_M11_repeat_clicks_of_one_member_count_once_for_the_unique_rate() -> None:
    scenario = ADDRESSED
    for number in range(5):
        click = RecordClick(**to_ann(**on_message(click_id=uid(70 + number))))
        scenario = scenario.given(*scenario.when(click).events)
    clicks = [one for one in scenario.history if isinstance(one, MessageClicked)]
    assert [one.first for one in clicks] == [True, False, False, False, False]


def test_a_message_that_is_looked_at_again_and_again_is_opened_once() -> None:
    scenario = ADDRESSED.given(*ADDRESSED.when(RecordOpen(**to_ann(**on_message()))).events)
    scenario.when(RecordOpen(**to_ann(**on_message(at=at(days=11))))).then()


def test_only_the_kinds_of_the_plan_count_as_responses() -> None:
    campaign = about(response_kinds=(ResponseKind.REDEMPTION,))
    scenario = ADDRESSED.when(redeem(kind=ResponseKind.CALL), campaign).then(
        redeemed(kind=ResponseKind.CALL, counted=False, first=False)
    )
    assert step(scenario) is Step.SENT
    scenario.when(redeem(response_id=uid(302)), campaign).then(redeemed(response_id=uid(302)))


def test_a_plan_may_take_the_first_click_as_a_response() -> None:
    campaign = about(response_kinds=(ResponseKind.CLICK, ResponseKind.REDEMPTION))
    click = RecordClick(**to_ann(**on_message(click_id=uid(7))))
    clicked, responded = ADDRESSED.when(click, campaign).events
    assert isinstance(clicked, MessageClicked)
    assert responded == redeemed(response_id=uid(7), kind=ResponseKind.CLICK, at=at(days=9))
    after = ADDRESSED.given(clicked, responded)
    after.when(redeem(), campaign).then(redeemed(first=False))
    again = RecordClick(**to_ann(**on_message(click_id=uid(8))))
    assert [type(one) for one in after.when(again, campaign).events] == [MessageClicked]
    ADDRESSED.when(redeem(kind=ResponseKind.CLICK)).then_refused(InvalidValueError, "record-click")


def test_what_the_control_group_buys_is_known_but_counts_for_no_rate() -> None:
    scenario = CONTROL.when(convert(amount=euros("20"))).then(
        converted(amount=euros("20"), counted=False, first=False, held_out=True)
    )
    assert step(scenario) is Step.TARGETED


def test_whoever_was_never_addressed_does_not_count_and_whoever_was_still_does() -> None:
    never = MEMBERS.given(suppressed(*NO_CONSENT))
    never.when(redeem()).then(redeemed(counted=False, first=False))
    later = ADDRESSED.given(suppressed(*NO_CONSENT, at=at(days=9)))
    later.when(redeem()).then(redeemed())


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"amount": Money(Decimal(5), "USD")}, id="other currency"),
        pytest.param({"amount": euros("-1")}, id="negative"),
        pytest.param({"margin": Money(Decimal(5), "USD")}, id="margin in another currency"),
    ],
)
def test_a_conversion_is_worth_money_of_the_campaign(fields: dict[str, Any]) -> None:
    ADDRESSED.when(convert(**fields)).then_refused(InvalidValueError, "EUR")
    loss = {"amount": euros("1"), "margin": euros("-2")}
    ADDRESSED.when(convert(**loss)).then(converted(**loss))


@pytest.mark.parametrize("opt_out_first", [True, False])
def test_EC_M7_EC_X1_a_bounce_never_overrides_an_explicit_opt_out(opt_out_first: bool) -> None:
    facts = [
        OptOutReceived(
            **of_ann(message_id=None, kind=OptOutKind.UNSUBSCRIBE, counted=True, at=at(days=9))
        ),
        OptOutReceived(
            **of_ann(message_id=None, kind=OptOutKind.COMPLAINT, counted=True, at=at(days=9))
        ),
        MessageBounced(**of_ann(**on_message(kind=BounceKind.HARD, counted=True))),
    ]
    state = MEMBERS.aggregate.fold(
        [*ADDRESSED.history, *(facts if opt_out_first else reversed(facts))]
    )
    assert state.opt_out_in_force(at(days=10)) is OptOutKind.UNSUBSCRIBE
    assert state.has_bounced(None)


def test_a_complaint_after_an_opt_out_is_recorded_too() -> None:
    scenario = ADDRESSED.given(*ADDRESSED.when(RecordOptOut(**to_ann())).events)
    (event,) = scenario.when(RecordOptOut(**to_ann(kind=OptOutKind.COMPLAINT))).events
    assert event.kind is OptOutKind.COMPLAINT
