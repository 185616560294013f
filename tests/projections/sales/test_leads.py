"""Leads as they are listed: their status, who has them, and the score at the instant asked for."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import Command
from crmcore.domain.sales.lead.phases import LeadStatus
from crmcore.projections.sales.leads.table import LeadSummary
from tests.histories import Clock
from tests.projections.conftest import Tell
from tests.projections.examples import ANN, at, planned
from tests.scenario import uid

DAY = at("2026-03-01")
LEA, MAX = uid(1), uid(2)
SPRING = uid(70)


def when(days: int) -> Any:
    return DAY + timedelta(days=days)


def summary(crm: crmcore.CRM, as_of: datetime | None = None) -> LeadSummary:
    """Lea as she is listed."""
    found = crm.read.leads.get(LEA, as_of=as_of)
    assert found is not None
    return found


def capture(lead_id: Any = LEA, **particulars: Any) -> ask.CaptureLead:
    plain: dict[str, Any] = {"source": ask.LeadSource.WEBSITE, "name": "Lea Berg", "at": DAY}
    return ask.CaptureLead(lead_id=lead_id, **plain | particulars)


ASSIGN = ask.AssignLead(lead_id=LEA, assignee="kim", at=when(1))
ACCEPT = ask.AcceptLead(lead_id=LEA, at=when(2))
QUALIFY = ask.QualifyLead(lead_id=LEA, stage=ask.QualificationStage.SALES, at=when(3))
DECLINE = ask.DeclineLead(lead_id=LEA, reason="on leave", at=when(2))
NURTURE = ask.NurtureLead(lead_id=LEA, at=when(4))
GIVE_UP = ask.DisqualifyLead(lead_id=LEA, reason=ask.DisqualificationReason.NO_BUDGET, at=when(5))
RECYCLE = ask.RecycleLead(lead_id=LEA, at=when(6))
CONVERT = ask.ConvertLead(
    lead_id=LEA,
    customer_id=ANN,
    opportunity=ask.ConversionOpportunity(opportunity_id=uid(8), name="Boats"),
    at=when(4),
)


def call(*, reached: bool) -> ask.ContactLead:
    return ask.ContactLead(lead_id=LEA, channel="phone", reached=reached, at=when(2))


@pytest.mark.parametrize(
    ("happened", "status", "assignee"),
    [
        pytest.param([], LeadStatus.NEW, None, id="new"),
        pytest.param([ASSIGN], LeadStatus.ASSIGNED, "kim", id="assigned"),
        pytest.param([ASSIGN, DECLINE], LeadStatus.NEW, None, id="declined"),
        pytest.param([ASSIGN, ACCEPT], LeadStatus.WORKING, "kim", id="accepted"),
        pytest.param([ASSIGN, call(reached=False)], LeadStatus.WORKING, "kim", id="called in vain"),
        pytest.param([ASSIGN, call(reached=True)], LeadStatus.WORKING, "kim", id="reached"),
        pytest.param([ASSIGN, ACCEPT, QUALIFY], LeadStatus.QUALIFIED, "kim", id="qualified"),
        pytest.param([ASSIGN, NURTURE], LeadStatus.NURTURING, "kim", id="nurtured"),
        pytest.param([NURTURE, RECYCLE], LeadStatus.NEW, None, id="recycled from nurturing"),
        pytest.param([ASSIGN, GIVE_UP], LeadStatus.DISQUALIFIED, "kim", id="disqualified"),
        pytest.param([ASSIGN, GIVE_UP, RECYCLE], LeadStatus.NEW, None, id="recycled"),
        pytest.param(
            [ASSIGN, ACCEPT, QUALIFY, CONVERT], LeadStatus.CONVERTED, "kim", id="converted"
        ),
    ],
)
def test_a_lead_is_as_far_as_what_happened(
    crm: crmcore.CRM,
    tell: Tell,
    happened: Sequence[Command],
    status: LeadStatus,
    assignee: str | None,
) -> None:
    tell(capture(), *happened)
    lead = summary(crm)
    assert (lead.status, lead.assignee) == (status, assignee)
    assert lead.cycle == 1 + (RECYCLE in happened)
    converted = (ANN, uid(8)) if CONVERT in happened else (None, None)
    assert (lead.customer_id, lead.opportunity_id) == converted
    assert lead.changed_at == (happened[-1].at if happened else DAY)


def test_what_became_known_is_shown_and_nothing_personal_beside_the_names(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(capture(email="lea@example.com", phone="+49 30 23125000"))
    tell(ask.EnrichLead(lead_id=LEA, company="Berg", at=when(1)))
    tell(capture(MAX, name="Lea B.", email="lea@example.com", at=when(2)))
    lead = summary(crm)
    assert (lead.name, lead.company, lead.inquiries) == ("Lea Berg", "Berg", 2)
    assert crm.read.leads.get(MAX) is None  # an inquiry of the first
    assert "example.com" not in str(lead)


def test_INV_L4_a_score_is_that_of_the_instant_that_is_asked_for(
    crm: crmcore.CRM, tell: Tell
) -> None:
    """By the standard rules: 5 for an address, 20 for an event, which half fade in 30 days."""
    visit = ask.RecordLeadActivity(lead_id=LEA, activity="event-attended", at=when(10))
    by_hand = ask.AdjustLeadScore(lead_id=LEA, points=7, reason="a friend", at=when(20))
    tell(capture(email="lea@example.com"), visit, by_hand)

    def totals(days: int) -> tuple[Any, ...]:
        score = summary(crm, when(days)).score
        return score.fit, score.engagement, score.adjustment, score.total, score.band

    assert totals(9) == (Decimal(5), Decimal(0), 0, Decimal(5), "C3")
    assert totals(10) == (Decimal(5), Decimal(20), 0, Decimal(25), "C2")
    assert totals(40) == (Decimal(5), Decimal(10), 7, Decimal(22), "C2")
    assert totals(70) == (Decimal(5), Decimal(5), 7, Decimal(17), "C3")
    (listed,) = crm.read.leads.find(as_of=when(40)).items
    assert listed.score == summary(crm, when(40)).score


def test_a_converted_lead_keeps_its_score(crm: crmcore.CRM, tell: Tell) -> None:
    tell(capture(phone="+49 30 23125000"), ASSIGN, ACCEPT, QUALIFY, CONVERT)
    assert summary(crm).score.fit == Decimal(5)


@pytest.fixture
def company(database_url: str) -> Iterator[crmcore.CRM]:
    """Three leads: one that kim works on, one given up, one that nobody has."""
    with crmcore.open(database_url, clock=Clock()) as crm:
        history: list[Any] = [
            planned(SPRING),
            capture(),
            ASSIGN,
            ACCEPT,
            capture(MAX, source=ask.LeadSource.EVENT, campaign_id=SPRING, at=when(1)),
            ask.DisqualifyLead(lead_id=MAX, reason=ask.DisqualificationReason.SPAM, at=when(7)),
            capture(uid(3), name=None, company="Berg", at=when(2)),
        ]
        for command in history:
            crm.execute(command, by="test")
        crm.catch_up()
        yield crm


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        pytest.param({}, [3, 2, 1], id="all, the latest first"),
        pytest.param({"order_by": "captured_at"}, [1, 2, 3], id="the earliest first"),
        pytest.param({"order_by": "-changed_at"}, [2, 1, 3], id="what changed last"),
        pytest.param({"status": LeadStatus.NEW}, [3], id="by status"),
        pytest.param({"status": "disqualified"}, [2], id="given up"),
        pytest.param({"assignee": "kim"}, [1], id="of somebody"),
        pytest.param({"assigned": False}, [3, 2], id="of nobody"),
        pytest.param({"assigned": True}, [1], id="of anybody"),
        pytest.param({"source": ask.LeadSource.EVENT}, [2], id="by source"),
        pytest.param({"campaign_id": SPRING}, [2], id="by campaign"),
        pytest.param({"customer_id": ANN}, [], id="by customer"),
        pytest.param({"captured_from": when(1)}, [3, 2], id="from an instant"),
        pytest.param({"captured_before": when(1)}, [1], id="before an instant"),
    ],
)
def test_leads_are_found_by_what_is_given(
    company: crmcore.CRM, wanted: dict[str, Any], numbers: Sequence[int]
) -> None:
    found = company.read.leads.find(**wanted, as_of=when(30))
    assert [one.lead_id for one in found.items] == [uid(number) for number in numbers]
    each = [company.read.leads.get(one.lead_id, as_of=when(30)) for one in found.items]
    assert each == list(found.items)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"order_by": "score"}, "order_by"),
        ({"status": "open"}, "status"),
        ({"source": "fax"}, "source"),
        ({"assigned": "yes"}, "assigned"),
        ({"as_of": DAY.replace(tzinfo=None)}, "as_of"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    crm: crmcore.CRM, wanted: dict[str, Any], field: str
) -> None:
    with pytest.raises(crmcore.errors.InvalidValueError) as refused:
        crm.read.leads.find(**wanted)
    assert refused.value.field == field


def test_leads_as_they_were_known(company: crmcore.CRM) -> None:
    accepted = next(
        one.recorded_at for one in company.events() if one.topic == "lead-sales-accepted"
    )
    then = company.read.known_at(accepted).leads.find(as_of=when(30))
    assert [(one.lead_id, one.status) for one in then.items] == [(LEA, LeadStatus.WORKING)]
    assert then.items[0].score == summary(company, when(30)).score
