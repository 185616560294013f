"""The questions that the read models answer.

Rows show what the projections have seen so far: catch up first, or follow in the
background, to read your own writes.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import attrs
from sqlalchemy import SelectBase

from crmcore.application.errors import MisuseError
from crmcore.contexts.customers import CustomersReadModels
from crmcore.contexts.loyalty import LoyaltyReadModels
from crmcore.contexts.marketing import MarketingReadModels
from crmcore.contexts.sales import SalesReadModels
from crmcore.contexts.service import ServiceReadModels
from crmcore.domain.kernel import InvalidValueError, shown
from crmcore.domain.kernel.frozen import frozen
from crmcore.projections.engine.projection import Row
from crmcore.projections.engine.query.live_rows import KnownRows, LiveRows
from crmcore.projections.instants import about_instants
from crmcore.projections.questions import Questions

T = TypeVar("T")


if TYPE_CHECKING:

    class _Named(
        CustomersReadModels,
        SalesReadModels,
        MarketingReadModels,
        ServiceReadModels,
        LoyaltyReadModels,
    ):
        """The names under which our contexts answer."""

else:
    _Named = object


@frozen(eq=False)
class ReadModels(_Named):
    """Answers from the live rows, and from the log where a moment of the past is asked for."""

    _rows: LiveRows | KnownRows
    _questions: Mapping[str, type]
    """The classes of questions by their names here."""
    _ask: Callable[[type, LiveRows | KnownRows], Any]
    """Makes the questions of a class, on some rows."""

    def __repr__(self) -> str:
        return f"ReadModels({', '.join(sorted(self._questions))})"

    def of(self, kind: type[T]) -> T:
        """The questions of a class, as type checkers know them: ``read.of(Bikes).find()``.

        Raises ``MisuseError`` for what is no class of questions, or asks for what nothing provides.
        """
        if not isinstance(kind, type) or not issubclass(kind, Questions):
            named = kind.__name__ if isinstance(kind, type) else shown(kind)
            raise MisuseError(f"of: expected a class of questions, such as Bikes, got {named}")
        questions: T = self._ask(kind, self._rows)
        return questions

    def __getattr__(self, name: str) -> Any:
        """The questions of that name."""
        if name.startswith("_") or name not in self._questions:
            near = get_close_matches(name, self._questions, n=1)
            hint = f": did you mean {near[0]}?" if near else ""
            raise AttributeError(f"there are no questions named {name!r}{hint}")
        return self._ask(self._questions[name], self._rows)

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *self._questions})

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

    def query(self, statement: SelectBase) -> list[Row]:
        """The rows of a SELECT on tables that read models declare, those of a host included.

        Raises ``MisuseError`` where it asks for what they do not have, ``InvalidValueError`` for
        a value that no column can hold.
        """
        return self._rows.query(statement)


def _whole_number(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValueError(name, value, "a whole number")
