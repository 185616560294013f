"""Comparing generations: what was added, what is gone, what changed, column by column."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Integer, MetaData, Table, Text

import crmcore
from crmcore.errors import ProjectionStoppedError
from crmcore.projections.engine.columns import Exact, Instant
from crmcore.projections.engine.maintenance.compare import Comparison, TableComparison
from crmcore.projections.engine.projection import Projection
from tests.histories import Clock, send
from tests.projections.engine.hosting import COUNTED, FIRST, SECOND, guests
from tests.projections.examples import named
from tests.scenario import uid

PEOPLE = ["Ann", "Ben", "Cem", "Dan", "Eve", "Fay", "Gus"]


def table(*columns: Column[Any], name: str = "guests", key: str = "customer_id") -> Table:
    return Table(name, MetaData(), Column(key, Text, primary_key=True), *columns)


def model(value: Callable[[str], Any], kind: Any = Text, **told: Any) -> Projection:
    """The value of each customer in a column; none for those of whom it is ``Ellipsis``."""
    target = table(Column("value", kind))

    def handle(event: Any, recorded: Any, rows: Any) -> None:
        found = value(event.name)
        if found is not ...:
            rows.put(target, {"customer_id": str(recorded.subject_id), "value": found})

    return guests(handle, target, **told)


def compared(url: str, old: Projection, new: Projection) -> Comparison:
    """*old* is live, *new* is built beside it."""
    with crmcore.open(url, clock=Clock(), projections=[old]) as crm:
        send(crm, [named(name, uid(number)) for number, name in enumerate(PEOPLE)])
        crm.catch_up()
    with crmcore.open(url, clock=Clock(), projections=[new]) as crm:
        crm.maintenance.rebuild("guests")
        return crm.maintenance.compare("guests")


def only(found: Comparison) -> TableComparison:
    (one,) = found.tables
    return one


def test_rows_added_gone_and_changed_are_counted_and_shown(database_url: str) -> None:
    old = model({"Ann": "1", "Ben": ..., "Cem": None, "Dan": "4", "Eve": None}.get)
    new = model({"Ann": ..., "Ben": "2", "Cem": "3", "Dan": None, "Eve": None}.get, version=2)
    found = compared(database_url, old, new)
    one = only(found)
    assert not found.equal
    assert (one.rows_before, one.rows_after) == (6, 6)
    assert (one.added, one.gone, one.changed) == (1, 1, 2)
    assert one.by_column == {"value": 2}
    keys = {name: str(uid(number)) for number, name in enumerate(PEOPLE)}
    assert one.samples["added"] == [{"customer_id": keys["Ben"]}]
    assert one.samples["gone"] == [{"customer_id": keys["Ann"]}]
    assert one.samples["changed"] == [
        {"customer_id": keys["Cem"], "changes": {"value": {"before": None, "after": "3"}}},
        {"customer_id": keys["Dan"], "changes": {"value": {"before": "4", "after": None}}},
    ]


def test_samples_are_few(database_url: str) -> None:
    one = only(compared(database_url, model(str.upper), model(str.lower, version=2)))
    assert (one.changed, len(one.samples["changed"])) == (7, 5)


def test_equal_rows_are_equal_whoever_made_them(database_url: str) -> None:
    found = compared(database_url, model(str.upper), model(str.upper, version=2))
    assert found.equal
    assert (found.before, found.after) == (1, 2)
    assert only(found).samples == {}


def test_columns_of_one_side_are_named_and_the_others_compared(database_url: str) -> None:
    one = only(compared(database_url, FIRST, SECOND))
    assert (one.columns_added, one.columns_gone) == (["names"], [])
    assert (one.added, one.gone, one.changed) == (0, 0, 0)
    assert not one.equal


def test_tables_of_one_side_are_all_added_or_gone(database_url: str) -> None:
    other = table(Column("value", Text), name="visitors")

    def handle(event: Any, recorded: Any, rows: Any) -> None:
        rows.put(other, {"customer_id": str(recorded.subject_id), "value": event.name})

    found = compared(database_url, FIRST, guests(handle, other, version=2))
    counts = {one.table: (one.added, one.gone) for one in found.tables}
    assert counts == {"guests": (0, 7), "visitors": (7, 0)}
    assert not found.equal


def test_rows_with_other_keys_are_other_rows(database_url: str) -> None:
    other = table(Column("name", Text), key="guest_id")

    def handle(event: Any, recorded: Any, rows: Any) -> None:
        rows.put(other, {"guest_id": str(recorded.subject_id), "name": event.name})

    one = only(compared(database_url, FIRST, guests(handle, other, version=2)))
    assert (one.added, one.gone, one.changed) == (7, 7, 0)
    assert (one.columns_added, one.columns_gone) == (["guest_id"], ["customer_id"])


DAY = datetime(2024, 5, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("old", "new", "changed"),
    [
        (model(lambda _: "3"), model(len, Integer, version=2), 0),
        (model(lambda _: "3"), model(lambda name: 3 + (name == "Ann"), Integer, version=2), 1),
        (
            model(lambda name: {"name": name}, JSON),
            model(lambda name: {"name": name.replace("Ann", "Anna")}, JSON, version=2),
            1,
        ),
        (
            model(lambda _: Decimal("0.10"), Exact),
            model(lambda name: Decimal("0.10" if name < "C" else "0.11"), Exact, version=2),
            5,
        ),
        (
            model(lambda _: DAY, Instant),
            model(lambda name: DAY + timedelta(microseconds=len(name) - 3), Instant, version=2),
            0,
        ),
    ],
    ids=["text and number", "text and number, one differs", "json", "exact", "instant"],
)
def test_values_of_every_type_are_compared(
    database_url: str, old: Projection, new: Projection, changed: int
) -> None:
    """Types that the database does not compare are compared as text."""
    assert only(compared(database_url, old, new)).changed == changed


def test_it_says_what_is_missing(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock(), projections=[SECOND]) as crm:
        with pytest.raises(ProjectionStoppedError, match="no live generation"):
            crm.maintenance.compare("guests")
        crm.maintenance.rebuild("guests")
        with pytest.raises(ProjectionStoppedError, match="no live generation"):
            crm.maintenance.compare("guests")
        crm.maintenance.switch("guests")
        with pytest.raises(ProjectionStoppedError, match="no newly built generation"):
            crm.maintenance.compare("guests")
        assert crm.read.query(COUNTED.select()) == []


def test_generations_at_other_positions_are_not_equal(database_url: str) -> None:
    with crmcore.open(database_url, clock=Clock(), projections=[SECOND]) as crm:
        crm.catch_up()
        crm.maintenance.rebuild("guests")
    with crmcore.open(database_url, clock=Clock(), projections=[guests(version=9)]) as crm:
        send(crm, [named("Ann", uid(1))])
        found = crm.maintenance.compare("guests")
        assert found.equal, "neither follows: both are as they were"
    with crmcore.open(database_url, clock=Clock(), projections=[SECOND]) as crm:
        crm.catch_up()
    with crmcore.open(database_url, clock=Clock(), projections=[guests(version=9)]) as crm:
        found = crm.maintenance.compare("guests")
        assert found.position_before > found.position_after
        assert not found.equal
