"""Service level policies: within what time a case of which kind is answered and solved.

A policy says for which cases it holds and which targets they have.  Policies are ordered, and the
first that matches a case holds for it.  What held is recorded with the case, its calendars
included, so that a later version never changes what held before.
"""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from crmcore.domain.kernel import Between, InvalidValueError, WorkingTime, value
from crmcore.domain.kernel.errors import UNSHOWN
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import CaseChannel, CaseKind, Label, StatusCategory

MOST_DAYS: Final = 3_660
Days = Annotated[int, Between(0, MOST_DAYS)]


class TargetKind(StrEnum):
    """What is promised.

    First response: the first public message of an agent, while the case is not solved.  Next
    response: an answer to the customer's oldest unanswered message after that, or the solution.
    Periodic update: that the customer hears from us again and again until the solution.
    Resolution: the solution.
    """

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    PERIODIC_UPDATE = "periodic_update"
    RESOLUTION = "resolution"


class PauseCategory(StrEnum):
    """The status categories in which a clock may stand still: somebody is waited for."""

    NEW = StatusCategory.NEW.value
    PENDING = StatusCategory.PENDING.value
    ON_HOLD = StatusCategory.ON_HOLD.value


class Anchor(StrEnum):
    """From when a target counts: what it is about, or when the policy was attached if later."""

    OPENED = "opened"
    ATTACHED = "attached"


@value
class WarningLevel:
    """When to warn: after so many percent of the target, or with so much working time remaining.

    More than 100 percent escalates what is overdue.  ``action`` names what the host shall do.
    """

    percent: Annotated[int, Between(1, 1_000)] | None = None
    remaining: Annotated[timedelta, WorkingTime()] | None = None
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
    """One promise, by the calendar of that name: *within* a working time, or in days.

    So many ``business_days`` later it is due at the same clock time; or by the close of so many
    (``close_of_business_day``; 0 is the day on which it counts first).  A target of 0 is due at the
    first working instant.  The clock stands still while the case is
    in one of the categories of ``pauses``.  Only a periodic update may count ``from_creation``,
    before the first response; otherwise the first response alone is urged until it is given.
    """

    kind: TargetKind
    within: Annotated[timedelta, WorkingTime()] | None = None
    business_days: Days | None = None
    close_of_business_day: Days | None = None
    calendar: Label
    anchor: Anchor = Anchor.OPENED
    pauses: tuple[PauseCategory, ...] = ()
    warnings: tuple[WarningLevel, ...] = ()
    from_creation: bool = False

    def __attrs_post_init__(self) -> None:
        given = (self.within, self.business_days, self.close_of_business_day)
        if sum(one is not None for one in given) != 1:
            more = any(one is not None for one in given)
            expected = "either within, or business_days, or close_of_business_day"
            instead = "more than one of them" if more else "none of them"
            raise InvalidValueError("within", UNSHOWN, f"{expected}, got {instead}")

    @property
    def allowed(self) -> tuple[str, timedelta | int]:
        """The one of the three fields that says how much time there is, and what it says."""
        if self.within is not None:
            return "within", self.within
        if self.business_days is not None:
            return "business_days", self.business_days
        return "close_of_business_day", self.close_of_business_day or 0


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
    """The targets of the cases that meet *when*: at most one target of each kind."""

    name: Label
    when: Condition = Condition()
    targets: tuple[ServiceTarget, ...] = ()


@frozen
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
