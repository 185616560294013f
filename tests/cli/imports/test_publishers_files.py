"""The files as their publishers give them out, and as our slices of them are, mean the same."""

import csv
import gzip
import json
import signal
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from pyarrow.parquet import write_table

import crmcore
from crmcore.cli.importers import boston311, completejourney
from crmcore.cli.importers.cells import dollars
from crmcore.cli.importers.row import Planned, Refused, Row, SourceError, Unkept
from crmcore.domain.customers.note import RecordNote
from crmcore.domain.sales.order.messages import PlaceOrder
from tests.cli.command_line import CommandLine
from tests.cli.imports.import_examples import HEADERS, SMALL, journey, refused, usd, wanted

BUNDLED = Path(__file__).parents[3] / "examples" / "data"
SNAKE = (
    "case_enquiry_id,open_dt,sla_target_dt,closed_dt,on_time,case_status,closure_reason,case_title,"
    "subject,reason,type,queue,department,submitted_photo,closed_photo,location,neighborhood,source"
)
OLDER = (
    "case_enquiry_id,open_dt,target_dt,closed_dt,ontime,case_status,closure_reason,case_title,"
    "subject,reason,type,queue,department,submittedphoto,closedphoto,location,neighborhood,source"
)
TITLE = (
    "CASE_ENQUIRY_ID,OPEN_DT,TARGET_DT,CLOSED_DT,OnTime_Status,CASE_STATUS,CLOSURE_REASON,"
    "CASE_TITLE,SUBJECT,REASON,TYPE,QUEUE,Department,SubmittedPhoto,ClosedPhoto,Location,"
    "neighborhood,Source"
)
UPPER = SNAKE.upper()
REQUEST = (
    "101,2022-01-17 11:20:00,2022-01-18 11:20:22,2022-01-18 10:08:24,ONTIME,Closed,"
    '"Case Closed. ""fixed""",PRINTED,Public Works,Street Lights,Outage,PWDx,PWDx,,,'
    '"1 City Hall Sq, Boston",Roxbury,Twitter'
)
OURS = (
    "case_enquiry_id,open_dt,target_dt,closed_dt,on_time,case_status,subject,reason,type,queue,"
    "department,source,neighborhood\n"
    "101,2022-01-17 11:20:00,2022-01-18 11:20:22,2022-01-18 10:08:24,ONTIME,Closed,Public Works,"
    "Street Lights,Outage,PWDx,PWDx,Twitter,Roxbury\n"
)


def asked(rows: list[Row]) -> list[object]:
    return [row.command for row in rows if isinstance(row, Planned)]


@pytest.mark.parametrize(
    ("name", "packed"),
    [("tmp1.csv", bytes), ("tmp1.csv.gz", gzip.compress)],
    ids=["plain", "gzip"],
)
@pytest.mark.parametrize(
    "header",
    [
        pytest.param(SNAKE, id="snake case"),
        pytest.param(OLDER, id="the years before"),
        pytest.param(TITLE, id="mixed case"),
        pytest.param(UPPER, id="upper case"),
        pytest.param("\ufeff" + TITLE, id="with a byte order mark"),
    ],
)
def test_the_citys_file_is_read_under_each_header_that_the_city_has_published(
    tmp_path: Path, header: str, name: str, packed: Callable[[bytes], bytes]
) -> None:
    ours, theirs = tmp_path / "ours.csv", tmp_path / name
    ours.write_text(OURS)
    theirs.write_bytes(packed(f"{header}\r\n{REQUEST}\r\n".encode()))
    rows = list(boston311.commands(theirs))
    assert asked(rows) == asked(list(boston311.commands(ours)))
    assert len(asked(rows)) == 3
    assert boston311.verdicts(theirs) == boston311.verdicts(ours)
    filled = [row.column.casefold() for row in rows if isinstance(row, Unkept) and row.rows]
    assert filled[0].replace("_", "").startswith("ontime")
    assert filled[1:] == ["closure_reason", "case_title", "department", "location"]


def test_what_was_read_before_a_file_breaks_off_is_recorded(
    run: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "requests.csv"
    path.write_text(f'{SNAKE}\n{REQUEST}\n102,"2022-01-17 11:20:00,,,,Open\n')
    done = run("import", "boston311", str(path))
    assert done.status == 1
    assert "a quotation mark in the row that begins on line 3 is never closed" in done.complaint
    assert "3 executed" in done.complaint


def as_published() -> Mapping[str, list[dict[str, Any]]]:
    """The small panel with the names, types and units of the publisher's package."""

    def rows(name: str) -> list[dict[str, str]]:
        return list(csv.DictReader([HEADERS[name], *SMALL[name].splitlines()]))

    def cents(text: str) -> float:
        return int(text) / 100

    def midnight(text: str) -> datetime:
        return datetime.fromisoformat(text)

    lines = [
        {
            **{name: int(row[name]) for name in ("household_id", "store_id", "basket_id")},
            "product_id": int(row["product_id"]),
            "quantity": int(row["quantity"]),
            **{name: cents(row[name]) for name in ("sales_value", "retail_disc")},
            **{name: cents(row[name]) for name in ("coupon_disc", "coupon_match_disc")},
            "week": 27,
            "transaction_timestamp": midnight(row["at"]).replace(tzinfo=None),
        }
        for row in rows("transactions")
    ]
    days = ("start_date", "end_date", "redemption_date")
    dated = {
        name: [
            {key: midnight(text) if key in days else text or None for key, text in row.items()}
            for row in rows(name)
        ]
        for name in ("campaigns", "redemptions", "households", "memberships", "products")
    }
    return {
        "campaign_descriptions": dated["campaigns"],
        "campaigns": dated["memberships"],
        "coupon_redemptions": dated["redemptions"],
        "demographics": dated["households"],
        "products": dated["products"],
        "transactions": lines,
    }


def parquet(folder: Path, tables: Mapping[str, list[dict[str, Any]]]) -> None:
    for name, rows in tables.items():
        write_table(pyarrow.Table.from_pylist(rows), folder / f"{name}.parquet")


def published_csv(
    missing: str, instant: str, day: str
) -> Callable[[Path, Mapping[str, list[dict[str, Any]]]], None]:
    def text(value: object) -> str:
        if isinstance(value, datetime):
            return value.strftime(day if value.time() == datetime.min.time() else instant)
        return missing if value is None else str(value)

    def write(folder: Path, tables: Mapping[str, list[dict[str, Any]]]) -> None:
        for name, rows in tables.items():
            with gzip.open(folder / f"{name}.csv.gz", "wt", newline="") as file:
                writer = csv.writer(file)
                writer.writerow(rows[0])
                writer.writerows([text(value) for value in row.values()] for row in rows)

    return write


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(parquet, id="Parquet"),
        pytest.param(
            published_csv("", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d"), id="CSV as pandas writes it"
        ),
        pytest.param(
            published_csv("NA", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"), id="CSV as R writes it"
        ),
        pytest.param(
            published_csv("", "%Y-%m-%d %H:%M:%S.000000", "%Y-%m-%d 00:00:00"),
            id="CSV with midnights",
        ),
    ],
)
def test_the_panel_as_published_asks_for_what_our_slice_of_it_does(
    tmp_path: Path, write: Callable[[Path, Mapping[str, list[dict[str, Any]]]], None]
) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for folder in (ours, theirs):
        folder.mkdir()
    write(theirs, as_published())
    rows = list(completejourney.commands(theirs))
    assert asked(rows) == asked(list(completejourney.commands(journey(ours))))
    assert [reason for _, _, reason in refused(rows)] == [
        reason for _, _, reason in refused(list(completejourney.commands(ours)))
    ]
    [unsold] = [row for row in rows if isinstance(row, Refused)]
    assert unsold.source.startswith("transactions.")
    week = next(row for row in rows if isinstance(row, Unkept) and row.column == "week")
    assert week.rows == 5
    [note] = wanted(rows, RecordNote)
    assert "NA" not in note.text
    first = wanted(rows, PlaceOrder)[0]
    assert first.at == datetime(2017, 7, 1, 4, 14, 33, tzinfo=UTC)
    assert first.lines[0].net == usd("1.50")


def test_a_panel_whose_days_are_numbered_is_refused_with_what_to_take_instead(
    tmp_path: Path,
) -> None:
    (tmp_path / "transaction_data.csv").write_text("household_key,BASKET_ID,DAY\n")
    with pytest.raises(SourceError, match="expected the tables of the package completejourney"):
        list(completejourney.commands(tmp_path))


@pytest.mark.parametrize(
    ("written", "cents"),
    [("1", "1.00"), ("1.5", "1.50"), ("1.776357e-15", "0.00"), ("0.30000000000000004", "0.30")],
)
def test_dollars_are_cents_however_a_binary_number_is_written(written: str, cents: str) -> None:
    assert dollars(written) == Decimal(cents)


@pytest.mark.parametrize("written", ["", "-1", "1.505", "1e13", "1,5", "$1", "NaN", "1e-3"])
def test_what_is_no_amount_in_dollars_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="an amount in dollars and cents"):
        dollars(written)


def test_columns_that_become_nothing_stand_below_an_import_and_in_its_summary(
    run: CommandLine, tmp_path: Path
) -> None:
    path = tmp_path / "requests.csv"
    path.write_text(f"{SNAKE}\n{REQUEST}\n")
    said = " ".join(run("import", "boston311", str(path)).out.split())
    assert (
        "requests.csv: columns that become nothing, and the rows that fill them: on_time 1,"
        " closure_reason 1, case_title 1, department 1, submitted_photo 0," in said
    )
    [summary] = run("--json", "import", "boston311", str(path)).documents
    assert summary["summary"]["unkept"][1] == {
        "file": "requests.csv",
        "column": "closure_reason",
        "rows": 1,
    }


def test_an_import_of_what_is_not_there_makes_no_database(run: CommandLine, tmp_path: Path) -> None:
    done = run("--json", "import", "boston311", str(tmp_path / "nowhere"))
    assert done.status == 1
    assert "nowhere: expected a file or a folder, there is none" in done.complaint
    assert json.loads(done.out)["error"]["kind"] == "failed"
    assert not run.database.exists()


def test_an_interrupted_import_counts_what_it_recorded(
    run: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = crmcore.CRM.execute_many

    def interrupted(crm: crmcore.CRM, *args: Any, **kwargs: Any) -> crmcore.Batch:
        done = whole(crm, *args, **kwargs)
        signal.raise_signal(signal.SIGINT)
        return done

    monkeypatch.setattr(crmcore.CRM, "execute_many", interrupted)
    done = run("import", "boston311", str(BUNDLED / "boston311"))
    assert done.status == 130
    assert done.complaint.startswith("crmcore: interrupted; what was recorded before is kept: ")
    assert "500 commands: 500 executed" in done.complaint
    with crmcore.open(f"sqlite:///{run.database}") as crm:
        told = [one for one in crm.events() if one.topic != "case-number-claimed"]
        assert len(told) == 500  # each of the commands has one event more where it opens a case
