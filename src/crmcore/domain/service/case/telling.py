"""What each event of a case tells its clock."""

from collections.abc import Mapping
from typing import Final

import attrs

from crmcore.domain.service.case.events import (
    CaseClosed,
    CaseEvent,
    CaseHeld,
    CaseMerged,
    CaseOpened,
    CasePended,
    CaseQuestionInherited,
    CaseReopened,
    CaseReplied,
    CaseResumed,
    CaseSolved,
    CaseSpamMarked,
    CaseStarted,
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
    ServiceTargetBreached,
    ServiceTargetWarned,
)
from crmcore.domain.service.levels import BREACH, Agreement, Joined, Timeline
from crmcore.domain.service.terms import AuthorRole, StatusCategory

__all__ = ["told"]


ENTERED: Final[Mapping[type, StatusCategory]] = {
    CaseStarted: StatusCategory.OPEN,
    CaseResumed: StatusCategory.OPEN,
    CasePended: StatusCategory.PENDING,
    CaseHeld: StatusCategory.ON_HOLD,
    CaseClosed: StatusCategory.CLOSED,
}
"""The status category that a case is in after an event, where that is all that happened."""


def told(timeline: Timeline, event: CaseEvent) -> Timeline:
    """The timeline after *event*: the same one where the event is nothing to the clock."""
    category = ENTERED.get(type(event))
    if category is not None:
        return timeline.entered(event.at, category)
    match event:
        case CaseOpened():
            return Timeline.opened(event.at, due=event.resolve_by)
        case CaseSolved():
            return timeline.solved(event.at)
        case CaseReopened():
            return timeline.reopened(event.at, event.cycle)
        case CaseMerged():
            return attrs.evolve(
                timeline.entered(event.at, StatusCategory.MERGED), withdrawn_at=event.at
            )
        case CaseSpamMarked():
            return attrs.evolve(timeline.entered(event.at, StatusCategory.SPAM), spam_at=event.at)
        case CaseQuestionInherited():
            return timeline.joined_by(Joined(event.at, event.source_case_id, event.asked_at))
        case CaseReplied():
            return _wrote(timeline, event)
        case ServiceLevelAttached() | ServiceLevelReplaced():
            return timeline.agreed(
                Agreement(event.at, event.policy, event.version, event.targets, event.calendars)
            )
        case ServiceLevelDetached():
            return timeline.agreed(Agreement(event.at, None, None))
        case ServiceTargetWarned() | ServiceTargetBreached():
            name = event.level if isinstance(event, ServiceTargetWarned) else BREACH
            seen = (event.cycle, event.target, name, event.at)
            return attrs.evolve(timeline, observed=(*timeline.observed, seen))
        case _:
            return timeline


def _wrote(timeline: Timeline, event: CaseReplied) -> Timeline:
    """Only what the customer sees or has written moves a clock, and no machine's message does."""
    by_agent = event.author_role is AuthorRole.AGENT
    if not event.public or event.author_role is AuthorRole.AUTOMATIC:
        return timeline
    return timeline.wrote(event.at, by_agent=by_agent)
