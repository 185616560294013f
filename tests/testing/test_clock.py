"""The clock of tests: it stands where it is set, and goes back only where it is told to."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from crmcore.errors import InvalidValueError
from crmcore.testing import Clock
from tests.scenario import START, at


def test_it_stands_still_until_it_is_moved() -> None:
    clock = Clock(START)
    assert (clock(), clock()) == (START, START)
    assert clock.advance(timedelta(hours=1), minutes=30) == clock() == at(hours=1.5)
    assert clock.set(at(days=1)) == clock() == at(days=1)


def test_it_may_tick() -> None:
    clock = Clock(START, tick=timedelta(seconds=1))
    assert (clock(), clock()) == (at(seconds=1), at(seconds=2))


def test_it_goes_back_where_that_is_meant() -> None:
    clock = Clock(START)
    with pytest.raises(ValueError, match="the clock would go back from 2026-01-05T09"):
        clock.set(at(hours=-1))
    with pytest.raises(ValueError, match="say back=True"):
        clock.advance(hours=-1)
    assert clock() == START
    assert clock.set(at(hours=-1), back=True) == clock() == at(hours=-1)


@pytest.mark.parametrize("given", [datetime(2026, 1, 5), "2026-01-05", None], ids=str)  # noqa: DTZ001
def test_an_instant_without_a_zone_is_refused(given: datetime) -> None:
    with pytest.raises(InvalidValueError, match="an instant"):
        Clock(given)
    with pytest.raises(InvalidValueError, match="an instant"):
        Clock().set(given)


def test_another_zone_is_the_same_instant() -> None:
    berlin = timezone(timedelta(hours=1))
    clock = Clock(START)
    clock.set(datetime(2026, 1, 5, 10, tzinfo=berlin))
    assert clock() == START == datetime(2026, 1, 5, 9, tzinfo=UTC)


def test_a_tick_cannot_go_back() -> None:
    with pytest.raises(ValueError, match="tick"):
        Clock(tick=timedelta(seconds=-1))
