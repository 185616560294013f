"""Campaign results: who was addressed, who answered, what was bought and what it cost."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import Channel
from tests.histories import key
from tests.projections.conftest import Tell
from tests.projections.examples import (
    ANN,
    BEN,
    CARLA,
    START,
    back,
    euro,
    known,
    order,
    planned,
    running,
)
from tests.scenario import uid

SPRING = uid(50)
ALL = {"list_name": "all", "at": START}


def result(crm: crmcore.CRM, campaign: UUID = SPRING) -> Any:
    found = crm.read.campaigns.get(campaign)
    assert found is not None
    return found


def target(customer: UUID = ANN, **particulars: Any) -> ask.TargetMember:
    return ask.TargetMember(campaign_id=SPRING, customer_id=customer, **{**ALL, **particulars})


def about(customer: UUID = ANN, **particulars: Any) -> dict[str, Any]:
    return {"campaign_id": SPRING, "customer_id": customer, "at": START, **particulars}


def sent(customer: UUID = ANN, message: int = 1) -> list[Any]:
    return [target(customer), ask.SendMessage(**about(customer, message_id=uid(message)))]


def click(number: int, customer: UUID = ANN, message: int = 1) -> ask.RecordClick:
    return ask.RecordClick(**about(customer, message_id=uid(message), click_id=uid(number)))


def response(number: int, customer: UUID = ANN, **particulars: Any) -> ask.RecordResponse:
    told = {"kind": ask.ResponseKind.REPLY, **particulars}
    return ask.RecordResponse(**about(customer, response_id=uid(number), **told))


def converted(number: int, margin: str | None = None, customer: UUID = ANN) -> ask.RecordConversion:
    earned = None if margin is None else euro(margin)
    return ask.RecordConversion(**about(customer, conversion_id=uid(number), margin=earned))


def cost(amount: str) -> ask.IncurCost:
    return ask.IncurCost(campaign_id=SPRING, cost_id=uid(60), cost=euro(amount), at=START)


def test_K3_responders_are_members_and_responses_are_answers(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN, BEN), *running(SPRING), *sent(ANN, 1), *sent(BEN, 2))
    tell(response(71), response(72), response(73, BEN), response(73, BEN))
    assert (result(crm).responders, result(crm).responses) == (2, 3)
    assert result(crm).response_rate == 1


def test_INV_M11_repeated_clicks_count_once_for_the_rate(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN, BEN), *running(SPRING), *sent(ANN, 1), *sent(BEN, 2))
    tell(click(71), click(72), click(73))
    assert (result(crm).clicks, result(crm).clickers) == (3, 1)
    assert result(crm).click_rate == Decimal("0.5")
    assert (result(crm).responders, result(crm).responses) == (0, 0)  # a click is no answer here


def test_a_click_that_the_plan_takes_as_a_response_is_one_interaction(
    crm: crmcore.CRM, tell: Tell
) -> None:
    kinds = (ask.ResponseKind.CLICK, ask.ResponseKind.REPLY)
    tell(*known(ANN), *running(SPRING, response_kinds=kinds), *sent())
    tell(click(71), click(72), response(73), cost("30"))
    found = result(crm)
    assert (found.responders, found.responses, found.clicks, found.interactions) == (1, 1, 2, 3)
    assert found.cost_per_interaction == 10


def test_INV_M11_test_and_seed_members_are_in_no_figure(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN, BEN, CARLA), *running(SPRING), *sent(CARLA, 3))
    before = result(crm)
    for customer, role, message in ((ANN, ask.Role.TEST, 1), (BEN, ask.Role.SEED, 2)):
        tell(target(customer, role=role))
        tell(ask.SendMessage(**about(customer, message_id=uid(message))))
        tell(ask.RecordDelivery(**about(customer, message_id=uid(message))))
        tell(click(70 + message, customer, message), response(80 + message, customer))
        tell(converted(90 + message, "9", customer))
        tell(ask.RecordOptOut(**about(customer)))
    assert result(crm) == before


def test_transactional_messages_are_in_no_figure(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), *running(SPRING), target())
    tell(ask.SendMessage(**about(message_id=uid(1), transactional=True)))
    assert (result(crm).targeted, result(crm).sends, result(crm).recipients) == (1, 0, 0)


def test_sends_count_messages_and_recipients_count_members(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), *running(SPRING), *sent(ANN, 1), *sent(ANN, 2)[1:])
    for message in (1, 2):
        tell(ask.RecordDelivery(**about(message_id=uid(message))))
        soft = ask.BounceKind.SOFT
        tell(ask.RecordBounce(**about(message_id=uid(message), kind=soft)))
    found = result(crm)
    assert (found.sends, found.recipients, found.delivered, found.bounces) == (2, 1, 1, 2)


def withdrawn(customer: UUID = ANN) -> ask.WithdrawConsent:
    return ask.WithdrawConsent(customer_id=customer, channel=Channel.EMAIL, at=START)


def standing(crm: crmcore.CRM) -> tuple[int, int, int]:
    found = result(crm)
    assert found.members == found.targeted + found.suppressed + found.held_out
    return found.targeted, found.suppressed, found.held_out


def test_suppressed_at_sending_moves_a_member_from_targeted(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN, BEN), *running(SPRING), target(ANN), target(BEN))
    assert standing(crm) == (2, 0, 0)
    tell(withdrawn(), ask.SendMessage(**about(message_id=uid(1))))
    assert standing(crm) == (1, 1, 0)
    assert result(crm).sends == 0


def test_a_member_is_counted_once_however_often_they_are_assessed(
    crm: crmcore.CRM, tell: Tell
) -> None:
    day = START.replace(day=10)
    tell(*known(ANN), *running(SPRING), target(exempt_lists=("staff",)))
    assert standing(crm) == (0, 1, 0)
    tell(target(exempt_lists=("staff", "friends"), at=day))  # for other reasons
    assert standing(crm) == (0, 1, 0)
    tell(target(at=day.replace(day=11)))
    assert standing(crm) == (1, 0, 0)
    tell(target(exempt_lists=("staff",), at=day.replace(day=12)))
    assert standing(crm) == (0, 1, 0)
    tell(withdrawn(), ask.SendMessage(**about(message_id=uid(1), at=day.replace(day=13))))
    assert standing(crm) == (0, 1, 0)  # held back at sending, but suppressed before


def test_a_member_who_was_suppressed_and_is_sent_a_message_is_targeted(
    crm: crmcore.CRM, tell: Tell
) -> None:
    day = START.replace(day=10)
    agreed = ask.GiveConsent(
        customer_id=ANN,
        consent_id=uid(90),
        channel=Channel.EMAIL,
        purpose=ask.Purpose.MARKETING,
        at=day,
    )
    tell(*known(ANN), *running(SPRING), withdrawn(), target())
    tell(ask.SendMessage(**about(message_id=uid(1))))
    assert standing(crm) == (0, 1, 0)
    tell(agreed, ask.SendMessage(**about(message_id=uid(2), transactional=True, at=day)))
    assert standing(crm) == (0, 1, 0)
    tell(ask.SendMessage(**about(message_id=uid(3), at=day)), response(71, at=day))
    assert standing(crm) == (1, 0, 0)
    found = result(crm)
    assert (found.sends, found.recipients, found.responders) == (1, 1, 1)


def test_INV_M3_the_control_group_brings_nothing(crm: crmcore.CRM, tell: Tell) -> None:
    everybody = ask.Holdout(percent=Decimal(100))
    tell(*known(ANN), *running(SPRING, holdout=everybody), target(), converted(71, "9"))
    assert standing(crm) == (0, 0, 1)
    assert (result(crm).conversions, result(crm).converted, result(crm).margin) == (0, 0, 0)


def test_K4_K5_purchases_and_revenue_less_what_came_back(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), *running(SPRING))
    tell(
        order(1, "100", START, campaign_id=SPRING),
        order(2, "40", START, campaign_id=SPRING, handed_over=False),
        order(3, "1000", START),
    )
    assert (result(crm).purchases, result(crm).revenue) == (2, 140)
    tell(back(1, "1", START))
    assert (result(crm).purchases, result(crm).revenue) == (2, 115)
    tell(ask.CancelOrder(order_id=uid(2), reason="changed mind", at=START))
    assert (result(crm).purchases, result(crm).revenue) == (1, 75)


def test_revenue_in_another_currency_stays_apart(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), *running(SPRING), cost("20"))
    tell(
        order(1, "100", START, campaign_id=SPRING),
        order(2, "70", START, campaign_id=SPRING, currency="USD", handed_over=False),
    )
    found = result(crm)
    assert (found.purchases, found.revenue) == (2, 100)
    assert found.other_revenue == {"USD": Decimal(70)}
    assert found.roas is None  # what the dollars are worth is not known
    tell(ask.CancelOrder(order_id=uid(2), reason="changed mind", at=START))
    assert result(crm).roas == 5


def test_INV_M9_an_order_counts_for_the_one_campaign_it_names(crm: crmcore.CRM, tell: Tell) -> None:
    autumn = uid(51)
    tell(*known(ANN), *running(SPRING), *running(autumn))
    tell(order(1, "100", START, campaign_id=autumn))
    assert (result(crm).purchases, result(crm, autumn).purchases) == (0, 1)


def test_K6_no_cost_per_interaction_without_one(crm: crmcore.CRM, tell: Tell) -> None:
    tell(planned(SPRING), cost("30"))
    found = result(crm)
    assert found.cost == 30
    assert found.cost_per_interaction is None
    assert (found.response_rate, found.click_rate) == (None, None)


def test_K10_responses_to_what_was_delivered_or_else_sent(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN, BEN), *running(SPRING), *sent(ANN, 1), *sent(BEN, 2), response(71))
    assert result(crm).response_rate == Decimal("0.5")
    tell(ask.RecordDelivery(**about(message_id=uid(1))))
    assert result(crm).response_rate == 1


def test_K12_roi_is_margin_less_cost_to_cost(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), *running(SPRING), *sent(), cost("20"))
    tell(converted(71, "40"), converted(72, "10"))
    found = result(crm)
    assert (found.conversions, found.converted, found.roi) == (2, 1, Decimal("1.5"))
    tell(converted(73))
    assert result(crm).without_margin == 1
    assert result(crm).roi is None  # the margin of one conversion is not known


def test_K12_what_brought_nothing_lost_its_cost(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), *running(SPRING))
    assert (result(crm).roi, result(crm).roas) == (None, None)  # no cost
    tell(cost("20"))
    assert (result(crm).roi, result(crm).roas) == (-1, 0)
    tell(order(1, "100", START, campaign_id=SPRING))
    assert result(crm).roi is None  # a purchase, of which no margin is known
    assert result(crm).roas == 5


def test_K12_one_known_margin_of_ten_purchases_is_no_roi(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), *running(SPRING), target(), cost("20"))
    tell(*(order(number, "100", START, campaign_id=SPRING) for number in range(1, 11)))
    tell(converted(1, "40"))
    found = result(crm)
    assert (found.purchases, found.margin, found.without_margin) == (10, 40, 9)
    assert (found.roi, found.roas) == (None, 50)
    tell(*(converted(number, "10") for number in range(2, 11)))
    assert (result(crm).margin, result(crm).roi) == (130, Decimal("5.5"))


@pytest.mark.parametrize("told_first", ["order", "conversion"])
@pytest.mark.parametrize("known_margin", [True, False])
def test_K12_the_margin_of_what_was_cancelled_or_returned_is_taken_back(
    crm: crmcore.CRM, tell: Tell, told_first: str, known_margin: bool
) -> None:
    tell(*known(ANN), *running(SPRING), target(), cost("20"))
    margin = "30.01" if known_margin else None
    orders = [
        order(1, "100", START, campaign_id=SPRING, handed_over=False),
        order(2, "100", START, campaign_id=SPRING),
    ]
    conversions = [converted(1, margin), converted(2, margin)]
    tell(*(orders if told_first == "order" else conversions))
    tell(*(conversions if told_first == "order" else orders))
    unknown = 0 if known_margin else 1
    assert result(crm).without_margin == 2 * unknown
    assert result(crm).margin == (0 if unknown else Decimal("60.02"))
    tell(ask.CancelOrder(order_id=uid(1), reason="changed mind", at=START))
    assert result(crm).without_margin == unknown
    assert result(crm).margin == (0 if unknown else Decimal("30.01"))
    tell(back(2, "1", START))
    assert result(crm).without_margin == unknown
    assert result(crm).margin == (0 if unknown else Decimal("22.51"))  # of 22.5075, to the cent
    tell(back(2, "3", START, nth=2))
    assert (result(crm).without_margin, result(crm).margin) == (0, 0)
    assert (result(crm).conversions, result(crm).roi) == (2, -1)  # they did convert


def test_K12_a_lead_has_no_margin_yet_and_one_that_is_worth_something_has(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*known(ANN), *running(SPRING), target(), cost("20"))
    lead = ask.ConversionKind.LEAD
    tell(ask.RecordConversion(**about(conversion_id=uid(71), kind=lead)))
    assert (result(crm).without_margin, result(crm).roi) == (0, -1)
    tell(ask.RecordConversion(**about(conversion_id=uid(72), kind=lead, amount=euro("500"))))
    assert (result(crm).without_margin, result(crm).roi) == (1, None)


def test_dates_and_phase_follow_the_campaign(crm: crmcore.CRM, tell: Tell) -> None:
    tell(planned(SPRING))
    until = START.replace(month=6)
    tell(ask.ScheduleCampaign(campaign_id=SPRING, starts_at=START, ends_at=until, at=START))
    assert (result(crm).status, result(crm).ends_at) == ("planned", until)
    for command, phase in (
        (ask.ApproveCampaign(campaign_id=SPRING, at=START), "approved"),
        (ask.LaunchCampaign(campaign_id=SPRING, allow_empty=True, at=START), "running"),
        (ask.PauseCampaign(campaign_id=SPRING, at=START), "paused"),
        (ask.ResumeCampaign(campaign_id=SPRING, at=START), "running"),
        (ask.CompleteCampaign(campaign_id=SPRING, at=START), "completed"),
    ):
        tell(command)
        assert result(crm).status == phase


def test_INV_M10_a_copy_starts_with_no_results(crm: crmcore.CRM, tell: Tell) -> None:
    copy = key("campaign", 9)
    tell(*known(ANN), *running(SPRING), *sent(), cost("20"), response(71))
    tell(
        ask.CopyCampaign(
            campaign_id=copy,
            source_id=SPRING,
            name="Again",
            starts_at=START,
            ends_at=START.replace(month=9),
            at=START,
        )
    )
    found = result(crm, copy)
    assert (found.name, found.members, found.sends, found.cost) == ("Again", 0, 0, 0)
    assert [one.name for one in crm.read.campaigns.find().items] == ["Spring", "Again"]


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ({}, ["Spring", "Call", "Autumn"]),
        ({"order_by": "-starts_at"}, ["Autumn", "Spring", "Call"]),
        ({"order_by": "ends_at"}, ["Spring", "Call", "Autumn"]),
        ({"order_by": "name"}, ["Autumn", "Call", "Spring"]),
        ({"status": "running"}, ["Spring"]),
        ({"channel": Channel.PHONE}, ["Call"]),
        ({"kind": "mail"}, ["Spring", "Autumn"]),
        ({"kind": "radio"}, []),
        ({"limit": 2}, ["Spring", "Call"]),
    ],
    ids=str,
)
def test_campaigns_are_found_by_what_they_are(
    crm: crmcore.CRM, tell: Tell, criteria: dict[str, Any], expected: list[str]
) -> None:
    later = {"starts_at": START + timedelta(days=90), "ends_at": START + timedelta(days=99)}
    tell(*running(SPRING), planned(uid(52), name="Autumn", **later))
    tell(planned(uid(51), name="Call", kind="calls", channel=Channel.PHONE))
    assert [one.name for one in crm.read.campaigns.find(**criteria).items] == expected


def test_pages_of_campaigns_have_each_ones_revenue(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), *(planned(uid(60 + number), name=f"C{number}") for number in range(3)))
    tell(*(order(n, f"{n + 1}0", START, campaign_id=uid(60 + n)) for n in range(3)))
    first = crm.read.campaigns.find(limit=2)
    rest = crm.read.campaigns.find(limit=2, after=first.next)
    assert [(one.name, one.revenue) for one in (*first.items, *rest.items)] == [
        ("C0", Decimal(10)),
        ("C1", Decimal(20)),
        ("C2", Decimal(30)),
    ]
    assert rest.next is None
    assert crm.read.campaigns.get(uid(99)) is None
