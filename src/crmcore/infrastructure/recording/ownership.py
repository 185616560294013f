"""Whose an event is: an application's own stand beside the core's, never among them.

A context of a host, and an application, put their own name before a topic (``shop.order-placed``),
or leave the package's (``shop:OrderPlaced``), so that none is ever one of the core's.
"""

import pkgutil
from collections.abc import Sequence
from functools import cache
from importlib import import_module

from eventsourcing.persistence import ProgrammingError, StoredEvent
from sqlalchemy import Connection, select

from crmcore import domain
from crmcore.domain.kernel import Aggregate
from crmcore.infrastructure.events.codec import by_topic
from crmcore.infrastructure.log.tables import LogTables


@cache
def core_topics() -> frozenset[str]:
    """The topics of all events of the domain."""
    modules = pkgutil.walk_packages(domain.__path__, f"{domain.__name__}.")
    found = (vars(import_module(module.name)).values() for module in modules)
    aggregates = (one for values in found for one in values if isinstance(one, Aggregate))
    return frozenset(by_topic("event", (kind for one in aggregates for kind in one.events)))


def require_own_topics(stored_events: Sequence[StoredEvent]) -> None:
    """Raise ``ProgrammingError`` for a topic that the core would read."""
    for one in stored_events:
        if one.topic in core_topics():
            raise ProgrammingError(
                f"topic {one.topic!r} is the core's: put the application's name before it, as in"
                f" TOPIC = 'shop.{one.topic}'"
            )


def require_own_streams(
    connection: Connection, tables: LogTables, stored_events: Sequence[StoredEvent]
) -> None:
    """Raise ``ProgrammingError`` for a stream that the core decides on."""
    going_on = {str(one.originator_id) for one in stored_events if one.originator_version > 1}
    if not going_on:
        return
    events = tables.events.c
    firsts = select(events.stream_id, events.topic).where(
        events.stream_id.in_(going_on), events.stream_version == 1
    )
    for stream, topic in connection.execute(firsts):
        if topic in core_topics():
            raise ProgrammingError(
                f"stream {stream} is the core's ({topic}): an application's events need streams of"
                " their own"
            )
