"""Rules in tests: given events, when a command, then events or a refusal."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import attrs
import pytest

from crmcore.domain.kernel import Aggregate, DomainError

START = datetime(2026, 1, 5, 9, tzinfo=UTC)  # a Monday


def at(**later: float) -> datetime:
    """The instant *later* than Monday 2026-01-05 09:00 UTC: ``at(days=1)``."""
    return START + timedelta(**later)


def uid(number: int) -> UUID:
    """A readable identity: ``uid(1)`` is 00000000-0000-4000-8000-000000000001."""
    return UUID(f"00000000-0000-4000-8000-{number:012d}")


def refuse_out_of_order(
    aggregate: Aggregate[Any, Any], history: Sequence[Any], events: Iterable[Any]
) -> None:
    """As a unit of work does for each of the *events* that it adds to a stream."""
    state, began_at = aggregate.fold(history), history[0].at if history else None
    for event in events:
        aggregate.refuse_out_of_order(state, event, began_at)
        state, began_at = aggregate.evolve(state, event), began_at or event.at


@attrs.frozen
class Scenario:
    """``scenario.given(...).when(command).then(...)`` over one aggregate's decider."""

    aggregate: Aggregate[Any, Any]
    decide: Callable[..., Sequence[Any]]
    history: tuple[Any, ...] = ()

    def given(self, *events: Any) -> "Scenario":
        """The stream so far."""
        return attrs.evolve(self, history=(*self.history, *events))

    def when(self, command: Any, *others: Any) -> "Outcome":
        """Decide *command* and add what follows; *others* are the further arguments of ``decide``."""
        state = self.aggregate.fold(self.history)
        try:
            events = tuple(self.decide(command, state, *others))
            refuse_out_of_order(self.aggregate, self.history, events)
        except DomainError as refusal:
            return Outcome(self, (), refusal)
        return Outcome(self, events, None)


@attrs.frozen
class Outcome:
    """What a decision gave."""

    scenario: Scenario
    events: tuple[Any, ...]
    refusal: DomainError | None

    def then(self, *expected: Any) -> "Scenario":
        """Exactly these events; the scenario goes on with them recorded."""
        assert self.refusal is None, f"refused: {self.refusal}"
        assert self.events == expected
        return self.scenario.given(*expected)

    def refused(self, kind: type[DomainError], match: str | None = None) -> None:
        """A refusal of this kind, whose words match the pattern."""
        assert self.refusal is not None, f"not refused, but {self.events}"
        with pytest.raises(kind, match=match or None):
            raise self.refusal
