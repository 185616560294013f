"""Everything that crmcore raises on purpose; each text is one line: what, where, what helps.

``DomainError`` is a rule's refusal (nothing was recorded), ``InvalidCommandError`` a command
that could not be read, ``ConcurrencyError`` a conflict with another writer, ``StoreError``
trouble with the database, ``ProjectionStoppedError`` a read model that cannot go on,
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
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
)
from crmcore.projections.engine import ProjectionStoppedError
from crmcore.projections.engine.upkeep import UnknownProjectionError

__all__ = [
    "AlreadyExistsError",
    "CommandIdReusedError",
    "CommandInProgressError",
    "ConcurrencyError",
    "CorruptEventError",
    "CurrencyMismatchError",
    "DomainError",
    "InFutureError",
    "InvalidCommandError",
    "InvalidValueError",
    "NotAllowedError",
    "NotFoundError",
    "OtherKindError",
    "ProjectionStoppedError",
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
