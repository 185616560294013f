"""The questions that the read models answer.

Rows show what the projections have seen so far: catch up first, or follow in the
background, to read your own writes.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import attrs
from sqlalchemy import SelectBase, Table

from crmcore.domain.kernel import InvalidValueError
from crmcore.domain.loyalty.program import LoyaltyProgram
from crmcore.projections.customers import directory, history
from crmcore.projections.engine import Row
from crmcore.projections.engine.as_of import fold
from crmcore.projections.engine.live import KnownRows, LiveRows
from crmcore.projections.engine.tables import view_of
from crmcore.projections.instants import about_instants
from crmcore.projections.loyalty import standing
from crmcore.projections.loyalty.status import LOYALTY_STATUS, loyalty_status
from crmcore.projections.marketing import campaign_results

__all__ = ["ReadModels"]

T = TypeVar("T")


@attrs.frozen
class ReadModels:
    """Answers from the live rows, and from the log where a moment of the past is asked for."""

    _rows: LiveRows | KnownRows
    _program: LoyaltyProgram
    _clock: Callable[[], datetime]
    """Tells the moment that a question means which names none."""
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
    def history(
        self,
        customer_id: UUID,
        *,
        as_of: datetime | None = None,
        known_at: datetime | None = None,
    ) -> list[history.Entry]:
        """What was true of a customer by *as_of*, as it was recorded by *known_at* (both UTC)."""
        with self._rows.of("customer_history") as connection:
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

    @about_instants
    def loyalty(
        self, customer_id: UUID, *, now: datetime | None = None, as_of: datetime | None = None
    ) -> standing.LoyaltyStatus | None:
        """A customer's loyalty status *now*, or as it was at *as_of*; None before the first purchase."""
        if as_of is None:
            with self._rows.of("loyalty_status") as connection:
                view = self._view(LOYALTY_STATUS)
                return standing.read_status(
                    connection, view, self._program, customer_id, now or self._clock()
                )
        projection = loyalty_status(self._program)
        with self._rows.log() as connection:
            events = self._rows.events(connection, [customer_id], projection)
            rows = fold(projection, standing.true_by(events, as_of))
        for row in rows.rows(LOYALTY_STATUS):
            if row["customer_id"] == str(customer_id):
                return standing.standing(row, self._program, as_of)
        return None

    def loyalty_tiers(self) -> list[standing.TierSummary]:
        """How many members stand in each tier, with their points and spending; highest first."""
        with self._rows.of("loyalty_status") as connection:
            return standing.summary(connection, self._view(LOYALTY_STATUS), self._program)

    def find_customers(self, text: str, *, limit: int = 20) -> list[directory.Found]:
        """Customers by name, e-mail, phone or external id."""
        if not isinstance(text, str):
            raise InvalidValueError("text", text, "text")
        _whole_number("limit", limit)
        with self._rows.of("customer_directory") as connection:
            views = self._view(directory.DIRECTORY), self._view(directory.TERMS)
            return directory.find(connection, *views, text, limit=limit)

    def campaign_results(
        self, campaign_id: UUID | None = None
    ) -> list[campaign_results.CampaignResult]:
        """What campaigns brought, in the order of their planning."""
        with self._rows.of("campaign_results") as connection:
            views = (
                self._view(campaign_results.CAMPAIGN_RESULTS),
                self._view(campaign_results.CAMPAIGN_REVENUE),
            )
            return campaign_results.read_results(connection, *views, campaign_id)

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
