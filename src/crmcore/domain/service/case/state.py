"""What is known of a case: one class per phase, and the facts that all phases share."""

from collections import ChainMap
from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.case.messages.conversation import CaseNoteAdded, CaseReplied
from crmcore.domain.service.case.messages.life_cycle import (
    CaseClosed,
    CaseHeld,
    CasePended,
    CaseReopened,
    CaseResumed,
    CaseSolved,
    CaseSpamMarked,
    CaseStarted,
)
from crmcore.domain.service.case.messages.merging import (
    CaseAbsorbed,
    CaseMerged,
    CaseQuestionInherited,
)
from crmcore.domain.service.case.messages.opening import (
    CaseClassified,
    CaseCustomerIdentified,
    CaseOpened,
    CasePrioritised,
)
from crmcore.domain.service.case.messages.routing import CaseAssigned, CaseQueued, CaseTransferred
from crmcore.domain.service.case.messages.service_levels import (
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
    ServiceTargetBreached,
    ServiceTargetWarned,
)
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.domain.service.case.timeline import evolve_timeline, open_timeline
from crmcore.domain.service.levels.policy import CaseFacts
from crmcore.domain.service.levels.timeline import Cycle, Timeline
from crmcore.domain.service.priority import Impact, Priority, Urgency
from crmcore.domain.service.terms import AuthorRole, CaseKind, StatusCategory


@frozen
class Facts:
    """What every opened case has, whatever its phase.

    ``held`` is what the case was held to be from which instant on, whenever that was recorded.
    ``written`` is what the customer wrote, in order; ``absorbed`` are the cases that were
    merged into this one, ``merged_into`` is the one that this was merged into.
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
    merged_into: UUID | None = None
    held: tuple[tuple[datetime, Mapping[str, Any]], ...] = ()

    @property
    def case_id(self) -> UUID:
        """The identity of the case."""
        return self.opening.case_id

    def as_of(self, at: datetime) -> "Facts":
        """The same, held to be what it was at an instant from the opening on."""
        known = [fields for since, fields in self.held if since <= at]
        return attrs.evolve(self, **dict(ChainMap(*reversed(known))))

    @property
    def condition(self) -> CaseFacts:
        """What the condition of a service level policy asks about the case."""
        return CaseFacts(
            priority=self.priority,
            kind=self.kind,
            channel=self.opening.channel,
            queue=self.queue,
            category=self.category,
            request_type=self.request_type,
            customer=self.customer_id,
        )

    @property
    def cycle(self) -> Cycle:
        """The current cycle."""
        return self.timeline.cycle

    @property
    def first_response_at(self) -> datetime | None:
        """When an agent first answered in public."""
        return self.timeline.first_response_at


@frozen
class Unopened:
    """Nothing is known under this identity."""


@frozen
class Active:
    """Somebody has to do something: new, open, pending or on hold, *since* an instant."""

    facts: Facts
    since: datetime
    category: StatusCategory


@frozen
class Solved:
    """Solved, and may be reopened for a while."""

    facts: Facts
    since: datetime
    category: StatusCategory = StatusCategory.SOLVED


@frozen
class Closed:
    """Solved and filed for good."""

    facts: Facts
    since: datetime
    category: StatusCategory = StatusCategory.CLOSED


@frozen
class Merged:
    """Ended; the work goes on in the case *into*."""

    facts: Facts
    since: datetime
    into: UUID
    category: StatusCategory = StatusCategory.MERGED


@frozen
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
        return _phase(_open(event))
    if isinstance(state, Unopened):
        return state
    facts = _learn(state.facts, event)
    timeline = evolve_timeline(facts.timeline, event)
    return _phase(facts if timeline is facts.timeline else attrs.evolve(facts, timeline=timeline))


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


def _open(event: CaseOpened) -> Facts:
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
        timeline=open_timeline(event),
        held=((event.at, held),),
        **held,
    )


def _learn(facts: Facts, event: CaseEvent) -> Facts:
    """The facts after *event*, but for the timeline."""
    match event:
        case CaseCustomerIdentified():
            return attrs.evolve(facts, customer_id=event.customer_id)
        case CaseClassified():
            sorted_as = {"kind": event.kind, "category": event.category}
            return _hold(facts, event.at, request_type=event.request_type, **sorted_as)
        case CasePrioritised():
            assessed = {"impact": event.impact, "urgency": event.urgency}
            return _hold(facts, event.at, priority=event.priority, **assessed)
        case CaseAssigned():
            return _hold(facts, event.at, agent=event.agent)
        case CaseQueued():
            return _hold(facts, event.at, queue=event.queue)
        case CaseTransferred():
            return _hold(facts, event.at, queue=event.queue, agent=None)
        case CaseReplied() | CaseNoteAdded():
            return _hear(facts, event)
        case CaseSolved():
            return attrs.evolve(facts, resolution_code=event.resolution_code)
        case CaseMerged():
            return attrs.evolve(facts, merged_into=event.into_case_id)
        case CaseAbsorbed():
            return attrs.evolve(facts, absorbed=facts.absorbed | {event.source_case_id})
        case (
            CaseOpened()
            | CaseStarted()
            | CasePended()
            | CaseHeld()
            | CaseResumed()
            | CaseReopened()
            | CaseClosed()
            | CaseSpamMarked()
            | CaseQuestionInherited()
            | ServiceLevelAttached()
            | ServiceLevelReplaced()
            | ServiceLevelDetached()
            | ServiceTargetWarned()
            | ServiceTargetBreached()
        ):
            return facts
        case _:
            assert_never(event)


def _hold(facts: Facts, at: datetime, **known: Any) -> Facts:
    """*facts* with what holds from *at* on, until what is known of a later instant."""
    held = tuple(sorted((*facts.held, (at, known)), key=itemgetter(0)))
    return attrs.evolve(facts, held=held).as_of(held[-1][0])


def _hear(facts: Facts, event: CaseReplied | CaseNoteAdded) -> Facts:
    if isinstance(event, CaseNoteAdded):
        return attrs.evolve(facts, notes=facts.notes | {event.note_id})
    messages, written = facts.messages | {event.message_id}, facts.written
    if event.author_role is AuthorRole.CUSTOMER:
        written = tuple(sorted((*written, (event.at, event.message_id))))
    return attrs.evolve(facts, messages=messages, written=written)
