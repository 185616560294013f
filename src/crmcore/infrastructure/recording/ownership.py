"""Whose an event is: an application's own stand beside the core's, never among them.

The core's topics are plain names (``order-placed``); a context of a host, and an application, put
their own name before it (``shop.order-placed``), or leave the package's topic (``shop:OrderPlaced``).
"""

import re
from collections.abc import Sequence
from typing import Final

from eventsourcing.persistence import ProgrammingError, StoredEvent
from sqlalchemy import Connection, select

from crmcore.infrastructure.log.tables import LogTables

__all__ = ["require_own_events"]

CORE: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")
"""The form of the core's topics, those of later releases included."""


def require_own_events(
    connection: Connection, tables: LogTables, stored_events: Sequence[StoredEvent]
) -> None:
    """Raise ``ProgrammingError`` for a topic that the core would read, or a stream that it decides on."""
    for one in stored_events:
        if CORE.fullmatch(one.topic):
            raise ProgrammingError(
                f"topic {one.topic!r} is of the form of the core's own: put the application's name"
                f" before it, as in TOPIC = 'shop.{one.topic}'"
            )
    going_on = {str(one.originator_id) for one in stored_events if one.originator_version > 1}
    if not going_on:
        return
    events = tables.events.c
    firsts = select(events.stream_id, events.topic).where(
        events.stream_id.in_(going_on), events.stream_version == 1
    )
    for stream, topic in connection.execute(firsts):
        if CORE.fullmatch(topic):
            raise ProgrammingError(
                f"stream {stream} is the core's ({topic}): an application's events need streams of"
                " their own"
            )
