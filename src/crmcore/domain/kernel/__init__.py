"""What the contexts share: messages, aggregates, identities, money, refusals."""

from crmcore.domain.kernel.aggregate import Aggregate, nobody
from crmcore.domain.kernel.contact import Channel, Purpose
from crmcore.domain.kernel.errors import (
    AlreadyExistsError,
    DomainError,
    FieldError,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
    NoWorkingTimeError,
    shown,
)
from crmcore.domain.kernel.identity import derived_id
from crmcore.domain.kernel.instants import Presumed
from crmcore.domain.kernel.message import (
    Command,
    Event,
    command,
    event,
    for_instant,
    value,
    version_of,
)
from crmcore.domain.kernel.money import CurrencyMismatchError, Money, minor_digits
from crmcore.domain.kernel.precision import decimals
from crmcore.domain.kernel.shape import (
    LARGEST_INTEGER,
    Between,
    Length,
    Personal,
    Text,
    is_personal,
    marked_personal,
    shape,
)

__all__ = [
    "LARGEST_INTEGER",
    "Aggregate",
    "AlreadyExistsError",
    "Between",
    "Channel",
    "Command",
    "CurrencyMismatchError",
    "DomainError",
    "Event",
    "FieldError",
    "InvalidValueError",
    "Length",
    "Money",
    "NoWorkingTimeError",
    "NotAllowedError",
    "NotFoundError",
    "Personal",
    "Presumed",
    "Purpose",
    "Text",
    "command",
    "decimals",
    "derived_id",
    "event",
    "for_instant",
    "is_personal",
    "marked_personal",
    "minor_digits",
    "nobody",
    "shape",
    "shown",
    "value",
    "version_of",
]
