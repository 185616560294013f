"""Events and commands: immutable records that are stored or sent under a topic.

``TOPIC`` and the field names are a stored format: written out, never derived from a
module path.  A command checks and normalises what it is given (``shape``); an event
is built by a decider from a checked command, so that reading the past stays fast and
a rule that changes can never make it unreadable.
"""

import ast
from datetime import datetime
from inspect import cleandoc, getsource
from textwrap import dedent
from typing import Any, ClassVar, Protocol, TypeVar, dataclass_transform, get_type_hints

import attrs

from crmcore.domain.kernel.documented import docstring_of, with_fields
from crmcore.domain.kernel.frozen import frozen
from crmcore.domain.kernel.shape import shape

T = TypeVar("T")
C = TypeVar("C", bound="Command")


class Event(Protocol):
    """Something that happened: its stored name, and the instant when it was true."""

    TOPIC: ClassVar[str]

    @property
    def at(self) -> datetime:
        """When it was true (UTC)."""


class Command(Protocol):
    """Something that is wanted: its name in files and logs, and the instant it is wanted for."""

    TOPIC: ClassVar[str]

    @property
    def at(self) -> datetime:
        """For which instant it is wanted (UTC); ``Presumed`` where the sender named none."""


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field,))
def event(cls: type[T]) -> type[T]:
    """Make *cls* an event: frozen, slotted, keyword-only."""
    return with_fields(frozen(kw_only=True)(cls))


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field,))
def command(cls: type[T]) -> type[T]:
    """Make *cls* a command: as an event, and every field is checked and normalised by its annotation."""
    return with_fields(frozen(kw_only=True, field_transformer=_checked)(cls))


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(attrs.field,))
def value(cls: type[T]) -> type[T]:
    """Make *cls* a value object that commands carry (an order line, say): checked as a command is."""
    return command(cls)


def for_instant(wish: C, at: datetime) -> C:
    """The command *wish*, wanted for the instant *at* instead."""
    unchecked: Any = wish  # the type checker does not see that commands are attrs classes
    changed: C = attrs.evolve(unchecked, at=at)
    return changed


def description_of(kind: type) -> str:
    """What the docstring of a message's class says.  Where Python was told to drop those (``-OO``),
    the source is asked; nothing where that is not there either.
    """
    written = docstring_of(kind)
    if written is not None:
        return cleandoc(written)
    try:
        found = ast.parse(dedent(getsource(kind))).body[0]
    except (OSError, TypeError, SyntaxError):
        return ""
    return (ast.get_docstring(found) or "") if isinstance(found, ast.ClassDef) else ""


def version_of(kind: type) -> int:
    """The version of a stored format: ``SCHEMA_VERSION`` of its class, 1 where none is written."""
    return int(getattr(kind, "SCHEMA_VERSION", 1))


def _checked(cls: type, fields: list["attrs.Attribute[Any]"]) -> list["attrs.Attribute[Any]"]:
    if any(isinstance(field.type, str) for field in fields):  # with annotations from __future__
        hints = get_type_hints(cls, include_extras=True)
        fields = [field.evolve(type=hints[field.name]) for field in fields]
    return [
        field if field.converter else field.evolve(converter=_converter(field)) for field in fields
    ]


def _converter(field: "attrs.Attribute[Any]") -> Any:
    check, name = shape(field.type), field.name

    def converter(given: Any) -> Any:
        return check(name, given)

    converter.__annotations__["given"] = field.type  # what attrs says of the parameter
    return converter
