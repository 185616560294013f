"""What importers make of foreign rows: commands in the order of time, or a refusal with its row."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from crmcore.cli.importers import boston311, completejourney
from crmcore.cli.importers.journey_rows import campaign_id, customer_id, order_id
from crmcore.cli.importers.row import Planned, SourceError
from crmcore.domain.customers.customer.messages.registration import RegisterCustomer
from crmcore.domain.customers.note import RecordNote
from crmcore.domain.marketing.campaign.messages.running import (
    CompleteCampaign,
    IncurCost,
    LaunchCampaign,
)
from crmcore.domain.marketing.membership.messages.results import RecordConversion, RecordResponse
from crmcore.domain.sales.order.messages import PlaceOrder
from crmcore.domain.service.case.messages.life_cycle import CloseCase, SolveCase
from crmcore.domain.service.case.messages.opening import OpenCase
from crmcore.domain.service.terms import CaseChannel, CaseKind
from tests.cli.imports.import_examples import (
    REST,
    company,
    imported,
    journey,
    refused,
    requests,
    usd,
    wanted,
)


def test_a_household_is_registered_where_it_first_occurs(tmp_path: Path) -> None:
    rows = list(completejourney.commands(journey(tmp_path)))
    assert {one.customer_id: (one.name, one.at) for one in wanted(rows, RegisterCustomer)} == {
        customer_id("7"): ("Household 7", datetime(2017, 7, 1, 4, 14, 33, tzinfo=UTC)),
        customer_id("8"): ("Household 8", datetime(2017, 7, 3, 4, tzinfo=UTC)),
    }
    [note] = wanted(rows, RecordNote)
    assert note.text == (
        "Household panel: age 45-54; income 50-74K; marital status Married; persons 2; "
        "composition 2 Adults No Kids; children 0"
    )


def test_a_basket_is_an_order_that_was_handed_over(tmp_path: Path) -> None:
    orders = wanted(list(completejourney.commands(journey(tmp_path))), PlaceOrder)
    assert [order.order_id for order in orders] == [order_id(key) for key in ("100", "101", "102")]
    bread, _, both = orders
    assert (bread.customer_id, bread.channel, bread.number, bread.handed_over) == (
        customer_id("7"),
        "store",
        "100",
        True,
    )
    assert [
        (line.line, line.product, line.description, line.quantity, line.goods, line.discount)
        for line in both.lines
    ] == [
        (1, "11", "SOUP - CANNED", Decimal(1), usd("1.10"), usd("0.20")),
        (2, "12", "FUEL", Decimal(8000), usd("20.00"), None),
    ]
    assert [line.net for line in both.lines] == [usd("0.90"), usd("20.00")]


def test_a_redemption_is_placed_and_a_basket_counts_for_one_campaign(tmp_path: Path) -> None:
    """Basket 102 shows a coupon, on 6 July in New York; most of the coupons are campaign 1's."""
    rows = list(completejourney.commands(journey(tmp_path)))
    paid_at = datetime(2017, 7, 7, 3, 59, 59, tzinfo=UTC)
    noon = datetime(2017, 7, 8, 16, tzinfo=UTC)
    assert [one.at for one in wanted(rows, RecordResponse)] == [paid_at] * 3 + [noon]
    assert [order.campaign_id for order in wanted(rows, PlaceOrder)] == [
        None,
        None,
        campaign_id("1"),
    ]
    [conversion] = wanted(rows, RecordConversion)
    assert (conversion.conversion_id, conversion.campaign_id, conversion.amount) == (
        order_id("102"),
        campaign_id("1"),
        usd("20.90"),
    )


def test_of_campaigns_with_as_many_coupons_the_last_launched_counts(tmp_path: Path) -> None:
    redemptions = "7,5,1,2017-07-06\n7,9,2,2017-07-06"
    rows = list(completejourney.commands(journey(tmp_path, redemptions=redemptions)))
    assert [one.campaign_id for one in wanted(rows, RecordConversion)] == [campaign_id("2")]


def test_mailings_are_booked_at_the_cost_assumed(tmp_path: Path) -> None:
    folder = journey(tmp_path)
    costs = wanted(list(completejourney.commands(folder)), IncurCost)
    assert [(cost.campaign_id, cost.cost) for cost in costs] == [
        (campaign_id("1"), usd("1.00")),
        (campaign_id("2"), usd("0.50")),
    ]
    assert not wanted(list(completejourney.commands(folder, contact_cost=None)), IncurCost)
    dear = wanted(list(completejourney.commands(folder, contact_cost=usd("2.255"))), IncurCost)
    assert [(cost.cost, cost.note) for cost in dear] == [
        (usd("4.51"), "assumed: 2 mailings at 2.255 USD"),
        (usd("2.26"), "assumed: 1 mailings at 2.255 USD"),
    ]


def test_a_campaign_runs_from_its_first_day_to_the_end_of_its_last(tmp_path: Path) -> None:
    rows = list(completejourney.commands(journey(tmp_path)))
    assert wanted(rows, LaunchCampaign)[0].at == datetime(2017, 7, 3, 4, tzinfo=UTC)
    assert wanted(rows, CompleteCampaign)[0].at == datetime(2017, 7, 10, 4, tzinfo=UTC)


def test_everything_comes_in_the_order_in_which_it_happened(tmp_path: Path) -> None:
    rows = list(completejourney.commands(journey(tmp_path)))
    instants = [row.command.at for row in rows if isinstance(row, Planned)]
    assert instants == sorted(instants)


LINE = "7,300,100,2017-07-01T04:14:33Z,11,"


@pytest.mark.parametrize(
    ("files", "refusals"),
    [
        pytest.param(
            {},
            [("transactions.csv", 3, "expected 1 or more, got 0: nothing was sold")],
            id="a coupon slip",
        ),
        pytest.param(
            {"transactions": f"{LINE}0,100,0,0,0\n{LINE}-1,5,0,0,0\n{LINE}1,-5,0,0,0"},
            [
                ("transactions.csv", 2, "quantity: expected 1 or more for goods of 1.00, got 0"),
                ("transactions.csv", 3, "quantity: expected a whole number of 0 or more"),
                ("transactions.csv", 4, "sales_value: expected an amount in whole cents"),
            ],
            id="no quantity, or less than nothing",
        ),
        pytest.param(
            {"transactions": f"{LINE}2000000000,100,0,0,0"},
            [("transactions.csv", 2, "quantity: expected a number from 0.001 to 1000000000")],
            id="too many pieces",
        ),
        pytest.param(
            {"transactions": f"{LINE}1,1,0,0,0\n8{LINE[1:]}1,1,0,0,0"},
            [("transactions.csv", 3, "expected household, store and instant of the first line")],
            id="a basket of two households",
        ),
        pytest.param(
            {
                "transactions": f"{LINE}1,1,0,0,0\n{LINE.replace('100', '101')}1,1,0,0,0"
                f"\n{LINE}1,1,0,0,0"
            },
            [("transactions.csv", 4, "basket 100 ended on an earlier line")],
            id="a basket in two pieces",
        ),
        pytest.param(
            {"campaigns": "1,Type B,2017-07-09,2017-07-03\n2,Type A,2017-07-05,2017-07-20"},
            [
                ("campaigns.csv", 2, "end_date: expected a day not before start_date"),
                ("memberships.csv", 2, "there is no campaign 1"),
                ("memberships.csv", 4, "there is no campaign 1"),
                ("redemptions.csv", 2, "household 7 is no member of campaign 1"),
            ],
            id="a campaign that ends before it starts, and what hangs on it",
        ),
        pytest.param(
            {"redemptions": "7,5,1,2017-07-02\n7,5,1,2017-07-04\n7,5,1,2017-07-04"},
            [
                ("redemptions.csv", 2, "expected a day on which campaign 1 had begun"),
                ("redemptions.csv", 4, "the same stands on line 3 already"),
            ],
            id="a coupon used too early, and one told twice",
        ),
        pytest.param(
            {"households": "9,,,,,,,"},
            [("households.csv", 2, "household 9 has neither a campaign nor a basket")],
            id="a household of which nothing else is told",
        ),
    ],
)
def test_what_cannot_become_a_command_is_refused_with_its_row(
    tmp_path: Path, files: dict[str, str], refusals: list[tuple[str, int, str]]
) -> None:
    said = refused(list(completejourney.commands(journey(tmp_path, **files))))
    for source, line, reason in refusals:
        assert any((source, line) == row[:2] and reason in row[2] for row in said), said


def test_a_broken_line_does_not_break_its_basket(tmp_path: Path) -> None:
    lines = f"{LINE}1,1,0,0,0\n{LINE}x,1,0,0,0\n{LINE}1,2,0,0,0"
    rows = list(completejourney.commands(journey(tmp_path, transactions=lines)))
    [order] = wanted(rows, PlaceOrder)
    assert [line.net for line in order.lines] == [usd("0.01"), usd("0.02")]
    assert ("transactions.csv", 3) in [row[:2] for row in refused(rows)]


def test_a_missing_file_of_the_panel_is_one_clear_error(tmp_path: Path) -> None:
    journey(tmp_path)
    (tmp_path / "products.csv").unlink()
    with pytest.raises(SourceError, match=r"expected a file products \(\.csv"):
        list(completejourney.commands(tmp_path))


def test_a_request_is_a_case_with_the_citys_target(tmp_path: Path) -> None:
    row = f"101,2022-01-17 11:20:00,2022-01-18 11:20:22,2022-01-18 10:08:24,ONTIME,Closed,{REST}"
    *_unkept, opened, solved, closed = list(boston311.commands(requests(tmp_path, row)))
    assert isinstance(opened, Planned)
    assert opened.command == OpenCase(
        case_id=boston311.case_id("101"),
        kind=CaseKind.SERVICE_REQUEST,
        channel=CaseChannel.SOCIAL,
        subject="Outage",
        description="Public Works; Roxbury",
        queue="PWDx",
        resolve_by=datetime(2022, 1, 18, 16, 20, 22, tzinfo=UTC),
        number="101",
        category="Street Lights",
        request_type="Outage",
        at=datetime(2022, 1, 17, 16, 20, tzinfo=UTC),
    )
    ended = datetime(2022, 1, 18, 15, 8, 24, tzinfo=UTC)
    assert isinstance(solved, Planned)
    assert isinstance(closed, Planned)
    assert isinstance(solved.command, SolveCase)
    assert isinstance(closed.command, CloseCase)
    assert solved.command.at == closed.command.at == ended
    assert boston311.verdicts(tmp_path) == {boston311.case_id("101"): True}


@pytest.mark.parametrize(
    ("shown", "instant"),
    [
        pytest.param("2023-11-05 00:59:59", "2023-11-05T04:59:59", id="before the hour"),
        pytest.param("2023-11-05 01:56:00", "2023-11-05T05:56:00", id="shown twice: the first"),
        pytest.param("2023-11-05 02:00:00", "2023-11-05T07:00:00", id="after both"),
        pytest.param("2023-03-12 01:59:59", "2023-03-12T06:59:59", id="before the gap"),
        pytest.param("2023-03-12 02:30:00", "2023-03-12T07:30:00", id="never shown: goes forward"),
    ],
)
def test_clocks_of_boston_on_the_nights_of_the_change(
    tmp_path: Path, shown: str, instant: str
) -> None:
    row = f"101,{shown},,,ONTIME,Open,{REST}"
    [opened] = wanted(list(boston311.commands(requests(tmp_path, row))), OpenCase)
    assert opened.at == datetime.fromisoformat(instant).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(
            "101,2022-01-17 11:20:00,,2022-01-17 11:19:59,ONTIME,Closed",
            "closed_dt: expected an end that is not before open_dt",
            id="closed before opened",
        ),
        pytest.param(
            "101,2022-01-17 11:20:00,2022-01-16 11:20:00,,OVERDUE,Open",
            "target_dt: expected a target that is not before open_dt",
            id="due before opened",
        ),
        pytest.param("101,,,,ONTIME,Open", "open_dt: expected when", id="never opened"),
        pytest.param(
            "101,2022-01-17 11:20:00,,,ONTIME,Closed",
            "closed_dt: expected exactly where the status is Closed",
            id="closed at no time",
        ),
        pytest.param(
            "101,2022-01-17 11:20:00,,2022-01-18 11:20:00,ONTIME,Open",
            "closed_dt: expected exactly where the status is Closed, it is Open",
            id="open with an end",
        ),
        pytest.param(
            "101,17/01/2022 11:20,,,ONTIME,Open",
            "open_dt: expected a local date and time such as 2015-01-05 15:22:38",
            id="other date format",
        ),
        pytest.param(
            "101,2022-01-17T11:20:00Z,,,ONTIME,Open", "open_dt: expected a local", id="with offset"
        ),
        pytest.param(
            "101,2022-01-17 11:20:00,,,LATE,Open",
            "on_time: expected ONTIME or OVERDUE, or nothing, got 'LATE'",
            id="unknown verdict",
        ),
        pytest.param(
            "101,2022-01-17 11:20:00,,,ONTIME,Lost",
            "case_status: expected Open or Closed, got 'Lost'",
            id="unknown status",
        ),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_whole(
    tmp_path: Path, row: str, reason: str
) -> None:
    sound = f"102,2022-01-17 11:20:00,,,,Open,{REST}"
    rows = list(boston311.commands(requests(tmp_path, f"{row},{REST}", sound)))
    [(source, line, said)] = refused(rows)
    assert (source, line) == ("requests.csv", 2)
    assert reason in said
    assert [case.number for case in wanted(rows, OpenCase)] == ["102"]
    assert boston311.verdicts(tmp_path) == {}


def test_every_command_is_carried_out_and_a_second_import_records_nothing(tmp_path: Path) -> None:
    work = company()
    journey(tmp_path)
    first = imported(work, completejourney.commands(tmp_path))
    assert {topic: first[topic] for topic in ("order-placed", "message-sent")} == {
        "order-placed": 3,
        "message-sent": 3,
    }
    assert first["response-recorded"] == 4
    assert first["conversion-recorded"] == 1
    assert imported(work, completejourney.commands(tmp_path)) == {}
