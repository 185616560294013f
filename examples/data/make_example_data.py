"""Cut the bundled slices in ``examples/data`` out of the full public data sets.

Only maintainers run this: it needs pandas, pyarrow and the three full sets.  Run twice,
it writes the same bytes.  What it keeps, and why, stands in ``examples/data/README.md``.

    python examples/data/make_example_data.py FOLDER_OF_THE_FULL_SETS [examples/data]
"""

import gzip
import hashlib
import io
import sys
from pathlib import Path

import pandas as pd

HOUSEHOLDS = 320
FIRST_DAY, LAST_DAY = "2017-07-01", "2017-12-31"  # in the shops' zone, both included
SHOPS_ZONE = "America/New_York"
DISCOUNTS = ["retail_disc", "coupon_disc", "coupon_match_disc"]
DEMOGRAPHICS = ["age", "income", "home_ownership", "marital_status", "household_size"]
DEMOGRAPHICS += ["household_comp", "kids_count"]
REQUESTS = {
    "CASE_ENQUIRY_ID": "case_enquiry_id",
    "OPEN_DT": "open_dt",
    "TARGET_DT": "target_dt",
    "CLOSED_DT": "closed_dt",
    "OnTime_Status": "on_time",
    "CASE_STATUS": "case_status",
    "SUBJECT": "subject",
    "REASON": "reason",
    "TYPE": "type",
    "QUEUE": "queue",
    "Department": "department",
    "Source": "source",
    "neighborhood": "neighborhood",
}
CHANGING = ["category", "subcategory", "impact", "urgency", "priority", "assignment_group"]
CHANGING += ["assigned_to", "caller_id", "contact_type"]
EVERY = 139


def main(full: Path, target: Path) -> None:
    """Write the slices of both sets, and their sums."""
    journey(full / "completejourney", target / "completejourney")
    requests(full / "boston311", target / "boston311")
    incidents(full / "incidents_uci", target / "incidents")
    paths = sorted(target.rglob("*.csv*"))
    sums = {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}
    lines = [f"{digest}  {path.relative_to(target).as_posix()}\n" for path, digest in sums.items()]
    (target / "SHA256SUMS").write_text("".join(lines))
    print("".join(lines), f"{sum(path.stat().st_size for path in paths):,} bytes")


def journey(full: Path, target: Path) -> None:
    """The first 320 households of which demographics and a campaign are known, July to December."""
    demographics = pd.read_parquet(full / "demographics.parquet")
    memberships = pd.read_parquet(full / "campaigns.parquet")
    known = sorted(set(demographics.household_id) & set(memberships.household_id))[:HOUSEHOLDS]
    demographics = demographics[demographics.household_id.isin(known)]
    demographics = demographics.sort_values("household_id")
    write(target / "households.csv", demographics[["household_id", *DEMOGRAPHICS]])
    write(
        target / "campaigns.csv",
        pd.read_parquet(full / "campaign_descriptions.parquet").sort_values("campaign_id"),
    )
    write(
        target / "memberships.csv",
        memberships[memberships.household_id.isin(known)].sort_values(
            ["campaign_id", "household_id"]
        ),
    )
    redemptions = pd.read_parquet(full / "coupon_redemptions.parquet")
    redemptions = redemptions[redemptions.household_id.isin(known)]
    write(
        target / "redemptions.csv",
        redemptions.sort_values(["redemption_date", "household_id", "campaign_id", "coupon_upc"]),
    )
    purchases = baskets(pd.read_parquet(full / "transactions.parquet"), known)
    write(target / "transactions.csv.gz", purchases)
    products = pd.read_parquet(full / "products.parquet").sort_values("product_id")
    products = products[products.product_id.isin(purchases.product_id)]
    columns = ["product_id", "department", "product_category", "product_type", "brand"]
    write(target / "products.csv.gz", products[columns])


def baskets(lines: pd.DataFrame, households: list[int]) -> pd.DataFrame:
    """Every line of every basket of *households* in the months chosen; amounts in cents."""
    local = lines.transaction_timestamp.dt.tz_localize("UTC").dt.tz_convert(SHOPS_ZONE)
    day = local.dt.strftime("%Y-%m-%d")
    kept = lines[
        lines.household_id.isin(households) & (day >= FIRST_DAY) & (day <= LAST_DAY)
    ].copy()
    for column in ["sales_value", *DISCOUNTS]:
        kept[column] = (kept[column] * 100).round().astype(int)
    kept["at"] = kept.transaction_timestamp.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    kept = kept.sort_values(["at", "basket_id", "product_id"])
    columns = ["household_id", "store_id", "basket_id", "at", "product_id", "quantity"]
    return kept[[*columns, "sales_value", *DISCOUNTS]]


def requests(full: Path, target: Path) -> None:
    """Every request; neither place, photograph nor the free text in which people are named."""
    rows = pd.read_csv(full / "recent_sample.csv.gz", dtype=str, keep_default_na=False)
    rows = rows[list(REQUESTS)].rename(columns=REQUESTS)
    for column in rows.columns:
        rows[column] = rows[column].str.split().str.join(" ")
    write(target / "requests.csv.gz", rows.sort_values(["open_dt", "case_enquiry_id"]))


def incidents(full: Path, target: Path) -> None:
    """The first two incidents of every kind of change, all odd ones, and every 139th of all."""
    rows = pd.read_csv(full / "incident_event_log.csv.xz", dtype=str, keep_default_na=False)
    before = rows.groupby("number").shift()
    first = before.incident_state.isna()
    chosen = set(rows.number[odd_updates(rows, before)]) | set(rows.number.unique()[::EVERY])
    kinds = [before.incident_state.fillna("nothing") + " to " + rows.incident_state]
    for column in CHANGING:
        told = [
            cells.eq("?").map({True: "?", False: "x"}) for cells in (before[column], rows[column])
        ]
        kinds.append((column + told[0] + told[1]).where(~first & (before[column] != rows[column])))
    kinds += [("is " + rows[column]).where(first) for column in ("contact_type", "priority")]
    kinds.append(rows.caller_id.where(rows.caller_id == "?"))
    for kind in kinds:
        found = pd.DataFrame({"kind": kind, "number": rows.number}).dropna().drop_duplicates()
        chosen |= set(found.groupby("kind").head(2).number)
    write(target / "incident_event_log.csv.gz", rows[rows.number.isin(chosen)])


def odd_updates(rows: pd.DataFrame, before: pd.DataFrame) -> pd.Series:
    """Taken up after closing, closed without being resolved, miscounted, or before the opening."""
    was, now = before.incident_state, rows.incident_state
    opened, updated = (
        pd.to_datetime(rows[column], format="%d/%m/%Y %H:%M")
        for column in ("opened_at", "sys_updated_at")
    )
    reopened = (was == "Closed") & (now != "Closed")
    unresolved = (now == "Closed") & ~was.isin(["Resolved", "Closed"])
    counts = rows.sys_mod_count.astype(int)
    miscounted = counts <= counts.groupby(rows.number).shift(fill_value=-1)
    return reopened | unresolved | miscounted | (opened > updated)


def write(path: Path, rows: pd.DataFrame) -> None:
    """*rows* as CSV in UTF-8; packed, if the name says so, without a time stamp in its header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = rows.to_csv(index=False, lineterminator="\n").encode()
    if path.suffix == ".gz":
        packed = io.BytesIO()
        with gzip.GzipFile("", "wb", 9, packed, mtime=0) as file:
            file.write(text)
        text = packed.getvalue()
    path.write_bytes(text)


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(f"usage: {sys.argv[0]} FOLDER_OF_THE_FULL_SETS [examples/data]")
    main(Path(sys.argv[1]), Path(sys.argv[2] if len(sys.argv) > 2 else "examples/data"))
