"""The questions that the read models answer.

Rows show what the projections have seen so far: catch up first, or follow in the
background, to read your own writes.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

import attrs
from sqlalchemy import Connection, Select, Table

from crmcore.application.log import Recorded
from crmcore.domain.loyalty.program import LoyaltyProgram
from crmcore.domain.service.resolution_target import Mode
from crmcore.projections.customers import directory, history
from crmcore.projections.engine import LogSource, Projection, ProjectionStoppedError, Registry, Row
from crmcore.projections.engine.as_of import fold
from crmcore.projections.engine.generation import view_of
from crmcore.projections.loyalty import status
from crmcore.projections.marketing import campaign_results
from crmcore.projections.service import service_levels

__all__ = ["ReadModels", "all_projections"]


def all_projections(program: LoyaltyProgram, events: Sequence[type]) -> tuple[Projection, ...]:
    """Every read model, over the event classes *events*."""
    return (
        history.customer_history(events),
        directory.customer_directory(),
        status.loyalty_status(program),
        service_levels.service_levels(),
        campaign_results.campaign_results(),
    )


@attrs.frozen
class ReadModels:
    """Answers from the live rows, and from the log where a moment of the past is asked for."""

    _source: LogSource
    _registry: Registry
    _program: LoyaltyProgram
    _about: Callable[[Connection, Sequence[UUID], Sequence[str]], Iterator[Recorded]]
    """The events about some subjects, of some topics."""
    _clock: Callable[[], datetime]
    """Tells the moment that a question means which names none."""
    _catch_up: Callable[[str], None]
    """Brings one read model to the end of the log."""
    _at_least: int = 0

    def at_least(self, position: int | None) -> "ReadModels":
        """The same questions, answered by rows that have seen the log up to *position*.

        With the position of a ``Receipt`` you read your own write, whether or not anybody
        follows: a read model that has not come so far is brought there first.
        """
        return attrs.evolve(self, at_least=position or 0)

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
                return status.read_status(connection, view, self._program, customer_id, now or self._clock())
        projection = status.loyalty_status(self._program)
        with self._source.read() as connection:
            events = self._about(connection, [customer_id], projection.topics)
            rows = fold(projection, status.true_by(events, as_of))
        for row in rows.rows(status.LOYALTY_STATUS):
            if row["customer_id"] == str(customer_id):
                return status.standing(row, self._program, as_of)
        return None

    def loyalty_tiers(self) -> list[status.TierSummary]:
        """How many members stand in each tier, with their points and spending; highest first."""
        with self._read("loyalty_status") as connection:
            return status.summary(connection, self._view(status.LOYALTY_STATUS), self._program)

    def case(self, case: str, *, as_of: datetime | None = None) -> list[service_levels.ServiceLevel]:
        """The cycles of a case, by its id or its number, as of an instant."""
        with self._read("service_levels") as connection:
            view = self._view(service_levels.SERVICE_LEVELS)
            return list(service_levels.read_levels(connection, view, as_of or self._clock(), case=case))

    def cases(self, *, as_of: datetime | None = None) -> list[service_levels.ServiceLevel]:
        """Every cycle of every case that was open by an instant."""
        with self._read("service_levels") as connection:
            view = self._view(service_levels.SERVICE_LEVELS)
            return list(service_levels.read_levels(connection, view, as_of or self._clock()))

    def service_levels(
        self,
        *,
        as_of: datetime | None = None,
        by: service_levels.Grouping | None = None,
        mode: Mode = Mode.TO_DATE,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> tuple[list[service_levels.Compliance], service_levels.Compliance]:
        """Compliance of the targets judged in ``[since, until)``, by group and in total."""
        with self._read("service_levels") as connection:
            view = self._view(service_levels.SERVICE_LEVELS)
            levels = service_levels.read_levels(connection, view, as_of or self._clock())
            return service_levels.compliance(levels, by, mode=mode, since=since, until=until)

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
        names = {None: self._registry.schema}  # the schema of this log's tenant
        with self._source.read() as connection:
            found = connection.execute(statement, execution_options={"schema_translate_map": names})
            return [dict(row._mapping) for row in found]

    def _view(self, declared: Table) -> Table:
        return view_of(declared, self._registry.schema)

    @contextmanager
    def _read(self, name: str) -> Iterator[Connection]:
        if self._at_least and self._position(name) < self._at_least:
            self._catch_up(name)
        with self._source.read() as connection:
            if self._registry.live(connection, name) is None:
                raise ProjectionStoppedError(
                    f"{name} has no rows yet: run `crmcore projections catch-up`,"
                    " or call catch_up()"
                )
            yield connection

    def _position(self, name: str) -> int:
        with self._source.read() as connection:
            live = self._registry.live(connection, name)
            return 0 if live is None else live.position
