"""Whole histories of a company, drawn by Hypothesis: the commands of a few years, in the order of sending.

Few customers, orders, campaigns and cases, so that commands meet; instants mostly move on, and
some are backdated.  Many commands are refused in their state: whoever sends them skips those.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import attrs
from hypothesis import strategies as st

import crmcore
from crmcore import commands as ask
from crmcore import testing
from crmcore.domain.kernel import Channel, Command, DomainError, Money, derived_id
from crmcore.domain.sales.lead.messages.capture import LeadSource
from crmcore.testing.strategies import AFTERWARDS as AFTERWARDS

BEGINNING = datetime(2023, 2, 27, 12, tzinfo=UTC)


def key(kind: str, number: int) -> UUID:
    """The identity of the *number*-th thing of its *kind*."""
    return derived_id("history", kind, str(number))


CUSTOMERS = [key("customer", number) for number in range(4)]
CAMPAIGNS = [key("campaign", number) for number in range(2)]
CASES = [key("case", number) for number in range(3)]
NAMES = ("Ann Lee", "ANN  LEE", "Ольга Ким", "ليلى", "山田 太郎", "Zoë 🌻", "100 % Tea_")
ADDRESSES = ("ann@example.com", "Ann@Example.com", "lee@example.org")
NUMBERS = ("+49 30 23125000", "+44 20 7946 0958")
AMOUNTS = ("0", "0.99", "19.90", "249.50", "250.50", "499.99", "500", "1500", "4000.01", "0.6")
STEPS = (
    timedelta(0),
    timedelta(microseconds=1),
    timedelta(hours=4),
    timedelta(hours=24),
    timedelta(days=9),
    timedelta(days=60),
)
DELAYS = (timedelta(0),) * 6 + (timedelta(hours=1), timedelta(days=10), timedelta(days=400))


class Clock(testing.Clock):
    """A clock that tells a later instant each time that it is read."""

    def __init__(self, at: datetime = AFTERWARDS) -> None:
        super().__init__(at, tick=timedelta(seconds=1))


def send(crm: crmcore.CRM, commands: Iterable[Command]) -> None:
    """Carry *commands* out in one transaction; what is refused by a rule is left out."""
    done = crm.execute_many(commands, by="somebody", batch=1_000_000)
    for refused in done.refused:
        assert isinstance(refused.error, DomainError), refused


@attrs.frozen
class Scene:
    """An instant of a history, and what is drawn for it."""

    draw: st.DrawFn
    at: datetime

    def one(self, *options: Any) -> Any:
        """One of *options*."""
        return self.draw(st.sampled_from(options))

    def id(self, kind: str, most: int) -> UUID:
        """One of the *most* things of a *kind*."""
        return key(kind, self.draw(st.integers(0, most - 1)))

    @property
    def customer(self) -> UUID:
        return self.draw(st.sampled_from(CUSTOMERS))

    @property
    def campaign(self) -> UUID:
        return self.draw(st.sampled_from(CAMPAIGNS))

    @property
    def case(self) -> UUID:
        return self.draw(st.sampled_from(CASES))

    def money(self, *currencies: str) -> Money:
        return Money(Decimal(self.one(*AMOUNTS)), self.one(*currencies or ("EUR",)))


class History(list[Command]):
    """Commands in the order of sending; shown in full only where they are few."""

    def __repr__(self) -> str:
        if len(self) > len(_COMPANY) + 12:
            return f"History of {len(self)} commands: {[one.TOPIC for one in self]}"
        return f"the company and {self[len(_COMPANY) :]}"


@st.composite
def histories(draw: st.DrawFn, most: int = 80) -> History:
    """The commands of a history: customers and campaigns to begin with, then anything."""
    history, at = History(_COMPANY), BEGINNING
    for _ in range(draw(st.integers(0, most))):
        tell = draw(st.sampled_from(TELLERS))
        at += draw(st.sampled_from(STEPS))
        history += tell(Scene(draw, at - draw(st.sampled_from(DELAYS))))
    return history


def _company(at: datetime) -> Iterable[Command]:
    for number, customer in enumerate(CUSTOMERS[:3]):
        yield ask.RegisterCustomer(
            customer_id=customer, kind=ask.CustomerKind.PERSON, name=NAMES[number], at=at
        )
        yield _consent(customer, number, at)
    for campaign in CAMPAIGNS:
        first = campaign == CAMPAIGNS[0]
        yield ask.PlanCampaign(
            campaign_id=campaign,
            name="Spring",
            kind="mail",
            channel=Channel.EMAIL,
            currency="EUR",
            starts_at=at,
            ends_at=at + timedelta(days=300),
            holdout=ask.Holdout(percent=Decimal(40), salt="e") if first else None,
            response_kinds=tuple(ask.ResponseKind) if first else (ask.ResponseKind.REPLY,),
            at=at,
        )
        yield ask.ApproveCampaign(campaign_id=campaign, at=at)
        yield ask.LaunchCampaign(campaign_id=campaign, allow_empty=True, at=at)


def a_rich_history() -> list[Command]:
    """A fixed history in which every read model has something to show."""
    ann, spring, at = CUSTOMERS[0], CAMPAIGNS[0], BEGINNING + timedelta(days=1)
    tea = ask.OrderLine(line=1, product="tea", quantity=Decimal(3), goods=_euro("30"))
    lead, case = key("lead", 0), CASES[0]
    survey: dict[str, Any] = {"case_id": case, "cycle": 1, "kind": ask.SurveyKind.CSAT, "at": at}
    return [
        *_COMPANY,
        ask.AddContactPoint(
            customer_id=ann,
            point_id=key("point", 0),
            kind=ask.ContactKind.EMAIL,
            value=ADDRESSES[0],
            at=at,
        ),
        ask.TargetMember(campaign_id=spring, customer_id=ann, list_name="all", at=at),
        ask.PlaceOrder(
            order_id=key("order", 0),
            customer_id=ann,
            channel="shop",
            campaign_id=spring,
            lines=(tea,),
            handed_over=True,
            at=at,
        ),
        ask.OpenCase(
            case_id=case,
            kind=ask.CaseKind.COMPLAINT,
            channel=ask.CaseChannel.PHONE,
            subject="It leaks",
            priority=ask.Priority.HIGH,
            at=at,
        ),
        ask.IdentifyCaseCustomer(case_id=case, customer_id=ann, at=at),
        ask.SolveCase(case_id=case, resolution_code="sealed", agent="kim", at=at),
        ask.OfferSurvey(**survey, channel=Channel.EMAIL),
        ask.AnswerSurvey(**survey, answer_id=key("answer", 0), score=5, comment="Thanks!"),
        ask.CaptureLead(lead_id=lead, source=LeadSource.WEBSITE, name="Lea", at=at),
        ask.AssignLead(lead_id=lead, assignee="kim", at=at),
        ask.AcceptLead(lead_id=lead, at=at),
        ask.QualifyLead(lead_id=lead, stage=ask.QualificationStage.SALES, at=at),
        ask.ConvertLead(lead_id=lead, customer_id=CUSTOMERS[3], at=at),
        ask.OpenOpportunity(
            opportunity_id=key("opportunity", 0), customer_id=ann, name="Tea for all", at=at
        ),
    ]


def _euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def _consent(customer: UUID, number: int, at: datetime) -> Command:
    return ask.GiveConsent(
        customer_id=customer,
        consent_id=key("consent", number),
        channel=Channel.EMAIL,
        purpose=ask.Purpose.MARKETING,
        at=at,
    )


_COMPANY = tuple(_company(BEGINNING))


# Customers


def _naming(on: Scene) -> Iterable[Command]:
    fresh = ask.RegisterCustomer(
        customer_id=CUSTOMERS[3],
        kind=ask.CustomerKind.ORGANISATION,
        name=on.one(*NAMES),
        stage=ask.LifecycleStage.LEAD,
        at=on.at,
    )
    corrected = ask.CorrectCustomerName(customer_id=on.customer, name=on.one(*NAMES), at=on.at)
    yield on.one(fresh, corrected)


def _activity(on: Scene) -> Iterable[Command]:
    customer, at = on.customer, on.at
    stage = on.one(*ask.LifecycleStage)
    yield on.one(
        ask.DeactivateCustomer(customer_id=customer, reason="moved away", at=at),
        ask.ReactivateCustomer(customer_id=customer, at=at),
        ask.ReactivateCustomer(customer_id=customer, at=at),
        ask.AdvanceLifecycle(customer_id=customer, stage=stage, at=at),
        ask.CorrectLifecycle(customer_id=customer, stage=stage, reason="a mistake", at=at),
        ask.RecordNote(customer_id=customer, note_id=on.id("note", 3), text="Hm.", at=at),
    )


def _point(on: Scene) -> Iterable[Command]:
    kind = on.one(ask.ContactKind.EMAIL, ask.ContactKind.PHONE)
    yield ask.AddContactPoint(
        customer_id=on.customer,
        point_id=on.id(f"{kind} point", 3),
        kind=kind,
        value=on.one(*(ADDRESSES if kind is ask.ContactKind.EMAIL else NUMBERS)),
        primary=on.one(True, False),
        at=on.at,
    )


def _point_changed(on: Scene) -> Iterable[Command]:
    about: dict[str, Any] = {
        "customer_id": on.customer,
        "point_id": on.id(on.one("email point", "phone point"), 3),
    }
    yield on.one(
        ask.RemoveContactPoint(**about, at=on.at),
        ask.InvalidateContactPoint(**about, reason=ask.InvalidReason.BOUNCE, at=on.at),
        ask.ChangePrimaryContactPoint(**about, at=on.at),
    )


def _identity(on: Scene) -> Iterable[Command]:
    kind = on.one(ask.LinkExternalIdentity, ask.LinkExternalIdentity, ask.UnlinkExternalIdentity)
    source, number = on.one(("shop", "1"), ("shop:1", "2"), ("shop", "1:2"))
    yield kind(customer_id=on.customer, source=source, external_id=number, at=on.at)


def _permission(on: Scene) -> Iterable[Command]:
    yield on.one(
        ask.WithdrawConsent(customer_id=on.customer, channel=Channel.EMAIL, at=on.at),
        _consent(on.customer, on.draw(st.integers(10, 99)), on.at),
    )


def _permission_followed(on: Scene) -> Iterable[Command]:
    customer, at = on.customer, on.at
    yield on.one(
        ask.ConfirmConsent(customer_id=customer, consent_id=key("consent", on.one(0, 1, 2)), at=at),
        ask.RaiseObjection(customer_id=customer, purpose=ask.Purpose.MARKETING, at=at),
        ask.SetPreference(customer_id=customer, language=on.one("de", "en"), at=at),
        ask.VerifyContactPoint(customer_id=customer, point_id=on.id("email point", 3), at=at),
    )


def _told_and_corrected(on: Scene) -> Iterable[Command]:
    """A note or a conversation, and later what it should have said."""
    note, talk, at = on.id("note", 3), on.id("interaction", 3), on.at
    customer, later = on.customer, at + on.one(*STEPS)
    yield from on.one(
        [
            ask.RecordNote(customer_id=customer, note_id=note, text="Hm.", at=at),
            ask.CorrectNote(note_id=note, text=on.one("Hm!", "Well."), at=later),
        ],
        [
            ask.RecordInteraction(
                interaction_id=talk,
                customer_id=customer,
                channel=Channel.PHONE,
                direction=ask.Direction.INBOUND,
                summary="Asked",
                at=at,
            ),
            ask.CorrectInteraction(interaction_id=talk, summary="Called", reason="so", at=later),
        ],
    )


# Orders


def _order(on: Scene) -> Iterable[Command]:
    currency = on.one("EUR", "EUR", "EUR", "USD", "JPY")
    yield ask.PlaceOrder(
        order_id=on.id("order", 5),
        customer_id=on.customer,
        channel="shop",
        campaign_id=on.one(None, *CAMPAIGNS),
        lines=tuple(
            ask.OrderLine(line=line, product="tea", quantity=Decimal(3), goods=on.money(currency))
            for line in range(1, on.one(2, 3))
        ),
        handed_over=on.one(True, True, False),
        at=on.at,
    )


def _order_returned(on: Scene) -> Iterable[Command]:
    """A purchase, and some of it back later."""
    order = on.id("order", 5)
    yield ask.PlaceOrder(
        order_id=order,
        customer_id=CUSTOMERS[0],
        channel="web",
        campaign_id=on.one(None, CAMPAIGNS[0]),
        lines=(
            ask.OrderLine(line=1, product="tea", quantity=Decimal(3), goods=on.money("EUR", "EUR")),
        ),
        handed_over=True,
        at=on.at,
    )
    part = ask.LineReturn(line=1, quantity=Decimal(on.one("1", "2", "3")))
    yield ask.ReturnOrder(
        order_id=order,
        return_id=on.id("return", 6),
        returned=(part,),
        reason="broken",
        at=on.at + on.one(*STEPS),
    )


def _order_followed(on: Scene) -> Iterable[Command]:
    order, at = on.id("order", 5), on.at
    part = ask.LineReturn(
        line=on.one(1, 1, 2),
        quantity=Decimal(on.one("1", "2", "3", "0.5")),
        refund=on.one(None, None, Money(Decimal(on.one("0", "0.5")), "EUR")),
    )
    returned = ask.ReturnOrder(
        order_id=order, return_id=on.id("return", 6), returned=(part,), reason="broken", at=at
    )
    yield on.one(
        returned,
        returned,
        ask.CancelOrder(order_id=order, reason="changed mind", at=at),
        ask.ShipOrder(order_id=order, shipment_id=on.id("shipment", 8), at=at),
        ask.DeliverOrder(order_id=order, at=at),
    )


# Campaigns


def _campaign(on: Scene) -> Iterable[Command]:
    campaign, at = on.campaign, on.at
    yield on.one(
        ask.IncurCost(campaign_id=campaign, cost_id=on.id("cost", 9), cost=on.money(), at=at),
        ask.PauseCampaign(campaign_id=campaign, at=at),
        ask.ResumeCampaign(campaign_id=campaign, at=at),
        ask.ScheduleCampaign(
            campaign_id=campaign, starts_at=BEGINNING, ends_at=at + timedelta(days=900), at=at
        ),
    )


def _member(on: Scene) -> Iterable[Command]:
    yield ask.TargetMember(
        campaign_id=on.campaign,
        customer_id=on.customer,
        list_name="all",
        role=on.one(ask.Role.DEFAULT, ask.Role.DEFAULT, ask.Role.TEST),
        exempt_lists=on.one((), (), ("staff",), ("friends",)),
        at=on.at,
    )


def _message(on: Scene) -> Iterable[Command]:
    yield ask.SendMessage(
        campaign_id=on.campaign,
        customer_id=on.customer,
        message_id=on.id("message", 3),
        transactional=on.one(False, False, True),
        at=on.at,
    )


def _message_followed(on: Scene) -> Iterable[Command]:
    about: dict[str, Any] = {
        "campaign_id": on.campaign,
        "customer_id": on.customer,
        "message_id": on.id("message", 3),
    }
    yield on.one(
        ask.RecordDelivery(**about, at=on.at),
        ask.RecordBounce(**about, kind=on.one(*ask.BounceKind), at=on.at),
        ask.RecordOpen(**about, at=on.at),
        ask.RecordClick(**about, click_id=on.id("click", 9), at=on.at),
        ask.RecordOptOut(**about, kind=on.one(*ask.OptOutKind), at=on.at),
    )


def _answer(on: Scene) -> Iterable[Command]:
    campaign, customer, at = on.campaign, on.customer, on.at
    yield on.one(
        ask.RecordResponse(
            campaign_id=campaign,
            customer_id=customer,
            response_id=on.id("response", 9),
            kind=on.one(ask.ResponseKind.REPLY, ask.ResponseKind.CALL),
            at=at,
        ),
        ask.RecordConversion(
            campaign_id=campaign,
            customer_id=customer,
            conversion_id=on.one(on.id("conversion", 9), on.id("order", 5)),
            amount=on.money(),
            margin=on.one(None, on.money(), on.money()),
            at=at,
        ),
    )


def _campaign_with_a_member(on: Scene) -> Iterable[Command]:
    """A member from the target list to the answer, so that all of it comes together."""
    about: dict[str, Any] = {"campaign_id": on.campaign, "customer_id": on.customer}
    message, at = on.id("message", 3), on.at
    yield ask.TargetMember(**about, list_name="all", at=at)
    yield ask.SendMessage(**about, message_id=message, at=at)
    yield ask.RecordDelivery(**about, message_id=message, at=at)
    yield ask.RecordClick(**about, message_id=message, click_id=on.id("click", 9), at=at)
    yield ask.RecordConversion(
        **about,
        conversion_id=on.one(on.id("conversion", 9), on.id("order", 5)),
        amount=on.money(),
        margin=on.money(),
        at=at,
    )


# Leads


def _lead(on: Scene) -> Iterable[Command]:
    lead, at = on.id("lead", 3), on.at
    capture = ask.CaptureLead(
        lead_id=lead, source=LeadSource.WEBSITE, name="Lea", email=on.one(None, *ADDRESSES), at=at
    )
    convert = ask.ConvertLead(lead_id=lead, customer_id=on.one(*CUSTOMERS[2:]), at=at)
    yield from on.one(
        [capture],
        [convert],
        [
            capture,
            ask.AssignLead(lead_id=lead, assignee="kim", at=at),
            ask.AcceptLead(lead_id=lead, at=at),
            ask.QualifyLead(lead_id=lead, stage=ask.QualificationStage.SALES, at=at),
            convert,
        ],
    )


def _lead_followed(on: Scene) -> Iterable[Command]:
    lead, at = on.id("lead", 3), on.at
    yield on.one(
        ask.EnrichLead(lead_id=lead, name=on.one(*NAMES), region="DE", at=at),
        ask.DisqualifyLead(lead_id=lead, reason=ask.DisqualificationReason.NO_BUDGET, at=at),
        ask.RecycleLead(lead_id=lead, at=at),
        ask.AssignLead(lead_id=lead, assignee=on.one("kim", "sam"), at=at),
        ask.DeclineLead(lead_id=lead, reason="full", at=at),
        ask.ContactLead(lead_id=lead, channel="phone", reached=on.one(True, False), at=at),
        ask.NurtureLead(lead_id=lead, at=at),
        ask.AdjustLeadScore(lead_id=lead, points=on.one(5, -5), reason="so", at=at),
        ask.RecordLeadActivity(lead_id=lead, activity="page-visited", at=at),
    )


def _opportunity(on: Scene) -> Iterable[Command]:
    deal, at = on.id("opportunity", 2), on.at
    yield on.one(
        ask.OpenOpportunity(
            opportunity_id=deal,
            customer_id=on.customer,
            name="Tea for all",
            amount=on.one(None, on.money()),
            campaign_id=on.one(None, *CAMPAIGNS),
            at=at,
        ),
        ask.ReviseOpportunityAmount(opportunity_id=deal, amount=on.money(), at=at),
        ask.AdvanceOpportunity(
            opportunity_id=deal, stage=on.one("discovery", "negotiation"), at=at
        ),
        ask.OverrideOpportunityProbability(opportunity_id=deal, probability=33, at=at),
        ask.ResetOpportunityProbability(opportunity_id=deal, at=at),
        ask.WinOpportunity(opportunity_id=deal, at=at),
        ask.LoseOpportunity(opportunity_id=deal, reason="price", at=at),
        ask.ReopenOpportunity(opportunity_id=deal, reason="again", at=at),
    )


# Cases


def _case(on: Scene) -> Iterable[Command]:
    yield ask.OpenCase(
        case_id=on.case,
        customer_id=on.one(None, *CUSTOMERS),
        kind=on.one(*ask.CaseKind),
        channel=ask.CaseChannel.PHONE,
        subject="It leaks",
        queue=on.one(None, "pipes"),
        resolve_by=on.one(None, None, on.at, on.at + timedelta(hours=4)),
        number=on.one(None, "C-1"),
        **on.one({}, {"impact": on.one(*ask.Impact), "urgency": on.one(*ask.Urgency)}),
        at=on.at,
    )


def _case_described(on: Scene) -> Iterable[Command]:
    case, at = on.case, on.at
    yield on.one(
        ask.IdentifyCaseCustomer(case_id=case, customer_id=on.customer, at=at),
        ask.ClassifyCase(case_id=case, kind=on.one(*ask.CaseKind), at=at),
        ask.PrioritiseCase(
            case_id=case, priority=on.one(*ask.Priority), override_reason="because", at=at
        ),
        ask.QueueCase(case_id=case, queue="pipes", at=at),
        ask.TransferCase(case_id=case, queue=on.one("pipes", "roads"), at=at),
        ask.AssignCase(case_id=case, agent=on.one("kim", "sam"), at=at),
    )


def _case_worked_on(on: Scene) -> Iterable[Command]:
    case, at = on.case, on.at
    yield on.one(
        ask.StartCase(case_id=case, at=at),
        ask.PendCase(case_id=case, at=at),
        ask.HoldCase(case_id=case, at=at),
        ask.ResumeCase(case_id=case, at=at),
        ask.AddCaseNote(case_id=case, note_id=on.id("case note", 9), text="Hm.", at=at),
        ask.ReplyToCase(
            case_id=case,
            message_id=on.id("case message", 9),
            author_role=on.one(*ask.AuthorRole),
            text="Well",
            at=at,
        ),
    )


def _case_ended(on: Scene) -> Iterable[Command]:
    case, at = on.case, on.at
    yield on.one(
        ask.SolveCase(case_id=case, resolution_code=on.one("done", "duplicate"), at=at),
        ask.SolveCase(case_id=case, resolution_code="done", at=at),
        ask.ReopenCase(case_id=case, reason="still leaks", at=at),
        ask.ReopenCase(case_id=case, reason="still leaks", at=at),
        ask.CloseCase(case_id=case, at=at),
        ask.MergeCase(case_id=case, into_case_id=on.case, forced=on.one(True, False), at=at),
        ask.MarkCaseSpam(case_id=case, at=at),
        ask.MarkCaseSpam(case_id=case, at=at),
    )


def _case_from_start_to_end(on: Scene) -> Iterable[Command]:
    """A case with a target, solved and perhaps reopened, so that all of it comes together."""
    case, at = on.case, on.at
    yield ask.OpenCase(
        case_id=case,
        customer_id=on.one(None, CUSTOMERS[0]),
        kind=ask.CaseKind.COMPLAINT,
        channel=ask.CaseChannel.EMAIL,
        subject="It leaks",
        impact=ask.Impact.HIGH,
        urgency=on.one(*ask.Urgency),
        at=at,
    )
    yield ask.AssignCase(case_id=case, agent="kim", at=at)
    at += on.one(*STEPS)
    yield ask.SolveCase(case_id=case, resolution_code="done", at=at)
    if on.one(True, False):
        yield ask.ReopenCase(case_id=case, reason="still leaks", at=at + timedelta(hours=1))


# Feedback


def _case_solved_and_judged(on: Scene) -> Iterable[Command]:
    """A customer's case, solved and asked about, so that all of it comes together."""
    about: dict[str, Any] = {"case_id": on.case, "cycle": 1, "kind": on.one(*ask.SurveyKind)}
    yield ask.OpenCase(
        case_id=about["case_id"],
        customer_id=on.customer,
        kind=ask.CaseKind.INCIDENT,
        channel=ask.CaseChannel.CHAT,
        subject="It hums",
        at=on.at,
    )
    yield ask.SolveCase(case_id=about["case_id"], resolution_code="done", at=on.at)
    yield ask.OfferSurvey(**about, channel=Channel.EMAIL, at=on.at)
    for number in range(on.one(0, 1, 2)):
        yield ask.AnswerSurvey(
            **about,
            answer_id=key("answer", number),
            score=on.one(1, 3, 5),
            at=on.at + on.one(*STEPS),
        )
    yield ask.ExpireSurvey(**about, at=on.at + timedelta(days=60))


def _survey(on: Scene) -> Iterable[Command]:
    about: dict[str, Any] = {
        "case_id": on.case,
        "cycle": on.one(1, 1, 2),
        "kind": on.one(*ask.SurveyKind),
        "at": on.at,
    }
    answer = ask.AnswerSurvey(
        **about,
        answer_id=on.id("answer", 4),
        score=on.one(0, 1, 3, 5, 7),
        comment=on.one(None, "Thanks!"),
    )
    yield on.one(
        ask.OfferSurvey(**about, channel=on.one(Channel.EMAIL, Channel.SMS)),
        answer,
        answer,
        ask.ExpireSurvey(**about),
    )


TELLERS: tuple[Callable[[Scene], Iterable[Command]], ...] = (
    _naming,
    _activity,
    _point,
    _point,
    _point_changed,
    _identity,
    _permission,
    _permission_followed,
    _told_and_corrected,
    _order,
    _order,
    _order_returned,
    _order_followed,
    _order_followed,
    _campaign,
    _member,
    _message,
    _message_followed,
    _answer,
    _campaign_with_a_member,
    _lead,
    _lead_followed,
    _opportunity,
    _case,
    _case,
    _case_described,
    _case_worked_on,
    _case_ended,
    _case_ended,
    _case_from_start_to_end,
    _case_solved_and_judged,
    _survey,
)
