"""What is promised for a case and how it went, for the tests of service levels."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
from hypothesis import strategies as st

from crmcore.domain.kernel.working_time import ELAPSED, BusinessCalendar, weekly
from crmcore.domain.service.case.decisions.decide import AGGREGATE
from crmcore.domain.service.case.messages.conversation import CaseReplied
from crmcore.domain.service.case.messages.service_levels import (
    ServiceLevelAttached,
    ServiceLevelDetached,
    ServiceLevelReplaced,
)
from crmcore.domain.service.case.state import Unopened
from crmcore.domain.service.levels.clock import Escalation, Pause, TargetClock, TargetStatus
from crmcore.domain.service.levels.policy import (
    PauseCategory,
    ServiceTarget,
    TargetKind,
    WarningLevel,
)
from crmcore.domain.service.levels.target_clocks import clocks, escalations
from crmcore.domain.service.levels.timeline import Timeline
from crmcore.domain.service.terms import AuthorRole
from tests.domain.service.case_examples import CASE_ID, replied
from tests.scenario import START, uid

FIRST, NEXT, UPDATE, SOLUTION = TargetKind
PENDING, ON_HOLD = PauseCategory.PENDING, PauseCategory.ON_HOLD
WAITING = (PENDING, ON_HOLD)
FOUR_HOURS = timedelta(hours=4)
AGENT, CUSTOMER_WROTE = AuthorRole.AGENT, AuthorRole.CUSTOMER

OFFICE = BusinessCalendar(name="office", zone="UTC", weekly=weekly("Mon-Fri 09:00-17:00"))
BERLIN = BusinessCalendar(
    name="berlin", zone="Europe/Berlin", weekly=weekly("Mon-Fri 09:00-12:00, 13:00-17:00")
)
NIGHT = BusinessCalendar(
    name="night", zone="Europe/Berlin", weekly=weekly("Mon-Sun 00:00-06:00, 22:00-24:00")
)
CALENDARS = {one.name: one for one in (OFFICE, BERLIN, NIGHT, ELAPSED)}


def on(text: str) -> datetime:
    """An instant in UTC: ``on("2026-01-05 09:00")``."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def target(
    kind: TargetKind = SOLUTION, within: timedelta = FOUR_HOURS, **particulars: Any
) -> ServiceTarget:
    """A target by office hours."""
    return ServiceTarget(kind=kind, within=within, **{"calendar": OFFICE.name, **particulars})


def in_days(kind: TargetKind = SOLUTION, **particulars: Any) -> ServiceTarget:
    """A target that counts the days of the office."""
    return ServiceTarget(kind=kind, **{"calendar": OFFICE.name, **particulars})


def but(one: Any, **fields: Any) -> Any:
    """The same event, command or value, but for these fields."""
    return attrs.evolve(one, **fields)


def warn(percent: int, action: str | None = None) -> WarningLevel:
    return WarningLevel(percent=percent, action=action)


def _terms(targets: Sequence[ServiceTarget], calendar: BusinessCalendar | None) -> dict[str, Any]:
    known = CALENDARS if calendar is None else {**CALENDARS, calendar.name: calendar}
    wanted = sorted({target.calendar for target in targets})
    return {"targets": tuple(targets), "calendars": tuple(known[name] for name in wanted)}


def attach(
    when: datetime,
    *targets: ServiceTarget,
    cycle: int = 1,
    calendar: BusinessCalendar | None = None,
) -> ServiceLevelAttached:
    """A policy comes to hold: of the calendar that is given, or of those above."""
    promise = _terms(targets, calendar)
    return ServiceLevelAttached(
        case_id=CASE_ID, cycle=cycle, policy="A", version="1", at=when, **promise
    )


def replace(
    when: datetime,
    *targets: ServiceTarget,
    cycle: int = 1,
    version: str = "1",
    calendar: BusinessCalendar | None = None,
) -> ServiceLevelReplaced:
    return ServiceLevelReplaced(
        case_id=CASE_ID, cycle=cycle, replaced="A", policy="B", version=version, at=when,
        **_terms(targets, calendar),
    )  # fmt: skip


def detach(when: datetime, cycle: int = 1) -> ServiceLevelDetached:
    return ServiceLevelDetached(case_id=CASE_ID, cycle=cycle, policy="A", version="1", at=when)


def wrote(role: AuthorRole, when: datetime, number: int = 100, **more: Any) -> CaseReplied:
    return replied(role, when, message_id=uid(number), **more)


def answered(when: datetime, number: int = 100, *, first: bool = False) -> CaseReplied:
    """An agent wrote something that the customer can see."""
    return wrote(AGENT, when, number, first_response=first)


def asked(when: datetime, number: int = 200) -> CaseReplied:
    """The customer wrote."""
    return wrote(CUSTOMER_WROTE, when, number)


def a_clock(
    start: datetime,
    within: timedelta,
    calendar: BusinessCalendar | None = OFFICE,
    pauses: Sequence[Pause] = (),
) -> TargetClock:
    """A clock by itself, of no case."""
    return TargetClock(
        cycle=1,
        kind=SOLUTION,
        occurrence=1,
        policy="A",
        version="1",
        started_at=start,
        within=within,
        calendar=calendar,
        pauses=tuple(pauses),
    )


def timeline_of(history: Sequence[Any]) -> Timeline:
    state = AGGREGATE.fold(history)
    assert not isinstance(state, Unopened)
    return state.facts.timeline


def target_clocks(
    history: Sequence[Any], as_of: datetime | None = None
) -> dict[tuple[int, TargetKind, int], TargetClock]:
    """Every clock, by cycle, target and occurrence; by what had happened *as_of*."""
    timeline = timeline_of(history)
    if as_of is not None:
        timeline = timeline.until(as_of)
    found = clocks(timeline)
    by_key = {(one.cycle, one.kind, one.occurrence): one for one in found}
    assert len(by_key) == len(found)
    return by_key


def clock_of(
    history: Sequence[Any],
    kind: TargetKind = SOLUTION,
    occurrence: int = 1,
    cycle: int = 1,
    as_of: datetime | None = None,
) -> TargetClock:
    return target_clocks(history, as_of)[cycle, kind, occurrence]


def status_of(
    history: Sequence[Any],
    as_of: datetime,
    kind: TargetKind = SOLUTION,
    occurrence: int = 1,
    cycle: int = 1,
) -> TargetStatus:
    """The status of a target as of an instant, by what had happened then."""
    return clock_of(history, kind, occurrence, cycle, as_of).status(as_of)


def notifications(
    history: Sequence[Any], until: datetime
) -> list[tuple[TargetKind, str, datetime]]:
    """What to notify of by then: target, level, when it came about."""
    found = escalations(timeline_of(history), until)
    return [(clock.kind, one.name, one.at) for clock, one in found]


def breach(when: datetime) -> Escalation:
    return Escalation("breach", when)


def within_the_case(_kind: type, name: str) -> st.SearchStrategy[Any] | None:
    """Fields that an event shares with the stream that it is in, for ``st_message``."""
    hints: dict[str, st.SearchStrategy[Any]] = {
        "case_id": st.just(CASE_ID),
        "cycle": st.just(1),
        "targets": st.just((target(SOLUTION, hours(8)),)),
        "calendars": st.just((OFFICE,)),
        **dict.fromkeys(("queue", "category", "request_type"), st.sampled_from(["a", "b"])),
        "at": st.integers(0, 99).map(lambda minutes: START + timedelta(minutes=minutes)),
    }
    return hints.get(name)
