"""Warnings and breaches of service levels that nobody has recorded yet: who is to be told what."""

from datetime import datetime
from uuid import UUID

import attrs
from sqlalchemy import Connection, Table, select

from crmcore.domain.service.levels.policy import TargetKind
from crmcore.domain.service.levels.target_clocks import escalations
from crmcore.projections.service.levels import ServiceCase, read_cases
from crmcore.projections.service.service_levels import Packing

__all__ = ["DueEscalation", "cases_due", "read_escalations"]


@attrs.frozen
class DueEscalation:
    """A warning level of a target that was reached ``at`` an instant, or its breach (``breach``).

    ``action`` is what the policy names for it.
    """

    case: ServiceCase
    cycle: int
    target: TargetKind
    occurrence: int
    policy: str | None
    name: str
    action: str | None
    at: datetime
    due_at: datetime | None


def cases_due(connection: Connection, levels: Table, until: datetime) -> list[UUID]:
    """The cases with a warning or breach before *until* that nobody has recorded, first due first."""
    query = select(levels.c.case_id).where(levels.c.next_escalation_at < until)
    query = query.order_by(levels.c.next_escalation_at, levels.c.case_id)
    return [UUID(one) for one in dict.fromkeys(connection.execute(query).scalars())]


def read_escalations(
    connection: Connection, cases: Table, levels: Table, packing: Packing, until: datetime
) -> list[DueEscalation]:
    """What is due before *until* and not recorded, by when it came about."""
    due = [str(one) for one in cases_due(connection, levels, until)]
    found = [
        one
        for case in read_cases(connection, cases, packing, until, ids=due).values()
        for one in _of(case, until)
    ]
    return sorted(found, key=lambda one: (one.at, one.case.case_id, one.target, one.occurrence))


def _of(case: ServiceCase, until: datetime) -> list[DueEscalation]:
    return [
        DueEscalation(
            case=case,
            cycle=clock.cycle,
            target=clock.kind,
            occurrence=clock.occurrence,
            policy=clock.policy,
            name=escalation.name,
            action=escalation.action,
            at=escalation.at,
            due_at=clock.due_at,
        )
        for clock, escalation in escalations(case.timeline, until)
    ]
