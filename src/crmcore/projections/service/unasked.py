"""Solved cases whose customers nobody has asked yet what they think of the solution."""

from datetime import datetime
from uuid import UUID

import attrs
from sqlalchemy import Connection, Table, exists, select

from crmcore.domain.service.survey.messages import SurveyKind

__all__ = ["UnaskedCycle", "read_unasked"]


@attrs.frozen
class UnaskedCycle:
    """A cycle of a case that stands solved, and whose case it is: what an offer needs to know."""

    case_id: UUID
    cycle: int
    customer_id: UUID
    solved_at: datetime


def read_unasked(
    connection: Connection,
    views: tuple[Table, ...],
    kind: SurveyKind,
    since: datetime,
    until: datetime,
) -> list[UnaskedCycle]:
    """The cycles solved in ``[since, until)`` without a survey of *kind*, in that order.

    *views* are those of cases, cycles and surveys.  Left out is what was reopened, merged or
    spam since, and what is nobody's.  Whether the customer may be asked is not looked at: the
    offer decides that.
    """
    cases, cycles, surveys = views
    later = cycles.alias("later")
    asked = exists().where(
        surveys.c.case_id == cycles.c.case_id,
        surveys.c.cycle == cycles.c.cycle,
        surveys.c.kind == kind.value,
    )
    again = exists().where(later.c.case_id == cycles.c.case_id, later.c.cycle > cycles.c.cycle)
    found = (
        select(cycles.c.case_id, cycles.c.cycle, cases.c.customer_id, cycles.c.solved_at)
        .join(cases, cases.c.case_id == cycles.c.case_id)
        .where(
            cases.c.status.in_(("solved", "closed")),
            cases.c.customer_id.is_not(None),
            cycles.c.solved_at >= since,
            cycles.c.solved_at < until,
            ~asked,
            ~again,
        )
        .order_by(cycles.c.solved_at, cycles.c.case_id)
    )
    return [
        UnaskedCycle(UUID(case_id), cycle, UUID(customer_id), solved_at)
        for case_id, cycle, customer_id, solved_at in connection.execute(found)
    ]
