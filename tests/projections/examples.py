"""Commands with the particulars that a rule does not depend on filled in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import crmcore
from crmcore import Money
from crmcore import commands as ask
from crmcore.domain.kernel import Channel
from crmcore.projections.service.service_levels.case_results import Case
from tests.scenario import uid

ANN, BEN, CARLA = uid(901), uid(902), uid(903)
START = datetime(2026, 1, 5, 9, tzinfo=UTC)


def at(text: str) -> datetime:
    """An instant in UTC: ``at("2026-01-05")`` is midnight, ``at("2026-01-05T09:30")`` later."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def euro(amount: str) -> Money:
    return Money(Decimal(amount), "EUR")


def named(name: str, customer: UUID = ANN, **particulars: Any) -> ask.RegisterCustomer:
    """Register somebody."""
    told: dict[str, Any] = {"kind": ask.CustomerKind.PERSON, "at": at("2020-01-01"), **particulars}
    return ask.RegisterCustomer(customer_id=customer, name=name, **told)


def known(*customers: UUID) -> list[Any]:
    """Register customers who may be written to."""
    registered = [named(f"Customer {customer.int % 100}", customer) for customer in customers]
    consents = [
        ask.GiveConsent(
            customer_id=customer,
            consent_id=UUID(int=customer.int + 500),
            channel=Channel.EMAIL,
            purpose=ask.Purpose.MARKETING,
            at=at("2020-01-01"),
        )
        for customer in customers
    ]
    return [*registered, *consents]


def order(
    number: int,
    net: str,
    when: datetime,
    *,
    customer: UUID = ANN,
    currency: str = "EUR",
    **particulars: Any,
) -> ask.PlaceOrder:
    """Order number *number*: one line of 4 pieces for *net*, taken along."""
    goods = Money(Decimal(net), currency)
    line = ask.OrderLine(line=1, product="tea", quantity=Decimal(4), goods=goods)
    told = {"channel": "shop", "lines": (line,), "handed_over": True, **particulars}
    return ask.PlaceOrder(order_id=uid(number), customer_id=customer, at=when, **told)


def back(number: int, pieces: str, when: datetime, *, nth: int = 1) -> ask.ReturnOrder:
    """Some of the 4 pieces of an order come back; *nth* tells its returns apart."""
    return ask.ReturnOrder(
        order_id=uid(number),
        return_id=UUID(int=uid(number).int + 1000 * nth),
        returned=(ask.LineReturn(line=1, quantity=Decimal(pieces)),),
        reason="broken",
        at=when,
    )


def case(number: int, when: datetime = START, **particulars: Any) -> ask.OpenCase:
    """Case number *number*, with a target where ``hours`` says after how many."""
    hours = particulars.pop("hours", None)
    due = None if hours is None else when + timedelta(hours=hours)
    told: dict[str, Any] = {
        "kind": ask.CaseKind.COMPLAINT,
        "channel": ask.CaseChannel.PHONE,
        "subject": "It leaks",
        "resolve_by": due,
        "number": f"C-{number}",
        **particulars,
    }
    return ask.OpenCase(case_id=uid(number), at=when, **told)


def one_case(crm: crmcore.CRM, name: str | UUID, as_of: datetime) -> Case:
    """The case of a number or an id, as it was at an instant: there must be one."""
    found = crm.read.cases.get(name, as_of=as_of)
    assert found is not None, f"there is no case {name}"
    return found


def planned(campaign: UUID, **particulars: Any) -> ask.PlanCampaign:
    """A campaign by e-mail, in euros."""
    told: dict[str, Any] = {
        "name": "Spring",
        "kind": "mail",
        "channel": Channel.EMAIL,
        "currency": "EUR",
        "starts_at": START,
        "ends_at": START + timedelta(days=30),
        "at": START,
        **particulars,
    }
    return ask.PlanCampaign(campaign_id=campaign, **told)


def running(campaign: UUID, **particulars: Any) -> list[Any]:
    """A campaign that has been launched."""
    return [
        planned(campaign, **particulars),
        ask.ApproveCampaign(campaign_id=campaign, at=START),
        ask.LaunchCampaign(campaign_id=campaign, allow_empty=True, at=START),
    ]
