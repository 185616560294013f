"""The verdict on a log and its read models: the rows of one serial fold from empty, and no others.

The fold knows no batches, parts, checkpoints or generations: every event once, in order, whole.
"""

import re
from collections.abc import Sequence
from decimal import localcontext
from typing import Any

import attrs
from sqlalchemy import inspect, select

import crmcore
from crmcore.application.log import Recorded
from crmcore.domain.kernel.money import EXACT
from crmcore.projections.engine.follow.status import Status
from crmcore.projections.engine.generations.checkpoint import Checkpoint
from crmcore.projections.engine.generations.tables import generation_tables
from crmcore.projections.engine.projection import Projection
from crmcore.projections.engine.rebuild.parts import Parts
from crmcore.projections.engine.rows.memory import MemoryRows
from crmcore.testing.rows import in_order, rows_of

Rows = dict[str, list[dict[str, Any]]]


@attrs.frozen
class Held:
    """What the database holds at one moment of a generation, half filled ones left out."""

    projection: Projection
    at: Checkpoint
    rows: Rows
    events_aside: int


def held(crm: crmcore.CRM) -> list[Held]:
    """The rows of every generation, be it live, built or gone back from."""
    registry, source = crm.maintenance._registry, crm.maintenance._source
    parts, found = Parts(registry.schema), []
    aside = {one.name: len(one.dead_letters) for one in crm.status()}
    with source.read() as connection:
        for projection in crm.projections:
            for at in registry.generations(connection, projection.name):
                if parts.of(connection, at.name, at.generation):
                    continue  # its rows are those of several positions
                rows = {
                    declared.name: in_order(
                        declared, [dict(row._mapping) for row in connection.execute(select(actual))]
                    )
                    for declared, actual in generation_tables(
                        projection, at.generation, registry.schema
                    )
                }
                found.append(Held(projection, at, rows, aside[at.name]))
    return found


def judge_rows(events: Sequence[Recorded], generations: Sequence[Held]) -> None:
    """See that each generation's rows are those of the fold up to its checkpoint."""
    for projection in {one.projection for one in generations}:
        mine = [one for one in generations if one.projection is projection]
        tables = [(table, table) for table in projection.tables]
        rows = MemoryRows(tables, projection.finish, projection.working, empty=True)
        done = 0
        for one in sorted(mine, key=lambda one: one.at.position):
            _fold(projection, events[done : one.at.position], rows)
            done = one.at.position
            if one.events_aside:
                continue
            for table in projection.tables:
                expected = [dict(row) for row in rows.rows(table)]
                _same(
                    f"{table.name}, generation {one.at.generation}", one.rows[table.name], expected
                )


def _fold(projection: Projection, events: Sequence[Recorded], rows: MemoryRows) -> None:
    with localcontext(EXACT):
        for recorded in events:
            if type(recorded.event) in projection.handlers:
                groups = projection.groups(recorded)
                if groups:
                    rows.change(groups, projection.apply, recorded, rows)


def _same(what: str, found: Sequence[Any], expected: Sequence[Any]) -> None:
    if found == expected:
        return
    assert len(found) == len(expected), f"{what}: {len(found)} rows, not {len(expected)}"
    differ = [pair for pair in zip(found, expected, strict=True) if pair[0] != pair[1]]
    raise AssertionError(f"{what}: {len(differ)} rows differ, the first: {differ[0]}")


def judge(crm: crmcore.CRM) -> None:
    """See that all is well at the end: log, rows, views, checkpoints, status and tables."""
    assert crm.verify().intact, "the chain is broken"
    events = list(crm.events())
    assert [one.position for one in events] == list(range(1, crm.position + 1))
    generations = held(crm)
    judge_rows(events, generations)
    for status in crm.status():
        mine = [one for one in generations if one.at.name == status.name]
        _judge_generations(status, mine, len(events))
        (live,) = [one for one in mine if one.at.state == "live"]
        _same(f"the views of {status.name}", [rows_of(crm, live.projection)], [live.rows])
    _judge_tables(crm, generations)


def _judge_generations(status: Status, mine: Sequence[Held], head: int) -> None:
    states = [one.at.state for one in mine]
    for state in ("live", "building", "previous"):
        assert states.count(state) <= 1, f"{status.name}: {states}"
    (live,) = [one.at for one in mine if one.at.state == "live"]
    told = status.generation, status.position, status.head, status.state, status.dead_letters
    assert told == (live.generation, head, head, "caught up", ()), f"{status.name}: {told}"
    assert live.position == head
    assert (status.building is not None) == ("building" in states)
    if status.building is not None:
        (built,) = [one.at for one in mine if one.at.state == "building"]
        known = status.building.generation, status.building.position, status.building.filled
        assert known == (built.generation, built.position, True), f"{status.name}: {known}"
        assert built.position == head
        assert status.building.stopped is None, status.building.stopped


def _judge_tables(crm: crmcore.CRM, generations: Sequence[Held]) -> None:
    with crm._database.read() as connection:
        there = set(inspect(connection).get_table_names())
        views = set(inspect(connection).get_view_names())
    known = {table for one in generations for table in one.at.tables.values()}
    assert {name for name in there if re.search(r"__g\d+$", name)} == known
    assert views == {table.name for one in generations for table in one.projection.tables}
