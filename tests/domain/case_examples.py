"""A case and what can happen to it, for the tests: facts with everything else left out."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crmcore.domain.service.case import (
    AGGREGATE,
    AuthorRole,
    CaseAbsorbed,
    CaseChannel,
    CaseClosed,
    CaseHeld,
    CaseKind,
    CaseMerged,
    CaseOpened,
    CasePended,
    CasePrioritised,
    CaseReopened,
    CaseReplied,
    CaseResumed,
    CaseSolved,
    CaseSpamMarked,
    CaseStarted,
    OpenCase,
    ReplyToCase,
    ResolutionTargetSet,
    decide,
)
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.resolution_target import STANDARD_TARGETS, ResolutionPolicy, TargetBasis
from tests.scenario import START, Scenario, at, uid

CASE_ID, OTHER_ID, CUSTOMER, STRANGER, MESSAGE = uid(1), uid(2), uid(10), uid(11), uid(100)

MINUTE = at(minutes=1)
CASES = Scenario(AGGREGATE, decide)


def open_case(case_id: UUID = CASE_ID, **particulars: Any) -> OpenCase:
    given = {"kind": CaseKind.INCIDENT, "channel": CaseChannel.WEB, "subject": "Lamp out"}
    return OpenCase(case_id=case_id, **{**given, "at": START, **particulars})


def opened(case_id: UUID = CASE_ID, **particulars: Any) -> CaseOpened:
    given = {"kind": CaseKind.INCIDENT, "channel": CaseChannel.WEB, "subject": "Lamp out"}
    known = {"customer_id": None, **given, "at": START, **particulars}
    return CaseOpened(case_id=case_id, **known)


def prioritised(priority: Priority, when: datetime = START, **assessed: Any) -> CasePrioritised:
    facts = {"impact": None, "urgency": None, "matrix_version": None, "override_reason": None}
    return CasePrioritised(case_id=CASE_ID, priority=priority, at=when, **{**facts, **assessed})


def target_given(due: datetime) -> ResolutionTargetSet:
    return ResolutionTargetSet(
        case_id=CASE_ID,
        cycle=1,
        anchor=START,
        due=due,
        basis=TargetBasis.GIVEN,
        target=None,
        policy_version=None,
        at=START,
    )


def target_by(
    priority: Priority,
    when: datetime = START,
    anchor: datetime = START,
    cycle: int = 1,
    policy: ResolutionPolicy = STANDARD_TARGETS,
) -> ResolutionTargetSet:
    target: timedelta = policy.targets[priority]
    return ResolutionTargetSet(
        case_id=CASE_ID,
        cycle=cycle,
        anchor=anchor,
        due=anchor + target,
        basis=TargetBasis.PRIORITY,
        target=target,
        policy_version=policy.version,
        at=when,
    )


def reply(role: AuthorRole, when: datetime, **particulars: Any) -> ReplyToCase:
    given = {"case_id": CASE_ID, "message_id": MESSAGE, "text": "Hello"}
    return ReplyToCase(author_role=role, at=when, **{**given, **particulars})


def replied(role: AuthorRole, when: datetime, **particulars: Any) -> CaseReplied:
    given = {
        "case_id": CASE_ID,
        "message_id": MESSAGE,
        "agent": None,
        "author": None,
        "channel": None,
        "public": True,
        "text": "Hello",
        "first_response": False,
        "addressed_to": None,
    }
    return CaseReplied(author_role=role, at=when, **{**given, **particulars})


def started(when: datetime = MINUTE, agent: str | None = None) -> CaseStarted:
    return CaseStarted(case_id=CASE_ID, agent=agent, at=when)


def pended(when: datetime) -> CasePended:
    return CasePended(case_id=CASE_ID, reason=None, at=when)


def held(when: datetime) -> CaseHeld:
    return CaseHeld(case_id=CASE_ID, third_party=None, at=when)


def resumed(when: datetime, message_id: UUID | None = None) -> CaseResumed:
    return CaseResumed(case_id=CASE_ID, message_id=message_id, at=when)


def solved(when: datetime, code: str = "fixed", cycle: int = 1) -> CaseSolved:
    return CaseSolved(
        case_id=CASE_ID, cycle=cycle, resolution_code=code, note=None, agent=None, at=when
    )


def reopened(
    when: datetime, reason: str = "dark again", cycle: int = 2, message_id: UUID | None = None
) -> CaseReopened:
    return CaseReopened(case_id=CASE_ID, cycle=cycle, reason=reason, message_id=message_id, at=when)


def closed(when: datetime) -> CaseClosed:
    return CaseClosed(case_id=CASE_ID, at=when)


def merged(when: datetime, into: UUID = OTHER_ID, *, forced: bool = False) -> CaseMerged:
    return CaseMerged(case_id=CASE_ID, into_case_id=into, forced=forced, reason=None, at=when)


def absorbed(when: datetime, source: UUID = CASE_ID, into: UUID = OTHER_ID) -> CaseAbsorbed:
    return CaseAbsorbed(case_id=into, source_case_id=source, at=when)


def spam(when: datetime) -> CaseSpamMarked:
    return CaseSpamMarked(case_id=CASE_ID, at=when)
