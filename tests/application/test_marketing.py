"""Campaigns and members over units of work: customers and consents are asked at each instant."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args
from uuid import UUID

import pytest

from crmcore.application.customers.public import Customers
from crmcore.application.customers.service import CustomerService
from crmcore.application.marketing.public import Campaigns
from crmcore.application.marketing.service import MarketingService
from crmcore.application.sales.orders import OrderService
from crmcore.application.sales.public import Leads, Opportunities
from crmcore.application.service.public import Cases
from crmcore.contexts.marketing import MARKETING
from crmcore.domain.customers.consent.messages import GiveConsent, RaiseObjection, WithdrawConsent
from crmcore.domain.customers.customer.messages.contact_point import (
    AddContactPoint,
    ContactKind,
    InvalidateContactPoint,
    InvalidReason,
)
from crmcore.domain.customers.customer.messages.preference import LiftContactPause, SetContactPause
from crmcore.domain.customers.customer.messages.registration import (
    CustomerKind,
    DeactivateCustomer,
    RegisterCustomer,
)
from crmcore.domain.customers.reachability import CONTACT_KINDS
from crmcore.domain.kernel import (
    Channel,
    InvalidValueError,
    Money,
    NotFoundError,
    Purpose,
    derived_id,
)
from crmcore.domain.marketing.campaign.messages.planning import (
    AttachTargetList,
    CampaignPlanned,
    CopyCampaign,
    PlanCampaign,
    PlanningCommand,
    SetCampaignBudget,
)
from crmcore.domain.marketing.campaign.messages.running import (
    ApproveCampaign,
    CompleteCampaign,
    IncurCost,
    LaunchCampaign,
    PauseCampaign,
    RunningCommand,
)
from crmcore.domain.marketing.holdout import Holdout
from crmcore.domain.marketing.membership.addressing import (
    NotSendingError,
    SuppressedError,
    UnwelcomeError,
)
from crmcore.domain.marketing.membership.decisions import AGGREGATE
from crmcore.domain.marketing.membership.messages.addressing import (
    AddressingCommand,
    SendMessage,
    TargetMember,
)
from crmcore.domain.marketing.membership.messages.results import (
    RecordConversion,
    RecordOptOut,
    RecordResponse,
    ResultCommand,
)
from crmcore.domain.marketing.membership.state import Step, membership_id
from crmcore.domain.marketing.terms import CostKind, ListKind, ResponseKind
from crmcore.domain.sales.order.messages import OrderLine, PlaceOrder
from tests.composed import WIRING
from tests.domain.marketing.campaign_examples import ANN, BEN, SPRING, euros, plan, send, target
from tests.memory_work import MemoryWork
from tests.scenario import at, uid


class AsGiven:
    """A normaliser that takes every address as it is."""

    def normalise(self, kind: ContactKind, value: str, region: str | None) -> str:
        return f"{kind}{value}{region or ''}"


def empty() -> MemoryWork:
    customers = CustomerService(AsGiven(), Customers(), Cases(), Leads(), Opportunities())
    orders = OrderService(Customers(), Campaigns())
    services = (customers, orders, MarketingService(Customers(), Campaigns()))
    return MemoryWork({kind: one for service in services for kind, one in service.handlers.items()})


def register(customer_id: UUID = ANN, when: datetime | None = None) -> RegisterCustomer:
    return RegisterCustomer(
        customer_id=customer_id, kind=CustomerKind.PERSON, name="Ada", at=when or at(days=-9)
    )


def permit(customer_id: UUID = ANN, when: datetime | None = None) -> GiveConsent:
    return GiveConsent(
        customer_id=customer_id,
        consent_id=derived_id("consent", str(customer_id)),
        channel=Channel.POST,
        purpose=Purpose.MARKETING,
        at=when or at(days=-8),
    )


def launched(**terms: Any) -> list[Any]:
    return [
        plan(**terms),
        AttachTargetList(
            campaign_id=SPRING, list_id=uid(11), name="regulars", size=2, at=at(days=1)
        ),
        ApproveCampaign(campaign_id=SPRING, at=at(days=2)),
        LaunchCampaign(campaign_id=SPRING, at=at(days=7)),
    ]


def log(*commands: Any) -> MemoryWork:
    work = empty()
    for one in commands:
        work.execute(one)
    return work


def topics(events: Iterable[Any]) -> list[str]:
    return [event.TOPIC for event in events]


def stages(events: Iterable[Any]) -> list[tuple[str, str]]:
    (event,) = events
    assert event.TOPIC == "member-suppressed"
    return [(reason.stage.value, reason.detail) for reason in event.suppressions]


def test_a_customer_who_agreed_is_targeted_and_gets_a_message() -> None:
    work = log(register(), permit(), *launched())
    assert topics(work.execute(target())) == ["member-targeted"]
    assert topics(work.execute(send())) == ["message-sent"]
    key = membership_id(SPRING, ANN)
    assert AGGREGATE.subject(work.state(AGGREGATE, key)) == ANN
    assert len(work.streams[key]) == 2


def test_without_consent_nobody_is_targeted() -> None:
    work = log(register(), *launched())
    ((stage, detail),) = stages(work.execute(target()))
    assert stage == "consent"
    assert "marketing by post" in detail


def test_INV_X2_a_withdrawal_takes_effect_at_the_next_send() -> None:
    work = log(register(), permit(), *launched(), target())
    work.execute(send(101, at=at(days=8)))
    work.execute(WithdrawConsent(customer_id=ANN, at=at(days=9)))
    events = work.execute(send(102, at=at(days=10)))
    assert [stage for stage, _ in stages(events)] == ["consent"]
    with pytest.raises(SuppressedError, match="held back already"):
        work.execute(send(102, at=at(days=10)))
    with_permission = GiveConsent(
        customer_id=ANN,
        consent_id=uid(61),
        channel=Channel.POST,
        purpose=Purpose.MARKETING,
        at=at(days=11),
    )
    work.execute(with_permission)
    assert topics(work.execute(send(103, at=at(days=12)))) == ["message-sent"]


def test_EC_X4_withdrawn_and_sent_at_the_same_instant_the_withdrawal_wins() -> None:
    work = log(register(), permit(), *launched(), target())
    work.execute(WithdrawConsent(customer_id=ANN, at=at(days=8)))
    assert [stage for stage, _ in stages(work.execute(send(at=at(days=8))))] == ["consent"]


def test_EC_X5_an_expired_consent_is_none() -> None:
    brief = GiveConsent(
        customer_id=ANN,
        consent_id=uid(61),
        channel=Channel.POST,
        purpose=Purpose.MARKETING,
        expires_at=at(days=8),
        at=at(days=-8),
    )
    work = log(register(), brief, *launched(), target())
    assert "consent" in dict(stages(work.execute(send(at=at(days=8)))))


def test_a_customer_who_left_is_suppressed_as_restricted_first() -> None:
    work = log(register(), *launched())
    work.execute(DeactivateCustomer(customer_id=ANN, reason="moved", at=at()))
    assert [stage for stage, _ in stages(work.execute(target()))] == ["restricted", "consent"]


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(target(customer_id=BEN), id="customer"),
        pytest.param(target(campaign_id=uid(2)), id="campaign to target for"),
        pytest.param(send(campaign_id=uid(2)), id="campaign to send for"),
        pytest.param(RecordOptOut(campaign_id=uid(2), customer_id=ANN, at=at()), id="campaign"),
        pytest.param(RecordOptOut(campaign_id=SPRING, customer_id=ANN, at=at()), id="membership"),
        pytest.param(plan(campaign_id=uid(3), parent_id=uid(2)), id="parent"),
        pytest.param(plan(campaign_id=uid(3), copied_from=uid(2)), id="source"),
    ],
)
def test_what_a_command_refers_to_must_exist(command: Any) -> None:
    work = log(register(), permit(), *launched())
    with pytest.raises(NotFoundError):
        work.execute(command)


@pytest.mark.parametrize("taken", [SPRING, uid(3)], ids=["its source", "its source's parent"])
def test_a_copy_is_another_campaign(taken: UUID) -> None:
    work = log(register(), plan(campaign_id=uid(3)), plan(parent_id=uid(3)))
    copy = CopyCampaign(
        campaign_id=taken,
        source_id=SPRING,
        name="again",
        starts_at=at(),
        ends_at=at(days=9),
        at=at(),
    )
    with pytest.raises(InvalidValueError, match="campaign_id: expected the id of a new campaign"):
        work.execute(copy)


def test_an_address_out_of_use_cannot_be_reached_an_address_not_kept_can() -> None:
    address = AddContactPoint(
        customer_id=ANN, point_id=uid(71), kind=ContactKind.POSTAL, value="1 Elm St", at=at(days=-7)
    )
    bad = InvalidateContactPoint(
        customer_id=ANN, point_id=uid(71), reason=InvalidReason.HARD, at=at()
    )
    work = log(register(), permit(), address, bad, *launched())
    assert [stage for stage, _ in stages(work.execute(target()))] == ["channel"]
    assert CONTACT_KINDS[Channel.POST] is ContactKind.POSTAL


def test_a_pause_defers_and_suppresses_nobody() -> None:
    work = log(register(), permit(), *launched(), target())
    work.execute(SetContactPause(customer_id=ANN, channel=Channel.POST, at=at(days=7)))
    with pytest.raises(UnwelcomeError, match="paused"):
        work.execute(send())
    work.execute(LiftContactPause(customer_id=ANN, channel=Channel.POST, at=at(days=8)))
    assert topics(work.execute(send())) == ["message-sent"]


def test_INV_M8_a_paused_campaign_sends_nothing() -> None:
    work = log(register(), permit(), *launched(), target())
    work.execute(PauseCampaign(campaign_id=SPRING, at=at(days=7)))
    with pytest.raises(NotSendingError, match="paused"):
        work.execute(send())


def test_EC_M2_a_transactional_message_rests_on_the_contract() -> None:
    work = log(register(), *launched(), target())
    assert topics(work.execute(send(transactional=True))) == ["message-sent"]
    work.execute(
        RaiseObjection(
            customer_id=ANN,
            purpose=Purpose.SERVICE,
            channel=Channel.POST,
            at=at(days=8),
        )
    )
    with pytest.raises(SuppressedError):
        work.execute(send(102, transactional=True, at=at(days=9)))


def test_an_opt_out_withdraws_the_consent_that_the_campaign_used() -> None:
    work = log(register(), permit(), *launched(), target(), send())
    opt_out = RecordOptOut(campaign_id=SPRING, customer_id=ANN, message_id=uid(101), at=at(days=9))
    assert topics(work.execute(opt_out)) == ["opt-out-received", "consent-withdrawn"]
    assert work.execute(opt_out) == []
    other = plan(campaign_id=uid(2), name="Summer")
    work.execute(other)
    later = target(campaign_id=uid(2), at=at(days=10))
    assert [stage for stage, _ in stages(work.execute(later))] == ["consent"]


def test_an_opt_out_adds_nothing_to_a_withdrawal_of_the_same_instant() -> None:
    work = log(register(), permit(), *launched(), target(), send())
    withdrawal = WithdrawConsent(
        customer_id=ANN,
        channel=Channel.POST,
        purpose=Purpose.MARKETING,
        at=at(days=9),
    )
    work.execute(withdrawal)
    opt_out = RecordOptOut(campaign_id=SPRING, customer_id=ANN, at=at(days=9))
    assert topics(work.execute(opt_out)) == ["opt-out-received"]


def test_an_opt_out_from_a_service_campaign_ends_its_own_messages_alone() -> None:
    terms = {"informational": True, "purpose": Purpose.SERVICE}
    work = log(register(), *launched(**terms), target(), send())
    opt_out = RecordOptOut(campaign_id=SPRING, customer_id=ANN, at=at(days=9))
    assert topics(work.execute(opt_out)) == ["opt-out-received"]
    assert [stage for stage, _ in stages(work.execute(send(102, at=at(days=10))))] == ["consent"]


def test_INV_M6_nobody_moves_when_others_join() -> None:
    people = [derived_id("customer", str(number)) for number in range(40)]
    terms = {"holdout": Holdout(percent=Decimal(40), salt="spring")}
    groups = []
    for joining in (people, people[::-1][:25]):
        work = log(*launched(**terms))
        for customer_id in joining:
            work.execute(register(customer_id))
            work.execute(permit(customer_id))
            (event,) = work.execute(target(customer_id=customer_id))
            groups.append((customer_id, event.TOPIC))
    assert len(set(groups)) == 40
    assert {topic for _, topic in groups} == {"member-targeted", "member-held-out"}


def test_INV_M10_a_copy_is_a_campaign_of_its_own() -> None:
    work = log(register(), permit(), *launched(), target())
    copy = CopyCampaign(
        campaign_id=uid(2),
        source_id=SPRING,
        name="Autumn",
        starts_at=at(days=70),
        ends_at=at(days=90),
        at=at(days=60),
    )
    (event,) = work.execute(copy)
    assert isinstance(event, CampaignPlanned)
    assert (event.name, event.copied_from) == ("Autumn", SPRING)
    assert Campaigns().exists(work, uid(2))
    assert not Campaigns().exists(work, uid(3))
    assert work.execute(copy) == []
    assert membership_id(uid(2), ANN) not in work.streams


def test_the_streams_of_a_campaign_stay_short() -> None:
    work = log(*launched())
    before = len(work.streams[SPRING])
    for number in range(50):
        work.execute(register(uid(1_000 + number)))
        work.execute(target(customer_id=uid(1_000 + number)))
    assert len(work.streams[SPRING]) == before


def test_no_command_without_a_handler_and_no_aggregate_without_a_kind() -> None:
    assert {aggregate.kind for aggregate in MARKETING.aggregates} == {"campaign", "membership"}
    kinds: set[Any] = set(MARKETING.handlers(WIRING))
    parts = (PlanningCommand, RunningCommand, AddressingCommand, ResultCommand)
    assert kinds == {CopyCampaign, *(kind for part in parts for kind in get_args(part))}


COUPONS, PANEL = derived_id("panel", "campaign", "13"), [uid(500), uid(501)]
FIRST, LAST = datetime(2017, 8, 8, tzinfo=UTC), datetime(2017, 9, 26, tzinfo=UTC)


def history() -> list[Any]:
    """A panel's campaign of 2017, in the order of time: mailed coupons, one of them redeemed."""
    one: dict[str, Any] = {"campaign_id": COUPONS}
    ann = {**one, "customer_id": PANEL[0]}
    day = FIRST + timedelta(days=9, hours=18)
    line = OrderLine(line=1, product="soap", quantity=Decimal(1), goods=euros("4"))
    return [
        *(register(person, FIRST - timedelta(days=99)) for person in PANEL),
        *(permit(person, FIRST - timedelta(days=99)) for person in PANEL),
        PlanCampaign(
            **one,
            name="Campaign 13",
            kind="Type A",
            channel=Channel.POST,
            currency="EUR",
            starts_at=FIRST,
            ends_at=LAST,
            at=FIRST - timedelta(days=30),
        ),
        SetCampaignBudget(**one, budget=euros("900"), at=FIRST - timedelta(days=30)),
        AttachTargetList(
            **one, list_id=uid(11), name="panel", kind=ListKind.DEFAULT, size=2, at=FIRST
        ),
        ApproveCampaign(**one, at=FIRST),
        LaunchCampaign(**one, at=FIRST),
        IncurCost(**one, cost_id=uid(12), cost=euros("2"), kind=CostKind.POSTAGE, at=FIRST),
        *(TargetMember(**one, customer_id=person, list_name="panel", at=FIRST) for person in PANEL),
        *(
            SendMessage(
                **one, customer_id=person, message_id=derived_id("mail", str(person)), at=FIRST
            )
            for person in PANEL
        ),
        PlaceOrder(
            order_id=uid(601),
            customer_id=PANEL[0],
            channel="store 367",
            campaign_id=COUPONS,
            lines=(line,),
            handed_over=True,
            at=day,
        ),
        RecordResponse(**ann, response_id=uid(602), kind=ResponseKind.REDEMPTION, at=day),
        RecordConversion(**ann, conversion_id=uid(601), amount=euros("4"), at=day),
        CompleteCampaign(**one, at=LAST),
        IncurCost(
            **one, cost_id=uid(13), cost=euros("1"), kind=CostKind.PRINTING, at=LAST + timedelta(9)
        ),
    ]


def test_a_campaign_of_the_past_is_imported_in_the_order_of_time() -> None:
    work = log(*history())
    member = work.state(AGGREGATE, membership_id(COUPONS, PANEL[0]))
    assert member.step is Step.CONVERTED
    assert work.state(AGGREGATE, membership_id(COUPONS, PANEL[1])).step is Step.SENT


def test_the_same_import_sent_twice_records_nothing_new() -> None:
    work = log(*history())
    assert [work.execute(command) for command in history()] == [[]] * len(history())


def test_money_of_another_currency_is_refused() -> None:
    work = log(register(), permit(), *launched(), target())
    dollars = Money(Decimal(5), "USD")
    with pytest.raises(InvalidValueError, match="EUR"):
        work.execute(
            RecordConversion(
                campaign_id=SPRING, customer_id=ANN, conversion_id=uid(9), amount=dollars, at=at()
            )
        )
