"""Lists of cases: which ones, in which order, one page after the other.

Most cases have not changed since the instant that is asked about: the database lists those.  The
others are cut at that instant, and take their places among them.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Subquery,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
)

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.instants import to_micros
from crmcore.projections.paging import (
    Order,
    Page,
    cursor_of,
    either_way,
    order_of,
    place_of,
    require_limit,
)
from crmcore.projections.results import result
from crmcore.projections.service.service_levels.case_results import (
    Case,
    is_open,
    next_due,
    read_cases,
)
from crmcore.projections.service.service_levels.case_row import SERVICE_CASES
from crmcore.projections.service.service_levels.snapshots import (
    OPEN,
    CaseSnapshot,
    read_snapshots,
    read_snapshots_of,
)
from crmcore.projections.service.service_levels.tables import SERVICE_LEVELS
from crmcore.projections.service.service_levels.timelines import Packing

_CASES, _TARGETS = SERVICE_CASES.c, SERVICE_LEVELS.c


@result
class Backlog:
    """How many cases are ``open``; of these how many ``with_targets`` to be met, and ``overdue``."""

    open: int
    with_targets: int
    overdue: int


@frozen
class CaseFilter:
    """Which cases: those that are open (or not), and have certain values in columns."""

    is_open: bool | None
    values: Mapping[str, str]

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """The filter as the database takes it."""
        if self.is_open is not None:
            opened = _CASES.status.in_([status.value for status in OPEN])
            yield opened if self.is_open else ~opened
        for name, value in self.values.items():
            yield _CASES[name] == value

    def accepts(self, snapshot: CaseSnapshot) -> bool:
        """Whether a case is one of them."""
        if self.is_open is not None and snapshot.is_open is not self.is_open:
            return False
        return all(snapshot[name] == value for name, value in self.values.items())


def list_cases(
    connection: Connection,
    packing: Packing,
    as_of: datetime,
    wanted: CaseFilter,
    *,
    order_by: str,
    limit: int,
    after: str | None,
) -> Page[Case]:
    """The first cases that are *wanted*, or those after a cursor, as they were at an instant."""
    listed = _listed(as_of, wanted)
    orders = _orders(listed)
    order = order_of(orders, order_by)
    require_limit(limit)
    place = None if after is None else place_of(order_by, order, after)

    statement = select(*order.columns)
    if place is not None:
        statement = statement.where(order.follows(place))
    found = connection.execute(statement.order_by(*order.sorting).limit(limit + 1))
    places = [tuple(row) for row in found]
    changed = {one.case_id: one for one in _changed(connection, packing, as_of, wanted)}
    later = [_place(one, as_of, order) for one in changed.values()]
    if place is not None:
        bound = _rank(place, order)
        later = [one for one in later if _rank(one, order) > bound]
    places = sorted([*places, *later], key=lambda one: _rank(one, order))

    ids = [place[len(order.columns) - 1] for place in places[:limit]]
    settled = read_snapshots_of(
        connection, packing, as_of, [one for one in ids if one not in changed]
    )
    snapshots = [changed.get(one) or settled[one] for one in ids]
    following = cursor_of(order_by, places[limit - 1]) if len(places) > limit else None
    return Page(tuple(read_cases(connection, snapshots, as_of)), following)


def read_backlog(connection: Connection, packing: Packing, as_of: datetime) -> Backlog:
    """How many cases were open at an instant."""
    wanted = CaseFilter(True, {})
    listed = _listed(as_of, wanted)
    overdue = case((listed.c.next_due_at < as_of, 1), else_=0)
    count = (
        func.count(),
        func.coalesce(func.sum(1 - listed.c.idle), 0),
        func.coalesce(func.sum(overdue), 0),
    )
    opened, with_targets, late = connection.execute(select(*count).select_from(listed)).one()
    for one in _changed(connection, packing, as_of, wanted):
        clocks = one.clocks(as_of)
        due = next_due(clocks)
        opened += 1
        with_targets += any(map(is_open, clocks))
        late += due is not None and due < as_of
    return Backlog(opened, with_targets, late)


def _listed(as_of: datetime, wanted: CaseFilter) -> Subquery:
    """What cases are ordered by, of those that have not changed since *as_of*."""
    to_meet = and_(
        _TARGETS.case_id == _CASES.case_id,
        _TARGETS.completed_at.is_(None),
        _TARGETS.withdrawn_at.is_(None),
    )
    next_due_at = select(func.min(_TARGETS.due_at)).where(to_meet).scalar_subquery()
    idle = case((exists().where(to_meet), literal(0)), else_=literal(1))
    statement = select(
        _CASES.case_id,
        _CASES.opened_at,
        next_due_at.label("next_due_at"),
        idle.label("idle"),
    )
    settled = _CASES.changed_at <= as_of, _CASES.facts_at <= as_of
    return statement.where(*settled, *wanted.conditions()).subquery()


def _orders(listed: Subquery) -> Mapping[str, Order]:
    """By urgency what is due next comes first, then cases whose targets are all paused, and those
    without a target to be met last; of two equal ones, the one that was opened first.
    """
    opened, key = listed.c.opened_at, listed.c.case_id
    return {
        "urgency": Order(listed.c.next_due_at, key, then=(listed.c.idle, opened)),
        **either_way(key, opened),
    }


def _changed(
    connection: Connection, packing: Packing, as_of: datetime, wanted: CaseFilter
) -> Iterator[CaseSnapshot]:
    """The cases that are wanted as they were at *as_of*, of those that have changed since."""
    since = or_(_CASES.changed_at > as_of, _CASES.facts_at > as_of)
    for one in read_snapshots(connection, packing, as_of, since).values():
        if wanted.accepts(one):
            yield one


def _place(snapshot: CaseSnapshot, as_of: datetime, order: Order) -> tuple[Any, ...]:
    """What the database would say of a case in the columns of an order."""
    values: dict[str, Any] = {"case_id": snapshot.case_id, "opened_at": snapshot["opened_at"]}
    if any(column.name == "next_due_at" for column in order.columns):
        clocks = snapshot.clocks(as_of)
        values["next_due_at"] = next_due(clocks)
        values["idle"] = 0 if any(map(is_open, clocks)) else 1
    return tuple(values[column.name] for column in order.columns)


def _rank(place: Sequence[Any], order: Order) -> list[Any]:
    """What sorts places as the database does."""
    first, *rest = place
    if order.descending:
        first = -to_micros(first)
    return [(value is None, value) for value in (first, *rest)]
