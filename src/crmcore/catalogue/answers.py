"""What a host answers to a command that was sent to it: a receipt, or a problem (RFC 9457), as JSON."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from crmcore.application.errors import (
    AmbiguousNumberError,
    CommandIdReusedError,
    ConcurrencyError,
    InvalidCommandError,
    MisuseError,
    StoreError,
    UnknownTopicError,
)
from crmcore.application.log import Receipt
from crmcore.domain.kernel import DomainError, InvalidValueError, NotFoundError

STATUS: Final[Mapping[type[Exception], int]] = {
    InvalidCommandError: 400,
    InvalidValueError: 400,
    NotFoundError: 404,
    UnknownTopicError: 404,
    AmbiguousNumberError: 409,
    CommandIdReusedError: 409,
    ConcurrencyError: 409,
    DomainError: 409,
    MisuseError: 500,
    StoreError: 503,
}
"""The status of HTTP that goes with an error: that of the first of its classes that is here."""

TITLES: Final[Mapping[int, str]] = {
    400: "The command cannot be read.",
    404: "There is no such command, or nothing of what it names.",
    409: "The command is refused by a rule, or conflicts with what was recorded meanwhile.",
    503: "The database does not answer as it should; nothing was recorded.",
}
"""Why a command was not carried out, by the status of the answer."""

PROBLEM: Final[dict[str, Any]] = {
    "title": "Problem",
    "description": "Why a command was not carried out (RFC 9457); nothing was recorded.",
    "type": "object",
    "properties": {
        "type": {
            "type": "string",
            "format": "uri-reference",
            "description": "Which error: the name of its class behind `#`.",
        },
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What, where, and what helps, in one line."},
        "errors": {
            "type": "array",
            "description": "What is wrong with which field; without a field: with the whole.",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "required": ["field", "message"],
            },
        },
    },
    "required": ["type", "title", "status", "detail"],
}
RECEIPT: Final[dict[str, Any]] = {
    "title": "Receipt",
    "description": "What a command did: its events, none where its effect held already.",
    "type": "object",
    "properties": {
        "command_id": {"type": "string", "format": "uuid"},
        "position": {
            "type": ["integer", "null"],
            "description": "The log's position after the events; null where nothing was recorded.",
        },
        "repeated": {
            "type": "boolean",
            "description": "It was carried out before; this is its first receipt.",
        },
        "events": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"topic": {"type": "string"}, "data": {"type": "object"}},
                "required": ["topic", "data"],
            },
        },
    },
    "required": ["command_id", "position", "repeated", "events"],
}


def receipt_document(receipt: Receipt) -> dict[str, Any]:
    """A receipt in what JSON has, as the OpenAPI document of commands describes it."""
    return {
        "command_id": str(receipt.command_id),
        "position": receipt.position,
        "repeated": receipt.repeated,
        "events": [
            {"topic": one.TOPIC, "data": msgspec.to_builtins(one)} for one in receipt.events
        ],
    }


def problem_document(error: Exception) -> dict[str, Any]:
    """An error of ``crmcore.errors`` as the details of a problem (RFC 9457), its status of HTTP included.

    *error* itself is raised again where it is none of those.
    """
    status = next((STATUS[one] for one in type(error).__mro__ if one in STATUS), None)
    if status is None:
        raise error
    fields = [{"field": one.field, "message": one.message} for one in getattr(error, "errors", ())]
    return {
        "type": f"#{type(error).__name__}",
        "title": TITLES.get(status, "A mistake of the host's own."),
        "status": status,
        "detail": str(error),
        **({"errors": fields} if fields else {}),
    }
