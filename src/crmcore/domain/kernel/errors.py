"""Refusals: why a command was not carried out, in words that its sender can act upon.

Every refusal is a ``DomainError``.  Its text names what is wrong, where, and what
would be allowed.  It shows no value longer than a line, none that is made of others, and none
that tells something about a person.
"""

from collections.abc import Mapping, Sequence, Set
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final, Self
from uuid import UUID

from crmcore.domain.kernel.frozen import frozen

PLAIN = (Decimal, date, timedelta, UUID)  # a datetime is a date
SIMPLE = (*PLAIN, time, str, int, float)
UNSHOWN: Final = object()
"""Stands for a value that is not to be told."""


def shown(value: Any, *, width: int = 60) -> str:
    """*value* for a message: as people write it, on one line, at most *width* characters.

    Of what is made of several values, some of which may tell of a person, only its kind.
    """
    if not isinstance(value, SIMPLE):
        return _kind_of(value)
    try:
        text = str(value).removesuffix(", 0:00:00") if isinstance(value, PLAIN) else repr(value)
    except Exception:  # a hostile __repr__, or an integer too long to print
        text = f"<{type(value).__name__}>"
    return text if len(text) <= width else text[: width - 1] + "…"


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "nothing (null)"
        case Mapping():
            return "an object"
        case Sequence() | Set():
            return "a list" if value else "an empty list"
        case _:
            return f"a {type(value).__name__}"


@frozen
class FieldError:
    """What is wrong with one field: its path, such as ``lines[0].goods.amount``, and why."""

    field: str
    message: str

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


class DomainError(Exception):
    """A command was refused; nothing was recorded."""

    errors: tuple[FieldError, ...] = ()
    """What is wrong, by the fields of the command that it is about, as a form shows it."""
    repeats_at: datetime | None = None
    """The instant for which the same command may be a repetition of what is recorded."""

    def about(self, *fields: str) -> Self:
        """The same refusal, of these *fields* of the command."""
        self.errors = tuple(FieldError(field, str(self)) for field in fields)
        return self


class InvalidValueError(DomainError, ValueError):
    """A value has the wrong shape: the field, what was expected and, if it may be told, was given.

    ``field`` is that of the command, within which it may lie deep (``lines[0].goods.amount``).
    """

    def __init__(self, field: str, value: Any, expected: str) -> None:
        given = "" if value is UNSHOWN else f", got {shown(value)}"
        error = FieldError(field, f"expected {expected}{given}")
        super().__init__(str(error))
        self.field = field
        self.value = value
        self.expected = expected
        self.errors = (error,)

    def within(self, path: str) -> Self:
        """The same of a field that lies within *path*."""
        return type(self)(f"{path}.{self.field}" if path else self.field, self.value, self.expected)

    def named(self, field: str) -> Self:
        """The same of a command that calls the field *field*."""
        return type(self)(field, self.value, self.expected)

    def untold(self) -> Self:
        """The same without the value, which tells something about a person."""
        return type(self)(self.field, UNSHOWN, self.expected)


class NotFoundError(DomainError):
    """The command names something that was never recorded; *hint* says what there is."""

    def __init__(self, kind: str, key: UUID | str, hint: str = "") -> None:
        super().__init__(f"there is no {kind} {key}{hint and f' ({hint})'}")
        self.kind = kind
        self.key = key


class AlreadyExistsError(DomainError):
    """The command would record a second time what can begin only once."""

    def __init__(
        self, kind: str, key: UUID | str, hint: str = "", *, at: datetime | None = None
    ) -> None:
        super().__init__(
            f"{kind} {key} exists already, with other particulars{hint and ': '}{hint}"
        )
        self.kind = kind
        self.key = key
        self.repeats_at = at


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
