"""The files of the Complete Journey household panel, row by row as they are.

They are those of the publisher's package (Parquet or CSV), or those of the bundled slice, which
have names of their own and amounts in whole cents.  Shops and households keep the time of
America/New_York; a date means a day there.  Amounts are US dollars.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

import attrs

from crmcore import derived_id
from crmcore.cli.importers.cells import (
    amount,
    count,
    dollars,
    instant,
    instant_or_utc,
    key,
    local_date,
    optional,
)
from crmcore.cli.importers.row import Refused, Unkept
from crmcore.cli.importers.sources import Found, column, located, read

SOURCE: Final = "completejourney"
CURRENCY: Final = "USD"
ZONE: Final = ZoneInfo("America/New_York")


def _unless_missing(text: str) -> str | None:
    return None if text == "NA" else optional(text)  # as R writes what is missing


@attrs.frozen
class Household:
    """A household that gave particulars of itself; no person is named."""

    household_id: str = attrs.field(converter=key)
    age: str | None = attrs.field(converter=_unless_missing)
    income: str | None = attrs.field(converter=_unless_missing)
    home_ownership: str | None = attrs.field(converter=_unless_missing)
    marital_status: str | None = attrs.field(converter=_unless_missing)
    household_size: str | None = attrs.field(converter=_unless_missing)
    household_comp: str | None = attrs.field(converter=_unless_missing)
    kids_count: str | None = attrs.field(converter=_unless_missing)


@attrs.frozen
class Campaign:
    """A campaign of mailed coupons; both days are included."""

    campaign_id: str = attrs.field(converter=key)
    campaign_type: str = attrs.field(converter=key)
    start_date: date = attrs.field(converter=local_date)
    end_date: date = attrs.field(converter=local_date)


@attrs.frozen
class Membership:
    """A household that the campaign's coupons were mailed to."""

    campaign_id: str = attrs.field(converter=key)
    household_id: str = attrs.field(converter=key)


@attrs.frozen
class Redemption:
    """One coupon of a campaign that a household used on a day."""

    household_id: str = attrs.field(converter=key)
    coupon_upc: str = attrs.field(converter=key)
    campaign_id: str = attrs.field(converter=key)
    redemption_date: date = attrs.field(converter=local_date)


@attrs.frozen
class Product:
    """A product, as the grocer sorts it."""

    product_id: str = attrs.field(converter=key)
    product_category: str | None = attrs.field(converter=_unless_missing)
    product_type: str | None = attrs.field(converter=_unless_missing)


@attrs.frozen
class Line:
    """One line of a receipt: ``sales_value`` is what the grocer receives for it.

    The price on the shelf was that plus ``retail_disc`` (the loyalty card) and
    ``coupon_match_disc``; ``coupon_disc`` the manufacturer pays in the household's place.
    """

    household_id: str = attrs.field(converter=key)
    store_id: str = attrs.field(converter=key)
    basket_id: str = attrs.field(converter=key)
    at: datetime = attrs.field(converter=instant)
    product_id: str = attrs.field(converter=key)
    quantity: int = attrs.field(converter=count)
    sales_value: Decimal = attrs.field(converter=amount)
    retail_disc: Decimal = attrs.field(converter=amount)
    coupon_disc: Decimal = attrs.field(converter=amount)
    coupon_match_disc: Decimal = attrs.field(converter=amount)


@attrs.frozen
class PublishedLine(Line):
    """A line as the publisher has it: in dollars, and the instant (UTC) under another name."""

    at: datetime = attrs.field(converter=instant_or_utc, metadata=column("transaction_timestamp"))
    sales_value: Decimal = attrs.field(converter=dollars)
    retail_disc: Decimal = attrs.field(converter=dollars)
    coupon_disc: Decimal = attrs.field(converter=dollars)
    coupon_match_disc: Decimal = attrs.field(converter=dollars)


@attrs.frozen
class Basket:
    """One visit to the till: the lines that follow one another under one number."""

    lines: tuple[Found[Line], ...]

    @property
    def first(self) -> Line:
        """The line that tells whose basket it is, and where and when it was paid."""
        return self.lines[0].row

    @property
    def day(self) -> date:
        """The day of the visit by the shop's calendar."""
        return self.first.at.astimezone(ZONE).date()

    @property
    def with_coupon(self) -> bool:
        """Whether a manufacturer's coupon was used."""
        return any(line.row.coupon_disc for line in self.lines)


def baskets(folder: Path) -> Iterator[Basket | Refused | Unkept]:
    """The baskets of the transactions in the order of the file, one at a time in memory."""
    lines: list[Found[Line]] = []
    for row in read(located(folder, "transactions"), Line, PublishedLine):
        if not isinstance(row, Found):
            yield row
            continue
        if lines and row.row.basket_id != lines[0].row.basket_id:
            yield Basket(tuple(lines))
            lines = []
        lines.append(row)
    if lines:
        yield Basket(tuple(lines))


def local(day: date, hour: int = 0) -> datetime:
    """The instant at which *day* came to *hour* where the shops are."""
    return datetime.combine(day, time(hour), tzinfo=ZONE).astimezone(UTC)


def customer_id(household_id: str) -> UUID:
    """The customer that stands for a household."""
    return derived_id(SOURCE, "household", household_id)


def campaign_id(key: str) -> UUID:
    """The campaign that goes by the number *key* in the data."""
    return derived_id(SOURCE, "campaign", key)


def order_id(basket_id: str) -> UUID:
    """The order that stands for a basket."""
    return derived_id(SOURCE, "basket", basket_id)
