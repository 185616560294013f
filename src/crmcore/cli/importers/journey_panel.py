"""What must be known of the Complete Journey panel before its baskets are imported.

The small files are read and checked against one another, and each redemption, which names
a day only, is placed at a basket of that day.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Final, TypeVar

import attrs

from crmcore.cli.importers.journey_rows import (
    Campaign,
    Household,
    Membership,
    Product,
    Redemption,
    baskets,
    local,
)
from crmcore.cli.importers.row import Refused
from crmcore.cli.importers.sources import Found, located, read

__all__ = ["Panel", "Visit", "read_panel"]

NOON: Final = 12
R = TypeVar("R")


@attrs.frozen
class Visit:
    """The basket at which a household used its coupons of a day, or noon where there is none."""

    at: datetime
    basket_id: str | None = None
    with_coupon: bool = False


@attrs.frozen
class Panel:
    """The small files, checked; ``first_seen`` is where and when each household first occurs.

    ``redemptions`` go by the basket at which they were used, those without one by None.
    """

    households: Mapping[str, Found[Household]]
    campaigns: Mapping[str, Found[Campaign]]
    members: Mapping[str, Sequence[Found[Membership]]]
    products: Mapping[str, str | None]
    redemptions: Mapping[str | None, Sequence[tuple[Visit, Found[Redemption]]]]
    first_seen: Mapping[str, tuple[datetime, str, int]]
    refused: Sequence[Refused]


def read_panel(folder: Path) -> Panel:
    """The panel in *folder*; raises ``SourceError`` where one of its files cannot be read."""
    refused: list[Refused] = []
    households = _keyed(folder, "households.csv", Household, lambda row: row.household_id, refused)
    campaigns = _keyed(folder, "campaigns.csv", Campaign, lambda row: row.campaign_id, refused)
    for key, campaign in list(campaigns.items()):
        if campaign.row.end_date < campaign.row.start_date:
            refused.append(campaign.refused("end_date: expected a day not before start_date"))
            del campaigns[key]
    memberships = _keyed(folder, "memberships.csv", Membership, _member, refused)
    memberships = _of_campaigns(memberships, campaigns, refused)
    products = _keyed(folder, "products.csv", Product, lambda row: row.product_id, refused)
    used = _keyed(folder, "redemptions.csv", Redemption, lambda row: row, refused)
    redeemed = [one for one in used.values() if _is_sound(one, campaigns, memberships, refused)]
    first_seen, visits = _looked_through(folder, redeemed)
    members: dict[str, list[Found[Membership]]] = defaultdict(list)
    for member in memberships.values():
        members[member.row.campaign_id].append(member)
        seen = (local(campaigns[member.row.campaign_id].row.start_date), member.source, member.line)
        known = first_seen.get(member.row.household_id, seen)
        first_seen[member.row.household_id] = min(known, seen)
    return Panel(
        households=households,
        campaigns=campaigns,
        members=members,
        products={
            key: found.row.product_type or found.row.product_category
            for key, found in products.items()
        },
        redemptions=_placed(redeemed, visits),
        first_seen=first_seen,
        refused=refused,
    )


def _member(row: Membership | Redemption) -> tuple[str, str]:
    return row.campaign_id, row.household_id


K = TypeVar("K")


def _keyed(
    folder: Path, name: str, kind: type[R], key: Callable[[R], K], refused: list[Refused]
) -> dict[K, Found[R]]:
    """The rows of a file by their key; a key that comes again is refused."""
    rows: dict[K, Found[R]] = {}
    for found in read(located(folder, name), kind):
        if isinstance(found, Refused):
            refused.append(found)
        elif (first := rows.setdefault(key(found.row), found)) is not found:
            refused.append(found.refused(f"the same stands on line {first.line} already"))
    return rows


def _of_campaigns(
    memberships: Mapping[tuple[str, str], Found[Membership]],
    campaigns: Mapping[str, Found[Campaign]],
    refused: list[Refused],
) -> dict[tuple[str, str], Found[Membership]]:
    refused.extend(
        member.refused(f"there is no campaign {member.row.campaign_id}")
        for member in memberships.values()
        if member.row.campaign_id not in campaigns
    )
    return {
        key: member for key, member in memberships.items() if member.row.campaign_id in campaigns
    }


def _is_sound(
    found: Found[Redemption],
    campaigns: Mapping[str, Found[Campaign]],
    memberships: Mapping[tuple[str, str], Found[Membership]],
    refused: list[Refused],
) -> bool:
    row = found.row
    if _member(row) not in memberships:
        reason = f"household {row.household_id} is no member of campaign {row.campaign_id}"
        refused.append(found.refused(reason))
        return False
    if row.redemption_date < campaigns[row.campaign_id].row.start_date:
        reason = f"redemption_date: expected a day after campaign {row.campaign_id} began"
        refused.append(found.refused(reason))
        return False
    return True


def _looked_through(
    folder: Path, redeemed: Iterable[Found[Redemption]]
) -> tuple[dict[str, tuple[datetime, str, int]], Mapping[tuple[str, date], Visit]]:
    """Each household's first basket, and its basket on each day of a redemption."""
    first: dict[str, tuple[datetime, str, int]] = {}
    wanted = {(found.row.household_id, found.row.redemption_date) for found in redeemed}
    visits: dict[tuple[str, date], Visit] = {}
    for basket in baskets(folder):
        if isinstance(basket, Refused):
            continue  # reported when the baskets are imported
        line = basket.lines[0]
        seen = (basket.first.at, line.source, line.line)
        household = basket.first.household_id
        first[household] = min(first.get(household, seen), seen)
        if (household, basket.day) in wanted:
            visit = Visit(basket.first.at, basket.first.basket_id, basket.with_coupon)
            known = visits.get((household, basket.day), visit)
            visits[household, basket.day] = min(known, visit, key=_preferred)
    return first, visits


def _preferred(visit: Visit) -> tuple[bool, datetime]:
    return not visit.with_coupon, visit.at


def _placed(
    redeemed: Iterable[Found[Redemption]], visits: Mapping[tuple[str, date], Visit]
) -> dict[str | None, list[tuple[Visit, Found[Redemption]]]]:
    placed: dict[str | None, list[tuple[Visit, Found[Redemption]]]] = defaultdict(list)
    for found in redeemed:
        day = found.row.redemption_date
        visit = visits.get((found.row.household_id, day)) or Visit(local(day, NOON))
        placed[visit.basket_id].append((visit, found))
    return placed
