"""A refusal says which fields of its command it is about, so that a form can show it there."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

import crmcore
from crmcore import commands as ask
from crmcore.errors import DomainError
from tests.histories import Clock
from tests.projections.examples import ANN, BEN, START, back, case, known, order, running
from tests.scenario import uid

LATER = START + timedelta(hours=1)
CAMPAIGN, LEAD, OTHER = uid(50), uid(60), uid(61)


def lead(lead_id: Any, email: str, **particulars: Any) -> ask.CaptureLead:
    return ask.CaptureLead(
        lead_id=lead_id, source=ask.LeadSource.WEBSITE, email=email, at=START, **particulars
    )


def point(number: int, value: str) -> ask.AddContactPoint:
    return ask.AddContactPoint(
        customer_id=ANN, point_id=uid(number), kind=ask.ContactKind.EMAIL, value=value, at=START
    )


def link(customer: Any) -> ask.LinkExternalIdentity:
    return ask.LinkExternalIdentity(customer_id=customer, source="erp", external_id="A-1", at=START)


OPENED: Any = case(3)
SAME_NUMBER = attrs.evolve(OPENED, number="C-2")
SPAM = ask.DisqualifyLead(lead_id=LEAD, reason=ask.DisqualificationReason.SPAM, at=START)
NOBODY: dict[str, Any] = {"campaign_id": CAMPAIGN, "customer_id": ANN}


@pytest.mark.parametrize(
    ("given", "refused", "fields"),
    [
        pytest.param(
            [lead(LEAD, "a@acme.io"), lead(OTHER, "b@acme.io")],
            ask.EnrichLead(lead_id=LEAD, email="B@acme.io", at=LATER),
            ["email"],
            id="another lead's address",
        ),
        pytest.param(
            [lead(LEAD, "a@acme.io"), SPAM, lead(OTHER, "a@acme.io")],
            ask.RecycleLead(lead_id=LEAD, at=LATER),
            ["lead_id"],
            id="a lead whose address is another's by now",
        ),
        pytest.param(
            [point(70, "a@acme.io")], point(71, "A@acme.io"), ["value"], id="an address once more"
        ),
        pytest.param([link(ANN)], link(BEN), ["external_id"], id="another customer's record"),
        pytest.param(
            running(CAMPAIGN),
            ask.SendMessage(**NOBODY, message_id=uid(80), at=LATER),
            ["campaign_id", "customer_id"],
            id="a member to write to",
        ),
        pytest.param(
            running(CAMPAIGN),
            ask.RecordDelivery(**NOBODY, message_id=uid(80), at=LATER),
            ["campaign_id", "customer_id"],
            id="a member who got something",
        ),
        pytest.param(
            [
                *running(CAMPAIGN),
                ask.TargetMember(**NOBODY, list_name="spring", at=START),
            ],
            ask.RecordDelivery(**NOBODY, message_id=uid(80), at=LATER),
            ["message_id"],
            id="a message",
        ),
        pytest.param(
            [order(1, "8", START, handed_over=False)],
            ask.ShipOrder(
                order_id=uid(1),
                shipment_id=uid(90),
                shipped=tuple(ask.LineQuantity(line=n, quantity=Decimal(1)) for n in (1, 7)),
                at=LATER,
            ),
            ["shipped[1].line"],
            id="a line to ship",
        ),
        pytest.param(
            [order(1, "8", START)],
            ask.ReturnOrder(
                order_id=uid(1),
                return_id=uid(91),
                returned=(ask.LineReturn(line=7, quantity=Decimal(1)),),
                reason="broken",
                at=LATER,
            ),
            ["returned[0].line"],
            id="a line to return",
        ),
        pytest.param(
            [case(2)],
            ask.AnswerSurvey(
                case_id=uid(2),
                cycle=1,
                kind=ask.SurveyKind.CSAT,
                answer_id=uid(92),
                score=3,
                at=LATER,
            ),
            ["case_id", "cycle", "kind"],
            id="a survey",
        ),
        pytest.param([case(2)], SAME_NUMBER, ["number"], id="another case's number"),
        pytest.param(
            [order(1, "8", LATER)], back(1, "1", START), ["at"], id="an instant that is too early"
        ),
    ],
)
def test_a_refusal_names_the_fields_that_it_is_about(
    sqlite_url: str, given: Sequence[Any], refused: Any, fields: list[str]
) -> None:
    with crmcore.open(sqlite_url, clock=Clock()) as crm:
        for command in (*known(ANN, BEN), *given):
            crm.execute(command, by="me")
        with pytest.raises(DomainError) as error:
            crm.execute(refused, by="me")
    assert [one.field for one in error.value.errors] == fields
    assert all(one.message in str(error.value) for one in error.value.errors)
