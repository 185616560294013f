"""Survey coverage: of which solved cases the customers were asked what they think of the solution."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Connection, exists, select

from crmcore.domain.service.survey.messages import SurveyKind
from crmcore.domain.service.terms import StatusCategory
from crmcore.projections.results import result
from crmcore.projections.service.service_levels.case_row import SERVICE_CASES
from crmcore.projections.service.service_levels.tables import SERVICE_CYCLES
from crmcore.projections.service.surveys.projection import SURVEYS


@result
class SolvedCycle:
    """A cycle of a case that stands solved, and whose case it is: what an offer needs to know."""

    case_id: UUID
    cycle: int
    customer_id: UUID
    solved_at: datetime


@result
class SurveyCoverage:
    """How many solved cycles there were to ask about, and how many of them were ``surveyed``.

    ``rate`` is surveyed / solved, None where nothing was solved; ``missing`` are the others, by
    when they were solved.
    """

    solved: int
    surveyed: int
    rate: Decimal | None
    missing: tuple[SolvedCycle, ...]


def read_coverage(
    connection: Connection, kind: SurveyKind, since: datetime, until: datetime
) -> SurveyCoverage:
    """The coverage of the cycles solved in ``[since, until)`` by surveys of a *kind*.

    Left out is what was reopened, merged or spam since, and what is nobody's.  Whether the customer
    may be asked is not looked at: the offer decides that.
    """
    cases, cycles, surveys = SERVICE_CASES.c, SERVICE_CYCLES.c, SURVEYS.c
    later = SERVICE_CYCLES.alias("later")
    offered = exists().where(
        surveys.case_id == cycles.case_id,
        surveys.cycle == cycles.cycle,
        surveys.kind == kind.value,
    )
    again = exists().where(later.c.case_id == cycles.case_id, later.c.cycle > cycles.cycle)
    query = (
        select(
            cycles.case_id,
            cycles.cycle,
            cases.customer_id,
            cycles.solved_at,
            offered.label("surveyed"),
        )
        .join(SERVICE_CASES, cases.case_id == cycles.case_id)
        .where(
            cases.status.in_([StatusCategory.SOLVED.value, StatusCategory.CLOSED.value]),
            cases.customer_id.is_not(None),
            cycles.solved_at >= since,
            cycles.solved_at < until,
            ~again,
        )
        .order_by(cycles.solved_at, cycles.case_id)
    )
    found = connection.execute(query).all()
    missing = tuple(
        SolvedCycle(UUID(row.case_id), row.cycle, UUID(row.customer_id), row.solved_at)
        for row in found
        if not row.surveyed
    )
    surveyed = len(found) - len(missing)
    return SurveyCoverage(
        solved=len(found),
        surveyed=surveyed,
        rate=Decimal(surveyed) / len(found) if found else None,
        missing=missing,
    )
