"""The questions about service levels: how many targets were met, and what holds for which cases."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Unpack

from sqlalchemy import Connection, func, select

from crmcore.application.streams import Streams
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.case.policy import CasePolicy
from crmcore.domain.service.levels.clock import Mode
from crmcore.domain.service.levels.version.decisions import AGGREGATE
from crmcore.domain.service.levels.version.state import SERVICE_LEVELS_ID, ServiceLevelVersion
from crmcore.projections.instants import about_instants
from crmcore.projections.questions import Questions
from crmcore.projections.results import as_result
from crmcore.projections.service.metrics.case_record import read_records
from crmcore.projections.service.metrics.catalogue import METRICS
from crmcore.projections.service.metrics.metric import Figure, MetricOptions, MetricQuery
from crmcore.projections.service.periods import Period, PeriodLength
from crmcore.projections.service.service_levels.assignments import Assignment, read_assignments
from crmcore.projections.service.service_levels.case_row import SERVICE_CASES
from crmcore.projections.service.service_levels.compliance import (
    ComplianceReport,
    Grouping,
    PeriodCompliance,
    TargetVerdict,
    Unit,
    compliance,
    compliance_over_time,
    verdict_of,
)
from crmcore.projections.service.service_levels.tables import SERVICE_LEVELS
from crmcore.projections.service.service_levels.timelines import Packing


@frozen(kw_only=True)
class ServiceLevelQuestions(Questions):
    """``crm.read.service_levels``: compliance, the verdicts behind it, metrics, and what is in force.

    Instants must say their zone (``InvalidValueError``).  ``as_of`` is the instant from which it is
    seen: now, where none is given.
    """

    packing: Packing
    streams: Streams
    policy: CasePolicy

    @about_instants
    def compliance(
        self,
        *,
        as_of: datetime | None = None,
        by: Grouping | None = None,
        mode: Mode = Mode.TO_DATE,
        unit: Unit = Unit.TARGET,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> ComplianceReport:
        """Compliance of what is judged in ``[since, until)``, by group and in total."""
        found = self._assignments(as_of)
        return compliance(found, by, mode=mode, unit=unit, since=since, until=until)

    @about_instants
    def over_time(
        self,
        period: Period,
        length: PeriodLength,
        *,
        as_of: datetime | None = None,
        by: Grouping | None = None,
        mode: Mode = Mode.TO_DATE,
        unit: Unit = Unit.TARGET,
    ) -> list[PeriodCompliance]:
        """Compliance in each day, week or month of a period, by the days of its zone, and by group."""
        found = self._assignments(as_of)
        return list(compliance_over_time(found, period, length, by, mode=mode, unit=unit))

    @about_instants
    def verdicts(
        self,
        *,
        as_of: datetime | None = None,
        mode: Mode = Mode.TO_DATE,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[TargetVerdict]:
        """The verdicts behind the figures of ``compliance``: of every case, cycle by cycle."""
        return [
            verdict_of(one, mode)
            for one in self._assignments(as_of)
            if (since is None or one.judged_at >= since)
            and (until is None or one.judged_at < until)
        ]

    @about_instants
    def in_force(self, *, as_of: datetime | None = None) -> ServiceLevelVersion:
        """The service levels in force at an instant (now, or one to come): policies and calendars.

        A case that was opened before may keep what held for it then (``crm.read.cases.get``).
        """
        defined = self.streams.state(AGGREGATE, SERVICE_LEVELS_ID)
        return as_result(defined.in_force(as_of or self.clock()) or self.policy.service_levels)

    @about_instants
    def period(self, *, zone: str = "UTC", as_of: datetime | None = None) -> Period | None:
        """From the first case to the last thing that happened or fell due by *as_of*; None without cases."""
        with self.reading(SERVICE_CASES) as connection:
            return _whole_period(connection, as_of or self.clock(), zone)

    @about_instants
    def metrics(
        self,
        period: Period,
        *,
        metrics: Iterable[str] = METRICS,
        as_of: datetime | None = None,
        **options: Unpack[MetricOptions],
    ) -> dict[str, Figure]:
        """Metrics of service by their keys (``crmcore.METRICS``), as of an instant.

        ``calendar`` are the hours in which business time counts, ``window`` is how long a solution
        has to hold, ``every`` how often a figure over time is taken.  Raises ``KeyError`` for a
        metric that there is not.
        """
        moment, wanted = as_of or self.clock(), [METRICS[key] for key in metrics]
        with self.reading(SERVICE_CASES) as connection:
            records = list(read_records(connection, self.packing, moment))
            assignments = list(read_assignments(connection, self.packing, moment))
        query = MetricQuery(period, moment, records, assignments, **options)
        return {one.key: one.compute(query) for one in wanted}

    def _assignments(self, as_of: datetime | None) -> list[Assignment]:
        with self.reading(SERVICE_CASES) as connection:
            return list(read_assignments(connection, self.packing, as_of or self.clock()))


def _whole_period(connection: Connection, as_of: datetime, zone: str) -> Period | None:
    cases, targets = SERVICE_CASES.c, SERVICE_LEVELS.c
    first, last = connection.execute(
        select(func.min(cases.opened_at), func.max(cases.changed_at))
    ).one()
    if first is None or first > as_of:
        return None
    overdue = select(func.max(targets.due_at)).where(targets.completed_at.is_(None))
    due = connection.execute(overdue).scalar_one()
    return Period(first, min(max(last, due or last), as_of) + timedelta(microseconds=1), zone)
