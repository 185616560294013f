"""Addressing members: targeted, suppressed or held out; and who gets a message."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.domain.kernel import AlreadyExistsError, Channel, NotFoundError, Purpose
from crmcore.domain.marketing.campaign.state import CampaignEndedError, CampaignStatus
from crmcore.domain.marketing.holdout import Holdout
from crmcore.domain.marketing.membership.addressing import (
    FrequencyCapError,
    HeldOutError,
    NotSendingError,
    OtherChannelError,
    SuppressedError,
    UnwelcomeError,
)
from crmcore.domain.marketing.membership.messages.addressing import (
    MemberHeldOut,
    MemberSuppressed,
    MemberTargeted,
    MessageSent,
)
from crmcore.domain.marketing.membership.messages.results import (
    BounceKind,
    MessageBounced,
    OptOutKind,
    OptOutReceived,
)
from crmcore.domain.marketing.membership.state import membership_id
from crmcore.domain.marketing.suppression import Reach, Stage, Suppression
from crmcore.domain.marketing.terms import FrequencyCap, Role
from tests.domain.marketing.campaign_examples import (
    ANN,
    BEN,
    CLEAR,
    MEMBERS,
    SPRING,
    WITHDRAWN,
    about,
    of_ann,
    send,
    target,
)
from tests.scenario import at, uid

NO_CONSENT = (Suppression(stage=Stage.CONSENT, detail="withdrawn"),)
EVERYBODY = Holdout(percent=Decimal(100))


def targeted(**fields: Any) -> MemberTargeted:
    given = {"list_name": "regulars", "role": Role.DEFAULT, "at": at(days=6)}
    return MemberTargeted(**of_ann(**{**given, **fields}))


def held_out(**fields: Any) -> MemberHeldOut:
    given = {"list_name": "regulars", "role": Role.DEFAULT, "at": at(days=6)}
    return MemberHeldOut(**of_ann(**{**given, **fields}))


def suppressed(*reasons: Suppression, **fields: Any) -> MemberSuppressed:
    given = {"list_name": "regulars", "role": Role.DEFAULT, "message_id": None, "at": at(days=6)}
    return MemberSuppressed(**of_ann(**{**given, "suppressions": reasons, **fields}))


def sent(number: int = 101, **fields: Any) -> MessageSent:
    given = {
        "channel": Channel.POST,
        "point_id": None,
        "transactional": False,
        "counted": True,
        "first": True,
    }
    return MessageSent(**of_ann(message_id=uid(number), **{**given, "at": at(days=8), **fields}))


ADDRESSED = MEMBERS.given(targeted())


def test_a_member_is_targeted_and_gets_a_message() -> None:
    MEMBERS.when(target()).then(targeted()).when(send()).then(sent())


def test_INV_M2_there_is_one_membership_for_a_customer_and_a_campaign() -> None:
    assert membership_id(SPRING, ANN) == membership_id(SPRING, ANN)
    assert len({membership_id(a, b) for a in (SPRING, uid(2)) for b in (ANN, BEN)}) == 4
    ADDRESSED.when(target()).then()
    ADDRESSED.when(target(list_name="newcomers", at=at(days=7))).then()
    ADDRESSED.when(target(role=Role.SEED)).then_refused(AlreadyExistsError, "the role is default")


def test_everything_that_stands_against_it_is_recorded_in_the_order_of_the_checks() -> None:
    reach = Reach(
        active=False,
        consented=False,
        reasons=("objection", "expired"),
        suppressed=True,
        reachable=False,
    )
    (event,) = MEMBERS.when(target(exempt_lists=("staff", "rivals")), about(), reach).events
    assert [(one.stage, one.detail) for one in event.suppressions] == [
        (Stage.RESTRICTED, "the customer is not active"),
        (Stage.CONSENT, "objection"),
        (Stage.CONSENT, "expired"),
        (Stage.EVERYWHERE, "suppressed for every campaign"),
        (Stage.CHANNEL, "no valid address on this channel"),
        (Stage.EXEMPT, "staff"),
        (Stage.EXEMPT, "rivals"),
    ]


def test_without_consent_there_is_a_reason_even_where_none_is_told() -> None:
    (event,) = MEMBERS.when(target(), about(), Reach(active=True, consented=False)).events
    assert event.suppressions == (Suppression(stage=Stage.CONSENT, detail="no consent"),)


def test_whoever_may_not_be_addressed_is_not_in_the_control_group_either() -> None:
    MEMBERS.when(target(), about(holdout=EVERYBODY), WITHDRAWN).then(suppressed(*NO_CONSENT))


def test_whoever_may_be_addressed_again_can_turn_out_to_be_in_the_control_group() -> None:
    MEMBERS.given(suppressed(*NO_CONSENT)).when(
        target(at=at(days=7)), about(holdout=EVERYBODY)
    ).then(held_out(at=at(days=7)))


def test_a_stream_that_begins_in_the_middle_still_folds() -> None:
    assert MEMBERS.aggregate.fold([sent()]) == MEMBERS.aggregate.initial
    assert MEMBERS.aggregate.subject(MEMBERS.aggregate.initial) is None


@pytest.mark.parametrize("role", [Role.SEED, Role.TEST])
def test_proof_copies_and_tests_are_never_held_out(role: Role) -> None:
    MEMBERS.when(target(role=role), about(holdout=EVERYBODY)).then(targeted(role=role))


def test_INV_M3_the_control_group_gets_no_message() -> None:
    campaign = about(holdout=EVERYBODY)
    scenario = MEMBERS.when(target(), campaign).then(held_out())
    scenario.when(send(), campaign).then_refused(HeldOutError, "control group")
    scenario.when(send(), campaign, WITHDRAWN).then_refused(HeldOutError)
    scenario.when(target(at=at(days=9)), campaign, WITHDRAWN).then_refused(HeldOutError)


@pytest.mark.parametrize(
    "reason",
    [
        pytest.param(Suppression(stage=Stage.CONSENT, detail="withdrawn"), id="consent"),
        pytest.param(Suppression(stage=Stage.RESTRICTED, detail="restricted"), id="restricted"),
    ],
)
@pytest.mark.parametrize("message", [None, uid(100)], ids=["targeting", "an earlier message"])
def test_what_was_suppressed_before_decides_for_no_later_message(
    reason: Suppression, message: UUID | None
) -> None:
    scenario = MEMBERS.given(suppressed(reason, message_id=message))
    scenario.when(send()).then(sent())
    again = scenario.when(target(at=at(days=7))).then(targeted(at=at(days=7)))
    again.when(send()).then(sent())


def test_INV_M3_whoever_was_suppressed_first_and_is_in_the_control_group_gets_no_message() -> None:
    everybody = about(holdout=EVERYBODY)
    scenario = MEMBERS.given(suppressed(*NO_CONSENT))
    scenario.when(send(), everybody).then_refused(HeldOutError, "control group")
    held_back = suppressed(*NO_CONSENT, message_id=uid(101), at=at(days=8))
    scenario.when(send(), everybody, WITHDRAWN).then(held_back)
    MEMBERS.given(suppressed(*NO_CONSENT, role=Role.SEED)).when(send(), everybody).then(
        sent(counted=False, first=False)
    )


def test_whoever_was_suppressed_and_is_sent_a_message_is_addressed_after_all() -> None:
    scenario = MEMBERS.given(suppressed(*NO_CONSENT))
    welcome = scenario.when(send()).then(sent())
    welcome.when(target(at=at(days=9))).then()
    welcome.when(target(at=at(days=7)), about(), WITHDRAWN).then()  # as of before the message
    confirmed = scenario.when(send(transactional=True))
    after = confirmed.then(sent(transactional=True, counted=False, first=False))
    after.when(target(at=at(days=9))).then(targeted(at=at(days=9)))


def test_INV_M3_a_list_of_people_to_leave_out_counts_until_it_no_longer_does() -> None:
    staff = Suppression(stage=Stage.EXEMPT, detail="staff")
    scenario = MEMBERS.given(suppressed(staff))
    for number in (101, 102):
        held_back = suppressed(staff, message_id=uid(number), at=at(days=8))
        scenario = scenario.when(send(number)).then(held_back)
    again = scenario.when(target(at=at(days=9))).then(targeted(at=at(days=9)))
    again.when(send(103, at=at(days=9))).then(sent(103, at=at(days=9)))


def test_INV_M3_an_exempt_list_outlasts_the_consent_given_later() -> None:
    scenario = MEMBERS.when(target(exempt_lists=("staff",)), about(), WITHDRAWN)
    after = MEMBERS.given(*scenario.events)
    after.when(send()).then(
        suppressed(
            Suppression(stage=Stage.EXEMPT, detail="staff"), message_id=uid(101), at=at(days=8)
        )
    ).when(send()).then_refused(SuppressedError, "held back already .staff.")


def test_INV_X2_whoever_withdrew_before_the_send_gets_none_and_the_stream_says_why() -> None:
    held_back = suppressed(*NO_CONSENT, message_id=uid(101), at=at(days=8))
    scenario = ADDRESSED.when(send(), about(), WITHDRAWN).then(held_back)
    scenario.when(send(), about(), WITHDRAWN).then_refused(SuppressedError, "already .withdrawn.")
    scenario.when(send()).then_refused(SuppressedError, "already .withdrawn.")
    scenario.when(send(), about(CampaignStatus.COMPLETED)).then_refused(
        SuppressedError, "already .withdrawn."
    )
    scenario.when(send(102)).then(sent(102))


@pytest.mark.parametrize("first", ["at the targeting", "at an earlier message"])
def test_each_message_to_somebody_suppressed_says_that_it_was_held_back_and_why(
    first: str,
) -> None:
    """An empty reply means that the message went out before, never that it was held back."""
    if first == "at the targeting":
        scenario = MEMBERS.given(suppressed(*NO_CONSENT))
    else:
        scenario = ADDRESSED.given(suppressed(*NO_CONSENT, message_id=uid(101), at=at(days=8)))
    for number in (102, 103):
        held_back = suppressed(*NO_CONSENT, message_id=uid(number), at=at(days=9))
        scenario = scenario.when(send(number, at=at(days=9)), about(), WITHDRAWN).then(held_back)
    exempt = Suppression(stage=Stage.EXEMPT, detail="staff")
    other = scenario.given(suppressed(exempt, at=at(days=10)))
    again = send(103, at=at(days=11))
    other.when(again).then_refused(SuppressedError, "held back already .withdrawn.")


def test_targeting_somebody_suppressed_again_says_why_they_still_are() -> None:
    scenario = MEMBERS.given(suppressed(*NO_CONSENT))
    for day in (6, 7):
        again = scenario.when(target(at=at(days=day)), about(), WITHDRAWN)
        again.then_refused(SuppressedError, "was suppressed .withdrawn.: target them anew")


def test_a_send_as_of_before_the_last_assessment_suppresses_nobody() -> None:
    MEMBERS.given(targeted(at=at(days=9))).when(send(), about(), WITHDRAWN).then_refused(
        SuppressedError, ".withdrawn., and has been assessed anew"
    )


def test_targeting_as_of_before_the_last_assessment_changes_nothing() -> None:
    held_back = suppressed(*NO_CONSENT, message_id=uid(101), at=at(days=8))
    late = ADDRESSED.given(held_back).when(target())
    late.then_refused(SuppressedError, "was suppressed .withdrawn.")


@pytest.mark.parametrize(
    "status", [one for one in CampaignStatus if one is not CampaignStatus.RUNNING]
)
def test_INV_M8_EC_M4_nothing_goes_out_unless_the_campaign_runs(status: CampaignStatus) -> None:
    ADDRESSED.when(send(), about(status)).then_refused(NotSendingError, f"is {status}")


@pytest.mark.parametrize("status", list(CampaignStatus))
def test_proof_copies_go_out_before_the_launch_too(status: CampaignStatus) -> None:
    outcome = MEMBERS.given(targeted(role=Role.SEED)).when(send(), about(status))
    if status in (CampaignStatus.PLANNED, CampaignStatus.APPROVED, CampaignStatus.RUNNING):
        outcome.then(sent(counted=False, first=False))  # INV-M11
    else:
        outcome.then_refused(NotSendingError)


def test_INV_M1_nobody_is_targeted_after_the_end() -> None:
    MEMBERS.when(target(), about(CampaignStatus.COMPLETED)).then_refused(CampaignEndedError)
    ADDRESSED.when(target(at=at(days=50)), about(CampaignStatus.COMPLETED), WITHDRAWN).then()


def test_a_message_goes_by_the_channel_of_the_campaign() -> None:
    ADDRESSED.when(send(channel=Channel.POST)).then(sent())
    ADDRESSED.when(send(channel=Channel.SMS)).then_refused(OtherChannelError, "goes by post")


def test_a_message_is_sent_once() -> None:
    after = ADDRESSED.given(sent())
    after.when(send(at=at(days=20)), about(CampaignStatus.COMPLETED), WITHDRAWN).then()
    after.when(send(transactional=True)).then_refused(AlreadyExistsError, "message")
    after.when(send(102)).then(sent(102, first=False))


def test_only_members_get_messages() -> None:
    MEMBERS.when(send()).then_refused(NotFoundError, "target the customer first")


def test_at_an_unwelcome_time_the_message_waits_and_nobody_is_suppressed() -> None:
    paused = attrs.evolve(CLEAR, deferral="post is paused until Monday")
    ADDRESSED.when(send(), about(), paused).then_refused(UnwelcomeError, "send later")
    ADDRESSED.when(target(at=at(days=8)), about(), paused).then()


def test_INV_M3_after_an_opt_out_or_a_hard_bounce_nothing_more_is_sent() -> None:
    told = {"message_id": uid(101), "counted": True, "at": at(days=9)}
    bounced = MessageBounced(**of_ann(**told, kind=BounceKind.HARD))
    opted_out = OptOutReceived(**of_ann(**told, kind=OptOutKind.UNSUBSCRIBE))
    after = ADDRESSED.given(sent(), bounced, opted_out).when(send(102, at=at(days=10)))
    assert [one.stage for one in after.events[0].suppressions] == [Stage.CONSENT, Stage.CHANNEL]
    soft = ADDRESSED.given(sent(), MessageBounced(**of_ann(**told, kind=BounceKind.SOFT)))
    soft.when(send(102)).then(sent(102, first=False))


CAPPED = about(frequency_cap=FrequencyCap(most=1, days=2))


def test_INV_M4_no_more_messages_than_the_cap_in_any_window() -> None:
    after = ADDRESSED.given(sent())
    after.when(send(102, at=at(days=9, hours=23)), CAPPED).then_refused(
        FrequencyCapError, "2026-01-15T09:00:00Z"
    )
    after.when(send(102, at=at(days=10)), CAPPED).then(sent(102, at=at(days=10), first=False))
    after.when(send(102, at=at(days=7, hours=1)), CAPPED).then_refused(
        FrequencyCapError
    )  # backdated


def test_EC_M2_transactional_messages_are_neither_capped_nor_counted() -> None:
    confirmation = sent(102, transactional=True, counted=False, first=False)
    ADDRESSED.given(sent()).when(send(102, transactional=True), CAPPED).then(confirmation)
    ADDRESSED.given(confirmation).when(send(), CAPPED).then(sent())
    MEMBERS.given(held_out()).when(send(102, transactional=True)).then(confirmation)
    ADDRESSED.when(send(102, transactional=True), about(), WITHDRAWN).then_refused(SuppressedError)


def test_EC_M1_a_cap_of_none_is_no_cap_and_a_cap_of_0_cannot_be_said() -> None:
    with pytest.raises(ValueError, match="most: expected a number from 1"):
        FrequencyCap(most=0, days=1)
    ADDRESSED.given(sent()).when(send(102)).then(sent(102, first=False))


def test_an_informational_campaign_is_not_capped() -> None:
    notice = about(
        informational=True, purpose=Purpose.SERVICE, frequency_cap=FrequencyCap(most=1, days=2)
    )
    ADDRESSED.given(sent()).when(send(102), notice).then(sent(102, first=False))


@given(
    wishes=st.lists(st.tuples(st.integers(0, 24 * 12), st.booleans()), max_size=25),
    most=st.integers(1, 3),
    days=st.integers(1, 4),
)
@settings(max_examples=100, deadline=None)
def test_INV_M4_EC_M8_in_every_rolling_window_whatever_the_order(
    wishes: list[tuple[int, bool]], most: int, days: int
) -> None:
    campaign = about(frequency_cap=FrequencyCap(most=most, days=days), starts_at=at(days=-1))
    scenario = MEMBERS.given(targeted(at=at()))
    for number, (hour, transactional) in enumerate(wishes):
        command = send(200 + number, at=at(hours=hour), transactional=transactional)
        outcome = scenario.when(command, campaign)
        assert outcome.refusal is None or not transactional
        scenario = scenario.given(*outcome.events)
    instants = [
        one.at for one in scenario.history if isinstance(one, MessageSent) and not one.transactional
    ]
    for start in instants:
        assert sum(start <= one < start + (at(days=days) - at()) for one in instants) <= most


half_days = st.integers(0, 16).map(lambda number: 12 * number)  # so that windows touch


@given(
    hours=st.lists(half_days, max_size=12),
    hour=half_days,
    most=st.integers(1, 3),
    days=st.integers(1, 3),
)
def test_INV_M4_a_refusal_names_the_earliest_instant_that_is_allowed(
    hours: list[int], hour: int, most: int, days: int
) -> None:
    cap, past = FrequencyCap(most=most, days=days), tuple(at(hours=one) for one in hours)

    def fits(when: datetime) -> bool:
        window = at(days=days) - at()
        return all(
            sum(start <= one < start + window for one in past) < most
            for start in {*past, when}
            if start <= when < start + window
        )

    expected = next(one for one in range(hour, 500) if fits(at(hours=one)))
    assert cap.next_free(past, at(hours=hour)) == (None if expected == hour else at(hours=expected))
