"""What a row becomes by the changes that handlers name, and by the working value beside its columns."""

from collections.abc import Callable
from decimal import Decimal
from enum import StrEnum
from typing import Any

import pytest
from sqlalchemy import JSON, Column, Integer, MetaData, Table, Text

import crmcore
from crmcore.application.log import Recorded
from crmcore.domain.customers.customer.messages.registration import (
    CustomerNameCorrected,
    CustomerRegistered,
)
from crmcore.errors import MisuseError
from crmcore.projections import (
    Exact,
    Instant,
    Projection,
    Row,
    Rows,
    Working,
    append,
    increment,
    maximum,
    minimum,
    update,
    upsert,
)
from crmcore.projections.engine.rows.memory import MemoryRows
from tests.histories import Clock, send
from tests.projections.contract import catch_up
from tests.projections.engine.hosting import maintenance
from tests.projections.examples import ANN, at, named
from tests.scenario import uid

NOTED = Table(
    "noted",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("count", Integer),
    Column("net", Exact),
    Column("first_at", Instant),
    Column("latest_at", Instant),
    Column("names", JSON),
    Column("status", Text),
)


class Kind(StrEnum):
    """Of what kind."""

    ONE = "one"


def noted() -> MemoryRows:
    return MemoryRows([(NOTED, NOTED)], {}, {}, empty=True)


JAN, MAY = at("2025-01-01"), at("2025-05-01")


@pytest.mark.parametrize(
    ("changes", "column", "value"),
    [
        ([increment(), increment(), increment(-3)], "count", -1),
        ([increment(Decimal("0.1")), increment(Decimal("0.2"))], "net", Decimal("0.3")),
        ([minimum(MAY), minimum(JAN), minimum(MAY)], "first_at", JAN),
        ([maximum(JAN), maximum(MAY), maximum(JAN)], "latest_at", MAY),
        ([append("Ann"), append("Anna"), append(uid(1))], "names", ["Ann", "Anna", str(uid(1))]),
        (["open", Kind.ONE], "status", "one"),
        ([5, increment()], "count", 6),
        ([increment(), None], "count", None),
    ],
    ids=["increment", "exact", "minimum", "maximum", "append", "set", "set, then more", "unset"],
)
def test_a_column_follows_from_what_it_was(changes: list[Any], column: str, value: object) -> None:
    rows: Any = noted()
    for change in changes:
        upsert(rows, NOTED, uid(1), Kind.ONE, **{column: change})
    row = rows.get(NOTED, str(uid(1)), "one")
    assert row[column] == value
    assert (row["customer_id"], row["kind"]) == (str(uid(1)), "one")


def test_an_update_changes_a_row_that_is_there_and_makes_none() -> None:
    rows = noted()
    assert not update(rows, NOTED, uid(1), "one", count=increment())
    assert rows.get(NOTED, str(uid(1)), "one") is None
    upsert(rows, NOTED, uid(1), "one", count=1)
    assert update(rows, NOTED, uid(1), "one", count=increment(), status="open")
    row = rows.get(NOTED, str(uid(1)), "one")
    assert row is not None
    assert (row["count"], row["status"]) == (2, "open")


def test_a_change_of_no_column_and_a_key_of_another_length_are_told() -> None:
    rows = noted()
    with pytest.raises(LookupError, match="noted has no column cuont"):
        upsert(rows, NOTED, uid(1), "one", cuont=increment())
    with pytest.raises(LookupError, match="noted has a key of 2 columns: customer_id, kind"):
        upsert(rows, NOTED, uid(1), count=1)


# Working values

NAMES = Table(
    "joined",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("names", Text, nullable=False),
    Column("changes", Integer, nullable=False),
)


def joined(restored: list[str], lent: bool = False) -> Projection:
    """All names of a customer, worked on as a tuple and kept as text."""

    def columns(names: tuple[str, ...]) -> Row:
        return {"names": "/".join(names)}

    def restore(row: Row) -> tuple[str, ...]:
        restored.append(row["names"])
        return tuple(row["names"].split("/"))

    def handle(event: Any, recorded: Recorded, rows: Rows) -> None:
        key = str(recorded.subject_id)
        row = rows.get(table, key)
        if row is None:
            row = {"customer_id": key, "listed": (), "changes": 0}
        if event.name != "unchanged":
            row["listed"] = (*row["listed"], event.name)
        row["changes"] += 1
        rows.put(table, row)

    table = NAMES.to_metadata(MetaData())
    if lent:
        table.info["lent"] = True
    return Projection(
        name="joined",
        version=1,
        tables=(table,),
        handlers=dict.fromkeys((CustomerRegistered, CustomerNameCorrected), handle),
        working={table: Working("listed", columns, restore)},
    )


def renamed(name: str) -> crmcore.commands.CorrectCustomerName:
    return crmcore.commands.CorrectCustomerName(customer_id=ANN, name=name, at=at("2021-01-01"))


def by_rebuild(crm: crmcore.CRM) -> None:
    maintenance(crm).rebuild("joined")
    crm.maintenance.switch("joined")


@pytest.mark.parametrize("lent", [False, True])
@pytest.mark.parametrize(
    "follow",
    [lambda crm: catch_up(crm, 1), lambda crm: catch_up(crm, 100), by_rebuild],
    ids=["one by one", "at once", "rebuild"],
)
def test_columns_follow_from_the_working_value_however_the_log_is_divided(
    database_url: str, follow: Callable[[crmcore.CRM], None], lent: bool
) -> None:
    projection = joined([], lent)
    with crmcore.open(database_url, clock=Clock(), projections=[projection]) as crm:
        send(crm, [named("Ann"), renamed("unchanged"), renamed("Anna"), renamed("Annie")])
        follow(crm)
        expected = {"customer_id": str(ANN), "names": "Ann/Anna/Annie", "changes": 4}
        assert crm.read.query(projection.tables[0].select()) == [expected]


def test_it_is_restored_only_for_a_handler_that_asks(sqlite_url: str) -> None:
    restored = list[str]()
    with crmcore.open(sqlite_url, clock=Clock(), projections=[joined(restored)]) as crm:
        for command in (named("Ann"), renamed("unchanged"), renamed("Anna"), renamed("Annie")):
            send(crm, [command])
            catch_up(crm, 1)
        assert restored == ["Ann", "Ann/Anna"]


def test_without_restoring_it_is_there_until_the_row_is_written() -> None:
    table = NAMES.to_metadata(MetaData())
    working = Working("listed", lambda names: {"names": "/".join(names)})
    rows = MemoryRows([(table, table)], {}, {table: working}, empty=True)
    rows.put(table, {"customer_id": "a", "changes": 1, "listed": ("Ann",)})
    row = rows.get(table, "a")
    assert row is not None
    assert row["listed"] == ("Ann",)
    assert list(rows.rows(table)) == [{"customer_id": "a", "changes": 1, "names": "Ann"}]
    row = rows.get(table, "a")
    assert row is not None
    with pytest.raises(KeyError, match="listed"):
        row["listed"]


@pytest.mark.parametrize("wrong", [{"listned": ("Ann",)}, {"listed": ("Ann",), "more": 1}])
def test_a_name_that_is_neither_a_column_nor_the_working_value_is_told(wrong: Row) -> None:
    table = NAMES.to_metadata(MetaData())
    working = Working("listed", lambda names: {"names": "/".join(names)})
    rows = MemoryRows([(table, table)], {}, {table: working}, empty=True)
    with pytest.raises(LookupError, match=r"joined has no column (listned|more)"):
        rows.put(table, {"customer_id": "a", "changes": 1, **wrong})


def test_a_column_that_follows_from_the_working_value_must_be_one() -> None:
    table = NAMES.to_metadata(MetaData())
    working = Working("listed", lambda names: {"names": "/".join(names), "nmaes": ""})
    rows = MemoryRows([(table, table)], {}, {table: working}, empty=True)
    rows.put(table, {"customer_id": "a", "changes": 1, "listed": ("Ann",)})
    with pytest.raises(ValueError, match="there is no column nmaes"):
        rows.rows(table)


def test_a_working_value_is_not_called_like_a_column() -> None:
    with pytest.raises(MisuseError, match="noted has a column names"):
        Projection(
            name="noted",
            version=1,
            tables=(NOTED,),
            handlers={},
            working={NOTED: Working("names", dict)},
        )
