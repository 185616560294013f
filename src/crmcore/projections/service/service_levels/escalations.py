"""Warnings and breaches of service levels that nobody has recorded yet: who is to be notified."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from crmcore.domain.service.levels.policy import TargetKind
from crmcore.domain.service.levels.target_clocks import escalations
from crmcore.domain.service.priority import Priority
from crmcore.projections.results import result
from crmcore.projections.service.service_levels.snapshots import CaseSnapshot, read_snapshots_of
from crmcore.projections.service.service_levels.tables import SERVICE_LEVELS
from crmcore.projections.service.service_levels.timelines import Packing


@result
class DueEscalation:
    """A warning level of a target that was reached ``at`` an instant, or its breach (``breach``).

    ``action`` is what the policy names for it.
    """

    case_id: UUID
    number: str | None
    customer_id: UUID | None
    priority: Priority | None
    queue: str | None
    agent: str | None
    cycle: int
    target: TargetKind
    occurrence: int
    policy: str | None
    name: str
    action: str | None
    at: datetime
    due_at: datetime | None


def read_due(connection: Connection, until: datetime) -> list[UUID]:
    """The cases with a warning or breach before *until* that nobody has recorded, first due first."""
    columns = SERVICE_LEVELS.c
    query = select(columns.case_id).where(columns.next_escalation_at < until)
    query = query.order_by(columns.next_escalation_at, columns.case_id)
    return [UUID(one) for one in dict.fromkeys(connection.execute(query).scalars())]


def read_escalations(
    connection: Connection, packing: Packing, until: datetime
) -> list[DueEscalation]:
    """What is due before *until* and not recorded, by when it came about."""
    due = [str(one) for one in read_due(connection, until)]
    found = [
        one
        for case in read_snapshots_of(connection, packing, until, due).values()
        for one in _escalations(case, until)
    ]
    return sorted(found, key=lambda one: (one.at, one.case_id, one.target, one.occurrence))


def _escalations(case: CaseSnapshot, until: datetime) -> list[DueEscalation]:
    return [
        DueEscalation(
            case_id=UUID(case.case_id),
            number=case["number"],
            customer_id=None if case["customer_id"] is None else UUID(case["customer_id"]),
            priority=None if case["priority"] is None else Priority(case["priority"]),
            queue=case["queue"],
            agent=case["agent"],
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
