"""The questions that the read models answer.

Rows show what the projections have seen so far: catch up first, or follow in the
background, to read your own writes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Unpack
from uuid import UUID

import attrs
from sqlalchemy import Connection, Select, Table
from sqlalchemy.sql.util import find_tables

from crmcore.application.errors import StoreError
from crmcore.application.log import Recorded
from crmcore.domain.loyalty.program import LoyaltyProgram
from crmcore.domain.service.levels import Mode
from crmcore.domain.service.survey import SurveyKind
from crmcore.projections.customers import directory, history
from crmcore.projections.engine import LogSource, Projection, ProjectionStoppedError, Registry, Row
from crmcore.projections.engine.as_of import fold
from crmcore.projections.engine.generation import Checkpoint, view_of
from crmcore.projections.engine.known import made_anew
from crmcore.projections.loyalty import status
from crmcore.projections.marketing import campaign_results
from crmcore.projections.service import feedback as surveys
from crmcore.projections.service import tables
from crmcore.projections.service.compliance import (
    Compliance,
    Grouping,
    Unit,
    compliance,
    compliance_over_time,
)
from crmcore.projections.service.escalations import DueEscalation, cases_due, read_escalations
from crmcore.projections.service.feedback_results import (
    FeedbackGrouping,
    FeedbackResult,
    Survey,
    feedback_results,
    read_surveys,
)
from crmcore.projections.service.levels import ServiceLevel, read_levels, whole_period
from crmcore.projections.service.metric import Asked, Figure, Particulars
from crmcore.projections.service.metrics import METRICS
from crmcore.projections.service.open_cases import OpenCase, open_cases
from crmcore.projections.service.periods import Period, PeriodLength
from crmcore.projections.service.records import read_records
from crmcore.projections.service.service_levels import Packing, service_levels
from crmcore.projections.service.unasked import UnaskedCycle, read_unasked

__all__ = ["ReadModels", "all_projections"]


def all_projections(
    program: LoyaltyProgram, events: Sequence[type], packing: Packing
) -> tuple[Projection, ...]:
    """Every read model, over the event classes *events*."""
    return (
        history.customer_history(events),
        directory.customer_directory(),
        status.loyalty_status(program),
        service_levels(packing),
        campaign_results.campaign_results(),
        surveys.feedback(),
    )


@attrs.frozen
class ReadModels:
    """Answers from the live rows, and from the log where a moment of the past is asked for."""

    _source: LogSource
    _registry: Registry
    _program: LoyaltyProgram
    _packing: Packing
    _about: Callable[[Connection, Sequence[UUID] | None, Sequence[str]], Iterator[Recorded]]
    """The events about some subjects (or about any), of some topics."""
    _clock: Callable[[], datetime]
    """Tells the moment that a question means which names none."""
    _catch_up: Callable[[str], None]
    """Brings one read model to the end of the log."""
    _projections: Sequence[Projection]
    _at_least: int = 0
    _known_at: datetime | None = None

    def at_least(self, position: int | None) -> "ReadModels":
        """The same questions, answered by rows that have seen the log up to *position*.

        With the position of a ``Receipt`` you read your own write, whether or not anybody
        follows: a read model that has not come so far is brought there first.
        """
        return attrs.evolve(self, at_least=position or 0)

    def known_at(self, known_at: datetime) -> "ReadModels":
        """The same questions, answered by what had been recorded by an instant (UTC).

        So a report can be had as it was told then, beside what is now known to be true of the
        same moment.  Each question reads the events that it needs from the log.
        """
        return attrs.evolve(self, known_at=known_at)

    def history(
        self,
        customer_id: UUID,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
    ) -> list[history.Entry]:
        """What was true of a customer by *as_of*, as it was recorded by *known_at* (both UTC)."""
        with self._read("customer_history") as connection:
            entries = history.read_history(
                connection,
                self._view(history.CUSTOMER_HISTORY),
                self._view(history.CUSTOMER_LINKS),
                customer_id,
            )
        return [
            entry
            for entry in entries
            if (as_of is None or entry.occurred_at <= as_of)
            and (known_at is None or entry.recorded_at <= known_at)
        ]

    def loyalty(
        self, customer_id: UUID, *, now: datetime | None = None, as_of: datetime | None = None
    ) -> status.LoyaltyStatus | None:
        """A customer's loyalty status *now*, or as it was at *as_of*; None before the first purchase."""
        if as_of is None:
            with self._read("loyalty_status") as connection:
                view = self._view(status.LOYALTY_STATUS)
                return status.read_status(
                    connection, view, self._program, customer_id, now or self._clock()
                )
        projection = status.loyalty_status(self._program)
        with self._source.read() as connection:
            events = self._events(connection, [customer_id], projection)
            rows = fold(projection, status.true_by(events, as_of))
        for row in rows.rows(status.LOYALTY_STATUS):
            if row["customer_id"] == str(customer_id):
                return status.standing(row, self._program, as_of)
        return None

    def loyalty_tiers(self) -> list[status.TierSummary]:
        """How many members stand in each tier, with their points and spending; highest first."""
        with self._read("loyalty_status") as connection:
            return status.summary(connection, self._view(status.LOYALTY_STATUS), self._program)

    def case(self, case: str, *, as_of: datetime | None = None) -> list[ServiceLevel]:
        """What is owed to a case, by its id or its number, cycle by cycle, as of an instant."""
        return list(self._levels(as_of, case))

    def open_cases(self, *, as_of: datetime | None = None) -> list[OpenCase]:
        """The cases open at an instant with what is still owed to them, the most urgent first."""
        return open_cases(self._levels(as_of))

    def cases(self, *, as_of: datetime | None = None) -> list[ServiceLevel]:
        """What is owed to every case that was open by an instant, cycle by cycle."""
        return list(self._levels(as_of))

    def service_levels(
        self,
        *,
        as_of: datetime | None = None,
        by: Grouping | None = None,
        mode: Mode = Mode.TO_DATE,
        unit: Unit = Unit.TARGET,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[list[Compliance], Compliance]:
        """Compliance of what is judged in ``[since, until)``, by group and in total."""
        levels = self._levels(as_of, standings=False)
        return compliance(levels, by, mode=mode, unit=unit, since=since, until=until)

    def service_levels_over_time(
        self,
        period: Period,
        length: PeriodLength,
        *,
        as_of: datetime | None = None,
        mode: Mode = Mode.TO_DATE,
        unit: Unit = Unit.TARGET,
    ) -> list[tuple[Period, Compliance]]:
        """Compliance in each day, week or month of a period, by the days of its zone."""
        levels = self._levels(as_of, standings=False)
        return list(compliance_over_time(levels, period, length, mode=mode, unit=unit))

    def service_period(self, *, zone: str = "UTC", as_of: datetime | None = None) -> Period | None:
        """From the first case to the last thing that happened or fell due by *as_of*."""
        with self._read("service_levels") as connection:
            cases, levels = self._views(tables.SERVICE_CASES, tables.SERVICE_LEVELS)
            return whole_period(connection, cases, levels, as_of or self._clock(), zone)

    def service_metrics(
        self,
        period: Period,
        *,
        metrics: Iterable[str] = METRICS,
        as_of: datetime | None = None,
        **particulars: Unpack[Particulars],
    ) -> dict[str, Figure]:
        """Metrics of service by their keys (``crmcore.METRICS``), as of an instant.

        ``calendar`` are the hours in which business time counts, ``window`` is how long a solution
        has to hold, ``every`` how often a figure over time is taken.  Raises ``KeyError`` for a
        metric that there is not.
        """
        moment, wanted = as_of or self._clock(), [METRICS[key] for key in metrics]
        with self._read("service_levels") as connection:
            views = self._views(tables.SERVICE_CASES, tables.SERVICE_CYCLES, tables.SERVICE_WORK)
            records = list(read_records(connection, views, self._packing, moment))
        asked = Asked(period, moment, records, list(self._levels(moment)), **particulars)
        return {one.key: one.compute(asked) for one in wanted}

    def escalations(self, until: datetime | None = None) -> list[DueEscalation]:
        """The warnings and breaches before *until* (now) that nobody has recorded, in order."""
        with self._read("service_levels") as connection:
            cases, levels = self._views(tables.SERVICE_CASES, tables.SERVICE_LEVELS)
            moment = until or self._clock()
            return read_escalations(connection, cases, levels, self._packing, moment)

    def cases_due(self, until: datetime) -> list[UUID]:
        """The cases that have such a warning or breach."""
        with self._read("service_levels") as connection:
            return cases_due(connection, self._view(tables.SERVICE_LEVELS), until)

    def _levels(
        self, as_of: datetime | None, case: str | None = None, *, standings: bool = True
    ) -> Iterator[ServiceLevel]:
        moment = as_of or self._clock()
        with self._read("service_levels") as connection:
            views = self._views(tables.SERVICE_CASES, tables.SERVICE_CYCLES, tables.SERVICE_LEVELS)
            yield from read_levels(
                connection, views, self._packing, moment, case=case, standings=standings
            )

    def surveys(
        self,
        *,
        kind: SurveyKind | None = None,
        as_of: datetime | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Survey]:
        """The surveys offered in ``[since, until)``, as they stood at *as_of*."""
        with self._read("feedback") as connection:
            views = self._view(surveys.SURVEYS), self._view(surveys.SURVEY_ANSWERS)
            moment = as_of or self._clock()
            return list(
                read_surveys(connection, *views, moment, kind=kind, since=since, until=until)
            )

    def feedback(
        self,
        *,
        by: FeedbackGrouping | None = None,
        kind: SurveyKind | None = None,
        as_of: datetime | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        zone: str = "UTC",
    ) -> tuple[list[FeedbackResult], list[FeedbackResult]]:
        """What customers think of solved cases, by kind of survey and group, and in total by kind.

        Surveys count where they were offered: in ``[since, until)``, months by the clocks of *zone*.
        """
        found = self.surveys(kind=kind, as_of=as_of, since=since, until=until)
        return feedback_results(found, by, zone=zone)

    def unasked(self, kind: SurveyKind, since: datetime, until: datetime) -> list[UnaskedCycle]:
        """The solved cycles of ``[since, until)`` that no survey of *kind* was offered about."""
        with self._read("service_levels", "feedback") as connection:
            views = self._views(tables.SERVICE_CASES, tables.SERVICE_CYCLES, surveys.SURVEYS)
            return read_unasked(connection, views, kind, since, until)

    def find_customers(self, text: str, *, limit: int = 20) -> list[directory.Found]:
        """Customers by name, e-mail, phone or external id."""
        with self._read("customer_directory") as connection:
            views = self._view(directory.DIRECTORY), self._view(directory.TERMS)
            return directory.find(connection, *views, text, limit=limit)

    def campaign_results(
        self, campaign_id: UUID | None = None
    ) -> list[campaign_results.CampaignResult]:
        """What campaigns brought, in the order of their planning."""
        with self._read("campaign_results") as connection:
            views = (
                self._view(campaign_results.CAMPAIGN_RESULTS),
                self._view(campaign_results.CAMPAIGN_REVENUE),
            )
            return campaign_results.read_results(connection, *views, campaign_id)

    def query(self, statement: Select[Any]) -> list[Row]:
        """The rows of a SELECT on tables that read models declare, those of a host included."""
        names = {None: self._schema}
        reading: AbstractContextManager[Connection] = self._source.read()
        if self._known_at is not None:
            reading = self._read(*_declaring(self._projections, statement))
        with reading as connection:
            found = connection.execute(statement, execution_options={"schema_translate_map": names})
            return [dict(row._mapping) for row in found]

    def _views(self, *declared: Table) -> tuple[Table, ...]:
        return tuple(self._view(one) for one in declared)

    def _view(self, declared: Table) -> Table:
        return view_of(declared, self._schema)

    @property
    def _schema(self) -> str | None:
        """Where the rows are: with the log of this tenant, or apart."""
        return None if self._known_at else self._registry.schema

    def _events(
        self, connection: Connection, subjects: Sequence[UUID] | None, projection: Projection
    ) -> Iterator[Recorded]:
        events = self._about(connection, subjects, projection.topics)
        by = self._known_at
        return events if by is None else (one for one in events if one.recorded_at <= by)

    @contextmanager
    def _read(self, *names: str) -> Iterator[Connection]:
        """A connection to the rows of these read models."""
        if self._known_at is not None:
            asked = [one for one in self._projections if one.name in names]
            with (
                self._source.read() as log,
                made_anew({one: self._events(log, None, one) for one in asked}) as connection,
            ):
                yield connection
            return
        for name in names:
            if self._at_least and self._position(name) < self._at_least:
                self._catch_up(name)
        try:
            with self._source.read() as connection:
                yield connection
        except StoreError:  # asked for only then: every question would pay for it
            unborn = [name for name in names if self._live(name) is None]
            if not unborn:
                raise
            raise ProjectionStoppedError(
                f"{unborn[0]} has no rows yet: run `crmcore projections catch-up`, or call"
                " catch_up()"
            ) from None

    def _position(self, name: str) -> int:
        live = self._live(name)
        return 0 if live is None else live.position

    def _live(self, name: str) -> Checkpoint | None:
        with self._source.read() as connection:
            return self._registry.live(connection, name)


def _declaring(projections: Sequence[Projection], statement: Select[Any]) -> list[str]:
    """The read models whose tables a SELECT names."""
    asked = {table.name for table in find_tables(statement, include_joins=True)}
    return [one.name for one in projections if asked & {table.name for table in one.tables}]
