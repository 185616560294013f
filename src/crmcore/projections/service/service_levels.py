"""Service levels: by when each case was to be solved, and whether it was.

One row per case and cycle (a reopened case begins a new one).  A verdict follows from the
instants alone; for an open case it depends on the moment of asking, so it is computed when
asked and not stored.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Column, Connection, Index, Integer, MetaData, Table, Text, select

from crmcore.application.log import Recorded
from crmcore.domain.service.case import events
from crmcore.domain.service.resolution_target import Mode, Verdict, verdict
from crmcore.projections.engine import Instant, Projection, Rows, by_stream

__all__ = [
    "SERVICE_LEVELS",
    "Compliance",
    "Grouping",
    "ServiceLevel",
    "compliance",
    "read_levels",
    "service_levels",
]

SERVICE_LEVELS = Table(
    "service_levels",
    MetaData(),
    Column("case_id", Text, primary_key=True),
    Column("cycle", Integer, primary_key=True),
    Column("customer_id", Text),
    Column("number", Text),
    Column("subject", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("priority", Text),
    Column("queue", Text),
    Column("agent", Text),
    Column("status", Text, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("due_at", Instant),
    Column("basis", Text),
    Column("policy", Text),
    Column("first_response_at", Instant),
    Column("completed_at", Instant),
    Column("withdrawn_at", Instant),
    Column("closed_at", Instant),
    Index("service_levels_number", "number"),
)


class Grouping(StrEnum):
    """What a compliance report may be broken down by."""

    PRIORITY = "priority"
    QUEUE = "queue"
    POLICY = "policy"
    KIND = "kind"
    AGENT = "agent"


@attrs.frozen
class ServiceLevel:
    """How a case stands in one cycle, as of an instant (all in UTC).

    ``elapsed`` is the time worked so far or until it was solved; ``remaining`` what is left
    of the target, negative when overdue, None without a target.
    """

    case_id: UUID
    cycle: int
    customer_id: str | None
    number: str | None
    subject: str
    kind: str
    priority: str | None
    queue: str | None
    agent: str | None
    status: str
    opened_at: datetime
    due_at: datetime | None
    basis: str | None
    policy: str | None
    first_response_at: datetime | None
    completed_at: datetime | None
    withdrawn_at: datetime | None
    closed_at: datetime | None
    as_of: datetime

    def verdict(self, mode: Mode = Mode.TO_DATE) -> Verdict:
        """Met, breached, running or none (``crmcore.domain.service.resolution_target``)."""
        return verdict(
            self.due_at, self.completed_at, self.as_of, withdrawn_at=self.withdrawn_at, mode=mode
        )

    @property
    def judged_at(self) -> datetime | None:
        """The instant to which a report counts the verdict: solved by ``as_of``, or else due."""
        return self._solved_at or self.due_at

    @property
    def elapsed(self) -> Any:
        """How long it took, or has taken so far (a ``timedelta`` of elapsed time)."""
        return (self._solved_at or self.as_of) - self.opened_at

    @property
    def remaining(self) -> Any:
        """What was left of the target when it was solved, or is left now; None without a target."""
        if self.due_at is None:
            return None
        return self.due_at - (self._solved_at or self.as_of)

    @property
    def _solved_at(self) -> datetime | None:
        """When it was solved, unless that had not happened yet."""
        solved = self.completed_at is not None and self.completed_at <= self.as_of
        return self.completed_at if solved else None


@attrs.define
class Compliance:
    """How many verdicts of a group were met, were breached or are open."""

    group: str
    met: int = 0
    breached: int = 0
    running: int = 0
    none: int = 0

    @property
    def rate(self) -> Decimal | None:
        """Met of met and breached (domain metric V7); None where nothing was judged."""
        judged = self.met + self.breached
        return Decimal(self.met) / judged if judged else None

    def count(self, found: Verdict) -> None:
        """Count one verdict."""
        setattr(self, found.value, getattr(self, found.value) + 1)


def read_levels(
    connection: Connection, view: Table, as_of: datetime, *, case: str | None = None
) -> Iterator[ServiceLevel]:
    """Every case and cycle opened by *as_of*, or those of one *case* (its id or its number)."""
    query = select(*[view.c[name] for name in attrs.fields_dict(ServiceLevel) if name in view.c])
    query = query.where(view.c.opened_at <= as_of).order_by(view.c.case_id, view.c.cycle)
    if case is not None:
        query = query.where((view.c.case_id == case.lower()) | (view.c.number == case))
    for case_id, *fields in connection.execute(query):
        yield ServiceLevel(*[UUID(case_id), *fields, as_of])


def compliance(
    levels: Iterator[ServiceLevel],
    by: Grouping | None = None,
    *,
    mode: Mode = Mode.TO_DATE,
    since: datetime | None = None,
    until: datetime | None = None,
) -> tuple[list[Compliance], Compliance]:
    """Compliance by group, sorted, and in total, over targets judged in ``[since, until)``.

    A target is counted once per case and cycle, at the instant when the case was solved, or
    else when it was due.  Cases without a target are counted apart (``none``).
    """
    groups: dict[str, Compliance] = {}
    total = Compliance("total")
    for level in levels:
        judged_at = level.judged_at or level.opened_at
        if (since is not None and judged_at < since) or (until is not None and judged_at >= until):
            continue
        key = getattr(level, by.value) if by is not None else None
        found = level.verdict(mode)
        total.count(found)
        groups.setdefault(key or "(none)", Compliance(key or "(none)")).count(found)
    return [groups[key] for key in sorted(groups)] if by is not None else [], total


def service_levels() -> Projection:
    """The read model."""
    return Projection(
        name="service_levels",
        version=1,
        tables=(SERVICE_LEVELS,),
        handlers={
            events.CaseOpened: _opened,
            events.CaseCustomerIdentified: _sets(
                lambda event: {"customer_id": str(event.customer_id)}
            ),
            events.CaseClassified: _sets(lambda event: {"kind": event.kind.value}),
            events.CasePrioritised: _sets(lambda event: {"priority": event.priority.value}),
            events.CaseQueued: _sets(lambda event: {"queue": event.queue}),
            events.CaseTransferred: _sets(
                lambda event: (
                    {"queue": event.queue}
                    | ({"agent": None} if event.released_agent is not None else {})
                )
            ),
            events.CaseAssigned: _sets(lambda event: {"agent": event.agent}),
            events.CaseReplied: _replied,
            events.CaseStarted: _sets(lambda _: {"status": "open"}),
            events.CasePended: _sets(lambda _: {"status": "pending"}),
            events.CaseHeld: _sets(lambda _: {"status": "on_hold"}),
            events.CaseResumed: _sets(lambda _: {"status": "open"}),
            events.ResolutionTargetSet: _target,
            events.CaseSolved: _sets(lambda event: {"status": "solved", "completed_at": event.at}),
            events.CaseReopened: _reopened,
            events.CaseClosed: _closed,
            events.CaseMerged: _sets(lambda event: {"status": "merged", "withdrawn_at": event.at}),
            events.CaseSpamMarked: _spam,
        },
        groups=by_stream,
    )


def _opened(event: events.CaseOpened, recorded: Recorded, rows: Rows) -> None:
    row = {
        "case_id": recorded.stream,
        "cycle": 1,
        "customer_id": None if event.customer_id is None else str(event.customer_id),
        "number": event.number,
        "subject": event.subject,
        "kind": event.kind.value,
        "priority": None if event.priority is None else event.priority.value,
        "queue": event.queue,
        "status": "new",
        "opened_at": event.at,
    }
    rows.put(SERVICE_LEVELS, row)


def _sets(values: Callable[[Any], dict[str, Any]]) -> Callable[[Any, Recorded, Rows], None]:
    """A handler that sets columns of the case's latest cycle."""

    def handle(event: Any, recorded: Recorded, rows: Rows) -> None:
        *_, latest = rows.group(SERVICE_LEVELS, recorded.stream)
        rows.put(SERVICE_LEVELS, latest | values(event))

    return handle


def _replied(event: events.CaseReplied, recorded: Recorded, rows: Rows) -> None:
    if event.first_response:
        first, *_ = rows.group(SERVICE_LEVELS, recorded.stream)
        rows.put(SERVICE_LEVELS, first | {"first_response_at": event.at})


def _target(event: events.ResolutionTargetSet, recorded: Recorded, rows: Rows) -> None:
    row = rows.get(SERVICE_LEVELS, recorded.stream, event.cycle)
    assert row is not None, "a target belongs to a cycle that has begun"
    target = {
        "due_at": event.due,
        "basis": event.basis.value,
        "policy": event.policy_version or event.basis.value,
    }
    rows.put(SERVICE_LEVELS, row | target)


def _reopened(event: events.CaseReopened, recorded: Recorded, rows: Rows) -> None:
    *_, latest = rows.group(SERVICE_LEVELS, recorded.stream)
    begun = {"cycle": event.cycle, "status": "open", "opened_at": event.at}
    ended = ("due_at", "basis", "policy", "first_response_at", "completed_at", "closed_at")
    rows.put(SERVICE_LEVELS, latest | begun | dict.fromkeys(ended))


def _closed(event: events.CaseClosed, recorded: Recorded, rows: Rows) -> None:
    *_, latest = rows.group(SERVICE_LEVELS, recorded.stream)
    rows.put(SERVICE_LEVELS, latest | {"status": "closed", "closed_at": event.at})


def _spam(event: events.CaseSpamMarked, recorded: Recorded, rows: Rows) -> None:
    """Spam owed nobody anything: none of its cycles has a target, overdue or not (INV-S7)."""
    cycles = list(rows.group(SERVICE_LEVELS, recorded.stream))
    cycles[-1] |= {"status": "spam", "withdrawn_at": event.at}
    for row in cycles:
        rows.put(SERVICE_LEVELS, row | dict.fromkeys(("due_at", "basis", "policy")))
