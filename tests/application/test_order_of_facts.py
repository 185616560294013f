"""Facts of one stream that cannot follow each other in time are refused, whatever kind of stream."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import CLOCK_SKEW, Channel, Command, anytime, from_the_beginning
from crmcore.errors import OutOfOrderError
from tests.composed import AGGREGATES
from tests.histories import AFTERWARDS, histories, send
from tests.projections.contract import fresh
from tests.projections.examples import ANN, BEN, START, back, euro, known, named, order
from tests.scenario import refuse_out_of_order, uid

LATER, YET_LATER = START + timedelta(days=1), START + timedelta(days=2)
MOMENT = timedelta(microseconds=1)
SPRING, LEAD, POINT, DEAL = uid(50), uid(51), uid(52), uid(53)


@pytest.fixture
def crm(sqlite_url: str) -> Any:
    with crmcore.open(sqlite_url, clock=lambda: AFTERWARDS) as opened:
        yield opened


def tell(crm: crmcore.CRM, *commands: Any) -> None:
    for command in commands:
        crm.execute(command, by="somebody")


def placed(number: int = 1, **particulars: Any) -> ask.PlaceOrder:
    return order(number, "40", LATER, handed_over=False, **particulars)


def shipped(number: int, when: datetime, pieces: int | None = None) -> ask.ShipOrder:
    parts = None if pieces is None else (ask.LineQuantity(line=1, quantity=Decimal(pieces)),)
    return ask.ShipOrder(order_id=uid(1), shipment_id=uid(number), shipped=parts, at=when)


def lead(asked: Any, when: datetime, **fields: Any) -> Any:
    return asked(lead_id=LEAD, at=when, **fields)


def captured(when: datetime) -> Any:
    return lead(ask.CaptureLead, when, source=ask.LeadSource.WEBSITE, name="Lea")


def campaign(asked: Any, when: datetime, **fields: Any) -> Any:
    return asked(campaign_id=SPRING, at=when, **fields)


def planned(when: datetime) -> Any:
    return campaign(
        ask.PlanCampaign,
        when,
        name="Spring",
        kind="mail",
        channel=Channel.EMAIL,
        currency="EUR",
        starts_at=START,
        ends_at=START + timedelta(days=30),
    )


def member(asked: Any, when: datetime, **fields: Any) -> Any:
    return campaign(asked, when, customer_id=ANN, **fields)


TO_ANN = [
    planned(START),
    campaign(ask.ApproveCampaign, START),
    campaign(ask.LaunchCampaign, START, allow_empty=True),
    member(ask.TargetMember, LATER, list_name="all"),
]
LINKED: dict[str, Any] = {"source": "shop", "external_id": "4711"}


@pytest.mark.parametrize(
    ("before", "follows", "late"),
    [
        pytest.param(
            [named("Ann", at=LATER)],
            lambda when: ask.DeactivateCustomer(customer_id=ANN, reason="left", at=when),
            LATER,
            id="a customer is deactivated after the registration",
        ),
        pytest.param(
            [
                named("Ann"),
                ask.DeactivateCustomer(customer_id=ANN, reason="left", at=LATER),
            ],
            lambda when: ask.ReactivateCustomer(customer_id=ANN, at=when),
            LATER,
            id="and taken up again after that",
        ),
        pytest.param(
            [
                named("Ann"),
                ask.DeactivateCustomer(customer_id=ANN, reason="left", at=START),
                ask.ReactivateCustomer(customer_id=ANN, at=LATER),
            ],
            lambda when: ask.DeactivateCustomer(customer_id=ANN, reason="left", at=when),
            LATER,
            id="and again deactivated after that",
        ),
        pytest.param(
            [
                named("Ann"),
                ask.AddContactPoint(
                    customer_id=ANN,
                    point_id=POINT,
                    kind=ask.ContactKind.EMAIL,
                    value="ann@example.com",
                    at=LATER,
                ),
            ],
            lambda when: ask.VerifyContactPoint(customer_id=ANN, point_id=POINT, at=when),
            LATER,
            id="an address is verified after it was added",
        ),
        pytest.param(
            [named("Ann"), ask.LinkExternalIdentity(customer_id=ANN, at=LATER, **LINKED)],
            lambda when: ask.UnlinkExternalIdentity(customer_id=ANN, at=when, **LINKED),
            LATER,
            id="a foreign key is released after it was claimed",
        ),
        pytest.param(
            [
                *known(ANN, BEN),
                ask.LinkExternalIdentity(customer_id=ANN, at=START, **LINKED),
                ask.UnlinkExternalIdentity(customer_id=ANN, at=LATER, **LINKED),
            ],
            lambda when: ask.LinkExternalIdentity(customer_id=BEN, at=when, **LINKED),
            LATER,
            id="and claimed by another after it was released",
        ),
        pytest.param(
            [named("Ann"), ask.RecordNote(note_id=uid(9), customer_id=ANN, text="Hm", at=LATER)],
            lambda when: ask.CorrectNote(note_id=uid(9), text="Hm!", at=when),
            LATER,
            id="a note is corrected after it was written",
        ),
        pytest.param(
            [
                named("Ann"),
                ask.GiveConsent(
                    customer_id=ANN,
                    consent_id=uid(9),
                    channel=Channel.EMAIL,
                    purpose=ask.Purpose.MARKETING,
                    to_be_confirmed=True,
                    at=LATER,
                ),
            ],
            lambda when: ask.ConfirmConsent(customer_id=ANN, consent_id=uid(9), at=when),
            LATER,
            id="a consent is confirmed after it was given",
        ),
        pytest.param(
            [named("Ann"), placed()],
            lambda when: shipped(11, when),
            LATER,
            id="an order is shipped after it was placed",
        ),
        pytest.param(
            [named("Ann"), placed()],
            lambda when: ask.CancelOrder(order_id=uid(1), reason="no", at=when),
            LATER,
            id="or cancelled after it was placed",
        ),
        pytest.param(
            [named("Ann"), placed(), shipped(11, YET_LATER)],
            lambda when: ask.DeliverOrder(order_id=uid(1), at=when),
            YET_LATER,
            id="it arrives after it left",
        ),
        pytest.param(
            [named("Ann"), placed(), shipped(12, YET_LATER, 2), shipped(11, LATER, 2)],
            lambda when: back(1, "3", when),
            YET_LATER,
            id="and comes back after as much had left",
        ),
        pytest.param(
            [named("Ann"), order(1, "40", LATER)],
            lambda when: back(1, "3", when),
            LATER,
            id="or after it was handed over",
        ),
        pytest.param(
            [
                named("Ann"),
                ask.OpenOpportunity(opportunity_id=DEAL, customer_id=ANN, name="Tea", at=LATER),
            ],
            lambda when: ask.OverrideOpportunityProbability(
                opportunity_id=DEAL, probability=50, at=when
            ),
            LATER,
            id="a deal is judged after it was opened",
        ),
        pytest.param(
            [captured(LATER)],
            lambda when: lead(ask.AssignLead, when, assignee="kim"),
            LATER,
            id="a lead is assigned after it was captured",
        ),
        pytest.param(
            [captured(START), lead(ask.AssignLead, LATER, assignee="kim")],
            lambda when: lead(ask.AcceptLead, when),
            LATER,
            id="accepted after it was assigned",
        ),
        pytest.param(
            [
                captured(START),
                lead(ask.AssignLead, START, assignee="kim"),
                lead(ask.AcceptLead, LATER),
            ],
            lambda when: lead(ask.QualifyLead, when, stage=ask.QualificationStage.SALES),
            LATER,
            id="qualified after it was accepted",
        ),
        pytest.param(
            [
                named("Ann"),
                captured(START),
                lead(ask.AssignLead, START, assignee="kim"),
                lead(ask.AcceptLead, START),
                lead(ask.QualifyLead, LATER, stage=ask.QualificationStage.SALES),
            ],
            lambda when: lead(ask.ConvertLead, when, customer_id=ANN),
            LATER,
            id="converted after it was qualified",
        ),
        pytest.param(
            [
                captured(START),
                lead(ask.DisqualifyLead, LATER, reason=ask.DisqualificationReason.NO_NEED),
            ],
            lambda when: lead(ask.RecycleLead, when),
            LATER,
            id="recycled after it was given up",
        ),
        pytest.param(
            [planned(LATER)],
            lambda when: campaign(ask.ApproveCampaign, when),
            LATER,
            id="a campaign is approved after it was planned",
        ),
        pytest.param(
            [planned(START), campaign(ask.ApproveCampaign, LATER)],
            lambda when: campaign(ask.LaunchCampaign, when, allow_empty=True),
            LATER,
            id="launched after it was approved",
        ),
        pytest.param(
            [*TO_ANN[:3], campaign(ask.PauseCampaign, LATER)],
            lambda when: campaign(ask.ResumeCampaign, when),
            LATER,
            id="and resumed after it was paused",
        ),
        pytest.param(
            [*known(ANN), *TO_ANN],
            lambda when: member(ask.SendMessage, when, message_id=uid(1)),
            LATER,
            id="a member is written to after being targeted",
        ),
        pytest.param(
            [*known(ANN), *TO_ANN, member(ask.SendMessage, YET_LATER, message_id=uid(1))],
            lambda when: member(ask.RecordOpen, when, message_id=uid(1)),
            YET_LATER,
            id="and opens a message after it was sent",
        ),
    ],
)
def test_what_follows_is_refused_before_what_it_follows_from_within_what_clocks_may_differ(
    crm: crmcore.CRM, before: list[Any], follows: Any, late: datetime
) -> None:
    tell(crm, *before)
    position = crm.position
    with pytest.raises(OutOfOrderError, match="clocks may differ by 5 minutes") as refusal:
        crm.execute(follows(late - CLOCK_SKEW - MOMENT), by="somebody")
    assert refusal.value.earliest == late
    assert crm.position == position
    assert crm.execute(follows(late - CLOCK_SKEW), by="somebody").events
    position = crm.position
    again = crm.execute_many([follows(late - CLOCK_SKEW)], by="somebody")
    assert (again.refused, crm.position) == ([], position), "what holds already is not refused"


@pytest.mark.parametrize(
    ("before", "backdated"),
    [
        pytest.param(
            [named("Ann", at=LATER)],
            ask.RecordNote(note_id=uid(9), customer_id=ANN, text="Hm", at=START),
            id="a note about a time before the registration",
        ),
        pytest.param(
            [named("Ann", at=LATER)],
            ask.AddContactPoint(
                customer_id=ANN,
                point_id=POINT,
                kind=ask.ContactKind.PHONE,
                value="+49 30 23125000",
                at=START,
            ),
            id="an address that is older than the registration",
        ),
        pytest.param(
            [*known(ANN), ask.WithdrawConsent(customer_id=ANN, at=LATER)],
            ask.WithdrawConsent(customer_id=ANN, channel=Channel.EMAIL, at=START),
            id="a withdrawal that comes to light late",
        ),
        pytest.param(
            [captured(LATER)],
            lead(ask.RecordLeadActivity, START, activity="page-visited"),
            id="a visit before the lead was captured",
        ),
        pytest.param(
            [planned(LATER)],
            campaign(ask.IncurCost, START, cost_id=uid(9), cost=euro("9")),
            id="money spent before there was a plan",
        ),
        pytest.param(
            [*known(ANN), *TO_ANN],
            member(ask.RecordResponse, START, response_id=uid(9), kind=ask.ResponseKind.CALL),
            id="a call before the membership",
        ),
        pytest.param(
            [named("Ann"), placed(), shipped(11, YET_LATER, 2)],
            shipped(12, LATER, 2),
            id="a first shipment told after the second",
        ),
    ],
)
def test_what_is_only_late_is_taken(crm: crmcore.CRM, before: list[Any], backdated: Any) -> None:
    tell(crm, *before)
    assert crm.execute(backdated, by="somebody").events


BY_EVENT = {kind: aggregate for aggregate in AGGREGATES for kind in aggregate.events}


@given(history=histories())
@settings(max_examples=25, deadline=None)
def test_no_log_holds_facts_that_cannot_have_been_in_that_order(history: list[Command]) -> None:
    """Whatever is sent: what was recorded, read again from the log, is in an order that can be."""
    with fresh() as crm:
        send(crm, history)
        streams: dict[Any, list[Any]] = {}
        for one in crm.events():
            streams.setdefault(one.stream_id, []).append(one.event)
    for events in streams.values():
        aggregate = BY_EVENT[type(events[0])]
        refuse_out_of_order(aggregate, events[:1], events[1:])
        if aggregate.earliest is from_the_beginning:
            assert all(event.at >= events[0].at - CLOCK_SKEW for event in events)


def test_only_streams_without_a_beginning_take_facts_in_any_order() -> None:
    assert {one.kind for one in AGGREGATES if one.earliest is anytime} == {
        "lead_address",
        "survey throttle",
    }
