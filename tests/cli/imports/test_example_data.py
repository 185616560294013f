"""The bundled slices: what they hold, and that nothing is lost on the way into commands."""

import csv
import gzip
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

import crmcore
from crmcore.cli.demo.checks import compared
from crmcore.cli.importers import boston311, completejourney
from crmcore.cli.importers.row import Row
from crmcore.cli.imports.importing import Imported, bring_in
from crmcore.domain.marketing.membership.messages.results import RecordConversion, RecordResponse
from crmcore.domain.sales.order.messages import PlaceOrder
from crmcore.domain.service.case.messages.life_cycle import SolveCase
from crmcore.domain.service.case.messages.opening import OpenCase
from tests.cli.imports.import_examples import company, imported, refused, wanted

BUNDLED = Path(__file__).parents[3] / "examples" / "data"


@pytest.fixture(scope="module")
def panel_rows() -> list[Row]:
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


def test_the_sales_of_the_slice_are_the_orders_and_what_was_refused(panel_rows: list[Row]) -> None:
    lines = cells("completejourney/transactions.csv.gz")
    sales = sum((Decimal(line["sales_value"]) for line in lines), Decimal(0)) / 100
    unsold = (
        sum((Decimal(line["sales_value"]) for line in lines if line["quantity"] == "0"), Decimal(0))
        / 100
    )
    orders = wanted(panel_rows, PlaceOrder)
    ordered = sum(line.net.amount for order in orders for line in order.lines)
    assert (sales, unsold) == (Decimal("538074.91"), Decimal("0.01"))
    assert ordered == sales - unsold
    assert sum(len(order.lines) for order in orders) + len(refused(panel_rows)) == len(lines)


def test_each_redeemed_coupon_of_the_slice_is_a_response(panel_rows: list[Row]) -> None:
    responses = wanted(panel_rows, RecordResponse)
    assert len({one.response_id for one in responses}) == len(responses) == 647
    months = cells("completejourney/redemptions.csv")
    late = {
        (row["household_id"], row["redemption_date"])
        for row in months
        if row["redemption_date"] >= "2017-07-01"
    }
    conversions = wanted(panel_rows, RecordConversion)
    assert len(conversions) == len(late) == 248  # each such day has a basket that counts
    assert sum(one.amount.amount for one in conversions if one.amount) == Decimal("23330.28")


def test_the_refused_rows_of_the_slice_are_those_without_a_quantity(panel_rows: list[Row]) -> None:
    lines = cells("completejourney/transactions.csv.gz")
    without = [number for number, line in enumerate(lines, start=2) if line["quantity"] == "0"]
    rows = refused(panel_rows)
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
    for line in (BUNDLED / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert sha256((BUNDLED / name).read_bytes()).hexdigest() == digest, name


def test_the_requests_are_carried_out_once() -> None:
    work = company()
    first = imported(work, boston311.commands(BUNDLED / "boston311"))
    assert first == {
        "case-number-claimed": 4_995,
        "case-opened": 4_995,
        "case-solved": 4_995,
        "case-closed": 4_995,
    }
    assert imported(work, boston311.commands(BUNDLED / "boston311")) == {}


def test_every_verdict_on_the_citys_requests_is_the_citys(tmp_path: Path) -> None:
    folder, done = BUNDLED / "boston311", Imported("boston311")
    with crmcore.open(f"sqlite:///{tmp_path}/city.db") as crm:
        bring_in(crm, done, boston311.commands(folder), lambda *_: None, by="test")
        crm.catch_up()
        found = compared(crm.read.service_levels.verdicts(), boston311.verdicts(folder))
    assert (found.compared, found.agree, found.silent) == (4_283, 4_283, 1)
    assert found.differing == []
