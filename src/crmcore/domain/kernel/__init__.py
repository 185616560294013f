"""What the contexts share: messages, aggregates, identities, money, refusals."""

from crmcore.domain.kernel.addresses import address_key
from crmcore.domain.kernel.aggregate import (
    Aggregate,
    OutOfOrderError,
    anytime,
    from_the_beginning,
    nobody,
)
from crmcore.domain.kernel.contact import Channel, Purpose
from crmcore.domain.kernel.currencies import minor_digits, require_currency
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
from crmcore.domain.kernel.instants import CLOCK_SKEW, Presumed, zoned
from crmcore.domain.kernel.message import (
    Command,
    Event,
    command,
    description_of,
    event,
    for_instant,
    value,
    version_of,
)
from crmcore.domain.kernel.money import CurrencyMismatchError, Money
from crmcore.domain.kernel.precision import decimals
from crmcore.domain.kernel.shape import (
    LARGEST_INTEGER,
    AsText,
    Between,
    Length,
    Personal,
    Text,
    WorkingTime,
    is_personal,
    marked_personal,
    shape,
)

__all__ = [
    "CLOCK_SKEW",
    "LARGEST_INTEGER",
    "Aggregate",
    "AlreadyExistsError",
    "AsText",
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
    "OutOfOrderError",
    "Personal",
    "Presumed",
    "Purpose",
    "Text",
    "WorkingTime",
    "address_key",
    "anytime",
    "command",
    "decimals",
    "derived_id",
    "description_of",
    "event",
    "for_instant",
    "from_the_beginning",
    "is_personal",
    "marked_personal",
    "minor_digits",
    "nobody",
    "require_currency",
    "shape",
    "shown",
    "value",
    "version_of",
    "zoned",
]
