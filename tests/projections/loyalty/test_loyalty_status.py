"""Loyalty status: points for what was kept of each purchase, a tier for a year's spending."""

from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

import crmcore
from crmcore import commands as ask
from crmcore.domain.kernel import Command, InvalidValueError
from crmcore.domain.kernel.currencies import _DIGITS
from crmcore.domain.loyalty.program import (
    STANDARD_PROGRAM,
    LoyaltyProgram,
    Tier,
    a_year_before,
)
from crmcore.policies import Policies
from crmcore.projections.loyalty.loyalty_status import LOYALTY_STATUS
from tests.histories import CUSTOMERS, Clock, histories, send
from tests.projections.conftest import Tell
from tests.projections.contract import fresh
from tests.projections.examples import ANN, BEN, at, back, known, order
from tests.projections.naive import counts, loyalty_of
from tests.scenario import uid

MAY = at("2025-05-01T12:00")
DAY = timedelta(days=1)


def status(crm: crmcore.CRM, now: datetime) -> Any:
    found = crm.read.loyalty.get(ANN, now=now)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("net", "points"),
    [("0", 0), ("0.99", 0), ("1", 1), ("19.90", 19), ("19.99", 19), ("500", 500)],
)
def test_INV_Y5_a_purchase_earns_its_net_rounded_down(
    crm: crmcore.CRM, tell: Tell, net: str, points: int
) -> None:
    tell(*known(ANN), order(1, net, MAY))
    assert status(crm, MAY).points == points


def test_INV_Y5_tax_delivery_and_discount_earn_nothing(crm: crmcore.CRM, tell: Tell) -> None:
    line = ask.OrderLine(
        line=1,
        product="tea",
        quantity=Decimal(1),
        goods=crmcore.Money(Decimal(100), "EUR"),
        tax=crmcore.Money(Decimal(19), "EUR"),
    )
    extras: dict[str, Any] = {
        "discount": crmcore.Money(Decimal(10), "EUR"),
        "delivery": crmcore.Money(Decimal(5), "EUR"),
    }
    tell(*known(ANN), order(1, "1", MAY, lines=(line,), **extras))
    assert (status(crm, MAY).points, status(crm, MAY).year_spending) == (90, Decimal(90))


@pytest.mark.parametrize(
    "parts", [("4",), ("1", "3"), ("1", "1", "1", "1"), ("0.5", "3.5"), ("0.001", "3.999")]
)
@pytest.mark.parametrize("net", ["19.90", "0.99", "3.99", "1500"])
def test_INV_Y4_a_purchase_returned_in_parts_gives_back_exactly_what_it_earned(
    crm: crmcore.CRM, tell: Tell, net: str, parts: tuple[str, ...]
) -> None:
    tell(*known(ANN), order(1, "100", MAY), order(2, net, MAY))
    for nth, pieces in enumerate(parts, 1):
        tell(back(2, pieces, MAY + nth * DAY, nth=nth))
    now = status(crm, MAY + 9 * DAY)
    assert (now.points, now.year_spending, now.lifetime_spending) == (100, 100, 100)


def test_a_return_in_part_leaves_the_points_of_what_is_kept(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), order(1, "19.90", MAY), back(1, "1", MAY + DAY))  # 4.98 of it comes back
    assert status(crm, MAY + DAY).points == 14  # 14.92, rounded down


def test_a_cancelled_order_never_counted(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), order(1, "600", MAY), order(2, "700", MAY, handed_over=False))
    assert status(crm, MAY).points == 1300
    tell(ask.CancelOrder(order_id=uid(2), reason="changed mind", at=MAY + DAY))
    now = status(crm, MAY + DAY)
    assert (now.points, now.orders, now.year_spending, now.tier) == (600, 1, 600, "silver")


@pytest.mark.parametrize(
    ("spent", "tier", "following", "missing"),
    [
        ("0", "bronze", "silver", "500"),
        ("499.99", "bronze", "silver", "0.01"),
        ("500", "silver", "gold", "1000"),
        ("1499.99", "silver", "gold", "0.01"),
        ("1500", "gold", "platinum", "2500"),
        ("3999.99", "gold", "platinum", "0.01"),
        ("4000", "platinum", None, None),
        ("9999", "platinum", None, None),
    ],
)
def test_EC_Y3_a_threshold_that_is_met_is_reached(
    crm: crmcore.CRM,
    tell: Tell,
    spent: str,
    tier: str,
    following: str | None,
    missing: str | None,
) -> None:
    tell(*known(ANN), order(1, spent, MAY))
    now = status(crm, MAY)
    assert (now.tier, now.next_tier) == (tier, following)
    assert now.to_next_tier == (None if missing is None else Decimal(missing))


def test_INV_Y6_the_tier_rises_with_spending_within_the_year(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN))
    tiers = []
    for month, net in enumerate(["300", "300", "1000", "2500"]):
        tell(order(month + 1, net, MAY + month * 30 * DAY))
        tiers.append(status(crm, MAY + month * 30 * DAY).tier)
    assert tiers == ["bronze", "silver", "gold", "platinum"]


def test_a_purchase_counts_until_the_same_instant_a_year_later(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*known(ANN), order(1, "500", MAY))
    anniversary = at("2026-05-01T12:00")
    assert status(crm, anniversary - timedelta(microseconds=1)).tier == "silver"
    assert status(crm, anniversary).tier == "bronze"
    assert status(crm, anniversary).points == 500  # points do not fade with the tier
    tell(order(2, "1", anniversary))
    (row,) = crm.read.query(select(LOYALTY_STATUS))
    assert (row["year_spending"], row["tier"], len(row["recent"])) == (1, "bronze", 1)


@pytest.mark.parametrize(
    ("bought", "last", "first_without"),
    [
        ("2024-02-29T12:00", "2025-02-28T23:59:59.999999", "2025-03-01"),
        ("2023-02-28T12:00", "2024-02-28T11:59:59.999999", "2024-02-28T12:00"),
        ("2023-03-01", "2024-02-29T23:59:59.999999", "2024-03-01"),
    ],
)
def test_EC_Y9_a_year_that_meets_a_leap_day(
    crm: crmcore.CRM, tell: Tell, bought: str, last: str, first_without: str
) -> None:
    tell(*known(ANN), order(1, "500", at(bought)))
    assert status(crm, at(last)).tier == "silver"
    assert status(crm, at(first_without)).tier == "bronze"


def test_EC_Y9_what_was_forgotten_on_28_february_stays_so_on_the_leap_day(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*known(ANN), order(1, "500", at("2023-02-28T12:00")))
    tell(order(2, "1", at("2024-02-28T13:00")))
    assert status(crm, at("2024-02-28T13:00")).year_spending == 1
    assert status(crm, at("2024-02-29T11:00")).year_spending == 1
    as_of = crm.read.loyalty.get(ANN, now=MAY, as_of=at("2024-02-29T11:00"))
    assert as_of is not None
    assert as_of.year_spending == 1


instants = st.datetimes(datetime(2023, 1, 1), datetime(2026, 1, 1)).map(  # noqa: DTZ001
    lambda naive: naive.replace(tzinfo=MAY.tzinfo)
)
around_leap_days = st.builds(
    lambda day, seconds: day + timedelta(seconds=seconds),
    st.sampled_from([at("2023-02-28"), at("2024-02-28"), at("2024-02-29"), at("2025-02-28")]),
    st.integers(-1, 2 * 86_400),
)


@given(instants | around_leap_days, instants | around_leap_days)
def test_EC_Y9_the_rolling_year_only_moves_forward(one: datetime, other: datetime) -> None:
    early, late = sorted((one, other))
    assert a_year_before(early) <= a_year_before(late)
    assert (a_year_before(late) < early) == counts(early, late)


def test_EC_Y11_a_backdated_purchase_counts_from_its_own_time(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), order(1, "400", MAY))
    tell(order(2, "200", MAY - 300 * DAY), order(3, "5000", MAY - 400 * DAY))
    now = status(crm, MAY)
    assert (now.tier, now.year_spending, now.lifetime_spending) == ("silver", 600, 5600)
    assert now.points == 5600
    assert now.first_purchase_at == MAY - 400 * DAY
    assert status(crm, MAY + 66 * DAY).year_spending == 400  # the backdated one is a year old


def test_EC_Y12_a_return_reduces_the_year_of_its_purchase(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), order(1, "1000", MAY), order(2, "600", MAY + 200 * DAY))
    later = MAY + 370 * DAY
    tell(back(1, "4", later))  # the purchase is over a year old by now
    now = status(crm, later)
    assert (now.year_spending, now.lifetime_spending, now.points) == (600, 600, 600)
    then: Any = crm.read.loyalty.get(ANN, now=later, as_of=MAY + 201 * DAY)
    assert (then.tier, then.year_spending) == ("gold", 1600)  # the return was yet to come


def test_EC_Y12_points_as_of_a_moment_leave_later_returns_out(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), order(1, "19.90", MAY), order(2, "100", MAY))
    tell(back(1, "1", MAY + 2 * DAY, nth=1))
    tell(back(1, "1", MAY + DAY, nth=2))  # told after the other, true before it
    then: Any = crm.read.loyalty.get(ANN, now=MAY, as_of=MAY + DAY)
    assert then.points == 114  # of 14.93
    assert status(crm, MAY + 2 * DAY).points == 109  # of 9.95


def test_EC_Y12_a_return_told_of_before_its_purchase_takes_nothing_away(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*known(ANN), order(1, "100", MAY - 9 * DAY), order(2, "50", MAY))
    just_before = MAY - timedelta(minutes=4)  # as clocks may differ: any earlier, it is refused
    tell(back(2, "4", just_before))
    then: Any = crm.read.loyalty.get(ANN, now=MAY, as_of=just_before)
    assert [then.points, then.year_spending] == [100, 100]


def test_EC_Y12_a_return_within_the_year_counts_at_the_purchase(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*known(ANN), order(1, "1000", MAY), order(2, "600", MAY + 200 * DAY))
    tell(back(1, "2", MAY + 300 * DAY))
    assert status(crm, MAY + 300 * DAY).year_spending == 1100
    assert status(crm, MAY + 366 * DAY).year_spending == 600  # purchase and return go together


def test_other_currencies_are_counted_and_earn_nothing(crm: crmcore.CRM, tell: Tell) -> None:
    dollars = order(2, "4000", MAY, currency="USD", handed_over=False)
    tell(*known(ANN), order(1, "10", MAY), dollars)
    (row,) = crm.read.query(select(LOYALTY_STATUS))
    assert (row["currency"], row["points"], row["orders"]) == ("EUR", 10, 1)
    assert row["other_currency_orders"] == 1
    tell(ask.CancelOrder(order_id=uid(2), reason="changed mind", at=MAY))
    (row,) = crm.read.query(select(LOYALTY_STATUS))
    assert (row["points"], row["orders"], row["other_currency_orders"]) == (10, 1, 0)


def ordered(number: int, net: str, when: datetime, currency: str = "EUR") -> ask.PlaceOrder:
    """An order that can be cancelled, as nothing has been shipped yet."""
    return order(number, net, when, currency=currency, handed_over=False)


def cancel(number: int, when: datetime = MAY + 9 * DAY) -> ask.CancelOrder:
    return ask.CancelOrder(order_id=uid(number), reason="changed mind", at=when)


def ship(number: int) -> ask.ShipOrder:
    return ask.ShipOrder(order_id=uid(number), shipment_id=uid(600 + number), at=MAY + 8 * DAY)


def rows(crm: crmcore.CRM) -> list[Any]:
    return list(crm.read.query(select(LOYALTY_STATUS)))


def test_who_cancelled_the_only_order_is_no_member(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), ordered(1, "600", MAY), cancel(1))
    assert crm.read.loyalty.get(ANN, now=MAY + 9 * DAY) is None
    assert rows(crm) == []
    assert sum(one.members for one in crm.read.loyalty.tiers()) == 0
    then = crm.read.loyalty.get(ANN, now=MAY, as_of=MAY + DAY)  # it was not cancelled yet
    assert then is not None
    assert then.points == 600
    tell(ordered(2, "5", MAY + 10 * DAY, "USD"))
    now = status(crm, MAY + 10 * DAY)
    assert (now.currency, now.points, now.orders) == ("USD", 5, 1)
    assert now.first_purchase_at == MAY + 10 * DAY


def test_a_cancelled_first_order_does_not_decide_the_currency_nor_the_first_purchase(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*known(ANN), ordered(1, "50", MAY, "USD"), order(2, "600", MAY + DAY))
    tell(order(3, "7", MAY + 2 * DAY, currency="USD"), back(2, "2", MAY + 3 * DAY))
    before = status(crm, MAY + 3 * DAY)
    assert (before.currency, before.points, before.orders) == ("USD", 57, 2)
    tell(cancel(1))
    now = status(crm, MAY + 9 * DAY)
    assert (now.currency, now.points, now.orders, now.tier) == ("EUR", 300, 1, "bronze")
    assert (now.year_spending, now.lifetime_spending) == (300, 300)
    assert now.first_purchase_at == MAY + DAY
    (row,) = rows(crm)
    assert row["other_currency_orders"] == 1


@pytest.mark.parametrize("split", [False, True], ids=["in one batch", "event by event"])
def test_the_next_purchase_is_the_first_when_those_before_it_are_cancelled(
    crm: crmcore.CRM, tell: Tell, split: bool
) -> None:
    history = [
        *known(ANN),
        ordered(1, "1", MAY),
        ordered(2, "2", MAY + DAY),
        ordered(3, "3", MAY + 2 * DAY),
        cancel(2),
        cancel(1),
        cancel(1),
    ]
    for part in [[one] for one in history] if split else [history]:
        tell(*part)
    now = status(crm, MAY + 9 * DAY)
    assert (now.first_purchase_at, now.points, now.orders) == (MAY + 2 * DAY, 3, 1)


def test_an_order_dated_before_the_first_one_decides_the_currency_when_it_arrives(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*known(ANN), order(1, "600", MAY))
    tell(ordered(2, "5", MAY - DAY, "USD"))
    assert (status(crm, MAY).currency, status(crm, MAY).points) == ("USD", 5)
    tell(cancel(2))
    assert (status(crm, MAY).currency, status(crm, MAY).points) == ("EUR", 600)


def test_of_two_purchases_at_one_instant_the_one_told_first_is_the_first(
    crm: crmcore.CRM, tell: Tell
) -> None:
    tell(*known(ANN), ordered(2, "5", MAY, "USD"), ordered(1, "600", MAY))
    assert status(crm, MAY).currency == "USD"
    tell(cancel(2))
    assert status(crm, MAY).currency == "EUR"


@pytest.mark.parametrize("final", [ship(1), None], ids=["shipped", "handed over"])
def test_of_many_purchases_only_those_that_may_be_the_first_are_remembered(
    crm: crmcore.CRM, tell: Tell, final: Any
) -> None:
    first = ordered(1, "1", MAY) if final else order(1, "1", MAY)
    many = [ordered(number, "1", MAY + number * DAY) for number in range(2, 40)]
    tell(*known(ANN), first, *many, *([final] if final else []))
    (row,) = rows(crm)
    assert len(row["first_purchases"]) == 1
    tell(*(cancel(number, MAY + 50 * DAY) for number in range(2, 40)))
    assert status(crm, MAY + 50 * DAY).first_purchase_at == MAY
    tell(ordered(50, "1", MAY - DAY))  # told late, and cancelled in its turn
    assert status(crm, MAY + 50 * DAY).first_purchase_at == MAY - DAY
    tell(cancel(50, MAY + 51 * DAY))
    assert status(crm, MAY + 51 * DAY).first_purchase_at == MAY


def test_an_order_in_a_code_that_a_later_release_drops_goes_on_to_be_counted(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with crmcore.open(database_url, clock=Clock()) as crm:
        shipped = ordered(1, "600", MAY, "HRK")
        send(crm, [*known(ANN), shipped, ordered(2, "50.50", MAY, "HRK"), ship(1)])
    monkeypatch.delitem(_DIGITS, "HRK")
    with crmcore.open(database_url, clock=Clock()) as crm:
        send(crm, [back(1, "2", MAY + 9 * DAY), cancel(2)])
        crm.catch_up()
        now = status(crm, MAY + 9 * DAY)
        assert (now.currency, now.points, now.year_spending) == ("HRK", 300, 300)


def test_nobody_has_a_status_before_the_first_purchase(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN, BEN), order(1, "10", MAY))
    assert crm.read.loyalty.get(BEN, now=MAY) is None
    assert crm.read.loyalty.get(BEN, now=MAY, as_of=MAY) is None
    assert crm.read.loyalty.get(ANN, now=MAY, as_of=MAY - DAY) is None
    assert crm.read.loyalty.get(uid(77), now=MAY) is None


def test_the_future_forgets_old_purchases(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN), order(1, "4000", MAY))
    future: Any = crm.read.loyalty.get(ANN, now=MAY, as_of=MAY + 800 * DAY)
    assert (future.tier, future.year_spending, future.points) == ("bronze", 0, 4000)


@settings(max_examples=25, deadline=None)
@given(histories(), st.lists(instants | around_leap_days, min_size=1, max_size=4))
def test_a_status_as_of_any_instant_is_the_naive_one(
    history: list[Command], moments: list[datetime]
) -> None:
    with fresh() as crm:
        send(crm, history)
        log = list(crm.events())
        moments += [one.occurred_at for one in log if one.topic.startswith("order-")][:6]
        for customer in CUSTOMERS:
            for moment in moments:
                by_then = [one for one in log if one.occurred_at <= moment]
                expected = loyalty_of(by_then, customer, STANDARD_PROGRAM, moment)
                found = crm.read.loyalty.get(customer, now=moment, as_of=moment)
                assert (found is None) == (expected is None)
                if found is not None and expected is not None:
                    for name in ("points", "tier", "year_spending", "lifetime_spending", "orders"):
                        assert getattr(found, name) == expected[name], name


def test_tiers_are_summed_up_highest_first(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN, BEN), order(1, "600", MAY), order(2, "5", MAY, customer=BEN))
    summary = crm.read.loyalty.tiers()
    assert [(one.tier, one.members, one.points) for one in summary] == [
        ("platinum", 0, 0),
        ("gold", 0, 0),
        ("silver", 1, 600),
        ("bronze", 1, 5),
    ]


def test_members_are_found_by_their_tier_and_in_order(crm: crmcore.CRM, tell: Tell) -> None:
    tell(*known(ANN, BEN), order(1, "600", MAY), order(2, "5", MAY - DAY, customer=BEN))

    def found(**criteria: Any) -> list[Any]:
        return [one.customer_id for one in crm.read.loyalty.find(**criteria).items]

    assert found() == found(order_by="-as_of") == [ANN, BEN]
    assert found(order_by="first_purchase_at") == [BEN, ANN]
    assert found(tier="silver") == found(limit=1) == [ANN]
    assert found(tier="gold") == found(currency="USD") == []
    first = crm.read.loyalty.find(limit=1)
    (ben,) = crm.read.loyalty.find(limit=1, after=first.next).items
    assert (ben.customer_id, ben.tier, ben.points, ben.orders) == (BEN, "bronze", 5, 1)


def test_another_program_is_another_policy(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'crm.db'}"
    with crmcore.open(url, clock=Clock()) as crm:
        send(crm, [*known(ANN), order(1, "600", MAY)])
        crm.catch_up()
    # Its version was not raised, though its rules have changed: seen all the same.
    tiers = (Tier("guest", Decimal(0)), Tier("friend", Decimal(100)))
    program = LoyaltyProgram(version="standard-1", points_per_unit=Decimal(2), tiers=tiers)
    with crmcore.open(url, clock=Clock(), policies=Policies(loyalty=program)) as crm:
        (status,) = [one for one in crm.status() if one.name == "loyalty_status"]
        assert status.state == "rebuild needed"
        assert [(one.tier, one.members) for one in crm.read.loyalty.tiers()] == [
            ("silver", 1),  # of the old program, whose rows are shown until they are rebuilt
            ("friend", 0),
            ("guest", 0),
        ]


@pytest.mark.parametrize(
    "thresholds",
    [[], [1], [0, 5, 5], [0, 10, 5]],
    ids=["none", "not from 0", "twice the same", "out of order"],
)
def test_a_program_needs_a_ladder_of_tiers(thresholds: list[int]) -> None:
    tiers = tuple(Tier(str(n), Decimal(n)) for n in thresholds)
    with pytest.raises(InvalidValueError, match="tiers"):
        LoyaltyProgram(version="1", points_per_unit=Decimal(1), tiers=tiers)


def test_a_coarse_precision_of_the_host_changes_no_row(crm: crmcore.CRM, tell: Tell) -> None:
    with localcontext() as context:
        context.prec = 3
        tell(*known(ANN), order(1, "12345.67", MAY), order(2, "0.01", MAY))
        now = status(crm, MAY)
    assert (now.points, now.year_spending) == (12345, Decimal("12345.68"))
    assert now.lifetime_spending == Decimal("12345.68")


@given(
    st.decimals("0", "100000", places=2),
    st.lists(st.decimals("0", "1", places=3), max_size=6),
    st.sampled_from([Decimal("0.1"), Decimal("0.333"), Decimal(1), Decimal("2.5")]),
)
def test_INV_Y4_reversals_add_up_whatever_their_order_and_size(
    net: Decimal, shares: list[Decimal], rate: Decimal
) -> None:
    program = LoyaltyProgram(version="1", points_per_unit=rate, tiers=(Tier("all", Decimal(0)),))
    kept, points = net, program.points(net)
    for share in [*shares, Decimal(1)]:
        returned = (kept * share).quantize(Decimal("0.01"))
        kept -= returned
        points -= program.reversal(returned, kept)
        assert points == program.points(kept)
    assert not kept
    assert not points
