"""Every row of other people's business time, by our conventions: the same answer, or why not."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from tests.domain.kernel.working_time_rows import Answer, Row, rows

ROWS = list(rows())

WHOLE_SECONDS = "rounds to whole seconds; ours is exact to the microsecond"
WALL_CLOCK = "counts what clocks show when they are put back; ours is the time that passes"
BEFORE_MIDNIGHT = "a day up to 24:00 closes a second early; ours closes at midnight"
LAST_DAY_COUNTS = (
    "counts the last day and not the first; our ranges include the first, not the last"
)
STAYS_ON_A_HOLIDAY = "adds no days to a day off and stays there; ours is the next business day"
EXTRA_DAYS_LOST = "loses extra working dates in whole weeks, so that parts do not add up; ours do"


def exact(**seconds: float) -> dict[str, Answer]:
    return {f"working_hours-{row[1:]}": timedelta(seconds=s) for row, s in seconds.items()}


def days(**numbers: int) -> dict[str, Answer]:
    return {f"gocardless-{row[1:]}": number for row, number in numbers.items()}


MIDNIGHT = datetime(2014, 4, 8, tzinfo=UTC)
DIFFERING: dict[str, dict[str, Answer]] = {
    WHOLE_SECONDS: {
        **exact(
            _37=21600.0002, _45=624.02, _55=-0.5, _56=0.5, _57=-0.5, _60=0.5, _61=0.25, _62=0.5
        ),
        **exact(_63=0.25, _64=0.75, _65=0.25, _67=0.25, _68=-0.75, _69=-0.25, _70=-0.75, _71=-0.25),
        **exact(_73=0.75, _74=-0.25, _75=-0.25, _76=-0.5),
        "working_hours-129": datetime(1991, 11, 18, 9, 1, 42, 650_000, tzinfo=UTC),
    },
    WALL_CLOCK: {"working_hours-46": timedelta(hours=25)},
    BEFORE_MIDNIGHT: {f"working_hours-{row}": MIDNIGHT for row in (179, 180, 181)},
    LAST_DAY_COUNTS: {"working_hours-103": 1, "working_hours-104": 0},
    STAYS_ON_A_HOLIDAY: {"working_hours-15": date(2014, 4, 8)},
    EXTRA_DAYS_LOST: {
        **days(_38=12, _41=9, _45=9, _47=6, _49=10, _51=9, _61=12, _65=7, _66=9, _73=5),
        **days(_113=12, _116=9, _120=9, _122=6, _124=10, _126=9, _136=12, _140=7, _141=9, _148=5),
    },
}
OURS = {row: ours for table in DIFFERING.values() for row, ours in table.items()}


@pytest.mark.parametrize("row", [row for row in ROWS if row.id not in OURS], ids=lambda row: row.id)
def test_where_conventions_agree_the_answer_is_theirs(row: Row) -> None:
    assert row.ours() == row.theirs


@pytest.mark.parametrize("row", [row for row in ROWS if row.id in OURS], ids=lambda row: row.id)
def test_where_they_differ_the_answer_is_by_ours_and_not_theirs(row: Row) -> None:
    assert row.ours() == OURS[row.id]
    assert OURS[row.id] != row.theirs


def test_every_row_is_asked_and_each_exception_is_one() -> None:
    ids = Counter(row.id for row in ROWS)
    assert set(ids.values()) == {1}
    assert set(OURS) <= set(ids)
    assert sum(len(table) for table in DIFFERING.values()) == len(OURS)
    sources = Counter(each.partition("-")[0] for each in ids)
    # a row of Frappe's asks for one to four facts: its 15 rows are 29 here
    assert sources == {
        "working_hours": 184,
        "gocardless": 151,
        "frappe": 29,
        "businesstimedelta": 5,
    }


def test_the_days_that_gocardless_loses_are_in_its_own_parts() -> None:
    """28 June to 4 July, and the day after, are five days; the whole week is four."""
    theirs = {row.id: row.theirs for row in ROWS}
    parts = (theirs["gocardless-69"], theirs["gocardless-39"])
    assert (*parts, theirs["gocardless-73"]) == (4, 1, 4)
