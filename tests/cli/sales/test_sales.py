"""Orders, leads and deals on the command line: lists, one of each, and what cannot be asked."""

from typing import Any

import pytest

from tests.cli.command_line import CommandLine, bought, key, registered, sent, usd

ADA = "Ada Lovelace"
DEAL: dict[str, Any] = {"opportunity_id": key("deal"), "customer_id": key(ADA)}
HISTORY = (
    registered(ADA),
    bought(ADA, "order 1", "600", "2026-01-10T12:00:00Z", number="A-1"),
    bought(ADA, "order 2", "200.50", "2026-02-10T12:00:00Z", handed_over=True),
    sent(
        "capture-lead",
        "2026-01-06T09:00:00Z",
        lead_id=key("lead"),
        source="existing_customer",
        name="Lea Berg",
        email="lea@example.com",
    ),
    sent("assign-lead", "2026-01-07T09:00:00Z", lead_id=key("lead"), assignee="kim"),
    sent("open-opportunity", "2026-01-08T09:00:00Z", name="200 seats", amount=usd("1000"), **DEAL),
    sent(
        "advance-opportunity",
        "2026-01-09T09:00:00Z",
        opportunity_id=key("deal"),
        stage="proposal",
    ),
)


@pytest.fixture
def company(run: CommandLine) -> CommandLine:
    """A customer, two orders, a lead and a deal."""
    assert run.executes(*HISTORY).status == 0
    return run


QUESTIONS = {
    "orders": ("orders",),
    "orders of a customer": ("orders", "--customer", "ada"),
    "order": ("order", key("order 1")),
    "leads": ("leads",),
    "lead": ("lead", key("lead")),
    "opportunities": ("opportunities", "--status", "open"),
    "opportunity": ("opportunity", key("deal")),
    "pipeline": ("pipeline",),
}


@pytest.mark.parametrize("argv", QUESTIONS.values(), ids=QUESTIONS.keys())
def test_a_question_is_answered_to_people_and_to_programs(
    company: CommandLine, argv: tuple[str, ...]
) -> None:
    shown, told = company(*argv), company(*argv, "--json")
    assert (shown.status, told.status, shown.err, told.err) == (0, 0, "", "")
    assert isinstance(told.document, dict)
    assert not set("{}") & set(shown.out)
    assert max(map(len, shown.out.splitlines())) <= 80


def test_orders_are_listed_the_latest_first_and_a_page_at_a_time(company: CommandLine) -> None:
    document = company("orders", "--json").document
    assert [one["number"] for one in document["orders"]] == [None, "A-1"]
    assert [one["total"] for one in document["orders"]] == ["200.50", "600.00"]
    assert [one["status"] for one in document["orders"]] == ["delivered", "placed"]
    assert document["next"] is None
    first = company("orders", "--limit", "1", "--json").document
    second = company("orders", "--limit", "1", "--after", first["next"], "--json").document
    assert first["orders"] + second["orders"] == document["orders"]
    assert f"More: --after {first['next']}" in company("orders", "--limit", "1").out
    january = company("orders", "--from", "2026-01-01", "--to", "2026-01-10").out
    assert "A-1" in january
    assert "600.00 USD" in january
    assert "1 order." in january
    assert "No order is found." in company("orders", "--status", "returned").out


def test_one_order_shows_what_happened(company: CommandLine) -> None:
    out = company("order", key("order 1")).out
    assert "Order A-1" in out
    assert "placed" in out
    assert "bought Green tea for 600.00 USD (store)" in out
    assert company("order", key("order 1"), "--json").document["order_id"] == key("order 1")
    assert company("order", "A-1").out == out


def test_a_number_of_several_orders_lists_them(company: CommandLine) -> None:
    company.executes(bought(ADA, "order 3", "1.00", "2026-03-10T12:00:00Z", number="A-1"))
    refused = company("order", "A-1").complaint
    assert "'A-1' is the number of several orders, give an id: " in refused
    assert key("order 1") in refused


def test_a_list_that_shows_no_ids_says_how_to_come_by_them(company: CommandLine) -> None:
    assert "--json gives their ids; `crmcore lead ID` shows one." in company("leads").out
    shown = " ".join(company("opportunities").out.split())
    assert "--json gives their ids; `crmcore opportunity ID` shows one." in shown


def test_leads_show_who_has_them_and_their_score(company: CommandLine) -> None:
    (lead,) = company("leads", "--json").document["leads"]
    assert (lead["name"], lead["status"], lead["assignee"]) == ("Lea Berg", "assigned", "kim")
    assert (lead["score"]["fit"], lead["score"]["band"]) == ("20.00", "B3")
    assert "existing customer" in company("leads", "--assignee", "kim").out
    assert "No lead is found." in company("leads", "--unassigned").out
    assert "assigned to kim" in company("lead", key("lead")).out


def test_deals_and_what_the_pipeline_comes_to(company: CommandLine) -> None:
    (deal,) = company("opportunities", "--json").document["opportunities"]
    assert (deal["stage"], deal["probability"], deal["amount"]) == ("proposal", 50, "1000")
    assert "200 seats" in company("opportunities", "--customer", "ada", "--stage", "proposal").out
    (stage,) = company("pipeline", "--json").document["stages"]
    assert (stage["opportunities"], stage["weighted"]) == (1, "500")
    assert "500.00 USD" in company("pipeline").out
    assert "No deal is open in pipeline 'other'." in company("pipeline", "other").out
    assert "deal went from qualification to proposal" in company("opportunity", key("deal")).out


@pytest.mark.parametrize(
    ("argv", "status", "complaint"),
    [
        (("orders", "--status", "lost"), 2, "--status: expected one of placed, "),
        (("orders", "--after", "nonsense"), 2, "--after: expected the `next` of a page"),
        (("orders", "--customer", "nobody"), 1, "no customer is found by 'nobody'"),
        (("leads", "--source", "fax"), 2, "--source: expected one of call, "),
        (("order", "A-9"), 1, "there is no order 'A-9': give its id or number"),
        (("opportunity", "seats"), 2, "expected the id of an opportunity, got 'seats'"),
        (("order", key("nothing")), 1, "there is no order"),
        (("lead", key("nothing")), 1, "there is no lead"),
        (("opportunity", key("nothing")), 1, "there is no opportunity"),
    ],
)
def test_what_cannot_be_answered_is_one_line(
    company: CommandLine, argv: tuple[str, ...], status: int, complaint: str
) -> None:
    done = company(*argv)
    assert (done.status, done.out) == (status, "")
    assert complaint in done.complaint
