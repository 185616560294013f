"""Targets in business days: to the same clock time, or by the close of a day.

Office hours are 09:00 to 17:00 UTC from Monday to Friday; 2026-01-05 is a Monday.
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.kernel.working_time import ELAPSED, BusinessCalendar, Holiday, between, weekly
from crmcore.domain.service.levels.allowance import allowance, due
from crmcore.domain.service.levels.clock import Pause, Verdict
from crmcore.domain.service.levels.policy import PauseCategory, ServiceTarget
from tests.domain.service.case_examples import opened, pended, resumed, solved
from tests.domain.service_levels.examples import (
    BERLIN,
    NIGHT,
    OFFICE,
    SOLUTION,
    UPDATE,
    WAITING,
    a_clock,
    attach,
    but,
    clock_of,
    hours,
    in_days,
    minutes,
    notifications,
    on,
    replace,
    status_of,
    warn,
)
from tests.scenario import START, at

DAY_AND_NIGHT = BusinessCalendar(
    name="days", zone="Europe/Berlin", weekly=weekly("Mon-Fri 00:00-24:00")
)
EARLY_FRIDAY = BusinessCalendar(
    name="early friday", zone="UTC", weekly=weekly("Mon-Thu 09:00-17:00", "Fri 09:00-12:00")
)
FREE_TUESDAY = but(OFFICE, holidays=(Holiday(day=on("2026-01-06 00:00").date()),))


def history(promise: ServiceTarget, *, since: datetime = START) -> list[Any]:
    return [opened(at=since), attach(since, promise)]


@pytest.mark.parametrize(
    ("calendar", "since", "days", "same_time", "close"),
    [
        pytest.param(
            OFFICE, "2026-01-05 11:20", 1, "2026-01-06 11:20", "2026-01-06 17:00", id="in-hours"
        ),
        pytest.param(
            OFFICE, "2026-01-09 11:20", 2, "2026-01-13 11:20", "2026-01-13 17:00", id="weekend"
        ),
        pytest.param(
            OFFICE, "2026-01-10 15:00", 1, "2026-01-13 09:00", "2026-01-13 17:00", id="on-a-day-off"
        ),
        pytest.param(
            OFFICE, "2026-01-05 20:00", 1, "2026-01-07 09:00", "2026-01-07 17:00", id="after-hours"
        ),
        pytest.param(
            OFFICE, "2026-01-05 17:00", 0, "2026-01-06 09:00", "2026-01-06 17:00", id="at-closing"
        ),
        pytest.param(
            OFFICE, "2026-01-05 11:20", 0, "2026-01-05 11:20", "2026-01-05 17:00", id="none"
        ),
        pytest.param(
            FREE_TUESDAY,
            "2026-01-05 11:20",
            1,
            "2026-01-07 11:20",
            "2026-01-07 17:00",
            id="holiday",
        ),
        pytest.param(
            EARLY_FRIDAY,
            "2026-01-08 16:00",
            1,
            "2026-01-09 16:00",  # when nobody works any more
            "2026-01-09 12:00",
            id="a-short-day",
        ),
        pytest.param(
            DAY_AND_NIGHT,
            "2026-03-26 10:00",  # 11:00 in Berlin, before clocks go forward
            5,
            "2026-04-02 09:00",  # 11:00 in Berlin: 24-hour days would be an hour off
            "2026-04-02 22:00",
            id="clocks-go-forward",
        ),
        pytest.param(
            DAY_AND_NIGHT,
            "2026-10-22 09:00",
            2,
            "2026-10-26 10:00",
            "2026-10-26 23:00",
            id="clocks-go-back",
        ),
    ],
)
def test_days_are_counted_from_the_first_working_instant(
    calendar: BusinessCalendar, since: str, days: int, same_time: str, close: str
) -> None:
    promise = in_days(business_days=days, calendar=calendar.name)
    by_close = in_days(close_of_business_day=days, calendar=calendar.name)
    assert due(promise, calendar, on(since)) == on(same_time)
    assert due(by_close, calendar, on(since)) == on(close)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="none"),
        pytest.param({"within": hours(1), "business_days": 1}, id="hours-and-days"),
        pytest.param({"business_days": 1, "close_of_business_day": 1}, id="both-kinds-of-days"),
    ],
)
def test_a_target_says_in_one_way_how_much_time_there_is(given: Any) -> None:
    with pytest.raises(InvalidValueError, match="either within, or business_days, or close_of"):
        in_days(**given)


def test_what_days_allow_is_the_working_time_until_then() -> None:
    case = history(in_days(close_of_business_day=1, warnings=(warn(50),)))
    found = clock_of(case)
    assert (found.within, found.due_at) == (hours(16), at(days=1, hours=8))
    assert status_of(case, at(hours=10)).elapsed == hours(8)
    assert status_of(case, at(hours=10)).remaining == hours(8)
    assert notifications(case, at(days=3)) == [
        (SOLUTION, "50 %", at(hours=8)),
        (SOLUTION, "breach", at(days=1, hours=8)),
    ]


def test_working_time_that_is_used_up_before_the_instant_named_leaves_the_target_running() -> None:
    """A case of Thursday afternoon, due on Friday at 16:00, when the office closed at noon."""
    since, due_at = on("2026-01-08 16:00"), on("2026-01-09 16:00")
    promise = in_days(business_days=1, calendar=EARLY_FRIDAY.name, warnings=(warn(100),))
    found = clock_of([opened(at=since), attach(since, promise, calendar=EARLY_FRIDAY)])
    assert (found.within, found.due_at) == (hours(4), due_at)
    assert found.status(on("2026-01-09 15:00")).remaining == timedelta(0)
    assert found.verdict(due_at) is Verdict.RUNNING
    assert found.verdict(due_at + minutes(1)) is Verdict.BREACHED
    assert [one.at for one in found.escalations()] == [due_at, due_at]
    assert but(found, completed_at=due_at).verdict(due_at) is Verdict.MET


@pytest.mark.parametrize(
    ("since", "until", "due_at"),
    [
        pytest.param(at(hours=1), at(hours=3), at(days=2, hours=2), id="by-the-hours-of-the-pause"),
        pytest.param(at(hours=9), at(hours=20), at(days=1, hours=8), id="outside-of-hours"),
        pytest.param(at(days=1, hours=8), at(days=9), at(days=1, hours=8), id="too-late"),
        pytest.param(at(hours=1), None, None, id="as-long-as-it-lasts"),
    ],
)
def test_a_pause_moves_the_end_of_the_day_by_its_working_time(
    since: datetime, until: datetime | None, due_at: datetime | None
) -> None:
    case = history(in_days(close_of_business_day=1, pauses=WAITING))
    case += [pended(since), *([] if until is None else [resumed(until)])]
    assert clock_of(case).due_at == due_at


def test_a_paused_target_in_days_tells_when_it_would_be_due() -> None:
    case = [*history(in_days(business_days=2, pauses=WAITING)), pended(at(hours=1))]
    found = status_of(case, at(hours=4))
    assert (found.elapsed, found.remaining) == (hours(1), hours(15))
    assert (found.next_escalation, found.due_if_resumed) == (None, at(days=2, hours=3))


def test_days_instead_of_hours_count_from_the_same_start() -> None:
    case = [
        *history(in_days(SOLUTION, within=hours(2))),
        replace(at(hours=1), in_days(business_days=1)),
        solved(at(days=1)),
    ]
    found = clock_of(case)
    assert (found.started_at, found.due_at) == (START, at(days=1))
    assert found.verdict(at(days=2)) is Verdict.MET


def test_each_update_is_due_so_many_days_after_the_one_before() -> None:
    promise = in_days(UPDATE, close_of_business_day=1, from_creation=True)
    assert clock_of([opened(), attach(START, promise)], kind=UPDATE, occurrence=0).due_at == at(
        days=1, hours=8
    )


def test_days_that_never_come_leave_a_target_that_is_never_due() -> None:
    """Defined while there were enough: the policy's check is of the time of defining."""
    over = BusinessCalendar(
        name="over", zone="UTC", weekly=weekly("Mon 09:00-17:00"), holidays=OFF_FOR_TEN_YEARS
    )
    promise = in_days(business_days=2, calendar="over")
    allowed = allowance(promise, over, START)
    found = a_clock(START, allowed.within, over)
    assert (allowed.until, found.due_at) == (None, None)
    assert found.verdict(at(days=900)) is Verdict.RUNNING


OFF_FOR_TEN_YEARS = tuple(
    Holiday(day=(START + timedelta(weeks=week)).date()) for week in range(1, 700)
)
CALENDARS = (OFFICE, BERLIN, NIGHT, ELAPSED, DAY_AND_NIGHT, EARLY_FRIDAY)
minute = st.integers(0, 14 * 24 * 60)


@given(
    st.sampled_from(CALENDARS),
    minute,
    st.integers(0, 5),
    st.booleans(),
    st.lists(minute, max_size=4, unique=True).map(sorted),
    st.lists(minute, min_size=1, max_size=4),
)
@settings(deadline=None, max_examples=150)
def test_INV_S3_used_and_left_are_what_the_days_allow_whatever_pauses_there_are(
    calendar: BusinessCalendar,
    start: int,
    days: int,
    close: bool,
    edges: list[int],
    asked_at: list[int],
) -> None:
    first = datetime.fromisoformat("2026-03-22T00:00Z")  # a week before clocks change in Berlin
    since = first + minutes(start)
    promise = in_days(calendar=calendar.name, business_days=days)
    if close:
        promise = in_days(calendar=calendar.name, close_of_business_day=days)
    allowed, unpaused = allowance(promise, calendar, since), due(promise, calendar, since)
    pauses = [
        Pause(first + minutes(a), first + minutes(b))
        for a, b in zip(edges[::2], edges[1::2], strict=False)
    ]
    found = but(a_clock(since, allowed.within, calendar, pauses), until=allowed.until)
    assert but(found, pauses=()).due_at == unpaused >= since
    assert found.due_at is not None
    assert found.due_at >= unpaused
    assert found.used(found.due_at) == allowed.within == between(calendar, since, unpaused)
    for one in asked_at:
        status = found.status(first + minutes(one))
        assert status.elapsed + status.remaining == allowed.within
        if one >= start and status.verdict is not Verdict.BREACHED:
            assert status.remaining >= timedelta(0)


def test_only_waiting_stops_a_clock() -> None:
    with pytest.raises(
        InvalidValueError, match=r"pauses\[0\]: expected one of new, pending, on_hold"
    ):
        in_days(business_days=1, pauses=("solved",))
    assert [one.value for one in PauseCategory] == ["new", "pending", "on_hold"]
