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
    Basket,
    Campaign,
    Household,
    Membership,
    Product,
    Redemption,
    baskets,
    local,
)
from crmcore.cli.importers.row import Refused, SourceError, Unkept
from crmcore.cli.importers.sources import Found, located, read

NOON: Final = 12
R = TypeVar("R", bound=attrs.AttrsInstance)
K = TypeVar("K")
Sighting = tuple[datetime, str, int]
"""An instant, with the file and line that tell it."""


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
    first_seen: Mapping[str, Sighting]
    rejects: Sequence[Refused | Unkept]
    """Rows that are refused, and columns that become nothing."""


def read_panel(folder: Path) -> Panel:
    """The panel in *folder*; raises ``SourceError`` where one of its files cannot be read."""
    if any(folder.glob("transaction_data.*")):
        raise SourceError(
            f"{folder}: this panel numbers its days and says no date; expected the tables of the"
            " package completejourney, which dates them: transactions.parquet or .csv and others"
        )
    rejects: list[Refused | Unkept] = []
    households = _keyed(
        located(folder, "households", "demographics"),
        Household,
        lambda row: row.household_id,
        rejects,
    )
    products = _keyed(located(folder, "products"), Product, lambda row: row.product_id, rejects)
    campaigns = _campaigns(folder, rejects)
    memberships = _memberships(folder, campaigns, rejects)
    redeemed = _redeemed(folder, campaigns, memberships, rejects)
    first_seen, visits = _looked_through(folder, redeemed)
    for member in memberships.values():
        mailed_at = local(campaigns[member.row.campaign_id].row.start_date)
        _see(first_seen, member.row.household_id, (mailed_at, member.source, member.line))
    rejects.extend(
        found.refused(f"household {key} has neither a campaign nor a basket: nothing dates it")
        for key, found in households.items()
        if key not in first_seen
    )
    names = {key: one.row.product_type or one.row.product_category for key, one in products.items()}
    return Panel(
        households=households,
        campaigns=campaigns,
        members=_by_campaign(memberships.values()),
        products=names,
        redemptions=_placed(redeemed, visits),
        first_seen=first_seen,
        rejects=rejects,
    )


def _keyed(
    path: Path, kind: type[R], key: Callable[[R], K], rejects: list[Refused | Unkept]
) -> dict[K, Found[R]]:
    """The rows of a file by their key; a key that comes again is refused."""
    rows: dict[K, Found[R]] = {}
    for found in read(path, kind):
        if not isinstance(found, Found):
            rejects.append(found)
        elif (first := rows.setdefault(key(found.row), found)) is not found:
            rejects.append(found.refused(f"the same stands on line {first.line} already"))
    return rows


def _campaigns(folder: Path, rejects: list[Refused | Unkept]) -> dict[str, Found[Campaign]]:
    sound: dict[str, Found[Campaign]] = {}
    found = _keyed(
        located(folder, "campaign_descriptions", "campaigns"),
        Campaign,
        lambda row: row.campaign_id,
        rejects,
    )
    for key, campaign in found.items():
        if campaign.row.end_date < campaign.row.start_date:
            rejects.append(campaign.refused("end_date: expected a day not before start_date"))
        else:
            sound[key] = campaign
    return sound


def _memberships(
    folder: Path, campaigns: Mapping[str, Found[Campaign]], rejects: list[Refused | Unkept]
) -> dict[tuple[str, str], Found[Membership]]:
    sound: dict[tuple[str, str], Found[Membership]] = {}
    for key, member in _keyed(
        located(folder, "memberships", "campaigns"), Membership, _pair, rejects
    ).items():
        if member.row.campaign_id not in campaigns:
            rejects.append(member.refused(f"there is no campaign {member.row.campaign_id}"))
        else:
            sound[key] = member
    return sound


def _redeemed(
    folder: Path,
    campaigns: Mapping[str, Found[Campaign]],
    memberships: Mapping[tuple[str, str], Found[Membership]],
    rejects: list[Refused | Unkept],
) -> list[Found[Redemption]]:
    sound: list[Found[Redemption]] = []
    for found in _keyed(
        located(folder, "redemptions", "coupon_redemptions"), Redemption, lambda row: row, rejects
    ).values():
        row = found.row
        if _pair(row) not in memberships:
            reason = f"household {row.household_id} is no member of campaign {row.campaign_id}"
            rejects.append(found.refused(reason))
        elif row.redemption_date < campaigns[row.campaign_id].row.start_date:
            reason = (
                f"redemption_date: expected a day on which campaign {row.campaign_id} had begun"
            )
            rejects.append(found.refused(reason))
        else:
            sound.append(found)
    return sound


def _pair(row: Membership | Redemption) -> tuple[str, str]:
    return row.campaign_id, row.household_id


def _by_campaign(memberships: Iterable[Found[Membership]]) -> dict[str, list[Found[Membership]]]:
    members: dict[str, list[Found[Membership]]] = defaultdict(list)
    for member in memberships:
        members[member.row.campaign_id].append(member)
    return members


def _see(first_seen: dict[str, Sighting], household: str, seen: Sighting) -> None:
    first_seen[household] = min(first_seen.get(household, seen), seen)


def _looked_through(
    folder: Path, redeemed: Iterable[Found[Redemption]]
) -> tuple[dict[str, Sighting], Mapping[tuple[str, date], Visit]]:
    """Each household's first basket, and its basket on each day of a redemption."""
    first: dict[str, Sighting] = {}
    wanted = {(found.row.household_id, found.row.redemption_date) for found in redeemed}
    visits: dict[tuple[str, date], Visit] = {}
    for basket in baskets(folder):
        if not isinstance(basket, Basket):
            continue  # reported when the baskets are imported
        line = basket.lines[0]
        household = basket.first.household_id
        _see(first, household, (basket.first.at, line.source, line.line))
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
