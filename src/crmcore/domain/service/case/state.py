"""The phase of a case: one class for each, with what is known of the case."""

from datetime import datetime
from typing import assert_never
from uuid import UUID

import attrs

from crmcore.domain.service.case.facts import Facts, learn, open_facts
from crmcore.domain.service.case.messages.opening import CaseOpened
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.domain.service.terms import StatusCategory


@attrs.frozen
class Unopened:
    """Nothing is known under this identity."""


@attrs.frozen
class Active:
    """Somebody has to do something: new, open, pending or on hold, *since* an instant."""

    facts: Facts
    since: datetime
    category: StatusCategory


@attrs.frozen
class Solved:
    """Solved, and may be reopened for a while."""

    facts: Facts
    since: datetime
    category: StatusCategory = StatusCategory.SOLVED


@attrs.frozen
class Closed:
    """Solved and filed for good."""

    facts: Facts
    since: datetime
    category: StatusCategory = StatusCategory.CLOSED


@attrs.frozen
class Merged:
    """Ended; the work goes on in the case *into*."""

    facts: Facts
    since: datetime
    into: UUID
    category: StatusCategory = StatusCategory.MERGED


@attrs.frozen
class Spam:
    """Ended; it was never a customer's concern."""

    facts: Facts
    since: datetime
    category: StatusCategory = StatusCategory.SPAM


Opened = Active | Solved | Closed | Merged | Spam
State = Unopened | Opened


def evolve(state: State, event: CaseEvent) -> State:
    """The state after one more event."""
    if isinstance(event, CaseOpened):
        return _phase(open_facts(event))
    return state if isinstance(state, Unopened) else _phase(learn(state.facts, event))


def _phase(facts: Facts) -> Opened:
    """The phase of a case: that of its latest status, whenever that was recorded."""
    status = facts.timeline.statuses[-1]
    match status.category:
        case StatusCategory.SOLVED:
            return Solved(facts, status.at)
        case StatusCategory.CLOSED:
            return Closed(facts, status.at)
        case StatusCategory.MERGED:
            assert facts.merged_into is not None, "a merged case goes on in another"
            return Merged(facts, status.at, facts.merged_into)
        case StatusCategory.SPAM:
            return Spam(facts, status.at)
        case (
            StatusCategory.NEW
            | StatusCategory.OPEN
            | StatusCategory.PENDING
            | StatusCategory.ON_HOLD
        ):
            return Active(facts, status.at, status.category)
        case _:
            assert_never(status.category)
