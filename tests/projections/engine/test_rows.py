"""What a row means, whatever a handler does with it: the same however the log is divided."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import JSON, Column, Integer, MetaData, PickleType, Table, Text

import crmcore
from crmcore import commands
from crmcore.application.log import Recorded
from crmcore.domain.customers.customer.messages.registration import (
    CustomerNameCorrected,
    CustomerRegistered,
)
from crmcore.projections.engine.fold import fold
from crmcore.projections.engine.projection import Projection, Row, Rows
from crmcore.projections.engine.rows.memory import MemoryRows
from tests.histories import send
from tests.projections.contract import catch_up, fresh, live_rows
from tests.projections.engine.hosting import maintenance
from tests.projections.examples import at, named
from tests.scenario import uid

ODD = Table(
    "odd",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("count", Integer),
    Column("seen", JSON),
    Column("tags", PickleType),
)
PARTS = Table(
    "odd_parts",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("seen", JSON),
)


Remembered = list[Row]


def own(rows: Rows, key: str) -> Row:
    row = rows.get(ODD, key)
    return row or {"customer_id": key, "count": 0, "seen": {"at": []}, "tags": set()}


def change(row: Row, position: int) -> Row:
    row["count"] += 1
    row["seen"]["at"].append((position, {position: [row["count"]]}))
    row["tags"].add(position)
    return row


def change_without_putting(rows: Rows, key: str, position: int, _kept: Remembered) -> None:
    change(own(rows, key), position)


def put(rows: Rows, key: str, position: int, _kept: Remembered) -> None:
    rows.put(ODD, change(own(rows, key), position))


def put_then_change(rows: Rows, key: str, position: int, _kept: Remembered) -> None:
    row = change(own(rows, key), position)
    rows.put(ODD, row)
    change(row, position)


def put_twice(rows: Rows, key: str, position: int, kept: Remembered) -> None:
    put(rows, key, position, kept)
    put(rows, key, position, kept)


def delete_and_read(rows: Rows, key: str, position: int, _kept: Remembered) -> None:
    rows.delete(ODD, key)
    change(own(rows, key), position)


def delete_and_put(rows: Rows, key: str, position: int, _kept: Remembered) -> None:
    row = own(rows, key)
    rows.delete(ODD, key)
    rows.put(ODD, change(row, position))


def keep(rows: Rows, key: str, position: int, kept: Remembered) -> None:
    row = change(own(rows, key), position)
    rows.put(ODD, row)
    kept += [row, own(rows, key)]


def change_what_was_kept(_rows: Rows, _key: str, position: int, kept: Remembered) -> None:
    for row in kept:
        change(row, position)


def add_a_part(rows: Rows, key: str, position: int, _kept: Remembered) -> None:
    number = own(rows, key)["count"]
    rows.put(PARTS, {"customer_id": key, "number": number, "seen": [(position,)]})


def change_the_group(rows: Rows, key: str, position: int, _kept: Remembered) -> None:
    for number, part in enumerate(rows.group(PARTS, key)):
        part["seen"][0].append(position)
        if number:
            rows.put(PARTS, part)
            part["seen"].clear()


DEEDS: dict[str, Callable[[Rows, str, int, Remembered], None]] = {
    deed.__name__: deed
    for deed in (
        change_without_putting,
        put,
        put_then_change,
        put_twice,
        delete_and_read,
        delete_and_put,
        keep,
        change_what_was_kept,
        add_a_part,
        change_the_group,
    )
}


def odd() -> Projection:
    """A read model that does to its rows whatever the name of a customer says."""
    kept = Remembered()

    def handle(event: Any, recorded: Recorded, rows: Rows) -> None:
        if event.name in DEEDS:
            DEEDS[event.name](rows, str(recorded.subject_id), recorded.position, kept)

    kinds = CustomerRegistered, CustomerNameCorrected
    return Projection(
        name="odd", version=1, tables=(ODD, PARTS), handlers=dict.fromkeys(kinds, handle)
    )


Told = Sequence[tuple[int, str]]


def told(deeds: Told) -> Iterator[Any]:
    """Commands after which the events of two customers name *deeds*, in this order."""
    begun = set[int]()
    for customer, deed in deeds:
        if customer in begun:
            blank = commands.CorrectCustomerName(
                customer_id=uid(customer), name=f"then {len(begun)}", at=at("2021-01-01")
            )
            yield blank  # the same name twice would be no event
            yield commands.CorrectCustomerName(
                customer_id=uid(customer), name=deed, at=at("2021-01-01")
            )
        else:
            begun.add(customer)
            yield named(deed, uid(customer))


def followed(batch: int) -> Callable[[crmcore.CRM, Sequence[Any]], None]:
    def follow(crm: crmcore.CRM, sent: Sequence[Any]) -> None:
        send(crm, sent)
        catch_up(crm, batch)

    return follow


def inline(crm: crmcore.CRM, sent: Sequence[Any]) -> None:
    for command in sent:
        send(crm, [command])


def rebuilt(crm: crmcore.CRM, sent: Sequence[Any]) -> None:
    send(crm, sent)
    by_hand = maintenance(crm)
    by_hand.rebuild("odd")
    by_hand.switch("odd")


@contextmanager
def kept(mode: Callable[..., None], deeds: Told, **particulars: Any) -> Iterator[crmcore.CRM]:
    """A log that tells of *deeds*, with rows kept in one of the modes."""
    with fresh(projections=[odd()], **particulars) as crm:
        mode(crm, list(told(deeds)))
        yield crm


def rows_in(crm: crmcore.CRM) -> dict[str, list[Row]]:
    (projection,) = [one for one in crm.projections if one.name == "odd"]
    return live_rows(crm, projection)


@settings(max_examples=25, deadline=None)
@given(
    deeds=st.lists(st.tuples(st.integers(1, 2), st.sampled_from(sorted(DEEDS))), max_size=14),
    batch=st.integers(2, 9),
)
def test_any_way_of_keeping_rows_gives_the_same_rows(deeds: Told, batch: int) -> None:
    with kept(followed(1), deeds) as crm:
        expected = rows_in(crm)
        folded = fold(odd(), crm.events())
        assert {table.name: list(folded.rows(table)) for table in (ODD, PARTS)} == expected
    with kept(followed(batch), deeds) as crm:
        assert rows_in(crm) == expected
    with kept(inline, deeds, inline=["odd"]) as crm:
        crm.catch_up()  # of an empty log
        assert rows_in(crm) == expected
    with kept(rebuilt, deeds) as crm:
        assert rows_in(crm) == expected


@pytest.mark.parametrize(
    ("deeds", "count"),
    [
        (["put", "change_without_putting"], 1),
        (["put_then_change"], 1),
        (["put_twice"], 2),
        (["put", "delete_and_read"], None),
        (["put", "delete_and_put"], 2),
        (["keep", "change_what_was_kept"], 1),
    ],
    ids=lambda told: ", ".join(told) if isinstance(told, list) else str(told),
)
@pytest.mark.parametrize("batch", [1, 100])
def test_only_what_is_put_counts(deeds: list[str], count: int | None, batch: int) -> None:
    with kept(followed(batch), [(1, deed) for deed in deeds]) as crm:
        rows = rows_in(crm)["odd"]
        assert [row["count"] for row in rows] == ([] if count is None else [count])
        assert all(len(row["seen"]["at"]) == count and row["tags"] for row in rows)


def test_json_reads_back_as_the_database_gives_it() -> None:
    rows = MemoryRows([(PARTS, PARTS)], {}, {}, empty=True)
    rows.put(PARTS, {"customer_id": "a", "number": 1, "seen": ({1: (2, None), False: "x"},)})
    read = rows.get(PARTS, "a", 1)
    assert read is not None
    assert read["seen"] == [{"1": [2, None], "false": "x"}]


def test_a_column_that_is_not_declared_is_told_by_name() -> None:
    rows = MemoryRows([(PARTS, PARTS)], {}, {}, empty=True)
    with pytest.raises(LookupError, match="odd_parts has no column sean"):
        rows.put(PARTS, {"customer_id": "a", "number": 1, "seen": [], "sean": []})


# Tables to which rows are only added

GROWING = Table(
    "growing",
    MetaData(),
    Column("customer_id", Text, primary_key=True),
    Column("note", Text, nullable=False),
    info={"append_only": True},
)


def growing(handle: Callable[..., None]) -> Projection:
    kinds = CustomerRegistered, CustomerNameCorrected
    return Projection(
        name="odd", version=1, tables=(GROWING,), handlers=dict.fromkeys(kinds, handle)
    )


def add(event: Any, recorded: Recorded, rows: Rows) -> None:
    rows.put(GROWING, {"customer_id": str(recorded.subject_id), "note": event.name})


def add_and_delete(event: Any, recorded: Recorded, rows: Rows) -> None:
    add(event, recorded, rows)
    rows.delete(GROWING, str(recorded.subject_id))


@pytest.mark.parametrize("batch", [1, 100])
@pytest.mark.parametrize(
    ("handle", "position"), [(add, 2), (add_and_delete, 1)], ids=["twice", "deleted"]
)
def test_what_was_added_to_an_append_only_table_stays(
    handle: Callable[..., None], position: int, batch: int
) -> None:
    with fresh(projections=[growing(handle)]) as crm:
        send(crm, told([(1, "a"), (1, "b")]))
        with pytest.raises(crmcore.errors.ProjectionStoppedError):
            catch_up(crm, batch)
        (status,) = [one for one in crm.status() if one.name == "odd"]
        assert status.stopped is not None
        assert status.stopped.position == position
