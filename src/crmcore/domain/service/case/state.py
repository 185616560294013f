"""What is known of a case: one class per phase, and the facts that all phases share."""

from collections import ChainMap
from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any
from uuid import UUID

import attrs

from crmcore.domain.service.case.events import (
    CaseAbsorbed,
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
from crmcore.domain.service.terms import AuthorRole, CaseKind, StatusCategory


@attrs.frozen
class Facts:
    """What every opened case has, whatever its phase.

    ``held`` tells what the case was held to be from which instant on, whenever that was told.
    ``written`` is what the customer wrote, in order, and ``absorbed`` are the cases that were
    merged into this one.
    """

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
    written: tuple[tuple[datetime, UUID], ...] = ()
    absorbed: frozenset[UUID] = frozenset()
    held: tuple[tuple[datetime, Mapping[str, Any]], ...] = ()

    @property
    def case_id(self) -> UUID:
        """The identity of the case."""
        return self.opening.case_id

    def as_of(self, at: datetime) -> "Facts":
        """The same, held to be what it was at an instant from the opening on."""
        told = [fields for since, fields in self.held if since <= at]
        return attrs.evolve(self, **dict(ChainMap(*reversed(told))))

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
    held: dict[str, Any] = {
        "kind": event.kind,
        "category": event.category,
        "request_type": event.request_type,
        "queue": event.queue,
        **dict.fromkeys(("impact", "urgency", "priority", "agent")),
    }
    return Facts(
        opening=event,
        customer_id=event.customer_id,
        timeline=Timeline.opened(event.at, due=event.resolve_by),
        held=((event.at, held),),
        **held,
    )


def _phase(state: Opened, facts: Facts, event: CaseEvent) -> Opened:
    """The phase after *event*: only the events that change the status category change it.

    One that is told late changes at most since when the case is in the status that it has.
    """
    if event.at < state.since:
        return attrs.evolve(state, facts=facts, since=facts.timeline.statuses[-1].at)
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
            sorted_as = {"kind": event.kind, "category": event.category}
            return _holding(facts, event.at, request_type=event.request_type, **sorted_as)
        case CasePrioritised():
            assessed = {"impact": event.impact, "urgency": event.urgency}
            return _holding(facts, event.at, priority=event.priority, **assessed)
        case CaseAssigned():
            return _holding(facts, event.at, agent=event.agent)
        case CaseQueued():
            return _holding(facts, event.at, queue=event.queue)
        case CaseTransferred():
            return _holding(facts, event.at, queue=event.queue, agent=None)
        case CaseReplied():
            return _said(facts, event)
        case CaseAbsorbed():
            return attrs.evolve(facts, absorbed=facts.absorbed | {event.source_case_id})
        case CaseNoteAdded():
            return attrs.evolve(facts, notes=facts.notes | {event.note_id})
        case CaseSolved():
            return attrs.evolve(facts, resolution_code=event.resolution_code)
        case _:
            return facts


def _holding(facts: Facts, at: datetime, **told: Any) -> Facts:
    """*facts* with what holds from *at* on, until what was told of a later instant."""
    held = tuple(sorted((*facts.held, (at, told)), key=itemgetter(0)))
    return attrs.evolve(facts, held=held).as_of(held[-1][0])


def _said(facts: Facts, event: CaseReplied) -> Facts:
    messages, written = facts.messages | {event.message_id}, facts.written
    if event.author_role is AuthorRole.CUSTOMER:
        written = tuple(sorted((*written, (event.at, event.message_id))))
    return attrs.evolve(facts, messages=messages, written=written)
