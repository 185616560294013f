"""Commands in a file: one JSON object a line, read with a bounded amount of memory.

``{"command": "<topic>", "by": "...", ...}`` and the command's own fields.  A line that cannot be
read is refused with the reason, and reading goes on.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, BinaryIO, Final
from uuid import UUID

import attrs

import crmcore
from crmcore import errors
from crmcore.commands import OpenCase

LONGEST: Final = 4 * 1024 * 1024
"""Bytes to a line: the longest message that a command takes is well below."""

BOM: Final = b"\xef\xbb\xbf"
NO_CASES: Final[Mapping[str, UUID]] = MappingProxyType({})
IDS: Final = ("command_id", "correlation_id", "causation_id")


class Unreadable(ValueError):  # noqa: N818  # it refuses a line, not the file
    """The line is no command: what was expected."""


@attrs.frozen
class Line:
    """The line *number* (from 1) of a file; ``content`` None where it is longer than ``LONGEST``."""

    number: int
    content: bytes | None


def lines(stream: BinaryIO, longest: int = LONGEST) -> Iterator[Line]:
    """The lines that are not blank, one at a time."""
    number = 0
    while piece := stream.readline(longest + 1):
        number += 1
        if number == 1:
            piece = piece.removeprefix(BOM)
        if len(piece) > longest and not piece.endswith(b"\n"):
            while (rest := stream.readline(longest)) and not rest.endswith(b"\n"):
                pass
            yield Line(number, None)
        elif piece.strip():
            yield Line(number, piece)


def read(
    crm: crmcore.CRM,
    line: Line,
    by: str | None,
    source: str | None,
    cases: Mapping[str, UUID] = NO_CASES,
) -> crmcore.Envelope:
    """The command on a *line*; *by* and *source* where it does not say so itself.

    *cases* are those that lines before it open, by their numbers.

    Raises ``Unreadable``, or what ``CRM.command`` raises.
    """
    given = _parsed(line)
    topic = given.pop("command", None)
    if not isinstance(topic, str):
        raise Unreadable('"command": expected the topic of a command, such as "register-customer"')
    sender = given.pop("by", by)
    if not isinstance(sender, str) or not sender.strip():
        raise Unreadable('"by": expected who sends the command (or --by NAME for all lines)')
    kind = crm.command_kinds.get(topic)
    if kind is None or "source" not in attrs.fields_dict(kind):  # else the command's own field
        source = _optional_text(given, "source", source)
    ids = {name: _identity(given, name) for name in IDS}
    version = _version(given)
    command = crm.command(topic, given, cases=cases)
    return crmcore.Envelope(
        command=command, by=sender, source=source, expected_version=version, **ids
    )


def opened(command: crmcore.Command) -> dict[str, UUID]:
    """The case that *command* opens, by its number, if it gives it one."""
    if isinstance(command, OpenCase) and command.number is not None:
        return {command.number: command.case_id}
    return {}


def _parsed(line: Line) -> dict[str, Any]:
    if line.content is None:
        raise Unreadable(f"expected at most {LONGEST:,} bytes")
    try:
        given = json.loads(
            line.content.decode(),
            parse_float=_exact,
            parse_int=_whole,
            parse_constant=_constant,
            object_pairs_hook=_once_each,
        )
    except UnicodeDecodeError as error:
        raise Unreadable(f"expected UTF-8 text, byte {error.start + 1} is not") from None
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" starting at")
        raise Unreadable(
            f"expected a JSON object on one line: {what} at character {error.pos + 1}"
        ) from None
    except RecursionError:
        raise Unreadable("expected JSON that is less deeply nested") from None
    if not isinstance(given, dict):
        raise Unreadable('expected an object: {"command": "<topic>", "by": "<who>", ...}')
    return given


def _exact(digits: str) -> Decimal:
    try:
        return Decimal(digits)
    except InvalidOperation:
        raise Unreadable(f"expected a number of a sensible size, got {digits[:40]}") from None


def _whole(digits: str) -> int:
    if len(digits) > 40:
        raise Unreadable(f"expected a number of a sensible size, got {digits[:40]}…")
    return int(digits)


def _constant(name: str) -> Any:
    raise Unreadable(f"expected a number, got {name}, which JSON does not have")


def _once_each(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"{twice[:60]!r} stands twice in one object")
    return fields


def _identity(given: dict[str, Any], name: str) -> UUID | None:
    value = given.pop(name, None)
    if value is None:
        return None
    try:
        return UUID(value)
    except (ValueError, AttributeError, TypeError):
        raise Unreadable(f'"{name}": expected a UUID, got {str(value)[:60]!r}') from None


def _version(given: dict[str, Any]) -> int | None:
    value = given.pop("expected_version", None)
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise Unreadable(f'"expected_version": expected 0 or more, got {str(value)[:60]!r}')
    return value


def _optional_text(given: dict[str, Any], name: str, default: str | None) -> str | None:
    value = given.pop(name, None)
    if value is not None and not isinstance(value, str):
        raise Unreadable(f'"{name}": expected text, got {str(value)[:60]!r}')
    return default if value is None else value


UNFIT: Final = (
    Unreadable,
    errors.DomainError,
    errors.InvalidCommandError,
    errors.UnknownTopicError,
    errors.AmbiguousNumberError,
)
"""What makes a line unfit to be carried out."""
