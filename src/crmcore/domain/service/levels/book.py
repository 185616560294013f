"""The service levels of an organisation: its policies in order, version after version.

One stream holds them all.  A case follows the version in force when its facts change; which
one that was is recorded with the case.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Final
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    Aggregate,
    Length,
    NotAllowedError,
    command,
    derived_id,
    event,
    nobody,
)
from crmcore.domain.kernel.working_time import ELAPSED, BusinessCalendar
from crmcore.domain.service.levels.policy import (
    Condition,
    ServiceLevelPolicy,
    ServiceTarget,
    TargetKind,
    checked,
)
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import Remark

__all__ = [
    "AGGREGATE",
    "BOOK_ID",
    "STANDARD_VERSION",
    "BookVersion",
    "DefineServiceLevels",
    "ServiceLevelBook",
    "ServiceLevelsDefined",
    "decide",
    "evolve",
]

BOOK_ID: Final[UUID] = derived_id("service-level-book", "standing")
"""The one stream that holds the service levels of a log."""

Version = Annotated[str, Length(120)]


@event
class ServiceLevelsDefined:
    """From ``at`` on these policies hold, in this order, by these calendars."""

    TOPIC: ClassVar[str] = "service-levels-defined"
    book_id: UUID
    version: str
    policies: tuple[ServiceLevelPolicy, ...]
    calendars: tuple[BusinessCalendar, ...]
    reason: Remark | None
    at: datetime


@command
class DefineServiceLevels:
    """Say what is owed to which cases from then on: all policies, in order, and their calendars.

    A new version replaces the one before; cases that follow that keep it until their facts
    change, or until they are told to (``reapply-service-levels``).
    """

    TOPIC: ClassVar[str] = "define-service-levels"
    version: Version
    policies: tuple[ServiceLevelPolicy, ...]
    calendars: tuple[BusinessCalendar, ...] = ()
    reason: Remark | None = None
    at: datetime


@attrs.frozen
class BookVersion:
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


STANDARD_VERSION: Final = BookVersion(
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


@attrs.frozen
class ServiceLevelBook:
    """All versions, by the instant from which they hold."""

    versions: tuple[BookVersion, ...] = ()

    def in_force(self, at: datetime) -> BookVersion | None:
        """The version that holds at *at*; None before the first."""
        return next((one for one in reversed(self.versions) if one.at <= at), None)


class VersionInUseError(NotAllowedError):
    """The name of a version means one thing for ever, from one instant on."""

    def __init__(self, known: BookVersion) -> None:
        super().__init__(
            f"the version {known.version!r} of the service levels is defined already, from"
            f" {known.at.isoformat()} on; give what is new a version of its own"
        )


class LaterVersionError(NotAllowedError):
    """A version that holds from before another one began would rewrite what was in force."""

    def __init__(self, at: datetime, latest: BookVersion) -> None:
        super().__init__(
            f"service levels from {at.isoformat()} on: version {latest.version!r} holds since"
            f" {latest.at.isoformat()}; a new version begins after it"
        )


def evolve(book: ServiceLevelBook, event: ServiceLevelsDefined) -> ServiceLevelBook:
    """The book with one more version."""
    added = BookVersion(event.at, event.version, event.policies, event.calendars)
    return ServiceLevelBook((*book.versions, added))


def decide(command: DefineServiceLevels, book: ServiceLevelBook) -> Sequence[ServiceLevelsDefined]:
    """The version that the command adds; one that holds at ``at`` already adds nothing.

    Raises ``InvalidValueError`` where policies and calendars do not fit together,
    ``NotAllowedError`` where the version's name is taken or it would begin before the latest.
    """
    known = next((one for one in book.versions if one.version == command.version), None)
    if known is not None:
        same = (known.policies, known.calendars) == (command.policies, command.calendars)
        if same and book.in_force(command.at) is known:
            return []
        raise VersionInUseError(known)
    checked(command.policies, command.calendars, command.at)
    if book.versions and command.at <= book.versions[-1].at:
        raise LaterVersionError(command.at, book.versions[-1])
    return [
        ServiceLevelsDefined(
            book_id=BOOK_ID,
            version=command.version,
            policies=command.policies,
            calendars=command.calendars,
            reason=command.reason,
            at=command.at,
        )
    ]


AGGREGATE: Final[Aggregate[ServiceLevelBook, ServiceLevelsDefined]] = Aggregate(
    kind="service-level-book",
    initial=ServiceLevelBook(),
    evolve=evolve,
    events=(ServiceLevelsDefined,),
    subject=nobody,
)
