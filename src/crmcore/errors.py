"""Everything that crmcore raises on purpose; each text is one line: what, where, what helps.

``DomainError`` is a rule's refusal (nothing was recorded), ``InvalidCommandError`` a command
that could not be read, ``ConcurrencyError`` a conflict with another writer, ``StoreError``
trouble with the database, ``ProjectionStoppedError`` a read model that cannot go on
(``RebuildStoppedError``: some of several that were rebuilt together),
``UnknownProjectionError`` one that is not there, ``SubscriptionStoppedError`` and
``UnknownSubscriptionError`` the same of subscriptions, ``NotReachedError`` a position that was asked
for and is not reached.
"""

from crmcore.application.deciding import InFutureError
from crmcore.application.errors import (
    AmbiguousNumberError,
    CommandIdReusedError,
    CommandInProgressError,
    ConcurrencyError,
    CorruptEventError,
    InvalidCommandError,
    MisuseError,
    StoreBusyError,
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreUnavailableError,
    SubscriptionStoppedError,
    UndeclaredError,
    UnknownSubscriptionError,
    UnknownTopicError,
    UnreadableEventError,
)
from crmcore.application.unit_of_work import OtherKindError
from crmcore.domain.kernel import (
    AlreadyExistsError,
    CurrencyMismatchError,
    DomainError,
    FieldError,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
    NoWorkingTimeError,
    OutOfOrderError,
)
from crmcore.projections.engine.generations.views import InTheWayError
from crmcore.projections.engine.maintenance.maintenance import UnknownProjectionError
from crmcore.projections.engine.poison.poison import ProjectionStoppedError
from crmcore.projections.engine.query.live_rows import NotReachedError
from crmcore.projections.engine.rebuild.outcome import RebuildStoppedError

__all__ = [
    "AlreadyExistsError",
    "AmbiguousNumberError",
    "CommandIdReusedError",
    "CommandInProgressError",
    "ConcurrencyError",
    "CorruptEventError",
    "CurrencyMismatchError",
    "DomainError",
    "FieldError",
    "InFutureError",
    "InTheWayError",
    "InvalidCommandError",
    "InvalidValueError",
    "MisuseError",
    "NoWorkingTimeError",
    "NotAllowedError",
    "NotFoundError",
    "NotReachedError",
    "OtherKindError",
    "OutOfOrderError",
    "ProjectionStoppedError",
    "RebuildStoppedError",
    "StoreBusyError",
    "StoreError",
    "StoreFormatError",
    "StoreFullError",
    "StoreMissingError",
    "StoreReadOnlyError",
    "StoreUnavailableError",
    "SubscriptionStoppedError",
    "UndeclaredError",
    "UnknownProjectionError",
    "UnknownSubscriptionError",
    "UnknownTopicError",
    "UnreadableEventError",
]
