"""Which service level policy is assigned to a case, and what came due."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from crmcore.domain.kernel import command, event
from crmcore.domain.kernel.working_time import BusinessCalendar
from crmcore.domain.service.levels.policy import ServiceTarget, TargetKind

__all__ = [
    "ObserveServiceLevels",
    "ReapplyServiceLevels",
    "ServiceLevelAttached",
    "ServiceLevelDetached",
    "ServiceLevelReplaced",
    "ServiceTarget",
    "ServiceTargetBreached",
    "ServiceTargetWarned",
    "TargetKind",
]

# Commands


@command
class ReapplyServiceLevels:
    """Let the service levels in force at ``at`` hold for the case, which otherwise keeps its own."""

    TOPIC: ClassVar[str] = "reapply-service-levels"
    case_id: UUID
    at: datetime


@command
class ObserveServiceLevels:
    """Record the warnings and breaches of the case that came about before ``at``, each once.

    Verdicts do not depend on it: it is for whoever wants to be notified.
    """

    TOPIC: ClassVar[str] = "observe-service-levels"
    case_id: UUID
    at: datetime


# Events


@event
class ServiceLevelAttached:
    """A policy came to hold for the cycle: its targets from ``at`` on, by calendars as they are now."""

    TOPIC: ClassVar[str] = "service-level-attached"
    SCHEMA_VERSION: ClassVar[int] = 2
    SENTENCE: ClassVar[str] = "service level assigned: {policy} ({version})[, cycle {cycle:again}]"
    case_id: UUID
    cycle: int
    policy: str
    version: str
    targets: tuple[ServiceTarget, ...]
    calendars: tuple[BusinessCalendar, ...]
    at: datetime


@event
class ServiceLevelReplaced:
    """Another policy, or another version, holds from ``at`` on; starts and pauses stay what they were."""

    TOPIC: ClassVar[str] = "service-level-replaced"
    SCHEMA_VERSION: ClassVar[int] = 2
    SENTENCE: ClassVar[str] = "service level replaced: {policy} ({version}) instead of {replaced}"
    case_id: UUID
    cycle: int
    replaced: str
    policy: str
    version: str
    targets: tuple[ServiceTarget, ...]
    calendars: tuple[BusinessCalendar, ...]
    at: datetime


@event
class ServiceLevelDetached:
    """No policy holds for the case any more, nor any target."""

    TOPIC: ClassVar[str] = "service-level-detached"
    SENTENCE: ClassVar[str] = "service level withdrawn: {policy} does not hold any more"
    case_id: UUID
    cycle: int
    policy: str
    version: str
    at: datetime


@event
class ServiceTargetWarned:
    """A warning level of a target was reached ``at`` an instant, and noticed at ``observed_at``.

    ``occurrence`` counts the customer's questions, or our updates, within the cycle.
    """

    TOPIC: ClassVar[str] = "service-target-warned"
    SENTENCE: ClassVar[str] = "{target:words} of the case: {level} reached[, {action}]"
    case_id: UUID
    cycle: int
    target: TargetKind
    occurrence: int
    level: str
    action: str | None
    observed_at: datetime
    at: datetime


@event
class ServiceTargetBreached:
    """A target was due ``at`` an instant and not completed, which was noticed at ``observed_at``."""

    TOPIC: ClassVar[str] = "service-target-breached"
    SENTENCE: ClassVar[str] = "{target:words} of the case overdue"
    case_id: UUID
    cycle: int
    target: TargetKind
    occurrence: int
    observed_at: datetime
    at: datetime


ServiceLevelsCommand = ReapplyServiceLevels | ObserveServiceLevels
ServiceLevelsEvent = (
    ServiceLevelAttached
    | ServiceLevelReplaced
    | ServiceLevelDetached
    | ServiceTargetWarned
    | ServiceTargetBreached
)
