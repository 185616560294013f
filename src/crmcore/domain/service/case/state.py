"""What is known of a case: one class per phase, and the facts that all phases share."""

from collections.abc import Sequence
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
    ResolutionTargetSet,
)
from crmcore.domain.service.case.terms import CaseKind, StatusCategory
from crmcore.domain.service.priority import Impact, Priority, Urgency
from crmcore.domain.service.resolution_target import Mode, Verdict, verdict


@attrs.frozen
class Cycle:
    """The work from opening (or reopening) to a solution; ``solved_at`` is None while it lasts."""

    number: int
    anchor: datetime
    target: ResolutionTargetSet | None = None
    resolution_code: str | None = None
    solved_at: datetime | None = None


@attrs.frozen
class Facts:
    """What every opened case has, whatever its phase."""

    opening: CaseOpened
    customer_id: UUID | None
    kind: CaseKind
    category: str | None
    request_type: str | None
    queue: str | None
    cycles: tuple[Cycle, ...]
    impact: Impact | None = None
    urgency: Urgency | None = None
    priority: Priority | None = None
    agent: str | None = None
    first_response_at: datetime | None = None
    messages: frozenset[UUID] = frozenset()
    notes: frozenset[UUID] = frozenset()

    @property
    def case_id(self) -> UUID:
        """The identity of the case."""
        return self.opening.case_id

    @property
    def cycle(self) -> Cycle:
        """The current cycle."""
        return self.cycles[-1]

    def with_cycle(self, cycle: Cycle) -> "Facts":
        """The same with its current cycle replaced."""
        return attrs.evolve(self, cycles=(*self.cycles[:-1], cycle))


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
    return _phase(state, _learned(state.facts, event), event)


def _received(event: CaseOpened) -> Facts:
    return Facts(
        opening=event,
        customer_id=event.customer_id,
        kind=event.kind,
        category=event.category,
        request_type=event.request_type,
        queue=event.queue,
        cycles=(Cycle(number=1, anchor=event.at),),
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
            first = event.at if event.first_response else facts.first_response_at
            messages = facts.messages | {event.message_id}
            return attrs.evolve(facts, first_response_at=first, messages=messages)
        case CaseNoteAdded():
            return attrs.evolve(facts, notes=facts.notes | {event.note_id})
        case _:
            return _cycled(facts, event)


def _cycled(facts: Facts, event: CaseEvent) -> Facts:
    match event:
        case ResolutionTargetSet():
            return facts.with_cycle(attrs.evolve(facts.cycle, target=event))
        case CaseSolved():
            code, solved_at = event.resolution_code, event.at
            return facts.with_cycle(
                attrs.evolve(facts.cycle, resolution_code=code, solved_at=solved_at)
            )
        case CaseReopened():
            begun = Cycle(number=event.cycle, anchor=event.at)
            return attrs.evolve(facts, cycles=(*facts.cycles, begun))
        case _:
            return facts


def verdicts(
    state: State, as_of: datetime, mode: Mode = Mode.TO_DATE
) -> Sequence[tuple[int, Verdict]]:
    """How each cycle stands against its resolution target as of *as_of*, oldest first.

    A solution completes its cycle; closing later changes nothing.  A reopened case keeps the
    verdicts of its earlier cycles.  Spam owed nobody anything: it has no verdict.
    """
    if isinstance(state, Unopened):
        return []
    withdrawn_at = state.since if isinstance(state, Merged) else None
    due = (
        None if isinstance(state, Spam) or not c.target else c.target.due
        for c in state.facts.cycles
    )
    return [
        (cycle.number, verdict(due, cycle.solved_at, as_of, withdrawn_at=withdrawn_at, mode=mode))
        for cycle, due in zip(state.facts.cycles, due, strict=True)
        if cycle.anchor <= as_of
    ]
