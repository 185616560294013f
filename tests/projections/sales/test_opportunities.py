"""Deals as they are listed: stage, chance and amount, and what the pipeline holds."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import Command, Money
from crmcore.domain.sales.opportunity.messages import ForecastCategory
from crmcore.projections.sales.opportunities.questions import StageTotal
from crmcore.projections.sales.opportunities.table import OpportunityStatus, OpportunitySummary
from tests.histories import Clock
from tests.projections.conftest import Tell
from tests.projections.examples import ANN, BEN, at, euro, named, planned
from tests.scenario import uid

DAY = at("2026-03-01")
DEAL, SPRING = uid(1), uid(70)


def when(days: int) -> Any:
    return DAY + timedelta(days=days)


def summary(crm: crmcore.CRM) -> OpportunitySummary:
    """The deal as it is listed."""
    found = crm.read.opportunities.get(DEAL)
    assert found is not None
    return found


def deal(number: int = 1, **particulars: Any) -> ask.OpenOpportunity:
    plain: dict[str, Any] = {
        "customer_id": ANN,
        "name": "200 seats",
        "amount": euro("1000.10"),
        "at": DAY,
    }
    return ask.OpenOpportunity(opportunity_id=uid(number), **plain | particulars)


def advance(stage: str, days: int, **particulars: Any) -> ask.AdvanceOpportunity:
    return ask.AdvanceOpportunity(opportunity_id=DEAL, stage=stage, at=when(days), **particulars)


WIN = ask.WinOpportunity(opportunity_id=DEAL, at=when(5))
LOSE = ask.LoseOpportunity(opportunity_id=DEAL, reason="price", competitor="Acme", at=when(5))
REOPEN = ask.ReopenOpportunity(opportunity_id=DEAL, reason="they called", at=when(9))


@pytest.mark.parametrize(
    ("happened", "stage", "status", "probability", "forecast", "closed"),
    [
        pytest.param([], "qualification", "open", 10, "pipeline", None, id="opened"),
        pytest.param(
            [advance("proposal", 1)], "proposal", "open", 50, "best-case", None, id="advanced"
        ),
        pytest.param(
            [advance("proposal", 1, probability=80)],
            "proposal",
            "open",
            80,
            "best-case",
            None,
            id="rated by hand",
        ),
        pytest.param(
            [
                ask.OverrideOpportunityProbability(opportunity_id=DEAL, probability=80, at=when(1)),
                ask.ResetOpportunityProbability(opportunity_id=DEAL, at=when(2)),
            ],
            "qualification",
            "open",
            10,
            "pipeline",
            None,
            id="rated by its stage again",
        ),
        pytest.param(
            [advance("negotiation", 1), WIN],
            "negotiation",
            "won",
            100,
            "closed",
            when(5),
            id="won",
        ),
        pytest.param([LOSE], "qualification", "lost", 0, "omitted", when(5), id="lost"),
        pytest.param(
            [advance("proposal", 1), LOSE, REOPEN],
            "proposal",
            "open",
            50,
            "best-case",
            None,
            id="taken up again",
        ),
    ],
)
def test_a_deal_is_in_the_stage_that_it_entered_last(
    crm: crmcore.CRM,
    tell: Tell,
    happened: Sequence[Command],
    stage: str,
    status: str,
    probability: int,
    forecast: str,
    closed: Any,
) -> None:
    tell(named("Ann"), deal(), *happened)
    found = summary(crm)
    assert (found.stage, found.status, found.probability) == (stage, status, probability)
    assert (found.forecast, found.closed_at) == (forecast, closed)
    assert found.reason == ("price" if status == "lost" else None)
    assert found.cycle == 1 + (REOPEN in happened)
    assert (found.opened_at, found.changed_at) == (DAY, happened[-1].at if happened else DAY)


def test_an_amount_is_the_one_that_was_told_last(crm: crmcore.CRM, tell: Tell) -> None:
    def revise(amount: Money | None, days: int) -> ask.ReviseOpportunityAmount:
        return ask.ReviseOpportunityAmount(opportunity_id=DEAL, amount=amount, at=when(days))

    def worth() -> tuple[Any, Any]:
        found = summary(crm)
        return found.amount, found.currency

    tell(named("Ann"), deal())
    assert worth() == (Decimal("1000.10"), "EUR")
    tell(revise(Money(Decimal(900), "USD"), 1))
    assert worth() == (Decimal(900), "USD")
    tell(revise(None, 2))
    assert worth() == (None, None)


@pytest.fixture
def company(database_url: str) -> Iterator[crmcore.CRM]:
    """Five deals: four open ones, one won."""
    with crmcore.open(database_url, clock=Clock()) as crm:
        history: list[Any] = [
            named("Ann"),
            named("Ben", BEN),
            planned(SPRING),
            deal(expected_close=date(2026, 6, 1)),
            advance("proposal", 1),
            deal(2, customer_id=BEN, amount=euro("0.03"), stage="proposal", at=when(1)),
            deal(3, amount=None, expected_close=date(2026, 5, 1), at=when(2)),
            deal(4, amount=Money(Decimal(500), "USD"), campaign_id=SPRING, at=when(3)),
            deal(5, at=when(4)),
            ask.WinOpportunity(opportunity_id=uid(5), at=when(5)),
        ]
        for command in history:
            crm.execute(command, by="test")
        crm.catch_up()
        yield crm


@pytest.mark.parametrize(
    ("wanted", "numbers"),
    [
        pytest.param({}, [5, 4, 3, 2, 1], id="all, the latest first"),
        pytest.param({"order_by": "opened_at"}, [1, 2, 3, 4, 5], id="the earliest first"),
        pytest.param(
            {"order_by": "expected_close"}, [3, 1, 2, 4, 5], id="those without a date last"
        ),
        pytest.param({"order_by": "-probability"}, [5, 1, 2, 3, 4], id="the most likely first"),
        pytest.param({"order_by": "closed_at"}, [5, 1, 2, 3, 4], id="by the close"),
        pytest.param({"status": OpportunityStatus.OPEN}, [4, 3, 2, 1], id="by status"),
        pytest.param({"stage": "proposal"}, [2, 1], id="by stage"),
        pytest.param({"pipeline": "sales", "customer_id": BEN}, [2], id="of a customer"),
        pytest.param({"pipeline": "service"}, [], id="by pipeline"),
        pytest.param({"forecast": ForecastCategory.BEST_CASE}, [2, 1], id="by forecast"),
        pytest.param({"campaign_id": SPRING}, [4], id="by campaign"),
        pytest.param({"lead_id": uid(9)}, [], id="by lead"),
        pytest.param({"expected_from": date(2026, 6, 1)}, [1], id="expected from a day"),
        pytest.param({"expected_before": date(2026, 6, 1)}, [3], id="expected before a day"),
    ],
)
def test_deals_are_found_by_what_is_given(
    company: crmcore.CRM, wanted: dict[str, Any], numbers: Sequence[int]
) -> None:
    found = company.read.opportunities.find(**wanted)
    assert [one.opportunity_id for one in found.items] == [uid(number) for number in numbers]
    each = [company.read.opportunities.get(one.opportunity_id) for one in found.items]
    assert each == list(found.items)


def test_the_pipeline_adds_up_the_open_deals_of_each_stage(company: crmcore.CRM) -> None:
    """Exactly, each currency apart: half of 1000.10 and of 0.03, a tenth of 500."""
    assert company.read.opportunities.pipeline() == (
        StageTotal("qualification", None, 1, Decimal(0), Decimal(0)),
        StageTotal("qualification", "USD", 1, Decimal(500), Decimal(50)),
        StageTotal("proposal", "EUR", 2, Decimal("1000.13"), Decimal("500.065")),
    )
    assert company.read.opportunities.pipeline("service") == ()


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"order_by": "amount"}, "order_by"),
        ({"status": "closed"}, "status"),
        ({"forecast": "sure"}, "forecast"),
        ({"expected_from": "June"}, "expected_from"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(
    crm: crmcore.CRM, wanted: dict[str, Any], field: str
) -> None:
    with pytest.raises(crmcore.errors.InvalidValueError) as refused:
        crm.read.opportunities.find(**wanted)
    assert refused.value.field == field
