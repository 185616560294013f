"""What a mailer is told: to which address a message may go, or why not; and what ends an old no."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import Channel, Purpose
from crmcore.domain.marketing.campaign.state import OutsideDatesError
from crmcore.domain.marketing.membership.addressing import HeldOutError, SuppressedError
from crmcore.errors import AlreadyExistsError, InvalidValueError, NotFoundError
from tests.histories import AFTERWARDS
from tests.projections.examples import ANN, START, known, named, planned, running
from tests.scenario import uid

SPRING, SUMMER = uid(50), uid(51)
HOME, WORK, PHONE = uid(81), uid(82), uid(83)
EMAIL, MARKETING = Channel.EMAIL, Purpose.MARKETING


@pytest.fixture
def crm(sqlite_url: str) -> Iterator[crmcore.CRM]:
    with crmcore.open(sqlite_url, clock=lambda: AFTERWARDS) as opened:
        yield opened


def day(number: float) -> datetime:
    return START + timedelta(days=number)


def tell(crm: crmcore.CRM, *commands: Any) -> None:
    for command in commands:
        crm.execute(command, by="somebody")


def replied(crm: crmcore.CRM, command: Any) -> list[str]:
    return [event.TOPIC for event in crm.execute(command, by="somebody").events]


def of_ann(number: float, campaign: UUID = SPRING, **fields: Any) -> dict[str, Any]:
    return {"campaign_id": campaign, "customer_id": ANN, "at": day(number), **fields}


def target(number: float, campaign: UUID = SPRING) -> ask.TargetMember:
    return ask.TargetMember(**of_ann(number, campaign, list_name="all"))


def send(message: int, number: float, **fields: Any) -> ask.SendMessage:
    return ask.SendMessage(**of_ann(number, message_id=uid(message), **fields))


def bounce(message: int, number: float, kind: Any = ask.BounceKind.HARD) -> ask.RecordBounce:
    return ask.RecordBounce(**of_ann(number, message_id=uid(message), kind=kind))


def opt_out(number: float, **fields: Any) -> ask.RecordOptOut:
    return ask.RecordOptOut(**of_ann(number, **fields))


def consent(number: float, **fields: Any) -> ask.GiveConsent:
    told: dict[str, Any] = {"channel": EMAIL, "purpose": MARKETING, **fields}
    key = UUID(int=7_000 + int(number * 10))
    return ask.GiveConsent(customer_id=ANN, consent_id=key, at=day(number), **told)


def add(
    point: UUID, number: float, value: str, kind: Any = ask.ContactKind.EMAIL, **fields: Any
) -> ask.AddContactPoint:
    return ask.AddContactPoint(
        customer_id=ANN, point_id=point, kind=kind, value=value, at=day(number), **fields
    )


def remove(point: UUID, number: float) -> ask.RemoveContactPoint:
    return ask.RemoveContactPoint(customer_id=ANN, point_id=point, at=day(number))


def where(crm: crmcore.CRM, command: Any) -> UUID | None:
    """The contact point of the message that went out."""
    (event,) = crm.execute(command, by="mailer").events
    point: UUID | None = event.point_id
    return point


def reasons(crm: crmcore.CRM, command: Any) -> list[str]:
    """Why the message was held back."""
    (event,) = crm.execute(command, by="mailer").events
    assert event.TOPIC == "member-suppressed"
    return [one.detail for one in event.suppressions]


WITH_HOME = [*known(ANN), add(HOME, 0, "ann@example.com")]


# A no, a yes, and a no again


def test_opted_out_agreed_anew_and_opted_out_again_gets_nothing(crm: crmcore.CRM) -> None:
    tell(crm, *WITH_HOME, *running(SPRING), *running(SUMMER), target(1), send(1, 1))
    assert replied(crm, opt_out(2)) == ["opt-out-received", "consent-withdrawn"]
    tell(crm, consent(3))
    assert replied(crm, opt_out(4)) == ["opt-out-received", "consent-withdrawn"]
    assert "opted out of this campaign: unsubscribe" in reasons(crm, send(2, 5))
    (event,) = crm.execute(target(5, SUMMER), by="somebody").events
    assert event.TOPIC == "member-suppressed", "the next campaign writes nothing either"
    assert replied(crm, opt_out(4)) == [], "delivered again"


@pytest.mark.parametrize("order", [(2, 3, 4), (4, 3, 2), (3, 4, 2), (2, 4, 3)])
def test_two_opt_outs_around_a_consent_count_in_whatever_order_they_come_to_light(
    crm: crmcore.CRM, order: tuple[int, ...]
) -> None:
    facts = {2: opt_out(2), 3: consent(3), 4: opt_out(4)}
    tell(crm, *WITH_HOME, *running(SPRING), target(1), send(1, 1))
    tell(crm, *(facts[number] for number in order))
    assert len(reasons(crm, send(2, 5))) == 2


def test_opting_out_twice_counts_once_and_again_after_a_consent(crm: crmcore.CRM) -> None:
    def counted() -> int:
        crm.catch_up()
        found = crm.read.campaigns.get(SPRING)
        assert found is not None
        return int(found.opt_outs)

    tell(crm, *WITH_HOME, *running(SPRING), target(1), send(1, 1), opt_out(2), opt_out(3))
    assert counted() == 1
    tell(crm, consent(4), opt_out(5))
    assert counted() == 2
    tell(crm, opt_out(2.5))
    assert counted() == 2, "it came to light late, and was known by then"


def test_whoever_opted_in_again_is_written_to_again(crm: crmcore.CRM) -> None:
    tell(crm, *WITH_HOME, *running(SPRING), target(1), send(1, 1), opt_out(2), consent(3))
    assert replied(crm, send(2, 2.5)) == ["member-suppressed"], "before they did"
    tell(crm, target(3.5))
    assert replied(crm, send(3, 4)) == ["message-sent"]


@pytest.mark.parametrize("tries", [0, 1, 2])
def test_a_try_between_an_opt_out_and_a_new_consent_changes_nothing(
    crm: crmcore.CRM, tries: int
) -> None:
    tell(crm, *WITH_HOME, *running(SPRING), target(1), send(1, 1), opt_out(2))
    for number in range(tries):
        assert replied(crm, send(10 + number, 2.5)) == ["member-suppressed"]
    tell(crm, consent(3))
    assert replied(crm, send(2, 4)) == ["message-sent"]


def test_whoever_agrees_after_the_targeting_gets_the_next_message(crm: crmcore.CRM) -> None:
    tell(crm, named("Ann"), add(HOME, 0, "ann@example.com"), *running(SPRING))
    assert replied(crm, target(1)) == ["member-suppressed"]
    assert replied(crm, send(1, 2)) == ["member-suppressed"]
    tell(crm, consent(3))
    assert where(crm, send(2, 4)) == HOME


def test_a_message_that_was_held_back_keeps_its_answer_and_a_new_one_is_decided_anew(
    crm: crmcore.CRM,
) -> None:
    tell(crm, *WITH_HOME, *running(SPRING), target(1), opt_out(2), send(1, 3), consent(4))
    for number in (3, 5):
        for transactional in (False, True):
            with pytest.raises(SuppressedError, match=r"held back already .opted out"):
                crm.execute(send(1, number, transactional=transactional), by="mailer")
    assert replied(crm, send(2, 5)) == ["message-sent"]
    with pytest.raises(SuppressedError, match="held back already"):
        crm.execute(send(1, 6), by="mailer")


def test_at_the_same_instant_the_no_counts(crm: crmcore.CRM) -> None:
    tell(crm, *WITH_HOME, *running(SPRING), target(1), send(1, 1), consent(2), opt_out(2))
    assert len(reasons(crm, send(2, 3))) == 2


def test_another_ground_than_the_customers_own_consent_takes_no_no_back(crm: crmcore.CRM) -> None:
    ground = consent(3, lawful_basis=ask.LawfulBasis.LEGITIMATE_INTERESTS)
    tell(crm, *WITH_HOME, *running(SPRING), target(1), send(1, 1), opt_out(2), ground)
    assert reasons(crm, send(2, 4)) == ["opted out of this campaign: unsubscribe"]


# A dead address


@pytest.mark.parametrize("transactional", [True, False])
def test_after_a_hard_bounce_nothing_goes_to_that_address_whatever_it_is(
    crm: crmcore.CRM, transactional: bool
) -> None:
    tell(crm, *WITH_HOME, *running(SPRING), target(1), send(1, 1))
    assert replied(crm, bounce(1, 2)) == [
        "message-bounced",
        "contact-point-invalidated",
        "primary-contact-point-changed",
    ]
    message = send(2, 3, transactional=transactional)
    if transactional:
        with pytest.raises(SuppressedError, match="no valid address"):
            crm.execute(message, by="mailer")
    else:
        assert "no valid address on this channel" in reasons(crm, message)
    assert replied(crm, bounce(1, 2)) == []


def test_a_hard_bounce_in_one_campaign_stops_every_other(crm: crmcore.CRM) -> None:
    tell(crm, *WITH_HOME, *running(SPRING), *running(SUMMER), target(1), target(1, SUMMER))
    tell(crm, send(1, 1), bounce(1, 2))
    other = ask.SendMessage(**of_ann(3, SUMMER, message_id=uid(2)))
    assert reasons(crm, other) == ["no valid address on this channel"]


def test_a_transactional_message_to_an_address_kept_elsewhere_stops_after_a_hard_bounce(
    crm: crmcore.CRM,
) -> None:
    tell(crm, *known(ANN), *running(SPRING), target(1), send(1, 1), bounce(1, 2))
    with pytest.raises(SuppressedError, match="to this address bounced for good"):
        crm.execute(send(2, 3, transactional=True), by="mailer")


@pytest.mark.parametrize("first", [HOME, None], ids=["on record", "kept elsewhere"])
def test_whose_dead_address_was_replaced_is_written_to_again(
    crm: crmcore.CRM, first: UUID | None
) -> None:
    tell(crm, *(known(ANN) if first is None else WITH_HOME), *running(SPRING), target(1))
    assert where(crm, send(1, 1)) == first
    tell(crm, bounce(1, 2), add(WORK, 3, "ann@work.example"))
    assert where(crm, send(2, 4)) == WORK
    assert where(crm, send(3, 4, transactional=True)) == WORK
    tell(crm, bounce(1, 4.5))  # of the first message, told again
    assert where(crm, send(4, 5)) == WORK


ANEW = uid(84)


def verify(point: UUID, number: float) -> ask.VerifyContactPoint:
    return ask.VerifyContactPoint(customer_id=ANN, point_id=point, at=day(number))


@pytest.mark.parametrize(
    ("before", "after", "reached"),
    [
        pytest.param([add(ANEW, 3, "Ann@example.com")], [bounce(1, 4)], False, id="since"),
        pytest.param([add(ANEW, 3, "ann@example.com")], [bounce(1, 2)], False, id="told late"),
        pytest.param([add(ANEW, 3, "ann@work.example")], [bounce(1, 2)], True, id="another"),
        pytest.param(
            [add(ANEW, 3, "ann@example.com"), verify(ANEW, 3.5)],
            [bounce(1, 2)],
            True,
            id="verified since",
        ),
        pytest.param(
            [bounce(1, 2), add(ANEW, 3, "ann@example.com")], [bounce(1, 2)], True, id="told again"
        ),
    ],
)
def test_a_hard_bounce_puts_the_address_out_of_use_under_every_id(
    crm: crmcore.CRM, before: list[Any], after: list[Any], reached: bool
) -> None:
    tell(crm, *WITH_HOME, *running(SPRING), target(1), send(1, 1), remove(HOME, 1.5))
    tell(crm, *before, *after)
    if reached:
        assert where(crm, send(2, 5)) == ANEW
    else:
        assert "no valid address on this channel" in reasons(crm, send(2, 5))


def test_a_soft_bounce_stops_nothing_and_counts_once_for_each_message(crm: crmcore.CRM) -> None:
    soft = ask.BounceKind.SOFT
    tell(crm, *WITH_HOME, *running(SPRING), target(1), send(1, 1))
    tell(crm, bounce(1, 2, soft), bounce(1, 3, soft), bounce(1, 3, soft))
    assert where(crm, send(2, 4)) == HOME
    crm.catch_up()
    found = crm.read.campaigns.get(SPRING)
    assert found is not None
    assert found.bounces == 1


# Permission for one address


def test_a_consent_for_one_address_permits_it_and_the_message_says_which(crm: crmcore.CRM) -> None:
    tell(crm, named("Ann"), add(HOME, 0, "ann@example.com"), add(WORK, 0, "ann@work.example"))
    tell(crm, consent(0, point_id=WORK), *running(SPRING), target(1))
    assert where(crm, send(1, 1)) == WORK, "the first choice is another, and not permitted"
    assert where(crm, send(2, 1, point_id=WORK)) == WORK
    (held_back,) = reasons(crm, send(3, 1, point_id=HOME))
    assert held_back == "no ground for marketing by email"


def test_a_message_held_back_from_one_address_says_nothing_about_another(crm: crmcore.CRM) -> None:
    tell(crm, named("Ann"), add(HOME, 0, "ann@example.com"), add(WORK, 0, "ann@work.example"))
    tell(crm, consent(0, point_id=WORK), *running(SPRING), target(1))
    assert reasons(crm, send(1, 1, point_id=HOME)) == ["no ground for marketing by email"]
    assert where(crm, send(2, 1, point_id=WORK)) == WORK
    assert where(crm, send(3, 1)) == WORK
    assert reasons(crm, send(4, 1, point_id=HOME)) == ["no ground for marketing by email"]


@pytest.mark.parametrize("how", ["hard", "removed"])
def test_where_the_only_permitted_address_is_out_of_use_the_reasons_say_so(
    crm: crmcore.CRM, how: str
) -> None:
    tell(crm, named("Ann"), add(HOME, 0, "ann@example.com"), add(WORK, 0, "ann@work.example"))
    tell(crm, consent(0, point_id=WORK), *running(SPRING), target(1), send(1, 1))
    tell(crm, bounce(1, 2) if how == "hard" else remove(WORK, 2))
    gone = f"contact point {WORK}, for which it is allowed, is out of use: {how}"
    assert reasons(crm, send(2, 3)) == ["no ground for marketing by email", gone]
    assert gone in reasons(crm, send(3, 3, point_id=WORK))
    assert gone not in reasons(crm, send(4, 3, point_id=HOME))
    tell(crm, consent(4, point_id=HOME))
    assert where(crm, send(5, 5)) == HOME


def test_where_all_is_permitted_the_first_choice_is_used(crm: crmcore.CRM) -> None:
    tell(crm, *WITH_HOME, add(WORK, 0, "ann@work.example", primary=True))
    tell(crm, *running(SPRING), target(1))
    assert where(crm, send(1, 1)) == WORK
    assert where(crm, send(2, 1, point_id=HOME)) == HOME
    assert replied(crm, send(2, 1)) == []
    with pytest.raises(AlreadyExistsError):
        crm.execute(send(2, 1, point_id=WORK), by="mailer")


def test_a_withdrawal_for_a_removed_address_leaves_the_others_alone(crm: crmcore.CRM) -> None:
    withdrawal = ask.WithdrawConsent(customer_id=ANN, channel=EMAIL, point_id=HOME, at=day(1))
    tell(crm, *WITH_HOME, withdrawal, remove(HOME, 2), add(WORK, 3, "ann@work.example"))
    tell(crm, *running(SPRING), target(3))
    assert where(crm, send(1, 4)) == WORK


def test_a_message_names_an_address_of_the_customer_that_its_channel_can_use(
    crm: crmcore.CRM,
) -> None:
    tell(crm, *WITH_HOME, add(PHONE, 0, "+49 30 23125000", ask.ContactKind.PHONE))
    tell(crm, *running(SPRING), target(1))
    with pytest.raises(NotFoundError, match="contact point"):
        crm.execute(send(1, 1, point_id=uid(99)), by="mailer")
    with pytest.raises(InvalidValueError, match=r"point_id: expected .* that email can use"):
        crm.execute(send(1, 1, point_id=PHONE), by="mailer")
    with pytest.raises(InvalidValueError, match="point_id"):  # it would never permit anything
        crm.execute(consent(1, point_id=PHONE), by="somebody")


def test_a_message_of_the_past_goes_to_an_address_that_was_there_then(crm: crmcore.CRM) -> None:
    tell(crm, *known(ANN), add(HOME, 3, "ann@example.com"), *running(SPRING), target(1))
    assert where(crm, send(1, 2)) is None
    assert where(crm, send(2, 3)) == HOME


# What is said in reply


def test_no_events_mean_that_the_message_went_out_before_and_nothing_else(crm: crmcore.CRM) -> None:
    withdrawal = ask.WithdrawConsent(customer_id=ANN, at=day(2))
    tell(crm, *WITH_HOME, *running(SPRING), target(1))
    assert replied(crm, send(1, 1)) == ["message-sent"]
    assert replied(crm, send(1, 1)) == []
    tell(crm, withdrawal)
    assert replied(crm, send(1, 3)) == []
    assert replied(crm, send(2, 3)) == ["member-suppressed"]
    assert replied(crm, send(3, 3)) == ["member-suppressed"]
    with pytest.raises(SuppressedError, match=r"held back already .withdrawn"):
        crm.execute(send(2, 3), by="mailer")
    done = crm.execute_many([send(1, 3), send(4, 3), send(4, 3)], by="mailer")
    assert (done.unchanged, done.executed, len(done.refused)) == (1, 1, 1)
    with pytest.raises(SuppressedError, match=r"was suppressed .withdrawn"):
        crm.execute(target(4), by="mailer")


def test_a_repeated_command_id_gives_the_first_reply(crm: crmcore.CRM) -> None:
    tell(crm, *WITH_HOME, ask.WithdrawConsent(customer_id=ANN, at=day(0)), *running(SPRING))
    with_id: dict[str, Any] = {"by": "mailer", "command_id": uid(7)}
    tell(crm, target(1))
    first = crm.execute(send(1, 1), **with_id)
    assert [event.TOPIC for event in first.events] == ["member-suppressed"]
    assert crm.execute(send(1, 1), **with_id).events == first.events


def test_who_is_in_the_control_group_is_said_every_time(crm: crmcore.CRM) -> None:
    everybody = ask.Holdout(percent=Decimal(100))
    tell(crm, *WITH_HOME, *running(SPRING, holdout=everybody))
    assert replied(crm, target(1)) == ["member-held-out"]
    for command in (target(1), target(2), send(1, 2)):
        with pytest.raises(HeldOutError):
            crm.execute(command, by="mailer")


# Dates


def test_nothing_runs_outside_the_dates_of_the_campaign(crm: crmcore.CRM) -> None:
    begins, ends = day(10), day(20)
    tell(crm, *WITH_HOME, planned(SPRING, starts_at=begins, ends_at=ends))
    tell(crm, ask.ApproveCampaign(campaign_id=SPRING, at=day(1)), target(2))
    for number, why in ((9, "before its start"), (21, "after its end")):
        launch = ask.LaunchCampaign(campaign_id=SPRING, allow_empty=True, at=day(number))
        with pytest.raises(OutsideDatesError, match=why):
            crm.execute(launch, by="somebody")
    tell(crm, ask.LaunchCampaign(campaign_id=SPRING, allow_empty=True, at=begins))
    with pytest.raises(OutsideDatesError, match="before its start"):
        crm.execute(send(1, 9), by="mailer")
    for wanted in (send(1, 20.01), send(1, 20.01, transactional=True), target(20.01)):
        with pytest.raises(OutsideDatesError, match="schedule-campaign moves that"):
            crm.execute(wanted, by="mailer")
    assert replied(crm, send(1, 20)) == ["message-sent"], "clocks may differ"
    tell(crm, ask.ScheduleCampaign(campaign_id=SPRING, starts_at=begins, ends_at=day(30), at=ends))
    assert replied(crm, send(2, 25)) == ["message-sent"]
    pause = ask.PauseCampaign(campaign_id=SPRING, at=day(29))
    tell(crm, pause)
    with pytest.raises(OutsideDatesError, match="after its end"):
        crm.execute(ask.ResumeCampaign(campaign_id=SPRING, at=day(31)), by="somebody")


def test_proof_copies_go_out_before_the_start_and_not_after_the_end(crm: crmcore.CRM) -> None:
    tell(crm, *WITH_HOME, planned(SPRING, starts_at=day(10), ends_at=day(20)))
    tell(crm, ask.TargetMember(**of_ann(1, list_name="us", role=ask.Role.SEED)))
    assert replied(crm, send(1, 2)) == ["message-sent"]
    with pytest.raises(OutsideDatesError, match="after its end"):
        crm.execute(send(2, 21), by="mailer")


def test_a_survey_asks_for_the_address_that_it_would_use(crm: crmcore.CRM) -> None:
    about: dict[str, Any] = {"case_id": uid(60), "cycle": 1, "kind": ask.SurveyKind.CSAT}
    case = ask.OpenCase(
        case_id=uid(60),
        customer_id=ANN,
        kind=ask.CaseKind.INCIDENT,
        channel=ask.CaseChannel.EMAIL,
        subject="It hums",
        at=day(1),
    )
    no = ask.WithdrawConsent(
        customer_id=ANN, channel=EMAIL, purpose=Purpose.RESEARCH, point_id=HOME, at=day(1)
    )
    solved = ask.SolveCase(case_id=uid(60), resolution_code="sealed", at=day(2))
    tell(crm, *WITH_HOME, case, no, solved)
    offer = ask.OfferSurvey(**about, channel=EMAIL, at=day(3))
    with pytest.raises(crmcore.errors.NotAllowedError, match="withdrawn for research"):
        crm.execute(offer, by="somebody")
    tell(crm, remove(HOME, 3))
    with pytest.raises(crmcore.errors.NotAllowedError, match="no contact point for email is in"):
        crm.execute(offer, by="somebody")
    tell(crm, add(WORK, 3, "ann@work.example"))
    assert replied(crm, offer)
