"""What importers make of foreign files: sound ones, broken ones, and the bundled slices."""

import csv
import gzip
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmcore.application.customers import CustomerService
from crmcore.application.marketing import MarketingService, campaign_exists
from crmcore.application.orders import OrderService
from crmcore.application.service import CaseService
from crmcore.cli.importers import Planned, Refused, Row, SourceError, boston311, completejourney
from crmcore.cli.importers.cells import amount, count, instant, key, label, local_date, optional
from crmcore.cli.importers.journey_rows import campaign_id, customer_id, order_id
from crmcore.cli.importers.sources import Found, located, read
from crmcore.domain.customers.contact_point import ContactKind
from crmcore.domain.customers.note import RecordNote
from crmcore.domain.customers.registration import RegisterCustomer
from crmcore.domain.kernel import Money
from crmcore.domain.marketing.results import RecordConversion, RecordResponse
from crmcore.domain.marketing.running import CompleteCampaign, IncurCost, LaunchCampaign
from crmcore.domain.sales.order_commands import PlaceOrder
from crmcore.domain.service.case.commands import CloseCase, OpenCase, SolveCase
from tests.memory_work import MemoryWork

BUNDLED = Path(__file__).parents[2] / "examples" / "data"
C = TypeVar("C")


@attrs.frozen
class Reading:
    name: str = attrs.field(converter=key)
    pieces: int = attrs.field(converter=count)
    price: Decimal = attrs.field(converter=amount)


SOUND = b"name,pieces,price\nnut,2,125\nbolt,1,5\n"


def readings(path: Path) -> list[tuple[int, str, int, Decimal] | Refused]:
    return [
        found
        if isinstance(found, Refused)
        else (found.line, found.row.name, found.row.pieces, found.row.price)
        for found in read(path, Reading)
    ]


# Reading files


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(SOUND, id="plain"),
        pytest.param(gzip.compress(SOUND), id="packed"),
        pytest.param(b"\xef\xbb\xbf" + SOUND, id="with a byte order mark"),
        pytest.param(SOUND.replace(b"\n", b"\r\n"), id="lines end as on Windows"),
        pytest.param(SOUND.rstrip(b"\n"), id="last line not ended"),
        pytest.param(
            b"price,more,name,pieces\n125,x,nut,2\n5,,bolt,1\n", id="other order, more columns"
        ),
        pytest.param(SOUND.replace(b"nut", b'"nut"'), id="quoted"),
    ],
)
def test_a_sound_file_is_read_however_it_was_written(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(content)
    assert readings(path) == [
        (2, "nut", 2, Decimal("1.25")),
        (3, "bolt", 1, Decimal("0.05")),
    ]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        pytest.param(b"", "expected a header line with name, pieces, price", id="empty"),
        pytest.param(b"\n", "expected each column once", id="blank header"),
        pytest.param(
            b"name,price\nnut,125\n", "not so with pieces; its header is 'name,price'", id="missing"
        ),
        pytest.param(b"name,name,pieces,price\n", "not so with name;", id="column twice"),
        pytest.param(SOUND.decode().encode("utf-16"), "expected UTF-8 text", id="UTF-16"),
        pytest.param(SOUND + "nüt,1,1\n".encode("latin-1"), "expected UTF-8 text", id="Latin-1"),
        pytest.param(gzip.compress(SOUND * 99)[:-30], "the packed file is damaged", id="cut off"),
        pytest.param(
            gzip.compress(SOUND)[:12] + b"\0" * 20, "the packed file is damaged", id="overwritten"
        ),
        pytest.param(gzip.compress(SOUND) + b"rubbish", "is damaged after line 3", id="appended"),
        pytest.param(SOUND + b'"nut,1,1\nbolt,1,1\n', "is never closed", id="open quotation"),
    ],
)
def test_a_broken_file_is_one_clear_error(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "things.csv"
    path.write_bytes(content)
    with pytest.raises(SourceError) as refusal:
        readings(path)
    assert said in str(refusal.value)
    assert str(path) in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_file_that_is_missing_or_a_folder_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"expected a file things\.csv or things\.csv\.gz"):
        located(tmp_path, "things.csv")
    with pytest.raises(SourceError, match="cannot be read"):
        readings(tmp_path)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param("nut,x,1", "pieces: expected a whole number of 0 or more, got 'x'", id="x"),
        pytest.param("nut,-1,1", "pieces: expected a whole number of 0 or more, got '-1'", id="-1"),
        pytest.param("nut,1,1.5", "price: expected an amount in whole cents", id="1.5"),
        pytest.param("nut,١,1", "pieces: expected a whole number", id="digits of another script"),
        pytest.param("nut,,1", "pieces: expected a whole number of 0 or more, got ''", id="blank"),
        pytest.param("  ,1,1", "name: expected a key of 1 to 60 characters, got '  '", id="no key"),
        pytest.param(f"{'n' * 61},1,1", "name: expected a key of 1 to 60", id="long key"),
        pytest.param("n\0t,1,1", "name: expected a key of 1 to 60 characters", id="NUL"),
        pytest.param("nut,1", "expected 3 cells as in the header, got 2", id="cell missing"),
        pytest.param("nut,1,1,1", "expected 3 cells as in the header, got 4", id="cell too many"),
        pytest.param('"nut"s,1,1', "expected a row of CSV", id="quotation in the middle"),
    ],
)
def test_a_broken_row_is_refused_by_number_and_the_next_is_read(
    tmp_path: Path, row: str, reason: str
) -> None:
    path = tmp_path / "things.csv"
    path.write_text(f"name,pieces,price\n{row}\n\nbolt,1,5\n", encoding="utf-8")
    refused, sound = readings(path)
    assert isinstance(refused, Refused)
    assert (refused.source, refused.line) == ("things.csv", 2)
    assert reason in refused.reason
    assert sound == (4, "bolt", 1, Decimal("0.05"))


@given(content=st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_a_file_holds_it_is_read_or_refused(
    content: bytes, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "hostile.csv"
    for text in (content, SOUND + content):
        path.write_bytes(text)
        try:
            readings(path)
        except SourceError as refusal:
            assert str(path) in str(refusal)


@given(text=st.text(max_size=30))
def test_a_cell_is_read_or_says_what_was_expected(text: str) -> None:
    for converter in (amount, count, instant, key, label, local_date, optional):
        try:
            converter(text)
        except ValueError as error:
            assert str(error).startswith(("a ", "an "))


@pytest.mark.parametrize(
    "text",
    ["2017-07-01", "2017-07-01T04:14:33", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"],
)
def test_an_instant_needs_an_offset_and_a_likely_year(text: str) -> None:
    with pytest.raises(ValueError, match="an instant with its offset"):
        instant(text)


# Mapping small samples


HEADERS = {
    "households": "household_id,age,income,home_ownership,marital_status,household_size,"
    "household_comp,kids_count",
    "campaigns": "campaign_id,campaign_type,start_date,end_date",
    "memberships": "campaign_id,household_id",
    "redemptions": "household_id,coupon_upc,campaign_id,redemption_date",
    "products": "product_id,department,product_category,product_type,brand",
    "transactions": "household_id,store_id,basket_id,at,product_id,quantity,sales_value,"
    "retail_disc,coupon_disc,coupon_match_disc",
}
SMALL = {
    "households": "7,45-54,50-74K,,Married,2,2 Adults No Kids,0",
    "campaigns": "1,Type B,2017-07-03,2017-07-09\n2,Type A,2017-07-05,2017-07-20",
    "memberships": "1,7\n2,7\n1,8",
    "redemptions": "7,5,1,2017-07-06\n7,6,1,2017-07-06\n7,9,2,2017-07-06\n8,5,1,2017-07-08",
    "products": "11,GROCERY,SOUP,SOUP - CANNED,Private\n12,FUEL,FUEL,,National",
    "transactions": "\n".join(
        [
            "7,300,100,2017-07-01T04:14:33Z,11,2,150,50,0,0",
            "7,300,100,2017-07-01T04:14:33Z,99,0,0,0,100,0",
            "7,300,101,2017-07-06T12:00:00Z,11,1,100,0,0,0",
            "7,300,102,2017-07-07T03:59:59Z,11,1,90,5,60,15",
            "7,300,102,2017-07-07T03:59:59Z,12,8000,2000,0,0,0",
        ]
    ),
}


def journey(folder: Path, **files: str) -> Path:
    for name, header in HEADERS.items():
        text = f"{header}\n{files.get(name, SMALL[name])}\n"
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def wanted(rows: list[Row], kind: type[C]) -> list[C]:
    return [
        row.command for row in rows if isinstance(row, Planned) and isinstance(row.command, kind)
    ]


def refused(rows: list[Row]) -> list[tuple[str, int, str]]:
    return [(row.source, row.line, row.reason) for row in rows if isinstance(row, Refused)]


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
        (1, "11", "SOUP - CANNED", 1, usd("1.10"), usd("0.20")),
        (2, "12", "FUEL", 8000, usd("20.00"), None),
    ]
    assert [line.net for line in both.lines] == [usd("0.90"), usd("20.00")]


def usd(text: str) -> Money:
    return Money(Decimal(text), "USD")


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
    with pytest.raises(SourceError, match=r"expected a file products\.csv"):
        list(completejourney.commands(tmp_path))


REQUESTS = (
    "case_enquiry_id,open_dt,target_dt,closed_dt,on_time,case_status,subject,reason,type,queue,"
    "department,source,neighborhood"
)
REST = "Public Works,Street Lights,Outage,PWDx,PWDx,Twitter,Roxbury"


def requests(folder: Path, *rows: str) -> Path:
    (folder / "requests.csv").write_text("\n".join((REQUESTS, *rows, "")), encoding="utf-8")
    return folder


def test_a_request_is_a_case_with_the_citys_target(tmp_path: Path) -> None:
    row = f"101,2022-01-17 11:20:00,2022-01-18 11:20:22,2022-01-18 10:08:24,ONTIME,Closed,{REST}"
    opened, solved, closed = list(boston311.commands(requests(tmp_path, row)))
    assert isinstance(opened, Planned)
    assert opened.command == OpenCase(
        case_id=boston311.case_id("101"),
        kind="service_request",
        channel="social",
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


# Carrying it out


class AsEntered:
    def normalise(self, _kind: ContactKind, value: str, _region: str | None) -> str:
        return value


def nothing_known(_work: Any, _key: Any) -> bool:
    return False


def company() -> MemoryWork:
    customers = CustomerService(AsEntered(), nothing_known, nothing_known, nothing_known)
    return MemoryWork(
        {
            **customers.handlers,
            **OrderService(campaign_exists).handlers,
            **MarketingService().handlers,
            **CaseService().handlers,
        }
    )


def imported(work: MemoryWork, rows: Iterator[Row]) -> Counter[str]:
    return Counter(
        event.TOPIC
        for row in rows
        if isinstance(row, Planned)
        for event in work.execute(row.command)
    )


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


def test_the_requests_are_carried_out_once() -> None:
    work = company()
    first = imported(work, boston311.commands(BUNDLED / "boston311"))
    assert first == {
        "case-opened": 4_995,
        "resolution-target-set": 4_284,
        "case-solved": 4_995,
        "case-closed": 4_995,
    }
    assert imported(work, boston311.commands(BUNDLED / "boston311")) == {}


# The bundled slices


@cache
def bundled_journey() -> list[Row]:
    return list(completejourney.commands(BUNDLED / "completejourney"))


def cells(name: str) -> list[Mapping[str, str]]:
    path = BUNDLED / name
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        return list(csv.DictReader(file))


def test_the_slice_of_the_panel_is_large_enough_and_small_enough() -> None:
    lines = cells("completejourney/transactions.csv.gz")
    assert len({line["household_id"] for line in lines}) == 320
    assert len({line["basket_id"] for line in lines}) == 17_251
    assert len(lines) == 169_390
    assert len(cells("completejourney/campaigns.csv")) == 27
    assert len(cells("completejourney/memberships.csv")) == 1_591
    assert len(cells("completejourney/redemptions.csv")) == 647
    assert sum(path.stat().st_size for path in BUNDLED.rglob("*") if path.is_file()) < 2_600_000


def test_the_sales_of_the_slice_are_the_orders_and_what_was_refused() -> None:
    lines = cells("completejourney/transactions.csv.gz")
    sales = sum(Decimal(line["sales_value"]) for line in lines) / 100
    unsold = sum(Decimal(line["sales_value"]) for line in lines if line["quantity"] == "0") / 100
    orders = wanted(bundled_journey(), PlaceOrder)
    ordered = sum(line.net.amount for order in orders for line in order.lines)
    assert (sales, unsold) == (Decimal("538074.91"), Decimal("0.01"))
    assert ordered == sales - unsold
    assert sum(len(order.lines) for order in orders) + len(refused(bundled_journey())) == len(lines)


def test_each_redeemed_coupon_of_the_slice_is_a_response() -> None:
    responses = wanted(bundled_journey(), RecordResponse)
    assert len({one.response_id for one in responses}) == len(responses) == 647
    months = cells("completejourney/redemptions.csv")
    late = {
        (row["household_id"], row["redemption_date"])
        for row in months
        if row["redemption_date"] >= "2017-07-01"
    }
    conversions = wanted(bundled_journey(), RecordConversion)
    assert len(conversions) == len(late) == 248  # each such day has a basket that counts
    assert sum(one.amount.amount for one in conversions if one.amount) == Decimal("23330.28")


def test_the_refused_rows_of_the_slice_are_those_without_a_quantity() -> None:
    lines = cells("completejourney/transactions.csv.gz")
    without = [number for number, line in enumerate(lines, start=2) if line["quantity"] == "0"]
    rows = refused(bundled_journey())
    assert [line for _, line, _ in rows] == without
    assert len(rows) == 1_097


def test_the_verdict_by_instants_is_the_citys_on_each_judged_request() -> None:
    rows = list(boston311.commands(BUNDLED / "boston311"))
    due = {case.case_id: case.resolve_by for case in wanted(rows, OpenCase) if case.resolve_by}
    ended = {case.case_id: case.at for case in wanted(rows, SolveCase)}
    verdicts = boston311.verdicts(BUNDLED / "boston311")
    assert verdicts.keys() == due.keys()
    judged = {case: verdict for case, verdict in verdicts.items() if verdict is not None}
    assert {case: ended[case] <= due[case] for case in judged} == judged
    assert Counter(verdicts.values()) == {True: 3_809, False: 474, None: 1}
    assert not refused(rows)


def test_the_files_are_those_of_the_published_sums() -> None:
    from hashlib import sha256

    for line in (BUNDLED / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert sha256((BUNDLED / name).read_bytes()).hexdigest() == digest, name


def test_a_found_row_knows_its_place() -> None:
    assert Found("a.csv", 3, None).refused("no") == Refused("a.csv", 3, "no")
