"""What each event of a case changes in its timeline, by which its service levels are measured."""

from typing import assert_never

import attrs

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
    LifeCycleEvent,
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
    ServiceLevelsEvent,
    ServiceTargetBreached,
    ServiceTargetWarned,
)
from crmcore.domain.service.case.messages.unions import CaseEvent
from crmcore.domain.service.levels.clock import BREACH
from crmcore.domain.service.levels.timeline import (
    Agreement,
    Cycle,
    InheritedQuestion,
    StatusChange,
    Timeline,
)
from crmcore.domain.service.terms import AuthorRole, StatusCategory


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
            CaseStarted()
            | CasePended()
            | CaseHeld()
            | CaseResumed()
            | CaseSolved()
            | CaseReopened()
            | CaseClosed()
            | CaseSpamMarked()
        ):
            return _change_phase(timeline, event)
        case CaseReplied():
            return _reply(timeline, event)
        case CaseMerged():
            merged = timeline.with_status(event.at, StatusCategory.MERGED)
            return attrs.evolve(merged, withdrawn_at=event.at)
        case CaseQuestionInherited():
            question = InheritedQuestion(event.at, event.source_case_id, event.asked_at)
            return timeline.with_question(question)
        case (
            ServiceLevelAttached()
            | ServiceLevelReplaced()
            | ServiceLevelDetached()
            | ServiceTargetWarned()
            | ServiceTargetBreached()
        ):
            return _change_service_level(timeline, event)
        case (
            CaseCustomerIdentified()
            | CaseClassified()
            | CasePrioritised()
            | CaseAssigned()
            | CaseQueued()
            | CaseTransferred()
            | CaseNoteAdded()
            | CaseAbsorbed()
        ):
            return timeline
        case _:
            assert_never(event)


def _change_phase(timeline: Timeline, event: LifeCycleEvent) -> Timeline:
    match event:
        case CaseStarted() | CaseResumed():
            return timeline.with_status(event.at, StatusCategory.OPEN)
        case CasePended():
            return timeline.with_status(event.at, StatusCategory.PENDING)
        case CaseHeld():
            return timeline.with_status(event.at, StatusCategory.ON_HOLD)
        case CaseSolved():
            return timeline.with_solution(event.at)
        case CaseReopened():
            return timeline.with_reopening(event.at, event.cycle)
        case CaseClosed():
            return timeline.with_status(event.at, StatusCategory.CLOSED)
        case CaseSpamMarked():
            spam = timeline.with_status(event.at, StatusCategory.SPAM)
            return attrs.evolve(spam, spam_at=event.at)
        case _:
            assert_never(event)


def _change_service_level(timeline: Timeline, event: ServiceLevelsEvent) -> Timeline:
    match event:
        case ServiceLevelAttached() | ServiceLevelReplaced():
            return timeline.with_agreement(
                Agreement(event.at, event.policy, event.version, event.targets, event.calendars)
            )
        case ServiceLevelDetached():
            return timeline.with_agreement(Agreement(event.at, None, None))
        case ServiceTargetWarned():
            recorded = (event.cycle, event.target, event.level, event.at)
        case ServiceTargetBreached():
            recorded = (event.cycle, event.target, BREACH, event.at)
        case _:
            assert_never(event)
    return attrs.evolve(timeline, observed=(*timeline.observed, recorded))


def _reply(timeline: Timeline, event: CaseReplied) -> Timeline:
    """Only what the customer sees or has written moves a clock, and no machine's message does."""
    if not event.public or event.author_role is AuthorRole.AUTOMATIC:
        return timeline
    return timeline.with_message(event.at, by_agent=event.author_role is AuthorRole.AGENT)
