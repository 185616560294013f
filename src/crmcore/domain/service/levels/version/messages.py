"""What can be asked of the service levels of an organisation, and what happens to them."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from crmcore.domain.kernel import command, event, value
from crmcore.domain.kernel.working_time import BusinessCalendar
from crmcore.domain.service.levels.policy import (
    Anchor,
    Condition,
    PauseCategory,
    ServiceLevelPolicy,
    ServiceTarget,
    TargetKind,
    WarningLevel,
)
from crmcore.domain.service.terms import Label, Remark

__all__ = [
    "Anchor",
    "Condition",
    "DefineServiceLevels",
    "PauseCategory",
    "ReviseServiceLevels",
    "RevisedTarget",
    "ServiceLevelPolicy",
    "ServiceLevelsDefined",
    "ServiceTarget",
    "TargetKind",
    "WarningLevel",
]

# Commands


@command
class DefineServiceLevels:
    """Say what targets which cases have from then on: all policies, in order, and their calendars.

    A new version replaces the one before; cases that follow that keep it until their facts
    change, or until a command says otherwise (``reapply-service-levels``).  It holds from ``at``
    on, or from a later ``holds_from``.
    """

    TOPIC: ClassVar[str] = "define-service-levels"
    version: Label
    policies: tuple[ServiceLevelPolicy, ...]
    calendars: tuple[BusinessCalendar, ...] = ()
    reason: Remark | None = None
    holds_from: datetime | None = None
    at: datetime


@value
class RevisedTarget:
    """The target that the policy of that name has from now on, instead of its one of the same kind."""

    policy: Label
    target: ServiceTarget


@command
class ReviseServiceLevels:
    """Change some of the service levels in force, and leave the others as they are.

    Policies and calendars take the place of those of their name, ``targets`` that of their kind in
    a policy; what is new is added: policies last, or ``before`` another.  What comes of it is
    a version of its own, as one that was defined.
    """

    TOPIC: ClassVar[str] = "revise-service-levels"
    version: Label
    policies: tuple[ServiceLevelPolicy, ...] = ()
    before: Label | None = None
    targets: tuple[RevisedTarget, ...] = ()
    dropped: tuple[Label, ...] = ()
    calendars: tuple[BusinessCalendar, ...] = ()
    reason: Remark | None = None
    holds_from: datetime | None = None
    at: datetime


Command = DefineServiceLevels | ReviseServiceLevels

# Events


@event
class ServiceLevelsDefined:
    """From ``holds_from`` on (``at``, where it is None) these policies hold, by these calendars."""

    TOPIC: ClassVar[str] = "service-levels-defined"
    SCHEMA_VERSION: ClassVar[int] = 2
    SENTENCE: ClassVar[str] = "service levels {version} defined[, from {holds_from} on][: {reason}]"
    book_id: UUID
    version: str
    policies: tuple[ServiceLevelPolicy, ...]
    calendars: tuple[BusinessCalendar, ...]
    reason: Remark | None
    holds_from: datetime | None = None
    at: datetime
