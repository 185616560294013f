"""What went wrong, for tables and logs that outlive it: the kind and the place, no values.

The text of an error that is not ours may quote what it met, a name or an address: it is for whoever
calls, not to be kept.
"""

from pathlib import Path
from traceback import extract_tb

from crmcore.application.errors import (
    CorruptEventError,
    StoreError,
    UndeclaredError,
    UnknownTopicError,
    UnreadableEventError,
)

OURS = (CorruptEventError, StoreError, UndeclaredError, UnknownTopicError, UnreadableEventError)
"""Errors whose text names fields, tables, topics and positions alone."""


def described(error: BaseException) -> str:
    """*error* on one line: its kind, with what it says where it is ours, or else with its place."""
    kind = type(error).__name__
    if isinstance(error, OURS):
        return f"{kind}: {str(error).strip().partition(chr(10))[0]}"
    frames = extract_tb(error.__traceback__)
    if not frames:
        return kind
    last = frames[-1]
    return f"{kind} in {last.name} ({Path(last.filename).name}, line {last.lineno})"
