"""What the contexts share: messages, aggregates, identities, money, refusals."""

from crmcore.domain.kernel.aggregate import (
    Aggregate,
    OutOfOrderError,
    anytime,
    from_the_beginning,
    nobody,
)
from crmcore.domain.kernel.contact import Channel, Purpose
from crmcore.domain.kernel.errors import (
    AlreadyExistsError,
    DomainError,
    InvalidValueError,
    NotAllowedError,
    NotFoundError,
    NoWorkingTimeError,
    shown,
)
from crmcore.domain.kernel.identity import derived_id
from crmcore.domain.kernel.instants import CLOCK_SKEW
from crmcore.domain.kernel.message import Command, Event, command, event, value, version_of
from crmcore.domain.kernel.money import CurrencyMismatchError, Money, minor_digits
from crmcore.domain.kernel.precision import decimals
from crmcore.domain.kernel.shape import (
    LARGEST_INTEGER,
    Between,
    Length,
    Personal,
    Text,
    is_personal,
    shape,
)

__all__ = [
    "CLOCK_SKEW",
    "LARGEST_INTEGER",
    "Aggregate",
    "AlreadyExistsError",
    "Between",
    "Channel",
    "Command",
    "CurrencyMismatchError",
    "DomainError",
    "Event",
    "InvalidValueError",
    "Length",
    "Money",
    "NoWorkingTimeError",
    "NotAllowedError",
    "NotFoundError",
    "OutOfOrderError",
    "Personal",
    "Purpose",
    "Text",
    "anytime",
    "command",
    "decimals",
    "derived_id",
    "event",
    "from_the_beginning",
    "is_personal",
    "minor_digits",
    "nobody",
    "shape",
    "shown",
    "value",
    "version_of",
]
