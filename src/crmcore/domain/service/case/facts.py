"""What is known of a case, whatever its phase: the facts, and its life in instants."""

from collections import ChainMap
from collections.abc import Mapping
from datetime import datetime
from operator import itemgetter
from typing import Any, assert_never
from uuid import UUID

import attrs

from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.case.messages import (
    conversation,
    life_cycle,
    merging,
    opening,
    routing,
    service_levels,
)
from crmcore.domain.service.case.messages.opening import CaseOpened
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.domain.service.levels.clock import BREACH
from crmcore.domain.service.levels.policy import CaseFacts
from crmcore.domain.service.levels.timeline import (
    Agreement,
    Cycle,
    InheritedQuestion,
    StatusChange,
    Timeline,
)
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


def open_facts(event: CaseOpened) -> Facts:
    """What is known of a case that was just opened."""
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


def learn(facts: Facts, event: CaseEvent) -> Facts:
    """The facts after one more event."""
    known = _learn(facts, event)
    timeline = evolve_timeline(facts.timeline, event)
    return known if timeline is facts.timeline else attrs.evolve(known, timeline=timeline)


def _learn(facts: Facts, event: CaseEvent) -> Facts:
    """The facts after *event*, but for the timeline."""
    match event:
        case opening.CaseCustomerIdentified():
            return attrs.evolve(facts, customer_id=event.customer_id)
        case opening.CaseClassified():
            sorted_as = {"kind": event.kind, "category": event.category}
            return _hold(facts, event.at, request_type=event.request_type, **sorted_as)
        case opening.CasePrioritised():
            assessed = {"impact": event.impact, "urgency": event.urgency}
            return _hold(facts, event.at, priority=event.priority, **assessed)
        case routing.CaseAssigned():
            return _hold(facts, event.at, agent=event.agent)
        case routing.CaseQueued():
            return _hold(facts, event.at, queue=event.queue)
        case routing.CaseTransferred():
            return _hold(facts, event.at, queue=event.queue, agent=None)
        case conversation.CaseReplied() | conversation.CaseNoteAdded():
            return _hear(facts, event)
        case life_cycle.CaseSolved():
            return attrs.evolve(facts, resolution_code=event.resolution_code)
        case merging.CaseMerged():
            return attrs.evolve(facts, merged_into=event.into_case_id)
        case merging.CaseAbsorbed():
            return attrs.evolve(facts, absorbed=facts.absorbed | {event.source_case_id})
        case (
            CaseOpened()
            | life_cycle.CaseStarted()
            | life_cycle.CasePended()
            | life_cycle.CaseHeld()
            | life_cycle.CaseResumed()
            | life_cycle.CaseReopened()
            | life_cycle.CaseClosed()
            | life_cycle.CaseSpamMarked()
            | merging.CaseQuestionInherited()
            | service_levels.ServiceLevelAttached()
            | service_levels.ServiceLevelReplaced()
            | service_levels.ServiceLevelDetached()
            | service_levels.ServiceTargetWarned()
            | service_levels.ServiceTargetBreached()
        ):
            return facts
        case _:
            assert_never(event)


def _hold(facts: Facts, at: datetime, **known: Any) -> Facts:
    """*facts* with what holds from *at* on, until what is known of a later instant."""
    held = tuple(sorted((*facts.held, (at, known)), key=itemgetter(0)))
    return attrs.evolve(facts, held=held).as_of(held[-1][0])


def _hear(facts: Facts, event: conversation.CaseReplied | conversation.CaseNoteAdded) -> Facts:
    if isinstance(event, conversation.CaseNoteAdded):
        return attrs.evolve(facts, notes=facts.notes | {event.note_id})
    messages, written = facts.messages | {event.message_id}, facts.written
    if event.author_role is AuthorRole.CUSTOMER:
        written = tuple(sorted((*written, (event.at, event.message_id))))
    return attrs.evolve(facts, messages=messages, written=written)


def open_timeline(event: CaseOpened) -> Timeline:
    """The timeline of a case that was just opened, with the deadline that came with it."""
    cycle = Cycle(1, event.at, due_given=event.resolve_by)
    return Timeline(cycles=(cycle,), statuses=(StatusChange(event.at, StatusCategory.NEW),))


def evolve_timeline(timeline: Timeline, event: CaseEvent) -> Timeline:
    """The timeline after *event*: the same one where the event is nothing to the clock."""
    match event:
        case CaseOpened():
            return open_timeline(event)
        case (
            life_cycle.CaseStarted()
            | life_cycle.CasePended()
            | life_cycle.CaseHeld()
            | life_cycle.CaseResumed()
            | life_cycle.CaseSolved()
            | life_cycle.CaseReopened()
            | life_cycle.CaseClosed()
            | life_cycle.CaseSpamMarked()
        ):
            return _change_phase(timeline, event)
        case conversation.CaseReplied():
            return _reply(timeline, event)
        case merging.CaseMerged():
            merged = timeline.with_status(event.at, StatusCategory.MERGED)
            return attrs.evolve(merged, withdrawn_at=event.at)
        case merging.CaseQuestionInherited():
            question = InheritedQuestion(event.at, event.source_case_id, event.asked_at)
            return timeline.with_question(question)
        case (
            service_levels.ServiceLevelAttached()
            | service_levels.ServiceLevelReplaced()
            | service_levels.ServiceLevelDetached()
            | service_levels.ServiceTargetWarned()
            | service_levels.ServiceTargetBreached()
        ):
            return _change_service_level(timeline, event)
        case (
            opening.CaseCustomerIdentified()
            | opening.CaseClassified()
            | opening.CasePrioritised()
            | routing.CaseAssigned()
            | routing.CaseQueued()
            | routing.CaseTransferred()
            | conversation.CaseNoteAdded()
            | merging.CaseAbsorbed()
        ):
            return timeline
        case _:
            assert_never(event)


def _change_phase(timeline: Timeline, event: life_cycle.LifeCycleEvent) -> Timeline:
    match event:
        case life_cycle.CaseStarted() | life_cycle.CaseResumed():
            return timeline.with_status(event.at, StatusCategory.OPEN)
        case life_cycle.CasePended():
            return timeline.with_status(event.at, StatusCategory.PENDING)
        case life_cycle.CaseHeld():
            return timeline.with_status(event.at, StatusCategory.ON_HOLD)
        case life_cycle.CaseSolved():
            return timeline.with_solution(event.at)
        case life_cycle.CaseReopened():
            return timeline.with_reopening(event.at, event.cycle)
        case life_cycle.CaseClosed():
            return timeline.with_status(event.at, StatusCategory.CLOSED)
        case life_cycle.CaseSpamMarked():
            spam = timeline.with_status(event.at, StatusCategory.SPAM)
            return attrs.evolve(spam, spam_at=event.at)
        case _:
            assert_never(event)


def _change_service_level(timeline: Timeline, event: service_levels.ServiceLevelsEvent) -> Timeline:
    match event:
        case service_levels.ServiceLevelAttached() | service_levels.ServiceLevelReplaced():
            return timeline.with_agreement(
                Agreement(event.at, event.policy, event.version, event.targets, event.calendars)
            )
        case service_levels.ServiceLevelDetached():
            return timeline.with_agreement(Agreement(event.at, None, None))
        case service_levels.ServiceTargetWarned():
            recorded = (event.cycle, event.target, event.level, event.at)
        case service_levels.ServiceTargetBreached():
            recorded = (event.cycle, event.target, BREACH, event.at)
        case _:
            assert_never(event)
    return attrs.evolve(timeline, observed=(*timeline.observed, recorded))


def _reply(timeline: Timeline, event: conversation.CaseReplied) -> Timeline:
    """Only what the customer sees or has written moves a clock, and no machine's message does."""
    if not event.public or event.author_role is AuthorRole.AUTOMATIC:
        return timeline
    return timeline.with_message(event.at, by_agent=event.author_role is AuthorRole.AGENT)
