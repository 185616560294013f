"""Everything that crmcore raises on purpose; each text is one line: what, where, what helps.

``DomainError`` is a rule's refusal (nothing was recorded), ``InvalidCommandError`` a command
that could not be read, ``ConcurrencyError`` a conflict with another writer, ``StoreError``
trouble with the database, ``ProjectionStoppedError`` a read model that cannot go on
(``RebuildStoppedError``: some of several that were rebuilt together),
``UnknownProjectionError`` one that is not there.
"""

from crmcore.application.errors import (
    CommandIdReusedError,
    CommandInProgressError,
    ConcurrencyError,
    CorruptEventError,
    InvalidCommandError,
    StoreBusyError,
    StoreError,
    StoreFormatError,
    StoreFullError,
    StoreMissingError,
    StoreReadOnlyError,
    StoreUnavailableError,
    UnknownTopicError,
    UnreadableEventError,
)
from crmcore.application.executing import InFutureError
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
)
from crmcore.projections.engine import ProjectionStoppedError
from crmcore.projections.engine.rebuilt import RebuildStoppedError
from crmcore.projections.engine.upkeep import UnknownProjectionError
from crmcore.projections.engine.views import InTheWayError

__all__ = [
    "AlreadyExistsError",
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
    "NoWorkingTimeError",
    "NotAllowedError",
    "NotFoundError",
    "OtherKindError",
    "ProjectionStoppedError",
    "RebuildStoppedError",
    "StoreBusyError",
    "StoreError",
    "StoreFormatError",
    "StoreFullError",
    "StoreMissingError",
    "StoreReadOnlyError",
    "StoreUnavailableError",
    "UnknownProjectionError",
    "UnknownTopicError",
    "UnreadableEventError",
]
