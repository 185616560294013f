"""Service level policies: within what time a case of which kind is answered and solved.

A policy says for which cases it holds and what is owed to them.  Policies are ordered, and the
first that matches a case holds for it.  What held is recorded with the case, its calendars
included, so that a later version never changes what was owed before.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated
from uuid import UUID

import attrs

from crmcore.domain.kernel import Between, InvalidValueError, NoWorkingTimeError, value
from crmcore.domain.kernel.working_time import BusinessCalendar, add
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import CaseChannel, CaseKind, Label, StatusCategory

__all__ = [
    "Anchor",
    "CaseFacts",
    "Condition",
    "ServiceLevelPolicy",
    "ServiceTarget",
    "TargetKind",
    "WarningLevel",
    "checked",
    "first_match",
]

LONGEST_TARGET = timedelta(days=3_660)
PAUSING = (StatusCategory.NEW, StatusCategory.PENDING, StatusCategory.ON_HOLD)


class TargetKind(StrEnum):
    """What is owed.

    First response: the first public message of an agent, while the case is not solved.  Next
    response: an answer to the customer's oldest unanswered message after that, or the solution.
    Periodic update: that the customer hears from us again and again until the solution.
    Resolution: the solution.
    """

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    PERIODIC_UPDATE = "periodic_update"
    RESOLUTION = "resolution"


class Anchor(StrEnum):
    """From when a target counts: what it is about, or when somebody came to owe it if later."""

    OPENED = "opened"
    ATTACHED = "attached"


@value
class WarningLevel:
    """When to warn: after so many percent of the target, or with so much working time remaining.

    More than 100 percent escalates what is overdue.  ``action`` names what the host shall do.
    """

    percent: Annotated[int, Between(1, 1_000)] | None = None
    remaining: timedelta | None = None
    action: Label | None = None

    @property
    def name(self) -> str:
        """How the level is called in reports and events."""
        if self.percent is not None:
            return f"{self.percent} %"
        return f"{self.remaining} left"

    def budget(self, within: timedelta) -> timedelta:
        """The working time after which to warn about a target of *within*; 0: at once."""
        if self.percent is not None:
            return within * self.percent / 100
        return max(within - (self.remaining or timedelta(0)), timedelta(0))


@value
class ServiceTarget:
    """One thing owed *within* a working time by the calendar of that name.

    A target of 0 is due at the first working instant.  The clock stands still while the case is
    in one of the categories of ``pauses``.  Only a periodic update may count ``from_creation``,
    before the first response; otherwise the first response alone is urged until it is given.
    """

    kind: TargetKind
    within: timedelta
    calendar: Label
    anchor: Anchor = Anchor.OPENED
    pauses: tuple[StatusCategory, ...] = ()
    warnings: tuple[WarningLevel, ...] = ()
    from_creation: bool = False


@value
class Condition:
    """For which cases a policy holds: each field must be met; an empty one is met by all."""

    priorities: tuple[Priority, ...] = ()
    kinds: tuple[CaseKind, ...] = ()
    channels: tuple[CaseChannel, ...] = ()
    queues: tuple[Label, ...] = ()
    categories: tuple[Label, ...] = ()
    request_types: tuple[Label, ...] = ()
    customers: tuple[UUID, ...] = ()


@value
class ServiceLevelPolicy:
    """What is owed to the cases that meet *when*: at most one target of each kind."""

    name: Label
    when: Condition = Condition()
    targets: tuple[ServiceTarget, ...] = ()


@attrs.frozen
class CaseFacts:
    """What a condition asks about a case."""

    priority: Priority | None
    kind: CaseKind
    channel: CaseChannel
    queue: str | None
    category: str | None
    request_type: str | None
    customer: UUID | None


def first_match(
    policies: Sequence[ServiceLevelPolicy], facts: CaseFacts
) -> ServiceLevelPolicy | None:
    """The first of *policies* whose condition the case meets; None if none does."""
    return next((policy for policy in policies if _holds(policy.when, facts)), None)


def _holds(when: Condition, facts: CaseFacts) -> bool:
    asked: tuple[tuple[Sequence[object], object], ...] = (
        (when.priorities, facts.priority),
        (when.kinds, facts.kind),
        (when.channels, facts.channel),
        (when.queues, facts.queue),
        (when.categories, facts.category),
        (when.request_types, facts.request_type),
        (when.customers, facts.customer),
    )
    return all(not allowed or found in allowed for allowed, found in asked)


def checked(
    policies: Sequence[ServiceLevelPolicy],
    calendars: Sequence[BusinessCalendar],
    since: datetime,
) -> None:
    """Raise ``InvalidValueError`` where policies and calendars do not fit from *since* on."""
    by_name = {calendar.name: calendar for calendar in calendars}
    if twice := _twice(calendar.name for calendar in calendars):
        raise InvalidValueError("calendars", twice, "each name once")
    if twice := _twice(policy.name for policy in policies):
        raise InvalidValueError("policies", twice, "each name once")
    for number, policy in enumerate(policies):
        if twice := _twice(target.kind.value for target in policy.targets):
            expected = "at most one target of each kind"
            raise InvalidValueError(f"policies[{number}].targets", twice, expected)
        for target in policy.targets:
            where = f"policies[{number}].targets[{target.kind}]"
            _check_target(where, target)
            _check_time(where, target, by_name, since)
            _check_warnings(f"{where}.warnings", target.warnings)


def _check_target(where: str, target: ServiceTarget) -> None:
    if strange := [category.value for category in target.pauses if category not in PAUSING]:
        raise InvalidValueError(f"{where}.pauses", strange[0], f"some of {', '.join(PAUSING)}")
    if target.from_creation and target.kind is not TargetKind.PERIODIC_UPDATE:
        raise InvalidValueError(
            f"{where}.from_creation", True, "false: only a periodic update counts from the opening"
        )


def _check_time(
    where: str, target: ServiceTarget, calendars: Mapping[str, BusinessCalendar], since: datetime
) -> None:
    """A target that its calendar never reaches would be neither met nor breached."""
    if not timedelta(0) <= target.within <= LONGEST_TARGET:
        raise InvalidValueError(
            f"{where}.within", target.within, f"a duration from 0 to {LONGEST_TARGET.days} days"
        )
    if target.calendar not in calendars:
        known = ", ".join(sorted(calendars)) or "none is given"
        raise InvalidValueError(
            f"{where}.calendar", target.calendar, f"one of the calendars given: {known}"
        )
    try:
        add(calendars[target.calendar], since, target.within)
    except NoWorkingTimeError as beyond:
        expected = f"less than {target.calendar} has of working time in ten years"
        raise InvalidValueError(f"{where}.within", target.within, expected) from beyond


def _check_warnings(where: str, warnings: Sequence[WarningLevel]) -> None:
    for number, level in enumerate(warnings):
        if (level.percent is None) == (level.remaining is None):
            given = "neither" if level.percent is None else "both"
            raise InvalidValueError(f"{where}[{number}]", given, "either percent or remaining")
        if level.remaining is not None and level.remaining < timedelta(0):
            raise InvalidValueError(
                f"{where}[{number}].remaining", level.remaining, "a duration from 0 on"
            )
    if twice := _twice(level.name for level in warnings):
        raise InvalidValueError(where, twice, "levels that differ")


def _twice(names: Iterable[str]) -> str | None:
    """The first of *names* that was there before."""
    seen = set[str]()
    for name in names:
        if name in seen:
            return f"{name} twice"
        seen.add(name)
    return None
