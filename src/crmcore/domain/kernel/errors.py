"""Refusals: why a command was not carried out, in words that its sender can act upon.

Every refusal is a ``DomainError``.  Its text names what is wrong, where, and what
would be allowed; it never shows a value longer than a line.
"""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

PLAIN = (Decimal, date, timedelta, UUID)  # a datetime is a date
__all__ = [
    "AlreadyExistsError",
    "DomainError",
    "InvalidValueError",
    "NoWorkingTimeError",
    "NotAllowedError",
    "NotFoundError",
    "shown",
]


def shown(value: Any, *, width: int = 60) -> str:
    """*value* for a message: as people write it, on one line, at most *width* characters."""
    try:
        text = str(value).removesuffix(", 0:00:00") if isinstance(value, PLAIN) else repr(value)
    except Exception:  # a hostile __repr__, or an integer too long to print
        text = f"<{type(value).__name__}>"
    return text if len(text) <= width else text[: width - 1] + "…"


class DomainError(Exception):
    """A command was refused; nothing was recorded."""


class InvalidValueError(DomainError, ValueError):
    """A value has the wrong shape: the field, what was given and what was expected."""

    def __init__(self, field: str, value: Any, expected: str) -> None:
        super().__init__(f"{field}: expected {expected}, got {shown(value)}")
        self.field = field
        self.expected = expected


class NotFoundError(DomainError):
    """The command names something that was never recorded."""

    def __init__(self, kind: str, key: UUID | str) -> None:
        super().__init__(f"there is no {kind} {key}")
        self.kind = kind
        self.key = key


class AlreadyExistsError(DomainError):
    """The command would record a second time what can begin only once."""

    def __init__(self, kind: str, key: UUID | str, hint: str = "") -> None:
        super().__init__(
            f"{kind} {key} exists already, with other particulars{hint and ': '}{hint}"
        )
        self.kind = kind
        self.key = key


class NotAllowedError(DomainError):
    """The thing is in a phase, or a rule is in force, that rules the command out."""


class NoWorkingTimeError(DomainError):
    """A calendar does not open, close or work so long within the time that a search may take."""

    def __init__(self, calendar: str, sought: str, start: date, horizon: timedelta) -> None:
        super().__init__(
            f"{calendar}: no {sought} within {horizon.days} days of {start.isoformat()};"
            " look at its hours and holidays, or search further (horizon=...)"
        )
        self.calendar = calendar
