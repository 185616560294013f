"""A case and what can happen to it, for the tests: facts with everything else left out."""

from datetime import datetime
from typing import Any
from uuid import UUID

from crmcore.domain.service.case.decisions.decide import AGGREGATE, decide
from crmcore.domain.service.case.messages.conversation import CaseReplied, ReplyToCase
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
from crmcore.domain.service.case.messages.opening import CaseOpened, CasePrioritised, OpenCase
from crmcore.domain.service.case.messages.service_levels import (
    ServiceLevelAttached,
    ServiceLevelReplaced,
)
from crmcore.domain.service.case.state import State, Unopened
from crmcore.domain.service.levels.clock import Mode, Verdict
from crmcore.domain.service.levels.policy import CaseFacts, TargetKind, first_match
from crmcore.domain.service.levels.target_clocks import clocks
from crmcore.domain.service.levels.version.state import STANDARD_VERSION, ServiceLevelVersion
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import AuthorRole, CaseChannel, CaseKind
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


def assignment(
    priority: Priority, version: ServiceLevelVersion = STANDARD_VERSION
) -> dict[str, Any]:
    """What the policy of a priority owes, as events carry it."""
    facts = CaseFacts(priority, CaseKind.INCIDENT, CaseChannel.WEB, None, None, None, None)
    policy = first_match(version.policies, facts)
    assert policy is not None
    return {
        "case_id": CASE_ID,
        "policy": policy.name,
        "version": version.version,
        "targets": policy.targets,
        "calendars": version.calendars,
    }


def attached(
    priority: Priority,
    when: datetime = START,
    cycle: int = 1,
    version: ServiceLevelVersion = STANDARD_VERSION,
) -> ServiceLevelAttached:
    return ServiceLevelAttached(cycle=cycle, at=when, **assignment(priority, version))


def replaced(
    before: Priority,
    priority: Priority,
    when: datetime,
    cycle: int = 1,
    version: ServiceLevelVersion = STANDARD_VERSION,
) -> ServiceLevelReplaced:
    old = assignment(before)["policy"]
    return ServiceLevelReplaced(cycle=cycle, replaced=old, at=when, **assignment(priority, version))


def verdicts(state: State, as_of: datetime, mode: Mode = Mode.TO_DATE) -> list[tuple[int, Verdict]]:
    """How each cycle begun by *as_of* stands against its resolution target."""
    if isinstance(state, Unopened):
        return []
    timeline = state.facts.timeline.until(as_of)
    found = {
        clock.cycle: clock.verdict(as_of, mode)
        for clock in clocks(timeline)
        if clock.kind is TargetKind.RESOLUTION
    }
    return [(one.number, found.get(one.number, Verdict.NONE)) for one in timeline.cycles]


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


def inherited(
    when: datetime, asked_at: datetime | None = START, source: UUID = CASE_ID, into: UUID = OTHER_ID
) -> CaseQuestionInherited:
    return CaseQuestionInherited(case_id=into, source_case_id=source, asked_at=asked_at, at=when)


def spam(when: datetime) -> CaseSpamMarked:
    return CaseSpamMarked(case_id=CASE_ID, at=when)
