"""What is known of a case: one class per phase, and the facts that all phases share."""

from datetime import datetime
from uuid import UUID

import attrs

from crmcore.domain.service.case.events import (
    CaseAssigned,
    CaseClassified,
    CaseClosed,
    CaseCustomerIdentified,
    CaseEvent,
    CaseHeld,
    CaseMerged,
    CaseNoteAdded,
    CaseOpened,
    CasePended,
    CasePrioritised,
    CaseQueued,
    CaseReopened,
    CaseReplied,
    CaseResumed,
    CaseSolved,
    CaseSpamMarked,
    CaseStarted,
    CaseTransferred,
)
from crmcore.domain.service.case.telling import told
from crmcore.domain.service.levels import Cycle, Timeline
from crmcore.domain.service.priority import Impact, Priority, Urgency
from crmcore.domain.service.terms import CaseKind, StatusCategory


@attrs.frozen
class Facts:
    """What every opened case has, whatever its phase."""

    opening: CaseOpened
    customer_id: UUID | None
    kind: CaseKind
    category: str | None
    request_type: str | None
    queue: str | None
    timeline: Timeline
    resolution_code: str | None = None
    impact: Impact | None = None
    urgency: Urgency | None = None
    priority: Priority | None = None
    agent: str | None = None
    messages: frozenset[UUID] = frozenset()
    notes: frozenset[UUID] = frozenset()

    @property
    def case_id(self) -> UUID:
        """The identity of the case."""
        return self.opening.case_id

    @property
    def cycle(self) -> Cycle:
        """The current cycle."""
        return self.timeline.cycle

    @property
    def first_response_at(self) -> datetime | None:
        """When an agent first answered in public."""
        return self.timeline.first_response_at


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
        return Active(_received(event), event.at, StatusCategory.NEW)
    if isinstance(state, Unopened):
        return state
    facts = _learned(state.facts, event)
    timeline = told(facts.timeline, event)
    if timeline is not facts.timeline:
        facts = attrs.evolve(facts, timeline=timeline)
    return _phase(state, facts, event)


def _received(event: CaseOpened) -> Facts:
    return Facts(
        opening=event,
        customer_id=event.customer_id,
        kind=event.kind,
        category=event.category,
        request_type=event.request_type,
        queue=event.queue,
        timeline=Timeline.opened(event.at, due=event.resolve_by),
    )


def _phase(state: Opened, facts: Facts, event: CaseEvent) -> Opened:
    """The phase after *event*: only the events that change the status category change it."""
    match event:
        case CaseStarted() | CaseResumed() | CaseReopened():
            return Active(facts, event.at, StatusCategory.OPEN)
        case CasePended():
            return Active(facts, event.at, StatusCategory.PENDING)
        case CaseHeld():
            return Active(facts, event.at, StatusCategory.ON_HOLD)
        case CaseSolved():
            return Solved(facts, event.at)
        case CaseClosed():
            return Closed(facts, event.at)
        case CaseMerged():
            return Merged(facts, event.at, event.into_case_id)
        case CaseSpamMarked():
            return Spam(facts, event.at)
        case _:
            return attrs.evolve(state, facts=facts)


def _learned(facts: Facts, event: CaseEvent) -> Facts:
    """The facts after *event*."""
    match event:
        case CaseCustomerIdentified():
            return attrs.evolve(facts, customer_id=event.customer_id)
        case CaseClassified():
            return attrs.evolve(
                facts, kind=event.kind, category=event.category, request_type=event.request_type
            )
        case CasePrioritised():
            return attrs.evolve(
                facts, impact=event.impact, urgency=event.urgency, priority=event.priority
            )
        case CaseAssigned():
            return attrs.evolve(facts, agent=event.agent)
        case CaseQueued():
            return attrs.evolve(facts, queue=event.queue)
        case CaseTransferred():
            return attrs.evolve(facts, queue=event.queue, agent=None)
        case CaseReplied():
            return attrs.evolve(facts, messages=facts.messages | {event.message_id})
        case CaseNoteAdded():
            return attrs.evolve(facts, notes=facts.notes | {event.note_id})
        case CaseSolved():
            return attrs.evolve(facts, resolution_code=event.resolution_code)
        case _:
            return facts
