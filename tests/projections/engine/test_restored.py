"""A log that was restored in place: read models that have seen more, or other things, say so."""

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, delete, insert, select

import crmcore
from crmcore.errors import ProjectionStoppedError, RebuildStoppedError
from crmcore.projections.engine.rebuild.worker import Limits
from tests.histories import Clock, send
from tests.projections.engine.hosting import FIRST, generations, maintenance, shown
from tests.projections.examples import named
from tests.scenario import uid

number = count(1)
KEPT = 3
"""Records in the backup."""

Backup = list[tuple[Any, list[dict[str, Any]]]]


def record(crm: crmcore.CRM, how_many: int) -> None:
    """So many records, each of another person."""
    send(crm, [named(f"Nr {n}", uid(n)) for n, _ in zip(number, range(how_many), strict=False)])


def backup(crm: crmcore.CRM) -> Backup:
    """The three tables of the log, as the page on storage says."""
    tables = crm._database.tables
    with crm._database.read() as connection:
        return [
            (table, [dict(row) for row in connection.execute(select(table)).mappings()])
            for table in (tables.events, tables.head, tables.commands)
        ]


def restore(crm: crmcore.CRM, kept: Backup) -> None:
    """Put the three tables back in place, and leave all others as they are."""
    with crm._database.write() as connection:
        for table, rows in kept:
            _replace(connection, table, rows)


def _replace(connection: Connection, table: Any, rows: list[dict[str, Any]]) -> None:
    connection.execute(delete(table))
    if rows:
        connection.execute(insert(table), rows)


@pytest.fixture
def crm(database_url: str) -> Iterator[crmcore.CRM]:
    """A log that went on after a backup, with read models that followed it to its end."""
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST]) as opened:
        yield opened


def restored(crm: crmcore.CRM, again: int) -> None:
    record(crm, KEPT)
    kept = backup(crm)
    record(crm, 4)
    crm.catch_up()
    restore(crm, kept)
    record(crm, again)
    assert crm.position == KEPT + again


@pytest.fixture(
    params=[0, 2, 4, 6], ids=["nothing anew", "fewer anew", "as many anew", "more anew"]
)
def ahead(crm: crmcore.CRM, request: pytest.FixtureRequest) -> crmcore.CRM:
    """The same, restored to the backup; records came anew."""
    restored(crm, request.param)
    return crm


def as_recorded(crm: crmcore.CRM) -> list[str]:
    """The names that the log holds, in order."""
    return sorted(one.event.name for one in crm.events())


def names_shown(crm: crmcore.CRM) -> list[str]:
    return [row["name"] for row in shown(crm)]


def states(crm: crmcore.CRM) -> set[str]:
    return {one.state for one in crm.status()}


def test_a_read_model_that_is_ahead_of_a_restored_log_needs_a_rebuild(ahead: crmcore.CRM) -> None:
    before = shown(ahead)
    assert states(ahead) == {"rebuild needed"}
    assert all("restored or replaced" in str(one.reason) for one in ahead.status())
    assert all(one.behind >= 0 for one in ahead.status())
    for _ in range(2):
        with pytest.raises(ProjectionStoppedError, match="rebuild needed") as stopped:
            ahead.catch_up()
        assert all(one.name in str(stopped.value) for one in ahead.projections)
    assert shown(ahead) == before  # not a row of it is touched


def test_your_own_write_is_not_answered_from_rows_of_another_log(ahead: crmcore.CRM) -> None:
    receipt = ahead.execute(named("Late", uid(99)), by="test")
    for position in (1, receipt.position):
        with pytest.raises(ProjectionStoppedError, match="rebuild needed"):
            ahead.read.at_least(position).customers.find("Late")


def test_a_rebuild_mends_it(ahead: crmcore.CRM) -> None:
    ahead.maintenance.rebuild_all()
    for projection in ahead.projections:
        assert not ahead.maintenance.compare(projection.name).equal  # one of them is of another log
        ahead.maintenance.switch(projection.name)
    assert states(ahead) == {"caught up"}
    record(ahead, 3)
    ahead.catch_up()
    assert names_shown(ahead) == as_recorded(ahead)


def test_rows_of_another_log_are_not_gone_back_to(ahead: crmcore.CRM) -> None:
    ahead.maintenance.rebuild("guests")
    ahead.maintenance.switch("guests")
    live = generations(ahead, "guests")
    with pytest.raises(ProjectionStoppedError, match="generation 1 cannot be shown"):
        ahead.maintenance.rollback("guests")
    assert generations(ahead, "guests") == live


def test_a_generation_that_was_built_before_is_not_switched_to(crm: crmcore.CRM) -> None:
    record(crm, KEPT)
    kept = backup(crm)
    record(crm, 4)
    crm.catch_up()
    crm.maintenance.rebuild("guests")
    restore(crm, kept)
    record(crm, 4)
    building = next(one.building for one in crm.status() if one.name == "guests")
    assert building is not None
    assert "restored or replaced" in str(building.outdated)
    with pytest.raises(ProjectionStoppedError, match="restored or replaced"):
        crm.maintenance.switch("guests")
    with pytest.raises(ProjectionStoppedError, match="retire it first"):
        crm.maintenance.rebuild("guests")
    crm.maintenance.retire("guests")
    crm.maintenance.rebuild("guests")
    crm.maintenance.switch("guests")
    assert names_shown(crm) == as_recorded(crm)


def test_a_rebuild_under_way_stops_where_the_log_is_restored(crm: crmcore.CRM) -> None:
    record(crm, KEPT)
    kept = backup(crm)
    record(crm, 6)

    def restore_once(_: Any) -> None:
        if crm.position > KEPT:
            restore(crm, kept)
            record(crm, 6)

    keep = maintenance(crm, Limits(page=2, commit=2))
    with pytest.raises(RebuildStoppedError, match="restored or replaced"):
        keep.rebuild_all(["guests"], report=restore_once)
    with pytest.raises(ProjectionStoppedError, match="retire it first"):
        keep.rebuild("guests")
    keep.retire("guests")
    keep.rebuild("guests")
    keep.switch("guests")
    assert names_shown(crm) == as_recorded(crm)


def test_commands_leave_an_inline_read_model_of_another_log_alone(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with crmcore.open(database_url, clock=Clock(), projections=[FIRST], inline=["guests"]) as crm:
        restored(crm, 4)
        before = shown(crm)
        assert len(before) == KEPT + 4
        record(crm, 3)
        assert crm.position == KEPT + 7
        assert shown(crm) == before
        assert "guests is left to whoever follows or catches up: rebuild needed" in caplog.text


def test_a_read_model_that_had_not_come_so_far_goes_on(crm: crmcore.CRM) -> None:
    record(crm, KEPT)
    crm.catch_up()
    kept = backup(crm)
    record(crm, 4)
    restore(crm, kept)
    record(crm, 2)
    assert states(crm) == {"behind"}
    crm.catch_up()
    assert names_shown(crm) == as_recorded(crm)


def test_dead_letters_are_not_tried_again_on_another_log(ahead: crmcore.CRM) -> None:
    with pytest.raises(ProjectionStoppedError, match="rebuild needed"):
        ahead.maintenance.retry("guests")
