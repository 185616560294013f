"""The service levels of an organisation: its policies in order, version after version.

One stream holds them all.  A case follows the version in force when its facts change; which
one that was is recorded with the case.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import ClassVar, Final
from uuid import UUID

import attrs

from crmcore.domain.kernel import (
    Aggregate,
    InvalidValueError,
    NotAllowedError,
    command,
    derived_id,
    event,
    nobody,
)
from crmcore.domain.kernel.working_time import ELAPSED, BusinessCalendar
from crmcore.domain.service.levels.checks import checked
from crmcore.domain.service.levels.policy import (
    Condition,
    ServiceLevelPolicy,
    ServiceTarget,
    TargetKind,
)
from crmcore.domain.service.levels.revision import (
    ReviseServiceLevels,
    Terms,
    require_known,
    revised,
)
from crmcore.domain.service.priority import Priority
from crmcore.domain.service.terms import Label, Remark

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


@event
class ServiceLevelsDefined:
    """From ``holds_from`` on (``at``, where it is None) these policies hold, by these calendars."""

    TOPIC: ClassVar[str] = "service-levels-defined"
    SCHEMA_VERSION: ClassVar[int] = 2
    book_id: UUID
    version: str
    policies: tuple[ServiceLevelPolicy, ...]
    calendars: tuple[BusinessCalendar, ...]
    reason: Remark | None
    holds_from: datetime | None = None
    at: datetime


@command
class DefineServiceLevels:
    """Say what is owed to which cases from then on: all policies, in order, and their calendars.

    A new version replaces the one before; cases that follow that keep it until their facts
    change, or until they are told to (``reapply-service-levels``).  It holds from ``at`` on, or
    from a later ``holds_from``.
    """

    TOPIC: ClassVar[str] = "define-service-levels"
    version: Label
    policies: tuple[ServiceLevelPolicy, ...]
    calendars: tuple[BusinessCalendar, ...] = ()
    reason: Remark | None = None
    holds_from: datetime | None = None
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
    """All versions, by the instant from which they hold; ``defined_at`` is when the last was told."""

    versions: tuple[BookVersion, ...] = ()
    defined_at: datetime | None = None

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
        self.repeats_at = known.at


class LaterVersionError(NotAllowedError):
    """A version defined as of before another one was would rewrite what was in force."""

    def __init__(self, at: datetime, latest: datetime) -> None:
        super().__init__(
            f"service levels defined at {at.isoformat()}: the last ones were at"
            f" {latest.isoformat()}, and new ones come after them"
        )


def evolve(book: ServiceLevelBook, event: ServiceLevelsDefined) -> ServiceLevelBook:
    """The book with one more version; of two that hold from the same instant, the later told."""
    added = BookVersion(
        event.holds_from or event.at, event.version, event.policies, event.calendars
    )
    return ServiceLevelBook(
        tuple(sorted((*book.versions, added), key=attrgetter("at"))), defined_at=event.at
    )


def decide(
    command: DefineServiceLevels | ReviseServiceLevels,
    book: ServiceLevelBook,
    standing: BookVersion = STANDARD_VERSION,
) -> Sequence[ServiceLevelsDefined]:
    """The version that the command adds; one that holds then already, or is to, adds nothing.

    A revision is of what is in force when it begins to hold: of *standing* before the first version.
    Raises ``InvalidValueError`` where policies and calendars do not fit together or would hold
    from before ``at`` on, ``NotAllowedError`` where the version's name is taken or others were
    defined later.
    """
    begins = command.holds_from or command.at
    known = next((one for one in book.versions if one.version == command.version), None)
    if known is not None:
        same = (known.policies, known.calendars) == _wanted(command, known)
        if same and (known.at == begins or known is book.in_force(command.at)):
            return []
        raise VersionInUseError(known)
    if begins < command.at:
        expected = f"an instant from {command.at.isoformat()} on, when it is defined"
        raise InvalidValueError("holds_from", command.holds_from, expected)
    before = book.in_force(begins) or standing
    if isinstance(command, ReviseServiceLevels):
        require_known(command, before.policies)
    policies, calendars = _wanted(command, before)
    checked(policies, calendars, begins)
    if book.defined_at is not None and command.at <= book.defined_at:
        raise LaterVersionError(command.at, book.defined_at)
    return [
        ServiceLevelsDefined(
            book_id=BOOK_ID,
            version=command.version,
            policies=policies,
            calendars=calendars,
            reason=command.reason,
            holds_from=command.holds_from,
            at=command.at,
        )
    ]


def _wanted(command: DefineServiceLevels | ReviseServiceLevels, before: BookVersion) -> Terms:
    if isinstance(command, ReviseServiceLevels):
        return revised(command, before.policies, before.calendars)
    return command.policies, command.calendars


AGGREGATE: Final[Aggregate[ServiceLevelBook, ServiceLevelsDefined]] = Aggregate(
    kind="service-level-book",
    initial=ServiceLevelBook(),
    evolve=evolve,
    events=(ServiceLevelsDefined,),
    subject=nobody,
)
