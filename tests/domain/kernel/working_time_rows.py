"""Rows of other people's business time: what they were asked, what they answered, what we do.

See tests/fixtures/business_hours/README.md for where they come from.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import attrs

from crmcore.domain.kernel import working_time as wt

FIXTURES: Final = Path(__file__).parents[2] / "fixtures" / "business_hours"
WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Answer = datetime | date | timedelta | int | bool


@attrs.frozen
class Row:
    """What was asked of whom, their answer, and how ours is found."""

    id: str
    theirs: Answer
    ours: Callable[[], Answer]


def rows() -> Iterator[Row]:
    yield from working_hours()
    yield from gocardless()
    yield from businesstimedelta()
    yield from frappe()


def fixture(name: str) -> Any:
    return json.loads((FIXTURES / f"{name}.json").read_text(encoding="utf-8"))


def calendar(
    zone: str,
    week: Mapping[str, Iterable[tuple[str, str]]],
    holidays: Iterable[str] = (),
    shifted: Mapping[str, Iterable[tuple[str, str]]] | None = None,
) -> wt.BusinessCalendar:
    return wt.BusinessCalendar(
        name="rows",
        zone=zone,
        weekly=tuple(
            wt.OpeningHours(weekday=WEEKDAYS.index(day) + 1, opens=opens, closes=closes)
            for day, hours in week.items()
            for opens, closes in hours
        ),
        holidays=tuple(wt.Holiday(day=date.fromisoformat(day)) for day in holidays),
        shifted=tuple(
            wt.ShiftedDay(
                day=date.fromisoformat(day),
                hours=tuple(wt.DayHours(opens=opens, closes=closes) for opens, closes in hours),
            )
            for day, hours in (shifted or {}).items()
        ),
    )


def day_of(c: wt.BusinessCalendar, text: str) -> date:
    """The date that is written, or that the calendar's clocks show at the instant that is."""
    return date.fromisoformat(text) if len(text) == 10 else wt.local_date(c, instant(text))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def local(text: str) -> datetime:
    """A local time of a calendar in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# Intrepidd/working_hours: instants in, rounded seconds or instants out


def working_hours() -> Iterator[Row]:
    told = fixture("working_hours")
    calendars = [
        calendar(
            config["time_zone"],
            {day: hours.items() for day, hours in config["working_hours"].items()},
            config["holidays"],
            {day: hours.items() for day, hours in config["holiday_hours"].items()},
        )
        for config in told["configs"]
    ]
    for number, row in enumerate(told["rows"]):
        c, op, args = calendars[row["config"]], row["op"], row["args"]
        theirs, ours = row["expected"], WORKING_HOURS[op]
        if op == "working_time_between":
            theirs = timedelta(seconds=theirs)
        elif isinstance(theirs, dict):
            theirs = instant(theirs["utc"])
        elif isinstance(theirs, str):
            theirs = date.fromisoformat(theirs)
        yield Row(f"working_hours-{number}", theirs, lambda c=c, f=ours, a=args: f(c, *a))  # type: ignore[misc]


def add_days(c: wt.BusinessCalendar, text: str, days: int) -> Answer:
    day = wt.add_business_days(c, day_of(c, text), days)
    return day if len(text) == 10 else wt.same_time_on(c, day, instant(text))


WORKING_HOURS: Final[Mapping[str, Callable[..., Answer]]] = {
    "working_time_between": lambda c, a, b: wt.between(c, instant(a), instant(b)),
    "advance_to_closing_time": lambda c, a: wt.next_close(c, instant(a)),
    "advance_to_working_time": lambda c, a: wt.next_open(c, instant(a)),
    "return_to_working_time": lambda c, a: wt.subtract(c, instant(a), timedelta(0)),
    "next_working_time": lambda c, a: wt.next_opening(c, instant(a)),
    "in_working_hours?": lambda c, a: wt.is_open(c, instant(a)),
    "working_day?": lambda c, a: wt.is_business_day(c, day_of(c, a)),
    "working_days_between": lambda c, a, b: wt.business_days_between(c, day_of(c, a), day_of(c, b)),
    "add_days": add_days,
    "add_hours": lambda c, a, n: wt.add(c, instant(a), timedelta(hours=n)),
    "add_minutes": lambda c, a, n: wt.add(c, instant(a), timedelta(minutes=n)),
    "add_seconds": lambda c, a, n: wt.add(c, instant(a), timedelta(seconds=n)),
}


# gocardless/business: dates (or midnights of UTC) in and out


def gocardless() -> Iterator[Row]:
    told = fixture("gocardless_business")
    all_day = [("00:00", "24:00")]
    calendars = [
        calendar(
            "UTC",
            dict.fromkeys(config["working_days"], all_day),
            config["holidays"],
            dict.fromkeys(config["extra_working_dates"], all_day),
        )
        for config in told["configs"]
    ]
    for number, row in enumerate(told["rows"]):
        c, ours, theirs = calendars[row["config"]], GOCARDLESS[row["op"]], row["expected"]
        args = [day_of(c, one) if isinstance(one, str) else one for one in row["args"]]
        if isinstance(theirs, str):
            theirs = day_of(c, theirs)
        yield Row(f"gocardless-{number}", theirs, lambda c=c, f=ours, a=args: f(c, *a))  # type: ignore[misc]


GOCARDLESS: Final[Mapping[str, Callable[..., Answer]]] = {
    "business_day?": wt.is_business_day,
    "roll_forward": wt.roll_forward,
    "roll_backward": wt.roll_backward,
    "next_business_day": wt.next_business_day,
    "previous_business_day": wt.previous_business_day,
    "add_business_days": wt.add_business_days,
    "subtract_business_days": wt.subtract_business_days,
    "business_days_between": wt.business_days_between,
}


# businesstimedelta: hours with a lunch break, Monday to Friday


def businesstimedelta() -> Iterator[Row]:
    for number, row in enumerate(fixture("businesstimedelta")["rows"]):
        (opens, closes), (stops, resumes) = row["hours"], row["breaks"]
        week = {day: [(opens, stops), (resumes, closes)] for day in WEEKDAYS[:5]}
        c = calendar(row["tz"], week, row.get("holidays", ()))
        start = local(row["start"]) if "-08:00" not in row["start"] else instant(row["start"])
        if row["op"] == "elapsed":
            end = local(row["end"]) if "-08:00" not in row["end"] else instant(row["end"])
            theirs: Answer = timedelta(hours=row["expected_hours"])
            yield Row(
                f"businesstimedelta-{number}",
                theirs,
                lambda c=c, a=start, b=end: wt.between(c, a, b),  # type: ignore[misc]
            )
        else:
            ask = {"add": wt.add, "subtract": wt.subtract}[row["op"]]
            amount = timedelta(hours=row[f"{row['op']}_hours"])
            yield Row(
                f"businesstimedelta-{number}",
                instant(row["expected"]),
                lambda c=c, f=ask, a=start, n=amount: f(c, a, n),  # type: ignore[misc]
            )


# Frappe: targets of service levels, with holds; its calendars have no zone


def frappe() -> Iterator[Row]:
    told = fixture("frappe_sla")
    for row in told["cases"]:
        c, created = calendar("UTC", told["hours"], row["holidays"]), local(row["created_at"])
        for target, minutes in row["sla_minutes"].items():
            yield Row(
                f"frappe-{row['id']}: {target}",
                local(row["expected"][f"{target}_due"]),
                lambda c=c, a=created, n=minutes: wt.add(c, a, timedelta(minutes=n)),  # type: ignore[misc]
            )
    for row in told["hold_time_cases"]:
        yield from held(row, calendar("UTC", told["hours"], row.get("holidays", ())))
    for number, row in enumerate(told["arithmetic_cases"]):
        c = calendar("UTC", {d: [row["hours"]] for d in WEEKDAYS[:5]}, row.get("holidays", ()))
        start = local(row["start"])
        if row["op"] == "due":
            theirs, n = local(row["expected"]), timedelta(seconds=row["seconds"])
            yield Row(
                f"frappe-arithmetic-{number}",
                theirs,
                lambda c=c, a=start, n=n: wt.add(c, a, n),  # type: ignore[misc]
            )
        else:
            elapsed, end = timedelta(seconds=row["expected"]), local(row["end"])
            yield Row(
                f"frappe-arithmetic-{number}",
                elapsed,
                lambda c=c, a=start, b=end: wt.between(c, a, b),  # type: ignore[misc]
            )


SOLUTION: Final = {"Urgent": timedelta(hours=2), "High": timedelta(hours=4)}


def held(row: Any, c: wt.BusinessCalendar) -> Iterator[Row]:
    """What a case on hold comes to: its pauses are working time, added to the target."""
    name, created = f"frappe-{row['id']}", local(row["created_at"])
    target, told = SOLUTION[row["priority"]], {**row, **row.get("expected", {})}
    paused, resolved = pauses(row, c)
    if "total_hold_seconds" in row:
        paused = timedelta(seconds=row["total_hold_seconds"])
    due = wt.add(c, created, target + paused)
    facts: Mapping[str, Answer | None] = {
        "solution_due_before": wt.add(c, created, target),
        "solution_due": wt.add(c, created, target),
        "expected_solution_due": due,
        "solution_due_after_reopen": due,
        "total_hold_seconds": paused,
        "elapsed_working_seconds": resolved and wt.between(c, created, resolved),
        "resolution_seconds": resolved and wt.between(c, created, resolved) - paused,
    }
    for fact, ours in facts.items():
        if fact in told and ours is not None:
            value = told[fact]
            theirs = local(value) if isinstance(value, str) else timedelta(seconds=value)
            yield Row(f"{name}: {fact}", theirs, lambda answer=ours: answer)  # type: ignore[misc]


def pauses(row: Any, c: wt.BusinessCalendar) -> tuple[timedelta, datetime | None]:
    """The working time on hold, and when the case was solved."""
    total, since, resolved = timedelta(0), None, None
    for text, what in row.get("history", ()):
        if what.startswith("paused"):
            since = local(text)
        elif what == "open" and since is not None:
            total, since = total + wt.between(c, since, local(text)), None
        elif what == "resolved":
            resolved = local(text)
    return total, resolved
