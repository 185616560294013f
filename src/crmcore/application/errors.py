"""What can go wrong outside the domain: each error says what, where, and what helps."""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Final
from uuid import UUID

from crmcore.domain.kernel import FieldError, shown

SHOWN: Final = 10
"""Errors of one command that are put into its text."""


class InvalidCommandError(ValueError):
    """A command could not be read: *what* is wrong, or each field with what was expected of it.

    ``errors`` has all of them, to be shown at the fields of a form; the text the first few.
    """

    def __init__(self, what: str, errors: Sequence[FieldError] = ()) -> None:
        texts = [str(error) for error in errors[:SHOWN]]
        if len(errors) > SHOWN:
            texts.append(f"and {len(errors) - SHOWN:,} more")
        super().__init__(": ".join(part for part in (what, "; ".join(texts)) if part))
        self.errors = tuple(errors)


class CommandIdReusedError(ValueError):
    """A command id came a second time with another command; an id stands for one command for ever."""

    def __init__(self, command_id: UUID) -> None:
        super().__init__(
            f"command id {command_id} was used before for a different command: send this one"
            " with an id of its own"
        )


class ConcurrencyError(Exception):
    """A stream changed between reading and recording; nothing was recorded."""

    def __init__(self, stream_id: UUID, expected: int, actual: int) -> None:
        super().__init__(
            f"stream {stream_id} is at version {actual}, expected {expected}:"
            " read it again and decide anew"
        )
        self.stream_id, self.expected, self.actual = stream_id, expected, actual


class CommandInProgressError(ConcurrencyError):
    """Another writer carried out a command with the same id meanwhile; nothing was recorded."""

    def __init__(self, command_id: UUID) -> None:
        super().__init__(command_id, 0, 1)
        self.args = (f"command id {command_id} was carried out by another writer: send it again",)


class UndeclaredError(LookupError):
    """A handler asks for what its projection has not declared: a table, a column, a group, provenance."""


class AmbiguousNumberError(LookupError):
    """Several cases have the number by which one was asked for."""

    def __init__(self, number: str, cases: Sequence[UUID]) -> None:
        super().__init__(
            f"{len(cases)} cases have the number {number}: name one by its id, of"
            f" {', '.join(map(str, cases))}"
        )
        self.number, self.cases = number, tuple(cases)


class StoreError(Exception):
    """The database did not do what was asked; what was recorded before is still there."""


class MisuseError(StoreError):
    """The caller's own mistake: a connection or a statement that cannot mean this log, a context or a
    read model that is none or clashes with another, an argument of the wrong kind.
    """


class StoreUnavailableError(StoreError):
    """The database cannot be opened or reached."""


class StoreMissingError(StoreUnavailableError):
    """There is no log at the place, and none was to be made."""


class StoreBusyError(StoreError):
    """Another writer held the database for longer than the time to wait."""


class StoreReadOnlyError(StoreError):
    """The database or its folder cannot be written to."""


class StoreFullError(StoreError):
    """There is no space left for the database."""


class StoreFormatError(StoreError):
    """The database holds tables of another version of crmcore, or is no database."""


class UnknownTopicError(LookupError):
    """A stored event or a command has a topic that this version does not know."""

    def __init__(self, kind: str, topic: str, hint: str = "") -> None:
        super().__init__(f"unknown {kind} topic {shown(topic)}{hint and ': '}{hint}")
        self.topic = topic


class CorruptEventError(ValueError):
    """A stored event cannot be read as what its topic says."""


class LaterVersionError(CorruptEventError):
    """A stored event is of a later schema version than this release reads."""


class UnreadableEventError(ValueError):
    """A stored event cannot be read: its position, its topic and the cause."""

    def __init__(self, position: int, topic: str, cause: Exception) -> None:
        super().__init__(f"position {position} ({topic}): {cause}")
        self.position, self.topic, self.cause = position, topic, cause


class UnknownSubscriptionError(LookupError):
    """There is no subscription of that name in this log."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = get_close_matches(name, known, n=1)
        there = f"there are {', '.join(known)}" if known else "there is none yet"
        hint = f"did you mean {near[0]}?" if near else there
        super().__init__(f"there is no subscription {name[:60]!r}: {hint}")


class SubscriptionStoppedError(Exception):
    """A subscription cannot go on; others do.  Says where it stands, and why.

    Where an event stopped it, ``position``, ``topic`` and ``cause`` tell which, and why.
    """

    def __init__(
        self, name: str, cause: str, position: int | None = None, topic: str | None = None
    ) -> None:
        where = "" if position is None else f"stopped at position {position} ({topic}): "
        super().__init__(f"{name}: {where}{cause}")
        self.name, self.cause, self.position, self.topic = name, cause, position, topic
