"""Rules as tests: given events, when a command, then events or a refusal.

>>> from crmcore.testing import Scenario
>>> scenario = Scenario(JOB)  # doctest: +SKIP
>>> scenario.given(received).when(ReturnBike(...)).then(BikeReturned(...))  # doctest: +SKIP

For tests of aggregates of one's own, without a database; what fails is an ``AssertionError``.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import attrs

from crmcore.domain.kernel import Aggregate, DomainError
from crmcore.domain.kernel.frozen import frozen

__all__ = ["Outcome", "Scenario", "refuse_out_of_order"]


def refuse_out_of_order(
    aggregate: Aggregate[Any, Any], history: Sequence[Any], events: Iterable[Any]
) -> None:
    """Raise ``OutOfOrderError`` as the core does, for each of the *events* that a stream is to get."""
    state, began_at = aggregate.fold(history), history[0].at if history else None
    for event in events:
        aggregate.refuse_out_of_order(state, event, began_at)
        state, began_at = aggregate.evolve(state, event), began_at or event.at


@frozen
class Scenario:
    """``scenario.given(...).when(command).then(...)`` over one aggregate's decisions.

    *decide* is the aggregate's own, unless another is given: one with further arguments, say.
    """

    aggregate: Aggregate[Any, Any]
    decide: Callable[..., Sequence[Any]] | None = None
    history: tuple[Any, ...] = ()

    def given(self, *events: Any) -> "Scenario":
        """The stream so far."""
        return attrs.evolve(self, history=(*self.history, *events))

    def when(self, command: Any, *others: Any) -> "Outcome":
        """Decide *command* and add what follows; *others* are the further arguments of ``decide``."""
        decide = self.decide or self.aggregate.decide
        if decide is None:
            raise ValueError(f"{self.aggregate.kind} does not decide alone: give `decide`")
        state = self.aggregate.fold(self.history)
        try:
            events = tuple(decide(command, state, *others))
            refuse_out_of_order(self.aggregate, self.history, events)
        except DomainError as refusal:
            return Outcome(self, (), refusal)
        return Outcome(self, events, None)


@frozen
class Outcome:
    """What a decision gave."""

    scenario: Scenario
    events: tuple[Any, ...]
    refusal: DomainError | None

    def then(self, *expected: Any) -> Scenario:
        """Exactly these events; the scenario goes on with them recorded."""
        if self.refusal is not None:
            raise AssertionError(f"refused: {self.refusal}") from self.refusal
        if self.events != expected:
            raise AssertionError(f"expected {expected}, got {self.events}")
        return self.scenario.given(*expected)

    def refused(self, kind: type[DomainError], match: str = "") -> None:
        """A refusal of this kind, whose words match the pattern."""
        if self.refusal is None:
            raise AssertionError(f"not refused, but {self.events}")
        if not isinstance(self.refusal, kind) or not re.search(match, str(self.refusal)):
            raise AssertionError(f"expected {kind.__name__} {match!r}") from self.refusal
