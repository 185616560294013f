"""What is told of commands: topics, outcomes, the fields that refusals are about; no values."""

from typing import Any, Final
from uuid import UUID

import attrs

from crmcore.application.errors import (
    CommandIdReusedError,
    ConcurrencyError,
    InvalidCommandError,
    UnreadableEventError,
)
from crmcore.application.log import Receipt
from crmcore.application.telemetry import FAILED, Happening, Value
from crmcore.application.unit_of_work import UnitOfWork
from crmcore.domain.kernel import DomainError

REFUSED: Final = "refused"
CONFLICT: Final = "conflict"

COMMAND: Final = Happening(
    name="command",
    logger="crmcore.commands",
    prefix="crmcore.command",
    counter="crmcore.commands",
    span="crmcore.execute",
    dimensions=("topic", "stream_kind", "outcome"),
    sums={"events": "crmcore.events.recorded"},
)
"""A command by itself, or within a batch: there it takes no time of its own."""
TRANSACTION: Final = Happening(
    name="commands",
    logger="crmcore.commands",
    prefix="crmcore.commands",
    span="crmcore.execute_many",
    dimensions=("outcome",),
)
REFUSAL: Final = Happening(
    name="refusal",
    logger="crmcore.commands",
    prefix="crmcore.command",
    counter="crmcore.refusals",
    dimensions=("topic", "error"),
)
RETRY: Final = Happening(
    name="conflict",
    logger="crmcore.commands",
    prefix="crmcore.command",
    counter="crmcore.conflicts",
    dimensions=("topic",),
)
"""Another writer came between, so that it is decided again."""


def sent(envelope: Any) -> dict[str, Value]:
    """What is told of a command and its sender: nothing of who that is."""
    return {
        "topic": _topic(envelope.command),
        "command_id": _id(envelope.command_id),
        "correlation_id": _id(envelope.correlation_id),
    }


def outcome_of(receipt: Receipt) -> dict[str, Value]:
    """What became of a command that was carried out."""
    outcome = "recorded" if receipt.events else "unchanged"
    return {
        "outcome": "repeated" if receipt.repeated else outcome,
        "command_id": receipt.command_id,
        "events": 0 if receipt.repeated else len(receipt.events),
        "position": receipt.position,
    }


def outcome_in_batch(envelope: Any, work: UnitOfWork | None) -> dict[str, Value]:
    """What became of a command of a batch by its *work*; None: it was carried out before."""
    if work is None:
        return {**sent(envelope), "outcome": "repeated", "events": 0}
    return {
        **sent(envelope),
        "command_id": work.provenance.command_id,
        "stream_kind": work.kind,
        "outcome": "recorded" if work.events else "unchanged",
        "events": len(work.events),
    }


def refusal(command: Any, error: BaseException) -> dict[str, Value]:
    """What is told of an error that a command met: its class, and which of the command's fields."""
    outcome = FAILED
    if isinstance(
        error, DomainError | InvalidCommandError | CommandIdReusedError | UnreadableEventError
    ):
        outcome = REFUSED
    elif isinstance(error, ConcurrencyError):
        outcome = CONFLICT
    return {
        "outcome": outcome,
        "error": type(error).__name__,
        "error_fields": _fields(command, error),
    }


def _topic(command: Any) -> str | None:
    topic = getattr(type(command), "TOPIC", None)
    return topic if isinstance(topic, str) else None


def _id(given: object) -> UUID | None:
    return given if isinstance(given, UUID) else None


def _fields(command: Any, error: BaseException) -> tuple[str, ...]:
    """The fields that an error names: those that the command has, as any other name may be a value."""
    if not attrs.has(type(command)):
        return ()
    known = {"by", "source", *(field.name for field in attrs.fields(type(command)))}
    named = (str(getattr(one, "field", "")) for one in getattr(error, "errors", ()))
    roots = (name.partition(".")[0].partition("[")[0] for name in named)
    return tuple(dict.fromkeys(root for root in roots if root in known))
