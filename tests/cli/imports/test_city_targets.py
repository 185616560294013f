"""The targets of a city, counted again: in business days, which hours of work cannot tell."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from crmcore import calendars
from crmcore.cli.importers import boston311
from crmcore.cli.importers.row import Planned
from crmcore.commands import OpenCase, ServiceTarget, TargetKind
from crmcore.domain.service.levels.allowance import due

REQUESTS: Final = Path(__file__).parents[3] / "examples" / "data" / "boston311"
OFFICE: Final = calendars.BusinessCalendar(
    name="office",
    zone="UTC",  # 04:30 in Boston in summer, 03:30 in winter: so the city's files have it
    weekly=calendars.weekly("Mon-Fri 08:30-17:00"),
    holidays=calendars.public_holidays("US", range(2010, 2030), subdivision="MA"),
)
DAY_OF_WORK: Final = timedelta(hours=8, minutes=30)
BUSINESS_DAYS: Final[Mapping[str, int]] = {
    "Parking Enforcement": 1,
    "Requests for Street Cleaning": 1,
    "CE Collection": 1,
    "Improper Storage of Trash (Barrels)": 2,
    "Missed Trash/Recycling/Yard Waste/Bulk Item": 1,
    "Request for Pothole Repair": 1,
    "Street Light Outages": 10,
    "Pick up Dead Animal": 1,
    "Request for Recycling Cart": 15,
    "Sign Repair": 10,
    "Abandoned Vehicles": 12,
    "Poor Conditions of Property": 3,
    "Ground Maintenance": 5,
    "Recycling Cart Return": 5,
    "Sidewalk Repair (Make Safe)": 1,
    "Request for Snow Plowing": 2,
    "Empty Litter Basket": 1,
    "Equipment Repair": 5,
    "Sticker Request": 1,
    "Graffiti Removal": 45,
    "Illegal Dumping": 1,
}
"""The commonest types that the city counts so; others (rodents, trees) count elapsed days."""


def target(**told: Any) -> ServiceTarget:
    return ServiceTarget(kind=TargetKind.RESOLUTION, calendar=OFFICE.name, **told)


def to_the_minute(found: datetime, wanted: datetime | None) -> bool:
    return wanted is not None and abs(found - wanted) <= timedelta(minutes=1)


def test_business_days_give_the_citys_targets_and_hours_of_work_do_not() -> None:
    asked = in_days = in_hours = 0
    for row in boston311.commands(REQUESTS):
        case = row.command if isinstance(row, Planned) else None
        if not isinstance(case, OpenCase) or case.resolve_by is None:
            continue
        days = BUSINESS_DAYS.get(case.request_type or "")
        if days is None:
            continue
        asked += 1
        found = due(target(business_days=days), OFFICE, case.at)
        in_days += to_the_minute(found, case.resolve_by)
        found = due(target(within=days * DAY_OF_WORK), OFFICE, case.at)
        in_hours += to_the_minute(found, case.resolve_by)
    assert asked > 3_000
    assert in_days > 0.93 * asked
    assert in_hours < 0.55 * asked
