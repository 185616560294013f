"""Rules of one aggregate as tests, without a database: given events, when a command, then events."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import attrs

from crmcore.domain.kernel import Aggregate, DomainError
from crmcore.domain.kernel.frozen import frozen
from crmcore.testing.outcome import Outcome


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
    """``Scenario(JOB).given(*events).when(command).then(*events)`` over one aggregate's decisions.

    *decide* is the aggregate's own, unless another is given: one with further arguments, say.
    """

    aggregate: Aggregate[Any, Any]
    decide: Callable[..., Sequence[Any]] | None = None
    history: tuple[Any, ...] = ()

    def given(self, *events: Any) -> "Scenario":
        """The stream so far."""
        return attrs.evolve(self, history=(*self.history, *events))

    def when(self, command: Any, *others: Any) -> "Outcome[Scenario]":
        """Decide *command* on the stream; *others* are the further arguments of ``decide``."""
        decide = self.decide or self.aggregate.decide
        if decide is None:
            raise ValueError(f"{self.aggregate.kind} does not decide alone: give `decide`")
        state = self.aggregate.fold(self.history)
        try:
            events = tuple(decide(command, state, *others))
            refuse_out_of_order(self.aggregate, self.history, events)
        except DomainError as refusal:
            return Outcome((), refusal, self.given)
        return Outcome(events, None, partial(self.given, *events))
