"""How an originator's identity and an event's state are stored: as text, exactly reversible."""

from base64 import b64decode, b64encode
from collections.abc import Callable
from typing import Final
from uuid import UUID

from eventsourcing.persistence import DataError

ReadOriginatorId = Callable[[str], UUID | str]
"""Turns a stored identity into what the application calls its aggregates by."""

_BASE64: Final = "="
"""What begins a state that is no plain text: compressed, encrypted or otherwise binary."""


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise DataError(
            f"{text!r} is not a UUID: set ORIGINATOR_ID_TYPE=text to read streams with other names"
        ) from None


ORIGINATOR_ID_TYPES: Final[dict[str, ReadOriginatorId]] = {"uuid": _uuid, "text": str}


def text_of(state: bytes) -> str:
    """*state* as text: itself if it is UTF-8 without NUL, ``=`` and its base64 otherwise."""
    try:
        text = state.decode()
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text or text.startswith(_BASE64):  # PostgreSQL stores no NUL in text
        return _BASE64 + b64encode(state).decode()
    return text


def state_of(text: str) -> bytes:
    """The state that was stored as *text*."""
    return b64decode(text[1:]) if text.startswith(_BASE64) else text.encode()
