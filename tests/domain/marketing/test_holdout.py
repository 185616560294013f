"""The control group: a pure function of salt and identity, spread evenly."""

from decimal import Decimal
from math import sqrt
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmcore.domain.kernel import InvalidValueError, derived_id
from crmcore.domain.marketing.holdout import BUCKETS, Holdout, bucket
from tests.scenario import uid

PEOPLE = [derived_id("customer", str(number)) for number in range(4_000)]
percents = st.decimals(0, 100, places=2)
salts = st.text(st.characters(categories=["L", "N", "S"]), min_size=1, max_size=20)


def test_INV_M6_the_buckets_of_the_past_never_change() -> None:
    """Golden values: were they to change, people would move between the groups."""
    assert bucket("spring", uid(1)) == 7929668998662113953
    assert bucket("spring", uid(2)) == 3767949729370666095
    assert bucket("", uid(1)) == 11733058034377613717


@given(salt=salts, subject=st.uuids(), percent=percents)
def test_INV_M6_assignment_follows_from_salt_and_subject_alone(
    salt: str, subject: UUID, percent: Decimal
) -> None:
    one, other = (
        Holdout(percent=percent, salt=salt),
        Holdout(percent=percent, salt=salt),
    )
    assert one.keeps_out(subject) == other.keeps_out(subject)
    assert 0 <= bucket(salt, subject) < BUCKETS


@given(salt=salts, subject=st.uuids(), percents=st.tuples(percents, percents))
def test_INV_M6_a_larger_control_group_contains_the_smaller_one(
    salt: str, subject: UUID, percents: tuple[Decimal, Decimal]
) -> None:
    small, large = (Holdout(percent=one, salt=salt) for one in sorted(percents))
    assert large.keeps_out(subject) or not small.keeps_out(subject)


@given(salt=st.text("abcdef0123456789", min_size=1, max_size=8), percent=st.integers(5, 95))
@settings(max_examples=25, deadline=None)
def test_INV_M6_the_share_lies_within_binomial_bounds(salt: str, percent: int) -> None:
    """Sample ratio: within 5 standard deviations (one failure in 1.7 million examples)."""
    holdout = Holdout(percent=Decimal(percent), salt=salt)
    share = percent / 100
    kept_out = sum(holdout.keeps_out(one) for one in PEOPLE)
    assert abs(kept_out - len(PEOPLE) * share) < 5 * sqrt(len(PEOPLE) * share * (1 - share))


def test_different_salts_draw_different_groups() -> None:
    ten = Decimal(10)
    groups = [
        {one for one in PEOPLE if Holdout(percent=ten, salt=salt).keeps_out(one)}
        for salt in ("spring", "autumn")
    ]
    both = len(groups[0] & groups[1])
    assert both < 80  # 40 are to be expected of 4,000


def test_nobody_and_everybody() -> None:
    assert not any(Holdout(percent=Decimal(0), salt="x").keeps_out(one) for one in PEOPLE)
    assert all(Holdout(percent=Decimal(100), salt="x").keeps_out(one) for one in PEOPLE)


@pytest.mark.parametrize("percent", [Decimal("-0.1"), Decimal("100.1")], ids=str)
def test_a_share_lies_between_0_and_100_percent(percent: Decimal) -> None:
    with pytest.raises(InvalidValueError, match="percent"):
        Holdout(percent=percent)
