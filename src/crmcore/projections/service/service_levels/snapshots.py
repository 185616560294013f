"""Cases as they were at an instant: the rows tell, or the case's own life where it went on since."""

from collections import ChainMap
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Connection, case, select

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import to_micros
from crmcore.domain.service.levels.clock import TargetClock
from crmcore.domain.service.levels.target_clocks import clocks
from crmcore.domain.service.levels.timeline import Timeline
from crmcore.domain.service.terms import StatusCategory
from crmcore.projections.engine.projection import Row
from crmcore.projections.service.service_levels.case_row import SERVICE_CASES
from crmcore.projections.service.service_levels.timelines import PackedTimeline, Packing

OPEN: Final = (
    StatusCategory.NEW,
    StatusCategory.OPEN,
    StatusCategory.PENDING,
    StatusCategory.ON_HOLD,
)
IDS_A_QUERY: Final = 500
_AS_KEPT: Final = [one.name for one in SERVICE_CASES.c if one.name not in ("facts", "clock")]
"""The columns that a snapshot takes as they are."""
_AT_LEAST: Final = ("case_id", "changed_at")


@frozen
class CaseSnapshot:
    """A case as it was at an instant, by the columns of its row: ``snapshot["queue"]``.

    ``changed_at`` is when something last moved its clock, ``facts_at`` when it was last held to be
    something else (of another priority, say), both as known by now.  ``life`` is its timeline, what
    came later included; None where that was not read.
    """

    columns: Row = attrs.field(repr=False)
    life: PackedTimeline | None = attrs.field(repr=False)

    def __getitem__(self, column: str) -> Any:
        return self.columns[column]

    @property
    def case_id(self) -> str:
        """Its id."""
        case_id: str = self.columns["case_id"]
        return case_id

    @property
    def changed_at(self) -> datetime:
        """When something last moved its clock, as known by now."""
        at: datetime = self.columns["changed_at"]
        return at

    @property
    def timeline(self) -> Timeline:
        """The case's life in instants, what came later included."""
        assert self.life is not None, "a case whose timeline is asked for is read with it"
        return self.life.timeline

    @property
    def is_open(self) -> bool:
        """Whether it is not solved, closed, merged or spam."""
        return self.columns["status"] in OPEN

    def clocks(self, as_of: datetime) -> list[TargetClock]:
        """The clocks of all targets, by what had happened by *as_of*."""
        return clocks(self.timeline.until(as_of))


def read_snapshots(
    connection: Connection,
    packing: Packing,
    as_of: datetime,
    *conditions: ColumnElement[bool],
    briefly: Sequence[str] = (),
) -> dict[str, CaseSnapshot]:
    """Every case opened by *as_of* whose row meets the *conditions*, as it was then, by its id.

    *briefly*, with some of the columns and without the timelines, which are long, of the cases
    that have not changed since.
    """
    columns = SERVICE_CASES.c
    names = dict.fromkeys((*_AT_LEAST, *briefly) if briefly else _AS_KEPT)
    facts = case((columns.facts_at > as_of, columns.facts))
    clock = case((columns.changed_at > as_of, columns.clock)) if briefly else columns.clock
    query = (
        select(clock, facts, *(columns[name] for name in names))
        .where(columns.opened_at <= as_of, *conditions)
        .order_by(columns.case_id)
    )
    found: dict[str, CaseSnapshot] = {}
    for text, known, *values in connection.execute(query).all():
        life = None if text is None else PackedTimeline(packing, text)
        snapshot = CaseSnapshot(dict(zip(names, values, strict=True)), life)
        found[snapshot.case_id] = _as_of(snapshot, known, as_of)
    return found


def read_snapshots_of(
    connection: Connection, packing: Packing, as_of: datetime, ids: Sequence[str]
) -> dict[str, CaseSnapshot]:
    """The cases of some *ids*, as above."""
    found: dict[str, CaseSnapshot] = {}
    for some in in_parts(ids):
        condition = SERVICE_CASES.c.case_id.in_(some)
        found |= read_snapshots(connection, packing, as_of, condition)
    return found


def in_parts(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """*ids*, as many at a time as fit in a query."""
    for start in range(0, len(ids), IDS_A_QUERY):
        yield ids[start : start + IDS_A_QUERY]


def _as_of(
    snapshot: CaseSnapshot,
    facts: Sequence[tuple[int, Row]] | None,
    as_of: datetime,
) -> CaseSnapshot:
    """A case, read as it is now, as it was at an instant from its opening on."""
    columns, otherwise = snapshot.columns, Row()
    if facts is not None:
        known = [held for at, held in facts if at <= to_micros(as_of)]
        otherwise = Row(ChainMap(*reversed(known)))
    if snapshot.changed_at > as_of:
        past = snapshot.timeline.until(as_of)
        otherwise["status"] = past.statuses[-1].category.value
        otherwise["first_response_at"] = past.first_response_at
        otherwise["contacts"] = 1 + sum(not one.by_agent for one in past.messages)
        closed_at = columns.get("closed_at")
        otherwise["closed_at"] = None if closed_at is None or closed_at > as_of else closed_at
    return attrs.evolve(snapshot, columns=columns | otherwise) if otherwise else snapshot
