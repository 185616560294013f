"""The versions of the service levels, and which one is in force when."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Final
from uuid import UUID

from crmcore.domain.kernel import derived_id
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.working_time import ELAPSED, BusinessCalendar
from crmcore.domain.service.levels.policy import (
    Condition,
    ServiceLevelPolicy,
    ServiceTarget,
    TargetKind,
)
from crmcore.domain.service.levels.version.messages import ServiceLevelsDefined
from crmcore.domain.service.priority import Priority

SERVICE_LEVELS_ID: Final[UUID] = derived_id("service-level-book", "standing")
"""The one stream that holds the service levels of a log."""


@frozen
class ServiceLevelVersion:
    """The policies in force from an instant on."""

    at: datetime
    version: str
    policies: tuple[ServiceLevelPolicy, ...]
    calendars: tuple[BusinessCalendar, ...]


def _standard(priority: Priority, hours: int) -> ServiceLevelPolicy:
    resolution = ServiceTarget(
        kind=TargetKind.RESOLUTION,
        within=timedelta(hours=hours),
        calendar=ELAPSED.name,
    )
    return ServiceLevelPolicy(
        name=f"standard {priority}", when=Condition(priorities=(priority,)), targets=(resolution,)
    )


STANDARD_VERSION: Final = ServiceLevelVersion(
    at=datetime.min.replace(tzinfo=UTC),
    version="standard-1",
    policies=(
        _standard(Priority.CRITICAL, 4),
        _standard(Priority.HIGH, 24),
        _standard(Priority.MODERATE, 72),
        _standard(Priority.LOW, 168),
    ),
    calendars=(ELAPSED,),
)
"""What holds until an organisation says otherwise: a resolution by priority, day and night."""


@frozen
class ServiceLevelVersions:
    """All versions, by the instant from which they hold; ``defined_at`` is that of the last command."""

    versions: tuple[ServiceLevelVersion, ...] = ()
    defined_at: datetime | None = None

    def in_force(self, at: datetime) -> ServiceLevelVersion | None:
        """The version that holds at *at*; None before the first."""
        return next((one for one in reversed(self.versions) if one.at <= at), None)


InForce = Callable[[datetime], ServiceLevelVersion | None]
"""Finds the version that holds at an instant, None before the first: asked only at need."""


def none_in_force(_at: datetime) -> None:
    """Before any version is defined."""


def evolve(state: ServiceLevelVersions, event: ServiceLevelsDefined) -> ServiceLevelVersions:
    """The state with one more version; of two that hold from the same instant, the later recorded."""
    added = ServiceLevelVersion(
        event.holds_from or event.at, event.version, event.policies, event.calendars
    )
    return ServiceLevelVersions(
        tuple(sorted((*state.versions, added), key=attrgetter("at"))), defined_at=event.at
    )
