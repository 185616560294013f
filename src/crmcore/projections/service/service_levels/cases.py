"""The questions about cases: which there are, how each stands, and what is due."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from crmcore.application.errors import AmbiguousNumberError
from crmcore.application.streams import Streams
from crmcore.domain.kernel import InvalidValueError, NotFoundError
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.case_number import AGGREGATE, case_number_id, normal_case_number
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import CaseKind, StatusCategory
from crmcore.projections.filters import column_value
from crmcore.projections.instants import about_instants
from crmcore.projections.paging import Page
from crmcore.projections.questions import Questions
from crmcore.projections.service.service_levels.case_list import (
    Backlog,
    CaseFilter,
    list_cases,
    read_backlog,
)
from crmcore.projections.service.service_levels.case_results import Case, read_cases
from crmcore.projections.service.service_levels.case_row import SERVICE_CASES
from crmcore.projections.service.service_levels.escalations import (
    DueEscalation,
    read_due,
    read_escalations,
)
from crmcore.projections.service.service_levels.snapshots import read_snapshots
from crmcore.projections.service.service_levels.timelines import Packing


@frozen(kw_only=True)
class CaseQuestions(Questions):
    """``crm.read.cases``: cases, their targets, and what is due.

    Instants must say their zone (``InvalidValueError``).  ``as_of`` is the instant that is meant: now,
    where none is given.
    """

    packing: Packing
    streams: Streams

    @about_instants
    def get(self, case: str | UUID, *, as_of: datetime | None = None) -> Case | None:
        """A case by its id or its number, cycle by cycle, with its targets; None if there is none.

        Raises ``AmbiguousNumberError`` where several cases have the number.
        """
        name, moment = _name("case", case), as_of or self.clock()
        columns = SERVICE_CASES.c
        named = (columns.case_id == name.lower()) | (columns.number == name)
        with self.reading(SERVICE_CASES) as connection:
            found = read_snapshots(connection, self.packing, moment, named)
            if len(found) > 1:
                raise AmbiguousNumberError(name, [UUID(one) for one in found])
            return next(iter(read_cases(connection, list(found.values()), moment)), None)

    @about_instants
    def find(
        self,
        *,
        is_open: bool | None = None,
        status: StatusCategory | None = None,
        priority: Priority | None = None,
        kind: CaseKind | None = None,
        queue: str | None = None,
        agent: str | None = None,
        customer_id: UUID | None = None,
        as_of: datetime | None = None,
        order_by: str = "urgency",
        limit: int = 100,
        after: str | None = None,
    ) -> Page[Case]:
        """The cases that are all of this, *limit* (1 to 1,000) to a page, the most urgent first.

        *order_by* is one of ``urgency`` (what is due next first), ``opened_at`` and ``-opened_at``;
        *after* is the ``next`` of the page before.  Give the same *as_of* for every page to list one
        moment; a case that does not change between two pages is on one of them all the same.
        Raises ``InvalidValueError``.
        """
        if is_open is not None:
            column_value("is_open", bool, is_open)
        values: dict[str, tuple[type, object]] = {
            "status": (StatusCategory, status),
            "priority": (Priority, priority),
            "kind": (CaseKind, kind),
            "queue": (str, queue),
            "agent": (str, agent),
            "customer_id": (UUID, customer_id),
        }
        given = {
            name: str(column_value(name, of, value))
            for name, (of, value) in values.items()
            if value is not None
        }
        with self.reading(SERVICE_CASES) as connection:
            return list_cases(
                connection,
                self.packing,
                as_of or self.clock(),
                CaseFilter(is_open, given),
                order_by=order_by,
                limit=limit,
                after=after,
            )

    @about_instants
    def backlog(self, *, as_of: datetime | None = None) -> Backlog:
        """How many cases are open, how many of them have targets to be met, and how many are overdue."""
        with self.reading(SERVICE_CASES) as connection:
            return read_backlog(connection, self.packing, as_of or self.clock())

    def numbered(self, number: str) -> UUID:
        """The case that was opened with a number.

        Raises ``NotFoundError``, and ``AmbiguousNumberError`` where several were: in a log of the
        time before a number was claimed.
        """
        name = normal_case_number(_name("number", number))
        claimed = self.streams.state(AGGREGATE, case_number_id(name))
        if claimed is not None:
            return claimed
        columns = SERVICE_CASES.c
        query = select(columns.case_id).where(columns.number == name).order_by(columns.case_id)
        with self.reading(SERVICE_CASES) as connection:
            found = [UUID(one) for one in connection.execute(query).scalars()]
        if not found:
            raise NotFoundError("case", name)
        if len(found) > 1:
            raise AmbiguousNumberError(name, found)
        return found[0]

    @about_instants
    def due(self, until: datetime | None = None) -> list[UUID]:
        """The cases with a warning or breach before *until* (now) that nobody has recorded, first due first."""
        with self.reading(SERVICE_CASES) as connection:
            return read_due(connection, until or self.clock())

    @about_instants
    def escalations(self, until: datetime | None = None) -> list[DueEscalation]:
        """The warnings and breaches before *until* (now) that nobody has recorded, in order."""
        with self.reading(SERVICE_CASES) as connection:
            return read_escalations(connection, self.packing, until or self.clock())


def _name(field: str, given: object) -> str:
    """What a case was called by, as text; ``InvalidValueError`` if it is neither an id nor a number."""
    if not isinstance(given, (str, UUID)):
        raise InvalidValueError(field, given, "a case's id or its number (a UUID or text)")
    return str(given)
