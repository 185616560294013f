"""The questions that the read models answer.

Rows show what the projections have seen so far: catch up first, or follow in the
background, to read your own writes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, TypeVar, Unpack
from uuid import UUID

import attrs
from sqlalchemy import SelectBase, Table

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.service.levels.clock import Mode
from crmcore.domain.service.levels.version.state import ServiceLevelVersion
from crmcore.domain.service.survey.messages import SurveyKind
from crmcore.projections.engine import Row
from crmcore.projections.engine.generations.tables import view_of
from crmcore.projections.engine.query.live_rows import KnownRows, LiveRows
from crmcore.projections.instants import about_instants
from crmcore.projections.service import feedback as surveys
from crmcore.projections.service import tables
from crmcore.projections.service.case_numbers import case_name, case_numbered, one_of
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
from crmcore.projections.service.metrics.case_record import read_records
from crmcore.projections.service.metrics.catalogue import METRICS
from crmcore.projections.service.metrics.metric import Figure, MetricOptions, MetricQuery
from crmcore.projections.service.open_cases import OpenCase, open_cases
from crmcore.projections.service.periods import Period, PeriodLength
from crmcore.projections.service.service_levels import Packing
from crmcore.projections.service.unasked import UnaskedCycle, read_unasked

__all__ = ["ReadModels"]

T = TypeVar("T")


@attrs.frozen
class ReadModels:
    """Answers from the live rows, and from the log where a moment of the past is asked for."""

    _rows: LiveRows | KnownRows
    _packing: Packing
    _clock: Callable[[], datetime]
    """Tells the moment that a question means which names none."""
    _service_levels: Callable[[datetime], ServiceLevelVersion]
    """The service levels in force at an instant, as the log tells them."""
    _questions: Mapping[str, type]
    """The classes of questions by their names here."""
    _ask: Callable[[type, LiveRows | KnownRows], Any]
    """Makes the questions of a class, on some rows."""

    def of(self, kind: type[T]) -> T:
        """The questions of a class, as type checkers know them: ``read.of(Bikes).find()``."""
        questions: T = self._ask(kind, self._rows)
        return questions

    def __getattr__(self, name: str) -> Any:
        """The questions of that name."""
        if name.startswith("_") or name not in self._questions:
            raise AttributeError(f"there are no questions named {name!r}")
        return self._ask(self._questions[name], self._rows)

    def at_least(self, position: int | None) -> "ReadModels":
        """The same questions, answered by rows that have seen the log up to *position*.

        With the position of a ``Receipt`` you read your own write, whether or not anybody
        follows: a read model that has not come so far is brought there first.  Where it cannot
        be, a question raises ``ProjectionStoppedError``; and ``NotReachedError`` where the log
        does not reach so far, as before the commit of the transaction that recorded it.
        """
        if position is not None:
            _whole_number("position", position)
        return attrs.evolve(self, rows=self._rows.at_least(position))

    @about_instants
    def known_at(self, known_at: datetime) -> "ReadModels":
        """The same questions, answered by what had been recorded by an instant (UTC).

        So a report can be had as it was told then, beside what is now known to be true of the
        same moment.  Each question reads the events that it needs from the log.
        """
        return attrs.evolve(self, rows=self._rows.known_at(known_at))

    @about_instants
    def case(self, case: str | UUID, *, as_of: datetime | None = None) -> list[ServiceLevel]:
        """What is owed to a case, by its id or its number, cycle by cycle, as of an instant.

        Raises ``AmbiguousNumberError`` where several cases have the number.
        """
        named = case_name("case", case)
        found = list(self._levels(as_of, named))
        if found:
            one_of(named, list(dict.fromkeys(level.case.case_id for level in found)))
        return found

    def case_numbered(self, number: str) -> UUID:
        """The case that was opened with a number; ``NotFoundError``, ``AmbiguousNumberError``."""
        with self._rows.of("service_levels") as connection:
            cases = self._view(tables.SERVICE_CASES)
            return case_numbered(connection, cases, case_name("number", number))

    @about_instants
    def open_cases(self, *, as_of: datetime | None = None) -> list[OpenCase]:
        """The cases open at an instant with what is still owed to them, the most urgent first."""
        return open_cases(self._levels(as_of))

    @about_instants
    def cases(self, *, as_of: datetime | None = None) -> list[ServiceLevel]:
        """What is owed to every case that was open by an instant, cycle by cycle."""
        return list(self._levels(as_of))

    @about_instants
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

    @about_instants
    def service_levels_in_force(self, *, as_of: datetime | None = None) -> ServiceLevelVersion:
        """What is owed to which cases at an instant (now, or one to come): policies and calendars.

        A case that was opened before may keep what held for it then (``case``).
        """
        return self._service_levels(as_of or self._clock())

    @about_instants
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

    @about_instants
    def service_period(self, *, zone: str = "UTC", as_of: datetime | None = None) -> Period | None:
        """From the first case to the last thing that happened or fell due by *as_of*."""
        with self._rows.of("service_levels") as connection:
            cases, levels = self._views(tables.SERVICE_CASES, tables.SERVICE_LEVELS)
            return whole_period(connection, cases, levels, as_of or self._clock(), zone)

    @about_instants
    def service_metrics(
        self,
        period: Period,
        *,
        metrics: Iterable[str] = METRICS,
        as_of: datetime | None = None,
        **particulars: Unpack[MetricOptions],
    ) -> dict[str, Figure]:
        """Metrics of service by their keys (``crmcore.METRICS``), as of an instant.

        ``calendar`` are the hours in which business time counts, ``window`` is how long a solution
        has to hold, ``every`` how often a figure over time is taken.  Raises ``KeyError`` for a
        metric that there is not.
        """
        moment, wanted = as_of or self._clock(), [METRICS[key] for key in metrics]
        with self._rows.of("service_levels") as connection:
            views = self._views(tables.SERVICE_CASES, tables.SERVICE_CYCLES, tables.SERVICE_WORK)
            records = list(read_records(connection, views, self._packing, moment))
        asked = MetricQuery(period, moment, records, list(self._levels(moment)), **particulars)
        return {one.key: one.compute(asked) for one in wanted}

    @about_instants
    def escalations(self, until: datetime | None = None) -> list[DueEscalation]:
        """The warnings and breaches before *until* (now) that nobody has recorded, in order."""
        with self._rows.of("service_levels") as connection:
            cases, levels = self._views(tables.SERVICE_CASES, tables.SERVICE_LEVELS)
            moment = until or self._clock()
            return read_escalations(connection, cases, levels, self._packing, moment)

    @about_instants
    def cases_due(self, until: datetime) -> list[UUID]:
        """The cases that have such a warning or breach."""
        with self._rows.of("service_levels") as connection:
            return cases_due(connection, self._view(tables.SERVICE_LEVELS), until)

    def _levels(
        self, as_of: datetime | None, case: str | None = None, *, standings: bool = True
    ) -> Iterator[ServiceLevel]:
        moment = as_of or self._clock()
        with self._rows.of("service_levels") as connection:
            views = self._views(tables.SERVICE_CASES, tables.SERVICE_CYCLES, tables.SERVICE_LEVELS)
            yield from read_levels(
                connection, views, self._packing, moment, case=case, standings=standings
            )

    @about_instants
    def surveys(
        self,
        *,
        kind: SurveyKind | None = None,
        as_of: datetime | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> list[Survey]:
        """The surveys offered in ``[since, until)``, as they stood at *as_of*."""
        with self._rows.of("feedback") as connection:
            views = self._view(surveys.SURVEYS), self._view(surveys.SURVEY_ANSWERS)
            moment = as_of or self._clock()
            return list(
                read_surveys(connection, *views, moment, kind=kind, since=since, until=until)
            )

    @about_instants
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

    @about_instants
    def unasked(self, kind: SurveyKind, since: datetime, until: datetime) -> list[UnaskedCycle]:
        """The solved cycles of ``[since, until)`` that no survey of *kind* was offered about."""
        with self._rows.of("service_levels", "feedback") as connection:
            views = self._views(tables.SERVICE_CASES, tables.SERVICE_CYCLES, surveys.SURVEYS)
            return read_unasked(connection, views, kind, since, until)

    def query(self, statement: SelectBase) -> list[Row]:
        """The rows of a SELECT on tables that read models declare, those of a host included.

        Raises ``MisuseError`` where it asks for what they do not have, ``InvalidValueError`` for
        a value that no column can hold.
        """
        return self._rows.query(statement)

    def _views(self, *declared: Table) -> tuple[Table, ...]:
        return tuple(self._view(one) for one in declared)

    def _view(self, declared: Table) -> Table:
        return view_of(declared, self._rows.schema)


def _whole_number(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValueError(name, value, "a whole number")
